"""Who has a report open, and who is writing on it: leases that are over by themselves."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import delete, select

from db import tables
from db.engine import Reading, Transaction

p = tables.presences.c


class PresenceRow(Struct, frozen=True):
    """Somebody has a report open until then; `writing` is the field, until `writing_until`."""

    report_id: int
    who: str
    since: datetime
    until: datetime
    writing: str | None
    writing_until: datetime | None


async def of_report(reading: Reading, report_id: int) -> list[PresenceRow]:
    """Return who has a report open now, who came first first."""
    statement = select(tables.presences).where(p.report_id == report_id, p.until > reading.now)
    return await reading.rows(PresenceRow, statement.order_by(p.since, p.who))


async def save(tx: Transaction, row: PresenceRow) -> None:
    """Save a presence; those of the report that are over are swept on the way."""
    over = delete(tables.presences).where(p.report_id == row.report_id, p.until <= tx.now)
    await tx.connection.execute(over)
    lease = {"until": row.until, "writing": row.writing, "writing_until": row.writing_until}
    statement = tx.insert_or(tables.presences).values(report_id=row.report_id, who=row.who, since=row.since, **lease)
    await tx.connection.execute(statement.on_conflict_do_update(index_elements=["report_id", "who"], set_=lease))


async def end(tx: Transaction, report_id: int, who: str) -> bool:
    """End a presence. False: there was none."""
    statement = delete(tables.presences).where(p.report_id == report_id, p.who == who, p.until > tx.now)
    return bool((await tx.connection.execute(statement)).rowcount)
