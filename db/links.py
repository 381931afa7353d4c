"""Links between reports: a later one belongs to an earlier one. They merge nothing, and are undone, never deleted."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import func, or_, select, update

from db import tables
from db.engine import Reading, Transaction
from db.ids import new_id

l = tables.links.c  # noqa: E741  # as short as the others


class LinkRow(Struct, frozen=True):
    """A later report belongs to an earlier one; it merges nothing. `rule` None: a person made it."""

    id: str
    report_id: int
    to_report_id: int
    rule: str | None
    made_at: datetime
    made_by: str
    undone_at: datetime | None
    undone_by: str | None


async def add(tx: Transaction, later: int, earlier: int, by: str, rule: str | None) -> LinkRow | None:
    """Link two reports. None: they are linked; or a rule would link again what a person has undone."""
    if rule is not None and await ever_linked(tx, later, earlier):
        return None
    values = {"report_id": later, "to_report_id": earlier, "rule": rule, "made_at": tx.now, "made_by": by}
    statement = tx.insert_or(tables.links).values(id=new_id(tx.now), **values).on_conflict_do_nothing()
    return await tx.row(LinkRow, statement.returning(tables.links))


async def ever_linked(reading: Reading, later: int, earlier: int) -> bool:
    """Tell whether two reports are linked, or were."""
    pair = l.report_id == later, l.to_report_id == earlier
    return (await reading.connection.execute(select(l.id).where(*pair).limit(1))).first() is not None


async def find(reading: Reading, link_id: str) -> LinkRow | None:
    """Return a link, undone or not."""
    return await reading.row(LinkRow, select(tables.links).where(l.id == link_id))


async def between(reading: Reading, later: int, earlier: int) -> LinkRow | None:
    """Return the link of two reports that holds."""
    pair = l.report_id == later, l.to_report_id == earlier, l.undone_at.is_(None)
    return await reading.row(LinkRow, select(tables.links).where(*pair))


async def count_to(reading: Reading, earlier: int) -> int:
    """Return how many reports were ever linked to one."""
    statement = select(func.count()).where(l.to_report_id == earlier)
    return int((await reading.connection.execute(statement)).scalar_one())


async def of_report(reading: Reading, report_id: int) -> list[LinkRow]:
    """Return a report's links in both directions, undone ones too, the oldest first."""
    which = or_(l.report_id == report_id, l.to_report_id == report_id)
    return await reading.rows(LinkRow, select(tables.links).where(which).order_by(l.made_at, l.id))


async def undo(tx: Transaction, link_id: str, by: str) -> bool:
    """Undo a link, once: False when it was undone already."""
    statement = update(tables.links).where(l.id == link_id, l.undone_at.is_(None))
    return bool((await tx.connection.execute(statement.values(undone_at=tx.now, undone_by=by))).rowcount)
