"""The log of what agencies answered: every answer as it came, whether it changed anything or not."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from sqlalchemy import func, select

from db import tables
from db.engine import Reading, Transaction

a = tables.answers.c


class AnswerRow(Struct, frozen=True):
    """One answer; `applied`: it moved the dispatch on. `at` is the agency's own time."""

    n: int
    dispatch_id: str
    received_at: datetime
    answer: str
    by: str | None
    at: datetime | None
    sequence: int | None
    note: str | None
    applied: bool
    via: str | None
    recorded_by: str | None
    key: str | None
    agency_id: int | None


async def add(tx: Transaction, dispatch_id: str, agency_id: int, values: Mapping[str, object]) -> bool:
    """Keep an answer; False when its key was written down by another transaction meanwhile, and nothing was kept.

    That transaction is waited for. This one goes on: an error of the database would have ended it.
    """
    row = {"dispatch_id": dispatch_id, "agency_id": agency_id, "received_at": tx.now, **values}
    statement = tx.insert_or(tables.answers).values(row).on_conflict_do_nothing().returning(a.n)
    return (await tx.connection.execute(statement)).first() is not None


async def count(reading: Reading, dispatch_id: str) -> int:
    """Return how many answers to a dispatch are kept."""
    statement = select(func.count()).select_from(tables.answers).where(a.dispatch_id == dispatch_id)
    return (await reading.connection.execute(statement)).scalar_one()


async def of_dispatch(reading: Reading, dispatch_id: str) -> list[AnswerRow]:
    """Return all answers to a dispatch, in the order in which they came."""
    statement = select(tables.answers).where(a.dispatch_id == dispatch_id).order_by(a.n)
    return await reading.rows(AnswerRow, statement)


async def with_key(reading: Reading, agency_id: int, key: str) -> AnswerRow | None:
    """Return the agency's answer that came with this key first, to whichever of its dispatches."""
    d = tables.dispatches.c
    statement = (
        select(tables.answers)
        .join(tables.dispatches, d.id == a.dispatch_id)
        .where(a.key == key, d.agency_id == agency_id)
        .order_by(a.n)
        .limit(1)
    )
    return await reading.row(AnswerRow, statement)
