"""What the desk chooses from, kinds of report and ways to end: rows of the centre's own, disabled and never deleted."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from msgspec import Struct
from sqlalchemy import Table, select, update

from db import tables
from db.engine import Reading, Transaction


class Choice(Struct, frozen=True, kw_only=True):
    """One row of a list."""

    code: str
    name_id: str
    name_en: str
    position: int
    version: int
    disabled_at: datetime | None


class KindRow(Choice, frozen=True, kw_only=True):
    """One kind; `accept_within_s` and `thresholds` are by priority, `guide` is a list of questions (`intake.guide`)."""

    priority: str
    icon: str
    accept_within_s: dict[str, int]
    guide: list[Any]
    thresholds: dict[str, int]


class DispositionRow(Choice, frozen=True, kw_only=True):
    """One way to end; `classes` are the classes of report that may end so."""

    classes: list[str]


R = TypeVar("R", bound=Choice)


class Choices(Generic[R]):
    """One list: a table, which is `named` by the word for one of its rows."""

    def __init__(self, table: Table, row: type[R], named: str) -> None:
        self.many = str(table.name)  # of its own kind of text, which JSON does not take
        self.named = named
        self._table = table
        self._row = row

    async def every(self, reading: Reading) -> list[R]:
        """Return the rows in the order in which screens show them, disabled ones too."""
        statement = select(self._table).order_by(self._table.c.position, self._table.c.code)
        return await reading.rows(self._row, statement)

    async def find(self, reading: Reading, code: str) -> R | None:
        """Return the row with this code, or None."""
        return await reading.row(self._row, select(self._table).where(self._table.c.code == code))

    async def add(self, tx: Transaction, values: Mapping[str, object]) -> bool:
        """Insert a row. False: the code is taken, nothing is saved."""
        statement = tx.insert_or(self._table).values(version=1, **values).on_conflict_do_nothing()
        return bool((await tx.connection.execute(statement)).rowcount == 1)

    async def change(self, tx: Transaction, code: str, version: int, values: Mapping[str, object]) -> bool:
        """Save values as a row's next version. False: it is not at `version` any more, nothing is saved."""
        at_version = (self._table.c.code == code) & (self._table.c.version == version)
        statement = update(self._table).where(at_version).values(version=version + 1, **values)
        return bool((await tx.connection.execute(statement)).rowcount == 1)


kinds: Final = Choices(tables.kinds, KindRow, "kind")
dispositions: Final = Choices(tables.dispositions, DispositionRow, "disposition")
