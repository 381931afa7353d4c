"""Transactions, readings, wake-ups and the lock, on both databases where both have them."""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from db import live, people, sqlite, tables
from db.engine import Database, DatabaseUnavailableError
from db.lock import AlreadyRunningError, service_lock
from db.wakeups import Wakeups
from intake112.clock import SteadyClock
from tests.conftest import SetClock


async def test_a_reading_changes_nothing(database: Database) -> None:
    with pytest.raises(Exception, match=r"readonly|read-only"):
        async with database.reading() as reading:
            await reading.connection.execute(text("DELETE FROM kinds"))


async def test_writers_wait_for_each_other_and_none_fails(database: Database) -> None:
    """A deferred read-then-write would fail at once on SQLite under load."""

    async def add(n: int) -> None:
        async with database.transaction() as tx:
            assert await people.user(tx, f"user{n}") is None
            await people.add_user(tx, f"user{n}", "operator", "x")

    async with asyncio.TaskGroup() as tasks:
        for n in range(50):
            tasks.create_task(add(n))
    async with database.reading() as reading:
        assert len(await people.users(reading)) == 50


async def test_a_database_that_is_not_there_is_unavailable(clock: SetClock, tmp_path: Path) -> None:
    gone = f"sqlite+aiosqlite:///{tmp_path / 'no-such-folder' / 'x.db'}"
    async with Database.open(gone, clock) as database:
        with pytest.raises(DatabaseUnavailableError):
            async with database.transaction():
                pass
    async with Database.open("postgresql+asyncpg://postgres@127.0.0.1:1/x", clock) as database:
        with pytest.raises(DatabaseUnavailableError):
            async with database.reading():
                pass


async def test_a_wakeup_reaches_another_process(database_url: str, clock: SetClock, database_kind: str) -> None:
    """On PostgreSQL through NOTIFY; SQLite is one process, there the same object hears itself."""
    async with Database.open(database_url, clock, service=True) as hears:
        speaks = hears if database_kind == "sqlite" else None
        async with asyncio.timeout(20):
            while True:  # the listening connection may not stand yet
                ticket = hears.wakeups.ticket("outbox")
                async with Database.open(database_url, clock, service=True) as other:
                    async with (speaks or other).transaction() as tx:
                        tx.wake("outbox")
                    if await hears.wakeups.wait("outbox", ticket, 1.0):
                        break


async def test_a_wakeup_between_reading_and_waiting_is_not_slept_through() -> None:
    wakeups = Wakeups()
    ticket = wakeups.ticket("live")
    wakeups.notify("live")
    assert await wakeups.wait("live", ticket, 0.01) is True
    assert await wakeups.wait("live", wakeups.ticket("live"), 0.01) is False


def test_one_service_holds_an_sqlite_database(tmp_path: Path) -> None:
    database = tmp_path / "intake112.db"
    hold = f"with service_lock(Path({str(database)!r})): pass"
    code = f"from db.lock import service_lock\nfrom pathlib import Path\n{hold}"
    with service_lock(database):
        other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        with pytest.raises(AlreadyRunningError, match="is in use by process"), service_lock(database):
            pass
    assert "AlreadyRunningError" in other.stderr
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


async def test_a_rehearsal_leaves_nothing(database: Database) -> None:
    async with database.rehearsal() as tx:
        await people.add_user(tx, "siti", "operator", "x")
        tx.tell("report", "never")
        tx.record("a", "b", "c")
    async with database.reading() as reading:
        assert await people.users(reading) == []
        assert await live.span(reading) == (1, 0)


def test_a_closed_database_leaves_no_thread(sqlite_template: Path) -> None:
    """One that came back from SQLite after its loop had ended would die of that, and tell it with a traceback."""
    before = set(threading.enumerate())
    slow = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200000) SELECT max(i) FROM n")

    async def read(database: Database, began: asyncio.Event) -> None:
        async with database.reading() as reading:
            asyncio.get_running_loop().call_soon(began.set)
            await reading.connection.execute(slow)

    async def give_up() -> None:
        began = asyncio.Event()
        async with Database.open(f"sqlite+aiosqlite:///{sqlite_template}", SteadyClock()) as database:
            async with asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(read(database, began))
                await began.wait()
                reading.cancel()
            assert reading.cancelled()

    for _ in range(20):
        asyncio.run(give_up())
        assert set(threading.enumerate()) - before == set()


async def test_the_log_of_sqlite_stays_small_though_somebody_always_reads(
    sqlite_template: Path, clock: SetClock, tmp_path: Path
) -> None:
    file, largest, over = tmp_path / "intake112.db", 0, False
    await asyncio.to_thread(shutil.copy, sqlite_template, file)

    async with Database.open(f"sqlite+aiosqlite:///{file}", clock) as database:

        async def look() -> contextlib.AsyncExitStack:
            stack = contextlib.AsyncExitStack()
            reading = await stack.enter_async_context(database.reading())
            await live.span(reading)
            return stack

        async def read_on() -> None:
            reads = await look()
            while not over:
                following = await look()
                await reads.aclose()
                reads = following
            await reads.aclose()

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(read_on())
            for n in range(30):
                async with database.transaction() as tx:  # 5 MB
                    await people.add_user(tx, f"user{n}", "operator", "x" * (5 << 20))
                await database.checkpoint()
                largest = max(largest, os.stat(f"{file}-wal").st_size)
            over = True
    assert largest < 2 * sqlite.LOG_BYTES


async def test_what_was_to_be_saved_is_in_no_error(database: Database) -> None:
    with pytest.raises(IntegrityError) as caught:  # noqa: PT012 the block is what fails
        async with database.transaction() as tx:
            values = {"name": "wall", "role": "operator", "token_hash": "of a secret", "created_at": tx.now}
            for _ in range(2):
                await tx.connection.execute(insert(tables.tokens).values(values))
    assert "INSERT INTO tokens" in str(caught.value)
    assert "of a secret" not in str(caught.value)
