"""What handsets told of where they are, one row a message, kept whatever became of it: joined to a call, waiting for
one, without a position, refused with the reason.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import and_, bindparam, case, func, or_, select, text, update

from db import tables
from db.callers import reports_of
from db.engine import Reading, Transaction
from db.several import among, several

h = tables.handset_messages.c
c = tables.calls.c
r = tables.reports.c
LOCK = 11_200_021  # class of PostgreSQL's advisory locks between rings and messages; any number that nothing else has
_before = text("SELECT pg_advisory_xact_lock(CAST(:of AS int), CAST(:key AS int))")
_beside = text("SELECT pg_advisory_xact_lock_shared(CAST(:of AS int), k) FROM unnest(CAST(:keys AS int[])) AS k")


class HandsetRow(Struct, frozen=True):
    """One message as saved; field names are the column names."""

    n: int
    id: str
    key: str
    at: datetime
    sent_at: datetime | None
    by: str
    number: str | None
    number_raw: str | None
    text: str
    state: str
    reason: str | None
    report_id: int | None
    measured_at: datetime | None
    method: str | None
    lat: float | None
    lon: float | None
    radius_m: float | None
    detail: dict[str, str | float | None]

    @property
    def told_at(self) -> datetime:
        """When it was sent, as far as is known."""
        return self.sent_at or self.at


async def before_rings(tx: Transaction, ending: str) -> None:
    """Wait until no ring of a number that ends so is being saved, and keep new ones waiting until the end (SQLite:
    nobody else writes now).

    Whoever saves a ring looks for messages, whoever saves a message looks for calls: one of two that come in the same
    moment must see the other. Other callers' rings wait for nothing. Take it before any row is locked.
    """
    if tx.connection.dialect.name != "sqlite":
        await tx.connection.execute(_before, {"of": LOCK, "key": int(ending)})


async def beside_rings(tx: Transaction, endings: Collection[str]) -> None:
    """Wait until no message of numbers that end so is being saved; other rings are saved beside these."""
    if endings and tx.connection.dialect.name != "sqlite":
        keys = sorted({int(one) for one in endings})  # in one order
        await tx.connection.execute(_beside, {"of": LOCK, "keys": keys})


async def add(tx: Transaction, values: Mapping[str, object]) -> HandsetRow | None:
    """Keep a message; None: one with this key is there already."""
    insert_or = tx.insert_or(tables.handset_messages).values(at=tx.now, **values)
    statement = insert_or.on_conflict_do_nothing(index_elements=["key"]).returning(tables.handset_messages)
    return await tx.row(HandsetRow, statement)


async def with_key(reading: Reading, key: str) -> HandsetRow:
    """Return the message with this key."""
    statement = select(tables.handset_messages).where(h.key == key)
    return HandsetRow(**(await reading.connection.execute(statement)).mappings().one())


async def newest(reading: Reading, limit: int) -> list[HandsetRow]:
    """Return the last messages, the newest first."""
    statement = select(tables.handset_messages).order_by(h.n.desc()).limit(limit)
    return await reading.rows(HandsetRow, statement)


_told_at = func.coalesce(h.sent_at, h.at, type_=tables.UtcTime())
_since, _until = bindparam("since", type_=tables.UtcTime()), bindparam("until", type_=tables.UtcTime())
_waiting = (
    select(tables.handset_messages)
    .where(tables.WAITING, among(h.number, "numbers"))
    .where(_told_at >= _since, _told_at <= _until)
    .order_by(h.n)
)


async def waiting(reading: Reading, numbers: Collection[str], since: datetime, until: datetime) -> list[HandsetRow]:
    """Return the messages of these numbers that wait for their call and were told in a span, the oldest first."""
    asked = {"numbers": several(numbers), "since": since, "until": until}
    return await reading.rows(HandsetRow, _waiting, asked)


async def join(tx: Transaction, message_id: str, report_id: int, reason: str | None) -> HandsetRow:
    """Join a message to a report."""
    statement = (
        update(tables.handset_messages)
        .where(h.id == message_id)
        .values(state="joined", report_id=report_id, reason=reason)
        .returning(tables.handset_messages)
    )
    return HandsetRow(**(await tx.connection.execute(statement)).mappings().one())


async def report_of_call(reading: Reading, number: str, at: datetime, within: timedelta) -> int | None:
    """Return the report of the newest call of a number that was there around a time, or None.

    The telephone that tells is the one that rang; a person may have written another number into the report.
    """
    was_there = or_(
        c.arrived_at >= at - within,
        c.ended_at >= at - within,
        and_(c.ended_at.is_(None), c.stage != "ended"),
    )
    statement = (
        select(c.report_id)
        .join(tables.reports, r.id == c.report_id)
        .where(r.id.in_(reports_of(number)), c.arrived_at <= at + within, was_there)
        .order_by(case((c.number == number, 0), else_=1), c.arrived_at.desc(), c.id.desc())
        .limit(1)
    )
    return (await reading.connection.execute(statement)).scalar_one_or_none()
