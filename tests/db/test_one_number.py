"""A number that rings all day costs no more than another: what is looked for stands in an index. On both databases."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import event, text

from db import callers, links
from db.engine import Database, Transaction

ASKS: dict[str, tuple[Callable[[Transaction], Awaitable[object]], list[str]]] = {
    "calls that were answered later": (
        lambda tx: callers.answered_after(tx, "+6281200000101", tx.now),
        ["ix_calls_number_arrived_at", "ix_reports_caller_number_opened_at"],
    ),
    "a link of two reports, undone or not": (
        lambda tx: links.ever_linked(tx, 2, 1),
        ["ix_links_report_id_to_report_id"],
    ),
}


@pytest.mark.parametrize("name", ASKS)
async def test_it_reads_no_more_than_it_needs(database: Database, name: str) -> None:
    ask, indexes = ASKS[name]
    seen: list[tuple[str, tuple[object, ...]]] = []
    async with database.transaction() as tx:
        connection = tx.connection.sync_connection
        assert connection is not None

        @event.listens_for(connection, "before_cursor_execute")
        def note(_: object, __: object, statement: str, parameters: tuple[object, ...], *___: object) -> None:
            seen.append((statement, parameters))

        await ask(tx)
        statement, parameters = seen[0]
        if not database.is_sqlite:
            for way in ("seqscan", "bitmapscan"):  # what is cheaper with an empty table
                await tx.connection.execute(text(f"SET LOCAL enable_{way} = off"))
        explain = "EXPLAIN QUERY PLAN " if database.is_sqlite else "EXPLAIN "
        plan = [str(row) for row in await tx.connection.exec_driver_sql(explain + statement, parameters)]
    for index in indexes:
        at = next((n for n, line in enumerate(plan) if index in line), None)
        assert at is not None, plan
        bounds = plan[at] if database.is_sqlite else plan[at + 1]
        assert " AND " in bounds.upper(), f"{index} is read by more than the number: {bounds}"
