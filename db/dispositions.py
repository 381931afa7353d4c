"""How reports may end: rows of the centre's own, which are disabled and never deleted."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from sqlalchemy import select, update

from db import tables
from db.engine import Reading, Transaction

d = tables.dispositions.c


class DispositionRow(Struct, frozen=True):
    """One way to end; `classes` are the classes of report that may end so."""

    code: str
    name_id: str
    name_en: str
    classes: list[str]
    position: int
    version: int
    disabled_at: datetime | None


async def every(reading: Reading) -> list[DispositionRow]:
    """Return the dispositions in the order in which screens show them, disabled ones too."""
    statement = select(tables.dispositions).order_by(d.position, d.code)
    return [DispositionRow(**row) for row in (await reading.connection.execute(statement)).mappings()]


async def add(tx: Transaction, values: Mapping[str, object]) -> bool:
    """Insert a disposition. False: the code is taken, nothing is saved."""
    statement = tx.insert_or(tables.dispositions).values(version=1, **values).on_conflict_do_nothing()
    return bool((await tx.connection.execute(statement)).rowcount == 1)


async def change(tx: Transaction, code: str, version: int, values: Mapping[str, object]) -> bool:
    """Save values as a disposition's next version. False: it is not at `version` any more, nothing is saved."""
    at_version = (d.code == code) & (d.version == version)
    statement = update(tables.dispositions).where(at_version).values(version=version + 1, **values)
    return bool((await tx.connection.execute(statement)).rowcount == 1)
