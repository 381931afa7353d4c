"""What bridges and services keep and say. On both databases."""

from datetime import timedelta

from db import machine_room
from db.engine import Database
from db.machine_room import Alarm
from tests.conftest import SetClock

BRIDGE = "bridge:" + "p" * 64 + ":0123abcd"


async def test_two_bridges_on_one_pbx_keep_a_state_each(database: Database) -> None:
    async with database.transaction() as tx:
        assert await machine_room.state_of(tx, BRIDGE) is None
        await machine_room.save_state(tx, BRIDGE, '{"calls":{}}')
        await machine_room.save_state(tx, "bridge:pbx-1:bbbb0002", "{}")
    async with database.transaction() as tx:
        await machine_room.save_state(tx, BRIDGE, '{"calls":{"c.1":{}}}')
    async with database.reading() as reading:
        assert await machine_room.state_of(reading, BRIDGE) == '{"calls":{"c.1":{}}}'
        assert await machine_room.state_of(reading, "bridge:pbx-1:bbbb0002") == "{}"


async def test_a_new_bridge_goes_on_from_what_another_of_its_pbx_saved_last(
    database: Database, clock: SetClock
) -> None:
    for name in ("bridge:pbx_1:a", "bridge:pbx_1:b", "bridge:pbxx1:c"):
        async with database.transaction() as tx:
            assert await machine_room.newest_state(tx, "bridge:never:") is None
            await machine_room.save_state(tx, name, name)
        clock.forward(seconds=1)
    async with database.reading() as reading:
        assert await machine_room.newest_state(reading, "bridge:pbx_1:") == "bridge:pbx_1:b"


async def test_a_beat_replaces_figures_and_alarms_and_since_moves_with_the_state(
    database: Database, clock: SetClock
) -> None:
    began = clock.now
    async with database.transaction() as tx:
        await machine_room.beat(tx, BRIDGE, "connected", "x", {"lag_s": 0.25}, [Alarm("clock", "Set the clock.")])
    later = clock.forward(seconds=5)
    async with database.transaction() as tx:
        (row,) = await machine_room.services(tx)
        assert (row.name, row.figures, row.alarms) == (BRIDGE, {"lag_s": 0.25}, (Alarm("clock", "Set the clock."),))
        await machine_room.beat(tx, BRIDGE, "connected", "y")
        (row,) = await machine_room.services(tx)
    assert (row.detail, row.figures, row.alarms) == ("y", {}, ())
    assert (row.since, row.seen_at) == (began, later)


async def test_bridges_that_are_long_gone_are_forgotten(database: Database, clock: SetClock) -> None:
    async with database.transaction() as tx:
        for name in ("bridge:pbx_1:old", "bridge:pbxx1:old", "bridge:pbx_1", "routing"):
            await machine_room.beat(tx, name, "connected", "")
    clock.forward(days=1)
    async with database.transaction() as tx:
        await machine_room.beat(tx, "bridge:pbx_1:new", "connected", "")
        await machine_room.forget_services(tx, "bridge:pbx_1:", tx.now - timedelta(hours=1))
    async with database.reading() as reading:
        names = [row.name for row in await machine_room.services(reading)]
    assert sorted(names) == ["bridge:pbx_1", "bridge:pbx_1:new", "bridge:pbxx1:old", "routing"]
