"""The delivery log: envelopes with every try at them, and test letters beside them."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from sqlalchemy import func, insert, select

from db import tables
from db.engine import Reading, Transaction
from db.envelopes import AttemptRow

v, t, n = tables.envelopes.c, tables.trials.c, tables.attempts.c


class SentRow(Struct, frozen=True):
    """An envelope as the log shows it; `report` is the report's number."""

    id: str
    dispatch_id: str
    report: str
    sequence: int
    type: str
    state: str
    created_at: datetime
    next_try_at: datetime
    delivered_at: datetime | None
    tries: int


class TrialRow(Struct, frozen=True):
    """A test letter, which was tried once."""

    id: str
    by: str
    at: datetime
    outcome: str
    status: int | None
    latency_ms: int
    detail: str


class TallyRow(Struct, frozen=True):
    """A try, for the figures; `agency` is the agency's code."""

    n: int
    agency: str
    outcome: str
    latency_ms: int


async def envelopes(reading: Reading, agency_id: int, before: str | None, limit: int) -> list[SentRow]:
    """Return an agency's envelopes older than the id `before`, the newest first."""
    columns = (v.id, v.dispatch_id, v.sequence, v.type, v.state, v.created_at, v.next_try_at, v.delivered_at, v.tries)
    statement = (
        select(*columns, tables.reports.c.number.label("report"))
        .join(tables.dispatches, tables.dispatches.c.id == v.dispatch_id)
        .join(tables.reports, tables.reports.c.id == tables.dispatches.c.report_id)
        .where(v.agency_id == agency_id, *([v.id < before] if before is not None else []))
        .order_by(v.id.desc())
        .limit(limit)
    )
    return await reading.rows(SentRow, statement)


async def trials(reading: Reading, agency_id: int, before: str | None, limit: int) -> list[TrialRow]:
    """Return an agency's test letters older than the id `before`, the newest first."""
    columns = (t.id, t.by, t.at, t.outcome, t.status, t.latency_ms, t.detail)
    statement = (
        select(*columns)
        .where(t.agency_id == agency_id, *([t.id < before] if before is not None else []))
        .order_by(t.id.desc())
        .limit(limit)
    )
    return await reading.rows(TrialRow, statement)


async def attempts(reading: Reading, envelope_ids: list[str], each: int) -> dict[str, list[AttemptRow]]:
    """Return the last `each` tries at these envelopes by envelope, the first of them first."""
    rank = func.row_number().over(partition_by=n.envelope_id, order_by=n.n.desc()).label("rank")
    ranked = select(tables.attempts, rank).where(n.envelope_id.in_(envelope_ids)).subquery()
    columns = [column for column in ranked.c if column.name != "rank"]
    statement = select(*columns).where(ranked.c.rank <= each).order_by(ranked.c.n)
    found: dict[str, list[AttemptRow]] = {}
    for row in (await reading.connection.execute(statement)).mappings():
        found.setdefault(row["envelope_id"], []).append(AttemptRow(**row))
    return found


async def log_trial(tx: Transaction, values: Mapping[str, object]) -> None:
    """Add a test letter to the log."""
    await tx.connection.execute(insert(tables.trials).values(at=tx.now, **values))


async def newest(reading: Reading) -> int:
    """Return the number of the newest try; 0 before the first."""
    return int((await reading.connection.execute(select(func.coalesce(func.max(n.n), 0)))).scalar_one())


async def tries_after(reading: Reading, number: int, limit: int) -> list[TallyRow]:
    """Return the tries with a number above `number`, in order."""
    statement = (
        select(n.n, tables.agencies.c.code.label("agency"), n.outcome, n.latency_ms)
        .join(tables.envelopes, v.id == n.envelope_id)
        .join(tables.agencies, tables.agencies.c.id == v.agency_id)
        .where(n.n > number)
        .order_by(n.n)
        .limit(limit)
    )
    return await reading.rows(TallyRow, statement)
