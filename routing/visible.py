"""What an agency may see of a report, whichever form it is written in."""

from dataclasses import dataclass, fields, replace
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
class Flags:
    """What a crew must know first. None: nobody has said. `no_road`: on an island without a road."""

    hurt: bool | None = None
    trapped: bool | None = None
    fire_spreading: bool | None = None
    weapon: bool | None = None
    child: bool | None = None
    no_road: bool | None = None

    def raised(self) -> list[str]:
        """Return the names of those that hold."""
        return [one.name for one in fields(self) if getattr(self, one.name)]


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
    flags: Flags = Flags()
    disposition: str | None = None
    caller_withheld: bool = False  # the centre knows who called and does not tell: number and name are None

    def shown_to(self, caller_number: bool) -> "VisibleReport":
        """Return what an agency sees that is told who called, or is not: then it is told that the centre knows.

        Without a number and a name there is nothing to withhold. What a carrier writes in place of a number it does not
        have (`anonymous`) is none, and is left out without a word.
        """
        if caller_number:
            return self
        knows = bool(self.caller_number or self.caller_name or any(map(str.isdigit, self.caller_number_raw or "")))
        return replace(self, caller_number=None, caller_number_raw=None, caller_name=None, caller_withheld=knows)

    def looks_like(self, other: "VisibleReport") -> bool:
        """Return whether an agency would see no difference (the version alone is none)."""
        return replace(self, version=0) == replace(other, version=0)
