"""Groups of joined reports, which of them are near another in time and place, and the limits for that.

Who changes one report of a group may owe something to the agencies of the others: all of a group are locked together,
the lowest id first, like every lock of more than one report.
"""

from collections.abc import Collection, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncTransaction
from sqlalchemy.sql import ColumnElement

from db import reports, tables
from db.engine import DeadlockError, Reading, Transaction
from db.reports import ReportRow
from db.several import among, several

r = tables.reports.c
l = tables.duplicate_limits.c  # noqa: E741 the table's
Box = tuple[float, float, float, float]
"""South, north, west, east: degrees of WGS 84."""


class NearRow(Struct, frozen=True):
    """A report that may be about the same incident as another."""

    id: int
    number: str
    kind: str | None
    opened_at: datetime
    location_lat: float | None
    location_lon: float | None
    location_text: str | None
    location_place: str | None
    duplicate_of: str | None


class LimitsRow(Struct, frozen=True):
    """The limits that somebody set."""

    within_m: int
    within_min: int
    joinable_h: int
    fits: list[list[str]]
    version: int


async def group(reading: Reading, row: ReportRow) -> list[ReportRow]:
    """Return all reports of a report's group, the head first, then by id; one that is alone: itself."""
    if row.is_alone:
        return [row]
    found = await _of_groups(reading, [row.duplicate_of or row.number])
    return sorted(found, key=lambda one: (one.duplicate_of is not None, one.id))


_lock = select(tables.reports).where(among(r.id, "ids")).order_by(r.id).with_for_update()


async def lock(tx: Transaction, *rows: ReportRow) -> dict[int, ReportRow]:
    """Lock these reports and all that are in a group with one of them; return them by id, as they are now.

    Which these are is read first without a lock. When somebody joined one meanwhile, all are let go (that is what the
    savepoint is for) and locked in their order with those that are missing: else two who wait so would deadlock.
    """
    wanted = {row.id for row in rows}
    seen = list(rows)
    while True:
        wanted |= {one.id for one in await _of_groups(tx, _heads(seen))}
        async with _attempt(tx) as attempt:
            seen = await tx.rows(ReportRow, _lock, {"ids": several(sorted(wanted))})
            missing = {one.id for one in await _of_groups(tx, _heads(seen))} - wanted
            if not missing:
                return {row.id: row for row in seen}
            if attempt is not None:
                await attempt.rollback()


_one_of = tables.reports.alias().c
_is_grouped = select(_one_of.id).where(
    among(_one_of.id, "ids"), or_(_one_of.duplicate_of.is_not(None), _one_of.joined > 0)
)
_lock_alone = _lock.where(~_is_grouped.exists())


async def lock_ids(tx: Transaction, report_ids: Collection[int]) -> dict[int, ReportRow]:
    """Lock the reports with these ids and all that are in a group with one of them; see `lock`.

    Where none of them is in a group, as of most calls, no savepoint is opened. Raises DeadlockError when one is joined
    in this moment: all are let go by doing it again.
    """
    ids = sorted(set(report_ids))
    locked = await tx.rows(ReportRow, _lock_alone, {"ids": several(ids)})
    if len(locked) < len(ids):
        return await lock(tx, *(await reports.by_ids(tx, ids)).values())
    if not all(row.is_alone for row in locked):
        raise DeadlockError("a report was joined with another in this moment")
    return {row.id: row for row in locked}


def _attempt(tx: Transaction) -> AbstractAsyncContextManager[AsyncTransaction | None]:
    """Open a savepoint; SQLite has one writer, so nobody is waited for there."""
    return nullcontext() if tx.connection.dialect.name == "sqlite" else tx.connection.begin_nested()


async def lock_one(tx: Transaction, row: ReportRow) -> ReportRow:
    """Lock a report and its group; return it as it is now."""
    return (await lock(tx, row))[row.id]


async def lock_of_dispatch(tx: Transaction, dispatch_id: str) -> ReportRow | None:
    """Lock the report of a dispatch and its group; return that report, None when there is no such dispatch."""
    d = tables.dispatches.c
    statement = select(tables.reports).join(tables.dispatches, d.report_id == r.id).where(d.id == dispatch_id)
    row = (await tx.connection.execute(statement)).mappings().one_or_none()
    return None if row is None else await lock_one(tx, ReportRow(**row))


async def by_numbers(reading: Reading, numbers: Collection[str]) -> dict[str, ReportRow]:
    """Return the reports with these numbers."""
    statement = select(tables.reports).where(r.number.in_(several(numbers)))
    return {row["number"]: ReportRow(**row) for row in (await reading.connection.execute(statement)).mappings()}


def _heads(rows: Collection[ReportRow]) -> list[str]:
    return sorted({row.duplicate_of or row.number for row in rows if not row.is_alone})


async def _of_groups(reading: Reading, heads: Collection[str]) -> list[ReportRow]:
    if not heads:
        return []
    numbers = several(heads)
    statement = select(tables.reports).where(or_(r.number.in_(numbers), r.duplicate_of.in_(numbers))).order_by(r.id)
    return await reading.rows(ReportRow, statement)


async def near(reading: Reading, row: ReportRow, box: Box | None, within: timedelta, limit: int) -> list[NearRow]:
    """Return up to `limit` reports that came within a time of this one and may be at its place, the newest first.

    May be: within the box, or one of both has no coordinates and both have a text, or the same place's code. Closed
    ones, and those that are no real call for help, are left out.
    """
    statement = (
        select(*(r[name] for name in NearRow.__struct_fields__))
        .where(
            r.opened_at >= row.opened_at - within,
            r.opened_at <= row.opened_at + within,
            r.id != row.id,
            r.status != "closed",
            r.classification == "normal",
            r.exercise == row.exercise,
            _at_place(row, box),
        )
        .order_by(r.opened_at.desc(), r.id.desc())
        .limit(limit)
    )
    return [NearRow(**one) for one in (await reading.connection.execute(statement)).mappings()]


def _at_place(row: ReportRow, box: Box | None) -> ColumnElement[bool]:
    named: list[ColumnElement[bool]] = [r.location_text.is_not(None)] if row.location_text else []
    named += [r.location_place == row.location_place] if row.location_place else []
    nowhere = or_(r.location_lat.is_(None), r.location_lon.is_(None))
    places = [and_(or_(*named), nowhere) if box else or_(*named)] if named else []
    if box is not None:
        south, north, west, east = box
        places.append(and_(r.location_lat.between(south, north), r.location_lon.between(west, east)))
    return or_(*places)


async def limits(reading: Reading) -> LimitsRow | None:
    """Return the limits that somebody set, or None."""
    columns = [l[name] for name in LimitsRow.__struct_fields__]
    return await reading.row(LimitsRow, select(*columns).where(l.id == 1))


async def set_limits(tx: Transaction, seen: int, values: Mapping[str, object]) -> bool:
    """Save all limits as the next version. False: they are not of the version `seen` (0: none are set)."""
    if seen == 0:
        statement = tx.insert_or(tables.duplicate_limits).values(id=1, version=1, **values).on_conflict_do_nothing()
        return bool((await tx.connection.execute(statement)).rowcount == 1)
    at_version = update(tables.duplicate_limits).where(l.id == 1, l.version == seen)
    changed = await tx.connection.execute(at_version.values(**values, version=seen + 1))
    return bool(changed.rowcount == 1)
