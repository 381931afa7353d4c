"""What is known of a caller by the number, at the ring: history, whose number takes part, the centre's own rules."""

import pytest

from db import controls
from db.engine import Database
from tests.conftest import SetClock
from tests.intake.conftest import Client, Json, LogIn, book
from tests.intake.rang import E164, NUMBER, facts_of, rang, report_of
from tests.intake.test_control_api import hand

RULES = "/api/v1/caller-rules"
ASK = "No call back possible: ask for a number."


async def known(client: Client, report: str) -> Json:
    """Return what is known of a report's caller."""
    answer = await client.get(f"/api/v1/reports/{report}/caller")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def change(client: Client, report: str, **fields: str) -> None:
    """Change fields of a report."""
    version = (await client.get(f"/api/v1/reports/{report}")).headers["ETag"]
    changed = await client.patch(f"/api/v1/reports/{report}", json=fields, headers={"If-Match": version})
    assert changed.status_code == 200, changed.text
    assert changed.headers["ETag"] == (await client.get(f"/api/v1/reports/{report}")).headers["ETag"]


async def test_what_a_number_did_before(operator: Client, database: Database, clock: SetClock) -> None:
    old = await rang(database, clock(), 1, outcome="answered")
    await change(operator, old, **{"class": "prank", "status": "closed"})
    clock.forward(days=31)
    for n in (2, 3):
        report = await rang(database, clock.forward(minutes=1), n, outcome="answered")
        await change(operator, report, **{"class": "prank", "status": "closed"})
    still_open = await rang(database, clock.forward(minutes=1), 4, outcome="answered")
    await rang(database, clock.forward(minutes=1), 5, "081299999999")
    walk_in = await operator.post("/api/v1/reports", json={"source": "walk-in", "caller": {"number": NUMBER}})
    a_test = await rang(database, clock.forward(minutes=1), 6, outcome="answered")
    await change(operator, a_test, **{"class": "test"})
    now = await rang(database, clock.forward(minutes=1), 7)
    shown = await known(operator, now)
    assert (shown["number"], shown["takes_part"], shown["advice"], shown["marked"]) == (E164, True, None, False)
    assert (shown["total"], shown["not_closed"]) == (5, 2)
    assert {name: shown["tally"][name] for name in ("prank", "normal", "ghost", "unanswered")} == {
        "prank": 2,
        "normal": 2,
        "ghost": 0,
        "unanswered": 0,
    }
    order = [one["number"] for one in shown["reports"]]
    assert order[:2] == [walk_in.json()["number"], still_open], "what is not closed comes first"
    assert old in order
    assert [one["linked"] for one in shown["reports"]] == [False] * 5
    assert shown["worklist"] is not None


async def test_the_queue_shows_it_beside_each_number(operator: Client, database: Database, clock: SetClock) -> None:
    for n in (1, 2):
        report = await rang(database, clock.forward(minutes=1), n, outcome="answered")
        await change(operator, report, **{"class": "prank", "status": "closed" if n == 1 else "working"})
    for n, number in enumerate((NUMBER, "anonymous", "081299999999"), 3):
        await book(database, facts_of(clock.forward(seconds=1), n, number)[0])
    report = await report_of(database, 2)
    known_one, nobody, new = (await operator.get("/api/v1/calls/callers")).json()["callers"]
    assert (known_one["tally"]["prank"], known_one["not_closed"], known_one["open_report"]) == (2, 1, report)
    assert (nobody["takes_part"], nobody["advice"], nobody["tally"], nobody["open_report"]) == (False, ASK, None, None)
    assert (new["takes_part"], new["tally"]["prank"], new["open_report"], new["marked"]) == (True, 0, None, False)


@pytest.mark.parametrize("number", [None, "", "anonymous", "<unknown>", "356938035643809", "112", "1500123"])
async def test_a_number_that_is_nobodys_takes_part_in_nothing(
    operator: Client, database: Database, clock: SetClock, number: str | None
) -> None:
    await rang(database, clock(), 1, number, outcome="answered")
    report = await rang(database, clock.forward(minutes=1), 2, number, outcome="answered")
    shown = await known(operator, report)
    assert (shown["takes_part"], shown["why"], shown["advice"]) == (False, "no_number", ASK)
    assert (shown["total"], shown["reports"]) == (0, [])


async def test_a_switchboard_is_many_people(operator: Client, database: Database, clock: SetClock) -> None:
    seq = (await operator.get("/api/v1/state")).json()["seq"]
    marked = await operator.post("/api/v1/pilots", json={"number": "(0328) 662112", "name": "RSUD Contoh"})
    assert (marked.status_code, marked.json()["number"]) == (201, "+62328662112")
    assert (await operator.get("/api/v1/state")).json()["seq"] == seq + 1
    first = await rang(database, clock(), 1, "62328662112")
    second = await rang(database, clock.forward(minutes=1), 2, "0328662112", outcome="answered")
    shown = await known(operator, second)
    assert (shown["why"], shown["pilot"], shown["advice"], shown["total"]) == ("pilot", "RSUD Contoh", ASK, 0)
    assert (await operator.get(f"/api/v1/reports/{first}/links")).json()["links"] == []
    again = await operator.post("/api/v1/pilots", json={"number": "0328662112", "name": "RSUD"})
    assert (again.status_code, again.json()["error"]) == (409, "already_marked")
    wrong = await operator.post("/api/v1/pilots", json={"number": "112", "name": "kami"})
    assert (wrong.status_code, wrong.json()["error"]) == (422, "unfit_number")
    (pilot,) = (await operator.get("/api/v1/pilots")).json()["pilots"]
    assert (await operator.delete(f"/api/v1/pilots/{pilot['id']}")).status_code == 204
    assert (await operator.delete(f"/api/v1/pilots/{pilot['id']}")).status_code == 404
    assert (await known(operator, second))["total"] == 1


async def test_each_trunk_writes_numbers_its_own_way(as_role: LogIn, database: Database, clock: SetClock) -> None:
    client = await as_role("supervisor")
    trunks: Json = {"telkom": {"area": "0328", "out": "national"}, "gsm": {"strip": "9", "out": "digits"}}
    saved = await client.put(RULES, json={"based_on": 0, "rules": {"trunks": trunks}})
    assert saved.status_code == 200, saved.text
    calls = [("telkom", "662112", "0328662112"), ("gsm", "9081234567890", "6281234567890"), ("x", "081234567891", None)]
    for n, (trunk, raw, _) in enumerate(calls):
        report = await rang(database, clock.forward(minutes=1), n, raw, trunk=trunk)
        await hand(database)
        asked = await client.post(f"/api/v1/reports/{report}/call-back", json={"device": "PJSIP/op1"})
        assert asked.status_code == 202, asked.text
        assert (await client.get(f"/api/v1/reports/{report}")).json()["caller"]["number_raw"] == raw
    async with database.reading() as reading:
        asked_for = [row.arguments["number"] for row in await controls.unfinished(reading, "pbx-1")]
    assert asked_for == ["0328662112", "6281234567890", "+6281234567891"]


async def test_the_rules_are_a_supervisors_and_nobody_overwrites_another(as_role: LogIn) -> None:
    client = await as_role("operator")
    usual = (await client.get(RULES)).json()
    assert (usual["version"], usual["rules"]["short_call_s"], usual["rules"]["trunks"]) == (0, 5, {})
    changed: Json = {"based_on": 0, "rules": usual["rules"] | {"short_call_s": 8}}
    assert (await client.put(RULES, json=changed)).status_code == 403
    await as_role("supervisor")
    assert (await client.put(RULES, json=changed)).json()["version"] == 1
    assert (await client.get(RULES)).json()["rules"] == changed["rules"]
    refused = await client.put(RULES, json=changed)
    assert (refused.status_code, refused.json()["error"]) == (409, "rules_changed")
