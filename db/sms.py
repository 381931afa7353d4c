"""SMS that we owe somebody: queued until the gateway has it, sent, or failed with the reason; dropped: of no use now.

A try is claimed by moving the row's next one past the time that a try can take: two workers never try at once, and one
that is killed leaves a row that comes up again. An outcome counts only if nobody has tried since (`tries`).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import func, insert, select, update

from db import tables
from db.engine import Reading, Transaction
from db.ids import new_id

s = tables.sms.c
TOPIC = "sms"


class SmsRow(Struct, frozen=True):
    """One SMS as saved; field names are the column names."""

    id: str
    report_id: int
    to: str
    text: str | None
    state: str
    reason: str | None
    created_at: datetime
    created_by: str
    give_up_at: datetime
    next_try_at: datetime | None
    tries: int
    ended_at: datetime | None
    dispatch_id: str | None


async def queue(
    tx: Transaction, report_id: int, to: str, text: str, by: str, give_up_at: datetime, dispatch_id: str | None = None
) -> SmsRow:
    """Owe an SMS, and wake who sends it; `dispatch_id`: it is for that dispatch's agency, else for the caller."""
    values = {"id": new_id(tx.now), "report_id": report_id, "to": to, "text": text, "created_by": by}
    values["dispatch_id"] = dispatch_id
    state = {"state": "queued", "tries": 0, "created_at": tx.now, "next_try_at": tx.now, "give_up_at": give_up_at}
    statement = insert(tables.sms).values(**values, **state).returning(tables.sms)
    row = SmsRow(**(await tx.connection.execute(statement)).mappings().one())
    tx.wake(TOPIC)
    return row


async def of_report(reading: Reading, report_id: int) -> list[SmsRow]:
    """Return the SMS of a report, the oldest first."""
    statement = select(tables.sms).where(s.report_id == report_id).order_by(s.id)
    return await reading.rows(SmsRow, statement)


async def is_due(reading: Reading) -> bool:
    """Tell whether there is one to try now."""
    statement = select(s.id).where(tables.QUEUED, s.next_try_at <= reading.now).limit(1)
    return (await reading.connection.execute(statement)).first() is not None


async def next_due(reading: Reading) -> datetime | None:
    """Return when the next one is due, or None."""
    statement = select(func.min(s.next_try_at, type_=tables.UtcTime())).where(tables.QUEUED)
    found: datetime | None = (await reading.connection.execute(statement)).scalar_one_or_none()
    return found


async def claim(tx: Transaction, at_once: int, lease: timedelta) -> list[SmsRow]:
    """Take up to so many that are due, each for the time of a lease."""
    due = select(s.id).where(tables.QUEUED, s.next_try_at <= tx.now).order_by(s.next_try_at, s.id).limit(at_once)
    ids = list((await tx.connection.execute(due.with_for_update(skip_locked=True))).scalars())
    if not ids:
        return []
    taken = update(tables.sms).where(s.id.in_(ids)).values(tries=s.tries + 1, next_try_at=tx.now + lease)
    rows = (await tx.connection.execute(taken.returning(tables.sms))).mappings()
    return sorted((SmsRow(**row) for row in rows), key=lambda row: row.id)


async def end(tx: Transaction, row: SmsRow, state: str, reason: str | None) -> bool:
    """End a claimed one, and forget its text; False: it was claimed anew meanwhile."""
    values = {"state": state, "reason": reason, "text": None, "next_try_at": None, "ended_at": tx.now}
    return await _put(tx, row, values)


async def put_off(tx: Transaction, row: SmsRow, reason: str, until: datetime) -> bool:
    """Try a claimed one again later; False: it was claimed anew meanwhile."""
    return await _put(tx, row, {"reason": reason, "next_try_at": until})


async def _put(tx: Transaction, row: SmsRow, values: Mapping[str, object]) -> bool:
    mine = s.id == row.id, s.tries == row.tries, tables.QUEUED
    statement = update(tables.sms).where(*mine).values(**values).returning(s.id)
    return (await tx.connection.execute(statement)).first() is not None
