"""What a report is: its statuses and the steps between them, its classes, and the fields that people change.

Two people write on one report at the same time. Each change names the version its writer had seen; the report keeps,
for every field, the version that last changed it. So a change merges when none of *its* fields changed since, and stops
only where two people contradict each other, with both values shown (`docs/decisions/0001-if-match-merges.md`). A field
here is a leaf of the wire: `location.text`; latitude and longitude are two leaves that change together.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Final, Literal, assert_never, get_args

from intake import numbers
from intake.refusals import IllegalStepError

Status = Literal["open", "working", "dispatched", "resolved", "closed", "reopened"]
Classification = Literal["normal", "ghost", "prank", "information", "test"]
Priority = Literal["P1", "P2", "P3"]
Value = str | float | None

COLUMNS: Final = {
    "kind": "kind",
    "priority": "priority",
    "class": "classification",
    "narrative": "narrative",
    "status": "status",
    "caller.number": "caller_number_raw",
    "caller.name": "caller_name",
    "location.text": "location_text",
    "location.lat": "location_lat",
    "location.lon": "location_lon",
    "location.place": "location_place",
    "location.place_name": "location_place_name",
}
POSITION: Final = {"location.lat", "location.lon"}  # one field in two leaves
PLACE: Final = "location.place"  # its code; with it comes PLACE_NAME, which nobody sends
PLACE_NAME: Final = "location.place_name"
LABELS: Final = {
    "kind": "Jenis",
    "priority": "Prioritas",
    "class": "Golongan",
    "narrative": "Uraian",
    "status": "Status",
    "caller.number": "Nomor penelepon",
    "caller.name": "Nama penelepon",
    "location.text": "Lokasi",
    "location.lat": "Lintang",
    "location.lon": "Bujur",
    "location.place_name": "Tempat",
}
"""How the automatic entry of a change names each field; of a place it says the name, not the code."""


@dataclass(frozen=True, slots=True)
class Merged:
    """What a change comes to: either `conflicts`, by field, or the fields that really change."""

    changes: dict[str, Value]
    conflicts: dict[str, dict[str, Value]]


def leaves(row: object) -> dict[str, Value]:
    """Return the fields that people change, with their present values in a report's row."""
    return {leaf: getattr(row, column) for leaf, column in COLUMNS.items()}


def changed_since(field_versions: Mapping[str, int], version: int) -> set[str]:
    """Return the fields that were changed after a version."""
    return {leaf for leaf, changed in field_versions.items() if changed > version}


def merge(changed: Set[str], theirs: Mapping[str, Value], yours: Mapping[str, Value]) -> Merged:
    """Lay your values over theirs; `changed` are the fields that others changed after the version you had seen.

    A value that equals the present one is neither a change nor a conflict. One conflict stops the whole change.
    """
    differs = {leaf: value for leaf, value in yours.items() if theirs[leaf] != value}
    if POSITION & differs.keys():
        differs |= {leaf: yours[leaf] for leaf in POSITION & yours.keys()}
    conflicts = {leaf: {"yours": value, "theirs": theirs[leaf]} for leaf, value in differs.items() if leaf in changed}
    return Merged({}, conflicts) if conflicts else Merged(differs, {})


def columns(changes: Mapping[str, Value]) -> dict[str, object]:
    """Return the columns that changes are saved in; a caller's number brings its E.164 form and its digits."""
    values: dict[str, object] = {COLUMNS[leaf]: value for leaf, value in changes.items()}
    if "caller.number" in changes:
        raw = changes["caller.number"]
        text = raw if isinstance(raw, str) else None
        values |= {"caller_number": numbers.e164(text), "caller_digits": numbers.digits(text) or None}
    return values


def told(leaf: str, old: Value, new: Value) -> str:
    """Return the automatic entry of a change."""
    return f"{LABELS[leaf]}: {_shown(old)} → {_shown(new)}"


def step(now: Status, to: Status) -> None:
    """Raise IllegalStepError, which says what can be done, unless a person may set `to` on a report that is `now`."""
    match to:
        case "open":
            raise IllegalStepError("A report is open only until somebody works on it. Set it working instead.")
        case "dispatched":
            raise IllegalStepError("A report becomes dispatched by sending it: POST to its dispatches.")
        case "working":
            if now not in ("open", "reopened"):
                raise IllegalStepError(f"This report is {now}; {_ways_on(now)}")
        case "resolved":
            if now in ("resolved", "closed"):
                raise IllegalStepError(f"This report is {now} already; {_ways_on(now)}")
        case "closed":
            if now == "dispatched":
                raise IllegalStepError(
                    "An agency has this report. Set it resolved when they say so, then close it: the centre closes "
                    "after the caller was told."
                )
        case "reopened":
            if now not in ("resolved", "closed"):
                raise IllegalStepError(f"This report was not closed: it is {now}. {_ways_on(now).capitalize()}")
        case _:
            assert_never(to)


def may_be_dispatched(now: str) -> None:
    """Raise IllegalStepError unless a report in this status may be sent to an agency."""
    if now in ("resolved", "closed"):
        raise IllegalStepError(f"This report is {now}. Set it reopened first, then send it.")


def _ways_on(now: Status) -> str:
    match now:
        case "open" | "reopened":
            return "set it working, send it to an agency, or close it with its class."
        case "working":
            return "send it to an agency, set it resolved, or close it with its class."
        case "dispatched":
            return "write an entry, or set it resolved when the agency says so."
        case "resolved":
            return "close it, or set it reopened."
        case "closed":
            return "set it reopened to go on with it."
        case _:
            assert_never(now)


def _shown(value: Value) -> str:
    return "–" if value is None else str(value)


def status(value: object) -> Status:
    """Return the value if it is one of the six statuses. Raises ValueError."""
    found = next((word for word in get_args(Status) if word == value), None)
    if found is None:
        raise ValueError(f"{value!r} is no status of a report")
    word: Status = found
    return word


def log_event(changes: Mapping[str, Value]) -> str:
    """Return the name under which a change is audited: NENA's where it has one."""
    match changes.get("status"):
        case "closed":
            return "IncidentClose"
        case "reopened":
            return "IncidentReopen"
        case None:
            return "report.changed"
        case _:
            return "IncidentStateChange"
