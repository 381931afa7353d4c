"""What a claim costs does not grow with what is owed: it reads an index in its own order. On both databases."""

from typing import get_args

import pytest
from sqlalchemy import event, text

from db import envelopes
from db.engine import Database
from db.envelopes import Which
from db.several import several


@pytest.mark.parametrize("which", get_args(Which))
async def test_a_claim_sorts_nothing(database: Database, which: Which) -> None:
    seen: list[tuple[str, tuple[object, ...]]] = []
    async with database.transaction() as tx:
        connection = tx.connection.sync_connection
        assert connection is not None

        @event.listens_for(connection, "before_cursor_execute")
        def note(_: object, __: object, statement: str, parameters: tuple[object, ...], *___: object) -> None:
            seen.append((statement, parameters))

        await envelopes.claim(tx, 1, "claim", tx.now, 4, which)
        [(statement, parameters)] = seen
        if not database.is_sqlite:
            await tx.connection.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))  # as after some claims
            for way in ("seqscan", "bitmapscan", "sort"):  # what is cheaper with an empty table
                await tx.connection.execute(text(f"SET LOCAL enable_{way} = off"))
        explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
        plan = "\n".join(str(row) for row in await tx.connection.exec_driver_sql(explain + statement, parameters))
    assert "ix_envelopes_claim" in plan
    assert "Sort" not in plan
    assert "ORDER BY" not in plan


def test_lists_have_few_lengths() -> None:
    assert [several(range(count)) for count in (0, 1, 2, 3)] == [[], [0], [0, 1], [0, 1, 2, 2]]
    assert {len(several(range(count))) for count in range(5, 33)} == {8, 16, 32}
