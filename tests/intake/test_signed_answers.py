"""Answers that an agency signs with its secret, and answers sent again. On both databases."""

import asyncio
import json
import secrets
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import httpx2
from sqlalchemy import select

from db import agencies, dispatches, tables
from db.engine import Database
from intake import desk
from intake.api.app import create_app
from intake.desk import NewReport
from routing import keys
from routing.signing import make_secret, sign
from tests.conftest import SetClock
from tests.intake.conftest import PUBLIC_URL, WIB, Client, Json, Served, add_agency
from tests.intake.test_dispatch_api import NOBODYS, fire

ACCEPTED = json.dumps({"answer": "accepted", "by": "Pak Budi"}).encode()
RESOLVED = json.dumps({"answer": "resolved", "by": "Pak Budi"}).encode()


async def sent(operator: Client, database: Database, *others: str) -> str:
    """Send a fire to damkar, with other agencies about; return the address its answers go to."""
    for code in ("damkar", *others):
        await add_agency(database, code)
    url = f"/api/v1/reports/{await fire(operator)}/dispatches"
    dispatch = (await operator.post(url, json={"agencies": ["damkar"]})).json()["dispatches"][0]
    operator.headers.pop("Authorization")
    return f"/agency/v1/dispatches/{dispatch['id']}/answers"


async def secret(database: Database, code: str = "damkar") -> str:
    """An agency's secret."""
    async with database.reading() as reading:
        found = await agencies.find(reading, code)
    assert found is not None
    return found.secret


def signed(secret: str, clock: SetClock, body: bytes = ACCEPTED, key: str = "msg-1", off_s: float = 0) -> Json:
    """The headers of an answer that was signed."""
    at = int(clock.now.timestamp() + off_s)
    given = {"webhook-id": key, "webhook-timestamp": str(at), "webhook-signature": sign([secret], key, at, body)}
    return {"Content-Type": "application/json", **given}


async def kept(database: Database) -> list[tuple[str, str | None, bool]]:
    """The log of answers: what, how, whether it changed anything."""
    async with database.reading() as reading:
        rows = await reading.connection.execute(select(tables.answers).order_by(tables.answers.c.n))
        return [(row.answer, row.via, row.applied) for row in rows]


async def test_a_signed_answer_is_one_however_often_it_comes(
    operator: Client, database: Database, clock: SetClock
) -> None:
    url = await sent(operator, database, "pmi")
    headers = signed(await secret(database), clock)
    first = await operator.post(url, content=ACCEPTED, headers=headers)
    assert (first.status_code, first.json()["applied"]) == (200, True), first.text
    clock.forward(minutes=4)
    again = await operator.post(url, content=ACCEPTED, headers=headers)
    assert (again.status_code, again.json()) == (200, first.json())
    other = await operator.post(url, content=RESOLVED, headers=signed(await secret(database), clock, RESOLVED))
    assert (other.status_code, other.json()["error"]) == (409, "answer_key_used")
    assert await kept(database) == [("accepted", "signed", True)]
    old = await secret(database)
    async with database.transaction() as tx:
        await keys.rotate(tx, "damkar", timedelta(hours=24), "rina")

    async def say(by: str, key: str) -> tuple[int, bool | None]:
        answer = await operator.post(url, content=RESOLVED, headers=signed(by, clock, RESOLVED, key))
        return answer.status_code, answer.json().get("applied")

    assert await say(old, "msg-2") == (200, True), "the old secret in its grace"
    clock.forward(hours=25)
    assert await say(old, "msg-3") == (401, None)
    assert await say(await secret(database), "msg-4") == (200, False)


async def test_what_is_not_signed_well_is_refused_and_keeps_nothing(
    operator: Client, database: Database, clock: SetClock
) -> None:
    url = await sent(operator, database)
    good = await secret(database)

    def refused() -> Iterator[tuple[Json, bytes]]:
        yield signed(good, clock, off_s=301), ACCEPTED
        yield signed(good, clock, off_s=-301), ACCEPTED
        yield signed(good, clock), ACCEPTED.replace(b"Budi", b"Bodi")
        yield signed(make_secret(secrets.token_bytes(32)), clock), ACCEPTED
        yield signed(good, clock) | {"webhook-id": "msg-2"}, ACCEPTED
        yield signed(good, clock) | {"webhook-id": ""}, ACCEPTED
        yield signed(good, clock) | {"webhook-timestamp": "yesterday"}, ACCEPTED
        many = " ".join(["v1,AAAA"] * 10 + [str(signed(good, clock)["webhook-signature"])])
        for one in ("v1", "v1,", ",", "v1,\xff\xfe", many, "x " * 2047 + "x", "v1a,AAAA", "x" * 5000):
            yield signed(good, clock) | {"webhook-signature": one}, ACCEPTED

    for headers, body in refused():
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        answer = await operator.post(url, content=body, headers=raw)
        assert (answer.status_code, answer.json()["error"]) == (401, "bad_signature"), headers
        clock.forward(minutes=16)  # who errs now and then is not slowed
    assert (await operator.post(url, content=ACCEPTED, headers={"Content-Type": "application/json"})).status_code == 401
    assert await kept(database) == []
    many = " ".join(["v1,AAAA"] * 9 + [str(signed(good, clock)["webhook-signature"])])
    taken = await operator.post(url, content=ACCEPTED, headers=signed(good, clock) | {"webhook-signature": many})
    assert taken.status_code == 200


async def test_who_makes_signatures_up_is_slowed_and_a_good_one_never_waits(
    operator: Client, database: Database, clock: SetClock
) -> None:
    url = await sent(operator, database)
    bad = signed(make_secret(secrets.token_bytes(32)), clock)
    tried = [await operator.post(url, content=ACCEPTED, headers=bad) for _ in range(7)]
    assert [answer.status_code for answer in tried] == [401] * 5 + [429] * 2
    assert (tried[-1].json()["error"], tried[-1].headers["Retry-After"]) == ("too_many_tries", "1")
    assert "bad signatures" in tried[-1].json()["message"]
    good = await operator.post(url, content=ACCEPTED, headers=signed(await secret(database), clock))
    assert good.status_code == 200
    clock.forward(seconds=2)
    assert (await operator.post(url, content=ACCEPTED, headers=bad)).status_code == 401


async def test_what_is_signed_is_short_and_for_the_dispatch_that_it_names(
    operator: Client, database: Database, clock: SetClock
) -> None:
    url = await sent(operator, database)

    async def say(**more: str) -> tuple[int, str | None]:
        body = json.dumps({"answer": "accepted", **more}).encode()
        answer = await operator.post(url, content=body, headers=signed(await secret(database), clock, body))
        return answer.status_code, answer.json().get("error")

    assert await say(note="x" * 16 * 1024) == (413, "too_long")
    assert await say(dispatch=NOBODYS) == (422, "other_dispatch")
    assert await say(dispatch="x") == (422, "invalid")
    assert await kept(database) == []
    assert await say(dispatch=url.split("/")[4]) == (200, None)


async def test_one_key_signed_for_two_dispatches_at_once_is_one_answer(
    operator: Client, database: Database, clock: SetClock
) -> None:
    first = await sent(operator, database, "pmi")
    async with database.reading() as reading:
        [row] = (await dispatches.of_reports(reading, [1]))[1]
    async with database.transaction() as tx:
        report, _ = await desk.open_report(tx, NewReport("walk-in", priority="P1"), "siti", WIB, PUBLIC_URL)
        (other,) = await desk.dispatch(tx, report.number, ["damkar"], "siti", PUBLIC_URL)
    headers = signed(await secret(database), clock)
    urls = (first, first.replace(row.id, other.id))
    said = await asyncio.gather(*(operator.post(url, content=ACCEPTED, headers=headers) for url in urls))
    assert sorted((one.status_code, one.json().get("error")) for one in said) == [(200, None), (409, "answer_key_used")]
    assert await kept(database) == [("accepted", "signed", True)]


async def test_nobody_learns_whose_dispatch_it_is(operator: Client, database: Database, clock: SetClock) -> None:
    url = await sent(operator, database, "pmi")
    nowhere = f"/agency/v1/dispatches/{NOBODYS}/answers"
    for who, status in ((await secret(database, "pmi"), 404), (make_secret(secrets.token_bytes(32)), 401)):
        answers = [await operator.post(one, content=ACCEPTED, headers=signed(who, clock)) for one in (url, nowhere)]
        assert {answer.status_code for answer in answers} == {status}
        assert len({answer.text for answer in answers}) == 1
    assert await kept(database) == []


async def test_a_header_of_a_megabyte_breaks_nothing(served: tuple[Served, Database]) -> None:
    (http, _) = served
    port = int(http.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(
        f"POST /agency/v1/dispatches/{NOBODYS}/answers HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(ACCEPTED)}\r\nwebhook-signature: {'v1,' * 350_000}\r\n\r\n".encode()
    )
    try:
        await writer.drain()
        first = await reader.readline()
    except ConnectionError:
        first = b""  # it hung up on us in the middle
    writer.close()
    assert first == b"" or first.split()[1] in (b"400", b"401", b"431"), first
    assert (await http.client.get("/healthz")).status_code == 200


async def test_with_a_token_a_key_is_the_answers_choice(operator: Client, database: Database) -> None:
    token = await add_agency(database, "damkar")
    number = await fire(operator)
    sent = await operator.post(f"/api/v1/reports/{number}/dispatches", json={"agencies": ["damkar"]})
    url = f"/agency/v1/dispatches/{sent.json()['dispatches'][0]['id']}/answers"

    async def say(word: str, key: str | None = "a") -> tuple[int, bool | None]:
        headers = {"Authorization": f"Bearer {token}"} | ({} if key is None else {"Idempotency-Key": key})
        answer = await operator.post(url, json={"answer": word}, headers=headers)
        return answer.status_code, answer.json().get("applied")

    assert [await say("accepted"), await say("accepted"), await say("en_route")] == [
        (200, True),
        (200, True),
        (409, None),
    ]
    assert [await say("accepted", None), await say("en_route", "b")] == [(200, False), (200, True)]
    assert [await say("on_scene", ""), await say("on_scene", "x" * 256)] == [(422, None), (422, None)]
    assert [word for word, _, _ in await kept(database)] == ["accepted", "accepted", "en_route"]


async def test_a_hundred_equal_answers_on_two_workers_are_one(
    operator: Client, database: Database, database_url: str, clock: SetClock
) -> None:
    url = await sent(operator, database)
    headers = signed(await secret(database), clock)
    async with Database.open(database_url, clock) as second:
        transport = httpx2.ASGITransport(app=create_app(second, public_url=PUBLIC_URL, timezone=WIB))
        async with Client(transport=transport, base_url=PUBLIC_URL) as worker, asyncio.TaskGroup() as tasks:
            said = [
                tasks.create_task((operator, worker)[n % 2].post(url, content=ACCEPTED, headers=headers))
                for n in range(100)
            ]
    assert Counter((one.result().status_code, one.result().json()["applied"]) for one in said) == {(200, True): 100}
    assert await kept(database) == [("accepted", "signed", True)]
    async with database.reading() as reading:
        rows = await reading.connection.execute(select(tables.audit.c.action))
        assert [row.action for row in rows].count("dispatch.accepted") == 1
        found = (await dispatches.of_reports(reading, [1]))[1][0]
    assert found.state == "accepted"
