"""The reads that matter are in the record: who opened a report, who searched.

A session that reads a report is one row in ten minutes, however often its page refreshes it. Rows wait in memory and
are written together within a second, in one transaction: no GET takes the write lock. While the database takes nothing
they wait on; what a `kill` takes with it is the last second's reads (docs/access.md).
"""

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

import structlog

from db.engine import Database, DatabaseUnavailableError
from db.wakeups import rest
from intake.access import Who

log = structlog.get_logger(__name__)
ONE_READ: Final = timedelta(minutes=10)
WITHIN_S: Final = 1.0
REMEMBERED: Final = 100_000  # reads that are not told again yet
MOST_WAITING: Final = 100_000  # rows; the database has taken nothing for long
Noted = tuple[str, str, str, list[str]]  # actor, action, subject, fields


class Reads:
    """What was read lately, and what of it is to be written."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._told: OrderedDict[tuple[str, str], datetime] = OrderedDict()  # (session, what) in the order of its time
        self._waiting: list[Noted] = []
        self.lost = 0

    def opened(self, who: Who, number: str) -> None:
        """Note that a report was read."""
        self._note(who, "report.read", number, number, [])

    def looked_at(self, who: Who, action: str, subject: str) -> None:
        """Note that something else that tells of callers was read: a list, or what a number did before."""
        self._note(who, action, subject, f"{action} {subject}", [])

    def searched(self, who: Who, fields: Sequence[str], asked: str) -> None:
        """Note a search; `fields` are those it was narrowed by, `asked` all that it asked, which is not kept."""
        digest = hashlib.sha256(asked.encode("utf-8", "replace")).hexdigest()
        self._note(who, "reports.searched", "reports", digest, list(fields))

    def _note(self, who: Who, action: str, subject: str, what: str, fields: list[str]) -> None:
        now, key = self._database.clock(), (who.session or who.name, what)
        while self._told and now - next(iter(self._told.values())) >= ONE_READ:
            self._told.popitem(last=False)
        if key in self._told:
            return
        if len(self._waiting) >= MOST_WAITING:
            self.lost += 1
            return
        self._told[key] = now
        if len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        self._waiting.append((who.name, action, subject, fields))

    async def flush(self) -> None:
        """Write what waits, in one transaction. Raises DatabaseUnavailableError; then it waits on."""
        rows = list(self._waiting)
        if not rows:
            return
        async with self._database.transaction() as tx:
            for actor, action, subject, fields in rows:
                more = {"fields": fields} if fields else {}
                tx.record(actor, action, subject, **more)
            if self.lost:
                tx.record("web", "reads.lost", "reports", count=self.lost)
        del self._waiting[: len(rows)]
        self.lost = 0

    @asynccontextmanager
    async def written(self) -> AsyncIterator[None]:
        """Write within a second what is read in this block, and at its end what waits still."""
        over = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._write(over))
            try:
                yield
            finally:
                over.set()

    async def _write(self, over: asyncio.Event) -> None:
        last = False
        while not last:
            await rest(over, WITHIN_S)
            last = over.is_set()  # asked before, so that nothing is noted behind the last time
            try:
                await self.flush()
            except DatabaseUnavailableError as error:
                log.warning("reads_not_written", waiting=len(self._waiting), why=str(error))
            except Exception:
                log.exception("reads_not_written", waiting=len(self._waiting))
