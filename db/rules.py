"""Versions of the rules that say which agencies a report goes to. What was written is never changed or deleted."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NotRequired, TypedDict

from msgspec import Struct
from sqlalchemy import func, insert, select

from db import tables
from db.engine import Reading, Transaction

v = tables.rule_versions.c
r = tables.version_rules.c


class VersionRow(Struct, frozen=True):
    """One version of the rules; their hours are of `timezone`, a name of the IANA database."""

    number: int
    effective_from: datetime
    made_at: datetime
    made_by: str
    note: str
    timezone: str


class HoursJson(TypedDict):
    """Days from 1 (Monday) to 7, and minutes of the local day."""

    days: list[int]
    start: int
    end: int


class RecipientJson(TypedDict):
    """Codes of an agency and of the one that is next when it does not accept; `caller_number` since 0017."""

    agency: str
    accept_within_s: int | None
    next: str | None
    caller_number: NotRequired[bool | None]


class RuleRow(Struct, frozen=True):
    """One rule of a version; `number` is its place, from 1. Codes of kinds and agencies are kept as they were."""

    version: int
    number: int
    kinds: list[str]
    priorities: list[str]
    places: list[str]
    hours: list[HoursJson]
    agencies: list[RecipientJson]
    automatic: bool
    note: str


async def newest(reading: Reading) -> int:
    """Return the number of the version that was made last, 0 when there is none."""
    found = (await reading.connection.execute(select(func.coalesce(func.max(v.number), 0)))).scalar_one()
    return int(found)


async def version(reading: Reading, number: int) -> VersionRow | None:
    """Return a version, or None."""
    row = (await reading.connection.execute(select(tables.rule_versions).where(v.number == number))).mappings().first()
    return VersionRow(**row) if row else None


async def in_force(reading: Reading, at: datetime) -> VersionRow | None:
    """Return the version that holds at a time: of the newest date up to then the one made last. None: none does."""
    order = v.effective_from.desc(), v.number.desc()
    statement = select(tables.rule_versions).where(v.effective_from <= at).order_by(*order).limit(1)
    row = (await reading.connection.execute(statement)).mappings().first()
    return VersionRow(**row) if row else None


async def last_from_its_making(reading: Reading) -> datetime | None:
    """Return the newest date of the versions that held from their making on, or None."""
    statement = select(func.max(v.effective_from)).where(v.effective_from <= v.made_at)
    found: datetime | None = (await reading.connection.execute(statement)).scalar_one()
    return found


async def waiting(reading: Reading, at: datetime) -> list[VersionRow]:
    """Return the versions that will hold later, in the order in which they will; of one date the one made last."""
    statement = select(tables.rule_versions).where(v.effective_from > at).order_by(v.effective_from, v.number)
    rows = (await reading.connection.execute(statement)).mappings()
    return list({row["effective_from"]: VersionRow(**row) for row in rows}.values())


async def rules(reading: Reading, version: int) -> list[RuleRow]:
    """Return the rules of a version in their order."""
    statement = select(tables.version_rules).where(r.version == version).order_by(r.number)
    return await reading.rows(RuleRow, statement)


async def add(
    tx: Transaction, number: int, values: Mapping[str, object], rows: Sequence[Mapping[str, object]]
) -> VersionRow | None:
    """Write a version and its rules, numbered from 1; None: there is one of this number, and nothing is written.

    Who writes the same number at the same time is waited for: of two, one gets None.
    """
    table = tables.rule_versions
    statement = tx.insert_or(table).values(number=number, made_at=tx.now, **values).on_conflict_do_nothing()
    row = (await tx.connection.execute(statement.returning(table))).mappings().first()
    if row is None:
        return None
    if rows:
        numbered = [{"version": number, "number": n, **one} for n, one in enumerate(rows, 1)]
        await tx.connection.execute(insert(tables.version_rules), numbered)
    return VersionRow(**row)
