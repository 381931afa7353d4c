"""Cancel and send again by the API, and how far a dispatch is. On both databases."""

import pytest

from db import agencies, envelopes
from db.engine import Database
from tests.conftest import SetClock
from tests.intake.conftest import Client, Json, add_agency, close
from tests.intake.test_dispatch_api import NOBODYS, fire

WHY = {"reason": "Salah alamat"}


@pytest.fixture
async def dispatch(operator: Client, database: Database) -> Json:
    """A fire that damkar is sent."""
    await add_agency(database, "damkar")
    return await send(operator, await fire(operator))


async def send(operator: Client, number: str) -> Json:
    """Send a report to damkar."""
    answer = await operator.post(f"/api/v1/reports/{number}/dispatches", json={"agencies": ["damkar"]})
    assert answer.status_code == 201, answer.text
    (one,) = answer.json()["dispatches"]
    return dict(one) | {"report": number}


async def tries(database: Database, outcome: str | None = None) -> None:
    """Claim what is due, as a worker does, and log how the try ended."""
    async with database.transaction() as tx:
        (agency,) = await agencies.every(tx)
        for row in await envelopes.claim(tx, agency.id, "c", tx.now, 9):
            if outcome:
                await envelopes.complete(tx, row.id, "c", {"next_try_at": tx.now})
                attempt = {"envelope_id": row.id, "try_number": row.tries, "at": tx.now, "outcome": outcome}
                await envelopes.log_attempts(tx, [attempt | {"status": None, "latency_ms": 1, "detail": ""}])


async def shown(operator: Client, dispatch: Json) -> Json:
    """The newest dispatch of the report, which the list shows like the report itself."""
    whole = (await operator.get(f"/api/v1/reports/{dispatch['report']}")).json()["dispatches"]
    (listed,) = (await operator.get("/api/v1/reports")).json()["reports"]
    assert listed["dispatches"] == whole
    return dict(whole[-1])


async def test_cancelled_once(operator: Client, dispatch: Json) -> None:
    url = f"/api/v1/dispatches/{dispatch['id']}/cancel"
    first = await operator.post(url, json=WHY)
    assert first.status_code == 200, first.text
    assert (first.json()["state"], first.json()["cancel_reason"]) == ("cancelled", "Salah alamat")
    assert (first.json()["delivery"]["state"], first.json()["delivery"]["cause"]) == ("withdrawn", "dispatch_cancelled")
    version = (await operator.get(f"/api/v1/reports/{dispatch['report']}")).json()["version"]
    again = await operator.post(url, json={"reason": "Lain"})
    assert (again.status_code, again.json()) == (200, first.json())
    assert (await operator.get(f"/api/v1/reports/{dispatch['report']}")).json()["version"] == version
    anew = await send(operator, dispatch["report"])
    assert anew["id"] != dispatch["id"]


@pytest.mark.parametrize("word", ["rejected", "resolved"])
async def test_what_has_ended_is_not_cancelled(operator: Client, dispatch: Json, word: str) -> None:
    await operator.post(f"/api/v1/dispatches/{dispatch['id']}/answers", json={"answer": word, "by": "Regu 1"})
    answer = await operator.post(f"/api/v1/dispatches/{dispatch['id']}/cancel", json=WHY)
    assert (answer.status_code, answer.json()["error"]) == (409, "dispatch_over")
    assert f"the agency {word} it" in answer.json()["message"]
    assert (await shown(operator, dispatch))["state"] == word


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": " "}, {"reason": "x" * 501}, {"reason": "a\0"}])
async def test_a_cancellation_needs_a_reason(operator: Client, dispatch: Json, body: Json) -> None:
    answer = await operator.post(f"/api/v1/dispatches/{dispatch['id']}/cancel", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, "reason")


@pytest.mark.parametrize(("path", "body"), [("cancel", WHY), ("send-again", {})])
async def test_it_is_for_staff_and_for_dispatches_there_are(
    operator: Client, dispatch: Json, database: Database, path: str, body: Json
) -> None:
    unknown = await operator.post(f"/api/v1/dispatches/{NOBODYS}/{path}", json=body)
    assert (unknown.status_code, unknown.json()["error"]) == (404, "unknown_dispatch")
    other = {"Authorization": f"Bearer {await add_agency(database, 'pmi')}"}
    answer = await operator.post(f"/api/v1/dispatches/{dispatch['id']}/{path}", json=body, headers=other)
    assert answer.status_code == 403


async def test_how_far_it_is(operator: Client, dispatch: Json, database: Database, clock: SetClock) -> None:
    assert dispatch["delivery"] == {
        "state": "pending",
        "cause": None,
        "type": "dispatch.created",
        "sequence": 1,
        "tries": 0,
        "last_outcome": None,
        "next_try_at": dispatch["created_at"],
    }
    await tries(database)
    seen = await shown(operator, dispatch)
    assert (seen["delivery"]["state"], seen["delivery"]["tries"], seen["overdue"]) == ("pending", 1, False)
    clock.forward(seconds=60)
    await tries(database, "timeout")
    await operator.post(f"/api/v1/reports/{dispatch['report']}/entries", json={"text": "Dua korban"})
    seen = await shown(operator, dispatch)
    assert (seen["delivery"]["state"], seen["delivery"]["last_outcome"]) == ("failing", "timeout")
    assert (seen["delivery"]["sequence"], seen["sequence"]) == (1, 2), "what the newest waits for"
    assert seen["overdue"] is True


async def test_dead_and_sent_again(operator: Client, dispatch: Json, database: Database) -> None:
    url = f"/api/v1/reports/{dispatch['report']}"
    again = f"/api/v1/dispatches/{dispatch['id']}/send-again"
    answer = await operator.post(again)
    assert (answer.status_code, answer.json()["error"]) == (409, "nothing_dead")
    etag = (await operator.get(url)).headers["ETag"]
    assert (await operator.patch(url, json={"status": "resolved"}, headers={"If-Match": etag})).status_code == 200
    await close(database, dispatch["report"])
    dead = (await shown(operator, dispatch))["delivery"]
    assert (dead["state"], dead["cause"], dead["type"]) == ("dead", "report_closed", "dispatch.created")
    assert dead["next_try_at"] is None
    assert "intake112_envelopes_dead 3.0" in (await operator.get("/metrics")).text
    answer = await operator.post(again, json={})
    assert (answer.status_code, answer.json()["delivery"]["state"]) == (200, "pending"), answer.text
    assert "intake112_envelopes_dead 0.0" in (await operator.get("/metrics")).text
