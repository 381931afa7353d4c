"""Folders of files that must outlast a crash of the machine."""

import os
from pathlib import Path


def sync(folder: Path) -> None:
    """Return when the disk has the names that a folder lists: renamed, linked or removed. Raises OSError."""
    listing = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(listing)
    finally:
        os.close(listing)
