"""Tape positions and the heartbeats of services."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, select

from db import tables
from db.engine import Reading, Transaction


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """A service's word about itself: since when it is in `state`, and when it last said so."""

    name: str
    state: str
    detail: str
    since: datetime
    seen_at: datetime


async def tape_positions(reading: Reading, bridge: str) -> dict[str, int]:
    """Return how far each tape of a bridge is committed, in bytes by tape id."""
    table = tables.tape_positions
    rows = await reading.connection.execute(select(table.c.tape_id, table.c.position).where(table.c.bridge == bridge))
    return {row.tape_id: row.position for row in rows}


async def save_tape_position(tx: Transaction, bridge: str, tape_id: str, position: int) -> None:
    """Save how far a tape is interpreted; belongs in the transaction of the facts that were read from it."""
    values = {"position": position, "updated_at": tx.now}
    statement = tx.insert_or(tables.tape_positions).values(bridge=bridge, tape_id=tape_id, **values)
    await tx.connection.execute(statement.on_conflict_do_update(index_elements=["bridge", "tape_id"], set_=values))


async def beat(tx: Transaction, name: str, state: str, detail: str) -> None:
    """Save a service's state; `since` moves only when the state changes."""
    table = tables.services
    statement = tx.insert_or(table).values(name=name, state=state, detail=detail, since=tx.now, seen_at=tx.now)
    since = case((table.c.state == state, table.c.since), else_=tx.now)
    await tx.connection.execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_={"state": state, "detail": detail, "since": since, "seen_at": tx.now}
        )
    )


async def services(reading: Reading) -> list[ServiceRow]:
    """Return what every service last said of itself."""
    rows = (await reading.connection.execute(select(tables.services).order_by(tables.services.c.name))).mappings()
    return [ServiceRow(**row) for row in rows]
