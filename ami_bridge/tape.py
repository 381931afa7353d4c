"""The tape: a write-ahead log of raw frames on local disk, fsynced before anything is interpreted.

A tape is a valid AMI stream: every frame as Asterisk sent it, with one header line `TapeTime: <Unix seconds>` in front,
and a first frame that names the tape by a random id. What the bridge has understood is a position on it, committed with
the facts; a killed bridge goes on from there, and an unknown tape is read from its start. So an inquiry, a bug report
and a training session are all a tape.

If the tape cannot be written (disk full), frames go on in memory: a ring is worth more than its evidence.
"""

import contextlib
import os
import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

import structlog

from ami_bridge.frames import END

log = structlog.get_logger(__name__)
READ_AT_ONCE = 256 * 1024
TAIL = 4 << 20
# Our own marks: a session begins; what the CEL file holds of the time before it is on the tape.
CONNECTED = b"Event: IntakeConnected"
CAUGHT_UP = b"Event: IntakeCaughtUp"


class TapeError(ValueError):
    """The file is not a tape; the message says why."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One frame on a tape: when the bridge got it, its bytes, and where the next one begins."""

    at: datetime
    raw: bytes
    end: int


class Tape:
    """One tape, to append to and to read on from a position.

    `append` blocks on the disk: call it in a thread. `read` may run in another thread meanwhile; it gives out only what
    is on the disk already.
    """

    def __init__(self, path: Path, tape_id: str, fd: int | None, size: int) -> None:
        self.path = path
        self.id = tape_id
        self.size = size  # bytes that are safe
        self.failed: OSError | None = None  # why the tape goes on in memory
        self._fd = fd
        self._memory = bytearray()
        self._memory_from = 0  # where the memory begins; counts only once failed
        self._disk_end = 0  # where the disk ends, once failed
        self._lock = threading.Lock()

    @classmethod
    def create(cls, folder: Path, bridge: str, at: datetime) -> Self:
        """Begin a tape in `folder` (mode 0600); where nothing can be written it begins in memory, marked failed."""
        tape_id = str(uuid.uuid4())
        path = folder / f"{at.astimezone(UTC):%Y%m%d-%H%M%S}-{tape_id[:8]}.tape"
        tape = cls(path, tape_id, None, 0)
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            tape._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            tape.failed = error
        tape._write(f"Tape: {tape_id}\r\nTapeVersion: 1\r\nBridge: {bridge}\r\n\r\n".encode())
        return tape

    @classmethod
    def load(cls, path: Path) -> Self:
        """Open a tape to read it. Raises TapeError when the file is not one, OSError."""
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            head, end, _ = os.pread(fd, 4096, 0).partition(END)
        except OSError:
            os.close(fd)
            raise
        first = head.split(b"\r\n")
        if not end or not first[0].startswith(b"Tape: "):
            os.close(fd)
            raise TapeError(f"{path} is not a tape: its first frame has no `Tape:` line")
        return cls(path, first[0][6:].decode("ascii", "replace"), fd, os.stat(path).st_size)

    def append(self, frames: Iterable[tuple[datetime, bytes]]) -> None:
        """Write frames (without their empty line) and fsync once; returns when they are on the disk."""
        self._write(b"".join(_stamp(at) + raw + END for at, raw in frames))

    def read(self, position: int, limit: int = READ_AT_ONCE) -> list[Recorded]:
        """Return the whole frames from `position` on, up to about `limit` bytes of them; none: nothing new yet."""
        data = self._bytes(position, limit)
        while data and END not in data:  # one frame larger than the limit
            more = self._bytes(position + len(data), limit)
            if not more:
                return []
            data += more
        return list(_cut(data, position))

    def forget(self, position: int) -> None:
        """Let go of what lies in memory before `position`; what is on the disk stays."""
        if self.failed is not None and position > self._memory_from:
            with self._lock:
                del self._memory[: position - self._memory_from]
                self._memory_from = position

    def close(self) -> None:
        """Close the file; closing twice is no error."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _bytes(self, position: int, limit: int) -> bytes:
        disk_end = self.size if self.failed is None else self._disk_end
        if position < disk_end and self._fd is not None:
            return os.pread(self._fd, min(limit, disk_end - position), position)
        with self._lock:
            start = position - self._memory_from
            return bytes(self._memory[start : start + limit])

    def _write(self, data: bytes) -> None:
        if self.failed is None and self._fd is not None:
            try:
                written = 0
                while written < len(data):
                    written += os.pwrite(self._fd, data[written:], self.size + written)
                os.fdatasync(self._fd)
            except OSError as error:  # what may be half-written behind `size` is never read
                self._memory_from = self._disk_end = self.size
                self.failed = error
        with self._lock:
            if self.failed is not None:
                self._memory += data
            self.size += len(data)


def unread(folder: Path, positions: Mapping[str, int]) -> list[tuple[Tape, int]]:
    """Return the tapes in `folder` that hold more than their position, the oldest first, each with its position."""
    found = []
    for path in sorted(folder.glob("*.tape")):
        try:
            tape = Tape.load(path)
        except (TapeError, OSError) as error:
            log.error("tape_not_read", path=str(path), why=str(error))  # noqa: TRY400  # one line tells it
            continue
        position = positions.get(tape.id, 0)
        if tape.size > position:
            found.append((tape, position))
        else:
            tape.close()
    return found


def heard_at(raw: bytes, at: datetime) -> datetime | None:
    """Return until when a frame shows that we listened: the PBX's own time, for a frame may lie in a socket for long.

    None for what is no sign of that: our marks, lines from the CEL file, answers, the greeting of a new session. `at`,
    when the bridge got it, stands in where the PBX stamps no events.
    """
    if not raw.startswith(b"Event: ") or raw.startswith(b"Event: Intake") or b"\r\nRecovered: " in raw:
        return None
    _, stamped, rest = raw.partition(b"\r\nTimestamp: ")
    if stamped:
        with contextlib.suppress(ValueError, OverflowError, OSError):
            return datetime.fromtimestamp(float(rest.partition(b"\r\n")[0]), UTC)
    return None if b"\r\nActionID: " in raw or raw.startswith(b"Event: FullyBooted") else at


def last_heard(folder: Path) -> datetime | None:
    """Return until when any bridge with tapes in `folder` listened without a gap. None: nobody knows.

    What was heard in a session that did not catch up (`CAUGHT_UP`) does not count: the gap before it is still open.
    """
    for path in sorted(folder.glob("*.tape"), reverse=True):
        heard: datetime | None = None
        is_open = False
        with contextlib.suppress(TapeError, OSError):
            for one in _tail(path):
                if one.raw == CONNECTED:
                    is_open = True
                elif one.raw == CAUGHT_UP:
                    is_open, heard = False, one.at
                elif not is_open:
                    heard = heard_at(one.raw, one.at) or heard
        if heard is not None:
            return heard
    return None


def _tail(path: Path) -> Iterator[Recorded]:
    """Yield the frames of the last megabytes of a tape."""
    tape = Tape.load(path)
    try:
        position = 0
        if tape.size > TAIL:
            position = tape.size - TAIL
            position += tape._bytes(position, READ_AT_ONCE).find(END) + len(END)
        while batch := tape.read(position):
            yield from batch
            position = batch[-1].end
    finally:
        tape.close()


def read_all(path: Path) -> Sequence[Recorded]:
    """Return every whole frame of a tape but its first. Raises TapeError, OSError."""
    tape = Tape.load(path)
    try:
        frames: list[Recorded] = []
        position = 0
        while batch := tape.read(position):
            frames += batch
            position = batch[-1].end
        return frames
    finally:
        tape.close()


def _stamp(at: datetime) -> bytes:
    return f"TapeTime: {at.timestamp():.6f}\r\n".encode()


def _cut(data: bytes, position: int) -> Iterable[Recorded]:
    pieces = data.split(END)
    for piece in pieces[:-1]:
        position += len(piece) + len(END)
        line, _, raw = piece.partition(b"\r\n")
        if line.startswith(b"TapeTime: "):
            yield Recorded(datetime.fromtimestamp(float(line[10:]), UTC), raw, position)
        else:  # the first frame
            yield Recorded(datetime.fromtimestamp(0, UTC), b"", position)
