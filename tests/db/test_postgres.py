"""What PostgreSQL is asked, and what becomes of a connection that it has ended."""

import asyncio

import pytest
from sqlalchemy import text

from db import postgres
from db.engine import Database
from tests.conftest import SetClock

pytestmark = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)


async def log_of(database: Database) -> list[str]:
    """Return what is asked from now on, on the connection that is lent next."""
    async with database.reading() as reading:
        driver = (await reading.connection.get_raw_connection()).driver_connection
    assert driver is not None
    asked: list[str] = []
    driver.add_query_logger(lambda record: asked.append(record.query))
    return asked


async def test_a_look_is_three_round_trips(database: Database) -> None:
    asked = await log_of(database)
    async with database.reading() as reading:
        await reading.connection.execute(text("SELECT 1"))
    async with database.transaction() as tx:
        await tx.connection.execute(text("SELECT 2"))
    begins = [f"BEGIN ISOLATION LEVEL {level};" for level in ("REPEATABLE READ READ ONLY", "READ COMMITTED")]
    assert asked == [begins[0], "COMMIT;", begins[1], "COMMIT;"], "and between them what is prepared"


async def test_a_glance_is_one_round_trip(database: Database) -> None:
    asked = await log_of(database)
    async with database.glance() as reading:
        await reading.connection.execute(text("SELECT 1"))
    assert asked == [], "nothing beside what is prepared"


@pytest.mark.parametrize("asked", [True, False])
async def test_what_the_server_has_ended_is_not_lent(
    database: Database, asked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Idle for long, it is asked; used a moment ago, the driver knows."""
    monkeypatch.setattr(postgres, "IDLE_S", 0.0 if asked else 60.0)
    async with database.reading() as reading:
        driver = (await reading.connection.get_raw_connection()).driver_connection
    assert driver is not None
    async with database.transaction() as tx:  # the same one: it was the only one
        await tx.connection.execute(text("SELECT 1"))
    ended = asyncio.Event()
    driver.add_termination_listener(lambda _: ended.set())
    admin = await database._plain_connection()
    await admin.execute("SELECT pg_terminate_backend($1)", driver.get_server_pid())
    await admin.close()
    if not asked:
        await ended.wait()
    async with database.transaction() as tx:
        await tx.connection.execute(text("SELECT 1"))


async def test_nobody_is_woken_twice_by_what_he_said_himself(database_url: str, clock: SetClock) -> None:
    said = 0
    async with (
        Database.open(database_url, clock, service=True) as speaks,
        Database.open(database_url, clock, service=True) as hears,
        asyncio.timeout(20),
    ):
        while not hears.wakeups.ticket("own"):  # its connection may not stand yet
            async with speaks.transaction() as tx:
                tx.wake("own")
            said += 1
            await hears.wakeups.wait("own", 0, 1.0)
        while not speaks.wakeups.ticket("later"):
            async with hears.transaction() as tx:
                tx.wake("later")
            await speaks.wakeups.wait("later", 0, 1.0)
        assert speaks.wakeups.ticket("own") == said


async def test_one_after_the_other_uses_one_connection(database: Database) -> None:
    """It holds the prepared statements; the others of the pool are for who comes at the same time."""
    server = text("SELECT pg_backend_pid()")
    async with database.reading() as one, database.reading() as other:
        for reading in (one, other):
            await reading.connection.execute(server)
    used = set()
    for _ in range(3):
        async with database.reading() as reading:
            used.add((await reading.connection.execute(server)).scalar_one())
    assert len(used) == 1
