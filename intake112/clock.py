"""What time it is: the only file that asks the machine.

A process's time is its start plus the monotonic clock. When somebody sets the machine's clock by an hour, deadlines
must not all fire at once and reports must not be dated in the future of the one before: the step is noticed (`follow`)
and taken up slowly, one second in twenty, so that time here never goes back and never jumps. It is an alarm of
the process until it is taken up and nothing was stepped for a while (`alarms`).

Tests of deadlines put a time into a file that `INTAKE112_TEST_CLOCK` names: see `FileClock`.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from db.machine_room import Alarm

log = structlog.get_logger(__name__)
ALARM_FROM_S = 5.0
SLEW = 0.05  # seconds taken up per second that passes
QUIET_S = 1200.0  # an alarm lasts so long at least: NTP asks every 1024 s at the latest, so a clock that is set at each
# of these times is one alarm and not many short ones that nobody believes


def wall() -> float:
    """Return the machine's idea of seconds since 1970."""
    return time.time()


def monotonic() -> float:
    """Return seconds since some moment; nobody can set this clock, and on Linux it counts while the machine sleeps."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class SteadyClock:
    """Aware UTC time that never jumps. Call it for the time; call `follow` every few seconds."""

    def __init__(self, wall: Callable[[], float] = wall, monotonic: Callable[[], float] = monotonic) -> None:
        self._wall, self._monotonic = wall, monotonic
        self._followed_at = monotonic()
        self._start = wall() - self._followed_at
        self._left = 0.0  # what the machine's clock is ahead of us, after the last look
        self._stepped: tuple[float, Alarm] | None = None  # when the last step was noticed

    def __call__(self) -> datetime:
        """Return the time."""
        return datetime.fromtimestamp(self._start + self._monotonic(), UTC)

    def follow(self) -> float:
        """Take up a part of what the machine's clock is ahead of us; return the seconds that remain."""
        now = self._monotonic()
        most = (now - self._followed_at) * SLEW
        self._followed_at = now
        ahead = self._wall() - now - self._start
        taken = max(-most, min(most, ahead))
        self._start += taken
        step, was_off = ahead - self._left, abs(self._left) > ALARM_FROM_S
        self._left = ahead - taken
        crept = abs(self._left) > ALARM_FROM_S and not was_off  # by steps that are small each
        if abs(step) > ALARM_FROM_S or crept:
            seconds = ahead if crept else step
            self._stepped = (now, self._alarm(seconds))
            log.error("clock_stepped", seconds=round(seconds, 3), advice="check NTP here; taken up slowly")
        return self._left

    def alarms(self) -> list[Alarm]:
        """Return that the machine's clock was set, until that is taken up, and QUIET_S seconds at least."""
        if self._stepped is None:
            return []
        noticed, alarm = self._stepped
        is_over = abs(self._left) <= ALARM_FROM_S and self._monotonic() - noticed >= QUIET_S
        return [] if is_over else [alarm]

    def _alarm(self, seconds: float) -> Alarm:
        now = self()
        until = now + timedelta(seconds=abs(self._left) / SLEW)
        said = f"This machine's clock was set by {seconds:+.0f} s. Times here follow it slowly."
        values = {
            "seconds": f"{seconds:+.0f}",
            "stepped_at": now.isoformat(timespec="seconds"),
            "until_at": until.isoformat(timespec="seconds"),
        }
        return Alarm("clock_stepped", f"{said} Check NTP on it (timedatectl).", values)


class NoTimeError(Exception):
    """The file that INTAKE112_TEST_CLOCK names holds no time."""


class FileClock:
    """Time as a test wrote it: the file holds one RFC 3339 time, or seconds since 1970.

    The file is read at every call; half-written or missing for a moment, the last good time stays.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        found = self._read()
        if found is None:
            raise NoTimeError(f"{path} holds no time: write an RFC 3339 time, or seconds since 1970")
        self._last = found

    def __call__(self) -> datetime:
        """Return the time in the file."""
        self._last = self._read() or self._last
        return self._last

    def follow(self) -> float:
        """Do nothing: this clock is moved by hand."""
        return 0.0

    def alarms(self) -> list[Alarm]:
        """Return nothing: whoever moves it knows."""
        return []

    def _read(self) -> datetime | None:
        try:
            text = self._path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            return None
        try:
            return datetime.fromtimestamp(0, UTC) + timedelta(seconds=float(text))
        except (ValueError, OverflowError):
            pass
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            return None
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
