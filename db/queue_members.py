"""What the PBX last said of the members of its queues, one row for each member of each queue."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import select

from db import tables
from db.engine import Reading, Transaction

q = tables.queue_members.c


class QueueMemberRow(Struct, frozen=True):
    """One member as saved; field names are the column names. `there` False: it was one."""

    pbx: str
    queue: str
    interface: str
    device: str
    name: str
    membership: str
    there: bool
    paused: bool
    reason: str
    reachable: bool
    at: datetime


async def of_pbx(reading: Reading, pbx: str) -> list[QueueMemberRow]:
    """Return all that ever were members on a PBX; inside a transaction they stay locked until its end."""
    statement = select(tables.queue_members).where(q.pbx == pbx).order_by(q.queue, q.interface)
    if isinstance(reading, Transaction):
        statement = statement.with_for_update()
    return await reading.rows(QueueMemberRow, statement)


async def of_device(reading: Reading, pbx: str, device: str) -> list[QueueMemberRow]:
    """Return the members behind which a telephone is."""
    statement = select(tables.queue_members).where(q.pbx == pbx, q.device == device).order_by(q.queue, q.interface)
    return await reading.rows(QueueMemberRow, statement)


async def present(reading: Reading) -> list[QueueMemberRow]:
    """Return those who are members now, on every PBX."""
    statement = select(tables.queue_members).where(q.there).order_by(q.pbx, q.device, q.queue, q.interface)
    return await reading.rows(QueueMemberRow, statement)


async def save(tx: Transaction, rows: Sequence[QueueMemberRow]) -> None:
    """Save members as they are now, new ones too."""
    for row in rows:
        values = asdict(row)
        key = ("pbx", "queue", "interface")
        news = {name: value for name, value in values.items() if name not in key}
        statement = tx.insert_or(tables.queue_members).values(values)
        await tx.connection.execute(statement.on_conflict_do_update(index_elements=key, set_=news))
