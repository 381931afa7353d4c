"""What the tests of the reel share: frames with numbers, and a disk that can be full."""

import errno
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ami_bridge.reel import Limits, Reel
from ami_bridge.tape import Recorded

AT = datetime(2026, 3, 14, 1, 59, 26, 535897, tzinfo=UTC)
DAY = timedelta(days=1)
SMALL = Limits(max_bytes=40_000, tape_bytes=1_000, keep=timedelta(days=30))


class Disk:
    """A disk with so much room; None: enough. What is too much is half written, as on a real one."""

    def __init__(self) -> None:
        self.room: int | None = None
        self._pwrite = os.pwrite

    def pwrite(self, fd: int, data: bytes, offset: int) -> int:
        """Write what there is room for."""
        if self.room is None:
            return self._pwrite(fd, data, offset)
        if self.room == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self._pwrite(fd, data[: self.room], offset)
        self.room -= written
        return written


def frame(n: int, size: int = 20) -> bytes:
    """Return the frame of this number."""
    return b"Event: X\r\nN: %d\r\nRest: %s" % (n, b"x" * size)


def numbers(batch: list[Recorded]) -> list[int]:
    """Return the numbers of the frames in a batch."""
    return [int(one.raw.split(b"\r\n")[1][3:]) for one in batch]


def drained(reel: Reel, positions: dict[str, int] | None = None) -> list[int]:
    """Read to the present end, keeping the positions, and return the numbers of the frames."""
    found: list[int] = []
    while batch := reel.read():
        found += numbers(batch)
        if positions is not None:
            positions[batch[-1].tape] = batch[-1].end
    return found


def tapes(folder: Path) -> list[Path]:
    """Return the tapes in a folder, by name."""
    return sorted(folder.glob("*.tape"))
