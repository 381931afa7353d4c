"""Calls and their legs. A call's key is (PBX, uniqueid of the caller's own channel)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime

from sqlalchemy import bindparam, insert, select, tuple_, update

from db import tables
from db.engine import Reading, Transaction

c = tables.calls.c
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call as saved; field names are the column names."""

    id: int
    report_id: int
    pbx: str
    uniqueid: str
    linkedid: str | None
    trunk: str | None
    dialled: str | None
    stage: str
    outcome: str | None
    arrived_at: datetime
    queued_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    operator_user: str | None
    operator_member: str | None
    operator_device: str | None
    hangup_cause: str | None
    recording: str | None
    metadata: dict[str, str]
    recovered: bool
    state: dict[str, object] | None


COLUMNS = [f.name for f in fields(CallRow) if f.name != "id"]


@dataclass(frozen=True, slots=True)
class LegRow:
    """One leg: the time in the queue, or a phone that was rung for the caller."""

    call_id: int
    key: str
    kind: str
    device: str | None
    member: str | None
    user: str | None
    from_at: datetime
    answered_at: datetime | None
    to_at: datetime | None
    cause: str | None


_add = insert(tables.calls).returning(tables.calls)


async def add(tx: Transaction, report_id: int, values: Mapping[str, object]) -> CallRow:
    """Insert a call for a report; every column not given is null."""
    row = dict.fromkeys(COLUMNS) | {"metadata": {}, "recovered": False, **values, "report_id": report_id}
    return CallRow(**(await tx.connection.execute(_add, row)).mappings().one())


async def by_keys(reading: Reading, keys: list[Key]) -> dict[Key, CallRow]:
    """Return the calls with these keys; inside a transaction they stay locked until its end."""
    statement = select(tables.calls).where(tuple_(c.pbx, c.uniqueid).in_(keys)).order_by(c.id)
    if isinstance(reading, Transaction):
        statement = statement.with_for_update()
    rows = (await reading.connection.execute(statement)).mappings()
    return {(row["pbx"], row["uniqueid"]): CallRow(**row) for row in rows}


async def by_reports(reading: Reading, report_ids: list[int]) -> dict[int, CallRow]:
    """Return the calls of these reports by report id (a walk-in report has none)."""
    rows = (await reading.connection.execute(select(tables.calls).where(c.report_id.in_(report_ids)))).mappings()
    return {row["report_id"]: CallRow(**row) for row in rows}


async def in_progress(reading: Reading, pbx: str | None = None) -> list[CallRow]:
    """Return the calls that have not ended, the longest waiting first; of one PBX when it is named."""
    statement = select(tables.calls).where(c.state.is_not(None)).order_by(c.arrived_at)
    if pbx is not None:
        statement = statement.where(c.pbx == pbx)
    rows = (await reading.connection.execute(statement)).mappings()
    return [CallRow(**row) for row in rows]


async def change(tx: Transaction, call_id: int, values: Mapping[str, object]) -> None:
    """Save columns of a call."""
    await tx.connection.execute(update(tables.calls).where(c.id == call_id).values(**values))


async def save_states(tx: Transaction, states: Mapping[Key, dict[str, object]]) -> None:
    """Save the call machine's state of calls in progress; a call that is not there, or has ended, is no error."""
    if not states:
        return
    own = (c.pbx == bindparam("of_pbx"), c.uniqueid == bindparam("of_uniqueid"), c.stage != "ended")
    statement = update(tables.calls).where(*own)
    rows = [{"of_pbx": pbx, "of_uniqueid": uniqueid, "new": state} for (pbx, uniqueid), state in states.items()]
    await tx.connection.execute(statement.values(state=bindparam("new")), rows)


async def put_leg(
    tx: Transaction, call_id: int, key: str, values: Mapping[str, object], keep: Sequence[str] = ()
) -> None:
    """Save a leg; one that is there already (call, key) gets the given columns, but for those it is to `keep`."""
    statement = tx.insert_or(tables.legs).values(call_id=call_id, key=key, **values)
    changed = {name: value for name, value in values.items() if name not in keep}
    await tx.connection.execute(statement.on_conflict_do_update(index_elements=["call_id", "key"], set_=changed))


async def close_legs(tx: Transaction, call_id: int, at: datetime | None) -> None:
    """End the legs of a call that are still open."""
    leg = tables.legs.c
    await tx.connection.execute(update(tables.legs).where(leg.call_id == call_id, leg.to_at.is_(None)).values(to_at=at))


async def change_leg(tx: Transaction, call_id: int, key: str, values: Mapping[str, object]) -> None:
    """Save columns of a leg that is there; no such leg is no error."""
    leg = tables.legs.c
    await tx.connection.execute(update(tables.legs).where(leg.call_id == call_id, leg.key == key).values(**values))


async def legs_of(reading: Reading, call_id: int) -> list[LegRow]:
    """Return a call's legs in the order in which they began."""
    leg = tables.legs.c
    statement = select(tables.legs).where(leg.call_id == call_id).order_by(leg.from_at, leg.key)
    return [LegRow(**row) for row in (await reading.connection.execute(statement)).mappings()]
