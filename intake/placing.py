"""Where places come from, where they are looked up, and what a report that lies in one says.

Two lists of rows, each replaced as a whole in one transaction: the regency's (`area_data`), and the centre's own
(`own_places`), which may also add to an official place. A place that left its list is not found any more; a report that
names it keeps what it was called.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from msgspec.structs import asdict

from db import places
from db.engine import Database, Reading, Transaction
from db.places import ListRow, PlaceRow
from intake import area_data, own_places
from intake.gazetteer import LEVELS, Index, Level, Place
from intake.own_places import OwnPlace
from intake.refusals import StalePlacesError, UnfitPlacesError, UnknownPlaceError
from intake.report import PLACE, PLACE_NAME, Value

OFFICIAL: Final = "idn-area-data"
OWN: Final = "own"
NO_NAMES: Final = "Places of the regency cannot be found by name: none are loaded. Run `intake112 gazetteer load`."
_DEEPEST: Final = 4  # own, desa, kecamatan, regency


async def load(tx: Transaction, named: Sequence[area_data.Named], version: str, regency: str, by: str) -> ListRow:
    """Put a regency's names in the place of those that are there; the same ones again change nothing but the date."""
    rows = [asdict(row) for row in official_rows(named)]
    return await _replaced(tx, OFFICIAL, rows, version, regency, by)


def official_rows(named: Iterable[area_data.Named]) -> list[PlaceRow]:
    """Return a regency's names as rows. To none of the named islands there is a road, unless the centre says so."""
    return [
        PlaceRow(
            *(one.code, OFFICIAL, one.level, one.name, one.parent, []),
            one.lat,
            one.lon,
            True if one.level == "island" else None,
        )
        for one in named
    ]


async def import_own(tx: Transaction, text: str, by: str, *, based_on: int | None = None) -> ListRow:
    """Put the places of a CSV file in the place of the centre's own.

    `based_on` is the serial of the list that its maker had before them (None: whatever is there).
    Raises UnfitPlacesError, StalePlacesError; then nothing is changed.
    """
    official = {row.code: _level(row.level) for row in await places.of_source(tx, OFFICIAL)}
    try:
        read = own_places.read(text, official)
    except own_places.BadPlacesError as error:
        raise UnfitPlacesError(str(error)) from None
    rows = [
        {"code": one.code, "level": official.get(one.code, "own"), "name": one.name, "parent": one.parent,
         "alternatives": list(one.alternatives), "lat": one.lat, "lon": one.lon, "island": one.island}
        for one in read
    ]  # fmt: skip
    saved = await _replaced(tx, OWN, rows, "", None, by)
    if based_on is not None and saved.serial != based_on + 1:
        raise StalePlacesError
    return saved


async def export_own(reading: Reading) -> str:
    """Return the centre's own places as the CSV file that `import_own` takes."""
    return own_places.written(
        [
            OwnPlace(row.code, row.name, row.parent, tuple(row.alternatives), row.lat, row.lon, row.island)
            for row in await places.of_source(reading, OWN)
        ]
    )


async def find(reading: Reading, code: str) -> Place | None:
    """Return a place with all it lies in, or None."""
    rows: dict[str, list[PlaceRow]] = {}
    following: str | None = code
    while following is not None and following not in rows and len(rows) < _DEEPEST:
        rows[following] = await places.with_code(reading, following)
        following = _parent(rows[following])
    return merged(row for found in rows.values() for row in found).get(code)


async def codes(reading: Reading, code: str | None) -> frozenset[str]:
    """Return what rules know the place of a report by; nothing when it has none, or it has left its list."""
    found = None if code is None else await find(reading, code)
    return found.codes if found is not None else frozenset()


async def named(reading: Reading, changes: Mapping[str, Value]) -> dict[str, Value]:
    """Return changes with the name of the place they set, if they set one. Raises UnknownPlaceError."""
    if PLACE not in changes:
        return dict(changes)
    code, label = changes[PLACE], None
    if code is not None:
        found = await find(reading, str(code))
        if found is None:
            raise UnknownPlaceError
        label = found.label
    return {**changes, PLACE_NAME: label}


def merged(rows: Iterable[PlaceRow]) -> dict[str, Place]:
    """Return the places that rows of all lists make, by code."""
    by_code: dict[str, list[PlaceRow]] = {}
    for row in rows:
        by_code.setdefault(row.code, []).append(row)
    return {code: _place(code, by_code) for code in by_code}


class Gazetteer:
    """The search over all places; its index is made anew when a list was."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._serials: dict[str, int] = {}
        self._index = Index(())
        self._one_maker = asyncio.Lock()

    async def index(self) -> Index:
        """Return the index of the places that are there now."""
        async with self._one_maker, self._database.reading() as reading:
            serials = {row.source: row.serial for row in (await places.of_lists(reading)).values()}
            if serials != self._serials:
                self._index = Index(merged(await places.every(reading)).values())
                self._serials = serials
            return self._index


async def _replaced(
    tx: Transaction, source: str, rows: Sequence[Mapping[str, object]], version: str, regency: str | None, by: str
) -> ListRow:
    saved = await places.replace(tx, source, rows, version=version, regency=regency, by=by)
    tx.record(by, "places.loaded", f"places:{source}", places=len(rows), version=version, regency=regency)
    tx.tell("places", source, saved.serial)
    return saved


def _place(code: str, by_code: Mapping[str, list[PlaceRow]]) -> Place:
    rows = sorted(by_code[code], key=lambda row: row.source == OWN)
    first, own = rows[0], rows[-1] if rows[-1].source == OWN else None
    within: list[str] = []
    islands = [_island(rows)]
    kecamatan: PlaceRow | None = None
    following = _parent(rows)
    while following is not None and following != code and following not in within:
        within.append(following)
        above = by_code.get(following, [])
        islands.append(_island(above))
        if above and above[0].level == "kecamatan":
            kecamatan = next((row for row in above if row.source != OWN), above[0])
        following = _parent(above)
    more = own or first
    also = [*first.alternatives, *(more.alternatives if more is not first else ()), more.name]
    return Place(
        code,
        _level(first.level),
        first.name,
        tuple(dict.fromkeys(name for name in also if name != first.name)),
        tuple(within),
        kecamatan.name if kecamatan else None,
        kecamatan.code if kecamatan else None,
        *((more.lat, more.lon) if more.lat is not None else (first.lat, first.lon)),
        next((said for said in islands if said is not None), False),
        first.source == OWN,
    )


def _parent(rows: Sequence[PlaceRow]) -> str | None:
    """Return what a place lies in: what the centre says of it before what the list does."""
    said = sorted(rows, key=lambda row: row.source != OWN)
    return next((row.parent for row in said if row.parent is not None), None)


def _island(rows: Sequence[PlaceRow]) -> bool | None:
    said = sorted(rows, key=lambda row: row.source != OWN)
    return next((row.island for row in said if row.island is not None), None)


def _level(word: str) -> Level:
    return next((level for level in LEVELS if level == word), "own")
