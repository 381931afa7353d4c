"""Opening the database, transactions and readings, on SQLite and on PostgreSQL.

SQLite: one write connection and an engine of its own for readers, see `sqlite.py`; PostgreSQL's are in `postgres.py`.

PostgreSQL: NOTIFY goes out after the commit on a connection of its own (inside the transaction it cost 60 % of the
throughput at 32 writers); what it brings is only a wake-up, see `wakeups.py`.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any, TypeVar

import asyncpg
import structlog
from msgspec import Struct
from sqlalchemy import Executable
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.schema import Table

from db import journal, postgres, sqlite
from db.journal import Detail, Journal, Kind, Value
from db.wakeups import Wakeups

log = structlog.get_logger(__name__)
CHANNEL = "intake112"
CHECKPOINT_EVERY_S = 2.0
LARGE_LOG = 8 * sqlite.LOG_BYTES
DEADLOCK, FULL = "40P01", "53100"  # SQLSTATE
Clock = Callable[[], datetime]
Row = TypeVar("Row", bound=Struct)
saved: ContextVar[int] = ContextVar("saved", default=0)
"""How many transactions this task has committed."""


class DatabaseUnavailableError(Exception):
    """The database does not answer or cannot save; nothing was saved. Try again in a few seconds."""


class DeadlockError(DatabaseUnavailableError):
    """Two waited for each other, and the database ended this one; nothing was saved. To do it again is enough."""


class DiskFullError(DatabaseUnavailableError):
    """The disk under the database is full; nothing was saved. Try again once somebody has made room there."""


class Reading:
    """A consistent look at the database."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self.connection = connection
        self.now = now

    async def row(
        self, kind: type[Row], statement: Executable, values: Mapping[str, object] | None = None
    ) -> Row | None:
        """Return the one row that a statement finds as its struct, None when it finds none."""
        found = await self.connection.execute(statement, values)
        row = found.one_or_none()
        return None if row is None else kind(**dict(zip(found.keys(), row, strict=True)))

    async def rows(
        self, kind: type[Row], statement: Executable, values: Mapping[str, object] | None = None
    ) -> list[Row]:
        """Return the rows that a statement finds, each as its struct."""
        found = await self.connection.execute(statement, values)
        names = tuple(found.keys())  # `mappings` looks each name up in each row: three times the time
        return [kind(**dict(zip(names, row, strict=True))) for row in found]


class Transaction(Reading):
    """An open transaction. What it tells (`tell`, `record`, `wake`) is numbered and sent only if it commits."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        super().__init__(connection, now)
        self.journal = Journal()
        self.topics: set[str] = set()

    def tell(self, kind: Kind, subject: str, version: int | None = None) -> None:
        """Announce on `/live` that `subject` changed; the last version told in a transaction is the one sent."""
        self.journal.live[kind, subject] = version
        self.topics.add("live")

    def record(self, actor: str, action: str, subject: str, **detail: Value) -> None:
        """Add an audit row. `detail` holds ids, field names and marks (`seals`), never values that people wrote."""
        note: Detail = dict(detail)
        self.journal.audit.append((actor[:128], action, subject[:128], note))

    def wake(self, topic: str) -> None:
        """Wake those who wait for `topic` once this transaction is committed."""
        self.topics.add(topic)

    def insert_or(self, table: Table) -> Any:
        """Return this database's INSERT that knows ON CONFLICT (typed differently in the two dialects)."""
        return (sqlite_dialect if self.connection.dialect.name == "sqlite" else postgresql).insert(table)


class Database:
    """One open database. Make it with `Database.open(url, clock)`."""

    def __init__(self, url: str, clock: Clock, write: AsyncEngine, read: AsyncEngine) -> None:
        self.url = url
        self.clock = clock
        self.wakeups = Wakeups()
        self._write = write
        self._read = read
        self._is_sqlite = write.dialect.name == "sqlite"
        self._glance = read if self._is_sqlite else write.execution_options(isolation_level="AUTOCOMMIT")
        self._one_writer = asyncio.Lock()
        self._unchecked = 0  # commits since the last checkpoint
        self._outgoing: asyncio.Queue[str] = asyncio.Queue(maxsize=1000)
        self._speaker = ""  # PostgreSQL's number of the connection that sends our wake-ups
        self.refused_at: datetime | None = None
        """When a transaction was last refused; None once one is saved again. Reading may work all the while."""
        self.has_no_room = False
        """Whether what was last refused was so because the disk is full."""

    @property
    def is_sqlite(self) -> bool:
        """True on SQLite, False on PostgreSQL."""
        return self._is_sqlite

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, clock: Clock, *, service: bool = False) -> AsyncIterator["Database"]:
        """Open the database at an SQLAlchemy URL (`sqlite+aiosqlite:///…` or `postgresql+asyncpg://…`).

        `service=True` is for the long-running processes: it checkpoints SQLite's log, or listens for and sends
        PostgreSQL's wake-ups. Short commands leave it False.
        """
        if make_url(url).get_backend_name() == "sqlite":
            write, read = sqlite.engine(url, writer=True), sqlite.engine(url, writer=False)
        else:
            write, read = postgres.engines(url)
        database = cls(url, clock, write, read)
        try:
            async with asyncio.TaskGroup() as tasks:
                background = []
                if service:
                    jobs = [database._checkpoints()] if database.is_sqlite else [database._send(), database._listen()]
                    background = [tasks.create_task(job) for job in jobs]
                yield database
                for task in background:
                    task.cancel()
        finally:
            for made in {write, read}:
                await (sqlite.dispose(made) if database.is_sqlite else made.dispose())

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a transaction; it commits at the end of the block, and rolls back when the block raises.

        Raises DatabaseUnavailableError when the database cannot be reached or cannot save.
        """
        async with contextlib.AsyncExitStack() as stack:
            if self._is_sqlite:
                await stack.enter_async_context(self._one_writer)
            with self._noticed(), _unavailable():
                async with self._write.begin() as connection:
                    transaction = Transaction(connection, self.clock())
                    yield transaction
                    await journal.close(connection, transaction.journal, transaction.now)
        self._unchecked += 1
        saved.set(saved.get() + 1)
        for topic in transaction.topics:
            self._announce(topic)

    @contextlib.contextmanager
    def _noticed(self) -> Iterator[None]:
        try:
            yield
        except DeadlockError:  # it does save
            raise
        except DatabaseUnavailableError as error:
            self.refused_at, self.has_no_room = self.clock(), isinstance(error, DiskFullError)
            raise
        self.refused_at = None

    @asynccontextmanager
    async def rehearsal(self) -> AsyncIterator[Transaction]:
        """Open a transaction that is always rolled back: nothing is saved, told or numbered.

        Statements are compiled when they are first used; who cannot wait then (the first ring after a start: 0.4 s)
        rehearses. Raises DatabaseUnavailableError.
        """
        with contextlib.suppress(_RehearsedError):
            async with self.transaction() as transaction:
                yield transaction
                await journal.close(transaction.connection, transaction.journal, transaction.now)
                raise _RehearsedError

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Reading]:
        """Open a consistent look; it can change nothing. Raises DatabaseUnavailableError."""
        with _unavailable():
            async with self._read.connect() as connection, connection.begin():
                yield Reading(connection, self.clock())

    @asynccontextmanager
    async def glance(self) -> AsyncIterator[Reading]:
        """Open a look of one statement, which sees one instant by itself: PostgreSQL is not asked to begin and end it.

        For who polls. What a second statement sees may be later. Raises DatabaseUnavailableError.
        """
        with _unavailable():
            async with self._glance.connect() as connection:
                yield Reading(connection, self.clock())

    def _announce(self, topic: str) -> None:
        self.wakeups.notify(topic)
        if not self._is_sqlite:
            with contextlib.suppress(asyncio.QueueFull):  # the others poll
                self._outgoing.put_nowait(topic)

    async def checkpoint(self) -> None:
        """Move SQLite's log into the database file (a no-op on PostgreSQL)."""
        if self._is_sqlite and self._unchecked:
            self._unchecked = 0
            async with self._one_writer, self._write.connect() as connection:
                driver = await connection.get_raw_connection()
                held = await sqlite.checkpoint(driver.driver_connection)
            if held > LARGE_LOG:
                log.warning("sqlite_log_large", bytes=held, why="somebody reads the database and does not end")

    async def _checkpoints(self) -> None:
        while True:
            await asyncio.sleep(CHECKPOINT_EVERY_S)
            try:
                await self.checkpoint()
            except (DBAPIError, sqlite3.Error):
                log.exception("checkpoint_failed")

    async def _send(self) -> None:
        while True:
            try:
                connection = await self._plain_connection()
                self._speaker = str(await connection.fetchval("SELECT pg_backend_pid()"))
                try:
                    while True:
                        topic = await self._outgoing.get()
                        await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, topic)
                finally:
                    await connection.close(timeout=2)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                log.warning("wakeups_not_sent", why=str(error) or type(error).__name__)
                await asyncio.sleep(1)

    async def _listen(self) -> None:
        while True:
            try:
                connection = await self._plain_connection()
                gone = asyncio.Event()
                connection.add_termination_listener(_setter(gone))
                await connection.add_listener(CHANNEL, self._hear)
                try:
                    await gone.wait()
                finally:
                    await connection.close(timeout=2)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                log.warning("wakeups_not_heard", why=str(error) or type(error).__name__)
            await asyncio.sleep(1)

    def _hear(self, _: object, speaker: int, __: str, topic: object) -> None:
        if str(speaker) != self._speaker:  # what this process said, it has heard
            self.wakeups.notify(str(topic))

    async def _plain_connection(self) -> "asyncpg.Connection[asyncpg.Record]":
        url = make_url(self.url).set(drivername="postgresql")
        return await asyncpg.connect(url.render_as_string(hide_password=False), timeout=5)


class _RehearsedError(Exception):
    """The end of a rehearsal."""


def _setter(event: asyncio.Event) -> Callable[[object], None]:
    return lambda _: event.set()


@contextlib.contextmanager
def _unavailable() -> Any:
    try:
        yield
    except (OSError, PoolTimeout, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise _refusal(error)(str(error) or type(error).__name__) from error
    except (IntegrityError, DataError):  # the row itself is at fault
        raise
    except DBAPIError as error:  # full, read-only, out of connections, cut off: nobody may take it for a bad row
        raise _refusal(error.orig)(str(error.orig)) from error


def _refusal(error: BaseException | None) -> type[DatabaseUnavailableError]:
    """Return what a driver's error is to us."""
    state = getattr(error, "sqlstate", None)
    if state == FULL or getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return DiskFullError
    return DeadlockError if state == DEADLOCK else DatabaseUnavailableError
