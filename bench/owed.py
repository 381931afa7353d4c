"""What dispatches are measured with: agencies, envelopes that are owed to them, and the lanes that deliver."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from random import Random

from sqlalchemy import insert, select, update

from db import tables
from db.engine import Database
from db.envelopes import PENDING
from db.ids import new_id
from intake import answering
from routing.delivery import DEADLINE_S, HttpReceiver, Letter
from routing.lanes import Lanes
from tests.routing import cases

NETWORK = "127.0.0.0/8"
PRIORITIES = ("P1", "P2", "P3")
LOOKS_EVERY_S = 0.05


def url(port: int) -> str:
    """Return the address of a receiver."""
    return f"http://127.0.0.1:{port}/hook"


@asynccontextmanager
async def lanes(database: Database, deadline_s: float = DEADLINE_S) -> AsyncIterator[None]:
    """Run the lanes in this process, as `intake112 run` and `routing` do; at the end they are cut off."""
    receiver = functools.partial(HttpReceiver, deadline_s=deadline_s)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(Lanes(database, answering.answered, make_receiver=receiver).run(asyncio.Event()))
        try:
            yield
        finally:
            running.cancel()


async def heap_up(database: Database, agency: str, port: int, count: int, seed: int = 0) -> bytes:
    """Owe a new agency so many envelopes, overdue for up to an hour, of every priority; return one body.

    One is a real one, the others its copies.
    """
    await cases.add_agency(database, agency, url(port), NETWORK)
    real = await cases.dispatch(database, agency)
    random = Random(seed)  # noqa: S311  # no secret
    async with database.transaction() as tx:
        r = tables.reports.c
        report, dispatched, envelope = [
            dict((await tx.connection.execute(select(table).where(own))).mappings().one())
            for table, own in (
                (tables.reports, r.id == real.report_id),
                (tables.dispatches, tables.dispatches.c.id == real.id),
                (tables.envelopes, tables.envelopes.c.dispatch_id == real.id),
            )
        ]
        del report["id"], envelope["turn"]
        mark = f"{agency}-"
        reports = [
            report | {"number": f"{mark}{number}", "priority": random.choice(PRIORITIES)} for number in range(1, count)
        ]
        await tx.connection.execute(insert(tables.reports), reports)
        made = (await tx.connection.execute(select(r.id, r.priority).where(r.number.startswith(mark)))).all()
        dispatches, envelopes = [], []
        for row in made:
            dispatch_id, due = new_id(tx.now), tx.now - timedelta(seconds=random.uniform(0, 3600))
            dispatches.append(dispatched | {"id": dispatch_id, "report_id": row.id, "page_token": None})
            body = envelope["body"].replace(real.id.encode(), dispatch_id.encode())
            times = {"created_at": due, "next_try_at": due}
            new = {"id": new_id(tx.now), "dispatch_id": dispatch_id, "priority": row.priority, "body": body}
            envelopes.append(envelope | new | times)
        await tx.connection.execute(insert(tables.dispatches), dispatches)
        await tx.connection.execute(insert(tables.envelopes), envelopes)
    return bytes(envelope["body"])


async def drained(database: Database, within_s: float) -> None:
    """Wait until every envelope is delivered, and that is saved."""
    one = select(tables.envelopes.c.id).where(PENDING).limit(1)
    async with asyncio.timeout(within_s):
        while True:
            async with database.reading() as reading:
                if (await reading.connection.execute(one)).first() is None:
                    return
            await asyncio.sleep(LOOKS_EVERY_S)


async def forgive(database: Database) -> None:
    """Nothing is owed any more."""
    async with database.transaction() as tx:
        await tx.connection.execute(update(tables.envelopes).values(state="dead", claim_id=None, lease_until=None))


async def webhook_ids(database: Database) -> dict[str, tuple[str, str | None]]:
    """Return of every envelope (its dispatch, its priority) by its id."""
    e = tables.envelopes.c
    async with database.reading() as reading:
        found = await reading.connection.execute(select(e.id, e.dispatch_id, e.priority))
        return {row.id: (row.dispatch_id, row.priority) for row in found}


async def bare(receiver: HttpReceiver, letters: Sequence[Letter], at_once: int) -> None:
    """POST letters as fast as they are taken, so many at once."""
    left = iter(letters)

    async def one_after_the_other() -> None:
        for letter in left:
            outcome = await receiver.deliver(letter)
            assert outcome.status == 204, outcome

    async with contextlib.AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
        stack.push_async_callback(receiver.aclose)
        for _ in range(at_once):
            tasks.create_task(one_after_the_other())
