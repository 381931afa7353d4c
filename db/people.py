"""Who may speak to us: people with a password, their sessions, and machines with a token.

Tokens and session keys are 256 random bits; only their SHA-256 is stored. Passwords arrive hashed (argon2id).
"""

from datetime import datetime

from msgspec import Struct
from sqlalchemy import delete, insert, or_, select, update

from db import tables
from db.engine import Reading, Transaction

u, s, t = tables.users.c, tables.sessions.c, tables.tokens.c


class UserRow(Struct, frozen=True):
    """A person who logs in."""

    name: str
    role: str
    password_hash: str
    created_at: datetime
    disabled_at: datetime | None


class TokenRow(Struct, frozen=True):
    """A machine's token; `agency_id` is set when it is an agency's."""

    name: str
    role: str
    agency_id: int | None
    token_hash: str
    created_at: datetime
    disabled_at: datetime | None


async def add_token(tx: Transaction, name: str, role: str, token_hash: str, agency_id: int | None = None) -> bool:
    """Insert a token. False: the name is taken, nothing is saved."""
    statement = (
        tx.insert_or(tables.tokens)
        .values(name=name, role=role, token_hash=token_hash, agency_id=agency_id, created_at=tx.now)
        .on_conflict_do_nothing()
    )
    return bool((await tx.connection.execute(statement)).rowcount == 1)


async def token(reading: Reading, token_hash: str) -> TokenRow | None:
    """Return the token with this hash unless it is disabled."""
    statement = select(tables.tokens).where(t.token_hash == token_hash, t.disabled_at.is_(None))
    row = (await reading.connection.execute(statement)).mappings().one_or_none()
    return TokenRow(**row) if row else None


async def remove_tokens(tx: Transaction, agency_id: int) -> None:
    """Remove an agency's tokens: what it was given before is worth nothing any more."""
    await tx.connection.execute(delete(tables.tokens).where(t.agency_id == agency_id))


async def add_user(tx: Transaction, name: str, role: str, password_hash: str) -> bool:
    """Insert a person. False: the name is taken, nothing is saved."""
    statement = (
        tx.insert_or(tables.users)
        .values(name=name, role=role, password_hash=password_hash, created_at=tx.now)
        .on_conflict_do_nothing()
    )
    return bool((await tx.connection.execute(statement)).rowcount == 1)


async def user(reading: Reading, name: str) -> UserRow | None:
    """Return the person, disabled or not."""
    row = (await reading.connection.execute(select(tables.users).where(u.name == name))).mappings().one_or_none()
    return UserRow(**row) if row else None


async def users(reading: Reading) -> list[UserRow]:
    """Return all people by name."""
    rows = (await reading.connection.execute(select(tables.users).order_by(u.name))).mappings()
    return [UserRow(**row) for row in rows]


async def disable_user(tx: Transaction, name: str) -> bool:
    """Disable a person and end their sessions at once. False: no such person."""
    result = await tx.connection.execute(update(tables.users).where(u.name == name).values(disabled_at=tx.now))
    await tx.connection.execute(delete(tables.sessions).where(s.user == name))
    return result.rowcount == 1


async def add_session(tx: Transaction, user_name: str, token_hash: str, expires_at: datetime) -> None:
    """Insert a session; expired ones are swept on the way."""
    await tx.connection.execute(delete(tables.sessions).where(s.expires_at < tx.now))
    await tx.connection.execute(
        insert(tables.sessions).values(token_hash=token_hash, user=user_name, created_at=tx.now, expires_at=expires_at)
    )


async def session_user(reading: Reading, token_hash: str) -> UserRow | None:
    """Return whose live session this is."""
    statement = (
        select(tables.users)
        .join(tables.sessions, s.user == u.name)
        .where(s.token_hash == token_hash, s.expires_at > reading.now)
        .where(or_(u.disabled_at.is_(None), u.disabled_at > reading.now))
    )
    row = (await reading.connection.execute(statement)).mappings().one_or_none()
    return UserRow(**row) if row else None


async def end_session(tx: Transaction, token_hash: str) -> None:
    """End a session; one that is gone already is no error."""
    await tx.connection.execute(delete(tables.sessions).where(s.token_hash == token_hash))
