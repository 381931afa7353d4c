"""A caller who talks is passed on at the desk's request, and nobody else."""

import pytest

from db import controls
from db.engine import Database
from intake import control
from intake.facts import CallKey, Ended, Held, LegEnded, Queued, Rang, Resumed, Taken
from tests.conftest import SetClock
from tests.intake.conftest import Client, Json, book, ring
from tests.intake.test_control_api import hand

TRANSFER = "/api/v1/reports/112-20260314-0001/call/transfer"
CONSULTATION = "/api/v1/reports/112-20260314-0001/call/consultation"
AGENCY: Json = {"number": "+62328600113"}
KEY = CallKey("pbx-1", "c.1")


@pytest.fixture
async def talking(operator: Client, database: Database) -> Client:
    """A caller talks to desk 1; the PBX can be asked for things."""
    await hand(database)
    now = database.clock()
    await ring(database, now)
    await book(database, Queued(KEY, now, "112", "queue:1"), Rang(KEY, now, "p.1", "PJSIP/op1", "op1"))
    await book(database, Taken(KEY, now, "p.1", "PJSIP/op1", "op1"))
    return operator


async def consult(client: Client, database: Database) -> None:
    """The desk asks an agency; the caller hears music."""
    assert (await client.post(TRANSFER, json=AGENCY | {"attended": True})).status_code == 202
    async with database.transaction() as tx:
        (row,) = await controls.unfinished(tx, "pbx-1")
        await control.end(tx, row, "done", "done", "")
    await book(database, Held(KEY, database.clock(), "PJSIP/op1"))


@pytest.mark.parametrize(
    ("path", "body", "action", "arguments"),
    [
        (TRANSFER, AGENCY, "transfer", {"uniqueid": "c.1", "number": "+62328600113"}),
        (TRANSFER, {"number": "2"}, "transfer", {"uniqueid": "c.1", "number": "2"}),  # a colleague's desk
        (TRANSFER, AGENCY | {"attended": True}, "consult", {"leg": "p.1", "number": "+62328600113"}),
        (CONSULTATION, {"step": "cancel"}, "consult-cancel", {"leg": "p.1"}),
        (CONSULTATION, {"step": "join"}, "consult-join", {"leg": "p.1"}),
        (CONSULTATION, {"step": "complete"}, "consult-complete", {"leg": "p.1"}),
    ],
)
@pytest.mark.parametrize("result", ["done", "refused"])
async def test_what_is_asked_and_what_the_report_tells_of_it(
    talking: Client, database: Database, path: str, body: Json, action: str, arguments: dict[str, str], result: str
) -> None:
    if path == CONSULTATION:
        await consult(talking, database)
    asked = await talking.post(path, json=body)
    assert (asked.status_code, asked.json()["action"]) == (202, action), asked.text
    async with database.transaction() as tx:
        (row,) = await controls.unfinished(tx, "pbx-1")
        assert (row.action, row.arguments) == (action, arguments)
        await control.end(tx, row, "done" if result == "done" else "failed", result, "Permission denied")
    told = (await talking.get("/api/v1/reports/112-20260314-0001")).json()["entries"][-1]
    assert told["automatic"]
    assert "the operator" in told["text"]
    assert ("gagal: Permission denied" in told["text"]) is (result == "refused")
    assert "{" not in told["text"]


async def test_nobody_who_waits_is_passed_on(operator: Client, database: Database) -> None:
    await hand(database)
    now = database.clock()
    await ring(database, now)
    await book(database, Queued(KEY, now, "112", "queue:1"))
    refused = await operator.post(TRANSFER, json=AGENCY)
    assert (refused.status_code, refused.json()["error"]) == (409, "not_talking")
    await book(database, Rang(KEY, now, "p.1", "PJSIP/op1", "op1"), Taken(KEY, now, "p.1", "PJSIP/op1", "op1"))
    await book(database, LegEnded(KEY, now, "p.1", "44"))  # the phone is lost
    refused = await operator.post(TRANSFER, json=AGENCY)
    assert (refused.status_code, refused.json()["error"]) == (409, "not_talking")


async def test_who_talks_now_is_meant(talking: Client, database: Database) -> None:
    """The first desk handed over to the second."""
    now = database.clock()
    await book(database, Taken(KEY, now, "p.2", "PJSIP/op2", "op2"), LegEnded(KEY, now, "p.1", "16"))
    await talking.post(TRANSFER, json=AGENCY | {"attended": True})
    async with database.reading() as reading:
        (row,) = await controls.unfinished(reading, "pbx-1")
    assert row.arguments["leg"] == "p.2"


async def test_nobody_goes_on_with_what_has_not_begun(talking: Client, database: Database) -> None:
    async def refused() -> str:
        answer = await talking.post(CONSULTATION, json={"step": "complete"})
        assert answer.status_code == 409, answer.text
        return str(answer.json()["error"])

    assert await refused() == "no_consultation"
    await book(database, Held(KEY, database.clock(), "PJSIP/op1"))
    assert await refused() == "no_consultation", "the desk's own hold"
    await book(database, Resumed(KEY, database.clock()))
    await consult(talking, database)
    await book(database, Resumed(KEY, database.clock()))  # the agency is busy, the caller is back
    assert await refused() == "no_consultation"


@pytest.mark.parametrize("answered", [False, True])
async def test_a_caller_on_the_way_talks_to_nobody(
    talking: Client, database: Database, clock: SetClock, answered: bool
) -> None:
    await talking.post(TRANSFER, json=AGENCY)
    async with database.transaction() as tx:
        (row,) = await controls.unfinished(tx, "pbx-1")
        assert await controls.begin(tx, row.id, "control:pbx-1:0a1b2c3d")
    clock.forward(seconds=1)
    if answered:
        await book(database, Taken(KEY, clock(), "t.1", "PJSIP/trunk", None, "agency"))
    async with database.transaction() as tx:
        await control.end(tx, row, "done", "done", "")
    report = (await talking.get("/api/v1/reports/112-20260314-0001")).json()
    assert report["call"]["stage"] == ("talking" if answered else "transferred")
    clock.forward(seconds=1)
    await book(database, Taken(KEY, clock(), "t.2", "PJSIP/trunk", None, "agency"))
    report = (await talking.get("/api/v1/reports/112-20260314-0001")).json()
    assert report["call"]["stage"] == "talking"


async def test_a_call_that_is_over(talking: Client, database: Database) -> None:
    await book(database, Ended(KEY, database.clock(), "answered", "16"))
    for path, body in ((TRANSFER, AGENCY), (CONSULTATION, {"step": "join"})):
        refused = await talking.post(path, json=body)
        assert (refused.status_code, refused.json()["error"]) == (409, "call_over")


@pytest.mark.parametrize(
    "number", ["", "12", "Local/1@x", "+62812&PJSIP/op1", "0812-000", "1" * 21, "\u0661\u0662\u0663"]
)
async def test_what_is_no_number(talking: Client, number: str) -> None:
    refused = await talking.post(TRANSFER, json={"number": number})
    assert refused.status_code == 422
