"""Tries at agencies as Prometheus counts them, read from the delivery log.

Lanes run in other processes than the one that is asked for `/metrics`, and any number of them; the log has them all.
Counting begins with this process's start, as Prometheus expects of a counter; each look reads only what is new. Each
`web` process counts all of them: take the largest, not the sum.
"""

import asyncio
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Histogram

from db import delivery_log
from db.engine import Database

PAGE: Final = 5000
LATE: Final = 200  # a number may become visible after a larger one; so far back a look reads again
SECONDS: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Tries:
    """Counters that follow the delivery log."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._tries = Counter(
            "intake112_attempts_total", "Tries at delivering an envelope", ["agency", "outcome"], registry=registry
        )
        self._seconds = Histogram(
            "intake112_attempt_seconds", "Until an outcome", ["agency"], buckets=SECONDS, registry=registry
        )
        self._one = asyncio.Lock()
        self._seen: set[int] = set()  # of the last LATE numbers
        self._last: int | None = None

    async def follow(self, database: Database) -> None:
        """Count what is new. Raises DatabaseUnavailableError."""
        async with self._one, database.reading() as reading:
            if self._last is None:
                self._last = await delivery_log.newest(reading)
                self._seen = {row.n for row in await delivery_log.tries_after(reading, self._last - LATE, LATE)}
            while True:
                rows = await delivery_log.tries_after(reading, self._last - LATE, PAGE)
                for row in rows:
                    if row.n not in self._seen:
                        self._seen.add(row.n)
                        self._tries.labels(row.agency, row.outcome).inc()
                        self._seconds.labels(row.agency).observe(row.latency_ms / 1000)
                self._last = max([self._last, *(row.n for row in rows)])
                self._seen = {number for number in self._seen if number > self._last - LATE}
                if len(rows) < PAGE:
                    return
