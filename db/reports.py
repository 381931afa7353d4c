"""Reports: the rows of the desk."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Final

from msgspec import Struct
from sqlalchemy import bindparam, func, insert, or_, select, update
from sqlalchemy.sql import ColumnElement

from db import tables
from db.engine import Reading, Transaction
from db.several import among, several

r, c = tables.reports.c, tables.calls.c
NOT_CLOSED: Final = ("open", "working", "dispatched", "resolved", "reopened")  # named, so that the index is used


class ReportRow(Struct, frozen=True):
    """One report as saved; field names are the column names."""

    id: int
    number: str
    version: int
    field_versions: dict[str, int]
    status: str
    classification: str
    kind: str | None
    priority: str | None
    source: str
    external_id: str | None
    exercise: bool
    opened_at: datetime
    caller_number: str | None
    caller_number_raw: str | None
    caller_digits: str | None
    caller_name: str | None
    caller_withheld: bool | None
    location_text: str | None
    location_lat: float | None
    location_lon: float | None
    location_method: str | None
    location_radius_m: float | None
    location_measured_at: datetime | None
    location_place: str | None
    location_place_name: str | None
    narrative: str | None
    closed_at: datetime | None
    reopened_at: datetime | None
    disposition: str | None
    caller_told: str | None
    flag_hurt: bool | None
    flag_trapped: bool | None
    flag_fire_spreading: bool | None
    flag_weapon: bool | None
    flag_child: bool | None
    flag_no_road: bool | None
    duplicate_of: str | None
    joined_to: str | None
    joined_at: datetime | None
    joined: int | None

    @property
    def is_alone(self) -> bool:
        """Return whether no other report is joined with it."""
        return self.duplicate_of is None and not self.joined


COLUMNS = set(ReportRow.__struct_fields__) - {"id", "number", "version", "field_versions"}


class Filter(Struct, frozen=True):
    """What a list of reports is narrowed to; None means "not narrowed by this"."""

    text: str | None = None  # report number, or a telephone number in any written form
    caller_number: str | None = None  # the E.164 form of `text`, when it has one
    kind: str | None = None
    status: str | None = None
    classification: str | None = None
    opened_from: datetime | None = None
    opened_before: datetime | None = None
    not_closed: bool = False


def number_of(day: str, n: int) -> str:
    """Return the number of a local day's n-th report, as people say it."""
    return f"112-{day}-{n:04d}"


async def take_number(tx: Transaction, day: str) -> str:
    """Return the next report number of a local day (`YYYYMMDD`): `112-YYYYMMDD-NNNN`, without gaps once committed."""
    table = tables.report_counters
    statement = (
        tx.insert_or(table)
        .values(day=day, last=1)
        .on_conflict_do_update(index_elements=["day"], set_={"last": table.c.last + 1})
        .returning(table.c.last)
    )
    last = (await tx.connection.execute(statement)).scalar_one()
    return number_of(day, last)


async def add(tx: Transaction, number: str, values: Mapping[str, object], leaves: Iterable[str] = ()) -> ReportRow:
    """Insert a report at version 1 with the given columns; every column not given is null. `leaves`: see `change`."""
    complete = {name: values.get(name) for name in COLUMNS}
    row = {"number": number, "version": 1, "field_versions": dict.fromkeys(leaves, 1), **complete}
    return ReportRow(**(await tx.connection.execute(_add, row)).mappings().one())


_add = insert(tables.reports).returning(tables.reports)


async def find(reading: Reading, number: str) -> ReportRow | None:
    """Return the report with this number, or None."""
    return await _one(reading, r.number == number)


async def find_external(reading: Reading, source: str, external_id: str) -> ReportRow | None:
    """Return the report that another system sent under its own id, or None."""
    return await _one(reading, (r.source == source) & (r.external_id == external_id))


async def lock(tx: Transaction, report_id: int) -> ReportRow:
    """Return the report's row, locked until the transaction ends."""
    statement = select(tables.reports).where(r.id == report_id).with_for_update()
    return ReportRow(**(await tx.connection.execute(statement)).mappings().one())


async def change(tx: Transaction, row: ReportRow, values: Mapping[str, object], leaves: list[str]) -> ReportRow:
    """Save `values` on a locked row, as its next version; `leaves` are the wire fields that this version changed."""
    version = row.version + 1
    statement = (
        update(tables.reports)
        .where(r.id == row.id)
        .values(version=version, field_versions=row.field_versions | dict.fromkeys(leaves, version), **values)
        .returning(tables.reports)
    )
    return ReportRow(**(await tx.connection.execute(statement)).mappings().one())


async def derive(tx: Transaction, row: ReportRow, values: Mapping[str, object]) -> ReportRow:
    """Save `values` on a locked row in the version that this transaction has made of it already."""
    statement = update(tables.reports).where(r.id == row.id).values(**values).returning(tables.reports)
    return ReportRow(**(await tx.connection.execute(statement)).mappings().one())


async def page(reading: Reading, narrowed: Filter, before_id: int | None, limit: int) -> list[ReportRow]:
    """Return up to `limit` reports, newest first, older than the report `before_id` when it is given."""
    statement = select(tables.reports).where(*_conditions(narrowed)).order_by(r.id.desc()).limit(limit)
    if before_id is not None:
        statement = statement.where(r.id < before_id)
    return await reading.rows(ReportRow, statement)


async def not_closed(reading: Reading) -> int:
    """Return how many reports are not closed."""
    counted = select(func.count()).select_from(tables.reports).where(r.status.in_(NOT_CLOSED))
    return int((await reading.connection.execute(counted)).scalar_one())


_by_ids = select(tables.reports).where(among(r.id, "ids"))


async def by_ids(reading: Reading, ids: list[int]) -> dict[int, ReportRow]:
    """Return the reports with these ids."""
    return {row.id: row for row in await reading.rows(ReportRow, _by_ids, {"ids": several(ids)})}


def _conditions(narrowed: Filter) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = []
    if narrowed.text is not None:
        digits = "".join(sign for sign in narrowed.text if sign in "0123456789")
        any_of = [r.number == narrowed.text]
        if narrowed.caller_number:
            any_of.append(r.caller_number == narrowed.caller_number)
            any_of.append(r.id.in_(select(c.report_id).where(c.number == narrowed.caller_number)))
        if len(digits) >= 3 and len(digits) >= len(narrowed.text.strip()) - 4:
            any_of.append(r.caller_digits.contains(digits, autoescape=True))
            rang = c.number_digits.contains(digits, autoescape=True)
            any_of.append(r.id.in_(select(c.report_id).where(rang)))
            any_of.append(func.replace(r.number, "-", "").contains(digits, autoescape=True))
        wanted.append(or_(*any_of))
    pairs = (
        (r.kind, narrowed.kind),
        (r.status, narrowed.status),
        (r.classification, narrowed.classification),
    )
    wanted += [column == value for column, value in pairs if value is not None]
    if narrowed.not_closed:
        wanted.append(r.status.in_(NOT_CLOSED))
    if narrowed.opened_from is not None:
        wanted.append(r.opened_at >= narrowed.opened_from)
    if narrowed.opened_before is not None:
        wanted.append(r.opened_at < narrowed.opened_before)
    return wanted


async def _one(reading: Reading, condition: ColumnElement[bool]) -> ReportRow | None:
    return await reading.row(ReportRow, select(tables.reports).where(condition))


_touch = (
    update(tables.reports)
    .where(r.id == bindparam("of_id"))
    .values(version=r.version + 1)
    .returning(r.number, r.version)
)


async def touch(tx: Transaction, report_id: int) -> str:
    """Raise a report's version because something that belongs to it changed (a call, an entry, a dispatch); tell it.

    Return the report's number.
    """
    row = (await tx.connection.execute(_touch, {"of_id": report_id})).one()
    tx.tell("report", row.number, row.version)
    return str(row.number)


async def touch_all(tx: Transaction, report_ids: Collection[int]) -> None:
    """Raise the version of many locked reports by one, and tell it."""
    for row in await tx.connection.execute(_touch_all, {"ids": several(report_ids)}):
        tx.tell("report", row.number, row.version)


_touch_all = (
    update(tables.reports).where(among(r.id, "ids")).values(version=r.version + 1).returning(r.number, r.version)
)


async def hold_day(tx: Transaction, day: str) -> None:
    """Lock a local day's counter until the end: who holds it can look, without a race, whether a report is new."""
    table = tables.report_counters
    unchanged = {"last": table.c.last}
    statement = tx.insert_or(table).values(day=day, last=0)
    await tx.connection.execute(statement.on_conflict_do_update(index_elements=["day"], set_=unchanged))
