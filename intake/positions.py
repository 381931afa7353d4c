"""Where a report is: every position is kept, and one is shown, the last that a person set, else the best of machines'.

What a person typed as the place is another field, and nothing here touches it. A person who takes the coordinates out
has set them too. Agencies that have the report are owed the place when it becomes another one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from msgspec.structs import replace as with_columns

from db import calls, dispatches, positions, reports
from db.engine import Transaction
from db.positions import Detail, NewPosition
from db.reports import ReportRow
from db.states import NOT_LIVE
from intake.best_position import best
from intake.report import POSITION
from intake.visible import visible
from routing import outbox


@dataclass(frozen=True, slots=True)
class Written:
    """How a person set coordinates: on a map, pasted, as a plus code, in fields."""

    method: str = "typed"
    radius_m: float | None = None
    detail: Detail = field(default_factory=dict)


TYPED = Written()


async def learn(tx: Transaction, learnt: Sequence[NewPosition], public_url: str) -> None:
    """Keep what machines told of where reports are, and show the best of it where no person set a place.

    The reports' next version is the caller's to make.
    """
    if not learnt:
        return
    ids = sorted({one.report_id for one in learnt})
    locked = await calls.lock_reports(tx, ids)
    await positions.add(tx, learnt)
    shown: dict[int, NewPosition] = {}
    for report_id, every in (await positions.of_reports(tx, ids)).items():
        by_person = POSITION & locked[report_id].field_versions.keys() or any(one.source == "person" for one in every)
        if not by_person and (one := best(every)) is not None:
            shown[report_id] = one
    await _owe(tx, shown, public_url)
    await positions.show(tx, shown)


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


def words(lat: float, lon: float, radius_m: float | None, method: str | None) -> str:
    """Return coordinates as entries tell them."""
    radius = None if radius_m is None else f"radius {radius_m:.0f} m"
    return ", ".join(filter(None, [f"{lat:.5f}, {lon:.5f}", radius, method and f"cara {method}"]))


async def _owe(tx: Transaction, shown: Mapping[int, NewPosition], public_url: str) -> None:
    """Owe the agencies that have these locked reports the places that will be shown, where that is another one."""
    if not shown:
        return
    for report_id, sent in sorted((await dispatches.of_reports(tx, list(shown))).items()):
        if all(one.state in NOT_LIVE for one in sent):
            continue
        before = await visible(tx, await reports.lock(tx, report_id))
        one = shown[report_id]
        after = replace(before, location_lat=one.lat, location_lon=one.lon)
        if not after.looks_like(before):
            await outbox.update(tx, report_id=report_id, report=after, public_url=public_url)
