"""Versions of the rules by the API: who makes them, when they hold, what they would do. On both databases."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from db import tables
from db.engine import Database
from routing import outbox
from tests.conftest import START, SetClock
from tests.intake.conftest import Client, Json, LogIn, add_agency

RULES: list[Json] = [
    {"kinds": ["kebakaran"], "priorities": ["P1"], "agencies": [{"agency": "damkar", "next": "bpbd"}], "note": "api"},
    {
        "hours": [{"days": [5, 6], "from": "22:00", "to": "06:00"}, {"from": "08:00", "to": "24:00"}],
        "agencies": [{"agency": "bpbd", "accept_within_s": 120}, {"agency": "damkar"}],
        "automatic": True,
    },
]


@pytest.fixture
async def supervisor(as_role: LogIn, database: Database) -> Client:
    """A supervisor's client, where damkar (with a rule for fires) and bpbd are there."""
    await add_agency(database, "damkar", "kebakaran")
    await add_agency(database, "bpbd")
    return await as_role("supervisor")


async def made(client: Client, based_on: int, rules: list[Json], **more: object) -> Json:
    """Make a version that must be taken."""
    answer = await client.post("/api/v1/rules", json={"based_on": based_on, "rules": rules, **more})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def goes(client: Client, **report: object) -> list[tuple[str, int]]:
    """Simulate, and return the agencies and the rules."""
    answer = await client.post("/api/v1/rules/simulate", json=report)
    assert answer.status_code == 200, answer.text
    return [(one["agency"], one["rule"]) for one in answer.json()["goes_to"]]


async def remove(database: Database, code: str) -> None:
    """Remove an agency."""
    async with database.transaction() as tx:
        statement = text("UPDATE agencies SET removed_at = created_at WHERE code = :code")
        await tx.connection.execute(statement, {"code": code})


async def test_a_version_is_written_once_and_read_for_ever(supervisor: Client, database: Database) -> None:
    before = (await supervisor.get("/api/v1/rules")).json()
    assert (before["newest"], before["in_force"]["made_by"], before["waiting"]) == (1, "admin", [])
    version = await made(supervisor, 1, RULES, note="first of ours")
    assert (version["number"], version["made_by"], version["timezone"]) == (2, "the supervisor", "Asia/Jakarta")
    assert version["rules"][0] == {
        "number": 1,
        "kinds": ["kebakaran"],
        "priorities": ["P1"],
        "places": [],
        "hours": [],
        "agencies": [{"agency": "damkar", "accept_within_s": None, "next": "bpbd", "caller_number": None}],
        "automatic": False,
        "note": "api",
    }
    assert version["rules"][1]["hours"] == [
        {"days": [5, 6], "from": "22:00", "to": "06:00"},
        {"days": [1, 2, 3, 4, 5, 6, 7], "from": "08:00", "to": "24:00"},
    ]
    assert (await supervisor.get("/api/v1/rules")).json()["in_force"] == version
    assert (await supervisor.get("/api/v1/rules/1")).json() == before["in_force"]
    assert (await supervisor.get("/api/v1/rules/3")).json()["error"] == "unknown_rules_version"
    async with database.reading() as reading:
        row = (await reading.connection.execute(select(tables.audit).order_by(tables.audit.c.n.desc()))).first()
        told = await reading.connection.execute(select(tables.live_events).where(tables.live_events.c.kind == "rules"))
        assert [one.subject for one in told] == ["1", "2"]
    assert row is not None
    assert (row.actor, row.action, row.subject) == ("the supervisor", "rules.made", "rules:2")
    assert '"automatic":["2"],"based_on":1' in row.detail


async def test_a_version_with_a_later_date_waits_and_then_holds_by_itself(
    supervisor: Client, database: Database, clock: SetClock
) -> None:
    later = START + timedelta(hours=2)
    await made(supervisor, 1, RULES[1:], effective_from=later.isoformat())
    mended = await made(supervisor, 2, RULES[:1], effective_from=later.isoformat(), note="the same date: this one")
    now = (await supervisor.get("/api/v1/rules")).json()
    assert (now["newest"], now["in_force"]["number"], now["waiting"]) == (3, 1, [mended])
    assert await goes(supervisor, kind="kebakaran", priority="P2") == [("damkar", 1)]
    assert await goes(supervisor, kind="kebakaran", priority="P2", at=later.isoformat()) == []
    assert await goes(supervisor, kind="kebakaran", version=2) == [("bpbd", 1), ("damkar", 1)]
    clock.now = later
    now = (await supervisor.get("/api/v1/rules")).json()
    assert (now["in_force"], now["waiting"]) == (mended, [])
    assert await goes(supervisor, kind="kebakaran", priority="P2") == []


async def test_what_is_made_last_from_now_on_holds_though_a_faster_clock_made_one_before(
    supervisor: Client, database: Database, clock: SetClock
) -> None:
    await made(supervisor, 1, RULES[1:])
    clock.forward(seconds=-3)  # another machine
    last = await made(supervisor, 2, RULES[:1])
    await add_agency(database, "psc119", "laka")
    clock.forward(seconds=10)
    held = (await supervisor.get("/api/v1/rules")).json()
    assert (held["waiting"], held["in_force"]["rules"][:1]) == ([], last["rules"])
    assert await goes(supervisor, kind="laka") == [("psc119", 2)]


async def test_an_agency_that_is_added_is_in_what_waits_too(
    supervisor: Client, database: Database, clock: SetClock
) -> None:
    """Its rule must not be gone tomorrow, when a version that was made before it begins to hold."""
    later = START + timedelta(days=1)
    await made(supervisor, 1, RULES, effective_from=later.isoformat())
    await add_agency(database, "psc119", "laka", "ambulans")
    now = (await supervisor.get("/api/v1/rules")).json()
    assert (now["newest"], now["in_force"]["number"], [one["number"] for one in now["waiting"]]) == (4, 3, [4])
    assert await goes(supervisor, kind="laka") == [("psc119", 2)]
    clock.now = later
    assert await goes(supervisor, kind="laka", at="2026-03-16T07:00:00+07:00") == [("psc119", 3)]
    waited = (await supervisor.get("/api/v1/rules")).json()["in_force"]
    assert (waited["timezone"], waited["rules"][:2]) == ("Asia/Jakarta", now["waiting"][0]["rules"][:2])


async def test_agencies_that_are_added_at_once_all_have_their_rule(supervisor: Client, database: Database) -> None:
    kinds = ("laka", "banjir", "pohon", "hewan")
    await asyncio.gather(*(add_agency(database, f"agency-{kind}", kind) for kind in kinds))
    for kind in kinds:
        assert [agency for agency, _ in await goes(supervisor, kind=kind)] == [f"agency-{kind}"]


async def test_of_two_supervisors_at_once_one_is_told(supervisor: Client) -> None:
    body = {"based_on": 1, "rules": RULES}
    answers = await asyncio.gather(*(supervisor.post("/api/v1/rules", json=body) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    (refused,) = (answer.json() for answer in answers if answer.status_code == 409)
    assert refused["error"] == "stale_rules"
    for seen in (0, 1, 3):
        late = await supervisor.post("/api/v1/rules", json=body | {"based_on": seen})
        assert late.status_code == 409
    assert (await supervisor.get("/api/v1/rules")).json()["newest"] == 2


async def test_an_operator_reads_and_tries_but_makes_none(operator: Client, database: Database) -> None:
    token = await add_agency(database, "damkar", "kebakaran")
    answer = await operator.post("/api/v1/rules", json={"based_on": 1, "rules": RULES[:1]})
    assert (answer.status_code, answer.json()["error"]) == (403, "not_allowed")
    assert await goes(operator, kind="kebakaran") == [("damkar", 1)]
    operator.headers["Authorization"] = f"Bearer {token}"
    for path in ("rules", "rules/1"):
        assert (await operator.get(f"/api/v1/{path}")).status_code == 403
    assert (await operator.post("/api/v1/rules/simulate", json={})).status_code == 403


@pytest.mark.parametrize("database_kind", ["sqlite"])  # the words are made without SQL
async def test_what_cannot_hold_is_said_with_its_rule(supervisor: Client) -> None:
    damkar: Json = {"agencies": [{"agency": "damkar"}]}
    for rule, words in (
        ({"agencies": [{"agency": "pmi"}]}, "Rule 2: there is no agency 'pmi'. GET /api/v1/agencies"),
        (damkar | {"kinds": ["naga"]}, "Rule 2: there is no kind 'naga'. GET /api/v1/kinds"),
        ({"agencies": [{"agency": "damkar", "next": "damkar"}]}, "Rule 2: its ladder goes round: damkar → damkar."),
        (damkar | {"hours": [{"from": "24:00", "to": "06:00"}]}, "Rule 2: its hours are none of a day."),
        (RULES[0], "Rule 2: it asks and sends the same as rule 1. Leave one of them out."),
    ):
        for path, more in (("rules", {"based_on": 1}), ("rules/simulate", {})):
            answer = await supervisor.post(f"/api/v1/{path}", json={"rules": [RULES[0], rule], **more})
            assert (answer.status_code, answer.json()["error"]) == (422, "unfit_rules"), answer.text
            assert answer.json()["message"].startswith(words)
    assert (await supervisor.get("/api/v1/rules")).json()["newest"] == 1


@pytest.mark.parametrize("database_kind", ["sqlite"])  # the words are made without SQL
async def test_other_refusals(supervisor: Client) -> None:
    past = {"based_on": 1, "rules": RULES, "effective_from": (START - timedelta(seconds=1)).isoformat()}
    for path, body, words in (
        ("rules", past, "in the past"),
        ("rules", {"based_on": 1, "rules": []}, "rules"),
        (
            "rules",
            {"based_on": 1, "rules": [RULES[0] | {"hours": [{"from": "8:00", "to": "9:00"}]}]},
            "rules.0.hours.0",
        ),
        ("rules/simulate", {"version": 1, "rules": RULES}, "not both"),
        ("rules/simulate", {"kind": "naga"}, "no kind of report"),
    ):
        answer = await supervisor.post(f"/api/v1/{path}", json=body)
        assert answer.status_code == 422
        assert words in answer.json()["message"]
    assert (await supervisor.post("/api/v1/rules/simulate", json={"version": 9})).status_code == 404


async def test_the_simulator_gives_reasons_and_saves_nothing(supervisor: Client) -> None:
    body: Json = {"kind": "kebakaran", "places": ["kota"], "at": "2026-03-14T03:00:00+07:00", "rules": RULES}
    said = (await supervisor.post("/api/v1/rules/simulate", json=body)).json()
    assert (
        said["sentence"]
        == "This report would go to bpbd (120 s, by rule 2, automatically); damkar (300 s, by rule 2, automatically)."
    )
    assert said["version"] is None
    assert [(one["fits"], one["failed"], one["unknown"]) for one in said["rules"]] == [
        ("possible", [], ["priority"]),
        ("yes", [], []),
    ]
    said = (await supervisor.post("/api/v1/rules/simulate", json=body | {"at": "2026-03-13T03:00:00+07:00"})).json()
    assert said["rules"][1]["failed"] == ["hours"]
    assert said["rules"][1]["why"].endswith("now is Fri 03:00")
    assert said["goes_to"] == [
        {
            "agency": "damkar",
            "name": "Damkar",
            "accept_within_s": 300,
            "rule": 1,
            "certain": False,
            "chosen": True,
            "automatic": False,
            "caller_number": True,
        }
    ]
    assert (await supervisor.get("/api/v1/rules")).json()["newest"] == 1


async def test_who_is_no_more_is_skipped_and_said(supervisor: Client, database: Database) -> None:
    await made(supervisor, 1, [{"kinds": ["kebakaran"], "agencies": [{"agency": "damkar", "next": "bpbd"}]}, RULES[1]])
    await remove(database, "damkar")
    assert (await supervisor.get("/api/v1/rules")).json()["in_force"]["removed"] == ["damkar"]
    said = (await supervisor.post("/api/v1/rules/simulate", json={"kind": "kebakaran", "priority": "P1"})).json()
    assert [(one["agency"], one["rule"], one["accept_within_s"]) for one in said["goes_to"]] == [("bpbd", 1, 60)]
    assert said["rules"][0]["removed"] == ["damkar"]
    assert "damkar: removed, skipped" in said["rules"][0]["why"]
    body = {"source": "walk-in", "kind": "laka"}
    number = (await supervisor.post("/api/v1/reports", json=body)).json()["number"]
    proposed = (await supervisor.get(f"/api/v1/reports/{number}/dispatches/proposed")).json()
    assert ([one["agency"] for one in proposed["proposed"]], proposed["removed"]) == (["bpbd"], ["damkar"])


async def test_one_key_sends_where_it_is_certain(supervisor: Client, database: Database) -> None:
    places = [{"kinds": ["kebakaran"], "places": ["kota"], "agencies": [{"agency": "damkar"}]}]
    await made(supervisor, 1, [*places, {"kinds": ["kebakaran"], "agencies": [{"agency": "bpbd"}]}])
    number = (await supervisor.post("/api/v1/reports", json={"source": "walk-in", "kind": "kebakaran"})).json()[
        "number"
    ]
    url = f"/api/v1/reports/{number}/dispatches"
    proposed = (await supervisor.get(f"{url}/proposed")).json()["proposed"]
    assert [(one["agency"], one["certain"], one["chosen"]) for one in proposed] == [
        ("bpbd", True, True),
        ("damkar", False, False),
    ]
    sent = (await supervisor.post(url, json={})).json()["dispatches"]
    assert [(one["agency"], one["rule_version"], one["rule_number"]) for one in sent] == [("bpbd", 2, 2)]
    await made(supervisor, 2, places)
    sent = (await supervisor.post(url, json={})).json()["dispatches"]
    assert [(one["agency"], one["rule_version"], one["rule_number"]) for one in sent] == [("damkar", 3, 1)]
    async with database.transaction() as tx:
        await outbox.add_agency(tx, "pmi", "PMI", "https://8.8.8.8/hook", [], [])
    sent = (await supervisor.post(url, json={"agencies": ["pmi"]})).json()["dispatches"]
    assert [(one["rule_version"], one["rule_number"]) for one in sent] == [(None, None)], "a person chose"
