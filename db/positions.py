"""Every position that was learnt of a report, in order; none is changed or erased. A report shows one of them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import asdict
from sqlalchemy import bindparam, insert, select, update

from db import tables
from db.engine import Reading, Transaction
from db.ids import new_id
from db.several import among, several

p = tables.positions.c
r = tables.reports.c
Source = Literal["network", "handset", "link", "gazetteer", "person"]
Detail = dict[str, str | float | None]


class NewPosition(Struct, frozen=True, kw_only=True):
    """A position to keep. Degrees of WGS 84, metres; without `lat` and `lon` it is an address, or a place taken out."""

    report_id: int
    at: datetime
    measured_at: datetime | None = None
    method: str | None = None
    lat: float | None = None
    lon: float | None = None
    radius_m: float | None = None
    source: Source
    detail: Detail = field(default_factory=dict)
    by: str


class PositionRow(NewPosition, frozen=True, kw_only=True):
    """A position as saved; field names are the column names."""

    n: int
    id: str


_add = insert(tables.positions)
_of_reports = select(tables.positions).where(among(p.report_id, "ids")).order_by(p.report_id, p.n)
_show = (
    update(tables.reports)
    .where(r.id == bindparam("of_id"))
    .values(
        location_lat=bindparam("lat"),
        location_lon=bindparam("lon"),
        location_method=bindparam("method"),
        location_radius_m=bindparam("radius_m"),
        location_measured_at=bindparam("measured_at"),
    )
)


async def add(tx: Transaction, positions: Sequence[NewPosition]) -> None:
    """Keep positions in their order."""
    if positions:
        await tx.connection.execute(_add, [asdict(one) | {"id": new_id(tx.now)} for one in positions])


async def of_reports(reading: Reading, report_ids: Collection[int]) -> dict[int, list[PositionRow]]:
    """Return the positions of each of these reports, in the order in which they were learnt."""
    found: dict[int, list[PositionRow]] = {report_id: [] for report_id in report_ids}
    for row in (await reading.connection.execute(_of_reports, {"ids": several(report_ids)})).mappings():
        found[row["report_id"]].append(PositionRow(**row))
    return found


async def show(tx: Transaction, shown: Mapping[int, NewPosition]) -> None:
    """Let locked reports show these positions, by report id."""
    rows = [
        {
            "of_id": report_id,
            "lat": one.lat,
            "lon": one.lon,
            "method": one.method,
            "radius_m": one.radius_m,
            "measured_at": one.measured_at,
        }
        for report_id, one in shown.items()
    ]
    if rows:
        await tx.connection.execute(_show, rows)
