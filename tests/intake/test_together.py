"""Many at once: rings, operators on one report, the same walk-in report, equal answers. On both databases."""

import asyncio
from collections import Counter

from db import chain
from db.engine import Database
from tests.conftest import SetClock
from tests.intake.conftest import Client, add_agency, ring

CALLS, ROUNDS = 30, 12


async def test_thirty_rings_at_once_are_thirty_reports(operator: Client, database: Database, clock: SetClock) -> None:
    async with asyncio.TaskGroup() as tasks:
        for n in range(CALLS):
            tasks.create_task(ring(database, clock.now, f"+62812000000{n:02d}", n))
    reports = (await operator.get("/api/v1/reports", params={"limit": 200})).json()["reports"]
    assert {report["number"] for report in reports} == {f"112-20260314-{n:04d}" for n in range(1, CALLS + 1)}
    assert {report["caller"]["number"] for report in reports} == {f"+62812000000{n:02d}" for n in range(CALLS)}


async def test_two_operators_lose_no_write(operator: Client, database: Database) -> None:
    number = (await operator.post("/api/v1/reports", json={"source": "walk-in"})).json()["number"]
    url = f"/api/v1/reports/{number}"
    outcomes: Counter[int] = Counter()

    async def write(own: str, value: str) -> None:
        """Write a field of one's own, and one that both want, from the version seen before."""
        etag = (await operator.get(url)).headers["ETag"]
        for body in (
            {"caller": {"name": value}} if own == "name" else {"location": {"text": value}},
            {"narrative": value},
        ):
            answer = await operator.patch(url, json=body, headers={"If-Match": etag})
            if "narrative" in body:
                outcomes[answer.status_code] += 1
                if answer.status_code == 412:
                    sides = answer.json()["conflicts"]["narrative"]
                    assert sides["yours"] == value != sides["theirs"]
            else:
                assert answer.status_code == 200, answer.text

    for n in range(ROUNDS):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(write("name", f"a{n}"))
            tasks.create_task(write("place", f"b{n}"))
        report = (await operator.get(url)).json()
        assert (report["caller"]["name"], report["location"]["text"]) == (f"a{n}", f"b{n}")
        assert report["narrative"] in (f"a{n}", f"b{n}")
    assert set(outcomes) <= {200, 412}
    report = (await operator.get(url)).json()
    told = [entry["text"] for entry in report["entries"] if entry["text"].startswith("Uraian")]
    assert len(told) == outcomes[200]
    assert report["version"] == 1 + 2 * ROUNDS + outcomes[200]
    assert (await chain.verify(database)).bad is None


async def test_the_same_walk_in_report_at_once_is_one(operator: Client) -> None:
    async with asyncio.TaskGroup() as tasks:
        body = {"source": "silapor", "external_id": "S-1"}
        sent = [tasks.create_task(operator.post("/api/v1/reports", json=body)) for _ in range(10)]
    assert Counter(one.result().status_code for one in sent) == {201: 1, 200: 9}
    assert len({one.result().json()["number"] for one in sent}) == 1


async def test_a_dispatch_and_equal_answers_at_once(operator: Client, database: Database) -> None:
    await add_agency(database, "damkar")
    number = (await operator.post("/api/v1/reports", json={"source": "walk-in"})).json()["number"]
    url = f"/api/v1/reports/{number}/dispatches"
    async with asyncio.TaskGroup() as tasks:
        sent = [tasks.create_task(operator.post(url, json={"agencies": ["damkar"]})) for _ in range(8)]
    assert Counter(one.result().status_code for one in sent) == {201: 1, 409: 7}
    (dispatch,) = (await operator.get(f"/api/v1/reports/{number}")).json()["dispatches"]
    answers = f"/api/v1/dispatches/{dispatch['id']}/answers"
    async with asyncio.TaskGroup() as tasks:
        said = [
            tasks.create_task(operator.post(answers, json={"answer": "accepted", "by": "Pak Budi"})) for _ in range(20)
        ]
    assert Counter(one.result().json()["applied"] for one in said) == {True: 1, False: 19}
    entries = (await operator.get(f"/api/v1/reports/{number}")).json()["entries"]
    assert len([entry for entry in entries if "menerima" in entry["text"]]) == 1
