"""The names of a regency, cut from the npm package `idn-area-data` (its data: ODbL 1.0, Kemendagri's codes).

Its `data/` has `districts.csv` (code, regency_code, name), `villages.csv` (code, district_code, name) and `islands.csv`
(code, regency_code, coordinate, …, name). Desa have no coordinates there; islands have, as `07°11'42.22" S
113°54'31.37" E`. A village's last four digits begin with 1 for a kelurahan and with 2 for a desa.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from intake.gazetteer import Level

REGENCY: Final = re.compile(r"\d\d\.\d\d", re.ASCII)
_ANGLE: Final = re.compile(r"(\d{1,3})°(\d{1,2})'(\d{1,2}(?:[.,]\d+)?)\"?\s*([NSEW])", re.ASCII)
_QUOTE_WITHIN: Final = re.compile(r"(?<=\w)\"(?=\w)")  # `Ra"as` of version 4 is Ra'as
_KELURAHAN: Final = re.compile(r"\.1\d{3}$", re.ASCII)


class BadAreaDataError(Exception):
    """The files hold no names of that regency; the message says what was looked for."""


@dataclass(frozen=True, slots=True)
class Named:
    """A place as the package has it."""

    code: str
    level: Level
    name: str
    parent: str
    lat: float | None = None
    lon: float | None = None


def cut(files: Mapping[str, str], regency: str) -> list[Named]:
    """Return the kecamatan, desa, kelurahan and islands of a regency (`35.29`) from the texts of
    `districts.csv`, `villages.csv` and `islands.csv`.

    Raises BadAreaDataError.
    """
    found = [
        Named(row["code"], "kecamatan", row["name"], row["regency_code"])
        for row in _rows(files["districts.csv"], regency)
    ]
    found += [
        Named(row["code"], "kelurahan" if _KELURAHAN.search(row["code"]) else "desa", row["name"], row["district_code"])
        for row in _rows(files["villages.csv"], regency)
    ]
    found += [
        Named(row["code"], "island", row["name"], row["regency_code"], *position(row["coordinate"]))
        for row in _rows(files["islands.csv"], regency)
    ]
    levels = {one.level for one in found}
    if "kecamatan" not in levels or not levels & {"desa", "kelurahan"}:
        raise BadAreaDataError(f"there are no kecamatan and desa of a regency {regency} in it")
    return found


def position(text: str) -> tuple[float | None, float | None]:
    """Return latitude and longitude in degrees, south and west negative; both None for what is no position on earth."""
    angles = {}
    for degrees, minutes, seconds, towards in _ANGLE.findall(text):
        angle = int(degrees) + int(minutes) / 60 + float(seconds.replace(",", ".")) / 3600
        angles["lat" if towards in "NS" else "lon"] = round(-angle if towards in "SW" else angle, 6)
    lat, lon = angles.get("lat"), angles.get("lon")
    if lat is None or lon is None or abs(lat) > 90 or abs(lon) > 180:
        return None, None
    return lat, lon


def _rows(text: str, regency: str) -> Iterator[dict[str, str]]:
    """Return a file's rows of the regency, names cleaned. Raises BadAreaDataError when a column is missing."""
    lines = text.splitlines()
    head = lines[:1]
    reader = csv.DictReader([*head, *(line for line in lines if line.lstrip('"').startswith(f"{regency}."))])
    for row in reader:
        if None in row.values() or "name" not in row or "code" not in row:
            raise BadAreaDataError(f"its columns are not those of idn-area-data: {', '.join(head)}")
        yield row | {"name": " ".join(_QUOTE_WITHIN.sub("'", row["name"]).split())}
