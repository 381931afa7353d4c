"""How we stand with agencies, the delivery log, and what people mend there. On both databases."""

import asyncio
import json
from urllib.parse import quote

from sqlalchemy import update

from db import dispatches, machine_room, tables
from db.engine import Database
from routing import outbox, standing
from tests.conftest import SetClock
from tests.intake.conftest import Client, LogIn, add_agency
from tests.routing.receivers import Pretend, receiving
from tests.routing.running import running, tried

HOUR_S = 3600.0


async def echoes(pretend: Pretend, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Refuse, and print what came, as a receiver does that is being set up."""
    letter = pretend.got[-1].body.decode()
    pages = letter[letter.find('"page_url"') :][:120]
    body = f"{pretend.got[-1].headers!r} {pages} {quote(pages, safe='')} {json.dumps(pages)} {letter}".encode()
    body += letter.replace("/", "\\/").encode()
    writer.write(f"HTTP/1.1 401 X\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body)


async def fire(client: Client) -> tuple[str, str]:
    """Send a report of a fire to damkar; return its number and the dispatch's id."""
    body = {"source": "walk-in", "kind": "kebakaran", "priority": "P1"}
    number = (await client.post("/api/v1/reports", json=body)).json()["number"]
    sent = await client.post(f"/api/v1/reports/{number}/dispatches", json={"agencies": ["damkar"]})
    return str(number), str(sent.json()["dispatches"][0]["id"])


async def test_the_log_and_the_list_tell_what_became_of_each_and_show_no_secret(
    as_role: LogIn, database: Database, clock: SetClock
) -> None:
    async with receiving(echoes) as pretend:
        async with database.transaction() as tx:
            new = await outbox.add_agency(tx, "damkar", "Damkar", pretend.url, ["127.0.0.0/8"], ["kebakaran"])
        client = await as_role("supervisor")
        number, dispatch = await fire(client)
        async with running(database):
            await tried(database, dispatch)
        clock.forward(seconds=5)
        tested = (await client.post("/api/v1/agencies/damkar/test")).json()
    assert (tested["delivered"], tested["outcome"], tested["status"]) == (False, "status_401", 401)
    (row,) = (await client.get("/api/v1/agencies")).json()["agencies"]
    assert (row["code"], row["unsent"], row["refused"], row["failures_in_a_row"]) == ("damkar", 1, 1, 1)
    assert (row["oldest_unsent_s"], row["oldest_unaccepted_s"], row["paused_at"]) == (5.0, 5.0, None)
    assert row["failing_since"] == "2026-03-14T01:59:26.535897Z"

    page = (await client.get("/api/v1/agencies/damkar/deliveries?limit=1")).json()
    (letter,) = page["deliveries"]
    assert (letter["id"], letter["state"], letter["type"]) == (tested["id"], "test", "test.ping")
    assert (letter["report"], letter["created_by"]) == (None, "the supervisor")
    page = (await client.get(f"/api/v1/agencies/damkar/deliveries?after={page['next']}")).json()
    (envelope,) = page["deliveries"]
    assert page["next"] is None
    assert (envelope["report"], envelope["dispatch"], envelope["state"]) == (number, dispatch, "pending")
    assert (envelope["type"], envelope["sequence"], envelope["tries"]) == ("dispatch.created", 1, 1)
    for shown in (letter, envelope):
        (attempt,) = shown["attempts"]
        assert (attempt["outcome"], attempt["status"]) == ("status_401", 401)
        assert "webhook-signature" in attempt["detail"]
    signatures = [got.headers["webhook-signature"] for got in pretend.got]
    secrets = [new.secret, *(one.partition(",")[2] for both in signatures for one in both.split())]
    assert len(secrets) == 5
    async with database.reading() as reading:
        row_of_it = await dispatches.find(reading, dispatch)
    assert row_of_it is not None
    assert row_of_it.page_token is not None
    assert any(row_of_it.page_token.encode() in got.body for got in pretend.got)
    secrets.append(row_of_it.page_token)
    said = (await client.get("/api/v1/agencies/damkar/deliveries")).text + str(tested)
    assert [secret for secret in secrets if secret in said] == []
    [report] = (await client.get("/api/v1/reports")).json()["reports"]  # a test letter is none
    assert report["number"] == number


async def test_paused_resumed_and_sent_again(as_role: LogIn, database: Database, clock: SetClock) -> None:
    await add_agency(database, "damkar", "kebakaran")
    client = await as_role("admin")
    url = "/api/v1/agencies/damkar"
    paused = (await client.post(f"{url}/pause", json={"reason": "servernya dipindah"})).json()
    assert (paused["paused_by"], paused["pause_reason"]) == ("the admin", "servernya dipindah")
    clock.forward(seconds=HOUR_S)
    again = (await client.post(f"{url}/pause", json={"reason": "lagi"})).json()
    assert (again["paused_at"], again["pause_reason"]) == (paused["paused_at"], "servernya dipindah")
    async with database.transaction() as tx:
        alarms = await standing.alarms(tx)
        await machine_room.beat(tx, "routing", "running", "", alarms=alarms)
    (alarm,) = (await client.get("/readyz")).json()["alarms"]
    assert (alarm["service"], alarm["code"]) == ("routing", "agency_paused")
    assert "the admin" not in alarm["message"]  # /readyz asks nobody who they are
    assert (await client.post(f"{url}/resume")).json()["paused_at"] is None

    await fire(client)
    e = tables.envelopes
    async with database.transaction() as tx:
        await tx.connection.execute(update(e).values(next_try_at=tx.now.replace(year=2027)))
        [envelope] = (await tx.connection.execute(e.select())).all()
    assert (await client.post(f"{url}/redrive", json={"since": "2026-03-14T12:00:00+07:00"})).json() == {"envelopes": 0}
    assert (await client.post(f"{url}/redrive", json={"envelope": envelope.id})).json() == {"envelopes": 1}
    assert (await client.post(f"{url}/redrive")).json() == {"envelopes": 1}  # it is due, and nobody sends it yet
    gone = "00000000-0000-7000-8000-000000000000"
    assert (await client.post(f"{url}/redrive", json={"envelope": gone})).status_code == 409
    await client.post(f"{url}/pause", json={"reason": "lagi"})
    assert (await client.post(f"{url}/redrive")).status_code == 409
    both = {"envelope": envelope.id, "since": "2026-03-14T12:00:00+07:00"}
    assert (await client.post(f"{url}/redrive", json=both)).status_code == 422


WRITES = {"pause": {"reason": "dipindah"}, "resume": {}, "redrive": {}, "test": {}}


async def test_who_may(as_role: LogIn, database: Database) -> None:
    token = await add_agency(database, "damkar")
    client = await as_role("operator")
    for name, body in WRITES.items():
        assert (await client.post(f"/api/v1/agencies/damkar/{name}", json=body)).status_code == 403
    assert (await client.get("/api/v1/agencies/damkar/deliveries")).status_code == 200
    client.headers["Authorization"] = f"Bearer {token}"  # what is said of it is not for the agency
    for method, name in [("GET", "deliveries"), *(("POST", name) for name in WRITES)]:
        answer = await client.request(method, f"/api/v1/agencies/damkar/{name}", json=WRITES.get(name))
        assert answer.status_code == 403
    await as_role("supervisor")
    for method, name in [("GET", "deliveries"), *(("POST", name) for name in WRITES)]:
        answer = await client.request(method, f"/api/v1/agencies/nobody/{name}", json=WRITES.get(name))
        assert (answer.status_code, answer.json()["error"]) == (404, "no_such_agency")


async def test_metrics_tell_each_agency_and_each_outcome(client: Client, as_role: LogIn, database: Database) -> None:
    async with receiving(echoes) as pretend:
        async with database.transaction() as tx:
            await outbox.add_agency(tx, "damkar", "Damkar", pretend.url, ["127.0.0.0/8"], ["kebakaran"])
        await client.get("/metrics")
        await as_role("operator")
        async with running(database):
            for _ in range(2):
                await tried(database, (await fire(client))[1])
                await client.get("/metrics")
        said = (await client.get("/metrics")).text  # what was counted is not counted again
    assert 'intake112_attempts_total{agency="damkar",outcome="status_401"} 2.0' in said
    assert 'intake112_attempt_seconds_count{agency="damkar"} 2.0' in said
    for name, value in {"unsent": 2, "refused": 2, "failures_in_a_row": 2, "paused": 0}.items():
        assert f'intake112_agency_{name}{{agency="damkar"}} {value:.1f}' in said
    for name in ("oldest_unsent_seconds", "oldest_unaccepted_seconds"):
        assert f'intake112_agency_{name}{{agency="damkar"}} 0.0' in said
