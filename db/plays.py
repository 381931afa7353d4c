"""Plays of recordings: who may hear which, for a while, because they said why."""

from datetime import datetime

from sqlalchemy import delete, insert, select

from db import tables
from db.engine import Reading, Transaction
from db.recordings import Part

p = tables.plays.c


async def add(tx: Transaction, token_hash: str, call_id: int, part: Part, by: str, until: datetime) -> None:
    """Insert a play; those that are over are swept on the way."""
    await tx.connection.execute(delete(tables.plays).where(p.until < tx.now))
    values = {"token_hash": token_hash, "call_id": call_id, "part": part, "by": by, "until": until}
    await tx.connection.execute(insert(tables.plays).values(values))


async def part(reading: Reading, token_hash: str, call_id: int, by: str) -> Part | None:
    """Return which part of this call's recording this play lets this one hear; None: none (any more)."""
    statement = select(p.part).where(
        p.token_hash == token_hash, p.call_id == call_id, p.by == by, p.until > reading.now
    )
    found: Part | None = (await reading.connection.execute(statement)).scalar_one_or_none()
    return found
