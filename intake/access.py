"""Who speaks to us, and what they may do.

Machines have bearer tokens; people log in with a password (`door`) and hold a session, an opaque token in a `__Host-`
cookie. Of both only the SHA-256 is stored: 256 random bits need no slow hash. Passwords do, and have one (argon2id).

A browser sends the cookie with whatever a foreign page makes it send, so a write by cookie must come from our own pages
(`from_our_pages`): Sec-Fetch-Site says so, or Origin. A request with neither comes from no browser.

The roles: operator, supervisor and admin are the desk's (`STAFF`), of people and of tokens. An `agency` answers what it
was sent. A `machine` opens reports of the source that is its name, and reads those. A `wall` is a screen that shows the
wallboard's numbers, and may read nothing else (`walls`). What the record calls people, machines and agencies is their
name, so no two of them share one.
"""

import asyncio
import contextlib
import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal, get_args
from urllib.parse import urlsplit

import argon2
from argon2.exceptions import InvalidHashError, VerificationError

from db import agencies, people
from db.engine import Database, DatabaseUnavailableError, Transaction
from db.people import SESSION_ID, TokenRow, UserRow
from intake.refusals import DeskError, NameTakenError, PasswordTooPoorError
from routing.outbox import new_token, token_hash

Role = Literal["operator", "supervisor", "admin", "agency", "machine", "wall"]
STAFF: Final[frozenset[Role]] = frozenset({"operator", "supervisor", "admin"})
SUPERVISORS: Final[frozenset[Role]] = frozenset({"supervisor", "admin"})
ADMINS: Final[frozenset[Role]] = frozenset({"admin"})
WITH_MACHINES: Final[frozenset[Role]] = STAFF | {"machine"}
WITH_WALLS: Final[frozenset[Role]] = STAFF | {"wall"}
COOKIE: Final = "__Host-intake112"
COMMAND_LINE: Final = "command line"  # who did what a command did
PROLONGED_WITHIN: Final = timedelta(hours=3)  # of a session's end, by who works at a desk
PROLONGED_BY: Final = timedelta(hours=4)  # from then on
LONGEST_SESSION: Final = timedelta(hours=24)
SHORTEST_PASSWORD: Final = 12
LONGEST_PASSWORD: Final = 1024
NAME: Final = re.compile(
    r"[^\s\0-\x1f\x7f\ud800-\udfff](?:[^\0-\x1f\x7f\ud800-\udfff]{0,62}[^\s\0-\x1f\x7f\ud800-\udfff])?"
)
MACHINES_NAME: Final = re.compile(r"(?!call$)[a-z0-9][a-z0-9_.-]{0,31}", re.ASCII)  # it is the source of its reports
OURS: Final = frozenset(
    {"pbx", "aml", "sms", "penelepon", "gabungan", "aturan otomatis", "eskalasi", "pengiriman", "112"}  # in reports
    | {"routing", "heartbeat", "web", "start", COMMAND_LINE, "migration", "demo"}  # in the audit alone
)  # authors that are no person, machine or agency, case-folded; a test collects them from the code
_hasher = argon2.PasswordHasher()
# Of 32 random bytes and no password: a name that nobody has takes as long as a wrong password. Made once, by hand:
# making it at every start of every command took a third of a second.
NOBODYS_HASH: Final = (
    "$argon2id$v=19$m=65536,t=3,p=4$vYoMEpgZDx+LPoQ/kaW/Qg$jI/eU1b2JE6l8leLluckRiyKCmJI7LOFigyudR6T+/Y"
)


class TooManyTriesError(DeskError, status=429):
    """Too many wrong tries from here. Wait, then try again."""

    def __init__(self, wait_s: int, tries: str = "wrong passwords") -> None:
        super().__init__(f"Too many {tries} from here. Try again in {wait_s} s.")
        self.wait_s = wait_s


class UnfitNameError(DeskError):
    """A name has 1 to 64 characters, no control characters among them, and no space at its ends."""


@dataclass(frozen=True, slots=True)
class Who:
    """Who makes a request: a person's or a machine's name, its role, and the agency if it is one's.

    `session` names the session, or the token; it opens nothing.
    """

    name: str
    role: Role
    agency_id: int | None = None
    by_cookie: bool = False
    signed: bool = False  # it signed the request, with its agency's secret
    disabled: bool = False  # its agency is: it may do nothing
    session: str = ""
    until: datetime | None = None  # the session's end


async def create_token(tx: Transaction, name: str, role: str, by: str = COMMAND_LINE) -> str:
    """Make a token for a machine and return it, this once. Raises NameTakenError, UnfitNameError."""
    check_name(name)
    if role == "machine" and not MACHINES_NAME.fullmatch(name):
        raise UnfitNameError(
            "A machine's name is the source of its reports: 1 to 32 of a-z, 0-9, dot, dash and underscore, a letter or "
            "digit first; `call` is the telephone line's own."
        )
    token = new_token()
    found = role if role == "machine" else staff_role(role)
    if await people.is_taken(tx, name) or not await people.add_token(tx, name, found, token_hash(token)):
        raise NameTakenError(f"There is a person or a token named {name} already. Choose another name.")
    tx.record(by, "token.created", f"token:{name}", role=role)
    return token


async def create_user(tx: Transaction, name: str, role: str, password: str) -> None:
    """Add a person who logs in, as a command does. Raises NameTakenError, UnfitNameError, PasswordTooPoorError."""
    await add_user(tx, name, role, await hashed(password), COMMAND_LINE)


async def add_user(tx: Transaction, name: str, role: str, password_hash: str, by: str) -> UserRow:
    """Add a person whose password is `hashed`. Raises NameTakenError, UnfitNameError."""
    check_name(name)
    found = staff_role(role)
    if await people.is_taken(tx, name) or not await people.add_user(tx, name, found, password_hash):
        raise NameTakenError(f"There is a person or a token named {name} already. Choose another name.")
    tx.record(by, "user.created", f"user:{name}", role=role)
    tx.tell("settings", "users")
    return UserRow(name, found, password_hash, tx.now, None)


async def hashed(password: str) -> str:
    """Return what is stored of a password; slow on purpose, so not in a transaction. Raises PasswordTooPoorError."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD or not password.strip():
        raise PasswordTooPoorError
    return await asyncio.to_thread(_hasher.hash, password.encode("utf-8", "replace"))


async def bearer(database: Database, token: str) -> Who | None:
    """Return whose token this is."""
    async with database.reading() as reading:
        row = await people.token(reading, token_hash(token))
        agency = await agencies.with_id(reading, row.agency_id) if row and row.agency_id is not None else None
    who = None if row is None else _who(row)
    return replace(who, disabled=True) if who and agency and agency.disabled_at is not None else who


async def holder(database: Database, session: str) -> Who | None:
    """Return whose live session this is."""
    key = token_hash(session)
    async with database.reading() as reading:
        found = await people.session_user(reading, key)
    who = None if found is None else _who(found[0], key[:SESSION_ID])
    return replace(who, until=found[1]) if who and found else None


async def prolong(database: Database, who: Who, session: str) -> None:
    """Let the session of who writes something last on, near its end, if a shift is open: a telephone that somebody sits
    at must not leave the queue in the middle of the work (docs/decisions/0056-sessions-last-with-the-shift.md).
    """
    now = database.clock()
    if who.until is None or who.until - now > PROLONGED_WITHIN:
        return
    with contextlib.suppress(DatabaseUnavailableError):  # whoever writes is told by what they write
        async with database.transaction() as tx:
            if await people.prolong_session(tx, token_hash(session), now + PROLONGED_BY, LONGEST_SESSION):
                tx.record(who.name, "user.session_prolonged", f"user:{who.name}", session=who.session)


def from_our_pages(host: str | None, origin: str | None, fetch_site: str | None, public_url: str) -> bool:
    """Tell whether a browser sent this from one of our own pages, or no browser sent it."""
    if fetch_site is not None:
        return fetch_site in ("same-origin", "none")
    if origin is None:
        return True
    parts = urlsplit(public_url)
    return origin == f"{parts.scheme}://{parts.netloc}" or (host is not None and origin.partition("://")[2] == host)


def is_password(hash: str, password: str) -> bool:
    """Tell whether this is the password; slow on purpose."""
    if len(password) > LONGEST_PASSWORD:
        return False
    try:
        return _hasher.verify(hash, password.encode("utf-8", "replace"))
    except (VerificationError, InvalidHashError):
        return False


def _who(row: TokenRow | UserRow, session: str = "") -> Who | None:
    role = next((known for known in get_args(Role) if known == row.role), None)
    if role is None:
        return None
    if isinstance(row, UserRow):
        return Who(row.name, role, by_cookie=True, session=session)
    return Who(row.name, role, row.agency_id, session=f"token:{row.name}")


def staff_role(role: str) -> Role:
    """Return the role if it is one of people. Raises DeskError."""
    found = next((known for known in STAFF if known == role), None)
    if found is None:
        raise DeskError(f"{role} is no role of people or machines here: operator, supervisor and admin are.")
    return found


def check_name(name: str) -> None:
    """Raise UnfitNameError, or NameTakenError when the record calls something of ours so."""
    if not NAME.fullmatch(name):
        raise UnfitNameError
    check_free(name)


def check_free(name: str) -> None:
    """Raise NameTakenError when the record calls a part of intake112 so: an agency has a name in it, too."""
    if name.casefold() in OURS:
        raise NameTakenError(f"{name} is what the record calls a part of intake112. Choose another name.")
