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
    untold: str | None = None  # what it says to who is not told who called, when that is not the same
    untold_to: frozenset[str] = frozenset()  # agencies that are not, though of the report itself they may be


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
class VisibleCaller:
    """Somebody who called about the incident, and the number of the report that this call opened.

    `untold_to`: the agencies that are not told who it was, though of the report itself they may be.
    """

    report: str
    number: str | None
    number_raw: str | None
    name: str | None
    typed: str | None = None
    untold_to: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class VisibleReport:
    """What agencies see of a report; a change of any of these owes them a `report.updated`, but for `looks_like`."""

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
    entries: tuple[VisibleEntry, ...] = ()  # of all reports that are joined, in the order of their times
    callers: tuple[VisibleCaller, ...] = ()  # when reports are joined: of all of them, the main report's first
    duplicate_of: str | None = None  # the main report's number, when this one is joined to it
    location_place: str | None = None  # code of the desa, kecamatan, island or own place
    location_place_name: str | None = None
    flags: Flags = Flags()
    disposition: str | None = None
    caller_withheld: bool = False  # the centre knows who called and does not tell: numbers and names are None
    kind_name: str | None = None  # as the centre calls its kind; None: the form takes the name that we gave it
    location_method: str | None = None  # how the coordinates were found: `gnss`, `pin`, …, or the network's word
    location_radius_m: float | None = None  # it is within so many metres of them; None: nobody said
    location_measured_at: datetime | None = None  # None: nobody said
    caller_typed: str | None = None  # the number that a person wrote; `caller_number_raw` stays what the carrier sent

    @property
    def caller_said(self) -> str | None:
        """The number to reach the caller, in the best writing that there is."""
        return self.caller_number or self.caller_typed or self.caller_number_raw

    def shown_to(self, caller_number: bool, agency: str = "") -> "VisibleReport":
        """Return what an agency sees that is told who called, or is not: then it is told that the centre knows.

        Of reports that are joined with this one, it is not told who called if that was withheld from it there.

        Without a number and a name there is nothing to withhold. What a carrier writes in place of a number it does not
        have (`anonymous`) is none, and is left out without a word.
        """
        if caller_number:
            return self._less_others(agency)
        said = [(one.number or one.typed or one.name, one.number_raw) for one in self.callers]
        said.append((self.caller_number or self.caller_typed or self.caller_name, self.caller_number_raw))
        knows = any(known or any(map(str.isdigit, raw or "")) for known, raw in said)
        return replace(
            self,
            caller_number=None,
            caller_number_raw=None,
            caller_typed=None,
            caller_name=None,
            callers=tuple(_unnamed(one) for one in self.callers),
            entries=tuple(_untold(one) if one.untold else one for one in self.entries),
            caller_withheld=knows,
        )

    def _less_others(self, agency: str) -> "VisibleReport":
        if all(agency not in one.untold_to for one in self.callers):
            return self
        return replace(
            self,
            callers=tuple(_unnamed(one) if agency in one.untold_to else one for one in self.callers),
            entries=tuple(_untold(one) if one.untold and agency in one.untold_to else one for one in self.entries),
        )

    def looks_like(self, other: "VisibleReport") -> bool:
        """Return whether an agency would see no difference; a newer version or time of the place alone is none."""
        new, old = (replace(one, version=0, location_measured_at=None) for one in (self, other))
        return new == old


def _unnamed(caller: VisibleCaller) -> VisibleCaller:
    return replace(caller, number=None, number_raw=None, typed=None, name=None)


def _untold(entry: VisibleEntry) -> VisibleEntry:
    return replace(entry, text=entry.untold or "", untold=None)
