"""A person sets where a report is: a pin on the map, coordinates as pasted, a plus code. The last that a person set is
what the report shows, and all are kept; no version has to be named, since nothing is lost by two people's pins.
"""

from dataclasses import dataclass

from db import positions
from db.engine import Transaction
from db.positions import PositionRow
from intake import coordinates, desk
from intake.coordinates import CoordinatesError, Place
from intake.positions import Written
from intake.refusals import UnreadablePlaceError


@dataclass(frozen=True, slots=True)
class Pin:
    """What a person gave: one of a place on the map, a plus code and a pasted text. `near`: for a short plus code."""

    place: tuple[float, float] | None = None
    radius_m: float | None = None
    plus_code: str | None = None
    text: str | None = None
    near: tuple[float, float] | None = None


async def pin(tx: Transaction, number: str, given: Pin, by: str, public_url: str) -> PositionRow:
    """Set a report's coordinates, and return the position that was kept. A short plus code without `near` is taken
    near the place that the report has.

    Raises UnknownReportError, UnreadablePlaceError.
    """
    row = await desk.locked(tx, number)
    has = None if row.location_lat is None or row.location_lon is None else (row.location_lat, row.location_lon)
    place = _place(given, given.near or has)
    pasted = given.plus_code or given.text
    written = Written(place.method, place.radius_m, {} if pasted is None else {"pasted": pasted})
    yours = {"location.lat": place.lat, "location.lon": place.lon}
    if yours == {"location.lat": row.location_lat, "location.lon": row.location_lon}:  # a person says so, too
        await desk.confirm(tx, row, by, public_url, written)
    else:
        await desk.edit(tx, number, row.version, yours, by, public_url, written)
    return (await positions.of_reports(tx, [row.id]))[row.id][-1]


def _place(given: Pin, near: tuple[float, float] | None) -> Place:
    if given.place == (0, 0):
        raise UnreadablePlaceError("0, 0 is what screens send that do not know the place. Set the pin again.")
    try:
        if given.place is not None:
            return Place(*given.place, given.radius_m, "pin")
        if given.plus_code is not None:
            return coordinates.of_code(given.plus_code, near)
        return coordinates.read(given.text or "", near)
    except CoordinatesError as error:
        raise UnreadablePlaceError(str(error)) from None
