"""Lists in a statement, on both databases."""

from sqlalchemy import insert, select

from db import tables
from db.engine import Database
from db.several import among, several

c = tables.report_counters.c


async def test_one_of_a_list_is_found_whole_and_by_its_index(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.connection.execute(
            insert(tables.report_counters), [{"day": f"2026010{n}", "last": n} for n in (1, 2, 3)]
        )
    statement = select(c.last).where(among(c.day, "days")).order_by(c.day)
    for asked, found in {
        ("20260101", "20260103", "20260109"): [1, 3],
        ("20260102, and more",): [],  # none is cut down to the column's width
        (): [],
    }.items():
        async with database.reading() as reading:
            rows = await reading.connection.execute(statement, {"days": several(asked)})
            assert list(rows.scalars()) == found
    async with database.reading() as reading:
        written = str(statement.compile(dialect=reading.connection.dialect))
    written_so = ") = 1" not in written if database.is_sqlite else "= ANY (" in written
    assert written_so, f"SQLite takes no index of `IN (…) = 1`, PostgreSQL one statement of all lengths: {written}"
