"""Hand-overs at the end of a shift: who leaves which open reports to whom, with a note."""

from collections.abc import Collection, Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import insert, or_, select, update

from db import tables
from db.engine import Reading, Transaction
from db.ids import new_id
from db.reports import NOT_CLOSED, ReportRow

h, i, r, e, c, u = (
    one.c
    for one in (
        *(tables.handovers, tables.handed_reports, tables.reports),
        *(tables.entries, tables.calls, tables.users),
    )
)


class HandoverRow(Struct, frozen=True):
    """One hand-over; `to_user` None: whoever takes it."""

    id: str
    at: datetime
    from_user: str
    to_user: str | None
    note: str
    taken_at: datetime | None
    taken_by: str | None


async def add(tx: Transaction, by: str, to: str | None, note: str, report_ids: Collection[int]) -> HandoverRow:
    """Insert a hand-over of reports."""
    values = {"id": new_id(tx.now), "at": tx.now, "from_user": by[:128], "to_user": to, "note": note}
    statement = insert(tables.handovers).values(values).returning(tables.handovers)
    row = HandoverRow(**(await tx.connection.execute(statement)).mappings().one())
    handed = [{"handover_id": row.id, "report_id": report_id} for report_id in sorted(report_ids)]
    await tx.connection.execute(insert(tables.handed_reports), handed)
    return row


async def find(reading: Reading, handover_id: str) -> HandoverRow | None:
    """Return the hand-over with this id, or None."""
    found = await reading.connection.execute(select(tables.handovers).where(h.id == handover_id))
    row = found.mappings().one_or_none()
    return HandoverRow(**row) if row else None


async def take(tx: Transaction, handover_id: str, by: str) -> bool:
    """Let somebody take a hand-over. False: somebody has, nothing is saved."""
    statement = update(tables.handovers).where(h.id == handover_id, h.taken_at.is_(None))
    return bool((await tx.connection.execute(statement.values(taken_at=tx.now, taken_by=by[:128]))).rowcount == 1)


async def newest(reading: Reading, limit: int, *, waiting: bool) -> list[HandoverRow]:
    """Return the newest hand-overs; `waiting`: all that nobody has taken yet, unless every report is closed."""
    statement = select(tables.handovers).order_by(h.id.desc())
    if waiting:
        is_open = i.handover_id == h.id, r.id == i.report_id, r.status != "closed"
        statement = statement.where(h.taken_at.is_(None), select(i.report_id).where(*is_open).exists())
    else:
        statement = statement.limit(limit)
    return await reading.rows(HandoverRow, statement)


async def numbers(reading: Reading, handover_ids: Sequence[str]) -> dict[str, list[str]]:
    """Return the numbers of the reports that hand-overs are about, by their ids."""
    statement = (
        select(i.handover_id, r.number).join(tables.reports, r.id == i.report_id).where(i.handover_id.in_(handover_ids))
    )
    found: dict[str, list[str]] = {one: [] for one in handover_ids}
    for handover_id, number in await reading.connection.execute(statement.order_by(r.id)):
        found[handover_id].append(number)
    return found


async def last_of(reading: Reading, report_id: int) -> HandoverRow | None:
    """Return the last hand-over of a report, or None."""
    statement = (
        select(tables.handovers)
        .join(tables.handed_reports, i.handover_id == h.id)
        .where(i.report_id == report_id)
        .order_by(h.id.desc())
        .limit(1)
    )
    return await reading.row(HandoverRow, statement)


async def open_reports_of(reading: Reading, author: str) -> list[ReportRow]:
    """Return the reports that are not closed, and that this person answered, or wrote or did something on, and has
    not handed over since; the oldest first.
    """
    handed = (
        select(i.report_id)
        .join(tables.handovers, h.id == i.handover_id)
        .where(i.report_id == r.id, h.from_user == author)
        .correlate(tables.reports, tables.entries)
    )
    wrote = select(e.n).where(e.report_id == r.id, e.author == author, ~handed.where(h.at >= e.at).exists())
    answered = select(c.id).where(c.report_id == r.id, c.operator_user == author, ~handed.exists())
    theirs = or_(wrote.correlate(tables.reports).exists(), answered.correlate(tables.reports).exists())
    statement = select(tables.reports).where(r.status.in_(NOT_CLOSED), theirs).order_by(r.id)
    return await reading.rows(ReportRow, statement)


async def holders(reading: Reading, report_id: int) -> list[str]:
    """Return whose a report is: who answered its call, or did something on it, and has not handed it over since."""
    handed = (
        select(i.report_id)
        .join(tables.handovers, h.id == i.handover_id)
        .where(i.report_id == report_id, h.from_user == u.name)
        .correlate(tables.users, tables.entries)
    )
    wrote = select(e.n).where(e.report_id == report_id, e.author == u.name, ~handed.where(h.at >= e.at).exists())
    answered = select(c.id).where(c.report_id == report_id, c.operator_user == u.name, ~handed.exists())
    theirs = or_(wrote.correlate(tables.users).exists(), answered.correlate(tables.users).exists())
    return list((await reading.connection.execute(select(u.name).where(theirs).order_by(u.name))).scalars())
