"""Where a report is: every position is kept, and one is shown: the last that a person set, else the best of machines',
else where the place lies that somebody chose from the gazetteer.

What a person typed as the place is another field, and nothing here touches it. A person who takes the coordinates out
has set them too. Agencies that have the report are owed the place when it becomes another one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from msgspec.structs import replace as with_columns

from db import duplicates, entries, positions
from db.engine import Transaction
from db.positions import Detail, NewPosition, PositionRow
from db.reports import ReportRow
from intake import grouping, placing
from intake.best_position import best
from intake.report import PLACE, POSITION, Value


@dataclass(frozen=True, slots=True)
class Written:
    """How a person set coordinates: on a map, pasted, as a plus code, in fields."""

    method: str = "typed"
    radius_m: float | None = None
    detail: Detail = field(default_factory=dict)


TYPED = Written()


def columns(lat: Value, written: Written) -> dict[str, object]:
    """Return what a report shows beside coordinates that a person sets; `lat` None: takes out."""
    method = None if lat is None else written.method
    return {"location_method": method, "location_radius_m": written.radius_m, "location_measured_at": None}


PLACES: Final = "gazetteer"  # source and method


async def learn(tx: Transaction, learnt: Sequence[NewPosition], public_url: str) -> None:
    """Keep what machines told of where reports are, and show the best of it where no person set a place.

    The agencies of all that are joined with one that is shown elsewhere now are owed that; whoever locked one of these
    before has locked its group (`duplicates.lock`).
    The reports' next version is the caller's to make.
    """
    if not learnt:
        return
    ids = sorted({one.report_id for one in learnt})
    locked = await duplicates.lock_ids(tx, ids)
    await positions.add(tx, learnt)
    shown: dict[int, NewPosition] = {}
    for report_id, every in (await positions.of_reports(tx, ids)).items():
        measured = best(one for one in every if one.source != PLACES)
        if measured is not None and not _by_person(locked[report_id].field_versions, every):
            shown[report_id] = measured
    await positions.show(tx, shown)
    moved = [
        locked[id] for id, one in shown.items() if _place(locked[id]) != (one.lat, one.lon, one.radius_m, one.method)
    ]
    heads = {row.duplicate_of or row.number for row in moved}
    owed = sorted(id for id, row in locked.items() if (row.duplicate_of or row.number) in heads)
    await grouping.owe(tx, owed, public_url)


async def is_persons(tx: Transaction, row: ReportRow) -> bool:
    """Tell whether a person set where a report is."""
    return any(one.source == "person" for one in (await positions.of_reports(tx, [row.id]))[row.id])


async def write(tx: Transaction, row: ReportRow, by: str, written: Written) -> ReportRow:
    """Keep the coordinates that a person just set on a locked report; return it with what it shows of them."""
    one = NewPosition(
        report_id=row.id,
        at=tx.now,
        measured_at=None,
        method=None if row.location_lat is None else written.method,
        lat=row.location_lat,
        lon=row.location_lon,
        radius_m=written.radius_m,
        source="person",
        detail=written.detail,
        by=by,
    )
    await positions.add(tx, [one])
    await positions.show(tx, {row.id: one})
    return with_columns(
        row, location_method=one.method, location_radius_m=one.radius_m, location_measured_at=one.measured_at
    )


async def choose(tx: Transaction, row: ReportRow, by: str, changes: Mapping[str, Value]) -> ReportRow:
    """Keep where the place lies that changes of a locked report set, if they set one, and return the report.

    It is shown where neither a person nor a machine has told a position; the report's next version is the caller's.
    """
    if PLACE not in changes:
        return row
    code = changes[PLACE]
    place = None if code is None else await placing.find(tx, str(code))
    every = (await positions.of_reports(tx, [row.id]))[row.id]
    last = next((one for one in reversed(every) if one.source == PLACES), None)
    lat, lon = (None, None) if place is None else (place.lat, place.lon)
    if (lat, lon) == ((None, None) if last is None else (last.lat, last.lon)):
        return row
    one = NewPosition(
        report_id=row.id,
        at=tx.now,
        method=None if lat is None else PLACES,
        lat=lat,
        lon=lon,
        source=PLACES,
        detail={} if place is None else {"place": place.code, "name": place.label},
        by=by,
    )
    await positions.add(tx, [one])
    measured = best(known for known in every if known.source != PLACES)
    if measured is not None or _by_person(row.field_versions, every):
        return row
    await positions.show(tx, {row.id: one})
    where = "–" if lat is None or lon is None else words(lat, lon, None, None)
    await entries.add(tx, row.id, by, f"Koordinat tempat: {where}", automatic=True)
    return with_columns(
        row,
        location_lat=lat,
        location_lon=lon,
        location_method=one.method,
        location_radius_m=None,
        location_measured_at=None,
    )


def _by_person(field_versions: Mapping[str, int], every: Sequence[PositionRow]) -> bool:
    """Tell whether a person has set a place, or taken it out."""
    return bool(POSITION & field_versions.keys()) or any(one.source == "person" for one in every)


def words(lat: float, lon: float, radius_m: float | None, method: str | None) -> str:
    """Return coordinates as entries tell them."""
    radius = None if radius_m is None else f"radius {radius_m:.0f} m"
    return ", ".join(filter(None, [f"{lat:.5f}, {lon:.5f}", radius, method and f"cara {method}"]))


def _place(row: ReportRow) -> tuple[float | None, float | None, float | None, str | None]:
    return row.location_lat, row.location_lon, row.location_radius_m, row.location_method
