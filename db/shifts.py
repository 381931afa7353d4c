"""Shifts: one person at one telephone from a time to a time, and the states they went through.

Two unique indexes hold that nobody sits at two telephones and no telephone has two people.
"""

from collections.abc import Collection
from datetime import datetime

from msgspec import Struct
from sqlalchemy import bindparam, exists, false, func, insert, or_, select, union_all, update

from db import tables
from db.engine import Reading, Transaction
from db.ids import new_id
from db.several import among, several

s, u, l = tables.shifts.c, tables.users.c, tables.legs.c  # noqa: E741  # as short as the others
c, r, states = tables.calls.c, tables.reports.c, tables.shift_states.c
TOPIC = "shift"
ORDER = s.pbx, s.device, s.begun_at, s.id


class ShiftRow(Struct, frozen=True):
    """One shift as saved; field names are the column names."""

    id: str
    user: str
    pbx: str
    device: str
    queues: list[str]
    begun_at: datetime
    ended_at: datetime | None
    ended_how: str | None
    ended_by: str | None
    wished: str
    wished_reason: str | None
    wished_at: datetime
    confirmed_at: datetime | None
    asked: list[str]
    owed: bool
    held: bool
    state: str
    reason: str | None
    since: datetime
    report: str | None


class StateRow(Struct, frozen=True):
    """One spell of one state in a shift."""

    n: int
    shift_id: str
    from_at: datetime
    to_at: datetime | None
    state: str
    reason: str | None
    report: str | None
    by: str


class Talk(Struct, frozen=True):
    """A telephone talks to a caller of 112: about which report, since when (None: nobody told)."""

    report: str
    since: datetime | None


async def begin(
    tx: Transaction, *, user: str, pbx: str, device: str, queues: Collection[str], state: str
) -> ShiftRow | None:
    """Begin a shift that wishes to be ready. None: this person, or this telephone, has one."""
    values = {
        "id": new_id(tx.now),
        "user": user,
        "pbx": pbx,
        "device": device,
        "queues": sorted(queues),
        "begun_at": tx.now,
        "wished": "ready",
        "wished_at": tx.now,
        "asked": [],
        "owed": False,
        "held": False,
        "state": state,
        "since": tx.now,
    }
    made = tx.insert_or(tables.shifts).values(values).on_conflict_do_nothing().returning(tables.shifts)
    return await tx.row(ShiftRow, made)


async def find(reading: Reading, shift_id: str) -> ShiftRow | None:
    """Return a shift; inside a transaction it stays locked until its end."""
    statement = select(tables.shifts).where(s.id == shift_id)
    if isinstance(reading, Transaction):
        statement = statement.with_for_update()
    return await reading.row(ShiftRow, statement)


async def look(reading: Reading, shift_id: str) -> ShiftRow | None:
    """Return a shift without locking it."""
    return next(iter(await _rows(reading, s.id == shift_id)), None)


async def of_user(reading: Reading, user: str) -> ShiftRow | None:
    """Return somebody's open shift."""
    return next(iter(await _rows(reading, s.user == user, tables.OPEN_SHIFT)), None)


_every_open = select(tables.shifts).where(tables.OPEN_SHIFT).order_by(*ORDER)
_open_of = _every_open.where(s.pbx == bindparam("of_pbx"))
_open_at = _open_of.where(s.device == bindparam("at_device"))


async def at_device(reading: Reading, pbx: str, device: str) -> ShiftRow | None:
    """Return the open shift at a telephone."""
    return await reading.row(ShiftRow, _open_at, {"of_pbx": pbx, "at_device": device})


async def every_open(reading: Reading, pbx: str | None = None) -> list[ShiftRow]:
    """Return the open shifts in the order of their telephones; of one PBX when it is named."""
    if pbx is None:
        return await reading.rows(ShiftRow, _every_open)
    return await reading.rows(ShiftRow, _open_of, {"of_pbx": pbx})


async def lock_all(tx: Transaction) -> list[ShiftRow]:
    """Lock all open and unreleased shifts in the order of their telephones, in which all shifts are locked."""
    statement = select(tables.shifts).where(or_(tables.OPEN_SHIFT, tables.SHIFT_OWED)).order_by(*ORDER)
    return await tx.rows(ShiftRow, statement.with_for_update())


_first, _last = bindparam("first", type_=tables.UtcTime()), bindparam("last", type_=tables.UtcTime())
_bound = (
    select(tables.shifts)
    .where(among(s.device, "devices"))
    .where(s.begun_at <= _last, or_(s.ended_at.is_(None), s.ended_at > _first))
    .order_by(*ORDER)
)


async def bound(reading: Reading, devices: Collection[str], first: datetime, last: datetime) -> list[ShiftRow]:
    """Return the shifts at these telephones that lasted at some time from `first` to `last`."""
    return await reading.rows(ShiftRow, _bound, {"devices": several(devices), "first": first, "last": last})


_now = bindparam("now", type_=tables.UtcTime())
_session = tables.sessions.c
_lives = exists().where(_session.user == s.user, _session.expires_at > _now)
_is_gone = or_(u.disabled_at <= _now, ~_lives)
_gone = (
    select(tables.shifts, u.disabled_at)
    .join(tables.users, u.name == s.user)
    .where(tables.OPEN_SHIFT, _is_gone)
    .order_by(*ORDER)
)
_of_people = select(tables.shifts, func.coalesce(_is_gone, false()).label("gone")).join(tables.users, u.name == s.user)
_tended = union_all(  # each part has its index
    _of_people.where(tables.OPEN_SHIFT), _of_people.where(s.ended_at.is_not(None), tables.SHIFT_OWED)
)


async def gone(reading: Reading) -> list[tuple[ShiftRow, bool]]:
    """Return the open shifts of people who are logged in nowhere any more, and whether they were disabled."""
    found = [dict(row) for row in (await reading.connection.execute(_gone, {"now": reading.now})).mappings()]
    return [(ShiftRow(**row), at is not None and at <= reading.now) for row in found for at in [row.pop("disabled_at")]]


async def tended(reading: Reading) -> list[tuple[ShiftRow, bool]]:
    """Return what time may do something to, in one look: the open shifts, and those that ended and whose telephone is
    not known to be out of the queue; and whether their people are logged in nowhere any more.
    """
    found = [dict(row) for row in (await reading.connection.execute(_tended, {"now": reading.now})).mappings()]
    return [(ShiftRow(**row), is_gone) for row in found for is_gone in [bool(row.pop("gone"))]]


async def change(tx: Transaction, shift_id: str, **values: object) -> None:
    """Change a locked shift."""
    await tx.connection.execute(update(tables.shifts).where(s.id == shift_id).values(values))


async def next_state(
    tx: Transaction, shift_id: str, state: str | None, reason: str | None, report: str | None, at: datetime, by: str
) -> None:
    """End the present spell of a locked shift and begin the next; None: there is none, the shift is over."""
    ending = update(tables.shift_states).where(states.shift_id == shift_id, states.to_at.is_(None))
    await tx.connection.execute(ending.values(to_at=at))
    if state is not None:
        spell = {"shift_id": shift_id, "from_at": at, "state": state, "reason": reason, "report": report, "by": by}
        await tx.connection.execute(insert(tables.shift_states).values(spell))


async def states_of(reading: Reading, shift_id: str) -> list[StateRow]:
    """Return the spells of a shift in their order."""
    statement = select(tables.shift_states).where(states.shift_id == shift_id).order_by(states.n)
    return await reading.rows(StateRow, statement)


_called_back = (l.kind == "callback") & l.cause.is_(None)
_on_the_line = (l.kind == "operator") & tables.IN_PROGRESS
_talks = (
    select(l.device, l.answered_at, r.number)
    .join(tables.calls, c.id == l.call_id)
    .join(tables.reports, r.id == c.report_id)
    .where(tables.TALKING, among(l.device, "devices"), c.pbx == bindparam("of_pbx"))
    .where(or_(_called_back, _on_the_line))
    .order_by(l.answered_at, c.id)
)


async def talks(reading: Reading, pbx: str, devices: Collection[str]) -> dict[str, Talk]:
    """Return which of these telephones talk to a caller of 112 now."""
    asked = {"devices": list(devices), "of_pbx": pbx}
    return {row.device: Talk(row.number, row.answered_at) for row in await reading.connection.execute(_talks, asked)}


async def _rows(reading: Reading, *which: object) -> list[ShiftRow]:
    statement = select(tables.shifts).where(*which).order_by(*ORDER)  # type: ignore[arg-type]
    return await reading.rows(ShiftRow, statement)
