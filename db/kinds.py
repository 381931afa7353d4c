"""The kinds of report: rows of the centre's own, which are disabled and never deleted."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import select, update

from db import tables
from db.engine import Reading, Transaction

k = tables.kinds.c


class KindRow(Struct, frozen=True):
    """One kind; `accept_within_s` and `thresholds` are by priority, `guide` is a list of questions (`intake.guide`)."""

    code: str
    name_id: str
    name_en: str
    priority: str
    position: int
    icon: str
    accept_within_s: dict[str, int]
    guide: list[Any]
    thresholds: dict[str, int]
    version: int
    disabled_at: datetime | None


async def every(reading: Reading) -> list[KindRow]:
    """Return the kinds in the order in which screens show them, disabled ones too."""
    statement = select(tables.kinds).order_by(k.position, k.code)
    return [KindRow(**row) for row in (await reading.connection.execute(statement)).mappings()]


async def find(reading: Reading, code: str) -> KindRow | None:
    """Return the kind with this code, or None."""
    row = (await reading.connection.execute(select(tables.kinds).where(k.code == code))).mappings().one_or_none()
    return KindRow(**row) if row else None


async def add(tx: Transaction, values: Mapping[str, object]) -> bool:
    """Insert a kind. False: the code is taken, nothing is saved."""
    statement = tx.insert_or(tables.kinds).values(version=1, **values).on_conflict_do_nothing()
    return bool((await tx.connection.execute(statement)).rowcount == 1)


async def change(tx: Transaction, code: str, version: int, values: Mapping[str, object]) -> bool:
    """Save values as a kind's next version. False: it is not at `version` any more, nothing is saved."""
    statement = update(tables.kinds).where(k.code == code, k.version == version).values(version=version + 1, **values)
    return bool((await tx.connection.execute(statement)).rowcount == 1)
