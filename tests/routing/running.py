"""Lanes that run for the length of a test, and what the database says of them."""

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from db import dispatches, envelopes
from db.dispatches import DispatchRow
from db.engine import Database, Transaction
from db.envelopes import AttemptRow, EnvelopeRow
from routing.answers import Answer, book
from routing.delivery import HttpReceiver
from routing.lanes import Lanes
from routing.outcomes import BookAnswer
from tests.routing import cases
from tests.routing.receivers import Pretend

quick = functools.partial(HttpReceiver, deadline_s=5.0)
hasty = functools.partial(HttpReceiver, deadline_s=0.3)


async def booking(tx: Transaction, dispatch_id: str, agency_id: int, answer: Answer) -> None:
    """Book an answer and nothing else."""
    await book(tx, dispatch_id, agency_id, answer)


@asynccontextmanager
async def running(
    database: Database,
    book_answer: BookAnswer = booking,
    make_receiver: Callable[..., HttpReceiver] = quick,
    jitter: float = 0.0,
) -> AsyncIterator[Lanes]:
    """Run the lanes until the end of the block, which is a stop like any other."""
    lanes, stop = Lanes(database, book_answer, make_receiver=make_receiver, jitter=lambda: jitter), asyncio.Event()
    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(lanes.run(stop))
        try:
            yield lanes
        finally:
            stop.set()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(20):
        while not await condition():  # noqa: ASYNC110 the rows of a database send no event
            await asyncio.sleep(0.01)


async def add_agency(database: Database, pretend: Pretend, code: str = "damkar") -> None:
    """Add an agency that receives there."""
    await cases.add_agency(database, code, pretend.url, "127.0.0.0/8")


async def look(database: Database, dispatch_id: str) -> tuple[DispatchRow, EnvelopeRow, list[AttemptRow]]:
    """Return a dispatch, its first envelope, and the tries at it."""
    async with database.reading() as reading:
        row = await dispatches.find(reading, dispatch_id)
        envelope = (await cases.owed(reading, dispatch_id))[0]
        assert row is not None
        return row, envelope, await envelopes.attempts(reading, envelope.id)


async def tried(
    database: Database, dispatch_id: str, times: int = 1
) -> tuple[DispatchRow, EnvelopeRow, list[AttemptRow]]:
    """Wait until the first envelope was tried so often, and return what there is then."""

    async def enough() -> bool:
        return len((await look(database, dispatch_id))[2]) >= times

    await until(enough)
    return await look(database, dispatch_id)
