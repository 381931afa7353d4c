"""How far the webhooks of dispatches are: for screens, one statement for any number of reports."""

from datetime import datetime
from typing import Final

from msgspec import Struct
from sqlalchemy import and_, case, func, select

from db import tables
from db.engine import Reading
from db.envelopes import due_at

STUCK: Final = ("dead", "pending")


class DeliveryRow(Struct, frozen=True):
    """The envelope that a dispatch waits for: the first dead one, else the first pending, else the newest."""

    dispatch_id: str
    sequence: int
    type: str
    state: str
    cause: str | None
    tries: int
    next_try_at: datetime
    paused: bool  # somebody paused its agency: there is no next try
    last_outcome: str | None  # of the last try that ended, None while none has

    def told(self) -> str:
        """Return its state as screens show it: `paused` and `failing` (tried in vain) beside its own."""
        if self.paused:
            return "paused"
        return "failing" if self.state == "pending" and self.last_outcome is not None else self.state


async def of_reports(reading: Reading, report_ids: list[int]) -> dict[str, DeliveryRow]:
    """Return how far each dispatch of these reports is, by its id."""
    v, a, log = tables.envelopes.c, tables.agencies.c, tables.attempts.c
    order = (
        case((v.state == "dead", 0), (v.state == "pending", 1), else_=2),
        case((v.state.in_(STUCK), v.sequence), else_=-v.sequence),
    )
    place = func.row_number().over(partition_by=v.dispatch_id, order_by=order).label("place")
    columns = (v.id, v.dispatch_id, v.sequence, v.type, v.state, v.cause, v.tries)
    next_try_at = due_at().label("next_try_at")
    paused = and_(v.state == "pending", a.paused_at.is_not(None), a.removed_at.is_(None)).label("paused")
    ranked = (
        select(*columns, next_try_at, paused, place)
        .join(tables.dispatches, tables.dispatches.c.id == v.dispatch_id)
        .join(tables.agencies, a.id == v.agency_id)
        .where(tables.dispatches.c.report_id.in_(report_ids))
        .subquery()
    )
    last = select(log.outcome).where(log.envelope_id == ranked.c.id).order_by(log.n.desc()).limit(1).scalar_subquery()
    shown = [one for one in ranked.c if one.name not in ("id", "place")]
    statement = select(*shown, last.label("last_outcome")).where(ranked.c.place == 1)
    rows = [DeliveryRow(**row) for row in (await reading.connection.execute(statement)).mappings()]
    return {row.dispatch_id: row for row in rows}
