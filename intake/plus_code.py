"""Plus codes (Open Location Code, https://github.com/google/open-location-code): the area that a code names.

A full code (`6P6G2XQR+5M`) names its area anywhere; a short one (`2XQR+5M`) lacks its first digits and names the area
of that ending that is nearest to a reference. What is valid is what the specification's own test vectors say
(`tests/intake/plus_codes`). No library is used: the published one has had no release since 2019.
"""

import math
from dataclasses import dataclass
from typing import Final

DIGITS: Final = "23456789CFGHJMPQRVWX"
SEPARATOR, PADDING = "+", "0"
MOST_DIGITS: Final = 15  # further ones are ignored, as the specification says
BEFORE_SEPARATOR: Final = 8
METRES_PER_DEGREE: Final = 111_320.0


class PlusCodeError(Exception):
    """This is no plus code; the message says why."""


@dataclass(frozen=True, slots=True)
class Area:
    """South-west corner and size, in degrees of WGS 84."""

    south: float
    west: float
    height: float
    width: float

    @property
    def centre(self) -> tuple[float, float]:
        """Latitude and longitude of the middle, to 7 decimals (a centimetre)."""
        lat = min(self.south + self.height / 2, 90.0)
        return round(lat, 7), round(_within(self.west + self.width / 2), 7)

    @property
    def radius_m(self) -> float:
        """The distance from the middle to a corner, in metres."""
        across = self.width * math.cos(math.radians(self.centre[0]))
        return round(math.hypot(self.height, across) / 2 * METRES_PER_DEGREE, 1)


def is_valid(code: str) -> bool:
    """Return whether this is a code, full or short."""
    code = code.upper()
    place = code.find(SEPARATOR)
    before, after = code[:place], code[place + 1 :]
    if code.count(SEPARATOR) != 1 or place > BEFORE_SEPARATOR or place % 2 or len(code) == 1 or len(after) == 1:
        return False
    digits = before.rstrip(PADDING)
    if len(digits) < len(before) and (place < BEFORE_SEPARATOR or not digits or len(digits) % 2 or after):
        return False
    return set(digits + after) <= set(DIGITS)


def is_short(code: str) -> bool:
    """Return whether this code needs a reference."""
    return is_valid(code) and code.find(SEPARATOR) < BEFORE_SEPARATOR


def is_full(code: str) -> bool:
    """Return whether this code names an area by itself."""
    if not is_valid(code) or is_short(code):
        return False
    north, east = (DIGITS.index(digit) for digit in code.upper()[:2])
    return north * 20 < 180 and east * 20 < 360


def decode(code: str) -> Area:
    """Return the area of a full code. Raises PlusCodeError."""
    if not is_full(code):
        raise PlusCodeError(f"{code!r} is no full plus code: one looks like 6P6G2XQR+5M")
    digits = code.upper().replace(SEPARATOR, "").rstrip(PADDING)[:MOST_DIGITS]
    values = [DIGITS.index(digit) for digit in digits]
    south, west, height, width = -90.0, -180.0, 400.0, 400.0
    for lat, lon in zip(values[:10:2], values[1:10:2], strict=True):
        height, width = height / 20, width / 20
        south, west = south + lat * height, west + lon * width
    for value in values[10:]:
        height, width = height / 5, width / 4
        south, west = south + value // 4 * height, west + value % 4 * width
    return Area(south, west, height, width)


def nearest(code: str, lat: float, lon: float) -> Area:
    """Return the area of a full code, or of a short one the nearest to a reference. Raises PlusCodeError."""
    if not is_short(code):
        return decode(code)
    missing = BEFORE_SEPARATOR - code.find(SEPARATOR)
    lat, lon = max(-90.0, min(90.0, lat)), _within(lon)
    area = decode(_prefix(lat, lon)[:missing] + code.upper())
    step = 20.0 ** (2 - missing // 2)
    south, west = area.south, area.west
    middle = area.south + area.height / 2
    if lat + step / 2 < middle and middle - step >= -90:
        south -= step
    elif lat - step / 2 > middle and middle + step <= 90:
        south += step
    middle = area.west + area.width / 2
    if lon + step / 2 < middle:
        west -= step
    elif lon - step / 2 > middle:
        west += step
    return Area(south, west, area.height, area.width)


def _prefix(lat: float, lon: float) -> str:
    """Return the first eight digits of a place's code. A unit is the size of the smallest area they name: 1/400°."""
    north = min(math.floor(round((lat + 90) * 400, 6)), 180 * 400 - 1)
    east = math.floor(round((lon + 180) * 400, 6)) % (360 * 400)
    found = ""
    for _ in range(BEFORE_SEPARATOR // 2):
        found = DIGITS[north % 20] + DIGITS[east % 20] + found
        north, east = north // 20, east // 20
    return found


def _within(lon: float) -> float:
    return (lon + 180) % 360 - 180
