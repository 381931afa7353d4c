"""Who has a report open, and who is writing on it: so that two people see each other before their words collide.

A presence is a lease: a page says "here" every ten seconds or so, and who says nothing is gone by itself. Most of that
is no news, and is not saved: a lease is written anew when half of it has passed, a change of the field that somebody
writes in not oftener than every SETTLED; the beginning of writing at once. Like every lease it has no audit row; what
people write has.
"""

from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from db import presences
from db.engine import Database, Reading
from db.presences import PresenceRow
from db.reports import ReportRow

OPEN_FOR: Final = timedelta(seconds=40)
WRITING_FOR: Final = timedelta(seconds=12)
SETTLED: Final = timedelta(seconds=5)


def renewed(mine: PresenceRow | None, fresh: PresenceRow, now: datetime) -> PresenceRow | None:
    """Return what is to be saved when somebody says what they are at (`fresh`); None: what is saved still tells it."""
    if mine is None:
        return fresh
    kept = replace(fresh, since=mine.since)
    if fresh.writing is None:  # the end of writing comes by itself
        still = replace(kept, writing=mine.writing, writing_until=mine.writing_until)
        return still if mine.until - now <= OPEN_FOR / 2 else None
    if mine.writing is None or mine.writing_until is None or mine.writing_until <= now:
        return kept
    began = mine.writing_until - WRITING_FOR
    if mine.writing != fresh.writing:
        return kept if now - began >= SETTLED else None
    return kept if mine.writing_until - now <= WRITING_FOR / 2 else None


def writing(row: PresenceRow, now: datetime) -> str | None:
    """Return the field that somebody is writing in now."""
    return row.writing if row.writing_until is not None and row.writing_until > now else None


async def here(database: Database, report: ReportRow, who: str, field: str | None) -> list[PresenceRow]:
    """Say that somebody has a report open, and writes in a field (None: in none). Return who is there."""
    async with database.reading() as reading:
        there = await presences.of_report(reading, report.id)
        if (save := _news(there, report, who, field, reading.now)) is None:
            return there
    async with database.transaction() as tx:
        await presences.save(tx, save)
        was = next((one for one in there if one.who == who), None)
        if was is None or writing(was, tx.now) != writing(save, tx.now):
            tx.tell("presence", report.number)
        return await presences.of_report(tx, report.id)


async def gone(database: Database, report: ReportRow, who: str) -> None:
    """Say that somebody has closed a report's page; twice is once."""
    async with database.transaction() as tx:
        if await presences.end(tx, report.id, who[:128]):
            tx.tell("presence", report.number)


async def there(reading: Reading, report: ReportRow) -> list[PresenceRow]:
    """Return who has a report open."""
    return await presences.of_report(reading, report.id)


def _news(
    there: list[PresenceRow], report: ReportRow, who: str, field: str | None, now: datetime
) -> PresenceRow | None:
    until = None if field is None else now + WRITING_FOR
    fresh = PresenceRow(report.id, who[:128], now, now + OPEN_FOR, field, until)
    return renewed(next((one for one in there if one.who == fresh.who), None), fresh, now)
