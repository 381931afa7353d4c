"""Two who wait for each other: PostgreSQL ends one of them, and whoever asked for that one sees nothing of it."""

import asyncio
import functools

import httpx2
import pytest
from prometheus_client import CollectorRegistry

from db import reports
from db.engine import Database, DeadlockError
from intake.api.guard import Guard
from tests.intake.conftest import PUBLIC_URL, Client
from tests.intake.test_endings import waits_for_a_lock
from tests.intake.test_joining import find, opened
from tests.routing.running import until

POSTGRESQL = pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)


@POSTGRESQL
async def test_who_is_ended_in_a_deadlock_is_done_again(operator: Client, database: Database) -> None:
    """A ring has its own report, and wants the older one of its number; a person has that, and wants the ring's."""
    older, own = [await find(database, await opened(database, kind="lain")) for _ in range(2)]
    url = f"/api/v1/reports/{own.number}/links"
    async with asyncio.TaskGroup() as tasks, database.transaction() as ring:
        await reports.lock(ring, own.id)
        asked = tasks.create_task(operator.post(url, json={"to": older.number}))
        await until(functools.partial(waits_for_a_lock, database))
        await reports.lock(ring, older.id)  # the person waits longer, and is ended
    assert (asked.result().status_code, database.refused_at) == (201, None), asked.result().text
    texts = [entry["text"] for entry in (await operator.get(f"/api/v1/reports/{own.number}")).json()["entries"]]
    assert len([text for text in texts if text.startswith("Tautan ke")]) == 1


@pytest.mark.parametrize(("method", "commits", "tries"), [("POST", True, 1), ("POST", False, 3), ("GET", False, 3)])
async def test_it_is_done_again_a_few_times_unless_it_has_committed_anything(
    database: Database, method: str, commits: bool, tries: int
) -> None:
    tried = []

    async def app(*_: object) -> None:
        tried.append(1)
        if commits:
            async with database.transaction() as tx:
                tx.tell("settings", "kinds")
        raise DeadlockError("deadlock detected")

    transport = httpx2.ASGITransport(app=Guard(app, CollectorRegistry()))
    async with Client(transport=transport, base_url=PUBLIC_URL) as client:
        answer = await client.request(method, "/api/v1/anything")
    assert (answer.status_code, answer.json()["error"], len(tried)) == (503, "database_unavailable", tries)
