"""Coordinates as people paste them: pairs in degrees, degrees with minutes and seconds, `geo:`, map links, plus codes.

Read strictly: what may mean two places is refused with a sentence that says what to send instead. Nothing is fetched,
so a shortened link names no place. The radius of what is read is how coarsely it was written: half of the last digit's
step.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit

from intake import plus_code
from intake.plus_code import METRES_PER_DEGREE, PlusCodeError

LONGEST: Final = 2000  # characters; a map's link has some hundred
_NUMBER: Final = r"[+-]?\d{1,3}(?:\.\d{1,15})?"
_PAIR: Final = re.compile(rf"({_NUMBER})\s*(?:[,;]\s*|\s+)({_NUMBER})", re.ASCII)
_GEO: Final = re.compile(
    rf"geo:({_NUMBER}),({_NUMBER})(?:,{_NUMBER})?((?:;[^;?]*)*)(?:\?.*)?", re.ASCII | re.IGNORECASE
)
_AT: Final = re.compile(rf"@({_NUMBER}),({_NUMBER})(?:,|/|$)", re.ASCII)
_PLACE: Final = re.compile(rf"!3d({_NUMBER})!4d({_NUMBER})(?:!|/|$)", re.ASCII)
_OF_MAP: Final = re.compile(rf"map=\d{{1,2}}(?:\.\d+)?/({_NUMBER})/({_NUMBER})(?:&|$)", re.ASCII)
_SIDES: Final = {"N": 1, "LU": 1, "S": -1, "LS": -1, "E": 1, "T": 1, "BT": 1, "W": -1, "B": -1, "BB": -1}
_OF_LATITUDE: Final = {"N", "LU", "S", "LS"}
_SIDE: Final = "(LU|LS|BT|BB|N|S|E|W|T|B)"
_ANGLE: Final = (
    r"([+-]?\d{1,3}(?:\.\d{1,15})?)\s*[°º]?"
    r"(?:\s*(\d{1,2}(?:\.\d{1,12})?)\s*['′’])?(?:\s*(\d{1,2}(?:\.\d{1,9})?)\s*(?:\"|″|”|''))?"
)
_APART: Final = r"(?:\s*[,;]\s*|\s+|(?<=[A-Z°º'′’\"″”]))"  # what stands between two angles
_SIDE_BEFORE: Final = re.compile(rf"{_SIDE}\s*{_ANGLE}{_APART}{_SIDE}\s*{_ANGLE}", re.ASCII | re.IGNORECASE)
_SIDE_AFTER: Final = re.compile(rf"{_ANGLE}\s*{_SIDE}?{_APART}{_ANGLE}\s*{_SIDE}?", re.ASCII | re.IGNORECASE)
_CODE: Final = re.compile(r"([23456789CFGHJMPQRVWX0]{0,8}\+[23456789CFGHJMPQRVWX]{0,7})(?:[\s,].*)?", re.IGNORECASE)
_QUERIES: Final = ("q", "query", "ll", "daddr", "destination", "center", "cp")
_SHORTENED: Final = ("maps.app.goo.gl", "goo.gl", "g.co", "bit.ly", "s.id", "tinyurl.com")
HOW: Final = 'Send them like "-7.0083, 113.8591", latitude first.'


class CoordinatesError(Exception):
    """No place can be read in this; the message says why, and what to send."""


@dataclass(frozen=True, slots=True)
class Place:
    """Degrees of WGS 84, the radius in metres where the writing tells one, and how it was written."""

    lat: float
    lon: float
    radius_m: float | None
    method: str  # pin, coordinates, plus-code


def read(text: str, near: tuple[float, float] | None = None) -> Place:
    """Return the place that a pasted text names; `near` is the reference of a short plus code.

    Raises CoordinatesError.
    """
    if len(text) > LONGEST:
        raise CoordinatesError(f"This is longer than {LONGEST} characters. {HOW}")
    text = " ".join(text.split())  # a thousand spaces would be a thousand times the work
    low = text.lower()
    if low.startswith("geo:"):
        return _geo(text)
    if low.startswith(("http://", "https://")):
        return _link(text)
    if found := _CODE.fullmatch(text):
        return of_code(found[1], near)
    if found := _PAIR.fullmatch(text):
        return _decimal(found[1], found[2])
    if found := _SIDE_BEFORE.fullmatch(text):
        return _angles(found.groups())
    if found := _SIDE_AFTER.fullmatch(text):
        degrees, minutes, seconds, side, *other = found.groups()
        return _angles((side, degrees, minutes, seconds, other[3], *other[:3]))
    raise CoordinatesError(f"These are no coordinates. {HOW}")


def of_code(code: str, near: tuple[float, float] | None) -> Place:
    """Return the middle of a plus code's area. Raises CoordinatesError."""
    code = code.strip()
    if plus_code.is_short(code) and near is None:
        raise CoordinatesError(
            f"{code} is a short plus code, which means something only beside a place. Send the place as `near` "
            "(latitude and longitude of the kecamatan, for instance), or the full code."
        )
    try:
        area = plus_code.nearest(code, *(near or (0.0, 0.0)))
    except PlusCodeError as error:
        raise CoordinatesError(f"{error}.") from None
    return Place(*area.centre, area.radius_m, "plus-code")


def _geo(text: str) -> Place:
    found = _GEO.fullmatch(text)
    if found is None:
        raise CoordinatesError("This geo: address cannot be read: one looks like geo:-7.0083,113.8591;u=20 (RFC 5870).")
    extra = dict(part.lower().partition("=")[::2] for part in found[3].split(";")[1:])
    if extra.get("crs", "wgs84") != "wgs84":
        raise CoordinatesError("This geo: address has another reference system than WGS 84. Convert it first.")
    place = _decimal(found[1], found[2])
    uncertain = extra.get("u")
    if uncertain is None:
        return place
    if not re.fullmatch(r"\d{1,7}(\.\d{1,6})?", uncertain, re.ASCII):
        raise CoordinatesError("The u= of this geo: address is no number of metres.")
    return Place(place.lat, place.lon, float(uncertain), place.method)


def _link(text: str) -> Place:
    """A map's link: the place it marks before the point its map shows."""
    try:
        parts = urlsplit(text)
        query = parse_qs(parts.query, max_num_fields=100)
    except ValueError:
        raise CoordinatesError(f"This link cannot be read. {HOW}") from None
    whole = unquote(f"{parts.path}?{parts.query}#{parts.fragment}")
    if found := _PLACE.search(whole):
        return _decimal(found[1], found[2])
    for name in _QUERIES:
        for value in query.get(name, ()):
            if found := _PAIR.fullmatch(value.strip().removeprefix("loc:")):
                return _decimal(found[1], found[2])
    if {"mlat", "mlon"} <= query.keys() and (found := _PAIR.fullmatch(f"{query['mlat'][0]},{query['mlon'][0]}")):
        return _decimal(found[1], found[2])
    if found := _AT.search(whole) or _OF_MAP.search(parts.fragment):
        return _decimal(found[1], found[2])
    if (parts.hostname or "") in _SHORTENED:
        raise CoordinatesError(
            f"{parts.hostname} is a shortened link, which holds no coordinates, and links are never opened here. Open "
            "it on a screen of your own and paste the long address."
        )
    raise CoordinatesError(f"This link holds no coordinates (@lat,lon). {HOW}")


def _decimal(lat: str, lon: str) -> Place:
    decimals = max(len(one.partition(".")[2]) for one in (lat, lon))
    return _place(float(lat), float(lon), 0.5 * 10.0**-decimals)


def _angles(parts: Sequence[str | None]) -> Place:
    """Return the place of two angles, each a side, degrees, minutes, seconds."""
    (lat, lat_side, step), (lon, lon_side, other) = _angle(*parts[:4]), _angle(*parts[4:])
    if (lat_side is None) is not (lon_side is None):
        raise CoordinatesError("Only one of the two says on which side it is (N, S, E, W; LU, LS, BT, BB). Say both.")
    if lat_side is not None and lon_side is not None:
        if (lat_side in _OF_LATITUDE) is (lon_side in _OF_LATITUDE):
            raise CoordinatesError(f"{lat_side} and {lon_side} are not a latitude and a longitude. {HOW}")
        if lat_side not in _OF_LATITUDE:
            lat, lon = lon, lat
    return _place(lat, lon, min(step, other) / 2)


def _angle(
    side: str | None, degrees: str | None, minutes: str | None, seconds: str | None
) -> tuple[float, str | None, float]:
    """Return degrees with their sign, the side if one was written, and the step of the last digit in degrees."""
    side, degrees = (side.upper() if side else None), degrees or ""
    signed = degrees[:1] in ("+", "-")
    if side and signed:
        raise CoordinatesError("Write either a sign or a side (S, W, LS, BB), not both: -7° S may mean two places.")
    if ("." in degrees and (minutes or seconds)) or (minutes and "." in minutes and seconds):
        raise CoordinatesError("Only the last part of an angle may have decimals.")
    if float(minutes or 0) >= 60 or float(seconds or 0) >= 60:
        raise CoordinatesError("Minutes and seconds of an angle are below 60.")
    value = abs(float(degrees)) + float(minutes or 0) / 60 + float(seconds or 0) / 3600
    negative = degrees[0] == "-" if side is None else _SIDES[side] < 0
    last, unit = (seconds, 3600) if seconds else (minutes, 60) if minutes else (degrees, 1)
    step = 10.0 ** -len(last.partition(".")[2]) / unit
    return (-value if negative else value), side, step


def _place(lat: float, lon: float, half_step: float) -> Place:
    if abs(lat) > 90 and abs(lon) <= 90:
        raise CoordinatesError("The latitude comes first and is between -90 and 90. These two look swapped.")
    if abs(lat) > 90 or abs(lon) > 180:
        raise CoordinatesError("A latitude is between -90 and 90, a longitude between -180 and 180.")
    if lat == lon == 0:
        raise CoordinatesError("0, 0 is what devices send that do not know where they are. It is no place here.")
    radius = half_step * METRES_PER_DEGREE * math.sqrt(2)
    return Place(round(lat, 7), round(lon, 7), max(1.0, round(radius, 1)), "coordinates")
