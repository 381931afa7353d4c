"""A room that fails, or ends by itself, ends the process: the others are told to stop, and the exit code is not 0."""

import asyncio
import os
import socket
from collections.abc import Callable, Coroutine

import httpx2
import pytest

from db import machine_room
from db.engine import Database
from db.machine_room import Alarm, ServiceRow
from intake.api.app import create_app
from intake112 import process as module
from intake112.clock import SLEW, SteadyClock
from intake112.process import Process, Room
from routing import outbox, standing
from routing.heartbeat import Heartbeat
from tests.intake112.test_clock import Machine
from tests.routing.running import until


async def failing() -> None:
    raise RuntimeError("as a room would")


async def ending() -> None:
    return


@pytest.mark.parametrize("first", [failing, ending])
async def test_one_room_ends_all(database: Database, first: Callable[[], Coroutine[None, None, None]]) -> None:
    process = Process(SteadyClock(), migrates=False)
    told: list[str] = []

    all_there = asyncio.Barrier(3)

    async def patient() -> None:
        await all_there.wait()
        await process.stop.wait()
        told.append("stop")

    async def troubled() -> None:
        await all_there.wait()
        await first()

    await process.run(database, {Room.BRIDGE: patient, Room.WEB: troubled, Room.ROUTING: patient})
    assert told == ["stop", "stop"]
    assert process.failed == ["web"]


async def test_told_to_stop_nothing_has_failed(database: Database) -> None:
    process = Process(SteadyClock(), migrates=False)

    async def obedient() -> None:
        process.stop.set()
        await process.stop.wait()

    await process.run(database, {Room.ROUTING: obedient})
    assert process.failed == []


async def test_what_is_wrong_with_an_agency_is_told_beside_the_heartbeat(database: Database) -> None:
    process = Process(SteadyClock(), migrates=False)
    process.watched = [Heartbeat(database, lambda: None)]
    async with database.transaction() as tx:
        await outbox.add_agency(tx, "damkar", "Damkar", "https://damkar.example/", [], [])
        await standing.pause(tx, "damkar", "servernya dipindah", "rina")

    async def lanes() -> None:
        async with asyncio.timeout(20):
            while not (rows := await said()):  # noqa: ASYNC110 the rows of a database send no event
                await asyncio.sleep(0.01)
        ours, own = rows
        assert ([alarm.code for alarm in ours.alarms], own.alarms) == (["agency_paused"], ())
        assert (ours.figures, own.figures) == ({}, {"heartbeat_seconds": 0.0})
        process.stop.set()

    async def said() -> list[ServiceRow]:
        async with database.reading() as reading:
            return await machine_room.services(reading)

    await process.run(database, {Room.ROUTING: lanes})
    assert process.failed == []
    assert [row.name for row in await said()] == ["routing"], "it took its leave"


async def test_a_process_that_is_well_hides_none_that_is_stuck(database: Database) -> None:
    class Stuck:
        def figures(self) -> dict[str, float]:
            return {"heartbeat_seconds": 200.0}

        def alarms(self) -> list[Alarm]:
            return [Alarm("heartbeat", "No test letter.")]

    well, stuck = (Process(SteadyClock(), migrates=False) for _ in range(2))
    well.watched, stuck.watched = [Heartbeat(database, lambda: None)], [Stuck()]
    stuck._name = "routing:other:1"

    async def lanes() -> None:
        async with asyncio.timeout(20):
            while len(await said()) < 3:  # noqa: ASYNC110 the rows of a database send no event
                await asyncio.sleep(0.01)
        app = create_app(database, public_url="http://112.test")
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://112.test") as client:
            ready, metrics = (await client.get("/readyz")).json(), (await client.get("/metrics")).text
        assert [one["service"] for one in ready["alarms"]] == ["routing:other:1"]
        assert "\nintake112_heartbeat_seconds 200.0\n" in metrics
        for process in (well, stuck):
            process.stop.set()

    async def said() -> list[ServiceRow]:
        async with database.reading() as reading:
            return await machine_room.services(reading)

    await asyncio.gather(*(one.run(database, {Room.ROUTING: lanes}) for one in (well, stuck)))
    assert well.failed == stuck.failed == []


@pytest.mark.parametrize("room", [Room.ROUTING, Room.WEB])
async def test_a_clock_that_was_set_is_told_by_its_process(
    database: Database, monkeypatch: pytest.MonkeyPatch, room: Room
) -> None:
    monkeypatch.setattr(module, "BEAT_EVERY_S", 0.01)
    machine = Machine()
    process = Process(machine.clock(), migrates=False)
    app = create_app(database, public_url="http://112.test")
    own = f"{room}:{socket.gethostname()[:64]}:{os.getpid()}"

    async def told() -> bool:
        async with database.reading() as reading:
            return any(row.alarms for row in await machine_room.services(reading))

    async def work() -> None:
        machine.wall += 3600
        await until(told)
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url="http://112.test") as client:
            alarms, metrics = (await client.get("/readyz")).json()["alarms"], (await client.get("/metrics")).text
        assert [(one["service"], one["code"]) for one in alarms] == [(own, "clock_stepped")]
        assert f'intake112_alarm{{code="clock_stepped",service="{own}"}} 1.0' in metrics
        machine.forward(3600 / SLEW)

        async def over() -> bool:
            return not await told()

        await until(over)
        machine.wall -= 3600
        await until(told)
        process.stop.set()

    await process.run(database, {room: work})
    assert process.failed == []
    async with database.reading() as reading:
        assert own not in [row.name for row in await machine_room.services(reading)], "it took its leave"


async def test_a_room_that_does_not_end_is_cut_off(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOP_WITHIN_S", 0.01)
    process = Process(SteadyClock(), migrates=False)

    async def deaf() -> None:
        process.stop.set()
        await asyncio.Event().wait()

    await process.run(database, {Room.BRIDGE: deaf})
    assert process.failed == ["stop"]
