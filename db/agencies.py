"""Agencies: whom reports are sent to, and what signs to them."""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from sqlalchemy import bindparam, insert, null, select, update

from db import tables
from db.engine import Reading, Transaction

a = tables.agencies.c


class AgencyRow(Struct, frozen=True):
    """One agency; secrets (`whsec_…`) and the ed25519 key (`whsk_…`) are in the clear: they sign."""

    id: int
    code: str
    name: str
    url: str
    allow_cidr: list[str]
    secret: str
    created_at: datetime
    removed_at: datetime | None
    secret_previous: str | None
    secret_previous_until: datetime | None
    ed25519_key: str | None
    format: str
    jurisdiction_id: str | None
    failures_in_a_row: int
    failing_since: datetime | None
    retry_after: datetime | None
    paused_at: datetime | None
    paused_by: str | None
    pause_reason: str | None
    disabled_at: datetime | None
    disabled_by: str | None
    disable_reason: str | None
    caller_number: bool
    is_centre: bool
    version: int
    ca_pem: str | None
    phone: str | None
    api_key: str | None

    @property
    def has_system(self) -> bool:
        """Return whether anything can be sent there; else people telephone it."""
        return bool(self.url)

    @property
    def is_sent_to(self) -> bool:
        """Return whether a lane is to be open for it: it is not disabled, and has a system."""
        return self.has_system and self.disabled_at is None

    def secrets_at(self, at: datetime) -> list[str]:
        """Return the secrets that are honoured at this time: the new one, then the old one while its grace lasts."""
        previous, until = self.secret_previous, self.secret_previous_until
        if previous is None or until is None or at >= until:
            return [self.secret]
        return [self.secret, previous]

    def keys_at(self, at: datetime) -> list[str]:
        """Return what signs to the agency at this time: the honoured secrets, then its ed25519 key.

        What comes from the agency is to be checked with `secrets_at`: only we hold the ed25519 key.
        """
        return [*self.secrets_at(at), *([self.ed25519_key] if self.ed25519_key is not None else [])]


async def add(tx: Transaction, values: Mapping[str, object]) -> AgencyRow:
    """Insert an agency."""
    statement = insert(tables.agencies).values(created_at=tx.now, **values).returning(tables.agencies)
    return AgencyRow(**(await tx.connection.execute(statement)).mappings().one())


async def set_url(tx: Transaction, agency_id: int, url: str) -> None:
    """Move an agency: every try from now on goes to `url`."""
    await tx.connection.execute(update(tables.agencies).where(a.id == agency_id).values(url=url))


async def change(tx: Transaction, agency_id: int, seen: int, values: Mapping[str, object]) -> bool:
    """Change an agency's name or where it is reached. False: it is not of the version `seen`, nothing is saved."""
    statement = update(tables.agencies).where(a.id == agency_id, a.version == seen)
    changed = await tx.connection.execute(statement.values(**values, version=a.version + 1))
    return bool(changed.rowcount == 1)


async def change_secret(tx: Transaction, agency_id: int, secret: str, honoured_until: datetime | None) -> None:
    """Give an agency a new secret; the present one is honoured until then (None: no longer)."""
    previous = null() if honoured_until is None else a.secret
    values = {"secret": secret, "secret_previous": previous, "secret_previous_until": honoured_until}
    await tx.connection.execute(update(tables.agencies).where(a.id == agency_id).values(values))


async def add_ed25519_key(tx: Transaction, agency_id: int, key: str) -> bool:
    """Give an agency without an ed25519 key this one. False: it has one, nothing is saved."""
    statement = update(tables.agencies).where(a.id == agency_id, a.ed25519_key.is_(None)).values(ed25519_key=key)
    return bool((await tx.connection.execute(statement)).rowcount == 1)


async def set_api_key(tx: Transaction, agency_id: int, api_key: str | None) -> None:
    """Keep the key by which an agency's platform knows us."""
    await tx.connection.execute(update(tables.agencies).where(a.id == agency_id).values(api_key=api_key))


async def find(reading: Reading, code: str) -> AgencyRow | None:
    """Return the agency with this code, None when there is none or it was removed."""
    return next((row for row in await every(reading) if row.code == code), None)


async def with_id(reading: Reading, agency_id: int) -> AgencyRow | None:
    """Return the agency with this id, None when it was removed."""
    return await reading.row(AgencyRow, _with_id, {"of_id": agency_id})


_with_id = select(tables.agencies).where(a.id == bindparam("of_id"), a.removed_at.is_(None))


async def every(reading: Reading) -> list[AgencyRow]:
    """Return all agencies that were not removed, by code."""
    statement = select(tables.agencies).where(a.removed_at.is_(None)).order_by(a.code)
    return await reading.rows(AgencyRow, statement)
