"""The reel: all tapes of one bridge, one after the other, in one folder that is this bridge's alone.

A new tape begins with each process, each day (UTC) and when one has reached its size; a number in its head says which
comes first, whatever the clock does. Reading goes from tape to tape in that order, each from its position; a batch is
of one tape, so its tape and its last `end` are a position. Whoever reads saves one for every tape that it leaves, for
a tape is only deleted once its position is its end.

A disk that takes nothing (full, broken, not mounted) never costs a frame and never raises: the present tape goes on in
memory, `failed` says why, and every few seconds (by the frames' own times) a new tape is tried on the disk, with frames
in hand, since a disk may have room for a name and none for what is in it. Memory is let go by the next `read`.

The folder also holds who this bridge is (`bridge-id`): two bridges on one PBX have positions of their own. Two on one
folder would mix them: the folder is locked.
"""

import contextlib
import errno
import fcntl
import os
import re
import secrets
import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Final

import structlog

from ami_bridge.tape import READ_AT_ONCE, Batch, Recorded, Tape, TapeError
from db.lock import AlreadyRunningError

log = structlog.get_logger(__name__)
TRY_DISK_EVERY: Final = timedelta(seconds=5)
ALARM_AT: Final = 0.8  # of `Limits.max_bytes`


class ReelTakenError(AlreadyRunningError):
    """Another bridge records into this folder: give each bridge an INTAKE112_STATE_DIR of its own, or stop one."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept, and for how long. What was not interpreted yet is kept beyond all of them."""

    max_bytes: int = 1 << 30  # of all tapes together
    tape_bytes: int = 64 << 20  # a tape ends with the frames that fill it
    keep: timedelta = timedelta(days=30)


class Reel:
    """The tapes of one bridge. `append` may run in a thread while `read` is called elsewhere; one caller for each."""

    def __init__(self, folder: Path, pbx: str, now: datetime, limits: Limits | None = None) -> None:
        """Take the folder and begin a tape, in memory when it must be. Raises ReelTakenError."""
        self._folder = folder
        self._pbx = pbx
        self._limits = limits or Limits()
        self._key = secrets.token_hex(4)
        self._key_saved = False
        self._folder_fd: int | None = None  # holds the lock
        self._lock = threading.Lock()  # of the two lists
        self._shelf: list[Tape] = []  # every tape there is, in order
        self._unread: deque[Tape] = deque()  # those still to be read; the first is being read
        self._started = False
        self._positions: Mapping[str, int] = {}
        self._position = 0  # on the tape that is being read
        self._number = 0  # of the last tape begun
        self._refused_at: datetime | None = None
        with contextlib.suppress(OSError):  # the tape says it
            self._settle()
        self._tape = self._begin(now)
        self._refused_at = now if self._tape.failed else None
        self._shelf.append(self._tape)

    @property
    def bridge(self) -> str:
        """Who this bridge is, for its positions and its heartbeat: the same as long as its folder is."""
        return f"bridge:{self._pbx}:{self._key}"

    @property
    def failed(self) -> OSError | None:
        """Why the frames of the last `append` are in memory only; None: they are on the disk."""
        return self._tape.failed

    @property
    def path(self) -> Path:
        """The present tape's file."""
        return self._tape.path

    # -- writing ------------------------------------------------------------------------------------------------------

    def append(self, batches: Iterable[Batch]) -> None:
        """Write frames and fsync: when it returns they are on the disk, unless `failed`."""
        for day, group in groupby(batches, key=lambda batch: _day(batch[0])):
            together = list(group)
            if not (self._is_due(day, together[0][0]) and self._turn(together)):
                self._tape.append(together)
                if self._tape.failed is not None and self._refused_at is None:
                    self._refused_at = together[0][0]

    def close(self) -> None:
        """Close all files and give the folder back; a tape that holds nothing goes."""
        with self._lock:
            for tape in self._shelf:
                tape.close()
        if self._tape.until is None:
            _drop(self._tape)
        if self._folder_fd is not None:
            os.close(self._folder_fd)
            self._folder_fd = None

    def _is_due(self, day: date, at: datetime) -> bool:
        tape = self._tape
        is_other_day = tape.until is not None and _day(tape.until) != day
        if tape.failed is None and not is_other_day and tape.size < self._limits.tape_bytes:
            return False
        # Not `at - refused < …` alone: a clock that was set back must not put it off for as long.
        return self._refused_at is None or not timedelta() <= at - self._refused_at < TRY_DISK_EVERY

    def _turn(self, batches: Sequence[Batch]) -> bool:
        """Begin a new tape with these frames; False: the disk does not take them."""
        fresh = self._begin(batches[0][0])
        fresh.append(batches)
        if fresh.failed is not None:
            self._refused_at = batches[0][0]
            _drop(fresh)
            return False
        self._refused_at = None
        with self._lock:
            self._shelf.append(fresh)
            if self._started:
                self._unread.append(fresh)
            self._tape = fresh
        return True

    def _begin(self, at: datetime) -> Tape:
        refused: OSError | None = None
        try:
            self._settle()
            self._save_key()
        except OSError as error:
            refused = error
        except ReelTakenError as error:  # the folder came late, and was another's by then
            refused = OSError(errno.EWOULDBLOCK, str(error))
        self._number += 1
        return Tape.create(self._folder, self.bridge, at, self._number, refused=refused)

    # -- reading ------------------------------------------------------------------------------------------------------

    def start(self, positions: Mapping[str, int]) -> None:
        """Begin to read: every tape there is, the oldest first, each from its position or, unknown, from its start."""
        with self._lock:
            self._positions = dict(positions)
            self._unread = deque(self._shelf)
            self._started = True
            self._position = self._begins(self._unread[0])

    def read(self, limit: int = READ_AT_ONCE) -> list[Recorded]:
        """Return the next frames, up to about `limit` bytes, all of one tape; none: nothing new yet, or not started.

        What an earlier call returned leaves the memory. A tape that the disk does not give back is logged and left out.
        """
        while True:
            with self._lock:
                if not self._started:
                    return []
                tape, is_last = self._unread[0], len(self._unread) == 1
            tape.forget(self._position)
            try:
                batch = tape.read(self._position, limit)
            except OSError as error:
                log.error("tape_not_read", path=str(tape.path), from_byte=self._position, why=str(error))  # noqa: TRY400
                self._position = tape.on_disk  # the rest is in memory, if anywhere
                batch = tape.read(self._position, limit)
            if batch:
                self._position = batch[-1].end
                return batch
            if is_last:
                return []
            self._leave(tape)

    def unread_bytes(self) -> int:
        """Return how many bytes of frames wait to be read; before `start`, all there are."""
        with self._lock:
            if not self._started:
                return sum(tape.size - tape.head for tape in self._shelf)
            first, *others = self._unread
            return first.size - self._position + sum(max(0, tape.size - self._begins(tape)) for tape in others)

    def _begins(self, tape: Tape) -> int:
        """A position may lie behind the end: the folder was restored from yesterday."""
        return min(tape.size, max(tape.head, self._positions.get(tape.id, 0)))

    def _leave(self, tape: Tape) -> None:
        with self._lock:
            self._unread.popleft()
            tape.close()
            if not tape.on_disk:
                self._shelf.remove(tape)
            self._position = self._begins(self._unread[0])

    # -- keeping ------------------------------------------------------------------------------------------------------

    def total_bytes(self) -> int:
        """Return the bytes that all tapes take, in memory too."""
        with self._lock:
            return sum(tape.held for tape in self._shelf)

    def fullness(self) -> float:
        """Return the share of `max_bytes` that is taken. From ALARM_AT on somebody must know.

        `expire` stays below that by the size of a tape; so this means frames that nobody could interpret.
        """
        return self.total_bytes() / self._limits.max_bytes

    def expire(self, now: datetime, positions: Mapping[str, int]) -> list[str]:
        """Delete what is too old, and the oldest while there is too much; return the ids of the tapes that went.

        Never the present tape, and never one whose saved position is not its end: nobody has interpreted it.
        """
        limits = self._limits
        enough = max(0.0, ALARM_AT * limits.max_bytes - limits.tape_bytes)
        total = self.total_bytes()
        gone: list[Tape] = []
        with self._lock:
            candidates = [tape for tape in self._shelf if tape is not self._tape and tape not in self._unread]
        for tape in candidates:
            if tape.until is not None and positions.get(tape.id, 0) < tape.size:
                continue
            if tape.until is None or tape.until < now - limits.keep or total > enough:
                try:
                    tape.discard()
                except OSError as error:
                    log.error("tape_not_deleted", path=str(tape.path), why=str(error))  # noqa: TRY400
                else:
                    total -= tape.held
                    gone.append(tape)
        with self._lock:
            self._shelf = [tape for tape in self._shelf if tape not in gone]
        return [tape.id for tape in gone]

    # -- the folder ---------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Make the folder ours and learn what is in it, once. Raises OSError, ReelTakenError."""
        if self._folder_fd is not None:
            return
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = self._scan()
        except BlockingIOError:
            os.close(fd)
            raise ReelTakenError(
                f"{self._folder} is another bridge's, and it runs. "
                "Give each bridge a state folder of its own (INTAKE112_STATE_DIR), or stop the other one."
            ) from None
        except OSError:
            os.close(fd)
            raise
        self._folder_fd = fd
        self._load_key()
        self._number = max([self._number, *(tape.number for tape in found)])
        with self._lock:
            self._shelf[:0] = found

    def _scan(self) -> list[Tape]:
        found: list[Tape] = []
        for path in self._folder.glob("*.tape"):
            try:
                tape = Tape.load(path)
            except (TapeError, OSError) as error:
                log.error("tape_not_read", path=str(path), why=str(error))  # noqa: TRY400  # one line tells it
                continue
            kind, _, rest = tape.bridge.partition(":")
            if kind == "bridge" and rest.partition(":")[0] != self._pbx:  # its calls would come again under our name
                log.error("tape_of_another_pbx", path=str(path), bridge=tape.bridge, pbx=self._pbx)
                continue
            found.append(tape)
        return sorted(found, key=lambda tape: tape.place)

    def _load_key(self) -> None:
        try:
            saved = (self._folder / "bridge-id").read_text("ascii").strip()
        except (FileNotFoundError, UnicodeDecodeError):
            return
        except OSError as error:
            log.error("bridge_id_not_read", why=str(error))  # noqa: TRY400  # it is another one until the next start
            self._key_saved = True
            return
        if re.fullmatch("[0-9a-f]{8}", saved):
            self._key_saved = True
            if not self._shelf:  # a folder that comes late does not change who we have been so far
                self._key = saved

    def _save_key(self) -> None:
        if not self._key_saved:
            path = self._folder / "bridge-id"
            new = path.with_suffix(".new")
            try:
                with open(new, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                    file.write(f"{self._key}\n")
                    file.flush()
                    os.fsync(file.fileno())
                new.replace(path)
                self._key_saved = True
            except OSError as error:
                log.warning("bridge_id_not_saved", why=str(error))


def _drop(tape: Tape) -> None:
    """Delete a tape that holds nothing, if there is a file."""
    if tape.on_disk:
        with contextlib.suppress(OSError):
            tape.discard()


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()
