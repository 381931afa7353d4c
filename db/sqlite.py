"""SQLite's engines: the one that writes, and the one that reads.

WAL with `synchronous=FULL`; the write engine has one connection that begins IMMEDIATE (a deferred read-then-write fails
at once under load); only the service process checkpoints (`wal_autocheckpoint=0` everywhere): SQLite before 3.51.3 has
a race between connections that checkpoint at the same time.

Why a connection of our own: a statement of ours takes SQLite 20 microseconds, and the stock driver crosses between the
loop and a thread four times for each (130 microseconds a crossing, measured): 6 ms for the transaction of a ring. Ours
crosses for what can take long: BEGIN (waits for the lock), COMMIT (waits for the disk), and every statement of a reader
(may be a search). A writer's statements run where they are; they touch a few rows by key.
"""

import asyncio
import sqlite3
from collections.abc import Sequence
from functools import partial
from threading import Thread
from typing import Any, Self
from weakref import WeakKeyDictionary

import aiosqlite
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

BUSY_TIMEOUT_S = 10
LOG_BYTES = 16 << 20  # from here on the log is begun anew at the next checkpoint, and its file cut to this
PAGE_BYTES = 4096  # SQLite's own, for a file that we made
CACHE_KB = 2000  # SQLite's own
READERS_CACHE_KB = 500  # of each of four: what they read lies in the system's cache, and is soon another page
READERS_WITHIN_MS = 50  # for so long that waits for those who still read the log
_threads: WeakKeyDictionary[AsyncEngine, list[Thread]] = WeakKeyDictionary()  # of the connections an engine made


def engine(url: str, *, writer: bool) -> AsyncEngine:
    """Return the engine that writes, or the one that reads, of the database at an `sqlite+aiosqlite:///…` URL."""
    threads: list[Thread] = []
    made = create_async_engine(
        url,
        hide_parameters=True,  # as on PostgreSQL
        pool_size=1 if writer else 4,
        max_overflow=0,
        pool_timeout=BUSY_TIMEOUT_S,
        pool_reset_on_return=None,  # every use ends with a commit or a rollback already
        async_creator=partial(_connect, make_url(url).database or ":memory:", threads, writer=writer),
    )
    _threads[made] = threads

    @event.listens_for(made.sync_engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "wal_autocheckpoint=0",
            f"journal_size_limit={LOG_BYTES}",
            "foreign_keys=ON",
            f"cache_size=-{CACHE_KB if writer else READERS_CACHE_KB}",
            f"query_only={'OFF' if writer else 'ON'}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(made.sync_engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writer else "BEGIN")

    return made


async def dispose(made: AsyncEngine) -> None:
    """Close an engine's connections and wait for their threads: the last word of each must find the loop running.

    A connection that was given up in the middle of a statement (its task was cancelled) ends by itself, later.
    """
    await made.dispose()
    for thread in _threads.pop(made):
        await asyncio.to_thread(thread.join, BUSY_TIMEOUT_S)


async def checkpoint(connection: Any) -> int:
    """Move the log into the file, and return how many bytes it holds.

    `connection` is the driver's, of the engine that writes, and nobody writes meanwhile. The log's file is begun anew
    once nobody reads what is in it. Under a constant load somebody always does: so a large log makes
    us wait for those who read it now (who comes later reads the file alone).
    """
    cursor = connection.cursor()
    await cursor.execute("PRAGMA wal_checkpoint(PASSIVE)")
    _, pages, _ = await cursor.fetchone()
    if pages * PAGE_BYTES > LOG_BYTES:
        await cursor.execute(f"PRAGMA busy_timeout={READERS_WITHIN_MS}")
        try:
            await cursor.execute("PRAGMA wal_checkpoint(RESTART)")
        finally:
            await cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_S * 1000}")
    return int(pages) * PAGE_BYTES


async def _connect(path: str, threads: list[Thread], *, writer: bool) -> "_Connection":
    def connector() -> sqlite3.Connection:
        # isolation_level=None: we say BEGIN ourselves; two threads take turns, never at once
        return sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)

    connection = _Connection(connector, iter_chunk_size=64)
    connection.runs_here = writer
    connection._thread.daemon = True
    threads[:] = [*(thread for thread in threads if thread.is_alive()), connection._thread]
    await connection
    return connection


class _Connection(aiosqlite.Connection):
    runs_here = False  # statements run in the loop's own thread

    def cursor(self) -> "_Cursor":  # type: ignore[override]
        return _Cursor(self)

    async def run(self, work: "partial[None]", *, may_wait: bool) -> None:
        """Do a piece of work on the connection: here, or in SQLite's thread."""
        if self.runs_here and not may_wait:
            work()
        else:
            await self._execute(work)  # type: ignore[no-untyped-call]


class _Cursor:
    """What SQLAlchemy asks of an asyncio cursor; results are small and are fetched with their statement."""

    arraysize = 1

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Self:
        work = partial(self._run, sqlite3.Cursor.execute, statement, parameters)
        await self._connection.run(work, may_wait=statement.startswith(("BEGIN", "PRAGMA")))
        return self

    async def executemany(self, statement: str, many: Sequence[Sequence[Any]]) -> Self:
        await self._connection.run(partial(self._run, sqlite3.Cursor.executemany, statement, many), may_wait=False)
        return self

    async def fetchone(self) -> Any:
        return self._rows.pop(0) if self._rows else None

    async def fetchmany(self, size: int | None = None) -> list[Any]:
        taken, self._rows = self._rows[: size or self.arraysize], self._rows[size or self.arraysize :]
        return taken

    async def fetchall(self) -> list[Any]:
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        self._rows = []

    def _run(self, how: Any, statement: str, parameters: Sequence[Any]) -> None:
        cursor = self._connection._conn.cursor()
        try:
            how(cursor, statement, parameters)
            self.description = cursor.description
            self._rows = cursor.fetchall() if cursor.description else []
            self.rowcount = cursor.rowcount
            self.lastrowid = cursor.lastrowid
        finally:
            cursor.close()
