"""The log-in: checks passwords, and slows those who guess, without ever locking out who works here.

A browser with which a person logged in once is known for that person (a second cookie, which opens nothing by itself);
one computer may be known for several. A known browser's wrong tries count for itself and that person alone. All others
share two counts: one for the account, whatever the
address, and one for the address (of IPv6, for its /64), whatever the account. So whoever guesses is slowed on both
ways, and can keep a person only from browsers that the person never used; a desk's own browsers, and all sessions that
are open, go on (docs/decisions/0050-known-browsers.md). Passwords from unknown browsers are checked one at a time, and
few wait for that: a flood of them costs the desk one core at most, and no memory. Counts are this process's own, and a
restart forgets them.
"""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Hashable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

import structlog

from db import people
from db.engine import Database, DatabaseUnavailableError
from db.people import UserRow
from intake import access, handing_over, shifts
from intake.access import NOBODYS_HASH, TooManyTriesError
from intake.guesses import Guesses
from intake.refusals import DeskError
from routing.outbox import token_hash

log = structlog.get_logger(__name__)
BROWSER_COOKIE: Final = "__Host-intake112-browser"
SESSION_LASTS: Final = timedelta(hours=12)  # one shift; who works at its end has longer (`access.prolong`)
FREE_FROM_AN_ADDRESS: Final = 20  # a whole desk may stand behind one address
LONGEST_LINE: Final = 20  # of passwords from unknown browsers: at some 70 ms each the last waits 1.5 s
LINE_WAIT_S: Final = 5


class WrongPasswordError(DeskError, status=401):
    """Name or password is wrong. Try again; an administrator can set a new password."""


class LongLineError(TooManyTriesError, code="too_many_tries"):
    """Too many browsers that nobody knows log in at once."""

    def __init__(self) -> None:
        super().__init__(LINE_WAIT_S, "log-ins at once")


@dataclass(frozen=True, slots=True)
class Entered:
    """The keys of a new session and of the browser, which is known from now on."""

    session: str
    browser: str


class Door:
    """The log-in and the log-out."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._of_browser = Guesses(database.clock)
        self._of_account = Guesses(database.clock)
        self._of_address = Guesses(database.clock, FREE_FROM_AN_ADDRESS)
        self._strangers = asyncio.Semaphore(1)
        self._in_line = 0

    async def log_in(
        self, name: str, password: str, address: str, old_session: str | None = None, browser: str | None = None
    ) -> Entered:
        """Return a fresh session; the session the browser came with is ended.

        Raises WrongPasswordError, TooManyTriesError.
        """
        async with self._database.reading() as reading:
            row = await people.user(reading, name) if access.NAME.fullmatch(name) else None
            users = await people.users_of_browser(reading, token_hash(browser)) if browser else set[str]()
            known = row is not None and row.name in users
        counts: Sequence[tuple[Guesses, Hashable]] = (
            [(self._of_browser, (browser, name))]
            if known
            else [(self._of_account, name[:64]), (self._of_address, network(address))]
        )
        if (wait_s := max(guesses.wait_s(key) for guesses, key in counts)) > 0:
            raise TooManyTriesError(wait_s)
        if not known and self._in_line >= LONGEST_LINE:
            raise LongLineError
        for guesses, key in counts:  # before the slow part: tries that run beside each other count as well
            guesses.count(key)
        async with contextlib.nullcontext() if known else self._line():
            good = await asyncio.to_thread(access.is_password, row.password_hash if row else NOBODYS_HASH, password)
        if row is None or row.disabled_at is not None or not good:
            log.warning("log_in_refused", address=address, known_browser=known)
            raise WrongPasswordError
        entered = Entered(secrets.token_urlsafe(32), browser if users and browser else secrets.token_urlsafe(32))
        try:
            await self._save(row, entered, address, old_session)
        except DatabaseUnavailableError:
            for guesses, key in counts:  # the password was right
                guesses.take_back(key)
            raise
        for guesses, key in counts:
            if guesses is self._of_address:
                guesses.take_back(key)  # the others' tries from there stay counted
            else:
                guesses.forget(key)
        return entered

    @contextlib.asynccontextmanager
    async def _line(self) -> AsyncIterator[None]:
        self._in_line += 1
        try:
            async with self._strangers:
                yield
        finally:
            self._in_line -= 1

    async def _save(self, row: UserRow, entered: Entered, address: str, old_session: str | None) -> None:
        async with self._database.transaction() as tx:
            now = await people.lock_user(tx, row.name)
            if now is None or now.disabled_at is not None or now.password_hash != row.password_hash:
                raise WrongPasswordError  # changed while the password was being checked
            if old_session is not None:
                await people.end_session(tx, token_hash(old_session))
            await people.add_session(tx, row.name, token_hash(entered.session), tx.now + SESSION_LASTS, address)
            await people.keep_browser(tx, token_hash(entered.browser), row.name)
            tx.record(row.name, "AgentStateChange", f"user:{row.name}", state="logged in")

    async def log_out(self, session: str) -> None:
        """End a session; one that is gone already is no error."""
        who = await access.holder(self._database, session)
        async with self._database.transaction() as tx:
            await people.end_session(tx, token_hash(session))
            if who is not None:
                tx.record(who.name, "AgentStateChange", f"user:{who.name}", state="logged out")
                if not await people.is_logged_in(tx, who.name):
                    await handing_over.leave(tx, who.name, who.name)
                await shifts.end_gone(tx, who.name)


def network(address: str) -> str:
    """Return what counts as one address: of IPv6 the /64, which is one customer's."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return address
    return str(found.ipv4_mapped or ip_network((int(found), 64), strict=False))
