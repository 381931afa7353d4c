"""Instants in the database: the same on the way out, ordered as text on SQLite, and never a guess."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import insert, literal, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import StatementError

from db import tables
from db.engine import Database

WIB = timezone(timedelta(hours=7))
INSTANTS = (
    datetime(2026, 11, 24, 12, 0, 0, 0, UTC),
    datetime(2026, 11, 24, 12, 0, 0, 1, UTC),
    datetime(2026, 11, 24, 19, 0, 1, 500_000, WIB),
    datetime(999, 1, 1, 0, 0, 0, 0, UTC),
)


async def test_an_instant_comes_back_as_it_was_given(database: Database) -> None:
    c = tables.live_events.c
    async with database.transaction() as tx:
        rows = [{"seq": 900 + n, "at": at, "kind": "report", "subject": "x"} for n, at in enumerate(INSTANTS)]
        await tx.connection.execute(insert(tables.live_events), rows)
    async with database.reading() as reading:
        found = (await reading.connection.execute(select(c.at).where(c.seq >= 900).order_by(c.seq))).scalars().all()
        later = (await reading.connection.execute(select(c.seq).where(c.at > INSTANTS[0], c.seq >= 900))).scalars()
        assert sorted(later) == [901, 902]
    assert found == list(INSTANTS)
    assert {at.tzinfo for at in found} == {UTC}


def test_sqlite_keeps_the_text_that_sqlalchemy_writes() -> None:
    dialect = sqlite.dialect()
    ours = tables.live_events.c.at.type.dialect_impl(dialect).bind_processor(dialect)
    theirs = sqlite.DATETIME().bind_processor(dialect)  # type: ignore[no-untyped-call]
    assert ours is not None
    assert theirs is not None
    for given in INSTANTS:
        assert ours(given) == theirs(given.astimezone(UTC).replace(tzinfo=None))


async def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    async with database.reading() as reading:
        with pytest.raises(StatementError, match="naive datetime"):
            await reading.connection.execute(select(literal(datetime(2026, 11, 24), tables.UtcTime)))  # noqa: DTZ001
