"""A room that fails, or ends by itself, ends the process: the others are told to stop, and the exit code is not 0."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from db.engine import Database
from intake112 import process as module
from intake112.clock import SteadyClock
from intake112.process import Process, Room


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


async def test_a_room_that_does_not_end_is_cut_off(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STOP_WITHIN_S", 0.01)
    process = Process(SteadyClock(), migrates=False)

    async def deaf() -> None:
        process.stop.set()
        await asyncio.Event().wait()

    await process.run(database, {Room.BRIDGE: deaf})
    assert process.failed == ["stop"]
