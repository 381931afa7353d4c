"""What the boards count: calls, dispatches that nobody accepted, open reports, strikes asked for.

Nothing here names a caller. Test calls and exercises are in no count of calls; calls are found by when their report was
opened, which is when they arrived (one index).
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from msgspec import Struct
from sqlalchemy import case, exists, extract, func, select

from db import tables
from db.engine import Reading
from db.giving_up import GAVE_UP
from db.reports import NOT_CLOSED, ReportRow
from db.states import AT_WORK, NOT_LIVE, OVER, UNANSWERED
from db.strikes import StrikeRow

r, c, d, a, q, s, w = (
    one.c
    for one in (
        *(tables.reports, tables.calls, tables.dispatches, tables.agencies),
        *(tables.queue_members, tables.strikes, tables.worklist),
    )
)
QUARTER_S: Final = 900  # every time zone is whole quarters of an hour from UTC
REAL: Final = (r.classification != "test", r.exercise.is_(False))
WAITS: Final = d.escalate_at.is_not(None) & d.state.in_(UNANSWERED)  # as `dispatches.waiting` counts them
later = tables.dispatches.alias()
FOLLOWED: Final = (
    exists()
    .where(later.c.report_id == d.report_id, later.c.created_at > d.created_at, later.c.state.not_in(NOT_LIVE))
    .correlate(tables.dispatches)
)
# The agency rejected, or accepted and gave up, and nobody was sent it after them. Of joined reports it is the head that
# is sent: only the ladder (`escalate_at`) knows there whether nobody has a member's that was rejected.
FORSAKEN: Final = r.status.not_in(OVER) & (
    ((d.state == "rejected") & (r.duplicate_of.is_(None) | d.escalate_at.is_not(None)) & ~FOLLOWED) | GAVE_UP
)
SILENT: Final = d.state.in_(AT_WORK) & (d.asked > 0) & r.status.not_in(OVER) & ~GAVE_UP


class CallTimes(Struct, frozen=True):
    """When things happened to a call; `taken`: a human answered, even if nobody knows when."""

    stage: str
    outcome: str | None
    arrived_at: datetime
    answered_at: datetime | None
    ended_at: datetime | None
    taken: bool


class UnacceptedRow(Struct, frozen=True):
    """A dispatch that nobody at its agency has answered."""

    report: str
    agency: str
    priority: str | None
    kind: str | None
    exercise: bool
    created_at: datetime
    accept_by: datetime


class OpenTotals(Struct, frozen=True):
    """Reports that are not closed; of these: with an unaccepted dispatch, with an overdue one, with a rejected or given
    up one that nobody follows, with a silent one, untouched by anybody.
    """

    total: int
    unaccepted: int
    overdue: int
    rejected: int
    silent: int
    untouched: int


class Troubled(Struct, frozen=True):
    """Dispatches that their agency rejected or gave up and that nobody follows, and those whose agency fell silent."""

    rejected: int
    silent: int


class Owed(Struct, frozen=True):
    """When the oldest open item of the worklist became owed a call back."""

    oldest_at: datetime | None
    unowned: int


_of_open = tables.dispatches.join(tables.reports, r.id == d.report_id)
_times = select(
    *(c.stage, c.outcome, c.arrived_at, c.answered_at, c.ended_at),
    c.operator_device.is_not(None).label("taken"),
).join(tables.reports, r.id == c.report_id)


async def call_times(reading: Reading, since: datetime) -> list[CallTimes]:
    """Return the calls that arrived since a time, in no order."""
    which = r.opened_at >= since, c.arrived_at >= since, *REAL
    return await reading.rows(CallTimes, _times.where(*which))


async def in_progress(reading: Reading) -> list[CallTimes]:
    """Return the calls that have not ended."""
    return await reading.rows(CallTimes, _times.where(tables.IN_PROGRESS, *REAL))


async def calls_by_quarter(reading: Reading, since: datetime, until: datetime) -> dict[int, int]:
    """Count the calls that arrived from a time until before another, by the second (since 1970) their quarter began."""
    second = extract("epoch", r.opened_at)
    quarter = second - second % QUARTER_S
    statement = (
        select(quarter.label("quarter"), func.count())
        .select_from(tables.reports)
        .where(r.opened_at >= since, r.opened_at < until, r.source == "call", *REAL)
        .group_by("quarter")
    )
    return {int(began): count for began, count in await reading.connection.execute(statement)}


async def first_call(reading: Reading) -> datetime | None:
    """Return when the first report was opened that a call made, or None."""
    statement = select(r.opened_at).where(r.source == "call", *REAL).order_by(r.opened_at).limit(1)
    return (await reading.connection.execute(statement)).scalar_one_or_none()


async def unaccepted(reading: Reading, limit: int) -> list[UnacceptedRow]:
    """Return dispatches that nobody has accepted, the oldest first."""
    columns = (
        r.number.label("report"),
        a.name.label("agency"),
        r.priority,
        r.kind,
        r.exercise,
        d.created_at,
        d.accept_by,
    )
    statement = (
        select(*columns)
        .join(tables.reports, r.id == d.report_id)
        .join(tables.agencies, a.id == d.agency_id)
        .where(WAITS)
        .order_by(d.created_at, d.id)
        .limit(limit)
    )
    return await reading.rows(UnacceptedRow, statement)


async def troubled(reading: Reading) -> Troubled:
    """Count the dispatches that are no agency's any more, and those of which no agency says anything."""
    counts = select(func.count(case((FORSAKEN, 1))), func.count(case((SILENT, 1))))
    statement = counts.select_from(_of_open).where(r.status.in_(NOT_CLOSED))
    return Troubled(*map(int, (await reading.connection.execute(statement)).one()))


async def open_reports(reading: Reading, limit: int) -> tuple[OpenTotals, list[ReportRow]]:
    """Count the reports that are not closed, and return the first of them.

    Those with overdue dispatches, or rejected or given up ones that nobody follows, come first, the longest so first;
    then those whose agency fell silent, the longest silent first; then those with dispatches that nobody has accepted,
    the oldest dispatch first; then the oldest report first.
    """
    overdue = WAITS & (d.accept_by <= reading.now)
    forsaken_at = func.coalesce(d.rejected_at, d.heard_at)
    found = (
        select(
            d.report_id,
            func.min(case((WAITS, d.created_at))).label("asked_at"),
            func.min(case((overdue, d.accept_by), (FORSAKEN, forsaken_at))).label("urgent_at"),
            func.min(case((SILENT, d.heard_at))).label("silent_at"),
            func.count(case((overdue, 1))).label("overdue"),
            func.count(case((FORSAKEN, 1))).label("rejected"),
        )
        .select_from(_of_open)
        .where(r.status.in_(NOT_CLOSED))
        .group_by(d.report_id)
        .subquery()
    )
    joined = tables.reports.outerjoin(found, found.c.report_id == r.id)
    urgent, silent, asked = found.c.urgent_at, found.c.silent_at, found.c.asked_at
    some = (func.count(case((column > 0, 1))) for column in (found.c.overdue, found.c.rejected))
    untouched = func.count(case((r.status == "open", 1)))
    counts = select(func.count(), func.count(asked), *some, func.count(silent), untouched).select_from(joined)
    row = (await reading.connection.execute(counts.where(r.status.in_(NOT_CLOSED)))).one()
    order = urgent.is_(None), urgent, silent.is_(None), silent, asked.is_(None), asked, r.opened_at, r.id
    first = select(tables.reports).select_from(joined).where(r.status.in_(NOT_CLOSED)).order_by(*order).limit(limit)
    return OpenTotals(*map(int, row)), await reading.rows(ReportRow, first)


async def strikes_asked(reading: Reading, since: datetime) -> list[StrikeRow]:
    """Return the strikes asked for since a time that nobody has confirmed or lifted, the oldest first."""
    which = s.asked_at >= since, s.confirmed_at.is_(None), s.lifted_at.is_(None)
    return await reading.rows(StrikeRow, select(tables.strikes).where(*which).order_by(s.asked_at, s.id))


async def owed(reading: Reading) -> Owed:
    """Return since when the worklist's oldest is owed a call back, and how many that are owed nobody has taken."""
    statement = select(func.min(w.owed_at), func.count(case((w.owner.is_(None), w.owed_at)))).where(tables.OPEN_ITEM)
    oldest, unowned = (await reading.connection.execute(statement)).one()
    return Owed(oldest, int(unowned))


async def rung(reading: Reading, pbxs: Collection[str], queues: Collection[str]) -> int:
    """Count the telephones that these queues of these PBXs can ring: there, reachable, not paused."""
    which = q.there, q.reachable, q.paused.is_(False), q.pbx.in_(pbxs), q.queue.in_(queues)
    device = select(q.pbx, q.device).where(*which).distinct().subquery()
    return int((await reading.connection.execute(select(func.count()).select_from(device))).scalar_one())
