"""A centre's own places as a CSV file: harbours, markets, hospitals, and what it knows of official places.

Columns, in any order: `code` and `name`, and if wanted `parent` (code of the desa, kecamatan or island it lies in),
`alternatives` (other names, separated by `|`), `lat`, `lon` (degrees, both or neither), `island` (`yes`: no road leads
there; `no`; empty: as what it lies in). A code of one's own begins with a letter. A row with an official code adds to
that place: other names, a position, whether a road leads there, and of an island its kecamatan.

Spreadsheets of this country write `;` between cells and a comma in numbers: that is read, too.
"""

import csv
import io
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from intake.gazetteer import ISLAND, Level
from intake.words import is_storable

COLUMNS: Final = ("code", "name", "parent", "alternatives", "lat", "lon", "island")
MOST: Final = 20_000  # rows
TOLD: Final = 20  # faults; of the rest only how many
_CODE: Final = re.compile(r"[a-z][a-z0-9_.-]{0,63}", re.ASCII)
_OFFICIAL: Final = re.compile(r"\d\d(\.\d+)+", re.ASCII)
_NUMBER: Final = re.compile(r"[+-]?\d{1,3}([.,]\d+)?", re.ASCII)
_SAID: Final[Mapping[str, bool | None]] = {
    "": None, "yes": True, "ya": True, "true": True, "1": True, "no": False, "tidak": False, "false": False, "0": False
}  # fmt: skip
_LONGEST_NAME: Final = 120


class BadPlacesError(Exception):
    """Rows cannot be taken; the message names each with its line, and what to do. None of the file is."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        more = f" And {len(faults) - TOLD} more." if len(faults) > TOLD else ""
        super().__init__(" ".join(faults[:TOLD]) + more)


@dataclass(frozen=True, slots=True)
class OwnPlace:
    """One row, checked."""

    code: str
    name: str
    parent: str | None = None
    alternatives: tuple[str, ...] = ()
    lat: float | None = None
    lon: float | None = None
    island: bool | None = None


def read(text: str, official: Mapping[str, Level]) -> list[OwnPlace]:
    """Return the places of a CSV file; `official` are the codes of the regency's list. Raises BadPlacesError."""
    if not is_storable(text):
        raise BadPlacesError(["The file is no text: save it as CSV in UTF-8."])
    text = text.removeprefix("\ufeff")
    head = text.partition("\n")[0]
    semicolons = head.count(";") > head.count(",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if semicolons else ",", strict=True)
    faults: list[str] = []
    found: dict[str, OwnPlace] = {}
    lines: dict[str, int] = {}
    try:
        columns = [cell.strip().lower() for cell in next(reader, [])]
        _check_columns(columns)
        ended = reader.line_num
        for cells in reader:
            line, ended = ended + 1, reader.line_num  # a row begins where the one before ended
            if not any(cell.strip() for cell in cells):
                continue
            try:
                one = _place(columns, cells, official)
                if one.code in found:
                    raise ValueError(f"`{one.code}` is on line {lines[one.code]} already: leave one of them out")  # noqa: TRY301
                found[one.code], lines[one.code] = one, line
            except ValueError as error:
                faults.append(f"Line {line}: {error}.")
            if len(found) > MOST:
                raise BadPlacesError([f"The file has more than {MOST} places: leave out what nobody asks for."])
    except csv.Error as error:
        faults.append(f"Line {reader.line_num}: this is no CSV ({error}): see to its quotation marks.")
    if faults:
        raise BadPlacesError(faults)
    return list(found.values())


def written(places: Sequence[OwnPlace]) -> str:
    """Return the file of these places, which `read` takes again."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in places:
        island = "" if one.island is None else ("yes" if one.island else "no")
        alternatives = "|".join(one.alternatives)
        writer.writerow(
            (one.code, one.name, one.parent or "", alternatives, _degrees(one.lat), _degrees(one.lon), island)
        )
    return out.getvalue()


def _check_columns(columns: Collection[str]) -> None:
    missing = [name for name in ("code", "name") if name not in columns]
    strange = [name for name in columns if name not in COLUMNS]
    if missing or strange or len(set(columns)) < len(columns):
        raise BadPlacesError(
            [f"Line 1: the columns are {', '.join(columns) or 'missing'}; allowed are {', '.join(COLUMNS)}, each once, "
             "`code` and `name` among them."]
        )  # fmt: skip


def _place(columns: Sequence[str], cells: Sequence[str], official: Mapping[str, Level]) -> OwnPlace:
    """Return a row's place. Raises ValueError, which says what to do."""
    if len(cells) != len(columns):
        raise ValueError(
            f"it has {len(cells)} cells and the first line {len(columns)}: put quotation marks around commas"
        )
    row = dict.fromkeys(COLUMNS, "") | {name: " ".join(cell.split()) for name, cell in zip(columns, cells, strict=True)}
    code, name, parent = row["code"], row["name"], row["parent"] or None
    if code not in official and _OFFICIAL.fullmatch(code):
        raise ValueError(
            f"there is no place {code} in the list of the regency: a code of your own begins with a letter"
        )
    if code not in official and not _CODE.fullmatch(code):
        raise ValueError(f"`{code[:80]}` is no code: at most 64 small letters, digits, `.`, `-`, `_`, a letter first")
    if code == ISLAND:
        raise ValueError(f"`{ISLAND}` means every place without a road: take another code")
    if not 1 <= len(name) <= _LONGEST_NAME:
        raise ValueError(f"a name has 1 to {_LONGEST_NAME} characters, this one {len(name)}")
    if name[0] in "=+-@" or any(part.strip()[:1] in set("=+-@") for part in row["alternatives"].split("|")):
        raise ValueError("a name that begins with =, +, - or @ is a formula to a spreadsheet: write it otherwise")
    _check_parent(code, parent, official)
    alternatives = tuple(dict.fromkeys(part for one in row["alternatives"].split("|") if (part := one.strip())))
    if len(alternatives) > 20 or any(len(one) > _LONGEST_NAME for one in alternatives):
        raise ValueError(f"20 other names at most, of {_LONGEST_NAME} characters at most")
    if (said := row["island"].lower()) not in _SAID:
        raise ValueError(f"`island` is yes, no or empty, not `{row['island'][:80]}`")
    lat, lon = _angle("lat", row["lat"], 90), _angle("lon", row["lon"], 180)
    if (lat is None) is not (lon is None):
        raise ValueError("`lat` and `lon` go together: write both or neither")
    return OwnPlace(code, name, parent, alternatives, lat, lon, _SAID[said])


def _check_parent(code: str, parent: str | None, official: Mapping[str, Level]) -> None:
    if parent is None:
        return
    if parent not in official:
        raise ValueError(f"there is no place `{parent[:80]}` to lie in: `parent` is an official code, such as 35.29.18")
    if official.get(code) in ("kecamatan", "desa", "kelurahan"):
        raise ValueError(f"where {code} lies is official: leave `parent` empty")
    if official.get(code) == "island" and official[parent] != "kecamatan":
        raise ValueError("an island lies in a kecamatan: write its code as `parent`")


def _angle(name: str, text: str, most: int) -> float | None:
    if not text:
        return None
    value = float(text.replace(",", ".")) if _NUMBER.fullmatch(text) else None
    if value is None or abs(value) > most:
        raise ValueError(f"`{name}` is a number from -{most} to {most}, such as -7.0165, not `{text[:80]}`")
    return value


def _degrees(value: float | None) -> str:
    return "" if value is None else f"{value:.7f}".rstrip("0").rstrip(".")
