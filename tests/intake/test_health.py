"""Alive, ready, and what is said when it is not. On both databases."""

from datetime import timedelta

import httpx2
import pytest
from sqlalchemy import text

from db import machine_room
from db.engine import Database, DatabaseUnavailableError
from db.machine_room import Alarm
from intake import booking, placing
from intake.api.app import create_app
from intake.api.context import Expected
from intake.facts import CallKey, Held, Taken
from tests.conftest import SetClock
from tests.intake.conftest import PUBLIC_URL, WIB, Client, ring

BRIDGE = Expected("bridge:pbx-1", frozenset({"connected"}), "Check INTAKE112_AMI_HOST.")


@pytest.fixture
def app(database: Database) -> object:
    """An application that wants to hear a bridge."""
    return create_app(
        database, public_url=PUBLIC_URL, expected=[BRIDGE], notes={"cel": "No CEL file."}, version="1.2.3"
    )


FIGURES = {"tape_bytes": 4096.0, "clock_offset_s": -0.5}
FULL = Alarm("tape-full", "The tapes fill 80 % of their space. Make INTAKE112_TAPE_BYTES larger.", {"percent": 80})


async def beat(database: Database, state: str, name: str = "bridge:pbx-1", *alarms: Alarm) -> None:
    """Let a bridge say how it is."""
    async with database.transaction() as tx:
        await machine_room.beat(tx, name, state, "127.0.0.1:5038", FIGURES, alarms)


async def test_the_bridge_of_another_pbx_is_waited_for_until_somebody_stops_it(
    client: Client, database: Database, clock: SetClock
) -> None:
    await beat(database, "connected")
    await beat(database, "connected", "bridge:pbx-2:0123abcd")
    assert (await client.get("/readyz")).status_code == 200
    clock.forward(seconds=60)
    await beat(database, "connected")
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    (check,) = [one for one in answer.json()["checks"] if one["name"] == "bridge:pbx-2"]
    assert "bridge:pbx-2:0123abcd was last heard at 2026-03-14T01:59:26+00:00. Start its bridge" in check["message"]
    await beat(database, "stopped", "bridge:pbx-2:0123abcd")
    assert (await client.get("/readyz")).status_code == 200


async def bridge_check(client: Client) -> tuple[int, str]:
    """Return the status of /readyz and what it says of the bridge."""
    answer = await client.get("/readyz")
    (check,) = [one for one in answer.json()["checks"] if one["name"] == "bridge:pbx-1"]
    assert check["ok"] is answer.json()["ready"] is (answer.status_code == 200)
    return answer.status_code, check["message"]


async def test_ready_when_the_bridge_is_heard_and_connected(
    client: Client, database: Database, clock: SetClock
) -> None:
    assert (await bridge_check(client))[0] == 503
    await beat(database, "connected")
    assert (await bridge_check(client))[0] == 200
    clock.forward(seconds=15)
    assert (await bridge_check(client))[0] == 200
    clock.forward(seconds=1)
    status, message = await bridge_check(client)
    assert status == 503
    assert "last heard at 2026-03-14T01:59:26+00:00. Check INTAKE112_AMI_HOST." in message
    await beat(database, "disconnected")
    status, message = await bridge_check(client)
    assert status == 503
    assert "disconnected" in message
    said = (await client.get("/readyz")).json()
    assert (said["notes"], said["lacks"]) == (["No CEL file.", placing.NO_NAMES], ["cel", "places"])
    assert said["version"] == "1.2.3", "a page that is older can say so"
    alive = await client.get("/healthz")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok", "version": "1.2.3"})


async def test_a_foreign_schema_is_told(client: Client, database: Database) -> None:
    async with database.transaction() as tx:
        await tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert "update intake112" in answer.text


async def test_one_of_two_bridges_is_enough_and_the_other_is_named(
    client: Client, database: Database, clock: SetClock
) -> None:
    await beat(database, "connected", "bridge:pbx-10:aaaa0001")
    assert (await bridge_check(client))[0] == 503
    await beat(database, "stopped", "bridge:pbx-10:aaaa0001")
    await beat(database, "connected", "bridge:pbx-1:aaaa0001")
    clock.forward(seconds=16)
    await beat(database, "connected", "bridge:pbx-1:bbbb0002")
    assert await bridge_check(client) == (
        200,
        "It is connected. bridge:pbx-1:aaaa0001 was last heard at 2026-03-14T01:59:26+00:00.",
    )
    await beat(database, "disconnected", "bridge:pbx-1:bbbb0002")
    status, message = await bridge_check(client)
    assert status == 503
    assert "bridge:pbx-1:aaaa0001 was last heard at" in message
    assert "bridge:pbx-1:bbbb0002 is disconnected: 127.0.0.1:5038. Check INTAKE112_AMI_HOST." in message


async def test_alarms_are_told_and_stop_nobody(operator: Client, database: Database, clock: SetClock) -> None:
    await beat(database, "connected", "bridge:pbx-1:aaaa0001", FULL)
    await beat(database, "connected", "bridge:pbx-1:bbbb0002")
    ready = await operator.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["alarms"] == [
        {"service": "bridge:pbx-1:aaaa0001", "code": "tape-full", "message": FULL.message, "values": {"percent": 80}},
    ]
    said = {service["name"]: service for service in (await operator.get("/api/v1/state")).json()["services"]}
    assert said["bridge:pbx-1:aaaa0001"]["alarms"] == [
        {"code": "tape-full", "message": FULL.message, "values": {"percent": 80}}
    ]
    assert said["bridge:pbx-1:bbbb0002"]["figures"] == FIGURES
    metrics = (await operator.get("/metrics")).text
    assert 'intake112_alarm{code="tape-full",service="bridge:pbx-1:aaaa0001"} 1.0' in metrics
    assert 'intake112_service_figure{figure="tape_bytes",service="bridge:pbx-1:bbbb0002"} 4096.0' in metrics
    await beat(database, "connected", "bridge:pbx-1:aaaa0001")
    assert (await operator.get("/readyz")).json()["alarms"] == []
    await beat(database, "connected", "bridge:pbx-1:aaaa0001", FULL)
    clock.forward(seconds=16)
    assert (await operator.get("/readyz")).json()["alarms"] == []
    metrics = (await operator.get("/metrics")).text
    assert "intake112_alarm{" not in metrics
    assert "intake112_service_figure{" not in metrics


async def test_a_database_that_can_be_read_and_saves_nothing_is_told_until_it_saves_again(
    client: Client, database: Database, clock: SetClock
) -> None:
    await beat(database, "connected")
    with pytest.raises(DatabaseUnavailableError):
        async with database.transaction():
            raise DatabaseUnavailableError("the disk is full")
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    (check,) = [one for one in answer.json()["checks"] if one["name"] == "database"]
    assert check["message"].startswith("The database saves nothing. New calls are not shown;")
    await beat(database, "connected")
    assert (await client.get("/readyz")).status_code == 200
    with pytest.raises(DatabaseUnavailableError):
        async with database.transaction():
            raise DatabaseUnavailableError("somebody else held it")
    clock.forward(seconds=14)
    async with database.reading() as reading:  # nobody here has tried to write since
        assert reading.now - (database.refused_at or reading.now) == timedelta(seconds=14)
    assert (await client.get("/readyz")).status_code == 503
    clock.forward(seconds=2)
    assert "The database answers." in (await client.get("/readyz")).text


async def test_the_alarms_of_this_process_are_told_as_they_are_now(database: Database) -> None:
    """Its own rows may be old, or there may be no database at all to read them from."""
    name = "bridge:pbx-1:aaaa0001"
    await beat(database, "connected", name, Alarm("logs", "An old one."))
    await beat(database, "connected", "bridge:pbx-1:bbbb0002", Alarm("logs", "Another process's."))
    app = create_app(database, public_url=PUBLIC_URL, expected=[BRIDGE], alarms=lambda: {name: [FULL]})
    async with Client(transport=httpx2.ASGITransport(app), base_url=PUBLIC_URL) as client:
        assert (await client.get("/readyz")).json()["alarms"] == [
            {"service": name, "code": "tape-full", "message": FULL.message, "values": {"percent": 80}},
            {"service": "bridge:pbx-1:bbbb0002", "code": "logs", "message": "Another process's.", "values": {}},
        ]


async def test_a_held_caller_is_shown_as_such(operator: Client, database: Database, clock: SetClock) -> None:
    number = await ring(database, clock.now)
    key = CallKey("pbx-1", "c.1")
    taken = Taken(key, clock.now, "p.1", "PJSIP/op1", "op1")
    async with database.transaction() as tx:
        await booking.book(tx, [taken, Held(key, clock.forward(seconds=2), "PJSIP/op1")], WIB, PUBLIC_URL)
    call = (await operator.get(f"/api/v1/reports/{number}")).json()["call"]
    assert (call["stage"], call["legs"][0]["taken"]) == ("held", True)
    assert [one["call"]["stage"] for one in (await operator.get("/api/v1/state")).json()["calls"]] == ["held"]


async def test_metrics(client: Client, database: Database, clock: SetClock) -> None:
    await ring(database, clock.now)
    await beat(database, "connected")
    clock.forward(seconds=3)
    await client.get("/api/v1/reports/112-20260314-0001")
    said = (await client.get("/metrics")).text
    assert "intake112_calls_in_progress 1.0" in said
    assert 'intake112_service_silent_seconds{service="bridge:pbx-1"} 3.0' in said
    assert 'intake112_http_requests_total{method="GET",route="/api/v1/reports/{number}",status="401"} 1.0' in said
    assert "112-20260314" not in said
    assert "6281200000001" not in said
