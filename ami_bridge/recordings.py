"""The door to the PBX's recordings: each is moved to the store once its call is over, and heard through.

The store is where `web` reads. A recording has a name there that nobody can guess, and that is the same however often
this is done over: the digest of its sound. It is whole on the disk before the database is told of it, and only then
goes from the PBX; what could not be removed there stays owed, and is an alarm. What is missing, or much shorter than
its call, is said in the report and is an alarm: a centre that believes it records, and does not, learns it from the
first call. What is missing is looked for again for two days: a disk may be mounted late.

A message that a caller left with the voice menu is kept once he has left the menu, while he may still be on the line.
Who hung up at the tone left none: that is no fault.
"""

import asyncio
import hashlib
import os
import shutil
import time
import wave
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from msgspec.structs import replace

from db import calls, entries, recordings
from db.engine import Database, DatabaseUnavailableError
from db.machine_room import Alarm
from db.recordings import OwedRow, Part, RecordingRow
from db.wakeups import rest
from intake import folders
from intake.facts import MACHINE

log = structlog.get_logger(__name__)
LOOK_EVERY_S = 2.0
AT_ONCE = 500
WRITTEN_WITHIN = timedelta(seconds=30)  # after the call's end: what is not there by then is missing
STILL_WRITTEN_S = 3.0  # a file that was changed so lately is not whole yet: Asterisk writes every two seconds
SAID_NOTHING_S = 0.3  # so short is no message: whoever hung up at the tone
LACKS = timedelta(seconds=3)  # so much shorter than its call may a recording be, and so short a call have none
LOOKS_BACK = 20_000  # calls; what was owed before these at a start stays on the PBX
SAVED_LATER = 200  # calls: PostgreSQL shows a lower id after a higher one, when it was committed later
ALARM_FOR = timedelta(hours=1)
MISSED_FOR = timedelta(days=2)  # for so long what is missing is looked for again
PARTS: Mapping[Part, str] = {"call": "Rekaman panggilan ini", "message": "Pesan suara penelepon"}
FAULTS = {
    "missing": "tidak ada di PBX",
    "short": "lebih pendek daripada panggilannya",
    "unreadable": "tidak dapat dibaca",
}


class RecordingsError(OSError):
    """The PBX's folder, or the store, cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class RecordingsConfig:
    """Whose recordings, where the PBX writes them, and where they are kept."""

    pbx: str
    source: Path
    store: Path


class Keeper:
    """Looks after the recordings of one PBX until it is told to stop."""

    def __init__(self, database: Database, config: RecordingsConfig) -> None:
        self._database = database
        self._config = config
        self._after: dict[Part, int] = {}  # every call up to this one is looked after
        self._why = ""  # why nothing can be moved now
        self._faulty_at: datetime | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set."""
        while not stop.is_set():
            try:
                self._say(" ".join([why for part in PARTS if (why := await self._look(part, stop))]))
            except DatabaseUnavailableError as error:
                log.warning("database_unavailable", why=str(error))
            except OSError as error:
                self._say(str(error))
            await rest(stop, LOOK_EVERY_S)

    def _say(self, why: str) -> None:
        if why and why != self._why:
            log.error("recordings_not_moved", why=why)
        self._why = why

    def alarms(self) -> Sequence[Alarm]:
        """Return what is wrong now."""
        found = []
        if self._why:
            found.append(Alarm("recordings", f"Recordings stay on the PBX: {self._why}. It may fill its disk."))
        if self._faulty_at is not None and self._database.clock() - self._faulty_at < ALARM_FOR:
            said = (
                "A call of the last hour has no whole recording. Check the PBX's disk and MixMonitor in its dialplan."
            )
            found.append(Alarm("recording_lost", said))
        return found

    async def _look(self, part: Part, stop: asyncio.Event) -> str:
        """Look after what is owed of one part of each call; return why one could not be moved, empty when all could.

        Raises OSError when none can, DatabaseUnavailableError.
        """
        async with self._database.reading() as reading:
            newest = await recordings.newest_call(reading)
            after = self._after.get(part, max(0, newest - LOOKS_BACK))
            since = reading.now - MISSED_FOR
            owed = await recordings.owed(reading, self._config.pbx, part, after, AT_ONCE, since)
        self._after[part] = min(call.call_id for call in owed) - 1 if owed else max(after, newest - SAVED_LATER)
        if owed:
            await asyncio.to_thread(_folder, self._config.source)
        why = ""
        for call in owed:
            if stop.is_set():
                break
            try:
                if call.whole and call.name is not None:
                    await self._keep(call, call.name)
            except OSError as error:
                why = str(error)  # of one: the others shall not wait for it
        return why

    async def _keep(self, call: OwedRow, name: str) -> None:
        if call.file is not None:
            await self._remove(call, name)
            return
        found = await asyncio.to_thread(_kept, self._config.source, name, self._config.store)
        now = self._database.clock()
        whole_call = call.part == "call" and call.ended_at is not None
        lasted = call.ended_at - call.arrived_at if whole_call and call.ended_at is not None else None
        if isinstance(found, _StillWritten):
            return
        if found is not None:
            row = RecordingRow(
                call_id=call.call_id,
                part=call.part,
                file=found.name,
                bytes=found.size,
                seconds=found.seconds,
                fault=_fault_of(found.seconds, lasted),
                kept_at=now,
            )
            if row.part == "message" and row.seconds is not None and row.seconds < SAID_NOTHING_S:
                row = replace(row, file=None)
            if await self._save(call, row):
                await self._remove(call, name)
            return
        may_come = call.ended_at is not None and now - call.ended_at < WRITTEN_WITHIN
        short_call = lasted is not None and lasted <= LACKS
        if call.ended and not call.missing and (short_call or not may_come):
            fault = None if short_call or call.part == "message" else "missing"
            row = RecordingRow(
                call_id=call.call_id, part=call.part, file=None, bytes=None, seconds=None, fault=fault, kept_at=now
            )
            await self._save(call, row)

    async def _remove(self, call: OwedRow, name: str) -> None:
        await asyncio.to_thread(_unlink, self._config.source, name)
        async with self._database.transaction() as tx:
            await recordings.removed(tx, call.call_id, call.part)

    async def _save(self, call: OwedRow, row: RecordingRow) -> bool:
        async with self._database.transaction() as tx:
            if not await recordings.keep(tx, row):
                return False
            if (said := _said(row, was_missing=call.missing)) is not None:
                await entries.add(tx, call.report_id, MACHINE, f"{PARTS[row.part]} {said}", automatic=True)
            tx.record(MACHINE, "recording.kept", str(call.call_id), fault=row.fault)
            number, version = (await calls.touch(tx, [call.report_id]))[call.report_id]
            tx.tell("report", number, version)
            if row.fault is not None:
                self._faulty_at = row.kept_at  # before anybody can read the row: it is tried again until it is saved
                log.warning("recording_faulty", call=call.call_id, fault=row.fault)
        return True


def _said(row: RecordingRow, *, was_missing: bool) -> str | None:
    """Return what the report tells of a recording; of one that is as it should be, only a message."""
    if row.fault is not None:
        return FAULTS[row.fault]
    if row.part == "message":
        left = row.file is not None and row.seconds is not None
        return f"tersimpan: {row.seconds:.0f} detik" if left else "tidak ada: ia menutup sebelum berbicara"
    return "ditemukan kemudian" if was_missing else None


@dataclass(frozen=True, slots=True)
class _Kept:
    name: str
    size: int
    seconds: float | None  # None: it cannot be heard


class _StillWritten:
    """The PBX has not done with it."""


def _folder(path: Path) -> None:
    """Raise RecordingsError unless the PBX's folder can be used."""
    if not path.is_dir():
        raise RecordingsError(f"{path} (INTAKE112_RECORDINGS_DIR) is no folder that can be read")


def _place(folder: Path, name: str) -> Path | None:
    """Return the PBX's file; None when the name leads out of its folder, or there is none."""
    path = (folder / name).resolve()
    return path if path.is_relative_to(folder.resolve()) and path.is_file() else None


def _unlink(folder: Path, name: str) -> None:
    if (path := _place(folder, name)) is not None:
        path.unlink()


def _kept(folder: Path, wanted: str, store: Path) -> "_Kept | _StillWritten | None":
    """Copy a recording into the store, whole, and return it; None when it is not there. Raises OSError."""
    source = _place(folder, wanted)
    if source is None:
        return None
    try:
        if time.time() - source.stat().st_mtime < STILL_WRITTEN_S:
            return _StillWritten()
        store.mkdir(mode=0o700, parents=True, exist_ok=True)
        with source.open("rb") as sound:
            digest = hashlib.file_digest(sound, "sha256").hexdigest()[:40]
            name = f"{digest}{source.suffix[:8]}"
            torn = store / f".{name}.torn"
            sound.seek(0)
            with torn.open("wb") as copy:
                os.fchmod(copy.fileno(), 0o600)
                shutil.copyfileobj(sound, copy)
                copy.flush()
                os.fsync(copy.fileno())
    except FileNotFoundError:
        return None
    torn.replace(store / name)
    folders.sync(store)
    return _Kept(name, (store / name).stat().st_size, _seconds(store / name))


def _seconds(path: Path) -> float | None:
    try:
        with wave.open(str(path), "rb") as sound:
            return sound.getnframes() / sound.getframerate()
    except (wave.Error, EOFError, ZeroDivisionError):
        return None


def _fault_of(seconds: float | None, lasted: timedelta | None) -> str | None:
    if seconds is None:
        return "unreadable"
    if lasted is not None and timedelta(seconds=seconds) + LACKS < lasted:
        return "short"
    return None
