"""Callers whom nobody talked to are called back: once for each number, by steps, and no promise is lost."""

import asyncio
from datetime import timedelta

import pytest

from ami_bridge.call_backs import channel_of
from db import live
from db.engine import Database
from intake import unanswered
from intake.facts import (
    CallBackBegan,
    CallBackOver,
    CallBackResult,
    CallBackTaken,
    CallKey,
    Ended,
    MenuAnswered,
    OurTest,
    Outcome,
)
from tests.conftest import SetClock
from tests.intake.conftest import Client, Json, LogIn, book
from tests.intake.rang import E164, facts_of, rang, report_of
from tests.intake.test_control_api import hand

WORKLIST = "/api/v1/worklist"
DESK: Json = {"device": "PJSIP/op1"}
NOT_REACHED: tuple[CallBackResult, ...] = ("busy", "no_answer", "unreachable")


async def listed(client: Client, **which: str) -> Json:
    """Return the worklist."""
    answer = await client.get(WORKLIST, params=which)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def only(client: Client, **which: str) -> Json:
    """Return its only item."""
    (item,) = (await listed(client, **which))["items"]
    return dict(item)


async def links(client: Client, report: str) -> list[tuple[str, str, str | None]]:
    """Return a report's links that hold: from, to, and the rule."""
    found = (await client.get(f"/api/v1/reports/{report}/links")).json()["links"]
    return [(one["report"], one["to"], one["rule"]) for one in found if one["undone_at"] is None]


async def entries(client: Client, report: str) -> list[str]:
    """Return a report's entries."""
    return [one["text"] for one in (await client.get(f"/api/v1/reports/{report}")).json()["entries"]]


async def test_one_item_for_a_number_however_often_it_rings(
    operator: Client, database: Database, clock: SetClock
) -> None:
    first = await rang(database, clock(), 1)
    second = await rang(database, clock.forward(minutes=2), 2)
    other = await rang(database, clock.forward(minutes=1), 3, "081299999999")
    shown = await listed(operator)
    assert (shown["owed"], shown["not_owed"], shown["owed_24h"]) == (2, 0, 2)
    assert [(one["reports"], one["rings"]) for one in shown["items"]] == [([first, second], 2), ([other], 1)]
    item = shown["items"][0]
    assert (item["number"], item["reason"], item["next_step"], item["overdue"]) == (
        E164,
        "abandoned",
        "call_back",
        False,
    )
    assert await links(operator, second) == await links(operator, first) == [(second, first, "same_number")]
    assert f"Tautan ke {first}: nomor yang sama menelepon lagi; dapat dibatalkan" in await entries(operator, second)
    assert f"Tautan dari {second}: nomor yang sama menelepon lagi; dapat dibatalkan" in await entries(operator, first)
    clock.forward(minutes=6)
    assert (await listed(operator))["items"][0]["overdue"] is True


async def test_it_is_born_with_the_end_and_told(operator: Client, database: Database, clock: SetClock) -> None:
    *before, end = facts_of(clock(), 1)
    await book(database, *before)
    assert (await listed(operator))["items"] == []
    seq = (await operator.get("/api/v1/state")).json()["seq"]
    await book(database, end)
    item = await only(operator)
    async with database.reading() as reading:
        told = [(one.kind, one.subject) for one in await live.after(reading, seq)]
    assert ("worklist", item["id"]) in told


async def test_two_calls_of_a_number_that_end_at_once_are_one_item(
    operator: Client, database: Database, clock: SetClock
) -> None:
    ends = []
    for n in range(1, 5):
        *before, end = facts_of(clock(), n)
        await book(database, *before)
        ends += [end, end]  # two bridges
    await asyncio.gather(*(book(database, end) for end in ends))
    item = await only(operator)
    assert (item["rings"], len(item["reports"])) == (4, 4)


async def test_a_batch_of_many_calls_is_held_like_one_after_the_other(
    operator: Client, database: Database, clock: SetClock
) -> None:
    known = await rang(database, clock(), 1, "081299999991")
    answered = facts_of(clock.forward(minutes=2), 4, "081299999993", outcome="answered")
    told = [
        *facts_of(clock() - timedelta(minutes=1), 2),
        *facts_of(clock(), 3, "081299999992", lasted_s=3),  # short, and alone
        *answered,
        *facts_of(clock() - timedelta(minutes=1), 5, "081299999993"),  # somebody has talked to it since
        *facts_of(clock(), 6, "081299999991"),
        *facts_of(clock(), 7),
    ]
    await book(database, *told)
    reports = {n: await report_of(database, n) for n in range(2, 8)}
    shown = {tuple(one["reports"]): one for one in (await listed(operator))["items"]}
    assert shown.keys() == {(known, reports[6]), (reports[2], reports[7]), (reports[3],)}
    assert {of: (one["rings"], one["short_rings"], one["owed_at"] is not None) for of, one in shown.items()} == {
        (known, reports[6]): (2, 0, True),
        (reports[2], reports[7]): (2, 0, True),
        (reports[3],): (1, 1, False),
    }
    one_link = [(reports[5], reports[4], "same_number")]  # from what was opened later, whoever was told first
    assert (await links(operator, reports[4]), await links(operator, reports[5])) == (one_link, one_link)
    await book(database, *told)
    assert len((await listed(operator))["items"]) == 3


async def test_short_calls_are_listed_and_owed_when_they_repeat(
    operator: Client, database: Database, clock: SetClock
) -> None:
    for n in (1, 2):
        await rang(database, clock.forward(minutes=1), n, lasted_s=3)
        item = await only(operator, owed="false")
        assert (item["rings"], item["short_rings"], item["owed_at"], item["due_at"]) == (n, n, None, None)
    assert (await listed(operator, owed="true"))["items"] == []
    await rang(database, clock.forward(minutes=1), 3, lasted_s=3)
    item = await only(operator, owed="true")
    assert (item["rings"], item["short_rings"]) == (3, 3)


async def test_a_long_one_is_owed_at_once_and_short_ones_of_yesterday_are_forgotten(
    operator: Client, database: Database, clock: SetClock
) -> None:
    await rang(database, clock(), 1, lasted_s=3)
    await rang(database, clock(), 2, "081299999999", lasted_s=3)
    await rang(database, clock.forward(minutes=1), 3, "081299999999")
    assert (await only(operator, owed="true"))["rings"] == 2
    await rang(database, clock.forward(hours=25), 4, lasted_s=3)
    (_, again) = (await listed(operator))["items"]
    assert (again["rings"], again["reports"]) == (1, [await report_of(database, 4)])
    assert (await only(operator, closed="true"))["closed_because"] == "not_repeated"


async def test_a_later_answered_call_closes_it_by_a_link_that_can_be_undone(
    operator: Client, database: Database, clock: SetClock
) -> None:
    first = await rang(database, clock(), 1)
    before = await only(operator)
    second = await rang(database, clock.forward(minutes=2), 2, outcome="answered")
    closed = await only(operator, closed="true")
    assert (closed["id"], closed["closed_because"], closed["reports"]) == (before["id"], "answered", [first])
    (link,) = (await operator.get(f"/api/v1/reports/{second}/links")).json()["links"]
    assert (link["report"], link["to"], link["made_by"]) == (second, first, "aturan otomatis")
    assert (await operator.post(f"/api/v1/links/{link['id']}/undo")).status_code == 200
    assert (await only(operator))["id"] == before["id"]
    await book(database, *facts_of(clock(), 2, outcome="answered"))
    assert await links(operator, second) == []
    again = await operator.post(f"/api/v1/links/{link['id']}/undo")
    assert (again.status_code, again.json()["error"]) == (409, "link_undone")


async def test_a_link_that_a_person_has_undone_closes_nothing_at_the_end_of_the_call(
    operator: Client, database: Database, clock: SetClock
) -> None:
    await rang(database, clock(), 1)
    ring, taken, end = facts_of(clock.forward(minutes=2), 2, outcome="answered")
    await book(database, ring, taken)
    assert (await listed(operator))["items"] == []
    (link,) = (await operator.get(f"/api/v1/reports/{await report_of(database, 2)}/links")).json()["links"]
    assert (await operator.post(f"/api/v1/links/{link['id']}/undo")).status_code == 200
    await book(database, end)
    assert (await only(operator))["rings"] == 1


async def test_who_rings_all_night_fills_no_report_with_links(
    operator: Client, database: Database, clock: SetClock
) -> None:
    at = clock()
    await book(database, *(fact for n in range(40) for fact in facts_of(at + timedelta(seconds=n), n)))
    item = await only(operator)
    assert (item["rings"], len(item["reports"])) == (40, 40)
    said = [one for one in await entries(operator, item["reports"][0]) if one.startswith("Tautan")]
    assert len(said) == 30
    assert said[-1].endswith("(tautan berikutnya tidak dicatat lagi di sini, setelah 30)")
    assert len(await links(operator, item["reports"][0])) == 39


async def test_a_call_that_is_learnt_late_after_its_number_was_answered_is_only_linked(
    operator: Client, database: Database, clock: SetClock
) -> None:
    at = clock()
    answered = await rang(database, clock.forward(minutes=5), 2, outcome="answered")
    late = await rang(database, at, 1)
    assert (await listed(operator))["items"] == []
    assert len(await links(operator, late)) == len(await links(operator, answered)) == 1


async def test_who_gives_up_while_another_of_the_number_is_answered_is_owed_when_that_was_somebody_else(
    operator: Client, database: Database, clock: SetClock
) -> None:
    ring, end = facts_of(clock(), 1, lasted_s=60, outcome="overflow")
    await book(database, ring, MenuAnswered(CallKey("pbx-1", "c.1"), clock(), "l.1"))
    second = await rang(database, clock.forward(seconds=10), 2, outcome="answered")
    await book(database, end)
    first = f"/api/v1/reports/{await report_of(database, 1)}"
    assert (await only(operator, closed="true"))["closed_because"] == "answered"
    assert (await operator.get(first)).json()["call"]["call_back_owed"] is False
    (link,) = (await operator.get(f"/api/v1/reports/{second}/links")).json()["links"]
    assert (await operator.post(f"/api/v1/links/{link['id']}/undo")).status_code == 200
    item = await only(operator)
    assert (item["reason"], item["owed_at"] is not None) == ("overflow", True)
    assert (await operator.get(first)).json()["call"]["call_back_owed"] is True


async def test_an_answer_before_the_call_that_was_given_up_closes_nothing(
    operator: Client, database: Database, clock: SetClock
) -> None:
    at = clock()
    await rang(database, clock.forward(minutes=5), 2)
    await rang(database, at, 1, outcome="answered")
    assert (await only(operator))["rings"] == 1


async def test_an_unknown_end_is_owed_until_somebody_knows_better(
    operator: Client, database: Database, clock: SetClock
) -> None:
    await rang(database, clock(), 1, outcome=None)
    assert (await only(operator))["reason"] == "unknown"
    await book(database, Ended(CallKey("pbx-1", "c.1"), clock(), "answered", "16"))
    assert (await only(operator, closed="true"))["closed_because"] == "answered"


@pytest.mark.parametrize("number", [None, "anonymous", "<unknown>", "356938035643809", "112", "0328662112"])
async def test_who_cannot_be_called_back_is_no_item_but_counted(
    operator: Client, database: Database, clock: SetClock, number: str | None
) -> None:
    pilot = number == "0328662112"
    if pilot:
        marked = await operator.post("/api/v1/pilots", json={"number": number, "name": "RSUD"})
        assert marked.status_code == 201, marked.text
    await rang(database, clock(), 1, number)
    shown = await listed(operator)
    assert (shown["items"], shown["without_number"]) == ([], 0 if pilot else 1)


async def test_our_own_test_calls_are_never_on_it(operator: Client, database: Database, clock: SetClock) -> None:
    ring, end = facts_of(clock(), 1)
    await book(database, ring, OurTest(CallKey("pbx-1", "c.1"), clock()))
    await book(database, end)
    shown = await listed(operator)
    assert (shown["items"], shown["without_number"]) == ([], 0)


@pytest.mark.parametrize("number", ["081234567890", None])
async def test_what_the_voice_menu_promised_is_the_same_worklist(
    operator: Client, database: Database, clock: SetClock, number: str | None
) -> None:
    ring, end = facts_of(clock(), 1, number, lasted_s=3, outcome="overflow")
    await book(database, ring, MenuAnswered(CallKey("pbx-1", "c.1"), clock(), "l.1"), end)
    item = await only(operator)
    assert (item["reason"], item["owed_at"] is not None, item["number"] is None) == ("overflow", True, number is None)
    report = f"/api/v1/reports/{item['reports'][0]}"
    assert (await operator.get(report)).json()["call"]["call_back_owed"] is True
    closing = {"because": "not_needed", "note": "salah sambung"}
    assert (await operator.post(f"{WORKLIST}/{item['id']}/close", json=closing)).status_code == 200
    shown = (await operator.get(report)).json()
    assert shown["call"]["call_back_owed"] is False
    assert shown["entries"][-1]["text"] == "Daftar telepon balik ditutup: tidak perlu ditelepon balik (salah sambung)"


async def test_a_promise_that_a_log_tells_after_the_end(operator: Client, database: Database, clock: SetClock) -> None:
    await rang(database, clock(), 1, lasted_s=3)
    assert (await only(operator))["owed_at"] is None
    for _ in range(2):
        await book(database, MenuAnswered(CallKey("pbx-1", "c.1"), clock(), "l.1"))
    item = await only(operator)
    assert (item["reason"], item["owed_at"] is not None, item["rings"]) == ("overflow", True, 1)


async def test_a_silent_caller_is_one_until_somebody_says_otherwise(
    operator: Client, database: Database, clock: SetClock
) -> None:
    ring, taken, end = facts_of(clock(), 1, outcome="answered")
    await book(database, ring, taken)
    report = f"/api/v1/reports/{await report_of(database, 1)}"

    async def classed(word: str) -> None:
        version = (await operator.get(report)).headers["ETag"]
        changed = await operator.patch(report, json={"class": word}, headers={"If-Match": version})
        assert changed.status_code == 200, changed.text
        assert changed.headers["ETag"] == (await operator.get(report)).headers["ETag"]

    await classed("ghost")
    await book(database, end)  # the desk hangs up afterwards, and that is no answer to a caller who says nothing
    item = await only(operator)
    assert (item["reason"], item["owed_at"] is not None) == ("silent", True)
    for word in ("information", "normal", "prank"):
        await classed(word)
        assert (await only(operator, closed="true"))["id"] == item["id"]
    await classed("ghost")
    assert (await only(operator))["id"] == item["id"], "a slip of the key forgets nobody"
    await classed("test")
    await classed("normal")
    assert (await listed(operator))["items"] == []


async def test_a_call_that_was_no_test_after_all_is_owed_again(
    operator: Client, database: Database, clock: SetClock
) -> None:
    report = f"/api/v1/reports/{await rang(database, clock(), 1)}"
    for word, items in (("test", 0), ("normal", 1)):
        version = (await operator.get(report)).headers["ETag"]
        assert (await operator.patch(report, json={"class": word}, headers={"If-Match": version})).status_code == 200
        assert len((await listed(operator))["items"]) == items, word


async def test_the_steps_of_the_procedure(operator: Client, database: Database, clock: SetClock) -> None:
    await hand(database)
    await rang(database, clock(), 1)
    item = await only(operator)
    path = f"{WORKLIST}/{item['id']}"
    for tries, result in enumerate(NOT_REACHED, 1):
        left = await operator.post(f"{path}/close", json={"because": "unreachable"})
        assert (left.status_code, left.json()["error"]) == (409, "steps_left")
        await called_back(operator, database, clock, path, result)
        assert (await only(operator))["tries"] == tries
    shown = (await operator.get(path)).json()
    assert (shown["owner"], shown["next_step"]) == ("the operator", "message")
    for step, following in (("message", "search"), ("search", "close")):
        done = await operator.post(f"{path}/steps", json={"step": step, "note": "tidak ada"})
        assert (done.status_code, done.json()["next_step"]) == (201, following)
    shown = (await operator.get(path)).json()
    assert [(one["step"], one["result"]) for one in shown["steps"]] == [
        ("call_back", "busy"),
        ("call_back", "no_answer"),
        ("call_back", "unreachable"),
        ("message", None),
        ("search", None),
    ]
    assert (await operator.post(f"{path}/close", json={"because": "unreachable"})).status_code == 200
    for refused in (
        await operator.post(f"{path}/steps", json={"step": "search"}),
        await operator.post(f"{path}/call-back", json=DESK),
        await operator.post(f"{path}/take"),
        await operator.post(f"{path}/close", json={"because": "found"}),
    ):
        assert (refused.status_code, refused.json()["error"]) == (409, "item_closed")


async def called_back(
    client: Client, database: Database, clock: SetClock, path: str, result: CallBackResult | None
) -> None:
    """Call back by one request, and let the line tell how it ended."""
    asked = await client.post(f"{path}/call-back", json=DESK)
    assert asked.status_code == 202, asked.text
    key = CallKey("pbx-1", channel_of(asked.json()["id"]))
    await book(database, CallBackBegan(key, clock(), "PJSIP/op1"))
    if result is None:
        await book(database, CallBackTaken(key, clock.forward(seconds=5)))
    await book(database, CallBackOver(key, clock.forward(seconds=5), result, "16"))


@pytest.mark.parametrize("by_report", [False, True])
async def test_a_call_back_that_is_answered_closes_it_by_itself(
    operator: Client, database: Database, clock: SetClock, by_report: bool
) -> None:
    await hand(database)
    report = await rang(database, clock(), 1)
    item = await only(operator)
    path = f"/api/v1/reports/{report}" if by_report else f"{WORKLIST}/{item['id']}"
    await called_back(operator, database, clock, path, None)
    closed = await only(operator, closed="true")
    assert (closed["closed_because"], closed["closed_by"], closed["owner"]) == (
        "called_back",
        "the operator",
        "the operator",
    )
    assert [(one["step"], one["result"]) for one in closed["steps"]] == [("call_back", "done")]
    again = await rang(database, clock.forward(minutes=5), 2)
    assert (await only(operator))["reports"] == [again], "a new spell"
    assert await links(operator, again) == [(again, report, "same_number")]


async def test_who_is_on_the_line_is_not_called_back(operator: Client, database: Database, clock: SetClock) -> None:
    await hand(database)
    await rang(database, clock(), 1)
    item = await only(operator)
    await book(database, facts_of(clock.forward(minutes=1), 2)[0])
    refused = await operator.post(f"{WORKLIST}/{item['id']}/call-back", json=DESK)
    assert (refused.status_code, refused.json()["error"]) == (409, "caller_on_line")


async def test_one_item_one_owner(as_role: LogIn, database: Database, clock: SetClock) -> None:
    client = await as_role("operator")
    await rang(database, clock(), 1)
    path = f"{WORKLIST}/{(await only(client))['id']}/take"
    assert (await client.post(path)).json()["owner"] == "the operator"
    await as_role("supervisor")
    refused = await client.post(path)
    assert (refused.status_code, refused.json()["error"]) == (409, "item_taken")
    assert (await client.post(path, json={"over": True})).json()["owner"] == "the supervisor"
    assert (await only(client, owner="the supervisor"))["owner"] == "the supervisor"


async def test_more_than_a_day_can_bear_is_an_alarm_and_nothing_is_left_out(
    as_role: LogIn, database: Database, clock: SetClock
) -> None:
    client = await as_role("supervisor")
    rules = {"based_on": 0, "rules": {"daily_cap": 2}}
    assert (await client.put("/api/v1/caller-rules", json=rules)).status_code == 200
    for n in range(3):
        async with database.reading() as reading:
            assert await unanswered.alarms(reading) == []
        await rang(database, clock.forward(minutes=1), n, f"08123456780{n}")
    async with database.reading() as reading:
        (alarm,) = await unanswered.alarms(reading)
    assert alarm.code == "worklist_long"
    assert "3 callers" in alarm.message
    assert (await listed(client))["owed"] == 3


@pytest.mark.parametrize("outcome", ["abandoned", "failed"])
async def test_the_oldest_and_most_repeated_come_first(
    operator: Client, database: Database, clock: SetClock, outcome: Outcome
) -> None:
    for n, number in enumerate(("1", "2", "3", "3", "2", "4")):
        await rang(database, clock.forward(minutes=1), n, f"08123456780{number}", outcome=outcome)
    order = [one["number"][-1] for one in (await listed(operator))["items"]]
    assert order == ["2", "3", "1", "4"]
    due = [one["number"][-1] for one in (await listed(operator, order="due"))["items"]]
    assert due == ["1", "2", "3", "4"], "who is owed longest, however often the others rang"


async def test_an_item_that_is_not_there(operator: Client) -> None:
    for unknown in ("0190163d-8694-739b-aea5-966c26f8ad91", "x"):
        for answer in (
            await operator.get(f"{WORKLIST}/{unknown}"),
            await operator.post(f"{WORKLIST}/{unknown}/take"),
            await operator.post(f"{WORKLIST}/{unknown}/call-back", json=DESK),
            await operator.post(f"{WORKLIST}/{unknown}/close", json={"because": "found"}),
        ):
            assert (answer.status_code, answer.json()["error"]) == (404, "unknown_item")
