"""What a report is: its classes, and the fields that people change (its statuses and steps: `steps`).

Two people write on one report at the same time. Each change names the version its writer had seen; the report keeps,
for every field, the version that last changed it. So a change merges when none of *its* fields changed since, and stops
only where two people contradict each other, with both values shown (`docs/decisions/0001-if-match-merges.md`). A field
here is a leaf of the wire: `location.text`; latitude and longitude are two leaves that change together.
"""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Final, Literal

from intake import numbers

Classification = Literal["normal", "ghost", "prank", "information", "test"]
Priority = Literal["P1", "P2", "P3"]
Value = str | float | bool | None

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
    "flags.hurt": "flag_hurt",
    "flags.trapped": "flag_trapped",
    "flags.fire_spreading": "flag_fire_spreading",
    "flags.weapon": "flag_weapon",
    "flags.child": "flag_child",
    "flags.no_road": "flag_no_road",
    "disposition": "disposition",
    "caller_told": "caller_told",
    "location.place": "location_place",
    "location.place_name": "location_place_name",
}
NUMBER: Final = "caller.number"  # a person's word; the number that rang stays with the call
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
    "flags.hurt": "Ada korban luka",
    "flags.trapped": "Ada yang terjebak",
    "flags.fire_spreading": "Api merambat",
    "flags.weapon": "Ada senjata",
    "flags.child": "Ada anak",
    "flags.no_road": "Pulau tanpa jalan",
    "disposition": "Hasil akhir",
    "caller_told": "Penelepon",
}
"""How the automatic entry of a change names each field; of a place it says the name, not the code."""
WORDS: Final[dict[Value, str]] = {
    None: "–",
    True: "ya",
    False: "tidak",
    "told": "sudah diberi tahu",
    "unreachable": "tidak dapat dihubungi",
    "open": "baru",
    "working": "dikerjakan",
    "dispatched": "dikirim",
    "resolved": "selesai di lapangan",
    "closed": "ditutup",
    "reopened": "dibuka lagi",
    "ghost": "senyap",
    "prank": "iseng",
    "information": "informasi",
    "test": "uji coba",
}
"""What an entry says for values of ours; those of a list that the centre keeps stay as they are."""
OF_OURS: Final = ("caller_told", "status", "classification")


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
    if NUMBER in changes:
        raw = changes[NUMBER]
        text = raw if isinstance(raw, str) else None
        values |= {"caller_number": numbers.e164(text), "caller_digits": numbers.digits(text) or None}
    return values


def told(leaf: str, old: Value, new: Value) -> str:
    """Return the automatic entry of a change."""
    return f"{LABELS[leaf]}: {_shown(leaf, old)} → {_shown(leaf, new)}"


def _shown(leaf: str, value: Value) -> str:
    if value is None or isinstance(value, bool):  # 1.0 is True, and a latitude
        return WORDS[value]
    if leaf in OF_OURS:
        return WORDS.get(value, str(value))
    return str(value)


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
