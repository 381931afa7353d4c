"""A caller is called back: asked once at a time, a leg of the report's call, done when the caller answered."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from ami_bridge.call_backs import channel_of
from db import calls, controls, reports
from db.engine import Database
from intake.facts import CallBackBegan, CallBackOver, CallBackTaken, CallKey, Ended, Fact
from tests.intake.conftest import Client, Json, book, ring
from tests.intake.test_control_api import hand

REPORT = "/api/v1/reports/112-20260314-0001"
CALL_BACK = f"{REPORT}/call-back"
DESK: Json = {"device": "PJSIP/op1"}


@pytest.fixture
async def gave_up(operator: Client, database: Database) -> Client:
    """A caller rang and gave up; the PBX can be asked for things."""
    await hand(database)
    await ring(database, database.clock())
    await book(database, Ended(CallKey("pbx-1", "c.1"), database.clock(), "abandoned", "16"))
    return operator


async def asked(client: Client) -> CallKey:
    """Ask for a call back, and return the key of the channel that will do it."""
    answer = await client.post(CALL_BACK, json=DESK)
    assert answer.status_code == 202, answer.text
    return CallKey("pbx-1", channel_of(answer.json()["id"]))


async def shown(client: Client, key: CallKey) -> tuple[str, str | None]:
    """Return the state and the result of the request."""
    answer = (await client.get(f"/api/v1/controls/{key.uniqueid[-36:]}")).json()
    return answer["state"], answer["result"]


async def report(client: Client) -> Json:
    """Return the report."""
    return dict((await client.get(REPORT)).json())


async def test_what_is_asked_of_the_pbx(gave_up: Client, database: Database) -> None:
    await asked(gave_up)
    async with database.reading() as reading:
        (row,) = await controls.unfinished(reading, "pbx-1")
    assert (row.action, row.arguments) == ("call-back", {"device": "PJSIP/op1", "number": "+6281200000001"})


async def told(database: Database, *facts: Fact) -> None:
    """Book facts twice, as two bridges do."""
    await book(database, *facts)
    await book(database, *facts)


async def test_an_answered_one_is_a_leg_and_changes_nothing_of_the_call(gave_up: Client, database: Database) -> None:
    before = (await report(gave_up))["call"]
    key, began = await asked(gave_up), database.clock()
    await told(database, CallBackBegan(key, began, "PJSIP/op1"))
    assert await shown(gave_up, key) == ("asked", None)
    taken_at, over_at = began + timedelta(seconds=9), began + timedelta(seconds=60)
    await told(database, CallBackTaken(key, taken_at))
    assert await shown(gave_up, key) == ("done", "done")
    version = (await report(gave_up))["version"]
    await told(database, CallBackOver(key, over_at, None, "16 Normal Clearing"))
    after = await report(gave_up)
    assert after["version"] == version + 1, "what is told again is no news"
    (leg,) = after["call"].pop("legs")
    assert {name: leg[name] for name in ("key", "kind", "device", "taken", "cause")} == {
        "key": key.uniqueid,
        "kind": "callback",
        "device": "PJSIP/op1",
        "taken": True,
        "cause": "16 Normal Clearing",
    }
    times = [began, taken_at, over_at]
    assert [leg["from"], leg["answered_at"], leg["to"]] == [at.isoformat().replace("+00:00", "Z") for at in times]
    assert after["call"] == {name: value for name, value in before.items() if name != "legs"}
    said = [entry["text"] for entry in after["entries"] if "telepon" in entry["text"].lower()]
    assert said[-1] == "Ditelepon kembali oleh the operator (PJSIP/op1): tersambung"
    async with database.reading() as reading:
        assert len(await reports.page(reading, reports.Filter(), None, 10)) == 1


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("busy", "nomornya sibuk"),
        ("no_answer", "tidak diangkat"),
        ("unreachable", "nomornya tidak dapat dihubungi"),
        ("cancelled", "ditutup dari meja sebelum diangkat"),
        ("refused", "the PBX does not dial this number (see OUT_ALLOWED and OUT_AT_ONCE in extensions.conf)"),
        ("desk_busy", "telepon meja sibuk"),
        ("desk_no_answer", "telepon meja tidak diangkat"),
        ("unknown", "hasilnya tidak diketahui; periksa dahulu sebelum meminta lagi"),
    ],
)
async def test_one_that_reached_nobody_says_why(gave_up: Client, database: Database, result: str, said: str) -> None:
    key, began = await asked(gave_up), database.clock()
    over = CallBackOver(key, began + timedelta(seconds=30), result, "17 User busy")  # type: ignore[arg-type]  # a table
    await told(database, CallBackBegan(key, began, "PJSIP/op1"))
    await told(database, over)
    if result != "unknown":
        await told(database, CallBackTaken(key, began))  # it is over
    assert await shown(gave_up, key) == ("failed", result)
    shown_now = await report(gave_up)
    (leg,) = shown_now["call"]["legs"]
    assert (leg["taken"], leg["cause"]) == (False, "17 User busy")
    entries = [entry["text"] for entry in shown_now["entries"]]
    assert entries.count(f"Telepon balik oleh the operator (PJSIP/op1) gagal: {said}") == 1
    await asked(gave_up)  # again


@pytest.mark.parametrize("taken", [True, False])
async def test_what_was_unknown_is_told_by_who_heard_it(gave_up: Client, database: Database, taken: bool) -> None:
    key, began = await asked(gave_up), database.clock()
    await told(database, CallBackBegan(key, began, "PJSIP/op1"), CallBackOver(key, None, "unknown", "not seen"))
    assert await shown(gave_up, key) == ("failed", "unknown")
    if taken:
        await told(database, CallBackTaken(key, began))
    await told(database, CallBackOver(key, began, None if taken else "busy", "16"))
    assert await shown(gave_up, key) == (("done", "done") if taken else ("failed", "busy"))
    (leg,) = (await report(gave_up))["call"]["legs"]
    assert (leg["taken"], leg["to"] is not None) == (taken, True)


async def test_a_desk_that_is_not_there_makes_no_leg(gave_up: Client, database: Database) -> None:
    key = await asked(gave_up)
    await told(database, CallBackOver(key, database.clock(), "desk_unreachable", None))
    assert await shown(gave_up, key) == ("failed", "desk_unreachable")
    assert (await report(gave_up))["call"]["legs"] == []


async def test_nobody_is_called_back_twice_at_once(gave_up: Client, database: Database) -> None:
    key = await asked(gave_up)
    refused = await gave_up.post(CALL_BACK, json=DESK)
    assert (refused.status_code, refused.json()["error"]) == (409, "already_calling_back")
    async with database.reading() as reading:
        (row,) = await controls.unfinished(reading, "pbx-1")
    with pytest.raises(IntegrityError, match="controls"):
        async with database.transaction() as tx:
            await controls.ask(
                tx, pbx="pbx-1", action="call-back", report_id=row.report_id, arguments=row.arguments, by="another"
            )
    await book(database, CallBackOver(key, database.clock(), "busy", None))
    await asked(gave_up)


async def test_one_that_nobody_asked_for_is_left_alone(gave_up: Client, database: Database) -> None:
    version = (await report(gave_up))["version"]
    hung_up = await gave_up.post("/api/v1/queues/112/members", json={"action": "add", "device": "PJSIP/op1"})
    for request in ("0190163d-8694-739b-aea5-966c26f8ad91", hung_up.json()["id"], "x"):
        key = CallKey("pbx-1", channel_of(request))
        await told(database, CallBackBegan(key, database.clock(), "PJSIP/op1"), CallBackTaken(key, database.clock()))
    assert (await report(gave_up))["version"] == version
    async with database.reading() as reading:
        (row,) = await controls.unfinished(reading, "pbx-1")
        assert await calls.by_keys(reading, [("pbx-1", channel_of(row.id))]) == {}


@pytest.mark.parametrize("number", [None, "anonymous", "Siti", "+62812&PJSIP/op1", "12"])
async def test_who_has_no_number(operator: Client, database: Database, number: str | None) -> None:
    await hand(database)
    await ring(database, database.clock(), number)
    await book(database, Ended(CallKey("pbx-1", "c.1"), database.clock(), "abandoned", "16"))
    refused = await operator.post(CALL_BACK, json=DESK)
    assert (refused.status_code, refused.json()["error"]) == (409, "no_number")


async def test_a_number_without_an_e164_form_is_dialled_as_it_came(operator: Client, database: Database) -> None:
    await hand(database)
    await ring(database, database.clock(), "0328661")
    await book(database, Ended(CallKey("pbx-1", "c.1"), database.clock(), "abandoned", "16"))
    await asked(operator)
    async with database.reading() as reading:
        (row,) = await controls.unfinished(reading, "pbx-1")
    assert row.arguments["number"] == "0328661"


async def test_who_is_on_the_line_is_not_called_back(operator: Client, database: Database) -> None:
    await hand(database)
    await ring(database, database.clock())
    refused = await operator.post(CALL_BACK, json=DESK)
    assert (refused.status_code, refused.json()["error"]) == (409, "caller_on_line")


async def test_a_report_without_a_call(operator: Client, database: Database) -> None:
    await hand(database)
    opened = await operator.post("/api/v1/reports", json={"source": "walk-in"})
    refused = await operator.post(f"/api/v1/reports/{opened.json()['number']}/call-back", json=DESK)
    assert (refused.status_code, refused.json()["error"]) == (409, "no_call")


async def test_nothing_is_asked_when_nobody_can_do_it(operator: Client, database: Database) -> None:
    await ring(database, database.clock())
    await book(database, Ended(CallKey("pbx-1", "c.1"), database.clock(), "abandoned", "16"))
    refused = await operator.post(CALL_BACK, json=DESK)
    assert (refused.status_code, refused.json()["error"]) == (409, "control_not_configured")
