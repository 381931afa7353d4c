"""A silence that is longer than this hour of the day knows: everything seems well, and nobody can reach the centre.

What is usual is taken from the centre's own four weeks: for each hour of the local day, how long at most nobody had
rung at any moment of it. The worst of the days is left out (it may have been a fault itself), and half as much again
is waited for.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise
from typing import Final

import structlog

from db import calls
from db.engine import Database, DatabaseUnavailableError
from db.machine_room import Alarm
from db.wakeups import rest

log = structlog.get_logger(__name__)
LOOKS_BACK: Final = timedelta(days=28)
DAYS_NEEDED: Final = 14  # of an hour, before anything is usual in it
PATIENCE: Final = 1.5  # times the usual
SHORTEST: Final = timedelta(minutes=30)  # no silence is told before that
LOOK_EVERY_S = 60.0
LEARN_EVERY = timedelta(hours=1)  # what is usual: it reads up to 40,000 times
HOUR = timedelta(hours=1)


def usual(rings: Sequence[datetime], zone: tzinfo) -> dict[int, timedelta]:
    """Return the longest silence of each hour of the local day that has a usual one; `rings` in their order, UTC."""
    longest: dict[tuple[date, int], timedelta] = {}
    for last, ring in pairwise(rings):
        at = last
        while at < ring:
            local = at.astimezone(zone)
            until = at + HOUR - timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
            key = (local.date(), local.hour)
            longest[key] = max(longest.get(key, timedelta()), min(until, ring) - last)
            at = until
    by_hour: dict[int, list[timedelta]] = defaultdict(list)
    for (_, hour), silence in longest.items():
        by_hour[hour].append(silence)
    return {hour: sorted(found)[-2] for hour, found in by_hour.items() if len(found) >= DAYS_NEEDED}


class Silence:
    """Watches how long nobody has rung, until it is told to stop."""

    def __init__(self, database: Database, pbx: str, zone: tzinfo) -> None:
        self._database = database
        self._pbx = pbx
        self._zone = zone
        self._usual: Mapping[int, timedelta] = {}
        self._last: datetime | None = None
        self._learnt_at: datetime | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set."""
        while not stop.is_set():
            try:
                await self.look()
            except DatabaseUnavailableError as error:
                self._last = None  # somebody may have rung since: nothing is told
                log.warning("database_unavailable", why=str(error))
            await rest(stop, LOOK_EVERY_S)

    async def look(self) -> None:
        """Learn who has rung. Raises DatabaseUnavailableError."""
        async with self._database.reading() as reading:
            now = reading.now
            self._last = await calls.newest_arrival(reading, self._pbx)
            if self._learnt_at is not None and now - self._learnt_at < LEARN_EVERY:
                return
            rings = await calls.arrivals(reading, self._pbx, now - LOOKS_BACK)
        self._usual = await asyncio.to_thread(usual, rings, self._zone)
        self._learnt_at = now

    def alarms(self) -> Sequence[Alarm]:
        """Return what is wrong now."""
        now = self._database.clock()
        known = self._usual.get(now.astimezone(self._zone).hour)
        if self._last is None or known is None:
            return ()
        silent = now - min(self._last, now)
        if silent <= max(known * PATIENCE, SHORTEST):
            return ()
        said = (
            f"Nobody has rung for {_words(silent)}; at this hour it was {_words(known)} at most in four weeks. "
            "Ring 112 from outside, from each network."
        )
        since = self._last.isoformat(timespec="seconds")
        return (Alarm("silence", said, {"last_at": since, "usual_s": known.total_seconds()}),)


def _words(span: timedelta) -> str:
    hours, minutes = divmod(int(span.total_seconds()) // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
