"""Recordings of calls: where each lies in the store, how long it is, and what is wrong with it.

A call has up to two, its parts: the whole `call`, and the `message` that the caller left with the voice menu.
"""

from datetime import datetime
from functools import cache
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import (
    ColumnElement,
    Integer,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    false,
    func,
    insert,
    or_,
    select,
    update,
)

from db import tables
from db.engine import Reading, Transaction

r = tables.recordings.c
c = tables.calls.c
l = tables.legs.c  # noqa: E741  # as short as the others
Part = Literal["call", "message"]
NAMED = {"call": c.recording, "message": c.message}  # the file's name, as the PBX wrote it


class RecordingRow(Struct, frozen=True, kw_only=True):
    """One recording as saved; field names are the column names. `file` None: there is none to hear.

    `removed`: nothing of it is left on the PBX.
    """

    call_id: int
    part: Part = "call"
    file: str | None
    bytes: int | None
    seconds: float | None
    fault: str | None
    removed: bool = False
    kept_at: datetime


class OwedRow(Struct, frozen=True):
    """A call whose recording is to be looked after. `ended_at` None: nobody knows, or it lasts.

    `name` is the file's, as the PBX wrote it; None while the call lasts and its dialplan has named none. `whole`: the
    PBX has done with it, though the call may last. `file`: it is in the store, and only its removal from the PBX is
    owed. `missing`: it was not found so far.
    """

    call_id: int
    part: Part
    report_id: int
    name: str | None
    arrived_at: datetime
    ended: bool
    whole: bool
    ended_at: datetime | None
    file: str | None
    missing: bool


async def newest_call(reading: Reading) -> int:
    """Return the id of the newest call, 0 when there is none."""
    return int((await reading.connection.execute(select(func.max(c.id)))).scalar_one() or 0)


async def owed(
    reading: Reading, pbx: str, part: Part, after: int, limit: int, missing_since: datetime
) -> list[OwedRow]:
    """Return the calls of a PBX behind an id of which this recording is owed, or may be yet, the oldest first.

    What is missing is looked for again until `missing_since`; it comes last, and holds up no other.
    """
    asked = {"after": after, "pbx": pbx, "missing_since": missing_since, "most": limit}
    rows = (await reading.connection.execute(_owed(part), asked)).mappings()
    return [OwedRow(part=part, **row) for row in rows]


@cache
def _owed(part: Part) -> Select[Any]:
    """Return the statement of `owed`: asked every two seconds; to build it cost six times its answer."""
    columns: tuple[ColumnElement[Any], ...] = (
        c.id.label("call_id"),
        c.report_id,
        NAMED[part].label("name"),
        c.arrived_at,
        (c.stage == "ended").label("ended"),
        c.ended_at,
        r.file,
        func.coalesce(r.fault == "missing", false()).label("missing"),
    )
    in_menu = exists().where(l.call_id == c.id, l.kind == "overflow", l.to_at.is_(None))
    columns += (((c.stage == "ended") if part == "call" else or_(c.stage == "ended", ~in_menu)).label("whole"),)
    new = and_(r.call_id.is_(None), or_(NAMED[part].is_not(None), c.stage != "ended"))
    again = or_(
        and_(r.file.is_not(None), r.removed.is_(False)),
        and_(r.fault == "missing", r.kept_at > bindparam("missing_since")),
    )
    return (
        select(*columns)
        .outerjoin(tables.recordings, and_(r.call_id == c.id, r.part == part))
        .where(c.id > bindparam("after"), c.pbx == bindparam("pbx"), or_(new, again))
        .order_by(func.coalesce(r.fault == "missing", false()), c.id)
        .limit(bindparam("most", type_=Integer))
    )


async def of_call(reading: Reading, call_id: int, part: Part = "call") -> RecordingRow | None:
    """Return a call's recording, or None when nobody has looked after it yet."""
    statement = select(tables.recordings).where(r.call_id == call_id, r.part == part)
    return await reading.row(RecordingRow, statement)


async def keep(tx: Transaction, row: RecordingRow) -> bool:
    """Save a recording, once: False when another bridge did. One that was missing and is found takes that place.

    Its call is locked until the transaction ends.
    """
    await tx.connection.execute(select(c.id).where(c.id == row.call_id).with_for_update())
    known = await of_call(tx, row.call_id, row.part)
    if known is not None and not (known.fault == "missing" and row.file is not None):
        return False
    if known is not None:
        place = (r.call_id == row.call_id, r.part == row.part)
        await tx.connection.execute(delete(tables.recordings).where(*place))
    await tx.connection.execute(insert(tables.recordings), [asdict(row)])
    return True


async def removed(tx: Transaction, call_id: int, part: Part) -> None:
    """Note that nothing of a recording is left on the PBX."""
    place = (r.call_id == call_id, r.part == part)
    await tx.connection.execute(update(tables.recordings).where(*place).values(removed=True))
