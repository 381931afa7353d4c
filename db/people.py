"""Who may speak to us: people with a password, their sessions and browsers, and machines with a token.

Tokens and session keys are 256 random bits; only their SHA-256 is stored. Passwords arrive hashed (argon2id).
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct
from sqlalchemy import bindparam, delete, exists, func, insert, or_, select, update

from db import tables
from db.engine import Reading, Transaction
from db.several import several

u, s, t, o, b = tables.users.c, tables.sessions.c, tables.tokens.c, tables.old_tokens.c, tables.browsers.c
BROWSER_KNOWN_FOR: Final = timedelta(days=400)  # longer no browser keeps a cookie
SESSION_ID: Final = 16  # the first digits of the hash of a session's key name it; they open nothing
_session_id = func.substr(s.token_hash, 1, SESSION_ID)
_had = t.name.in_(select(o.name).where(o.token_hash == bindparam("of_hash"), o.until > bindparam("at")))
_with_token = select(tables.tokens).where(or_(t.token_hash == bindparam("of_hash"), _had), t.disabled_at.is_(None))
_with_session = (
    select(tables.users, s.expires_at)
    .join(tables.sessions, s.user == u.name)
    .where(s.token_hash == bindparam("of_hash"), s.expires_at > bindparam("at"))
    .where(or_(u.disabled_at.is_(None), u.disabled_at > bindparam("at")))
)


class UserRow(Struct, frozen=True):
    """A person who logs in."""

    name: str
    role: str
    password_hash: str
    created_at: datetime
    disabled_at: datetime | None
    version: int = 1


class TokenRow(Struct, frozen=True):
    """A machine's token; `agency_id` is set when it is an agency's."""

    name: str
    role: str
    agency_id: int | None
    token_hash: str
    created_at: datetime
    disabled_at: datetime | None


class SessionRow(Struct, frozen=True):
    """A live session: whose, since when and until when, and from which address it was begun."""

    id: str
    user: str
    created_at: datetime
    expires_at: datetime
    address: str | None


async def add_token(tx: Transaction, name: str, role: str, token_hash: str, agency_id: int | None = None) -> bool:
    """Insert a token. False: the name is taken, nothing is saved."""
    statement = (
        tx.insert_or(tables.tokens)
        .values(name=name, role=role, token_hash=token_hash, agency_id=agency_id, created_at=tx.now)
        .on_conflict_do_nothing()
    )
    return bool((await tx.connection.execute(statement)).rowcount == 1)


async def token(reading: Reading, token_hash: str) -> TokenRow | None:
    """Return the token with this hash, or that had it before a renewal whose grace lasts, unless it is disabled."""
    return await reading.row(TokenRow, _with_token, {"of_hash": token_hash, "at": reading.now})


async def tokens(reading: Reading) -> list[TokenRow]:
    """Return all tokens by name, disabled ones too."""
    return await reading.rows(TokenRow, select(tables.tokens).order_by(t.name))


async def old_tokens(reading: Reading) -> dict[str, datetime]:
    """Return until when an old token is honoured beside the present one, by the token's name; the last of several."""
    lasting = select(o.name, func.max(o.until).label("until")).join(tables.tokens, t.name == o.name)
    statement = lasting.where(o.until > reading.now, t.disabled_at.is_(None)).group_by(o.name)
    return {row.name: row.until for row in await reading.connection.execute(statement)}


async def tokens_of_role(reading: Reading, role: str) -> list[TokenRow]:
    """Return the tokens of a role that are not disabled, the oldest first."""
    which = t.role == role, t.disabled_at.is_(None)
    return await reading.rows(TokenRow, select(tables.tokens).where(*which).order_by(t.created_at, t.name))


async def lock_token(tx: Transaction, name: str) -> TokenRow | None:
    """Lock a token and return it, disabled or not."""
    return await tx.row(TokenRow, select(tables.tokens).where(t.name == name).with_for_update())


async def lock_admin_tokens(tx: Transaction) -> list[str]:
    """Lock the administrators' tokens that are not disabled, and return their names."""
    which = t.role == "admin", t.disabled_at.is_(None)
    statement = select(t.name).where(*which).order_by(t.name).with_for_update()
    return list((await tx.connection.execute(statement)).scalars())


async def renew_token(tx: Transaction, row: TokenRow, token_hash: str, honoured_until: datetime | None) -> None:
    """Give a locked token's name another; the present one is honoured until then. None: neither it nor any before."""
    over = o.until <= tx.now if honoured_until else o.until.is_not(None)
    await tx.connection.execute(delete(tables.old_tokens).where(o.name == row.name, over))
    if honoured_until:
        old = {"token_hash": row.token_hash, "name": row.name, "until": honoured_until}
        await tx.connection.execute(insert(tables.old_tokens).values(old))
    values = {"token_hash": token_hash, "created_at": tx.now, "disabled_at": None}
    await tx.connection.execute(update(tables.tokens).where(t.name == row.name).values(values))


async def disable_token(tx: Transaction, name: str) -> bool:
    """Disable a token at once. False: there is none of this name that is not disabled."""
    statement = update(tables.tokens).where(t.name == name, t.disabled_at.is_(None)).values(disabled_at=tx.now)
    return bool((await tx.connection.execute(statement)).rowcount == 1)


async def is_taken(reading: Reading, name: str) -> bool:
    """Tell whether a person or a machine has this name: in the record both are only names."""
    of_person = select(u.name).where(u.name == name)
    found = await reading.connection.execute(of_person.union(select(t.name).where(t.name == name)))
    return found.first() is not None


async def remove_tokens(tx: Transaction, agency_id: int) -> None:
    """Remove an agency's tokens: what it was given before is worth nothing any more."""
    names = select(t.name).where(t.agency_id == agency_id)
    await tx.connection.execute(delete(tables.old_tokens).where(o.name.in_(names)))
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
    return await reading.row(UserRow, select(tables.users).where(u.name == name))


async def users(reading: Reading) -> list[UserRow]:
    """Return all people by name."""
    return await reading.rows(UserRow, select(tables.users).order_by(u.name))


async def lock_administrators(tx: Transaction) -> list[str]:
    """Lock the administrators who may log in, and return their names: two who disable each other take turns."""
    statement = select(u.name).where(u.role == "admin", u.disabled_at.is_(None)).order_by(u.name).with_for_update()
    return list((await tx.connection.execute(statement)).scalars())


async def lock_user(tx: Transaction, name: str) -> UserRow | None:
    """Lock a person and return them, disabled or not."""
    statement = select(tables.users).where(u.name == name).with_for_update()
    return await tx.row(UserRow, statement)


async def change_user(tx: Transaction, name: str, values: Mapping[str, object]) -> None:
    """Save values as a person's next version, and end their sessions at once."""
    statement = update(tables.users).where(u.name == name).values(**values, version=u.version + 1)
    await tx.connection.execute(statement)
    await end_sessions(tx, name)


async def add_session(
    tx: Transaction, user_name: str, token_hash: str, expires_at: datetime, address: str | None = None
) -> None:
    """Insert a session; expired ones are swept on the way."""
    await tx.connection.execute(delete(tables.sessions).where(s.expires_at < tx.now))
    values = {"token_hash": token_hash, "user": user_name, "created_at": tx.now, "expires_at": expires_at}
    await tx.connection.execute(insert(tables.sessions).values(**values, address=address and address[:64]))


async def sessions(reading: Reading) -> list[SessionRow]:
    """Return the live sessions, the newest first."""
    statement = (
        select(_session_id.label("id"), s.user, s.created_at, s.expires_at, s.address)
        .where(s.expires_at > reading.now)
        .order_by(s.created_at.desc(), s.token_hash)
    )
    return await reading.rows(SessionRow, statement)


async def session_user(reading: Reading, token_hash: str) -> tuple[UserRow, datetime] | None:
    """Return whose live session this is, and its end."""
    asked = {"of_hash": token_hash, "at": reading.now}
    row = (await reading.connection.execute(_with_session, asked)).mappings().one_or_none()
    if row is None:
        return None
    return UserRow(**{name: row[name] for name in UserRow.__struct_fields__}), row["expires_at"]


async def session_ends(reading: Reading, user_names: Collection[str]) -> dict[str, datetime]:
    """Return when the last live session of each of these people ends."""
    live = s.user.in_(several(user_names)), s.expires_at > reading.now
    statement = select(s.user, func.max(s.expires_at).label("at")).where(*live).group_by(s.user)
    return {row.user: row.at for row in await reading.connection.execute(statement)}


async def prolong_session(tx: Transaction, token_hash: str, until: datetime, lasts_at_most: timedelta) -> bool:
    """Let a live session of somebody who has an open shift last until then, and so long in all. False: it did not."""
    has_shift = exists().where(tables.shifts.c.user == s.user, tables.OPEN_SHIFT)
    of_session = select(s.created_at).where(s.token_hash == token_hash, s.expires_at > tx.now, has_shift)
    begun_at = (await tx.connection.execute(of_session)).scalar_one_or_none()
    if begun_at is None:
        return False
    until = min(until, begun_at + lasts_at_most)
    statement = update(tables.sessions).where(s.token_hash == token_hash, s.expires_at < until)
    return bool((await tx.connection.execute(statement.values(expires_at=until))).rowcount == 1)


async def is_logged_in(reading: Reading, name: str) -> bool:
    """Tell whether a person holds a session that has not expired."""
    lives = s.user == name, s.expires_at > reading.now
    return (await reading.connection.execute(select(s.user).where(*lives).limit(1))).first() is not None


async def end_session(tx: Transaction, token_hash: str) -> None:
    """End a session; one that is gone already is no error."""
    await tx.connection.execute(delete(tables.sessions).where(s.token_hash == token_hash))


async def end_sessions(tx: Transaction, user_name: str) -> None:
    """End all sessions of a person."""
    await tx.connection.execute(delete(tables.sessions).where(s.user == user_name))


async def end_session_called(tx: Transaction, session_id: str) -> str | None:
    """End the session with this id and return whose it was; None: there is no such session."""
    statement = delete(tables.sessions).where(_session_id == session_id, s.expires_at > tx.now).returning(s.user)
    return (await tx.connection.execute(statement)).scalar_one_or_none()


async def users_of_browser(reading: Reading, token_hash: str) -> set[str]:
    """Return who logged in with this browser before: at a desk's computer that is more than one person."""
    statement = select(b.user).where(b.token_hash == token_hash, b.seen_at > reading.now - BROWSER_KNOWN_FOR)
    return set((await reading.connection.execute(statement)).scalars())


async def keep_browser(tx: Transaction, token_hash: str, user_name: str) -> None:
    """Know this browser of a person from now on; those that nobody used for long are swept on the way."""
    await tx.connection.execute(delete(tables.browsers).where(b.seen_at < tx.now - BROWSER_KNOWN_FOR))
    made = tx.insert_or(tables.browsers).values(token_hash=token_hash, user=user_name, seen_at=tx.now)
    await tx.connection.execute(
        made.on_conflict_do_update(index_elements=[b.token_hash, b.user], set_={"seen_at": tx.now})
    )
