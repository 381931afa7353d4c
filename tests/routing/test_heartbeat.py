"""A letter goes the whole way out once a minute, and leaves no trace. On both databases."""

import asyncio

import pytest
from sqlalchemy import func, select

from db import tables
from db.engine import Database
from routing import heartbeat
from routing.heartbeat import Heartbeat
from tests.conftest import SetClock
from tests.routing.running import until
from tests.routing.test_outbox import audit


async def test_it_goes_the_whole_way_and_leaves_nothing(database: Database) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    lanes_read: list[float] = []
    beating = Heartbeat(database, lambda: lanes_read[-1] if lanes_read else None, every_s=0.01)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(beating.run(stop))

        async def said(why: str) -> bool:
            return why in beating._why

        await until(lambda: said("the lanes do not read the outbox"))
        assert beating._arrived_at is None
        lanes_read.append(loop.time())

        async def whole() -> bool:
            return beating._arrived_at is not None

        await until(whole)
        stop.set()
    assert beating.alarms() == []
    assert 0 <= beating.figures()["heartbeat_seconds"] < 60
    async with database.reading() as reading:
        for table in (tables.agencies, tables.reports, tables.dispatches, tables.envelopes, tables.attempts):
            assert (await reading.connection.execute(select(func.count()).select_from(table))).scalar_one() == 0
    assert await audit(database) == []


async def test_one_that_does_not_arrive_is_an_alarm(
    database_url: str, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    monkeypatch.setattr(heartbeat, "LATE_S", 0.0)
    async with Database.open(database_url, lambda: clock.forward(hours=1)) as database:  # no signature is young enough
        beating = Heartbeat(database, loop.time, every_s=0.01)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(beating.run(stop))

            async def noticed() -> bool:
                return "status_401" in beating._why

            await until(noticed)
            [alarm] = beating.alarms()
            stop.set()
    assert (alarm.code, "it did not arrive (status_401)" in alarm.message) == ("heartbeat", True)


async def test_no_port_to_be_had_is_an_alarm_and_ends_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    monkeypatch.setattr(heartbeat, "LATE_S", 0.0)
    monkeypatch.setattr(heartbeat, "AGAIN_S", 0.01)
    monkeypatch.setattr(heartbeat, "HOST", "192.0.2.1")  # nobody's: there is no port at it
    beating = Heartbeat(database, loop.time)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(beating.run(stop))

        async def noticed() -> bool:
            return "OSError" in beating._why

        async def arrived() -> bool:
            return beating._arrived_at is not None

        await until(noticed)
        (alarm,) = beating.alarms()
        monkeypatch.setattr(heartbeat, "HOST", "127.0.0.1")
        await until(arrived)
        stop.set()
    assert (alarm.code, "it broke (OSError: " in alarm.message) == ("heartbeat", True)
