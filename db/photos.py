"""Photos that agencies sent of their dispatches: what each is, and the name of its file."""

from datetime import datetime

from msgspec import Struct
from msgspec.structs import asdict
from sqlalchemy import insert, select, update

from db import tables
from db.engine import Reading, Transaction

p = tables.photos.c


class PhotoRow(Struct, frozen=True, kw_only=True):
    """One photo; field names are the column names. `number` counts a dispatch's photos, from 1."""

    dispatch_id: str
    number: int
    file: str
    type: str
    bytes: int
    sha256: str
    by: str | None
    via: str
    received_at: datetime


async def add(tx: Transaction, row: PhotoRow) -> None:
    """Keep a photo as the newest of its dispatch, whose row is locked."""
    await tx.connection.execute(insert(tables.photos).values(asdict(row)))
    d = tables.dispatches.c
    await tx.connection.execute(update(tables.dispatches).where(d.id == row.dispatch_id).values(photos=row.number))


async def of_dispatch(reading: Reading, dispatch_id: str) -> list[PhotoRow]:
    """Return a dispatch's photos, in the order in which they came."""
    statement = select(tables.photos).where(p.dispatch_id == dispatch_id).order_by(p.number)
    return await reading.rows(PhotoRow, statement)


async def is_kept(reading: Reading, file: str) -> bool:
    """Tell whether a file's photo is kept."""
    return (await reading.connection.execute(select(p.number).where(p.file == file))).first() is not None
