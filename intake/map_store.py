"""The door to the folder of the centre's own maps, `*.pmtiles` and `*.geojson`, laid there by hand or sent by the API.

What is being sent has a name with a dot before it, which nobody is ever given; it is whole, on the disk and looked into
before it gets its own name, in one step. What a server that was killed left behind is swept by the next who sends one.
"""

import hashlib
import os
import re
import secrets
import shutil
import time
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from intake import folders
from intake.map_checks import MOST_BYTES, Kind
from intake.map_refusals import MapNotKeptError, MapTooLargeError

NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}\.(pmtiles|geojson)$"
KEEPS_FREE: Final = 512 << 20  # bytes of the disk: reports may be on it, too
SYNCED_EVERY: Final = 16 << 20  # bytes; all at the end would hold up whoever else writes to this disk
_OURS: Final = re.compile(r"\..+\.[0-9a-f]{16}\.(?:new|old)", re.ASCII)
_LEFT_BEHIND_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Saved:
    """A file that is there. `version` is another when the file is."""

    path: Path
    kind: Kind
    bytes: int
    changed_at: datetime
    version: int


def kind_of(name: str) -> Kind | None:
    """Return what a file of this name is; None: it is no name of a map."""
    if not re.match(NAME, name, re.ASCII) or name.endswith("\n"):
        return None
    return "pmtiles" if name.endswith(".pmtiles") else "geojson"


def find(folder: Path, name: str) -> Saved | None:
    """Return the file of this name; None: there is none."""
    kind, path = kind_of(name), folder / name
    if kind is None or not path.is_file():
        return None
    about = path.stat()
    mark = zlib.crc32(f"{about.st_ino} {about.st_size} {about.st_mtime_ns}".encode())
    at = datetime.fromtimestamp(about.st_mtime, UTC)
    return Saved(path, kind, about.st_size, at, mark % 999_999_999 + 1)


def every(folder: Path) -> list[Saved]:
    """Return all map files, by name."""
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    return [one for name in names if (one := find(folder, name)) is not None]


class Arriving:
    """A file that is being sent: `write` its pieces, then `end`; then it gets its name, or is dropped.

    All of it waits for the disk: call it in a thread. Raises MapTooLargeError, MapNotKeptError, OSError.
    """

    def __init__(self, folder: Path, kind: Kind, name: str, expected: int) -> None:
        """Begin; `expected` are its bytes as its sender says, 0 when not."""
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True)
            _give(folder)
        _sweep(folder)
        self.bytes = 0
        self._kind, self._digest, self._unsynced = kind, hashlib.sha256(), 0
        self.path = beside(folder / name, "new")
        self._fits(expected)
        self._file = os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0)
        _give(self.path)

    @property
    def sha256(self) -> str:
        """Of what has come, in hexadecimal digits."""
        return self._digest.hexdigest()

    def write(self, piece: bytes) -> None:
        """Take the next piece."""
        self._fits(len(piece))
        self._digest.update(piece)
        left = memoryview(piece)
        while left:
            left = left[self._file.write(left) or 0 :]
        self.bytes += len(piece)
        self._unsynced += len(piece)
        if self._unsynced >= SYNCED_EVERY:
            os.fdatasync(self._file.fileno())
            self._unsynced = 0

    def end(self) -> None:
        """All of it has come: return when the disk has it."""
        os.fsync(self._file.fileno())
        self._file.close()

    def drop(self) -> None:
        """Leave nothing of it, unless it has its name."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def _fits(self, more: int) -> None:
        if self.bytes + more > MOST_BYTES[self._kind]:
            raise MapTooLargeError(self._kind)
        free = shutil.disk_usage(self.path.parent).free
        if free - more < KEEPS_FREE:
            raise MapNotKeptError(
                f"The server's disk has {free >> 20} MB left, {KEEPS_FREE >> 20} MB of which are for reports; nothing "
                "was kept. Make room, or take a smaller file."
            )


def beside(path: Path, what: str) -> Path:
    """Return a name in the same folder that nobody is given: `new` of what comes, `old` of what goes."""
    return path.with_name(f".{path.name}.{secrets.token_hex(8)}.{what}")


def put_aside(path: Path, new: Path | None) -> Path | None:
    """Put a file in the place of what is there, None: nothing. Returns where what was there is meanwhile."""
    old = beside(path, "old") if path.is_file() else None
    if old is not None and new is not None:
        os.link(path, old)  # at no moment is there none
    elif old is not None:
        path.replace(old)
    try:
        if new is not None:
            new.replace(path)
        folders.sync(path.parent)
    except OSError:
        put_back(path, old)
        raise
    return old


def put_back(path: Path, old: Path | None) -> None:
    """Let it be as it was before `put_aside`."""
    if old is not None:
        old.replace(path)
    else:
        path.unlink(missing_ok=True)
    folders.sync(path.parent)


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _give(path: Path) -> None:
    """What root has made belongs to whom the folder belongs to, else the web server could not read it."""
    if os.geteuid() == 0:
        owner = path.parent.stat()
        os.chown(path, owner.st_uid, owner.st_gid)


def _sweep(folder: Path) -> None:
    until = time.time() - _LEFT_BEHIND_S
    for path in folder.iterdir():
        if _OURS.fullmatch(path.name) and path.stat().st_ctime < until:
            path.unlink(missing_ok=True)
