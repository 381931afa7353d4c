"""Marks of where people, machines and callers say that a report is, for the record (`db/seals.py`)."""

from collections.abc import Mapping

from db import seals
from db.engine import Transaction


async def of_position(
    tx: Transaction,
    report_id: int,
    lat: float | None,
    lon: float | None,
    radius_m: float | None = None,
    more: Mapping[str, str | float | None] | None = None,
) -> dict[str, str]:
    """Return the marks of a position by the names of its values; `more` is what else was said with it."""
    where = {"location.lat": lat, "location.lon": lon, "location.radius_m": radius_m}
    said: dict[str, object] = {
        name: float(value) for name, value in where.items() if value is not None
    }  # as the database gives it back
    said |= {name: value for name, value in (more or {}).items() if value is not None}
    return await seals.marks(tx, report_id, said)
