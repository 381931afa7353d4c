"""Keeps shifts true while time goes by: who is gone has none, a wrap-up ends, what nobody could ask for is asked.

Any number of processes may do so at once: each look decides on locked rows.
"""

import asyncio
from typing import Final

import structlog

from db.engine import Database, DatabaseUnavailableError
from db.shifts import TOPIC
from intake import shifts
from intake.shifts import ShiftRules

log = structlog.get_logger(__name__)
POLL_S: Final = 1.0


class Attendance:
    """Looks at all shifts every second, and whenever one changed, until it is told to stop."""

    def __init__(self, database: Database, rules: ShiftRules) -> None:
        self._database = database
        self._rules = rules

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set."""
        wakeups = self._database.wakeups
        while not stop.is_set():
            ticket = wakeups.ticket(TOPIC)
            try:
                await self.look()
            except DatabaseUnavailableError as error:
                log.warning("database_unavailable", why=str(error))
            except Exception:
                log.exception("shifts_not_looked_at")  # a row at fault must not end the bridge beside us
            await wakeups.wait(TOPIC, ticket, POLL_S)

    async def look(self) -> None:
        """Do what is due now. Raises DatabaseUnavailableError."""
        async with self._database.glance() as reading:  # `tend` decides
            due = await shifts.is_due(reading, self._rules)
        if due:
            async with self._database.transaction() as tx:
                await shifts.tend(tx, self._rules)
