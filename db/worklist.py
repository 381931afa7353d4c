"""Whom somebody must call back: one open row for each number, however often it rang; and what was done about it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from db import tables
from db.engine import Reading, Transaction
from db.ids import new_id
from db.several import among, several

i, m, s = tables.worklist.c, tables.worklist_calls.c, tables.worklist_steps.c
_recent = i.closed_at.is_(None) | (i.closed_at >= bindparam("since", type_=i.closed_at.type))
_numbers_of = select(i.number).where(among(i.number, "numbers"), _recent)
_add_calls = insert(tables.worklist_calls)


def _adding(insert: Any) -> Any:
    return insert(tables.worklist).on_conflict_do_nothing().returning(i.id, i.report_id)


_add_first = {"sqlite": _adding(sqlite.insert), "postgresql": _adding(postgresql.insert)}


class ItemRow(Struct, frozen=True):
    """Somebody must be called back, or need not be any more; field names are the column names."""

    id: str
    report_id: int
    number: str | None
    reason: str
    rings: int
    short: int
    tries: int
    first_at: datetime
    last_at: datetime
    owed_at: datetime | None
    owner: str | None
    taken_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None
    closed_because: str | None
    link_id: str | None
    note: str | None


class FirstRing(Struct, frozen=True):
    """The only call that a new item holds."""

    report_id: int
    number: str
    reason: str
    short: bool
    at: datetime
    owed_at: datetime | None


class StepRow(Struct, frozen=True):
    """What somebody did about it; a call back has its request, and how that ended."""

    n: int
    item_id: str
    at: datetime
    by: str
    step: str
    control_id: str | None
    result: str | None
    note: str | None


class Totals(Struct, frozen=True):
    """How many are open: owed a call back, and short calls that are not."""

    owed: int
    not_owed: int


async def find(tx: Transaction, item_id: str) -> ItemRow | None:
    """Return an item, locked until the transaction ends (its report is locked before it)."""
    return await _first(tx, select(tables.worklist).where(i.id == item_id).with_for_update())


async def look(reading: Reading, item_id: str) -> ItemRow | None:
    """Return an item without locking it."""
    return await _first(reading, select(tables.worklist).where(i.id == item_id))


async def open_of(reading: Reading, number: str) -> ItemRow | None:
    """Return the open item of a number, not locked."""
    statement = select(tables.worklist).where(i.number == number, tables.OPEN_ITEM)
    return await _first(reading, statement)


async def last_of(reading: Reading, number: str, since: datetime) -> ItemRow | None:
    """Return the newest item of a number that is open or was closed since a time, not locked."""
    statement = select(tables.worklist).where(i.number == number, i.closed_at.is_(None) | (i.closed_at >= since))
    newest = statement.order_by(i.first_at.desc(), i.id.desc()).limit(1)
    return await _first(reading, newest)


async def numbers_of(reading: Reading, numbers: Collection[str], since: datetime) -> set[str]:
    """Return those of the numbers that have an item that is open or was closed since a time."""
    asked = {"numbers": several(numbers), "since": since}
    return set((await reading.connection.execute(_numbers_of, asked)).scalars())


async def closed_by_link(reading: Reading, link_id: str) -> ItemRow | None:
    """Return the item that a link closed, not locked."""
    statement = select(tables.worklist).where(i.link_id == link_id)
    return await _first(reading, statement)


async def of_report(reading: Reading, report_id: int) -> ItemRow | None:
    """Return the item that holds a report's call, not locked."""
    statement = select(tables.worklist).join(tables.worklist_calls, m.item_id == i.id).where(m.report_id == report_id)
    return await _first(reading, statement)


async def add(
    tx: Transaction, report_id: int, number: str | None, reason: str, at: datetime, owed_at: datetime | None
) -> ItemRow | None:
    """Insert an item that holds no call yet. None: its number has an open one."""
    values = {"report_id": report_id, "number": number, "reason": reason, "owed_at": owed_at}
    begun = {"rings": 0, "short": 0, "first_at": at, "last_at": at}
    statement = tx.insert_or(tables.worklist).values(id=new_id(tx.now), **values, **begun).on_conflict_do_nothing()
    return await _first(tx, statement.returning(tables.worklist))


async def change(tx: Transaction, item_id: str, **values: object) -> ItemRow:
    """Save what changes of a locked item."""
    statement = update(tables.worklist).where(i.id == item_id).values(**values).returning(tables.worklist)
    return ItemRow(**(await tx.connection.execute(statement)).mappings().one())


async def free(tx: Transaction, owner: str) -> list[str]:
    """Take somebody's name off the open items, and return their ids."""
    statement = update(tables.worklist).where(i.owner == owner, tables.OPEN_ITEM).values(owner=None, taken_at=None)
    return list((await tx.connection.execute(statement.returning(i.id))).scalars())


async def add_first(tx: Transaction, rings: Sequence[FirstRing]) -> dict[int, str]:
    """Insert an item for each, which `add_calls` then gives its call; return their ids by report.

    One that is missing there: its number has an open item.
    """
    rows = [
        {
            "id": new_id(tx.now),
            "report_id": ring.report_id,
            "number": ring.number,
            "reason": ring.reason,
            "rings": 1,
            "short": int(ring.short),
            "first_at": ring.at,
            "last_at": ring.at,
            "owed_at": ring.owed_at,
        }
        for ring in rings
    ]
    made = await tx.connection.execute(_add_first[tx.connection.dialect.name], rows)
    return {row.report_id: row.id for row in made}


async def add_calls(tx: Transaction, of_items: Sequence[tuple[str, int, bool]]) -> None:
    """Put calls of locked reports into items, as (item, report, short); no other may hold them."""
    rows = [{"item_id": item, "report_id": report_id, "short": short} for item, report_id, short in of_items]
    await tx.connection.execute(_add_calls, rows)


async def add_step(
    tx: Transaction, item_id: str, step: str, by: str, *, note: str | None = None, control_id: str | None = None
) -> None:
    """Write what somebody did."""
    values = {"item_id": item_id, "at": tx.now, "by": by, "step": step, "note": note, "control_id": control_id}
    await tx.connection.execute(insert(tables.worklist_steps).values(**values))


async def end_step(tx: Transaction, control_id: str, result: str) -> None:
    """Write how a call back ended."""
    await tx.connection.execute(update(tables.worklist_steps).where(s.control_id == control_id).values(result=result))


async def page(
    reading: Reading, *, closed: bool, owed: bool | None, owner: str | None, limit: int, offset: int, due: bool = False
) -> list[ItemRow]:
    """Return items: open ones by how often they rang, then the oldest first; `due`: by when they became owed alone;
    closed ones the newest first.
    """
    statement = select(tables.worklist).where(i.closed_at.is_not(None) if closed else tables.OPEN_ITEM)
    if owed is not None:
        statement = statement.where(i.owed_at.is_not(None) if owed else i.owed_at.is_(None))
    if owner is not None:
        statement = statement.where(i.owner == owner)
    if closed:
        statement = statement.order_by(i.closed_at.desc(), i.id.desc())
    elif due:
        statement = statement.order_by(i.owed_at.is_(None), i.owed_at, i.first_at, i.id)
    else:
        statement = statement.order_by(i.owed_at.is_(None), i.rings.desc(), i.owed_at, i.first_at, i.id)
    return await reading.rows(ItemRow, statement.limit(limit).offset(offset))


async def totals(reading: Reading) -> Totals:
    """Count the open items."""
    statement = select(func.count(i.owed_at), func.count()).select_from(tables.worklist).where(tables.OPEN_ITEM)
    owed, every = (await reading.connection.execute(statement)).one()
    return Totals(owed, every - owed)


async def owed_since(reading: Reading, since: datetime) -> int:
    """Return how many became owed a call back since a time, closed or not."""
    return int((await reading.connection.execute(select(func.count()).where(i.owed_at >= since))).scalar_one())


class Held(Struct, frozen=True):
    """A report whose call an item holds."""

    id: int
    number: str
    status: str


async def reports_of(reading: Reading, item_ids: Collection[str]) -> dict[str, list[Held]]:
    """Return the reports of items, the oldest first."""
    r = tables.reports.c
    statement = (
        select(m.item_id, r.id, r.number, r.status)
        .join(tables.worklist_calls, m.report_id == r.id)
        .where(m.item_id.in_(several(item_ids)))
        .order_by(r.id)
    )
    found: dict[str, list[Held]] = {item_id: [] for item_id in item_ids}
    for row in await reading.connection.execute(statement):
        found[row.item_id].append(Held(row.id, row.number, row.status))
    return found


async def steps_of(reading: Reading, item_ids: Collection[str]) -> dict[str, list[StepRow]]:
    """Return the steps of items in their order."""
    statement = select(tables.worklist_steps).where(s.item_id.in_(several(item_ids))).order_by(s.n)
    found: dict[str, list[StepRow]] = {item_id: [] for item_id in item_ids}
    for row in (await reading.connection.execute(statement)).mappings():
        found[row["item_id"]].append(StepRow(**row))
    return found


async def _first(reading: Reading, statement: Any) -> ItemRow | None:
    row = (await reading.connection.execute(statement)).mappings().first()
    return ItemRow(**row) if row else None
