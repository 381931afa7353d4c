"""What the desk asks of the PBX: one row a request, kept for ever. Asked, begun, then done or failed."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Literal

from msgspec import Struct
from sqlalchemy import bindparam, insert, or_, select, update

from db import tables
from db.engine import Reading, Transaction
from db.ids import new_id
from db.several import several

c = tables.controls.c
TOPIC = "control"
End = Literal["done", "failed"]


class ControlRow(Struct, frozen=True):
    """One request as saved; field names are the column names."""

    id: str
    pbx: str
    action: str
    report_id: int | None
    arguments: dict[str, str]
    state: str
    asked_at: datetime
    asked_by: str
    begun_at: datetime | None
    begun_by: str | None
    ended_at: datetime | None
    result: str | None
    detail: str | None

    @property
    def broke_off(self) -> bool:
        """Nobody did it in time, or nobody knows whether it was done."""
        return self.state == "failed" and self.result in ("too_late", "unknown")


async def ask(
    tx: Transaction, *, pbx: str, action: str, arguments: Mapping[str, str], by: str, report_id: int | None = None
) -> ControlRow:
    """Write a request, and wake who does it."""
    values = {"pbx": pbx, "action": action, "report_id": report_id, "arguments": dict(arguments)}
    asked = {"state": "asked", "asked_at": tx.now, "asked_by": by}
    statement = insert(tables.controls).values(id=new_id(tx.now), **values, **asked).returning(tables.controls)
    row = ControlRow(**(await tx.connection.execute(statement)).mappings().one())
    tx.wake(TOPIC)
    return row


async def find(reading: Reading, control_id: str) -> ControlRow | None:
    """Return a request, or None."""
    statement = select(tables.controls).where(c.id == control_id)
    return await reading.row(ControlRow, statement)


async def every(reading: Reading, ids: Collection[str]) -> list[ControlRow]:
    """Return these requests, the oldest first."""
    if not ids:
        return []
    statement = select(tables.controls).where(c.id.in_(several(ids))).order_by(c.id)
    return await reading.rows(ControlRow, statement)


async def newest(reading: Reading, pbx: str, action: str) -> ControlRow | None:
    """Return the newest request of this kind to a PBX, or None."""
    statement = select(tables.controls).where(c.pbx == pbx, c.action == action).order_by(c.id.desc()).limit(1)
    return await reading.row(ControlRow, statement)


async def is_open(reading: Reading, report_id: int, action: str) -> bool:
    """Tell whether a report has a request of this kind that has not ended."""
    of_report = c.report_id == report_id, c.action == action, tables.OPEN_CONTROL
    return (await reading.connection.execute(select(c.id).where(*of_report).limit(1))).first() is not None


async def last_done(reading: Reading, report_id: int, actions: Collection[str]) -> str | None:
    """Return which of these actions was the last that was done for a report, or None."""
    statement = select(c.action).where(c.report_id == report_id, c.action.in_(actions), c.state == "done")
    newest = statement.order_by(c.ended_at.desc(), c.id.desc()).limit(1)
    return (await reading.connection.execute(newest)).scalar_one_or_none()


_unfinished = select(tables.controls).where(c.pbx == bindparam("of_pbx"), tables.OPEN_CONTROL).order_by(c.id)


async def unfinished(reading: Reading, pbx: str) -> list[ControlRow]:
    """Return the requests to a PBX that have not ended, the oldest first."""
    return await reading.rows(ControlRow, _unfinished, {"of_pbx": pbx})


async def begin(tx: Transaction, control_id: str, bridge: str) -> bool:
    """Take a request that is still asked: False when another bridge did."""
    statement = update(tables.controls).where(c.id == control_id, c.state == "asked")
    taken = await tx.connection.execute(
        statement.values(state="begun", begun_at=tx.now, begun_by=bridge).returning(c.id)
    )
    return taken.first() is not None


async def end(
    tx: Transaction, control_id: str, state: End, result: str, detail: str, *, known_now: bool = False
) -> bool:
    """End a request, once: False when it has ended already. `known_now`: what ended as unknown may be ended again."""
    may_end = or_(tables.OPEN_CONTROL, c.result == "unknown") if known_now else tables.OPEN_CONTROL
    statement = update(tables.controls).where(c.id == control_id, may_end)
    ended = await tx.connection.execute(
        statement.values(state=state, ended_at=tx.now, result=result, detail=detail).returning(c.id)
    )
    return ended.first() is not None
