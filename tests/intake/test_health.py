"""Alive, ready, and what is said when it is not. On both databases."""

import pytest
from sqlalchemy import text

from db import machine_room
from db.engine import Database
from intake.api.app import create_app
from intake.api.context import Expected
from tests.conftest import SetClock
from tests.intake.conftest import PUBLIC_URL, Client, ring

BRIDGE = Expected("bridge:pbx-1", frozenset({"connected"}), "Check INTAKE112_AMI_HOST.")


@pytest.fixture
def app(database: Database) -> object:
    """An application that wants to hear a bridge."""
    return create_app(database, public_url=PUBLIC_URL, expected=[BRIDGE], notes=["No CEL file."], version="1.2.3")


async def beat(database: Database, state: str) -> None:
    """Let the bridge say how it is."""
    async with database.transaction() as tx:
        await machine_room.beat(tx, "bridge:pbx-1", state, "127.0.0.1:5038")


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
    assert (await client.get("/readyz")).json()["notes"] == ["No CEL file."]
    alive = await client.get("/healthz")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok", "version": "1.2.3"})


async def test_a_foreign_schema_is_told(client: Client, database: Database) -> None:
    async with database.transaction() as tx:
        await tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert "update intake112" in answer.text


async def test_metrics(client: Client, database: Database, clock: SetClock) -> None:
    await ring(database, clock.now)
    await beat(database, "connected")
    clock.forward(seconds=3)
    await client.get("/api/v1/reports/112-20260314-0001")
    said = (await client.get("/metrics")).text
    assert "intake112_calls_in_progress 1.0" in said
    assert 'intake112_service_silent_seconds{service="bridge:pbx-1"} 3.0' in said
    assert 'intake112_http_requests_total{method="GET",route="/api/v1/reports/{number}",status="401"} 1.0' in said
    assert "0001" not in said
