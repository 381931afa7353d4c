"""The number that rang stays with its call, whatever a person writes as the caller's number. On both databases."""

import json

import pytest

from db import controls
from db.engine import Database
from intake.facts import CallKey, Described
from tests.conftest import SetClock
from tests.intake.conftest import Client, Json, add_agency, book
from tests.intake.rang import E164, NUMBER, facts_of, rang, report_of
from tests.intake.test_aml import V1
from tests.intake.test_callers import change, known
from tests.intake.test_control_api import hand
from tests.intake.test_worklist import only
from tests.routing.cases import owed

OTHER, OTHER_E164 = "0818-1111-2222", "+6281811112222"


def caller_of(report: Json) -> Json:
    """Return a report's caller, with what a person wrote as the number."""
    return dict(report["caller"]) | {"typed": report["caller_typed"]}


async def wrote(client: Client, report: str, number: str | None) -> Json:
    """Let a person write the caller's number, and return the caller as it is then, with what the person wrote."""
    version = (await client.get(f"/api/v1/reports/{report}")).headers["ETag"]
    body = {"caller": {"number": number}}
    answer = await client.patch(f"/api/v1/reports/{report}", json=body, headers={"If-Match": version})
    assert answer.status_code == 200, answer.text
    return caller_of(answer.json())


async def searched(client: Client, text: str) -> list[str]:
    """Return the numbers of the reports that a search finds."""
    found = (await client.get("/api/v1/reports", params={"q": text})).json()["reports"]
    return [one["number"] for one in found]


async def test_a_persons_number_stands_beside_it(operator: Client, database: Database, clock: SetClock) -> None:
    report = await rang(database, clock(), 1, outcome="answered")
    as_it_rang: Json = {"number": E164, "number_raw": NUMBER, "name": None, "withheld": None, "typed": None}
    assert caller_of((await operator.get(f"/api/v1/reports/{report}")).json()) == as_it_rang
    written = await wrote(operator, report, OTHER)
    assert written == as_it_rang | {"number": OTHER_E164, "typed": OTHER}
    assert caller_of((await operator.get("/api/v1/reports")).json()["reports"][0]) == written
    for text in (NUMBER, E164, "1234567", OTHER, "11112222"):
        assert await searched(operator, text) == [report], text
    again = await rang(database, clock.forward(minutes=1), 2)
    shown = await known(operator, again)
    assert [one["number"] for one in shown["reports"]] == [report], "the old number's history"
    assert (await known(operator, report))["number"] == E164
    assert await wrote(operator, report, None) == as_it_rang | {"number": None}


@pytest.mark.parametrize("told_later", [True, False])
async def test_where_the_carrier_sent_none_it_is_the_persons(
    operator: Client, database: Database, clock: SetClock, told_later: bool
) -> None:
    ring, end = facts_of(clock(), 1, None)
    await book(database, ring)
    report = await report_of(database, 1)
    await wrote(operator, report, OTHER)
    if told_later:
        await book(database, Described(CallKey("pbx-1", "c.1"), clock.forward(seconds=1), False, NUMBER))
    await book(database, end)
    caller = caller_of((await operator.get(f"/api/v1/reports/{report}")).json())
    assert (caller["number"], caller["number_raw"]) == (OTHER_E164, NUMBER if told_later else None)
    assert (await only(operator))["number"] == (E164 if told_later else OTHER_E164)


async def test_the_handset_on_the_line_is_known_by_the_number_that_rang(
    operator: Client, database: Database, clock: SetClock
) -> None:
    await book(database, *facts_of(clock(), 1)[:1])
    report = await report_of(database, 1)
    await wrote(operator, report, OTHER)
    told = await operator.post("/api/v1/aml", json={"from": E164, "text": V1})
    assert (told.json()["state"], told.json()["report"]) == ("joined", report)


async def test_a_strike_marks_the_number_that_rang(operator: Client, database: Database, clock: SetClock) -> None:
    report = await rang(database, clock(), 1, outcome="answered")
    await change(operator, report, **{"class": "prank"})
    await wrote(operator, report, OTHER)
    assert (await operator.post(f"/api/v1/reports/{report}/strike", json={})).status_code == 201
    rings = await rang(database, clock.forward(minutes=1), 2)
    named = await rang(database, clock.forward(minutes=1), 3, OTHER)
    assert [len((await known(operator, one))["strikes"]) for one in (rings, named)] == [1, 0]


async def test_who_is_called_back(operator: Client, database: Database, clock: SetClock) -> None:
    await hand(database)
    report = await rang(database, clock(), 1)
    item = await only(operator)
    for number, expected in ((OTHER, OTHER_E164), (None, E164)):
        await wrote(operator, report, number)
        asked = await operator.post(f"/api/v1/worklist/{item['id']}/call-back", json={"device": "PJSIP/op1"})
        assert asked.status_code == 202, asked.text
        async with database.transaction() as tx:
            (row,) = await controls.unfinished(tx, "pbx-1")
            await controls.end(tx, row.id, "failed", "busy", "")
        assert row.arguments["number"] == expected


async def test_of_a_switchboard_the_persons_number_is_one_callers(
    operator: Client, database: Database, clock: SetClock
) -> None:
    await operator.post("/api/v1/pilots", json={"number": "0328662112", "name": "RSUD Contoh"})
    report = await rang(database, clock(), 1, "0328662112", outcome="answered")
    assert (await known(operator, report))["why"] == "pilot"
    await wrote(operator, report, OTHER)
    shown = await known(operator, report)
    assert (shown["takes_part"], shown["number"]) == (True, OTHER_E164)


async def test_agencies_have_both_numbers(operator: Client, database: Database, clock: SetClock) -> None:
    await add_agency(database, "damkar")
    report = await rang(database, clock(), 1, outcome="answered")
    sent = await operator.post(f"/api/v1/reports/{report}/dispatches", json={"agencies": ["damkar"]})
    for number in (OTHER, "pos 2, minta Pak Contoh", None):
        await wrote(operator, report, number)
    async with database.reading() as reading:
        envelopes = await owed(reading, sent.json()["dispatches"][0]["id"])
    told = [json.loads(one.body)["data"]["report"]["caller"] for one in envelopes]
    assert [(one["number"], one["number_raw"], one["typed"]) for one in told] == [
        (E164, NUMBER, None),
        (OTHER_E164, NUMBER, OTHER),
        (None, NUMBER, "pos 2, minta Pak Contoh"),
        (None, NUMBER, None),
    ]
