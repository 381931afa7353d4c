"""Entries, written in pen: they are added and struck, never changed or deleted."""

from collections.abc import Collection
from datetime import datetime

from msgspec import Struct
from sqlalchemy import insert, select, update

from db import tables
from db.engine import Reading, Transaction
from db.ids import new_id
from db.several import several

e = tables.entries.c


class EntryRow(Struct, frozen=True):
    """One entry; `automatic` tells the machine's entries from people's."""

    n: int
    id: str
    report_id: int
    at: datetime
    author: str
    automatic: bool
    text: str
    struck_at: datetime | None
    struck_by: str | None


async def add(tx: Transaction, report_id: int, author: str, text: str, *, automatic: bool) -> EntryRow:
    """Write an entry at the transaction's time."""
    statement = (
        insert(tables.entries)
        .values(id=new_id(tx.now), report_id=report_id, at=tx.now, author=author, automatic=automatic, text=text)
        .returning(tables.entries)
    )
    return EntryRow(**(await tx.connection.execute(statement)).mappings().one())


async def strike(tx: Transaction, report_id: int, entry_id: str, by: str) -> EntryRow | None:
    """Strike an entry, the first strike counts. Return it, or None when the report has no such entry."""
    statement = update(tables.entries).where(e.id == entry_id, e.report_id == report_id, e.struck_at.is_(None))
    await tx.connection.execute(statement.values(struck_at=tx.now, struck_by=by))
    wanted = select(tables.entries).where(e.id == entry_id, e.report_id == report_id)
    return await tx.row(EntryRow, wanted)


async def of_report(reading: Reading, report_id: int) -> list[EntryRow]:
    """Return a report's entries in the order in which they were written."""
    return await of_reports(reading, [report_id])


async def of_reports(reading: Reading, report_ids: Collection[int]) -> list[EntryRow]:
    """Return the entries of reports in the order in which they were written."""
    statement = select(tables.entries).where(e.report_id.in_(several(report_ids))).order_by(e.n)
    return await reading.rows(EntryRow, statement)
