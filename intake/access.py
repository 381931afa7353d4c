"""Who speaks to us, and what they may do.

Machines have bearer tokens; people log in with a password and hold a session, an opaque token in a `__Host-` cookie. Of
both only the SHA-256 is stored: 256 random bits need no slow hash. Passwords do, and have one (argon2id).

A browser sends the cookie with whatever a foreign page makes it send, so a write by cookie must come from our own pages
(`from_our_pages`): Sec-Fetch-Site says so, or Origin. A request with neither comes from no browser.

Wrong passwords are slowed for one account from one address. Nothing is ever locked: whoever guesses at a colleague's
name must not be able to keep the colleague, or the whole desk, from working.
"""

import asyncio
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal, get_args
from urllib.parse import urlsplit

import argon2
import structlog
from argon2.exceptions import InvalidHashError, VerificationError

from db import people
from db.engine import Database, Transaction
from db.people import TokenRow, UserRow
from intake import shifts
from intake.guesses import Guesses
from intake.refusals import DeskError, NameTakenError, PasswordTooPoorError
from routing.outbox import new_token, token_hash

log = structlog.get_logger(__name__)
Role = Literal["operator", "supervisor", "admin", "agency"]
STAFF: Final[frozenset[Role]] = frozenset({"operator", "supervisor", "admin"})
SUPERVISORS: Final[frozenset[Role]] = frozenset({"supervisor", "admin"})
COOKIE: Final = "__Host-intake112"
SESSION_LASTS: Final = timedelta(hours=12)  # one shift
SHORTEST_PASSWORD: Final = 12
LONGEST_PASSWORD: Final = 1024
_NAME = re.compile(r"[^\s\0-\x1f\x7f\ud800-\udfff](?:[^\0-\x1f\x7f\ud800-\udfff]{0,62}[^\s\0-\x1f\x7f\ud800-\udfff])?")
_hasher = argon2.PasswordHasher()
# Of 32 random bytes and no password: a name that nobody has takes as long as a wrong password. Made once, by hand:
# making it at every start of every command took a third of a second.
NOBODYS_HASH: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$vYoMEpgZDx+LPoQ/kaW/Qg$jI/eU1b2JE6l8leLluckRiyKCmJI7LOFigyudR6T+/Y"
)


class WrongPasswordError(DeskError):
    """Name or password is wrong. Try again; an administrator can set a new password."""

    status = 401
    code = "wrong_password"


class TooManyTriesError(DeskError):
    """Too many wrong tries from here. Wait, then try again."""

    status = 429
    code = "too_many_tries"

    def __init__(self, wait_s: int, tries: str = "wrong passwords for this name") -> None:
        super().__init__(f"Too many {tries} from here. Try again in {wait_s} s.")
        self.wait_s = wait_s


class UnfitNameError(DeskError):
    """A name has 1 to 64 characters, no control characters among them, and no space at its ends."""

    code = "unfit_name"


@dataclass(frozen=True, slots=True)
class Who:
    """Who makes a request: a person's or a machine's name, its role, and the agency if it is one's."""

    name: str
    role: Role
    agency_id: int | None = None
    by_cookie: bool = False
    signed: bool = False  # it signed the request, with its agency's secret


async def create_token(tx: Transaction, name: str, role: str) -> str:
    """Make a token for a machine and return it, this once. Raises NameTakenError, UnfitNameError."""
    _check_name(name)
    token = new_token()
    if not await people.add_token(tx, name, _staff(role), token_hash(token)):
        raise NameTakenError(f"There is a token named {name} already. Choose another name.")
    tx.record("command line", "token.created", f"token:{name}", role=role)
    return token


async def create_user(tx: Transaction, name: str, role: str, password: str) -> None:
    """Add a person who logs in. Raises NameTakenError, UnfitNameError, PasswordTooPoorError."""
    _check_name(name)
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise PasswordTooPoorError
    hashed = await asyncio.to_thread(_hasher.hash, password.encode("utf-8", "replace"))
    if not await people.add_user(tx, name, _staff(role), hashed):
        raise NameTakenError(f"There is a person named {name} already. Choose another name.")
    tx.record("command line", "user.created", f"user:{name}", role=role)


async def bearer(database: Database, token: str) -> Who | None:
    """Return whose token this is."""
    async with database.reading() as reading:
        row = await people.token(reading, token_hash(token))
    return None if row is None else _who(row)


async def holder(database: Database, session: str) -> Who | None:
    """Return whose live session this is."""
    async with database.reading() as reading:
        row = await people.session_user(reading, token_hash(session))
    return None if row is None else _who(row)


class Door:
    """The log-in: checks passwords, and slows those who guess."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._guesses = Guesses(database.clock)

    async def log_in(self, name: str, password: str, address: str, old_session: str | None) -> str:
        """Return a fresh session key; the session the browser came with is ended.

        Raises WrongPasswordError, TooManyTriesError.
        """
        key = (name[:64], address)
        if (wait_s := self._guesses.wait_s(key)) > 0:
            raise TooManyTriesError(wait_s)
        self._guesses.count(key)  # before the slow part: tries that run beside each other count as well
        async with self._database.reading() as reading:
            row = await people.user(reading, name) if _NAME.fullmatch(name) else None
        good = await asyncio.to_thread(_verify, row.password_hash if row else NOBODYS_HASH, password)
        if row is None or row.disabled_at is not None or not good:
            log.warning("log_in_refused", address=address)
            raise WrongPasswordError
        self._guesses.forget(key)
        session = secrets.token_urlsafe(32)
        async with self._database.transaction() as tx:
            if old_session is not None:
                await people.end_session(tx, token_hash(old_session))
            await people.add_session(tx, row.name, token_hash(session), tx.now + SESSION_LASTS)
            tx.record(row.name, "AgentStateChange", f"user:{row.name}", state="logged in")
        return session

    async def log_out(self, session: str) -> None:
        """End a session; one that is gone already is no error."""
        who = await holder(self._database, session)
        async with self._database.transaction() as tx:
            await people.end_session(tx, token_hash(session))
            if who is not None:
                tx.record(who.name, "AgentStateChange", f"user:{who.name}", state="logged out")
                await shifts.end_gone(tx, who.name)


def from_our_pages(host: str | None, origin: str | None, fetch_site: str | None, public_url: str) -> bool:
    """Tell whether a browser sent this from one of our own pages, or no browser sent it."""
    if fetch_site is not None:
        return fetch_site in ("same-origin", "none")
    if origin is None:
        return True
    parts = urlsplit(public_url)
    return origin == f"{parts.scheme}://{parts.netloc}" or (host is not None and origin.partition("://")[2] == host)


def _verify(hashed: str, password: str) -> bool:
    if len(password) > LONGEST_PASSWORD:
        return False
    try:
        return _hasher.verify(hashed, password.encode("utf-8", "replace"))
    except (VerificationError, InvalidHashError):
        return False


def _who(row: TokenRow | UserRow) -> Who | None:
    role = next((known for known in get_args(Role) if known == row.role), None)
    if role is None:
        return None
    if isinstance(row, UserRow):
        return Who(row.name, role, by_cookie=True)
    return Who(row.name, role, row.agency_id)


def _staff(role: str) -> Role:
    found = next((known for known in STAFF if known == role), None)
    if found is None:
        raise DeskError(f"{role} is no role of people or machines here: operator, supervisor and admin are.")
    return found


def _check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise UnfitNameError
