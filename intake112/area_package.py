"""The door to npm: the package with the names of the regency, as one file that is fetched once and never committed.

`npm pack` fetches it, because which registry a machine uses, through which proxy and with which log-in, is npm's own
business (`.npmrc`, `npm_config_registry`). What came is compared with the hash below. On a machine without npm or
without a registry the file is brought from another one: `intake112 gazetteer load --from FILE`.

Only the standard library, so that `make setup` can run it: `python -m intake112.area_package`.
"""

import base64
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

NAME: Final = "idn-area-data"
VERSION: Final = "4.0.1"
INTEGRITY: Final = "sha512-PhNSIl5T7swVwwWxJOFMtCaeHAF9TUu0HLDf+36EIWZro9j7au83AFIJiBQGL+iRsBDA2OlpJ5fjiqxNYndzOQ=="
FILE: Final = f"{NAME}-{VERSION}.tgz"
INSTALLED: Final = Path(sys.prefix) / "share" / "intake112" / FILE
OTHERWISE: Final = f"or bring {FILE} from a machine that has npm (`npm pack {NAME}@{VERSION}`) and load it with --from"
_LARGEST: Final = 64 * 1024 * 1024  # bytes of one file within; the largest has 3 MB
_WITHIN_S: Final = 90
_PATIENCE: Final = ("--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000")


class NoPackageError(Exception):
    """The package cannot be had; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in the package: its version, and the texts of its CSV files by name (`villages.csv`)."""

    version: str
    files: dict[str, str]


def fetch(to: Path = INSTALLED) -> Path:
    """Return where the package lies, fetched by npm unless it is there. Raises NoPackageError."""
    if to.is_file() and _integrity(to) == INTEGRITY:
        return to
    npm = shutil.which("npm")
    if npm is None:
        raise NoPackageError(f"npm is not on this machine: install it (Debian: apt-get install npm), {OTHERWISE}")
    with tempfile.TemporaryDirectory(prefix="intake112-npm-") as folder:
        command = [npm, "pack", f"{NAME}@{VERSION}", "--ignore-scripts", "--silent", "--no-update-notifier", *_PATIENCE]
        try:
            done = subprocess.run(  # noqa: S603 - the words are ours
                command, cwd=folder, check=False, capture_output=True, text=True, timeout=_WITHIN_S
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise NoPackageError(f"npm did not end well ({type(error).__name__}): try again, {OTHERWISE}") from None
        got = Path(folder) / FILE
        if done.returncode or not got.is_file():
            raise NoPackageError(
                f"npm could not fetch {NAME} {VERSION}: is its registry reachable? Try again, {OTHERWISE}"
            )
        if _integrity(got) != INTEGRITY:
            raise NoPackageError(
                f"what npm fetched is not the {NAME} {VERSION} we know: its sha512 differs; it is not used"
            )
        try:
            to.parent.mkdir(parents=True, exist_ok=True)
            partial = to.with_suffix(".new")
            shutil.copyfile(got, partial)
            partial.rename(to)
        except OSError as error:
            raise NoPackageError(f"{to.parent} cannot be written: {error.strerror}") from None
    return to


def opened(path: Path) -> Contents:
    """Return what is in a package file (`.tgz`), or in a folder that one was unpacked to. Raises NoPackageError."""
    try:
        texts = _in_folder(path) if path.is_dir() else _in_archive(path)
        about = json.loads(texts["package.json"])
        if about["name"] != NAME:
            raise NoPackageError(f"{path} is the package {about['name']}, not {NAME}")
        version = str(about["version"])[:64]
    except (OSError, tarfile.TarError, EOFError, ValueError, KeyError, TypeError) as error:
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise NoPackageError(f"{path} cannot be read as the npm package {NAME}: {why}") from None
    return Contents(version, texts)


def newer(one: str, other: str) -> bool:
    """Return whether a version is newer than another."""
    return _numbers(one) > _numbers(other)


def _numbers(version: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", version)]


def _in_folder(path: Path) -> dict[str, str]:
    return {one.name: one.read_text("utf-8") for one in (path / "package.json", *sorted(path.glob("data/*.csv")))}


def _in_archive(path: Path) -> dict[str, str]:
    texts: dict[str, str] = {}
    with tarfile.open(path) as archive:
        for member in archive:
            place = Path(member.name)
            if place == Path("package/package.json") or (
                place.parent == Path("package/data") and place.suffix == ".csv"
            ):
                file = archive.extractfile(member)
                if file is None or member.size > _LARGEST:
                    raise tarfile.TarError(f"{place.name} is no file of a size we know")
                texts[place.name] = file.read().decode("utf-8")
    return texts


def _integrity(path: Path) -> str:
    return f"sha512-{base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()}"


if __name__ == "__main__":
    try:
        fetch()
    except NoPackageError as missing:
        sys.exit(f"setup: no names of places yet, all else works: {missing}")
