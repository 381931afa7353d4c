"""Which reports may be about one incident, and who is joined to which: values in, values out.

Two reports match when their kinds fit, one came within `within_min` of the other, and they are of one place: within
`within_m` of each other by their coordinates, or, where one of them has none, of the same place by its code or nearly
the same text. A match is only proposed, with its reason; a person joins.

Joined reports are a group: one is its head, all others are joined to it. A person joins a report to another; if that is
joined itself, to its head. A head that is joined takes along those who are joined to it, and gives them back to itself
when that is undone. So what people did is a tree (`joined_to`), and what everybody reads is flat (`duplicate_of`).
"""

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from typing import Final, Literal

EARTH_M: Final = 6_371_008.8  # mean radius (IUGG)
EVERY: Final = "*"  # in a pair of kinds: fits every kind
ALIKE: Final = 0.8  # of two texts, how much is the same
COMPARED: Final = 120  # characters of a place's text
OFFICIAL: Final = frozenset(
    {"desa", "ds", "dusun", "dsn", "kec", "kecamatan", "kel", "kelurahan", "jl", "jln", "jalan"}
)
MERGED: Final = "digabung dengan laporan {}, yang sudah ada pada instansi ini"  # why a dispatch was cancelled
Fit = Literal["same", "fits", "unknown"]
WEIGHTS: Final = {"place": 0.5, "time": 0.3, "kind": 0.2}
OF_KIND: Final[Mapping[Fit, float]] = {"same": 1.0, "fits": 0.6, "unknown": 0.4}
KINDS: Final[Mapping[Fit, str]] = {"same": "jenis sama", "fits": "jenis cocok", "unknown": "jenis belum diketahui"}
FITS: Final = (
    ("kebakaran", "ambulans"),
    ("kebakaran", "banjir"),
    ("kebakaran", "laka"),
    ("kebakaran", "pju"),
    ("laka", "ambulans"),
    ("laka", "hewan"),
    ("laka", "kriminal"),
    ("laka", "pohon"),
    ("pohon", "ambulans"),
    ("pohon", "banjir"),
    ("pohon", "pju"),
    ("banjir", "ambulans"),
    ("laut", "ambulans"),
    ("laut", "banjir"),
    ("odgj", "ambulans"),
    ("odgj", "kriminal"),
    ("odgj", "sosial"),
    ("kriminal", "ambulans"),
    ("sosial", "ambulans"),
    ("hewan", "ambulans"),
    ("lain", EVERY),
)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is near, what is soon, which kinds fit, and how many hours apart two reports may be joined at all."""

    within_m: int = 500
    within_min: int = 60
    joinable_h: int = 12
    fits: tuple[tuple[str, str], ...] = FITS


@dataclass(frozen=True, slots=True)
class Sighting:
    """What a report says of an incident; coordinates are degrees of WGS 84, both or none. `place` is a code."""

    kind: str | None
    at: datetime
    lat: float | None
    lon: float | None
    text: str | None
    place: str | None = None

    @property
    def point(self) -> tuple[float, float] | None:
        """Return latitude and longitude, or None."""
        return None if self.lat is None or self.lon is None else (self.lat, self.lon)


@dataclass(frozen=True, slots=True)
class Match:
    """Why two reports may be one incident. `distance_m` None: their places are the same by name; `score`: 0 to 100."""

    distance_m: float | None
    minutes: float
    kind: Fit
    score: int

    def __str__(self) -> str:
        """Return the reason as reports say it."""
        place = "tempat sama" if self.distance_m is None else f"{self.distance_m:.0f} m"
        return f"{place}, {self.minutes:.0f} menit, {KINDS[self.kind]}"


def match(one: Sighting, other: Sighting, limits: Limits) -> Match | None:
    """Return why two reports may be about one incident, or None. Limits are inclusive."""
    fit = kinds_fit(one.kind, other.kind, limits.fits)
    minutes = abs(one.at - other.at) / timedelta(minutes=1)
    if fit is None or minutes > limits.within_min:
        return None
    distance_m: float | None = None
    if one.point is not None and other.point is not None:
        distance_m = metres(one.point, other.point)
        if distance_m > limits.within_m:
            return None
        near = 1 - distance_m / max(limits.within_m, 1)
    elif (one.place is not None and one.place == other.place) or is_alike(one.text, other.text):
        near = 0.5
    else:
        return None
    parts = {"place": near, "time": 1 - minutes / max(limits.within_min, 1), "kind": OF_KIND[fit]}
    return Match(distance_m, minutes, fit, round(100 * sum(WEIGHTS[name] * part for name, part in parts.items())))


def kinds_fit(one: str | None, other: str | None, fits: Iterable[tuple[str, str]]) -> Fit | None:
    """Return how two kinds fit, None when they do not; a kind that nobody has said yet may be any."""
    if one is None or other is None:
        return "unknown"
    if one == other:
        return "same"
    pairs = {(one, other), (other, one), (one, EVERY), (EVERY, one), (other, EVERY), (EVERY, other)}
    return "fits" if any(tuple(pair) in pairs for pair in fits) else None


def metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the distance of two points, (latitude, longitude) in degrees, on a sphere (haversine)."""
    (lat1, lon1), (lat2, lon2) = ((math.radians(lat), math.radians(lon)) for lat, lon in (one, other))
    chord = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH_M * math.asin(math.sqrt(min(1.0, chord)))


def box(point: tuple[float, float], within_m: float) -> tuple[float, float, float, float]:
    """Return (south, north, west, east) in degrees that hold all within `within_m` of a point, and a little more.

    Where that would reach over a pole or the 180th meridian, every longitude is within.
    """
    lat, lon = point
    north = math.degrees(within_m / EARTH_M) * 1.01
    narrowest = math.cos(math.radians(min(abs(lat) + north, 90.0)))
    east = north / narrowest if narrowest > 0.01 else 360.0
    if lon - east < -180 or lon + east > 180:
        return lat - north, lat + north, -180.0, 180.0
    return lat - north, lat + north, lon - east, lon + east


def is_alike(one: str | None, other: str | None) -> bool:
    """Return whether two texts name the same place: the same words in any order, but for typing errors."""
    ours, theirs = _words(one), _words(other)
    if not ours or not theirs:
        return False
    same = SequenceMatcher(None, ours, theirs, autojunk=False)
    return same.real_quick_ratio() >= ALIKE and same.quick_ratio() >= ALIKE and same.ratio() >= ALIKE


def _words(text: str | None) -> str:
    found = set(re.findall(r"\w+", (text or "")[:COMPARED].casefold()))
    return " ".join(sorted(found - OFFICIAL))


# -- groups ------------------------------------------------------------------------------------------------------------


def head(joined_to: Mapping[str, str | None], number: str) -> str:
    """Return the head of a report's group, of what each of the group is joined to (None: nothing)."""
    while (above := joined_to[number]) is not None:
        number = above
    return number


def merged_with(cancel_reason: str | None) -> str | None:
    """Return the number of the report for whose dispatch another was cancelled by a join; None: it was not."""
    found = re.fullmatch(re.escape(MERGED).replace(r"\{\}", "(112-[0-9]+-[0-9]+)"), cancel_reason or "")
    return found[1] if found else None


def leaving(joined_to: Mapping[str, str | None], number: str) -> set[str]:
    """Return who leaves the group with this report when its join is undone: itself, and all joined by way of it."""
    cut = {**joined_to, number: None}
    return {one for one in cut if head(cut, one) == number}


def own_status(status: str, *, unfinished: bool, resolved: bool) -> str:
    """Return the status of a report that stands on its own again.

    `unfinished`, `resolved`: an agency has something to do with this very report, or called it resolved. What was
    closed with the head is reopened, what was resolved only there is worked on: nobody said that this one is over. What
    its own agencies called resolved is that, and closed by who has checked it.
    """
    match status:
        case "closed":
            return "reopened"
        case "resolved" if unfinished or not resolved:
            return "dispatched" if unfinished else "working"
        case "dispatched" if not unfinished:
            return "resolved" if resolved else "working"
        case _:
            return status
