"""How we stand with each agency: what it is owed, whether it takes it, whether somebody paused it."""

from collections.abc import Collection, Mapping
from datetime import datetime

from msgspec import Struct
from sqlalchemy import func, select, update

from db import tables
from db.engine import Reading, Transaction
from db.envelopes import PENDING
from db.several import among, several
from db.states import UNANSWERED

a, v, d = tables.agencies.c, tables.envelopes.c, tables.dispatches.c


class StandingRow(Struct, frozen=True):
    """One agency; `refused` are envelopes that it refuses for good, `refused_status` is how (one of them)."""

    code: str
    name: str
    paused_at: datetime | None
    paused_by: str | None
    pause_reason: str | None
    disabled_at: datetime | None
    disabled_by: str | None
    disable_reason: str | None
    caller_number: bool
    is_centre: bool
    no_system: bool
    phone: str | None
    format: str
    has_api_key: bool
    failures_in_a_row: int
    failing_since: datetime | None
    retry_after: datetime | None
    unsent: int
    oldest_unsent_at: datetime | None
    refused: int
    refused_status: int | None
    unaccepted: int
    oldest_unaccepted_at: datetime | None


class BackoffRow(Struct, frozen=True):
    """Tries at an agency that failed in a row, since when, and when its next retry may go."""

    failures_in_a_row: int
    failing_since: datetime | None
    retry_after: datetime | None


async def every(reading: Reading) -> list[StandingRow]:
    """Return all agencies that were not removed, by code."""
    owed = (
        select(
            v.agency_id,
            func.count().label("unsent"),
            func.min(v.created_at).label("oldest_unsent_at"),
            func.count(v.refused_status).label("refused"),
            func.min(v.refused_status).label("refused_status"),
        )
        .where(PENDING)
        .group_by(v.agency_id)
        .subquery()
    )
    unanswered = (
        select(d.agency_id, func.count().label("unaccepted"), func.min(d.created_at).label("oldest_unaccepted_at"))
        .where(d.escalate_at.is_not(None), d.state.in_(UNANSWERED))
        .group_by(d.agency_id)
        .subquery()
    )
    statement = (
        select(
            *(a.code, a.name, a.paused_at, a.paused_by, a.pause_reason),
            *(a.disabled_at, a.disabled_by, a.disable_reason, a.caller_number, a.is_centre),
            *((a.url == "").label("no_system"), a.phone, a.format, a.api_key.is_not(None).label("has_api_key")),
            *(a.failures_in_a_row, a.failing_since, a.retry_after),
            func.coalesce(owed.c.unsent, 0).label("unsent"),
            owed.c.oldest_unsent_at,
            func.coalesce(owed.c.refused, 0).label("refused"),
            owed.c.refused_status,
            func.coalesce(unanswered.c.unaccepted, 0).label("unaccepted"),
            unanswered.c.oldest_unaccepted_at,
        )
        .outerjoin(owed, owed.c.agency_id == a.id)
        .outerjoin(unanswered, unanswered.c.agency_id == a.id)
        .where(a.removed_at.is_(None))
        .order_by(a.code)
    )
    return await reading.rows(StandingRow, statement)


async def failing(tx: Transaction, agency_ids: Collection[int]) -> dict[int, BackoffRow]:
    """Lock those of these agencies that do not take what we send; return their back-offs by their ids.

    An agency's row is locked after reports, dispatches and envelopes.
    """
    rows = await tx.connection.execute(_lock_failing, {"ids": several(agency_ids)})
    return {row.id: BackoffRow(row.failures_in_a_row, row.failing_since, row.retry_after) for row in rows}


async def locked(tx: Transaction, agency_id: int) -> BackoffRow:
    """Lock any agency; return the same of it."""
    row = (await tx.connection.execute(_lock, {"ids": [agency_id]})).one_or_none()
    return BackoffRow(0, None, None) if row is None else BackoffRow(*row[1:])


_lock = (
    select(a.id, a.failures_in_a_row, a.failing_since, a.retry_after)
    .where(among(a.id, "ids"))
    .order_by(a.id)
    .with_for_update(key_share=True)
)
_lock_failing = _lock.where(a.failures_in_a_row > 0)


async def save(tx: Transaction, agency_id: int, values: Mapping[str, object]) -> None:
    """Change how we stand with an agency."""
    await tx.connection.execute(update(tables.agencies).where(a.id == agency_id).values(**values))


async def bring_near(tx: Transaction, beyond: datetime) -> None:
    """Lift back-offs that last beyond a time: a clock was ahead when they were written."""
    await tx.connection.execute(update(tables.agencies).where(a.retry_after > beyond).values(retry_after=None))
