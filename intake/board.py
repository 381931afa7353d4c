"""What the numbers of the wallboard mean, as pure functions of today's calls (docs/boards.md says it in words).

A call is counted on the centre's local day on which it arrived. Waiting is from its arrival on our line, whatever the
voice menu or the queue did with it, until a human answered it or it ended.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from db.board import QUARTER_S, CallTimes

IN_TIME: Final = timedelta(seconds=15)
TARGET: Final = 0.9  # of them: NENA asks that 90 % be answered within 15 s
MEAN_DAYS: Final = 28
WAITING: Final = frozenset({"arrived", "queued", "overflow"})
HOURS: Final = 24


@dataclass(frozen=True, slots=True)
class Answering:
    """How today's calls were answered.

    `in_time` of `counted`: answered within IN_TIME, of those that were answered or waited longer. `gave_up`: ended
    unanswered before that; `unknown`: nothing we hold says how long they waited. These two are not in `counted`.
    """

    in_time: int
    counted: int
    gave_up: int
    unknown: int


@dataclass(frozen=True, slots=True)
class Day:
    """Today's calls: how many arrived, ended, were abandoned, or ended unanswered otherwise."""

    arrived: int
    ended: int
    abandoned: int
    unanswered: int
    answering: Answering


@dataclass(frozen=True, slots=True)
class Mean:
    """Mean number of calls in each of the 24 local hours over `days` whole days; without a day there is none."""

    days: int
    by_hour: tuple[float, ...]


def today(calls: Iterable[CallTimes], now: datetime) -> Day:
    """Return what today's calls came to by now."""
    rows = list(calls)
    ended = [one for one in rows if one.stage == "ended"]
    abandoned = sum(one.outcome == "abandoned" for one in ended)
    unanswered = sum(one.outcome != "answered" for one in ended) - abandoned
    return Day(len(rows), len(ended), abandoned, unanswered, _answering(rows, now))


def _answering(rows: Iterable[CallTimes], now: datetime) -> Answering:
    in_time = late = gave_up = unknown = 0
    for one in rows:
        if one.answered_at is not None:
            if one.answered_at - one.arrived_at <= IN_TIME:
                in_time += 1
            else:
                late += 1
            continue
        until = now if one.stage in WAITING else one.ended_at
        if one.taken or until is None:
            unknown += 1
        elif until - one.arrived_at > IN_TIME:
            late += 1
        elif one.stage == "ended":
            gave_up += 1
    return Answering(in_time, in_time + late, gave_up, unknown)


def waits(calls: Iterable[CallTimes]) -> list[datetime]:
    """Return since when callers wait for a human now, the longest first."""
    return sorted(one.arrived_at for one in calls if one.stage in WAITING)


def midnight(day: date, zone: tzinfo) -> datetime:
    """Return when a local day begins, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def by_hour(quarters: Mapping[int, int], zone: tzinfo) -> list[int]:
    """Return the calls of each local hour of the day, of calls by the second their quarter of an hour began."""
    hours = [0] * HOURS
    for second, count in quarters.items():
        hours[datetime.fromtimestamp(second, zone).hour] += count
    return hours


def mean(quarters: Mapping[int, int], first: datetime | None, today: date, zone: tzinfo) -> Mean:
    """Return the mean of the whole days before today: MEAN_DAYS at most, and those behind the day of the first call."""
    if first is None:
        return Mean(0, (0.0,) * HOURS)
    days = max(0, min(MEAN_DAYS, (today - first.astimezone(zone).date()).days - 1))
    begin = midnight(today - timedelta(days=days), zone).timestamp()
    kept = {second: count for second, count in quarters.items() if second >= begin - begin % QUARTER_S}
    return Mean(days, tuple(count / days if days else 0.0 for count in by_hour(kept, zone)))
