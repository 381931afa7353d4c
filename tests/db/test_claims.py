"""What a claim costs, and its end, does not grow with what is owed: they read an index. On both databases."""

from collections.abc import Awaitable, Callable
from typing import get_args

import pytest
from sqlalchemy import event, text

from db import envelopes
from db.engine import Database, Transaction
from db.envelopes import Which
from db.several import several


async def plan_of(database: Database, use: Callable[[Transaction], Awaitable[object]]) -> str:
    """Return the plan of the one statement that `use` executes, where a table is read as a whole only if it must be."""
    seen: list[tuple[str, tuple[object, ...]]] = []
    async with database.transaction() as tx:
        connection = tx.connection.sync_connection
        assert connection is not None

        @event.listens_for(connection, "before_cursor_execute")
        def note(_: object, __: object, statement: str, parameters: tuple[object, ...], *___: object) -> None:
            seen.append((statement, parameters))

        await use(tx)
        [(statement, parameters)] = seen
        if not database.is_sqlite:
            await tx.connection.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))  # as after some uses
            for way in ("seqscan", "bitmapscan", "sort"):  # what is cheaper with an empty table
                await tx.connection.execute(text(f"SET LOCAL enable_{way} = off"))
        explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
        return "\n".join(str(row) for row in await tx.connection.exec_driver_sql(explain + statement, parameters))


@pytest.mark.parametrize("which", get_args(Which))
async def test_a_claim_sorts_nothing(database: Database, which: Which) -> None:
    plan = await plan_of(database, lambda tx: envelopes.claim(tx, 1, "claim", tx.now, 4, which))
    assert "ix_envelopes_claim" in plan
    assert "Sort" not in plan
    assert "ORDER BY" not in plan


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)  # PostgreSQL has statistics
async def test_a_set_that_was_taken_is_found_by_its_ids(database: Database) -> None:
    plan = await plan_of(database, lambda tx: envelopes.delivered(tx, [("one", "claim"), ("two", "claim")]))
    assert "sqlite_autoindex_envelopes_1 (id=?)" in plan


def test_lists_have_few_lengths() -> None:
    assert [several(range(count)) for count in (0, 1, 2, 3)] == [[], [0], [0, 1], [0, 1, 2, 2]]
    assert {len(several(range(count))) for count in range(5, 33)} == {8, 16, 32}
