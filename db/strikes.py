"""Strikes: a number was a nuisance. One person says so, another confirms it, and it expires; it never stops a call."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Select, select, update

from db import tables
from db.engine import Reading, Transaction
from db.ids import new_id
from db.several import several

s = tables.strikes.c


class StrikeRow(Struct, frozen=True):
    """A number was a nuisance, one person says; it holds once another has confirmed it, until it expires or is lifted.

    `note`: children, a telephone in a pocket.
    """

    id: str
    number: str
    report_id: int
    note: str | None
    asked_at: datetime
    asked_by: str
    confirmed_at: datetime | None
    confirmed_by: str | None
    expires_at: datetime | None
    lifted_at: datetime | None
    lifted_by: str | None
    lifted_because: str | None

    def holds(self, now: datetime) -> bool:
        """Tell whether it marks its number now."""
        return self.expires_at is not None and self.lifted_at is None and now < self.expires_at


async def ask(tx: Transaction, number: str, report_id: int, note: str | None, by: str) -> StrikeRow | None:
    """Write a strike that nobody has confirmed. None: the report has one."""
    values = {"number": number, "report_id": report_id, "note": note, "asked_at": tx.now, "asked_by": by}
    statement = tx.insert_or(tables.strikes).values(id=new_id(tx.now), **values).on_conflict_do_nothing()
    return await tx.row(StrikeRow, statement.returning(tables.strikes))


async def find(tx: Transaction, strike_id: str) -> StrikeRow | None:
    """Return a strike, locked until the transaction ends (its report is locked before it)."""
    return await _one(tx, select(tables.strikes).where(s.id == strike_id).with_for_update())


async def look(reading: Reading, strike_id: str) -> StrikeRow | None:
    """Return a strike without locking it."""
    return await _one(reading, select(tables.strikes).where(s.id == strike_id))


async def of_number(reading: Reading, number: str, since: datetime) -> list[StrikeRow]:
    """Return a number's strikes asked for since a time, the newest first."""
    statement = select(tables.strikes).where(s.number == number, s.asked_at >= since)
    return await reading.rows(StrikeRow, statement.order_by(s.asked_at.desc(), s.id.desc()))


async def marked(reading: Reading, numbers: Collection[str]) -> set[str]:
    """Return those of the numbers that a strike marks now."""
    holds = s.lifted_at.is_(None), s.expires_at > reading.now
    statement = select(s.number).where(s.number.in_(several(numbers)), *holds)
    return set((await reading.connection.execute(statement)).scalars())


async def every(reading: Reading, since: datetime, most: int = 200) -> list[StrikeRow]:
    """Return the strikes asked for since a time, the newest first."""
    statement = select(tables.strikes).where(s.asked_at >= since).order_by(s.id.desc()).limit(most)
    return await reading.rows(StrikeRow, statement)


async def change(tx: Transaction, ids: Collection[str], values: Mapping[str, object]) -> None:
    """Save what changes of strikes."""
    await tx.connection.execute(update(tables.strikes).where(s.id.in_(several(ids))).values(**values))


async def _one(reading: Reading, statement: Select[Any]) -> StrikeRow | None:
    return await reading.row(StrikeRow, statement)
