"""One-use links by which a caller's browser tells where it is; of the token in one only its hash is kept."""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import func, insert, select, update

from db import tables
from db.engine import Reading, Transaction

k = tables.location_links.c


class LinkRow(Struct, frozen=True):
    """One link as saved; field names are the column names."""

    token_hash: str
    report_id: int
    created_at: datetime
    created_by: str
    expires_at: datetime
    used_at: datetime | None
    sms_id: str | None


async def add(
    tx: Transaction, token_hash: str, report_id: int, by: str, expires_at: datetime, sms_id: str | None
) -> LinkRow:
    """Keep a link."""
    values = {"token_hash": token_hash, "report_id": report_id, "created_by": by, "expires_at": expires_at}
    statement = insert(tables.location_links).values(created_at=tx.now, sms_id=sms_id, **values)
    row = (await tx.connection.execute(statement.returning(tables.location_links))).mappings().one()
    return LinkRow(**row)


async def usable(reading: Reading, token_hash: str) -> LinkRow | None:
    """Return the link with this hash if it can be used now; unknown, used and expired are all None."""
    statement = select(tables.location_links).where(
        k.token_hash == token_hash, k.used_at.is_(None), k.expires_at > reading.now
    )
    return await reading.row(LinkRow, statement)


async def use(tx: Transaction, token_hash: str) -> bool:
    """Use a link up; False: somebody has, or it is over."""
    of_it = k.token_hash == token_hash, k.used_at.is_(None), k.expires_at > tx.now
    used = update(tables.location_links).where(*of_it).values(used_at=tx.now).returning(k.report_id)
    return (await tx.connection.execute(used)).first() is not None


async def open_of(reading: Reading, report_id: int) -> int:
    """Return how many links of a report can be used now."""
    of_report = k.report_id == report_id, k.used_at.is_(None), k.expires_at > reading.now
    statement = select(func.count()).select_from(tables.location_links).where(*of_report)
    return int((await reading.connection.execute(statement)).scalar_one())


async def of_report(reading: Reading, report_id: int) -> list[LinkRow]:
    """Return the links of a report, the oldest first."""
    statement = select(tables.location_links).where(k.report_id == report_id).order_by(k.created_at, k.token_hash)
    return await reading.rows(LinkRow, statement)
