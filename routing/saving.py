"""When the end of a try is saved, and with whom: what receivers took while a set was being saved is the next set.

One saver serves all lanes of a process. Idle, one end is one transaction, at once. Under load the cost of a transaction
(its round trips, its wait for the disk) is shared: the one behind a set of several waits a moment (GATHER_S) for the
other tries that are in flight, and not at all when there is none. A set that cannot be saved harms nobody: each of it
then goes alone, and stays alone, in a transaction and with retries of its own, for as long as its lease is ours.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import structlog

from db.engine import Database, DatabaseUnavailableError
from db.wakeups import rest
from routing import outcomes
from routing.outcomes import BookAnswer, End
from routing.tally import Tally

log = structlog.get_logger(__name__)
MOST = 32  # in one transaction
AGAIN_S = 1.0
GATHER_S = 0.02


class Saver:
    """Saves how tries ended. `book_answer` is the use case that an answer in a 2xx body goes to."""

    def __init__(
        self,
        database: Database,
        book_answer: BookAnswer,
        jitter: Callable[[], float],
        tally: Tally,
        stop: asyncio.Event,
    ) -> None:
        self._database = database
        self._book_answer = book_answer
        self._jitter = jitter
        self._tally = tally
        self._stop = stop
        self._waiting: deque[tuple[End, asyncio.Future[bool]]] = deque()
        self._called = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Save sets until the end of the block, by when all who called `save` must have their answer."""
        async with asyncio.TaskGroup() as tasks:
            sets = tasks.create_task(self._save_sets())
            try:
                yield
            finally:
                sets.cancel()

    async def save(self, end: End) -> None:
        """Save how a try ended; while the database is away, for as long as its lease is ours."""
        if end.is_common and await self._together(end):
            return
        faults, row, is_ours = self._tally.faults, end.row, False
        while True:
            try:
                async with self._database.transaction() as tx:
                    is_ours = await outcomes.alone(tx, end, self._book_answer, self._jitter())
            except DatabaseUnavailableError as error:
                self._tally.stumbled(error)
                expired = row.lease_until is None or self._database.clock() >= row.lease_until
                if expired or self._stop.is_set():
                    faults["not_saved"] += 1
                    return
                await rest(self._stop, AGAIN_S)
            except Exception:
                if end.answer is None:
                    raise
                log.exception("answer_not_booked", webhook_id=row.id, dispatch=row.dispatch_id)
                faults["answer_not_booked"] += 1
                end = replace(end, answer=None)
            else:
                break
        if not is_ours:
            faults["fence_lost"] += 1
            log.warning("fence_lost", webhook_id=row.id, tries=row.tries, code=end.outcome.code)

    async def _together(self, end: End) -> bool:
        """Be of the next set; False: it is not saved, and must go alone."""
        saved: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((end, saved))
        self._called.set()
        return await saved

    async def _save_sets(self) -> None:
        size = 0  # of the set before
        while True:
            await self._called.wait()
            self._called.clear()
            while self._waiting:
                if size > 1:
                    await self._gather()
                size = await self._save_set()

    async def _gather(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GATHER_S):
                while len(self._waiting) < min(MOST, self._tally.in_flight):
                    self._called.clear()
                    await self._called.wait()

    async def _save_set(self) -> int:
        taken, saved = list[tuple[End, asyncio.Future[bool]]](), set[str]()
        try:
            async with self._database.transaction() as tx:
                taken = self._take()  # who ended while the transaction began is of it
                found = await outcomes.together(tx, [end for end, _ in taken])
            saved = found
        except Exception as error:
            self._tally.faults["set_not_saved"] += 1
            log.warning("set_not_saved", ends=len(taken), error=str(error) or type(error).__name__)
        finally:
            for end, answer in taken or self._take():
                if not answer.done():
                    answer.set_result(end.row.id in saved)
        return len(taken)

    def _take(self) -> list[tuple[End, asyncio.Future[bool]]]:
        return [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
