"""What the desk asks of the PBX by the API: a request, or a refusal that says what to do. On both databases."""

import pytest

from db import controls, machine_room
from db.engine import Database
from intake import control
from intake.facts import CallKey, Ended, LegEnded, Rang, Taken
from tests.conftest import SetClock
from tests.intake.conftest import Client, Json, book, ring
from tests.intake.sitting import OP1, call, machines, person

HANG_UP = "/api/v1/reports/112-20260314-0001/call/hang-up"
TRANSFER = "/api/v1/reports/112-20260314-0001/call/transfer"
MEMBERS = "/api/v1/queues/112/members"
ADD: Json = {"action": "add", "device": "PJSIP/op1", "name": "Siti Fiktif"}


async def hand(database: Database, state: str = "connected", pbx: str = "pbx-1") -> None:
    """Say that a bridge can control a PBX."""
    async with database.transaction() as tx:
        await machine_room.beat(tx, f"control:{pbx}:0a1b2c3d", state, "")


async def talk(database: Database) -> None:
    """A caller rings and is answered at a telephone without a shift."""
    now, key = database.clock(), CallKey("pbx-1", "c.1")
    await ring(database, now)
    await book(database, Rang(key, now, "p.1", OP1, "op1"), Taken(key, now, "p.1", OP1, "op1"))


async def test_a_request_is_kept_and_its_end_is_told(operator: Client, database: Database) -> None:
    await hand(database)
    await talk(database)
    asked = await operator.post(HANG_UP)
    assert asked.status_code == 202, asked.text
    assert (asked.json()["action"], asked.json()["state"], asked.json()["result"]) == ("hang-up", "asked", None)
    async with database.transaction() as tx:
        (row,) = await controls.unfinished(tx, "pbx-1")
        assert await controls.begin(tx, row.id, "control:pbx-1:0a1b2c3d")
        assert not await controls.begin(tx, row.id, "control:pbx-1:another")
    for result in ("done", "unknown"):
        async with database.transaction() as tx:
            await control.end(tx, row, "done" if result == "done" else "failed", result, "")
    shown = (await operator.get(f"/api/v1/controls/{row.id}")).json()
    assert (shown["state"], shown["result"], shown["asked_by"]) == ("done", "done", "the operator")
    report = (await operator.get("/api/v1/reports/112-20260314-0001")).json()
    said = [entry["text"] for entry in report["entries"] if "diputus" in entry["text"]]
    assert said == ["Panggilan diputus atas permintaan the operator"]


@pytest.mark.parametrize(
    ("state", "code"), [(None, "control_not_configured"), ("disconnected", "control_away"), ("stopped", "control_away")]
)
async def test_nothing_is_asked_when_nobody_can_do_it(
    operator: Client, database: Database, state: str | None, code: str
) -> None:
    if state is not None:
        await hand(database, state)
    await talk(database)
    for refused in (await operator.post(HANG_UP), await operator.post(MEMBERS, json=ADD)):
        expected = "control_not_configured" if state is None else code
        assert (refused.status_code, refused.json()["error"]) == (409, expected)
    async with database.reading() as reading:
        assert await controls.unfinished(reading, "pbx-1") == []


async def test_a_hand_that_is_silent_is_away(operator: Client, database: Database, clock: SetClock) -> None:
    await hand(database)
    clock.forward(seconds=16)
    refused = await operator.post(MEMBERS, json=ADD)
    assert (refused.status_code, refused.json()["error"]) == (409, "control_away")


async def test_a_call_that_is_over_is_not_hung_up(operator: Client, database: Database) -> None:
    await hand(database)
    await ring(database, database.clock())
    await book(database, Ended(CallKey("pbx-1", "c.1"), database.clock(), "abandoned", "16"))
    refused = await operator.post(HANG_UP)
    assert (refused.status_code, refused.json()["error"]) == (409, "call_over")


async def test_a_report_without_a_call(operator: Client, database: Database) -> None:
    await hand(database)
    opened = await operator.post("/api/v1/reports", json={"source": "walk-in"})
    refused = await operator.post(f"/api/v1/reports/{opened.json()['number']}/call/hang-up")
    assert (refused.status_code, refused.json()["error"]) == (409, "no_call")


async def test_which_pbx_is_meant(operator: Client, database: Database) -> None:
    await hand(database, pbx="north")
    assert (await operator.post(MEMBERS, json=ADD)).json()["pbx"] == "north"
    await hand(database, pbx="south")
    refused = await operator.post(MEMBERS, json=ADD)
    assert (refused.status_code, refused.json()["error"]) == (409, "several_pbxs")
    assert (await operator.post(MEMBERS, json=ADD | {"pbx": "south"})).json()["pbx"] == "south"
    unknown = await operator.post(MEMBERS, json=ADD | {"pbx": "west"})
    assert (unknown.status_code, unknown.json()["error"]) == (409, "control_not_configured")


@pytest.mark.parametrize(
    "wrong",
    [
        {"device": "Local/0811@intake-out"},  # a way out
        {"device": "PJSIP/op1\r\nAction: Logoff"},
        {"device": "PJSIP/0811@trunk"},
        {"name": "a,b"},
        {"name": "a\nb"},
        {"action": "call"},
        {"pbx": "a:b"},
    ],
)
async def test_what_is_no_telephone_of_ours_is_refused(operator: Client, database: Database, wrong: Json) -> None:
    await hand(database)
    refused = await operator.post(MEMBERS, json=ADD | wrong)
    assert refused.status_code == 422
    async with database.reading() as reading:
        assert await controls.unfinished(reading, "pbx-1") == []


async def test_an_unknown_request(operator: Client) -> None:
    for name in ("0190163d-8694-739b-aea5-966c26f8ad91", "x"):
        refused = await operator.get(f"/api/v1/controls/{name}")
        assert (refused.status_code, refused.json()["error"]) == (404, "unknown_control")


async def test_whose_caller_may_be_hung_up(client: Client, database: Database) -> None:
    """One's own, and nobody else's; nobody's who waits; a supervisor's word is enough for any."""
    siti, budi = [await person(client, database, name) for name in ("siti", "budi")]
    wati = await person(client, database, "wati", "supervisor")
    await machines(database)
    await siti.start()
    (arrived, *answered), _ = call(database)
    await book(database, arrived)
    hang_up, transfer = (path.removeprefix("/api/v1") for path in (HANG_UP, TRANSFER))
    status, said = await siti.post(hang_up)
    assert (status, said["error"]) == (409, "caller_waits")
    await book(database, *answered)
    for path, body in ((hang_up, {}), (transfer, {"number": "+62328600113", "attended": False})):
        status, said = await budi.post(path, body)
        assert (status, said["error"], "siti" in said["message"]) == (409, "others_call", True)
    report, ended, theirs = "/reports/112-20260314-0001", {"class": "prank"}, {"agency": "112-sampang"}
    for deed, why in (("close", ended), ("disposition", ended), ("not-ours", theirs)):
        status, said = await budi.post(f"{report}/{deed}", why)
        assert (status, said["error"]) == (409, "others_call"), deed
    as_read = budi.headers | {"If-Match": '"1"'}
    patched = await client.patch(f"/api/v1{report}", json={"status": "closed", **ended}, headers=as_read)
    assert (patched.status_code, patched.json()["error"]) == (409, "others_call")
    async with database.reading() as reading:
        assert [row.action for row in await controls.unfinished(reading, "pbx-1") if row.report_id] == []
    assert [(await who.post(hang_up))[0] for who in (siti, wati)] == [202, 202]
    assert (await wati.post("/reports/112-20260314-0001/disposition", {"class": "prank"}))[0] == 200


async def test_who_passed_a_caller_on_has_him_no_more(client: Client, database: Database) -> None:
    """Whoever talks with him now has, not who answered first; with two at once, both."""
    siti, budi = [await person(client, database, name) for name in ("siti", "budi")]
    await machines(database)
    await siti.start()
    await budi.start("PJSIP/op2")
    (arrived, *answered), _ = call(database)
    now, key = database.clock(), CallKey("pbx-1", "c.1")
    await book(database, arrived, *answered)
    hang_up = HANG_UP.removeprefix("/api/v1")
    assert [(await who.post(hang_up))[0] for who in (siti, budi)] == [202, 409]
    await book(database, Taken(key, now, "p.2", "PJSIP/op2", "op2"))
    assert [(await who.post(hang_up))[0] for who in (siti, budi)] == [202, 202]
    await book(database, LegEnded(key, now, "p.1", "16"))
    status, said = await siti.post(hang_up)
    assert (status, said["error"], "budi" in said["message"]) == (409, "others_call", True)
    assert (await budi.post(hang_up))[0] == 202
