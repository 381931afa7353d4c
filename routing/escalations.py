"""Watches the deadlines of dispatches: a row says when it is to be looked at, and whoever comes first does it, once.

Every `routing` process runs one. What is due is read without a lock; the use case (`desk.escalate`) locks the report,
looks again, and does all of it in one transaction: so of four workers one does it, and one that is killed in the middle
has done nothing of it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from db import dispatches
from db.engine import Database, DatabaseUnavailableError, Transaction
from db.machine_room import Alarm
from db.wakeups import rest

log = structlog.get_logger(__name__)
POLL_S: Final = 1.0
AT_ONCE: Final = 200
Escalate = Callable[[Transaction, str], Awaitable[bool]]


class Escalations:
    """Does what is due until it is told to stop."""

    def __init__(self, database: Database, escalate: Escalate) -> None:
        self._database = database
        self._escalate = escalate
        self.done = 0  # by this process
        self._failed: list[str] = []  # dispatches that could not be escalated when we last looked

    def figures(self) -> dict[str, float]:
        """Return what it counts."""
        return {"escalations": self.done}

    def alarms(self) -> list[Alarm]:
        """Return what is wrong now."""
        if not self._failed:
            return []
        said = f"{len(self._failed)} dispatches that nobody accepts cannot be escalated, {self._failed[0]} first."
        advice = "Telephone their agencies; look at this process's log for not_escalated."
        return [Alarm("escalation", f"{said} {advice}", {"count": len(self._failed)})]

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set."""
        while not stop.is_set():
            wait_s = POLL_S
            try:
                wait_s = await self.look(stop)
            except DatabaseUnavailableError as error:
                log.warning("database_unavailable", why=str(error))
            except Exception:
                log.exception("escalations_stumbled")
            await rest(stop, wait_s)

    async def look(self, stop: asyncio.Event) -> float:
        """Do all that is due, and return for how long nothing will be, in seconds. Raises DatabaseUnavailableError."""
        async with self._database.reading() as reading:
            due = await dispatches.due(reading, AT_ONCE)
            soonest = await dispatches.next_due(reading)
            now = reading.now
        failed: list[str] = []
        for dispatch_id in due:
            if stop.is_set():
                break
            try:
                async with self._database.transaction() as tx:
                    done = await self._escalate(tx, dispatch_id)
            except DatabaseUnavailableError:
                raise
            except Exception:
                log.exception("not_escalated", dispatch=dispatch_id)  # the others shall not wait for it
                failed.append(dispatch_id)
                continue
            self.done += done
        self._failed = failed
        if len(due) == AT_ONCE > len(failed):
            return 0.0
        return POLL_S if soonest is None else min(POLL_S, max(0.01, (soonest - now).total_seconds()))
