"""How a report is made to fit: texts are shortened, the oldest entries left out, and both are said.

Every form of a dispatch promises the same: less than `LIMIT` bytes, nothing left out in silence, and room for the
newest entry whatever else is long. What a character costs differs between the forms (`é` is two bytes of JSON and six
of a web form), so each brings its own measure.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from routing.visible import VisibleEntry, VisibleReport

LIMIT = 20_000  # bytes of the whole body, which stays below
ENTRY_LIMIT = 4_000  # bytes of one entry's text
REASON_LIMIT = 1_000  # bytes of why a dispatch was cancelled, where that has a field; its entry has all of it
CALLERS_LIMIT = 12  # of joined reports; all of them are among the entries
CALLER_LIMIT = 60  # bytes of a name, or a number as it came, of a caller among several
TEXT_LIMITS = {
    "narrative": 8_000,
    "location_text": 1_000,
    "caller_name": 500,
    "caller_number_raw": 500,
    "caller_typed": 500,
}
WIRE_NAMES = {
    "location_text": "location.text",
    "caller_name": "caller.name",
    "caller_number_raw": "caller.number_raw",
    "caller_typed": "caller.typed",
}
ENTRIES_CUT = "entries.text"  # the wire name of the texts of entries
REPLACED = "\N{REPLACEMENT CHARACTER}"

Size = Callable[[str], int]
"""How many bytes a text takes in one of the forms."""


@dataclass(frozen=True, slots=True)
class Clipped:
    """The long texts within their limits (by field of `VisibleReport`), and the wire names of the shortened ones."""

    texts: dict[str, str | None]
    cut: list[str]


def clip(text: str, limit: int, size: Size) -> str:
    """Return the longest handy beginning of a text that takes at most `limit` bytes."""
    while (bytes_now := size(text)) > limit:
        text = text[: min(len(text) - 1, len(text) * limit // bytes_now)]
    return text


def clipped(report: VisibleReport, size: Size) -> Clipped:
    """Return a report's long texts within `TEXT_LIMITS`."""
    found = Clipped({}, [])
    for name, limit in TEXT_LIMITS.items():
        text: str | None = getattr(report, name)
        found.texts[name] = None if text is None else clip(text, limit, size)
        if found.texts[name] != text:
            found.cut.append(WIRE_NAMES.get(name, name))
    return found


def newest(
    entries: tuple[VisibleEntry, ...], room: int, size: Size, whole: Callable[[VisibleEntry], int]
) -> tuple[list[VisibleEntry], list[str]]:
    """Return the newest entries that fit into `room` bytes, oldest first, and [ENTRIES_CUT] if one was shortened.

    `whole` says how many bytes an entry takes with everything around its text.
    """
    kept: list[VisibleEntry] = []
    cut: list[str] = []
    for entry in reversed(entries):
        shown = VisibleEntry(entry.at, entry.author, clip(entry.text, ENTRY_LIMIT, size))
        room -= whole(shown)
        if room < 0:
            break
        kept.append(shown)
        if shown.text != entry.text:
            cut = [ENTRIES_CUT]
    return kept[::-1], cut


def position(report: VisibleReport) -> tuple[float, float] | None:
    """Return latitude and longitude in degrees (WGS 84), or None unless both are known.

    Raises ValueError when one is not a number (NaN, infinite) or no place on earth.
    """
    for name, value, most in (("lat", report.location_lat, 90), ("lon", report.location_lon, 180)):
        if value is not None and not (math.isfinite(value) and abs(value) <= most):
            raise ValueError(f"location.{name} is {value}, which is no place on earth: correct the report's location")
    if report.location_lat is None or report.location_lon is None:
        return None
    return report.location_lat, report.location_lon


def in_words(report: VisibleReport, text: str | None) -> str | None:
    """Return where it is in words: the (clipped) text of the report, and the name of its place, whichever there are."""
    name = report.location_place_name
    return f"{text} ({name})" if text and name else text or name


def degrees(value: float) -> str:
    """Return an angle as plain decimal digits, to the centimetre: neither exponents nor a negative zero."""
    text = f"{value:.7f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def centre(answer_url: str) -> str:
    """Return the name by which the centre is known in forms that want one: the host its agencies answer to.

    A domain name, as NENA-STA-010 wants of an agency and CAP of a sender; of other characters nothing is left.
    """
    try:
        host = urlsplit(answer_url).hostname or ""
    except ValueError:
        host = ""
    return "".join(c for c in host if c.isascii() and (c.isalnum() or c in "-._")) or "intake112"


def utc(at: datetime) -> str:
    """Return an aware instant as RFC 3339 in UTC: `2026-03-14T01:59:26.535897Z`."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
