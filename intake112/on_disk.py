"""What `intake112 doctor` looks at on this machine's disks: the PBX's logs, its recordings, our own folders.

A disk may hang, so each question is asked in a thread that nobody waits for at the end, and only for so long. Nothing
is written: what may be written the kernel is asked (`os.access`), which knows of modes, groups and read-only mounts.
"""

import asyncio
import contextlib
import os
import shutil
import stat
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from intake112 import verdicts
from intake112.clock import monotonic
from intake112.findings import Finding, Verdict, ok, warning, wrong
from intake112.settings import Settings

LOOK_EVERY_S = 0.05
WRITTEN_WITHIN_S = 3.0
WRITTEN_LATE_S = 60
TAIL_BYTES = 16_384
CALLERS_LINES = frozenset({b"ENTERQUEUE", b"CONNECT", b"ABANDON", b"COMPLETECALLER", b"COMPLETEAGENT"})
T = TypeVar("T")


async def ask(question: Callable[[], T]) -> T:
    """Ask in a thread of its own; cancelled, it is left alone. Raises what `question` raises."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(set_it: Callable[[], None]) -> None:
        if not answer.done():
            set_it()

    def work() -> None:
        try:
            result = question()
        except Exception as error:  # told to who asked
            told = error
            then: Callable[[], None] = lambda: answer.set_exception(told)  # noqa: E731
        else:
            then = lambda: answer.set_result(result)  # noqa: E731
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody asks any more
            loop.call_soon_threadsafe(settle, then)

    threading.Thread(target=work, name="doctor", daemon=True).start()
    return await answer


def cel_file(path: Path | None, calls: int | None, queue_log: Path | None) -> Finding:
    """Look at the CEL file: is it there, may we read it, has it the last call that the queue_log knows?

    `calls`: how many calls Asterisk has had since its start, None: not known.
    """
    if path is None:
        found = "not set: calls that come while the bridge is away are never known"
        mend = (
            "INTAKE112_CEL_FILE=/var/log/asterisk/cel-custom/intake112.csv (cel.conf and cel_custom.conf as in "
            "asterisk-conf)"
        )
        return warning("CEL file", found, mend)
    if not path.parent.is_dir():
        make = f"`install -d -o asterisk -g asterisk -m 2750 {path.parent}`"
        return wrong("CEL file", f"the folder {path.parent} is not there, so every line is lost", make)
    if not path.exists():
        if calls and not list(path.parent.glob(f"{path.name}?*")):
            mend = (
                "cel.conf: `enable=yes`; cel_custom.conf, [mappings]: the line of asterisk-conf; modules.conf: "
                "`load=cel_custom.so` (with res_cdrel_custom.so from 22.10 on); then restart Asterisk"
            )
            return wrong("CEL file", f"{path} is not there, after {calls} calls since Asterisk's start", mend)
        return ok("CEL file", f"{path} comes with the first call")
    readable = _readable("CEL file", path)
    last = _last_call(queue_log) if queue_log is not None else None
    if readable.verdict is Verdict.OK and last is not None and path.stat().st_mtime < last - WRITTEN_LATE_S:
        at = datetime.fromtimestamp(last, UTC).isoformat(timespec="seconds")
        mend = "`asterisk -rx 'cel show status'`, `asterisk -rx 'module show like cel_custom'`; cel.conf as we ship it"
        return wrong("CEL file", f"{path} has nothing of the call of {at} that queue_log has", mend)
    return readable


def _last_call(path: Path) -> int | None:
    """Return the second since 1970 in which the queue_log has its last line of a caller; None: it has none lately."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - TAIL_BYTES))
        lines = [line.split(b"|") for line in file.read().splitlines()]
    times = [int(line[0]) for line in lines if len(line) > 4 and line[4] in CALLERS_LINES and line[0].isdigit()]
    return times[-1] if times else None


def queue_log(path: Path | None, calls: int | None) -> Finding:
    """Look at the queue_log; `calls` as for `cel_file`."""
    if path is None:
        found = "not set: who answered while the bridge was away is not known"
        return warning("queue_log", found, "INTAKE112_QUEUE_LOG=/var/log/asterisk/queue_log")
    if not path.exists() and calls == 0 and path.parent.is_dir():
        return ok("queue_log", f"{path} comes with the first call")
    if not path.exists():
        mend = (
            "logger.conf, [general]: `queue_log=yes` and `queue_log_to_file=yes`, then `asterisk -rx 'logger reload'`"
        )
        return wrong("queue_log", f"{path} is not there", mend)
    return _readable("queue_log", path)


def _readable(check: str, path: Path) -> Finding:
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        mend = (
            "`usermod -aG asterisk intake112`, then restart intake112; the folder 2750, its files 640, both asterisk's"
        )
        return wrong(check, f"{path} cannot be read: {error.strerror}", mend)
    return ok(check, f"{path}, {path.stat().st_size} bytes")


def recordings(path: Path | None) -> Finding:
    """Look at the PBX's folder of recordings: the keeper reads them and takes them away."""
    check = "recordings"
    if path is None:
        found = "INTAKE112_RECORDINGS_DIR is not set: they stay on the PBX, unchecked"
        return warning(check, found, "INTAKE112_RECORDINGS_DIR=/var/spool/asterisk/monitor")
    if not path.is_dir():
        return wrong(check, f"{path} is not there", f"`install -d -o asterisk -g asterisk -m 2770 {path}`")
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK) or _is_sticky(path):
        mend = (
            f"`chmod 2770 {path}` (no sticky bit), `usermod -aG asterisk intake112`, restart intake112; mount it "
            "writable"
        )
        return wrong(check, f"what is in {path} cannot be read and moved away", mend)
    return ok(check, f"can be read and moved from {path}")


def _is_sticky(path: Path) -> bool:
    """Tell whether only a file's owner may take it away."""
    seen = path.stat()
    return bool(seen.st_mode & stat.S_ISVTX) and os.geteuid() not in (0, seen.st_uid)


def store(path: Path) -> Finding:
    """Look at where recordings are kept; the keeper makes the folder."""
    place = _existing(path)
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        mend = f"`install -d -o intake112 -g intake112 -m 700 {path}`, or another INTAKE112_RECORDINGS_STORE"
        return wrong("store", f"recordings cannot be kept in {path}", mend)
    return _private("store", path)


def state(path: Path) -> Finding:
    """Look at the folder of tapes and, on SQLite, the database."""
    place = _existing(path)
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        mend = f"`install -d -o intake112 -g intake112 -m 750 {path}`, or another INTAKE112_STATE_DIR"
        return wrong("state folder", f"tapes cannot be written to {path}", mend)
    return _private("state folder", path)


def _private(check: str, path: Path) -> Finding:
    if not path.exists():
        return ok(check, f"{path} will be made")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o007:
        found = f"{path} has mode {mode:o}: everybody on this machine may look at callers' data"
        return warning(check, found, f"`chmod o= {path}`")
    return ok(check, f"{path}, mode {mode:o}")


def disks(settings: Settings) -> list[Finding]:
    """Look at the free space of each disk that callers' data is on, once."""
    places = (
        ("state", settings.state_dir),
        ("recordings", settings.recordings_dir),
        ("CEL", settings.cel_file.parent if settings.cel_file is not None else None),
    )
    found: list[Finding] = []
    seen: dict[int, str] = {}
    for what, path in places:
        if path is None:
            continue
        place = _existing(path)
        if (other := seen.setdefault(place.stat().st_dev, what)) != what:
            found.append(ok(f"disk of {what}", f"the same as that of {other}"))
            continue
        usage = shutil.disk_usage(place)
        found.append(verdicts.disk(what, str(place), usage.free, usage.total))
    return found


def _existing(path: Path) -> Path:
    """Return the path, or the nearest folder above it that is there."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def size(path: Path | None) -> int:
    """Return how many bytes a log has; 0 when it is not there yet."""
    return path.stat().st_size if path is not None and path.exists() else 0


async def is_written(path: Path, after: int, text: str) -> bool:
    """Wait until a log holds `text` behind byte `after`; False: not within WRITTEN_WITHIN_S."""

    def look() -> bool:
        if not path.exists():
            return False
        with path.open("rb") as file:
            file.seek(after)
            return text.encode() in file.read()

    return await ask(lambda: _until(look))


async def are_taken_away(folder: Path, names: list[str]) -> bool:
    """Take test calls' recordings away as the keeper does; False: one did not come, or cannot be removed."""
    left = set(names)

    def take() -> bool:
        for name in sorted(left):
            path = (folder / name).resolve()
            if path.is_relative_to(folder.resolve()) and path.is_file():
                path.unlink()
                left.discard(name)
        return not left

    return await ask(lambda: _until(take))


def _until(look: Callable[[], bool]) -> bool:
    """Look again and again, in the thread that asks: files of another program call nobody, and their disk may hang."""
    deadline = monotonic() + WRITTEN_WITHIN_S
    while monotonic() < deadline:
        with contextlib.suppress(OSError):
            if look():
                return True
        time.sleep(LOOK_EVERY_S)
    return False
