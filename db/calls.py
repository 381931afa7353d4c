"""Calls, their legs, and the reports that rings open. A call's key is (PBX, uniqueid of the caller's own channel).

What the line writes comes in batches: each function that saves takes any number of rows and is one statement.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import asdict
from sqlalchemy import bindparam, func, insert, select, update

from db import reports, tables
from db.engine import Reading, Transaction
from db.ids import new_id
from db.reports import ReportRow
from db.several import among, several

c = tables.calls.c
l = tables.legs.c  # noqa: E741  # as short as the others
r = tables.reports.c
Key = tuple[str, str]
Columns = Mapping[str, object]
Metadata = dict[str, str | dict[str, str | float | None] | None]
"""What the trunk said of the caller, value by value; where the network says that he is has values of its own."""
NO_TEST = r.classification != "test"


class CallRow(Struct, frozen=True, kw_only=True):
    """One call as saved; field names are the column names. One that is not saved yet has no ids (0)."""

    id: int = 0
    report_id: int = 0
    pbx: str
    uniqueid: str
    linkedid: str | None
    trunk: str | None
    dialled: str | None
    number: str | None = None
    number_raw: str | None = None
    number_digits: str | None = None
    stage: str
    outcome: str | None = None
    arrived_at: datetime
    queued_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    operator_user: str | None = None
    operator_member: str | None = None
    operator_device: str | None = None
    hangup_cause: str | None = None
    recording: str | None = None
    message: str | None = None
    metadata: Metadata
    recovered: bool
    told: dict[str, str] = field(default_factory=dict)


class LegRow(Struct, frozen=True, kw_only=True):
    """One leg: the time in the queue, or a phone that was rung for the caller. `taken`: a human answered it."""

    call_id: int = 0
    key: str
    kind: str
    device: str | None
    member: str | None
    user: str | None = None
    from_at: datetime
    taken: bool = False
    answered_at: datetime | None = None
    to_at: datetime | None = None
    cause: str | None = None


class CallersReport(Struct, frozen=True):
    """What a call's report says of the caller; who set which field is in `field_versions`."""

    id: int
    field_versions: dict[str, int]
    caller_number: str | None
    caller_number_raw: str | None
    caller_digits: str | None
    caller_name: str | None
    caller_withheld: bool | None


# -- reading -----------------------------------------------------------------------------------------------------------

_by_key = select(tables.calls).where(c.pbx == bindparam("of_pbx"), among(c.uniqueid, "uniqueids")).order_by(c.id)
_lock_by_key = _by_key.with_for_update()
_legs_of = select(tables.legs).where(among(l.call_id, "ids")).order_by(l.from_at, l.key)


async def by_keys(reading: Reading, keys: Iterable[Key]) -> dict[Key, CallRow]:
    """Return the calls with these keys; inside a transaction they stay locked until its end."""
    by_pbx: dict[str, list[str]] = {}
    for pbx, uniqueid in keys:
        by_pbx.setdefault(pbx, []).append(uniqueid)
    found: dict[Key, CallRow] = {}
    statement = _lock_by_key if isinstance(reading, Transaction) else _by_key
    for pbx, uniqueids in sorted(by_pbx.items()):  # pairs in one list would make SQLite read the whole table
        rows = await reading.rows(CallRow, statement, {"of_pbx": pbx, "uniqueids": several(uniqueids)})
        found |= {(pbx, row.uniqueid): row for row in rows}
    return found


async def by_reports(reading: Reading, report_ids: list[int]) -> dict[int, CallRow]:
    """Return the calls of these reports by report id (a walk-in report has none)."""
    rows = (await reading.connection.execute(select(tables.calls).where(c.report_id.in_(report_ids)))).mappings()
    return {row["report_id"]: CallRow(**row) for row in rows}


async def in_progress(reading: Reading, pbx: str | None = None) -> list[CallRow]:
    """Return the calls that have not ended, the first caller first; of one PBX when it is named."""
    statement = select(tables.calls).where(tables.IN_PROGRESS).order_by(c.arrived_at, c.id)
    if pbx is not None:
        statement = statement.where(c.pbx == pbx)
    return await reading.rows(CallRow, statement)


async def arrivals(reading: Reading, pbx: str, since: datetime, most: int = 40_000) -> list[datetime]:
    """Return when calls of a PBX arrived since a time, in order; of the newest so many calls at most, no test calls."""
    newest = select(func.max(c.id)).scalar_subquery()
    which = c.id > newest - most, c.pbx == pbx, c.arrived_at >= since, NO_TEST
    statement = select(c.arrived_at).join(tables.reports).where(*which).order_by(c.arrived_at)
    return list((await reading.connection.execute(statement)).scalars())


async def newest_arrival(reading: Reading, pbx: str) -> datetime | None:
    """Return when the newest call of a PBX arrived that was no test call, or None."""
    statement = select(c.arrived_at).join(tables.reports).where(c.pbx == pbx, NO_TEST).order_by(c.id.desc()).limit(1)
    return (await reading.connection.execute(statement)).scalar_one_or_none()


async def test_arrival(reading: Reading, pbx: str, after: int) -> datetime | None:
    """Return when the first test call of a PBX arrived whose id is above one, or None."""
    tests = c.id > after, c.pbx == pbx, r.classification == "test"
    statement = select(c.arrived_at).join(tables.reports).where(*tests).order_by(c.id).limit(1)
    return (await reading.connection.execute(statement)).scalar_one_or_none()


async def legs_of(reading: Reading, call_id: int) -> list[LegRow]:
    """Return a call's legs in the order in which they began."""
    return (await legs_by_call(reading, [call_id]))[call_id]


async def legs_by_call(reading: Reading, call_ids: Collection[int]) -> dict[int, list[LegRow]]:
    """Return the legs of each of these calls, in the order in which they began."""
    found: dict[int, list[LegRow]] = {call_id: [] for call_id in call_ids}
    for row in await reading.rows(LegRow, _legs_of, {"ids": several(call_ids)}):
        found[row.call_id].append(row)
    return found


async def report_numbers(reading: Reading, keys: Iterable[Key]) -> dict[Key, str]:
    """Return the number of the report of each of these calls that is known."""
    found: dict[Key, str] = {}
    for pbx, uniqueid in keys:
        statement = select(r.number).join(tables.calls).where(c.pbx == pbx, c.uniqueid == uniqueid)
        number = (await reading.connection.execute(statement)).scalar_one_or_none()
        if number is not None:
            found[pbx, uniqueid] = number
    return found


# -- a batch of rings --------------------------------------------------------------------------------------------------

_move_counter = (
    update(tables.report_counters)
    .where(tables.report_counters.c.day == bindparam("of_day"))
    .values(last=tables.report_counters.c.last + bindparam("count"))
    .returning(tables.report_counters.c.last)
)
_open = insert(tables.reports).returning(r.id, r.number)
_add = insert(tables.calls).returning(c.id, c.report_id)
OF_CALLER = ("caller_number", "caller_number_raw", "caller_digits", "caller_name", "caller_withheld")


async def take_numbers(tx: Transaction, day: str, count: int) -> int:
    """Move a local day's counter on (back, by a negative count) and return it; it stays locked until the end."""
    moved = {"of_day": day, "count": count}
    last = (await tx.connection.execute(_move_counter, moved)).scalar_one_or_none()
    if last is None:  # the first of the day
        await reports.hold_day(tx, day)
        last = (await tx.connection.execute(_move_counter, moved)).scalar_one()
    return int(last)


async def open_reports(tx: Transaction, opened: Sequence[Columns]) -> dict[str, int]:
    """Insert reports at version 1, all given the same columns beside those of the caller; return their ids by number.

    Only these columns are named: a report has forty, and a ring tells of a few.
    """
    every = dict.fromkeys(OF_CALLER) | {"version": 1, "field_versions": {}}  # one statement, whatever is known
    rows = [{**every, **values} for values in opened]
    return {row.number: row.id for row in await tx.connection.execute(_open, rows)}


async def add(tx: Transaction, calls: Sequence[CallRow]) -> dict[int, int]:
    """Insert calls, each with the id of its report; return their own ids by report id."""
    rows = [asdict(row) for row in calls]
    for row in rows:
        del row["id"]  # the database's to give
    return {row.report_id: row.id for row in await tx.connection.execute(_add, rows)}


# -- a batch of news ---------------------------------------------------------------------------------------------------

CHANGING = (
    "number",
    "number_raw",
    "number_digits",
    "stage",
    "outcome",
    "queued_at",
    "answered_at",
    "ended_at",
    "operator_user",
    "operator_member",
    "operator_device",
    "hangup_cause",
    "recording",
    "message",
    "metadata",
    "told",
)
_change = (
    update(tables.calls).where(c.id == bindparam("of_id")).values({name: bindparam(f"new_{name}") for name in CHANGING})
)
LEG_CHANGING = ("member", "user", "taken", "answered_at", "to_at", "cause")
_add_legs = insert(tables.legs)
_add_entries = insert(tables.entries)
_change_legs = (
    update(tables.legs)
    .where(l.call_id == bindparam("of_id"), l.key == bindparam("of_key"))
    .values({name: bindparam(f"new_{name}") for name in LEG_CHANGING})
)
_of_ids = among(r.id, "ids")
_of_caller = [r[name] for name in CallersReport.__struct_fields__]
_lock_reports = select(*_of_caller).where(_of_ids).order_by(r.id).with_for_update()
_change_callers = (
    update(tables.reports)
    .where(r.id == bindparam("of_id"))
    .values({name: bindparam(f"new_{name}") for name in OF_CALLER})
)
_kind = select(tables.kinds.c.code).where(tables.kinds.c.code == bindparam("code")).scalar_subquery()
_choose_kind = update(tables.reports).where(r.id == bindparam("of_id"), r.kind.is_(None)).values(kind=_kind)
_kinds_of = select(r.id, r.kind).where(_of_ids).order_by(r.id)
_touch = update(tables.reports).where(_of_ids).values(version=r.version + 1).returning(r.id, r.number, r.version)


async def change(tx: Transaction, calls: Sequence[CallRow]) -> None:
    """Save what may change of calls that are there."""
    rows = [{"of_id": row.id} | {f"new_{name}": getattr(row, name) for name in CHANGING} for row in calls]
    await tx.connection.execute(_change, rows)


async def lock_reports(tx: Transaction, report_ids: Collection[int]) -> dict[int, CallersReport]:
    """Return what these reports say of the caller, locked until the transaction ends."""
    rows = (await tx.connection.execute(_lock_reports, {"ids": list(report_ids)})).mappings()
    return {row["id"]: CallersReport(**row) for row in rows}


async def change_callers(tx: Transaction, changed: Sequence[ReportRow]) -> None:
    """Save callers of locked reports; `touch` gives these reports their next version."""
    rows = [{"of_id": row.id} | {f"new_{name}": getattr(row, name) for name in OF_CALLER} for row in changed]
    await tx.connection.execute(_change_callers, rows)


async def choose_kinds(tx: Transaction, chosen: Mapping[int, str]) -> list[int]:
    """Save the kinds that callers chose, by report id, where a locked report has none; an unknown code is none.

    Return the reports, in their order, that have the kind their caller chose.
    """
    rows = [{"of_id": report_id, "code": code} for report_id, code in chosen.items()]
    await tx.connection.execute(_choose_kind, rows)
    found = await tx.connection.execute(_kinds_of, {"ids": list(chosen)})
    return [row.id for row in found if row.kind == chosen[row.id]]


async def mark_tests(tx: Transaction, report_ids: Collection[int], *, is_test: bool) -> None:
    """Close locked reports as our own test calls, or take that back; what a person has changed since stays."""
    states: list[dict[str, str | None]] = [
        {"classification": "normal", "status": "open", "disposition": None},
        {"classification": "test", "status": "closed", "disposition": "test"},
    ]
    before, after = states if is_test else reversed(states)
    untouched = [r[name] == value for name, value in before.items()]
    await tx.connection.execute(update(tables.reports).where(r.id.in_(report_ids), *untouched).values(**after))


async def touch(tx: Transaction, report_ids: Collection[int]) -> dict[int, tuple[str, int]]:
    """Give reports their next version; return (number, version) by id."""
    rows = await tx.connection.execute(_touch, {"ids": list(report_ids)})
    return {row.id: (row.number, row.version) for row in rows}


async def add_legs(tx: Transaction, legs: Sequence[LegRow]) -> None:
    """Insert legs of locked calls."""
    await tx.connection.execute(_add_legs, [asdict(leg) for leg in legs])


async def change_legs(tx: Transaction, legs: Sequence[LegRow]) -> None:
    """Save what may change of legs that are there."""
    rows = [
        {"of_id": leg.call_id, "of_key": leg.key} | {f"new_{name}": getattr(leg, name) for name in LEG_CHANGING}
        for leg in legs
    ]
    await tx.connection.execute(_change_legs, rows)


async def write_entries(tx: Transaction, author: str, entries: Sequence[tuple[int, str]]) -> None:
    """Write the machine's entries, of (report id, text), at the transaction's time."""
    rows = [
        {
            "id": new_id(tx.now),
            "report_id": report_id,
            "at": tx.now,
            "author": author,
            "automatic": True,
            "text": text,
        }
        for report_id, text in entries
    ]
    await tx.connection.execute(_add_entries, rows)
