"""Who accepted and then said that they cannot, and nobody has it instead: only their last answer says so.

Their dispatch stays at work (`routing.answers`): they may still go, and say so.
"""

from collections.abc import Collection
from typing import Final

from sqlalchemy import exists, or_, select

from db import tables
from db.dispatches import DispatchRow
from db.engine import Reading
from db.states import AT_WORK, NOT_LIVE

d, r = tables.dispatches.c, tables.reports.c
last, newer, later = tables.answers.alias(), tables.answers.alias(), tables.dispatches.alias()
head = tables.reports.alias()
_head = select(head.c.id).where(head.c.number == r.duplicate_of).correlate(tables.reports).scalar_subquery()
_spoke_since = exists().where(newer.c.dispatch_id == last.c.dispatch_id, newer.c.n > last.c.n).correlate(last)
# Of joined reports it is the head that is sent.
_followed = (
    exists()
    .where(
        or_(later.c.report_id == d.report_id, later.c.report_id == _head),
        later.c.created_at >= last.c.received_at,
        later.c.state.not_in(NOT_LIVE),
    )
    .correlate(last, tables.dispatches, tables.reports)
)
GAVE_UP: Final = d.state.in_(AT_WORK) & (
    exists()
    .where(last.c.dispatch_id == d.id, last.c.answer == "rejected", ~_spoke_since, ~_followed)
    .correlate(tables.dispatches, tables.reports)
)
"""The condition, in a statement of dispatches that are joined with their reports."""


async def of(reading: Reading, rows: Collection[DispatchRow]) -> set[str]:
    """Return the ids of those of these dispatches whose agency gave up and that nobody follows."""
    at_work = [row.id for row in rows if row.state in AT_WORK]
    if not at_work:
        return set()
    found = tables.dispatches.join(tables.reports, r.id == d.report_id)
    statement = select(d.id).select_from(found).where(d.id.in_(at_work), GAVE_UP)
    return set((await reading.connection.execute(statement)).scalars())
