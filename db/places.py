"""Places by name, in lists: each is replaced as a whole."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import delete, func, insert, select

from db import tables
from db.engine import Reading, Transaction

p = tables.places.c
lists = tables.place_lists


class PlaceRow(Struct, frozen=True):
    """A place as one list has it; `own` may hold rows with official codes, which add to that place."""

    code: str
    source: str
    level: str
    name: str
    parent: str | None
    alternatives: list[str]
    lat: float | None
    lon: float | None
    island: bool | None


class ListRow(Struct, frozen=True):
    """A list: what it was taken from, and when. `serial` rises with every load."""

    source: str
    version: str
    regency: str | None
    serial: int
    places: int
    loaded_at: datetime
    loaded_by: str


async def every(reading: Reading) -> list[PlaceRow]:
    """Return all rows of all lists, by code."""
    return await reading.rows(PlaceRow, select(tables.places).order_by(p.code, p.source))


async def bounds(reading: Reading) -> tuple[float, float, float, float] | None:
    """Return south, west, north, east of all places with coordinates; None while there are none."""
    statement = select(func.min(p.lat), func.min(p.lon), func.max(p.lat), func.max(p.lon))
    row = (await reading.connection.execute(statement)).one()
    return None if None in row else (row[0], row[1], row[2], row[3])


async def of_source(reading: Reading, source: str) -> list[PlaceRow]:
    """Return the rows of one list, by code."""
    statement = select(tables.places).where(p.source == source).order_by(p.code)
    return await reading.rows(PlaceRow, statement)


async def with_code(reading: Reading, code: str) -> list[PlaceRow]:
    """Return what each list says of a code."""
    return await reading.rows(PlaceRow, select(tables.places).where(p.code == code))


async def of_lists(reading: Reading) -> dict[str, ListRow]:
    """Return the lists that were loaded."""
    rows = (await reading.connection.execute(select(lists))).mappings()
    return {row["source"]: ListRow(**row) for row in rows}


async def replace(
    tx: Transaction, source: str, rows: Sequence[Mapping[str, object]], *, version: str, regency: str | None, by: str
) -> ListRow:
    """Put these rows in the place of all that a list had. Who does so at the same time waits."""
    about = {"version": version, "regency": regency, "places": len(rows), "loaded_at": tx.now, "loaded_by": by[:128]}
    statement = (
        tx.insert_or(lists)
        .values(source=source, serial=1, **about)
        .on_conflict_do_update(index_elements=["source"], set_=about | {"serial": lists.c.serial + 1})
        .returning(lists)
    )
    saved = ListRow(**(await tx.connection.execute(statement)).mappings().one())
    await tx.connection.execute(delete(tables.places).where(p.source == source))
    if rows:
        await tx.connection.execute(insert(tables.places), [{**row, "source": source} for row in rows])
    return saved
