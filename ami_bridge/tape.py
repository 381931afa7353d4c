"""The tape: a write-ahead log of raw frames on local disk, fsynced before anything is interpreted.

A tape is a valid AMI stream: every frame as Asterisk sent it, with one header line `TapeTime: <Unix seconds>` in front,
and a first frame, its head, that names the tape by a random id and says which bridge recorded it. What the bridge has
understood is a position on it, committed with the facts. So an inquiry, a bug report and a training session are all a
tape. A bridge has many, one after the other: `reel` knows their order; the head's `TapeNumber` says it, for the time
in a tape's name goes back when the clock does.

If the tape cannot be written (disk full), it goes on in memory, at the positions where the disk would have been: a ring
is worth more than its evidence. What was half written then is the beginning of what the memory holds, so a position
means the same to this process and to the next.
"""

import contextlib
import os
import threading
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from msgspec import Struct

from ami_bridge.frames import END

READ_AT_ONCE = 2 << 20  # bytes: a backlog is booked many calls at a time
HEAD_WITHIN = 4096  # bytes in which a head must end
TAIL = 64 * 1024  # bytes in which the last frame is looked for, at first
EPOCH = datetime.fromtimestamp(0, UTC)


class TapeError(ValueError):
    """The file is not a tape; the message says why."""


Batch = tuple[datetime, Sequence[bytes]]
"""Frames that came together (without their empty lines; at least one), and when."""


class Recorded(Struct, frozen=True):
    """One frame on a tape: when the bridge got it, its bytes, where the next one begins, and on which tape that is.

    `raw` is empty for a frame that the disk has spoilt. `safe` is False for one that is in memory only.
    """

    at: datetime
    raw: bytes
    end: int
    tape: str
    safe: bool


class Tape:
    """One tape, to append to and to read on from a position.

    `append` blocks on the disk: call it in a thread. `read` may run in another thread meanwhile; it gives out only what
    `append` has returned for.
    """

    def __init__(self, path: Path, tape_id: str, bridge: str, number: int) -> None:
        self.path = path
        self.id = tape_id
        self.bridge = bridge
        self.number = number
        self.head = 0  # where the first frame begins
        self.size = 0  # where the last whole frame ends: on the disk, or in memory behind it
        self.on_disk = 0  # how much of that is safe
        self.torn = 0  # bytes of a frame that was cut off behind it
        self.until: datetime | None = None  # when the last frame came; None: it holds none
        self.failed: OSError | None = None  # why the tape goes on in memory
        self._fd: int | None = None
        self._memory = bytearray()
        self._memory_from = 0  # where the memory begins, once failed
        self._lock = threading.Lock()

    @classmethod
    def create(
        cls, folder: Path, bridge: str, at: datetime, number: int = 1, *, refused: OSError | None = None
    ) -> Self:
        """Begin a tape in `folder` (mode 0600); where nothing can be written it begins in memory, marked failed.

        `refused`: do not even try, for this reason.
        """
        tape_id = str(uuid.uuid4())
        path = folder / f"{at.astimezone(UTC):%Y%m%d-%H%M%S}-{tape_id[:8]}.tape"
        tape = cls(path, tape_id, bridge, number)
        tape.failed = refused
        if refused is None:
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                tape._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            except OSError as error:
                tape.failed = error
        head = f"Tape: {tape_id}\r\nTapeVersion: 1\r\nTapeNumber: {number}\r\nBridge: {bridge}\r\n\r\n".encode()
        tape._write(head)
        tape.head = len(head)
        with contextlib.suppress(OSError):
            if tape.failed is None:
                _sync_folder(folder)  # its name is on the disk as well; not all file systems can
            elif tape._fd is not None:
                tape.discard()
        return tape

    @classmethod
    def load(cls, path: Path) -> Self:
        """Open a tape to read it. Raises TapeError when the file is not one, OSError."""
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            head, end, _ = os.pread(fd, HEAD_WITHIN, 0).partition(END)
            if not end or not head.startswith(b"Tape: "):
                raise TapeError(f"{path} is not a tape: its first frame has no `Tape:` line")
            lines = (line.partition(": ") for line in head.decode("ascii", "replace").split("\r\n"))
            said = {name: value for name, _, value in lines}
            number = said.get("TapeNumber", "")
            tape = cls(path, said["Tape"], said.get("Bridge", ""), int(number) if number.isdecimal() else 0)
            tape.head = len(head) + len(END)
            length = os.fstat(fd).st_size
            tape.size, tape.until = _last(fd, length)
            tape.on_disk, tape.torn = tape.size, length - tape.size
            return tape
        finally:
            os.close(fd)

    @property
    def place(self) -> tuple[int, str]:
        """Sorts the tapes of one bridge."""
        return self.number, self.path.name

    @property
    def held(self) -> int:
        """The bytes it takes, on the disk and in memory."""
        return self.on_disk + len(self._memory)

    def append(self, batches: Sequence[Batch]) -> None:
        """Write frames and fsync once; returns when they are on the disk."""
        pieces: list[bytes] = []
        for at, frames in batches:
            stamp = f"TapeTime: {at.timestamp():.6f}\r\n".encode()
            pieces += (stamp, (END + stamp).join(frames), END)
        self._write(b"".join(pieces))
        self.until = batches[-1][0]

    def read(self, position: int, limit: int = READ_AT_ONCE) -> list[Recorded]:
        """Return the whole frames from `position` on, up to about `limit` bytes of them; none: nothing new yet.

        Raises OSError.
        """
        position = max(position, self.head)
        data, safe = self._bytes(position, limit)
        while data and END not in data:  # one frame larger than the limit
            more, _ = self._bytes(position + len(data), limit)
            if not more:
                return []
            data += more
        return list(self._cut(data, position, safe=safe))

    def all(self) -> Iterator[Recorded]:
        """Yield every whole frame. Raises OSError."""
        position = self.head
        while batch := self.read(position):
            yield from batch
            position = batch[-1].end

    def forget(self, position: int) -> None:
        """Let go of what lies in memory before `position`; what is on the disk stays."""
        if self._memory and position > self._memory_from:
            with self._lock:
                del self._memory[: position - self._memory_from]
                self._memory_from = position

    def close(self) -> None:
        """Close the file; closing twice is no error, and reading opens it again."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def discard(self) -> None:
        """Close the tape and delete its file. Raises OSError."""
        self.close()
        self.path.unlink(missing_ok=True)

    def _bytes(self, position: int, limit: int) -> tuple[bytes, bool]:
        with self._lock:
            if position < self.on_disk:
                if self._fd is None:
                    self._fd = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
                return os.pread(self._fd, min(limit, self.on_disk - position), position), True
            start = position - self._memory_from
            return bytes(self._memory[start : start + limit]), False

    def _cut(self, data: bytes, position: int, *, safe: bool) -> Iterator[Recorded]:
        seen: bytes | None = None
        at = EPOCH
        for piece in data.split(END)[:-1]:
            position += len(piece) + len(END)
            line, _, raw = piece.partition(b"\r\n")
            if line != seen:  # frames that came together have one time
                stamp = _time(line)
                seen, at, raw = (line, stamp, raw) if stamp is not None else (None, at, b"")
            yield Recorded(at, raw, position, self.id, safe)

    def _write(self, data: bytes) -> None:
        if self.failed is None:
            fd = -1 if self._fd is None else self._fd  # a closed tape takes nothing either
            try:
                written = 0
                while written < len(data):
                    written += os.pwrite(fd, data[written:], self.size + written)
                os.fdatasync(fd)
            except OSError as error:  # what may be half written behind `on_disk` is never read
                self._memory_from, self.failed = self.size, error
        with self._lock:
            if self.failed is None:
                self.on_disk += len(data)
            else:
                self._memory += data
            self.size += len(data)


def read_all(path: Path) -> Sequence[Recorded]:
    """Return every whole frame of a tape but its head. Raises TapeError, OSError."""
    with contextlib.closing(Tape.load(path)) as tape:
        return list(tape.all())


def _last(fd: int, length: int) -> tuple[int, datetime | None]:
    """Return where the last whole frame ends, and when it came."""
    look = TAIL
    while True:
        begin = max(0, length - look)
        before, last, torn = ([b""] * 3 + os.pread(fd, length - begin, begin).rsplit(END, 2))[-3:]
        if before or not begin:
            return length - len(torn), _time(last.partition(b"\r\n")[0])
        look *= 4


def _time(line: bytes) -> datetime | None:
    if line.startswith(b"TapeTime: "):
        with contextlib.suppress(ValueError, OverflowError, OSError):
            return datetime.fromtimestamp(float(line[10:]), UTC)
    return None


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
