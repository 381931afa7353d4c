"""What agencies may see of a report, made of its rows and those of the reports that are joined with it.

Several people call about one fire: each has a report of their own, and the agency sees all of them wherever it looks.
What the others say stands among the entries, with their report's number before it, so that every form has it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from db import duplicates, entries
from db.engine import Reading
from db.entries import EntryRow
from db.reports import ReportRow
from routing.visible import VisibleCaller, VisibleEntry, VisibleReport

OTHERS: Final = "112"  # who says what another of the joined reports says of itself


async def visible(reading: Reading, row: ReportRow) -> VisibleReport:
    """Return what agencies may see of a report: what people wrote and did not strike, no caller's history."""
    if row.is_alone:
        return shown(row, await entries.of_report(reading, row.id))
    group = await duplicates.group(reading, row)
    return together(row, group, await entries.of_reports(reading, [one.id for one in group]))


def together(row: ReportRow, group: Sequence[ReportRow], written: Sequence[EntryRow]) -> VisibleReport:
    """Return the same of a report of a group, whose head is the first; `written` are the entries of all of them."""
    own = shown(row, (one for one in written if one.report_id == row.id))
    all_told = list(own.entries)
    for other in group:
        if other.id != row.id:
            theirs = shown(other, (one for one in written if one.report_id == other.id))
            about = VisibleEntry(other.opened_at, OTHERS, _about(theirs))
            all_told += [replace(one, text=f"[{other.number}] {one.text}") for one in (about, *theirs.entries)]
    callers = [VisibleCaller(one.number, one.caller_number, one.caller_number_raw, one.caller_name) for one in group]
    in_order = tuple(sorted(all_told, key=lambda one: one.at))
    return replace(own, entries=in_order, callers=tuple(callers), duplicate_of=row.duplicate_of)


def _about(other: VisibleReport) -> str:
    """Say in a line who else reports the same incident, and what."""
    caller = " ".join(filter(None, (other.caller_name, other.caller_number or other.caller_number_raw)))
    said = [f"Kejadian yang sama, penelepon {caller or 'tidak dikenal'}"]
    if other.location_text:
        said.append(f"lokasi: {other.location_text}")
    if other.location_lat is not None and other.location_lon is not None:
        said.append(f"{other.location_lat:.5f}, {other.location_lon:.5f}")
    if other.narrative:
        said.append(other.narrative)
    return "; ".join(said)


def shown(row: ReportRow, written: Iterable[EntryRow]) -> VisibleReport:
    """Return the same of a report that is alone, and whose entries are these."""
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
        narrative=row.narrative,
        entries=tuple(
            VisibleEntry(one.at, one.author, one.text) for one in written if not one.automatic and one.struck_at is None
        ),
    )
