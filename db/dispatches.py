"""Dispatches: a report x an agency."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import bindparam, case, func, insert, select, update

from db import tables
from db.engine import Reading, Transaction
from db.several import among, several
from db.states import FINISHED, OVER, UNANSWERED

d = tables.dispatches.c


class DispatchRow(Struct, frozen=True):
    """One dispatch; `agency` is the agency's code."""

    id: str
    report_id: int
    agency_id: int
    state: str
    sequence: int
    created_at: datetime
    created_by: str
    accept_by: datetime
    accept_within_s: int | None
    sent_at: datetime | None
    delivered_at: datetime | None
    accepted_at: datetime | None
    rejected_at: datetime | None
    en_route_at: datetime | None
    on_scene_at: datetime | None
    resolved_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: str | None
    answered_by: str | None
    note: str | None
    escalation: int
    escalate_at: datetime | None
    rule_version: int | None
    rule_number: int | None
    heard_at: datetime | None
    asked: int
    caller_number: bool
    page_token: str | None
    photos: int
    agency: str
    report: str  # the report's number
    agency_disabled: bool
    agency_no_system: bool
    agency_phone: str | None
    agency_failures: int  # in a row, until now

    @property
    def accept_within(self) -> timedelta:
        """Return how long the agency has to accept, which is what its ladder counts in."""
        given_s = self.accept_within_s
        return self.accept_by - self.created_at if given_s is None else timedelta(seconds=given_s)

    @property
    def is_waiting(self) -> bool:
        """Return whether somebody waits for an answer that the agency can give."""
        return self.state in UNANSWERED and self.escalate_at is not None and not self.agency_disabled

    def is_overdue(self, now: datetime) -> bool:
        """Return whether its time to accept has passed, nobody answered, and somebody still waits for it."""
        return self.escalate_at is not None and self.state in UNANSWERED and self.accept_by <= now


_joined = (
    select(
        tables.dispatches,
        tables.agencies.c.code.label("agency"),
        tables.reports.c.number.label("report"),
        tables.agencies.c.disabled_at.is_not(None).label("agency_disabled"),
        (tables.agencies.c.url == "").label("agency_no_system"),
        tables.agencies.c.phone.label("agency_phone"),
        tables.agencies.c.failures_in_a_row.label("agency_failures"),
    )
    .join(tables.agencies, tables.agencies.c.id == d.agency_id)
    .join(tables.reports, tables.reports.c.id == d.report_id)
)


async def add(tx: Transaction, values: Mapping[str, object]) -> None:
    """Insert a dispatch in state `queued`."""
    await tx.connection.execute(
        insert(tables.dispatches).values(state="queued", sequence=0, created_at=tx.now, **values)
    )


async def find(reading: Reading, dispatch_id: str) -> DispatchRow | None:
    """Return the dispatch; inside a transaction its row stays locked until the end."""
    statement = _joined.where(d.id == dispatch_id)
    if isinstance(reading, Transaction):
        statement = statement.with_for_update(of=tables.dispatches)
    return await reading.row(DispatchRow, statement)


async def lock_free(tx: Transaction, dispatch_ids: Collection[str]) -> dict[str, DispatchRow]:
    """Lock these dispatches and their reports; return those of which nobody else has locked either.

    Who asks for many waits for none, so there is no order to keep.
    """
    rows = await tx.rows(DispatchRow, _lock_free, {"ids": several(dispatch_ids)})
    return {row.id: row for row in rows}


_lock_free = _joined.where(among(d.id, "ids")).with_for_update(of=(tables.reports, tables.dispatches), skip_locked=True)


async def report_of(reading: Reading, dispatch_id: str) -> int | None:
    """Return the id of a dispatch's report and lock nothing: a report is locked before its dispatches."""
    return (await reading.connection.execute(select(d.report_id).where(d.id == dispatch_id))).scalar_one_or_none()


async def of_page(reading: Reading, token: str) -> DispatchRow | None:
    """Return the dispatch whose phone page has this token, and lock nothing."""
    return await reading.row(DispatchRow, _joined.where(d.page_token == token))


async def of_reports(reading: Reading, report_ids: list[int]) -> dict[int, list[DispatchRow]]:
    """Return the dispatches of these reports by report id, the oldest first."""
    statement = _joined.where(d.report_id.in_(report_ids)).order_by(d.created_at, d.id)
    found: dict[int, list[DispatchRow]] = {}
    for row in (await reading.connection.execute(statement)).mappings():
        found.setdefault(row["report_id"], []).append(DispatchRow(**row))
    return found


async def due(reading: Reading, limit: int) -> list[str]:
    """Return the dispatches whose next step has come, the longest due first."""
    statement = select(d.id).where(d.escalate_at <= reading.now).order_by(d.escalate_at, d.id).limit(limit)
    return list((await reading.connection.execute(statement)).scalars())


async def next_due(reading: Reading) -> datetime | None:
    """Return when the next step of any dispatch comes that has not come yet, or None."""
    statement = select(func.min(d.escalate_at)).where(d.escalate_at > reading.now)
    found: datetime | None = (await reading.connection.execute(statement)).scalar_one()
    return found


async def waiting(reading: Reading) -> tuple[int, int, float]:
    """Return how many dispatches nobody has accepted, how many of them are overdue, and the oldest's age in seconds."""
    unanswered = d.escalate_at.is_not(None) & d.state.in_(UNANSWERED)
    overdue = func.coalesce(func.sum(case((d.accept_by <= reading.now, 1), else_=0)), 0)
    statement = select(func.count(), overdue, func.min(d.created_at)).where(unanswered)
    count, late, oldest = (await reading.connection.execute(statement)).one()
    return count, int(late), (reading.now - oldest).total_seconds() if oldest is not None else 0.0


async def change(tx: Transaction, dispatch_id: str, values: Mapping[str, object]) -> None:
    """Save columns of a dispatch."""
    await tx.connection.execute(update(tables.dispatches).where(d.id == dispatch_id).values(**values))


async def delivered(tx: Transaction, dispatch_ids: Collection[str]) -> None:
    """Move many locked dispatches on to delivered; sent they were when their creation was tried first."""
    await tx.connection.execute(_delivered, {"ids": several(dispatch_ids), "now": tx.now})


_first_try_at = (
    select(func.min(tables.envelopes.c.first_try_at))
    .where(tables.envelopes.c.dispatch_id == d.id, tables.envelopes.c.type == "dispatch.created")
    .scalar_subquery()
)
_delivered = (
    update(tables.dispatches)
    .where(among(d.id, "ids"))
    .values(state="delivered", sent_at=func.coalesce(d.sent_at, _first_try_at), delivered_at=bindparam("now"))
)


async def open_at(reading: Reading, agency_id: int) -> list[int]:
    """Return the reports that are not over and of which an agency has a dispatch to finish, in the order of locks."""
    statement = (
        select(d.report_id)
        .join(tables.reports, tables.reports.c.id == d.report_id)
        .where(d.agency_id == agency_id, d.state.not_in(FINISHED), tables.reports.c.status.not_in(OVER))
        .order_by(d.report_id)
    )
    return list(dict.fromkeys((await reading.connection.execute(statement)).scalars()))


async def look_now(tx: Transaction, agency_id: int) -> None:
    """Let the ladder look at once at what an agency has not answered, unless the next one has it already."""
    waits = d.agency_id == agency_id, d.state.in_(UNANSWERED), d.escalate_at > tx.now, d.escalation < 2
    ids = select(d.id).where(*waits).order_by(d.id).with_for_update().scalar_subquery()
    await tx.connection.execute(update(tables.dispatches).where(d.id.in_(ids)).values(escalate_at=tx.now))


async def end_ladders(tx: Transaction, report_id: int) -> None:
    """Let no step of the ladder be due any more for any dispatch of a report."""
    on_one = d.report_id == report_id, d.escalate_at.is_not(None)
    await tx.connection.execute(update(tables.dispatches).where(*on_one).values(escalate_at=None))
