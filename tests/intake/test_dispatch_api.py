"""From the desk to an agency and its answers. On both databases."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import update

from db import dispatches, tables
from db.engine import Database
from routing import standing
from tests.conftest import SetClock
from tests.intake.conftest import Client, Json, add_agency, close
from tests.routing.cases import owed

NOBODYS = "00000000-0000-7000-8000-000000000000"


async def fire(operator: Client) -> str:
    """Open a report of a fire."""
    body = {"source": "walk-in", "kind": "kebakaran", "priority": "P1"}
    return str((await operator.post("/api/v1/reports", json=body)).json()["number"])


async def bodies(database: Database, dispatch_id: str) -> list[Json]:
    """Return the envelopes of a dispatch, read."""
    async with database.reading() as reading:
        return [json.loads(row.body) for row in await owed(reading, dispatch_id)]


async def test_sent_accepted_resolved(operator: Client, database: Database) -> None:
    token = await add_agency(database, "damkar", "kebakaran")
    number = await fire(operator)
    url = f"/api/v1/reports/{number}"
    (proposed,) = (await operator.get(f"{url}/dispatches/proposed")).json()["proposed"]
    says = {"rule": 1, "rule_version": 1, "certain": True, "chosen": True, "paused": False}
    says |= {"caller_number": True}
    assert proposed == {"agency": "damkar", "name": "Damkar", "accept_within_s": 60, "has_it": False} | says
    answer = await operator.post(f"{url}/dispatches", json={"agencies": ["damkar"]})
    assert answer.status_code == 201
    (dispatch,) = answer.json()["dispatches"]
    assert (dispatch["agency"], dispatch["state"], dispatch["created_by"]) == ("damkar", "queued", "the operator")
    assert (dispatch["rule_version"], dispatch["rule_number"]) == (1, 1)
    report = (await operator.get(url)).json()
    assert (report["status"], report["version"]) == ("dispatched", 2)
    (envelope,) = await bodies(database, dispatch["id"])
    assert envelope["data"]["report"]["version"] == 2
    assert envelope["data"]["report"]["status"] == "dispatched"
    assert envelope["data"]["dispatch"]["answer_url"].endswith(f"/agency/v1/dispatches/{dispatch['id']}/answers")

    agency = {"Authorization": f"Bearer {token}"}
    answers = f"/agency/v1/dispatches/{dispatch['id']}/answers"
    body = {"answer": "accepted", "by": "Regu 1", "at": "2026-03-14T02:00:00Z", "sequence": 1}
    accepted = await operator.post(answers, json=body, headers=agency)
    assert accepted.status_code == 200, accepted.text
    assert (accepted.json()["applied"], accepted.json()["dispatch"]["state"]) == (True, "accepted")
    again = await operator.post(answers, json=body, headers=agency)
    assert (again.status_code, again.json()["applied"]) == (200, False)
    assert (await operator.get(url)).json()["status"] == "dispatched"
    await operator.post(answers, json={"answer": "resolved", "note": "Padam"}, headers=agency)
    report = (await operator.get(url)).json()
    assert report["status"] == "resolved"
    texts = [entry["text"] for entry in report["entries"]]
    assert texts == [
        "Laporan dibuka (walk-in).",
        "Status: baru → dikirim",
        "Dikirim ke Damkar.",
        "Damkar (Regu 1) menerima laporan ini.",
        "Damkar menyatakan selesai: Padam",
        "Status: dikirim → selesai di lapangan",
    ]
    assert [entry["author"] for entry in report["entries"]][3:] == ["Damkar", "Damkar", "damkar"], (
        "an answer is its agency's word"
    )


async def test_a_report_is_resolved_when_all_say_so(operator: Client, database: Database) -> None:
    for code in ("damkar", "pmi", "bpbd"):
        await add_agency(database, code)
    number = await fire(operator)
    url = f"/api/v1/reports/{number}"
    sent = await operator.post(f"{url}/dispatches", json={"agencies": ["damkar", "pmi", "bpbd"]})
    first, second, third = (one["id"] for one in sent.json()["dispatches"])

    async def said(dispatch: str, word: str) -> str:
        answer = await operator.post(f"/api/v1/dispatches/{dispatch}/answers", json={"answer": word, "by": "Pak Budi"})
        assert answer.status_code == 200
        return str((await operator.get(url)).json()["status"])

    assert await said(first, "resolved") == "dispatched"
    assert await said(second, "rejected") == "dispatched"
    assert await said(third, "resolved") == "resolved"


async def test_who_has_it_receives_what_changes(operator: Client, database: Database) -> None:
    await add_agency(database, "damkar")
    number = await fire(operator)
    url = f"/api/v1/reports/{number}"
    (dispatch,) = (await operator.post(f"{url}/dispatches", json={"agencies": ["damkar"]})).json()["dispatches"]
    entry = (await operator.post(f"{url}/entries", json={"text": "Dua korban"})).json()
    await operator.patch(url, json={"location": {"text": "Desa Contoh"}}, headers={"If-Match": '"3"'})
    await operator.patch(url, json={"location": {"text": "Desa Contoh"}}, headers={"If-Match": '"3"'})
    await operator.post(f"{url}/entries/{entry['id']}/strike", json={})
    seen = await bodies(database, dispatch["id"])
    assert [one["type"] for one in seen] == ["dispatch.created"] + ["report.updated"] * 3
    assert [len(one["data"]["report"]["entries"]) for one in seen] == [0, 1, 1, 0]
    assert seen[-1]["data"]["report"]["location"]["text"] == "Desa Contoh"


async def test_who_has_it_already_holds_up_nobody_else(operator: Client, database: Database) -> None:
    for code in ("damkar", "pmi"):
        await add_agency(database, code)
    url = f"/api/v1/reports/{await fire(operator)}/dispatches"
    assert (await operator.post(url, json={"agencies": ["damkar"]})).status_code == 201
    answer = await operator.post(url, json={"agencies": ["damkar", "pmi"]})
    assert (answer.status_code, [one["agency"] for one in answer.json()["dispatches"]]) == (201, ["pmi"])


async def test_what_a_dispatch_refuses(operator: Client, database: Database) -> None:
    number = await fire(operator)
    url = f"/api/v1/reports/{number}/dispatches"

    async def send(body: Json) -> tuple[int, str]:
        answer = await operator.post(url, json=body)
        return answer.status_code, answer.json().get("error")

    assert await send({}) == (409, "nobody_proposed")
    assert await send({"agencies": ["damkar"]}) == (422, "unknown_agency")
    assert await send({"agencies": []}) == (422, "invalid")
    await add_agency(database, "damkar", "kebakaran")
    assert (await send({}))[0] == 201
    assert await send({}) == (409, "already_dispatched")
    assert await send({"agencies": ["damkar"]}) == (409, "already_dispatched")
    async with database.reading() as reading:
        assert len(await dispatches.of_reports(reading, [1])) == 1
    report = f"/api/v1/reports/{number}"
    etag = (await operator.get(report)).headers["ETag"]
    assert (await operator.patch(report, json={"status": "resolved"}, headers={"If-Match": etag})).status_code == 200
    await close(database, number)
    assert await send({"agencies": ["damkar"]}) == (409, "illegal_step")


async def test_another_agencys_dispatch_is_unknown(operator: Client, database: Database) -> None:
    await add_agency(database, "damkar")
    other = {"Authorization": f"Bearer {await add_agency(database, 'pmi')}"}
    number = await fire(operator)
    sent = await operator.post(f"/api/v1/reports/{number}/dispatches", json={"agencies": ["damkar"]})
    answers = [
        await operator.post(f"/agency/v1/dispatches/{one}/answers", json={"answer": "accepted"}, headers=other)
        for one in (sent.json()["dispatches"][0]["id"], NOBODYS, "x")
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"answer": "maybe"},
        {"answer": "accepted", "at": "2026-03-14T02:00:00"},
        {"answer": "accepted", "at": "0001-01-01T00:00:00+14:00"},
        {"answer": "accepted", "sequence": -1},
        {"answer": "accepted", "sequence": 2**70},
        {"answer": "accepted", "by": "x" * 161},
        {"answer": "accepted", "note": "a\0"},
        {"answer": "accepted", "extra": 1},
    ],
)
async def test_a_malformed_answer_is_refused(operator: Client, body: Json) -> None:
    answer = await operator.post(f"/api/v1/dispatches/{NOBODYS}/answers", json={"by": "Pak Budi"} | body)
    assert answer.status_code == 422


async def test_by_telephone_somebody_said_it_and_somebody_wrote_it_down(operator: Client, database: Database) -> None:
    token = await add_agency(database, "damkar")
    number = await fire(operator)
    sent = await operator.post(f"/api/v1/reports/{number}/dispatches", json={"agencies": ["damkar"]})
    answers = f"/api/v1/dispatches/{sent.json()['dispatches'][0]['id']}/answers"
    for nobody in ({}, {"by": None}, {"by": ""}, {"by": " "}):
        refused = await operator.post(answers, json={"answer": "accepted"} | nobody)
        assert (refused.status_code, refused.json()["field"]) == (422, "by")
    said = {"answer": "accepted", "by": "Pak Budi", "note": "dua unit"}
    assert (await operator.post(answers, json=said)).status_code == 200
    agency = {"Authorization": f"Bearer {token}"}
    await operator.post(answers.replace("/api/", "/agency/"), json={"answer": "accepted"}, headers=agency)
    entries = (await operator.get(f"/api/v1/reports/{number}")).json()["entries"]
    told = "Damkar (Pak Budi) menerima laporan ini, lewat telepon, dicatat oleh the operator: dua unit"
    assert (entries[-1]["text"], entries[-1]["author"]) == (told, "the operator")
    kept = (await operator.get(answers)).json()["answers"]
    assert [(one["via"], one["applied"], one["by"], one["recorded_by"]) for one in kept] == [
        ("telephone", True, "Pak Budi", "the operator"),
        ("api", False, None, None),
    ]
    assert (await operator.get(f"/api/v1/dispatches/{NOBODYS}/answers")).status_code == 404
    assert (await operator.get(answers, headers=agency)).status_code == 403


async def test_who_has_it_is_left_out(operator: Client, database: Database) -> None:
    """An automatic rule, or another desk, was a moment faster: that holds up no other agency."""
    for code in ("damkar", "psc119"):
        await add_agency(database, code)
    number = await fire(operator)
    url = f"/api/v1/reports/{number}/dispatches"
    await operator.post(url, json={"agencies": ["damkar"]})
    answer = await operator.post(url, json={"agencies": ["damkar", "psc119"]})
    assert (answer.status_code, [one["agency"] for one in answer.json()["dispatches"]]) == (201, ["psc119"])
    assert (await operator.post(url, json={"agencies": ["damkar", "psc119"]})).status_code == 409


async def test_a_paused_agency_is_shown_as_such(operator: Client, database: Database) -> None:
    await add_agency(database, "damkar", "kebakaran")
    async with database.transaction() as tx:
        await standing.pause(tx, "damkar", "servernya dipindah", "rina")
    number = await fire(operator)
    url = f"/api/v1/reports/{number}"
    (proposed,) = (await operator.get(f"{url}/dispatches/proposed")).json()["proposed"]
    assert proposed["paused"] is True
    (dispatch,) = (await operator.post(f"{url}/dispatches", json={})).json()["dispatches"]
    delivery = dispatch["delivery"]
    assert (delivery["state"], delivery["next_try_at"]) == ("paused", None)
    report = (await operator.get(url)).json()
    assert report["dispatches"][0]["delivery"]["state"] == "paused"
    assert report["entries"][-1]["text"] == "Dikirim ke Damkar (dijeda: telepon)."


async def test_the_next_try_is_not_before_the_back_off_is_over(
    operator: Client, database: Database, clock: SetClock
) -> None:
    await add_agency(database, "damkar", "kebakaran")
    number = await fire(operator)
    await operator.post(f"/api/v1/reports/{number}/dispatches", json={})
    async with database.transaction() as tx:
        await tx.connection.execute(update(tables.envelopes).values(tries=1))
        await tx.connection.execute(update(tables.agencies).values(retry_after=tx.now + timedelta(seconds=60)))
    (dispatch,) = (await operator.get(f"/api/v1/reports/{number}")).json()["dispatches"]
    assert dispatch["delivery"]["next_try_at"] == "2026-03-14T02:00:26.535897Z"
