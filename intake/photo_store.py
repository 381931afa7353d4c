"""The door to the folder of photos: a photo is whole on the disk before its row is, and what has no row is swept.

A photo waits under a name with a dot before it until its row is committed; then it loses the dot (`settle`). Only what
still waits is ever swept: a database that was restored, or is another one, takes no photo that was kept once. Names are
random, so none comes twice, and nobody guesses one. What a file is, its first bytes say, never who sends it.
"""

import hashlib
import os
import re
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from intake import folders
from intake.photo_refusals import MOST_MB, NoPhotoError, NotAPhotoError, PhotoTooLargeError

MOST_BYTES: Final = MOST_MB * 1024 * 1024
KINDS: Final = {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp"}
_PIECE: Final = 1 << 20
_WAITS: Final = re.compile(r"\.([0-9a-f]{40}\.(?:jpg|png|webp))", re.ASCII)


@dataclass(frozen=True, slots=True)
class Taken:
    """A photo that waits in the folder for its row."""

    file: str
    type: str
    bytes: int
    sha256: str


def kind_of(head: bytes) -> str | None:
    """Return what a file is by its first 12 bytes; None: none of the three."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    return "image/webp" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else None


def take(folder: Path, photo: BinaryIO) -> Taken:
    """Copy a photo into the folder, where it waits. Raises NoPhotoError, NotAPhotoError, PhotoTooLargeError,
    OSError."""
    size = photo.seek(0, os.SEEK_END)
    if size == 0:
        raise NoPhotoError
    if size > MOST_BYTES:
        raise PhotoTooLargeError
    photo.seek(0)
    kind = kind_of(photo.read(12))
    if kind is None:
        raise NotAPhotoError
    photo.seek(0)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name, digest = f"{secrets.token_hex(20)}.{KINDS[kind]}", hashlib.sha256()
    waiting = _waiting(folder, name)
    try:
        with os.fdopen(os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as copy:
            while piece := photo.read(_PIECE):
                digest.update(piece)
                copy.write(piece)
            copy.flush()
            os.fsync(copy.fileno())
        folders.sync(folder)
    except OSError:
        waiting.unlink(missing_ok=True)
        raise
    return Taken(name, kind, size, digest.hexdigest())


def settle(folder: Path, file: str) -> None:
    """Let a photo, whose row is committed, wait no more. Raises OSError; then the next sweep does it."""
    _waiting(folder, file).replace(folder / file)
    folders.sync(folder)


def drop(folder: Path, file: str) -> None:
    """Remove a photo that waits, and no other. Raises OSError."""
    _waiting(folder, file).unlink(missing_ok=True)


def path_of(folder: Path, file: str) -> Path | None:
    """Return a photo's path, of the folder's own whatever the row says; None: it is not there."""
    for path in (folder / file, _waiting(folder, file)):
        found = path.resolve()
        if found.parent == folder.resolve() and found.is_file():
            return found
    return None


def waiting(folder: Path, longer_than_s: float) -> Iterator[str]:
    """Return the photos that have waited for their row for longer than this."""
    until = time.time() - longer_than_s
    for path in folder.iterdir() if folder.is_dir() else ():
        found = _WAITS.fullmatch(path.name)
        if found and path.stat().st_mtime < until:
            yield found[1]


def _waiting(folder: Path, file: str) -> Path:
    return folder / f".{file}"
