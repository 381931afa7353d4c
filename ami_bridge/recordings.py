"""The door to the PBX's recordings: each is moved to the store once its call is over, and heard through.

The store is where `web` reads. A recording has a name there that nobody can guess, and that is the same however often
this is done over: the digest of its sound. It is whole on the disk before the database is told of it, and only then
goes from the PBX. What is missing, or much shorter than its call, is said in the report and is an alarm: a centre that
believes it records, and does not, learns it from the first call.
"""

import asyncio
import contextlib
import hashlib
import os
import shutil
import time
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog

from db import calls, entries, recordings
from db.engine import Database, DatabaseUnavailableError
from db.machine_room import Alarm
from db.recordings import OwedRow, RecordingRow
from intake.facts import MACHINE

log = structlog.get_logger(__name__)
LOOK_EVERY_S = 2.0
AT_ONCE = 500
WRITTEN_WITHIN = timedelta(seconds=30)  # after the call's end: what is not there by then is missing
STILL_WRITTEN_S = 1.0  # a file that was changed so lately is not whole yet
LACKS = timedelta(seconds=3)  # so much shorter than its call may a recording be, and so short a call have none
LOOKS_BACK = 20_000  # calls; what was owed before these at a start stays on the PBX
SAVED_LATER = 200  # calls: PostgreSQL shows a lower id after a higher one, when it was committed later
ALARM_FOR = timedelta(hours=1)
FAULTS = {
    "missing": "Rekaman panggilan ini tidak ada di PBX",
    "short": "Rekaman panggilan ini lebih pendek daripada panggilannya",
    "unreadable": "Rekaman panggilan ini tidak dapat dibaca",
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
        self._after: int | None = None  # every call up to this one is looked after
        self._why = ""  # why nothing can be moved now
        self._faulty_at: datetime | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set."""
        while not stop.is_set():
            try:
                await self._look()
                self._why = ""
            except DatabaseUnavailableError as error:
                log.warning("database_unavailable", why=str(error))
            except OSError as error:
                if str(error) != self._why:
                    log.error("recordings_not_moved", why=str(error))  # noqa: TRY400  # one line tells it
                self._why = str(error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_S):
                    await stop.wait()

    def alarms(self) -> Sequence[Alarm]:
        """Return what is wrong now."""
        found = []
        if self._why:
            found.append(Alarm("recordings", f"Recordings stay on the PBX: {self._why}."))
        if self._faulty_at is not None and self._database.clock() - self._faulty_at < ALARM_FOR:
            said = (
                "A call of the last hour has no whole recording. Check the PBX's disk and MixMonitor in its dialplan."
            )
            found.append(Alarm("recording_lost", said))
        return found

    async def _look(self) -> None:
        async with self._database.reading() as reading:
            newest = await recordings.newest_call(reading)
            after = self._after if self._after is not None else max(0, newest - LOOKS_BACK)
            owed = await recordings.owed(reading, self._config.pbx, after, AT_ONCE)
        self._after = owed[0].call_id - 1 if owed else max(after, newest - SAVED_LATER)
        for call in owed:
            if call.ended and call.name is not None:
                await self._keep(call, call.name)

    async def _keep(self, call: OwedRow, name: str) -> None:
        source = self._source(name)
        found = await asyncio.to_thread(_kept, source, self._config.store) if source is not None else None
        now = self._database.clock()
        lasted = call.ended_at - call.arrived_at if call.ended_at is not None else None
        if found is None:
            written = call.ended_at is not None and now - call.ended_at < WRITTEN_WITHIN
            if written and (lasted is None or lasted > LACKS):
                return  # it may come yet
            fault = "missing" if lasted is None or lasted > LACKS else None
            row = RecordingRow(call_id=call.call_id, file=None, bytes=None, seconds=None, fault=fault, kept_at=now)
        elif isinstance(found, _StillWritten):
            return
        else:
            fault = _fault_of(found.seconds, lasted)
            row = RecordingRow(
                call_id=call.call_id,
                file=found.name,
                bytes=found.size,
                seconds=found.seconds,
                fault=fault,
                kept_at=now,
            )
        if await self._save(call, row) and source is not None:
            await asyncio.to_thread(source.unlink, missing_ok=True)

    async def _save(self, call: OwedRow, row: RecordingRow) -> bool:
        async with self._database.transaction() as tx:
            if not await recordings.keep(tx, row):
                return False
            if row.fault is not None:
                await entries.add(tx, call.report_id, MACHINE, FAULTS[row.fault], automatic=True)
            tx.record(MACHINE, "recording.kept", str(call.call_id), fault=row.fault)
            number, version = (await calls.touch(tx, [call.report_id]))[call.report_id]
            tx.tell("report", number, version)
        if row.fault is not None:
            self._faulty_at = row.kept_at
            log.warning("recording_faulty", call=call.call_id, fault=row.fault)
        return True

    def _source(self, name: str) -> Path | None:
        """Return the PBX's file; None when the name leads out of its folder, or there is none.

        Raises RecordingsError when the folder itself is not there.
        """
        folder = self._config.source
        if not folder.is_dir():
            raise RecordingsError(f"{folder} (INTAKE112_RECORDINGS_DIR) is no folder that can be read")
        path = (folder / name).resolve()
        return path if path.is_relative_to(folder.resolve()) and path.is_file() else None


@dataclass(frozen=True, slots=True)
class _Kept:
    name: str
    size: int
    seconds: float | None  # None: it cannot be heard


class _StillWritten:
    """The PBX has not done with it."""


def _kept(source: Path, store: Path) -> "_Kept | _StillWritten | None":
    """Copy a recording into the store, whole, and return it; None when it is gone meanwhile. Raises OSError."""
    try:
        if time.time() - source.stat().st_mtime < STILL_WRITTEN_S:
            return _StillWritten()
        store.mkdir(mode=0o700, parents=True, exist_ok=True)
        with source.open("rb") as sound:
            digest = hashlib.file_digest(sound, "sha256").hexdigest()[:40]
            name = f"{digest}{source.suffix[:8]}"
            torn = store / f".{name}.{os.getpid()}"
            sound.seek(0)
            with torn.open("wb") as copy:
                os.fchmod(copy.fileno(), 0o600)
                shutil.copyfileobj(sound, copy)
                copy.flush()
                os.fsync(copy.fileno())
    except FileNotFoundError:
        return None
    torn.replace(store / name)
    folder = os.open(store, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
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
