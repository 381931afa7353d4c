"""What an agency may see of a report, whichever form it is written in."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

EnvelopeType = Literal["dispatch.created", "report.updated", "dispatch.cancelled", "report.closed"]
Asks = Literal["status"]  # what an agency at work that says nothing is asked for


@dataclass(frozen=True, slots=True)
class VisibleEntry:
    """An entry an agency may see (the desk leaves out what was struck)."""

    at: datetime
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class VisibleReport:
    """What agencies see of a report; a change of any of these but `version` owes them a `report.updated`."""

    number: str
    version: int
    status: str
    classification: str
    kind: str | None
    priority: str | None
    source: str
    exercise: bool
    opened_at: datetime
    caller_number: str | None
    caller_number_raw: str | None
    caller_name: str | None
    location_text: str | None
    location_lat: float | None
    location_lon: float | None
    narrative: str | None
    entries: tuple[VisibleEntry, ...] = ()
    location_place: str | None = None  # code of the desa, kecamatan, island or own place
    location_place_name: str | None = None

    def looks_like(self, other: "VisibleReport") -> bool:
        """Return whether an agency would see no difference (the version alone is none)."""
        return replace(self, version=0) == replace(other, version=0)
