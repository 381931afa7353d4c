"""When an agency that accepted has fallen silent, and when it is asked (again) how it stands.

An agency that accepted and has not resolved should speak every so often: SPEAK_EVERY, by priority, counted from its
last word, whatever that was. Whoever does not is marked for the desk and asked, once for each such time that passes,
until they speak. After a time in which nobody could look (all processes down) they are asked once, and how late that
was is said.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from routing.escalation import TOLD_LATE
from routing.rules import UNKNOWN_PRIORITY

SPEAK_EVERY: Final = {"P1": timedelta(minutes=15), "P2": timedelta(minutes=60), "P3": timedelta(hours=4)}


@dataclass(frozen=True, slots=True)
class Plan:
    """Whether to ask now, how often they were asked then, when to look again, and by how much it is late."""

    asks: bool
    asked: int
    next_at: datetime
    late: timedelta


def speaks_until(priority: str | None, heard_at: datetime) -> datetime:
    """Return when somebody who was heard then is next to be heard."""
    return heard_at + _every(priority)


def plan(priority: str | None, heard_at: datetime, asked: int, now: datetime) -> Plan:
    """Return what is due at `now` for an agency at work that was last heard then and `asked` so often since."""
    every = _every(priority)
    times = max(0, (now - heard_at) // every)
    if times <= asked:  # after a change of priority it can be less
        return Plan(asks=False, asked=asked, next_at=heard_at + (asked + 1) * every, late=timedelta())
    late = now - (heard_at + times * every)
    return Plan(True, times, heard_at + (times + 1) * every, late if late > TOLD_LATE else timedelta())


def _every(priority: str | None) -> timedelta:
    return SPEAK_EVERY.get(priority or UNKNOWN_PRIORITY, SPEAK_EVERY[UNKNOWN_PRIORITY])
