"""What the chain alone cannot show is shown by heads that were carried away before. On both databases."""

import asyncio

import pytest
from sqlalchemy import delete, select, update

from db import chain, tables
from db.chain import Head
from db.engine import Database
from db.journal import GENESIS, audit_hash

ROWS = 7


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chain, "PAGE", 3)


@pytest.fixture
async def heads(database: Database) -> list[Head]:
    """Write seven rows; the heads of each moment."""
    found: list[Head] = []
    for n in range(1, ROWS + 1):
        async with database.transaction() as tx:
            tx.record("siti", "entry.written", f"112-{n}")
        async with database.reading() as reading:
            found.append(await chain.head(reading))
    return found


async def forge(database: Database, first: int, last: int) -> None:
    """Write the rows from `first` on anew by an actor who never was, up to `last`, and make all fit."""
    async with database.transaction() as tx:
        a, prev = tables.audit.c, GENESIS
        await tx.connection.execute(delete(tables.audit).where(a.n > last))
        for row in (await tx.connection.execute(select(tables.audit).order_by(a.n))).all():
            actor = "mallory" if row.n >= first else row.actor
            digest = audit_hash(row.n, row.at, actor, row.action, row.subject, row.detail, prev)
            values = {"actor": actor, "prev": prev, "hash": digest}
            await tx.connection.execute(update(tables.audit).where(a.n == row.n).values(values))
            prev = digest
        await tx.connection.execute(update(tables.head).values(audit_n=last, audit_hash=prev))


async def test_all_that_was_signed_agrees(database: Database, heads: list[Head]) -> None:
    seen: list[int] = []
    found = await chain.verify(database, heads[::-1], seen.append)
    assert (found.rows, found.bad, seen) == (ROWS, None, [3, 6, 7])


async def test_a_tail_cut_with_its_mark_is_found_by_a_head(database: Database, heads: list[Head]) -> None:
    await forge(database, ROWS + 1, 5)
    assert (await chain.verify(database)).bad is None, "the chain alone fits"
    found = await chain.verify(database, [heads[1], heads[6]])
    assert (found.rows, found.bad) == (5, 6)
    assert "up to n=7" in found.why


async def test_rows_made_anew_are_found_by_a_head(database: Database, heads: list[Head]) -> None:
    await forge(database, 4, ROWS)
    assert (await chain.verify(database)).bad is None, "the chain alone fits"
    found = await chain.verify(database, [heads[1], heads[4], heads[6]])
    assert (found.rows, found.bad) == (2, 3), "the signed rows up to 2 are as they were"
    assert "n=3 to 5" in found.why


async def test_what_is_written_during_the_walk_is_walked_too(database: Database, heads: list[Head]) -> None:
    async def write() -> None:
        for n in range(20):
            async with database.transaction() as tx:
                tx.record("budi", "x", str(n))

    async with asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(write())
        while not writing.done():
            assert (await chain.verify(database, heads)).bad is None
            await asyncio.sleep(0)
    assert (await chain.verify(database, heads)).rows == ROWS + 20
