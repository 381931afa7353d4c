"""Agencies, the kinds of report, and the rules that say which agency a kind goes to."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from sqlalchemy import and_, func, insert, select, update

from db import tables
from db.engine import Reading, Transaction

a = tables.agencies.c


class AgencyRow(Struct, frozen=True):
    """One agency; `secret` is the signing secret in the clear (`whsec_…`)."""

    id: int
    code: str
    name: str
    url: str
    allow_cidr: list[str]
    secret: str
    created_at: datetime
    removed_at: datetime | None


class KindRow(Struct, frozen=True):
    """One kind of report."""

    code: str
    name_id: str
    name_en: str
    priority: str
    position: int


class RuleRow(Struct, frozen=True):
    """Reports of `kind` (None: of every kind) go to `agency`, and to `next_agency` when that one does not accept."""

    id: int
    position: int
    kind: str | None
    agency: str
    accept_within_s: int | None
    next_agency: str | None = None


async def add(tx: Transaction, values: Mapping[str, object]) -> AgencyRow:
    """Insert an agency."""
    statement = insert(tables.agencies).values(created_at=tx.now, **values).returning(tables.agencies)
    return AgencyRow(**(await tx.connection.execute(statement)).mappings().one())


async def set_url(tx: Transaction, agency_id: int, url: str) -> None:
    """Move an agency: every try from now on goes to `url`."""
    await tx.connection.execute(update(tables.agencies).where(a.id == agency_id).values(url=url))


async def every(reading: Reading) -> list[AgencyRow]:
    """Return all agencies that were not removed, by code."""
    statement = select(tables.agencies).where(a.removed_at.is_(None)).order_by(a.code)
    return [AgencyRow(**row) for row in (await reading.connection.execute(statement)).mappings()]


async def add_rule(
    tx: Transaction,
    kind: str | None,
    agency_id: int,
    accept_within_s: int | None = None,
    next_agency_id: int | None = None,
) -> None:
    """Add a rule behind all others; the same rule twice is one."""
    last = select(func.coalesce(func.max(tables.rules.c.position), 0) + 1).scalar_subquery()
    statement = tx.insert_or(tables.rules).values(
        position=last,
        kind=kind,
        agency_id=agency_id,
        accept_within_s=accept_within_s,
        next_agency_id=next_agency_id,
    )
    await tx.connection.execute(statement.on_conflict_do_nothing())


async def rules(reading: Reading) -> list[RuleRow]:
    """Return the rules in their order, without those of removed agencies."""
    rule, following = tables.rules.c, tables.agencies.alias()
    columns = rule.id, rule.position, rule.kind, a.code.label("agency"), rule.accept_within_s
    statement = (
        select(*columns, following.c.code.label("next_agency"))
        .join(tables.agencies, a.id == rule.agency_id)
        .outerjoin(following, and_(following.c.id == rule.next_agency_id, following.c.removed_at.is_(None)))
        .where(a.removed_at.is_(None))
        .order_by(rule.position, rule.id)
    )
    return [RuleRow(**row) for row in (await reading.connection.execute(statement)).mappings()]


async def kinds(reading: Reading) -> list[KindRow]:
    """Return the kinds in the order in which screens show them."""
    statement = select(tables.kinds).order_by(tables.kinds.c.position)
    return [KindRow(**row) for row in (await reading.connection.execute(statement)).mappings()]
