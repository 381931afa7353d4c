"""Reading a log that rotates, from where one last stood.

A place in a log is a `Mark`: which file (its inode), how far, and a check of what stands before it. From there `Log`
reads every whole line through all that logrotate and Asterisk do to a log: the rest of the marked file, under whatever
name and packed or not, the files that came after it, the present one. What is half written at the present end is left
for the next time.

A mark is believed where the check agrees, not by the inode: an inode is given away again, a file that was emptied
grows again, and a copy has another one. Where the marked file is gone, all files of the family are read, the oldest
first; the reader then chooses by the time of each line. The mark moves on to a new file only with that file's first
line: Asterisk writes its queue_log under the old name until it is told to reopen it.
"""

import gzip
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Self, cast

import structlog

log = structlog.get_logger(__name__)
BLOCK = 64 * 1024
CHECKED = 512  # bytes before a mark: more than one line, and lines hold times and ids
LONGEST = 1 << 20  # a longer line is no line; it must not eat the memory
UNREADABLE = (OSError, EOFError, zlib.error)


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a log, behind a whole line; as text `inode:offset:check`."""

    inode: int
    offset: int
    check: int

    def __str__(self) -> str:
        return f"{self.inode}:{self.offset}:{self.check}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the mark that was written as `text`; None for what is none."""
        parts = text.split(":")
        return cls(*map(int, parts)) if len(parts) == 3 and all(part.isdecimal() for part in parts) else None


@dataclass(frozen=True, slots=True)
class _File:
    """One file of a log's family; `age` sorts the oldest first, the present file last."""

    path: Path
    inode: int
    age: tuple[bool, int, int]

    def open(self) -> BinaryIO:
        """Open this very file. Raises FileNotFoundError when it has another name by now, or none."""
        packed = self.path.suffix == ".gz"
        opened = cast("BinaryIO", gzip.GzipFile(self.path)) if packed else self.path.open("rb")
        if os.fstat(opened.fileno()).st_ino != self.inode:
            opened.close()
            raise FileNotFoundError(self.path)
        return opened

    def holds(self, mark: Mark) -> bool:
        """Tell whether the mark was made in this file, or in one that it is a copy of."""
        if mark.offset == 0:
            return self.inode == mark.inode
        try:
            with self.open() as opened:
                before = _before(opened, mark.offset)
        except UNREADABLE:
            return False
        return len(before) == min(CHECKED, mark.offset) and zlib.crc32(before) == mark.check


def end_of(path: Path) -> Mark | None:
    """Return where the log ends now, behind its last whole line; None when there is no such file. Raises OSError."""
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            end, newline = status.st_size, -1
            while end > 0 and newline < 0:
                start = max(0, end - BLOCK)
                file.seek(start)
                newline = file.read(end - start).rfind(b"\n")
                end = start
            offset = end + newline + 1
            return Mark(status.st_ino, offset, zlib.crc32(_before(file, offset)))
    except FileNotFoundError:
        return None


def lines_after(path: Path, mark: Mark | None) -> Iterator[bytes]:
    """Yield every whole line of a log after `mark`; None: all that there is. Raises OSError."""
    return iter(Log(path, mark))


class Log:
    """The whole lines of a log after a mark; iterate once, in a thread that may wait for the disk.

    `mark` is where reading stands: behind the last line given out. `resumed` tells whether the given mark was found;
    where it was not, reading begins with the oldest file that was written to after `since`.
    """

    def __init__(self, path: Path, mark: Mark | None, since: datetime | None = None) -> None:
        self._path = path
        self._given = mark
        self._inode, self._offset, self._before = 0, 0, b""
        files = _family(path)
        marked = _find(files, mark) if mark is not None else None
        self.resumed = marked is not None
        if marked is None:
            earliest = 0 if since is None else int(since.timestamp() - 1) * 10**9
            marked = next((file for file in files if file.age >= (False, earliest, 0)), None)
        self._start = (marked, mark.offset if mark is not None and self.resumed else 0) if marked is not None else None

    @property
    def mark(self) -> Mark | None:
        """Where reading stands; None: nothing was read yet, and nothing before."""
        return Mark(self._inode, self._offset, zlib.crc32(self._before)) if self._inode else self._given

    def __iter__(self) -> Iterator[bytes]:
        start = self._start
        while start is not None:
            file, offset = start
            try:
                with file.open() as opened:
                    yield from self._lines(opened, file.inode, offset)
            except FileNotFoundError:
                renamed = [one for one in _family(self._path) if one.inode == file.inode]
                if renamed:
                    start = renamed[0], offset
                    continue
            except UNREADABLE as error:
                if file.path == self._path:
                    raise
                log.warning("log_not_read", path=str(file.path), why=str(error))
            following = _next(self._path, file)
            start = (following, 0) if following is not None else None

    def _lines(self, opened: BinaryIO, inode: int, offset: int) -> Iterator[bytes]:
        before = _before(opened, offset)
        while raw := opened.readline(LONGEST):
            offset += len(raw)
            before = (before + raw)[-CHECKED:]
            if raw.endswith(b"\n"):
                self._inode, self._offset, self._before = inode, offset, before
                yield raw
            elif len(raw) < LONGEST:
                return  # half written; what is added while we look belongs to it


def _family(path: Path) -> list[_File]:
    """Return the files of a log, the oldest first: `cel.csv.2.gz`, `cel.csv-20260314`, `cel.1.csv`, `cel.csv`."""
    stem, suffix = re.escape(path.stem), re.escape(path.suffix)
    rotated = re.compile(rf"(?:{stem}{suffix}[.-](?P<a>\d[\d-]*)|{stem}[.-](?P<b>\d[\d-]*){suffix})(?:\.gz)?")
    names = {one.name for one in path.parent.iterdir()} if path.parent.is_dir() else set()
    found = []
    for one in map(path.parent.joinpath, names):
        named = rotated.fullmatch(one.name)
        if (named is None and one.name != path.name) or (one.suffix == ".gz" and one.stem in names):  # being packed
            continue
        try:
            status = one.stat()
        except FileNotFoundError:  # renamed or deleted since it was listed
            continue
        digits = ((named["a"] or named["b"]) if named is not None else "0").replace("-", "")
        # Files of one moment (from a backup): .2 is older than .1, but -20260314 is younger than -20260313.
        order = -int(digits) if len(digits) < 6 else int(digits)
        found.append(_File(one, status.st_ino, (one.name == path.name, status.st_mtime_ns, order)))
    return sorted(found, key=lambda file: file.age)


def _find(files: list[_File], mark: Mark) -> _File | None:
    """Return the file that a mark was made in: by its inode, else a copy of it, the newest first."""
    newest_first = sorted(files, key=lambda file: (file.inode == mark.inode, file.age), reverse=True)
    return next((file for file in newest_first if file.holds(mark)), None)


def _before(opened: BinaryIO, offset: int) -> bytes:
    """Return what a mark at `offset` checks; reading stands at `offset` then."""
    start = max(0, offset - CHECKED)
    opened.seek(start)
    return opened.read(offset - start)


def _next(path: Path, after: _File) -> _File | None:
    """Return the file that follows, as the folder is now."""
    files = _family(path)
    for index, file in enumerate(files):
        if file.inode == after.inode:
            return files[index + 1] if index + 1 < len(files) else None
    return next((file for file in files if file.age > after.age), None)
