"""Live events come in commit order without gaps; the audit chain shows every tampering. On both databases."""

import asyncio

import pytest
from sqlalchemy import text

from db import chain, live
from db.engine import Database

WRITERS, EACH = 8, 25


async def test_no_reader_misses_an_event_of_eight_writers(database: Database) -> None:
    seen: list[int] = []
    done = asyncio.Event()

    async def write(writer: int) -> None:
        for n in range(EACH):
            async with database.transaction() as tx:
                tx.tell("report", f"{writer}-{n}", n)
                await asyncio.sleep(0)

    async def read() -> None:
        while len(seen) < WRITERS * EACH:
            ticket = database.wakeups.ticket("live")
            async with database.reading() as reading:
                seen.extend(row.seq for row in await live.after(reading, seen[-1] if seen else 0))
            if len(seen) < WRITERS * EACH:
                await database.wakeups.wait("live", ticket, 1.0)
        done.set()

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(read())
        for writer in range(WRITERS):
            tasks.create_task(write(writer))
    assert seen == list(range(1, WRITERS * EACH + 1))


async def test_a_transaction_that_fails_takes_no_number_and_tells_nothing(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as tx:
            tx.tell("report", "lost")
            tx.record("a", "b", "c")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with database.transaction() as tx:
        tx.tell("report", "kept", 1)
    async with database.reading() as reading:
        assert [(row.seq, row.subject) for row in await live.after(reading, 0)] == [(1, "kept")]
    assert await verdict(database) == (0, None)


async def test_one_subject_is_told_once_a_transaction_with_its_last_version(database: Database) -> None:
    async with database.transaction() as tx:
        tx.tell("report", "r", 1)
        tx.tell("report", "r", 2)
    async with database.reading() as reading:
        assert [row.version for row in await live.after(reading, 0)] == [2]


async def five_rows(database: Database) -> None:
    """Write five audit rows, two of them in one transaction, one with letters beyond ASCII."""
    for actor in ("siti", "budi", "Ünal"):
        async with database.transaction() as tx:
            tx.record(actor, "report.opened", "112-1", fields=["kind", "priority"], count=2)
    async with database.transaction() as tx:
        tx.record("siti", "entry.written", "112-1")
        tx.record("siti", "entry.struck", "112-1", entry=None)


async def verdict(database: Database) -> tuple[int, int | None]:
    """Return what the verification says."""
    found = await chain.verify(database)
    return found.rows, found.bad


async def test_an_untouched_chain_verifies(database: Database) -> None:
    await five_rows(database)
    assert await verdict(database) == (5, None)


TAMPERINGS = {
    "an edit": ("UPDATE audit SET actor = 'mallory' WHERE n = 3", 3),
    "an edit of the details": ("UPDATE audit SET detail = '{}' WHERE n = 2", 2),
    "a deletion": ("DELETE FROM audit WHERE n = 2", 2),
    "a cut tail": ("DELETE FROM audit WHERE n >= 4", 4),
    "everything cut": ("DELETE FROM audit", 1),
    "a hash of their own": ("UPDATE audit SET hash = prev WHERE n = 5", 5),
}


@pytest.mark.parametrize("name", TAMPERINGS)
async def test_tampering_is_found_at_its_first_row(database: Database, name: str) -> None:
    await five_rows(database)
    statement, bad = TAMPERINGS[name]
    async with database.transaction() as tx:
        await tx.connection.execute(text(statement))
    assert (await verdict(database))[1] == bad


async def test_a_reordering_is_found(database: Database) -> None:
    await five_rows(database)
    async with database.transaction() as tx:
        for statement in ("SET n = 99 WHERE n = 2", "SET n = 2 WHERE n = 3", "SET n = 3 WHERE n = 99"):
            await tx.connection.execute(text(f"UPDATE audit {statement}"))
    assert (await verdict(database))[1] == 2


async def test_thirty_two_at_once_make_one_chain(database: Database) -> None:
    async def one(n: int) -> None:
        async with database.transaction() as tx:
            tx.record(f"user{n}", "x", "y", n=n)

    async with asyncio.TaskGroup() as tasks:
        for n in range(32):
            tasks.create_task(one(n))
    assert await verdict(database) == (32, None)
