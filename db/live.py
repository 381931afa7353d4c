"""Live events: identities and sequence numbers, never contents. Rows, so that they survive a restart."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import Integer, bindparam, func, select

from db import tables
from db.engine import Reading
from db.journal import Kind

e = tables.live_events.c
_after = (  # made once: every commit asks it
    select(tables.live_events)
    .where(e.seq > bindparam("of_seq"))
    .order_by(e.seq)
    .limit(bindparam("at_most", type_=Integer))
)


class LiveRow(Struct, frozen=True):
    """`subject` (the number, name or id of such a `kind`) is now at `version`."""

    seq: int
    at: datetime
    kind: Kind
    subject: str
    version: int | None


async def after(reading: Reading, seq: int, limit: int = 500) -> list[LiveRow]:
    """Return up to `limit` events with a number above `seq`, in order and without gaps."""
    return await reading.rows(LiveRow, _after, {"of_seq": seq, "at_most": limit})


async def span(reading: Reading) -> tuple[int, int]:
    """Return (oldest kept, newest) sequence number; (newest + 1, newest) when none is kept."""
    newest = (await reading.connection.execute(select(tables.head.c.live_seq))).scalar_one()
    oldest = (await reading.connection.execute(select(func.min(e.seq)))).scalar_one()
    return (newest + 1 if oldest is None else oldest, newest)
