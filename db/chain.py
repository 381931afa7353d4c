"""Walking the audit chain: which row is the first that is not as it was written?

The walk reads a page of rows at a time, each with a reading of its own, so that memory stays flat over millions of rows
and nothing is held open meanwhile; what is appended during the walk is walked too.

The chain alone shows an edit, a deletion, a reorder, and a tail that was cut without its mark in `head`. Whoever writes
all of that anew, `head` included, is shown by what was signed and carried away before (`SignedHead`): row `n` had this
hash then.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from msgspec import Struct
from sqlalchemy import select

from db import tables
from db.engine import Database, Reading
from db.journal import GENESIS, audit_hash

PAGE = 2_000  # rows
a, h = tables.audit.c, tables.head.c


class Head(Struct, frozen=True):
    """The last row of the chain: its number and its hash; 0 and `GENESIS` before the first."""

    n: int
    hash: str


class SignedHead(Head, frozen=True):
    """A head as it was carried away: when, and the signature over all of it."""

    at: str
    signature: str


class AuditRow(Struct, frozen=True):
    """One row of the record."""

    n: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: str
    prev: str
    hash: str

    def is_as_written(self) -> bool:
        """Tell whether the row's hash is that of its other columns."""
        return self.hash == audit_hash(self.n, self.at, self.actor, self.action, self.subject, self.detail, self.prev)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many rows are as they were written, and the first that is not, with what is wrong with it."""

    rows: int
    bad: int | None = None
    why: str = ""


async def head(reading: Reading) -> Head:
    """Return the head of the chain."""
    n, digest = (await reading.connection.execute(select(h.audit_n, h.audit_hash))).one()
    return Head(n, digest)


async def rows_after(reading: Reading, n: int, limit: int) -> list[AuditRow]:
    """Return the rows behind `n`, in their order."""
    statement = select(tables.audit).where(a.n > n).order_by(a.n).limit(limit)
    return [AuditRow(*row) for row in await reading.connection.execute(statement)]


async def rows_before(reading: Reading, n: int | None, limit: int, filters: Mapping[str, str]) -> list[AuditRow]:
    """Return the newest rows before `n` (None: of all), the newest first; `filters`: an actor, action or subject.

    A filter that ends in `*` asks for what begins so.
    """
    statement = select(tables.audit).order_by(a.n.desc()).limit(limit)
    if n is not None:
        statement = statement.where(a.n < n)
    for name, wanted in filters.items():
        begins = wanted.endswith("*")
        statement = statement.where(a[name].startswith(wanted[:-1], autoescape=True) if begins else a[name] == wanted)
    return [AuditRow(*row) for row in await reading.connection.execute(statement)]


async def verify(
    database: Database, signed: Sequence[Head] = (), progress: Callable[[int], None] | None = None
) -> Verdict:
    """Walk the chain, and compare it with what was `signed`; `progress` is told the rows read, page by page."""
    last = Head(0, GENESIS)
    waiting = sorted((one for one in signed if one.n), key=lambda one: one.n, reverse=True)
    agreed = 0  # the last row of which something signed says that it is as it was
    while True:
        async with database.reading() as reading:
            page = await rows_after(reading, last.n, PAGE)
            end = await head(reading)
        for row in page:
            if (why := _fault(row, last)) is not None:
                return Verdict(last.n, last.n + 1, why)
            last = Head(row.n, row.hash)
            while waiting and waiting[-1].n == row.n:
                if waiting.pop().hash != row.hash:
                    return Verdict(
                        agreed, agreed + 1, f"the signed heads show that n={agreed + 1} to {row.n} were made anew"
                    )
                agreed = row.n
        if progress is not None and page:
            progress(last.n)
        if len(page) < PAGE:
            break
    if waiting and waiting[0].n > last.n:
        return Verdict(last.n, last.n + 1, f"the rows up to n={waiting[0].n}, whose head was signed, are missing")
    if end != last:
        return Verdict(last.n, last.n + 1, "the rows from here on are missing")
    return Verdict(last.n)


def _fault(row: AuditRow, last: Head) -> str | None:
    if row.n != last.n + 1:
        return "it is missing"
    if row.prev != last.hash:
        return "it does not follow the row before it"
    return None if row.is_as_written() else "it was changed"
