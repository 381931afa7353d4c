"""What agencies may see of a report, made of its rows."""

from collections.abc import Iterable

from db import entries
from db.engine import Reading
from db.entries import EntryRow
from db.reports import ReportRow
from routing.visible import VisibleEntry, VisibleReport


async def visible(reading: Reading, row: ReportRow) -> VisibleReport:
    """Return what agencies may see of a report: what people wrote and did not strike, no caller's history."""
    return shown(row, await entries.of_report(reading, row.id))


def shown(row: ReportRow, written: Iterable[EntryRow]) -> VisibleReport:
    """Return the same of a report whose entries are these."""
    return VisibleReport(
        number=row.number,
        version=row.version,
        status=row.status,
        classification=row.classification,
        kind=row.kind,
        priority=row.priority,
        source=row.source,
        exercise=row.exercise,
        opened_at=row.opened_at,
        caller_number=row.caller_number,
        caller_number_raw=row.caller_number_raw,
        caller_name=row.caller_name,
        location_text=row.location_text,
        location_lat=row.location_lat,
        location_lon=row.location_lon,
        location_place=row.location_place,
        location_place_name=row.location_place_name,
        narrative=row.narrative,
        entries=tuple(
            VisibleEntry(one.at, one.author, one.text) for one in written if not one.automatic and one.struck_at is None
        ),
    )
