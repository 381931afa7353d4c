"""Whom nobody answered, and what they told the voice menu, as reports. On both databases."""

import json
from pathlib import Path

import pytest
from fastapi import FastAPI

from db import recordings
from db.engine import Database
from db.recordings import RecordingRow
from intake.api.app import create_app
from intake.facts import (
    Ended,
    Fact,
    LegEnded,
    Located,
    MenuAnswered,
    MenuChosen,
    MessageBegan,
    Outcome,
    Position,
    Queued,
    Taken,
)
from routing import rulebook
from routing.rules import Recipient, Rule
from tests.conftest import SetClock
from tests.intake.conftest import PUBLIC_URL, WIB, Client, Json, add_agency
from tests.intake.test_booking import ARRIVED, KEY, book, later
from tests.routing.cases import owed

REPORT = "/api/v1/reports/112-20260314-0001"
WAITED: list[Fact] = [ARRIVED, Queued(KEY, later(0.1), "112", "queue:1"), LegEnded(KEY, later(60), "queue:1", None)]
MENU: list[Fact] = [
    MenuAnswered(KEY, later(61), "l.2"),
    MenuChosen(KEY, later(70), "kebakaran"),
    MessageBegan(KEY, later(75), "c.1-message.wav"),
]
LEFT = LegEnded(KEY, later(100), "l.2", "16 Normal Clearing")


def ended(outcome: Outcome | None = "overflow") -> Ended:
    """The end of the call."""
    return Ended(KEY, later(120), outcome, "16 Normal Clearing")


@pytest.fixture
def app(database: Database, tmp_path: Path) -> FastAPI:
    """The application, with a store."""
    return create_app(database, public_url=PUBLIC_URL, timezone=WIB, store=tmp_path)


async def report(client: Client) -> Json:
    """Return the report as the desk sees it."""
    found: Json = (await client.get(REPORT)).json()
    return found


async def test_what_the_caller_told_the_menu_is_in_the_report(operator: Client, database: Database) -> None:
    await book(database, *WAITED, *MENU)
    during = await report(operator)
    assert (during["call"]["stage"], during["call"]["call_back_owed"]) == ("overflow", False)
    await book(database, LEFT, ended())
    after = await report(operator)
    assert (after["kind"], after["call"]["outcome"], after["call"]["call_back_owed"]) == ("kebakaran", "overflow", True)
    legs = [(leg["kind"], leg["device"], leg["taken"]) for leg in after["call"]["legs"]]
    assert legs == [("queue", "112", False), ("overflow", "menu", False)]
    assert all(leg["to"] for leg in after["call"]["legs"])
    assert [entry["text"] for entry in after["entries"]] == [
        "Tidak ada petugas yang menjawab: menu suara menjawab dan menjanjikan telepon balik",
        "Penelepon memilih di menu suara: kebakaran",
        "Penelepon diminta meninggalkan pesan suara",
        "Prioritas: – → P1 (menurut jenis)",
        "Panggilan hanya dijawab menu suara",
    ]


@pytest.mark.parametrize("at_once", [1, 8])
async def test_every_fact_twice_is_told_once(operator: Client, database: Database, at_once: int) -> None:
    facts = [*WAITED, *MENU, LEFT, ended()]
    for n in range(0, len(facts), at_once):
        await book(database, *facts[n : n + at_once])
    once = await report(operator)
    for fact in facts:
        await book(database, fact)
    await book(database, *facts)
    assert await report(operator) == once
    assert once["kind"] == "kebakaran"


async def test_facts_that_come_again_while_the_call_lasts_are_no_news(operator: Client, database: Database) -> None:
    await book(database, *WAITED, *MENU)
    once = await report(operator)
    await book(database, *WAITED, *MENU)
    assert await report(operator) == once


async def test_a_kind_that_a_person_set_stays(operator: Client, database: Database) -> None:
    await book(database, *WAITED)
    for kind in ("laut", None):
        version = (await report(operator))["version"]
        changed = await operator.patch(REPORT, json={"kind": kind}, headers={"If-Match": f'"{version}"'})
        assert changed.status_code == 200, changed.text
        await book(database, *MENU[:1], MenuChosen(KEY, later(70 if kind else 71), "kebakaran"))
        assert (await report(operator))["kind"] == kind


async def test_a_kind_that_the_centre_does_not_have_is_told_and_loses_nothing(
    operator: Client, database: Database
) -> None:
    await book(database, *WAITED, MENU[0], MenuChosen(KEY, later(70), "gempa"), MENU[2], ended())
    after = await report(operator)
    assert (after["kind"], after["call"]["outcome"]) == (None, "overflow")
    assert "Penelepon memilih di menu suara: gempa" in [entry["text"] for entry in after["entries"]]


@pytest.mark.parametrize("missed", ["abandoned", "failed"])
async def test_a_bridge_that_missed_the_menu_does_not_say_that_nobody_answered(
    operator: Client, database: Database, missed: Outcome
) -> None:
    await book(database, *WAITED, *MENU)
    await book(database, ended(missed))
    assert (await report(operator))["call"]["outcome"] == "overflow"


async def test_who_was_answered_after_the_menu_is_owed_nothing(operator: Client, database: Database) -> None:
    again: list[Fact] = [Queued(KEY, later(101), "112", "queue:2"), LegEnded(KEY, later(110), "queue:2", None)]
    await book(database, *WAITED, *MENU, LEFT, *again)
    assert (await report(operator))["call"]["stage"] == "queued"
    await book(database, Taken(KEY, later(110), "p.1", "PJSIP/op1", "op1"), ended("answered"))
    after = await report(operator)
    assert (after["call"]["outcome"], after["call"]["call_back_owed"]) == ("answered", False)


async def test_the_message_is_heard_beside_the_recording(
    operator: Client, database: Database, clock: SetClock, tmp_path: Path
) -> None:
    await book(database, *WAITED, *MENU, LEFT, ended())
    (tmp_path / "call.wav").write_bytes(b"the whole call")
    (tmp_path / "message.wav").write_bytes(b"the message")
    async with database.transaction() as tx:
        whole = RecordingRow(call_id=1, file="call.wav", bytes=14, seconds=120, fault=None, kept_at=clock())
        left = RecordingRow(
            call_id=1, part="message", file="message.wav", bytes=11, seconds=9, fault=None, kept_at=clock()
        )
        assert await recordings.keep(tx, whole)
        assert await recordings.keep(tx, left)
    for part, sound in (({}, b"the whole call"), ({"part": "message"}, b"the message")):
        play = await operator.post(f"{REPORT}/recording/plays", json={"reason": "call back", **part})
        heard = await operator.get(play.json()["url"])
        assert (heard.status_code, heard.content) == (200, sound)
    after = await report(operator)
    assert after["call"]["message"]["seconds"] == 9
    told = [entry["text"] for entry in after["entries"] if "didengarkan" in entry["text"]]
    assert told == [
        "Rekaman didengarkan oleh the operator: call back",
        "Pesan suara didengarkan oleh the operator: call back",
    ]
    other = await operator.post(f"{REPORT}/recording/plays", json={"reason": "why", "part": "voice"})
    assert other.status_code == 422


@pytest.mark.parametrize("outcome", [None, "abandoned", "failed"])
async def test_what_a_log_tells_of_the_menu_after_the_end_is_not_lost(
    operator: Client, database: Database, outcome: Outcome | None
) -> None:
    await book(database, *WAITED, ended(outcome))
    for fact in (*MENU, *MENU):
        await book(database, fact)
    after = await report(operator)
    call = after["call"]
    assert (call["outcome"], call["call_back_owed"], after["kind"]) == ("overflow", True, "kebakaran")
    assert [(leg["kind"], leg["to"]) for leg in call["legs"]][1][1] is not None
    texts = [one["text"] for one in after["entries"]]
    assert len(set(texts)) == len(texts) == 5, "each is told once, beside the end"


async def test_a_choice_that_is_told_again_with_another_time_is_one(operator: Client, database: Database) -> None:
    await book(database, *WAITED, *MENU)
    await book(database, MenuChosen(KEY, later(70.4), "kebakaran"))
    texts = [one["text"] for one in (await report(operator))["entries"]]
    assert texts.count("Penelepon memilih di menu suara: kebakaran") == 1


async def test_it_is_owed_though_nobody_knows_how_the_call_ended(operator: Client, database: Database) -> None:
    await book(database, *WAITED, *MENU, LEFT, ended(None))
    assert (await report(operator))["call"]["call_back_owed"] is True


async def test_a_mailbox_of_the_duty_officer_keeps_no_promise(operator: Client, database: Database) -> None:
    officer = Taken(KEY, later(110), "a.1", "PJSIP/trunk", None, "agency")
    await book(database, *WAITED, *MENU, LEFT, officer, ended("answered"))
    call = (await report(operator))["call"]
    assert (call["outcome"], call["call_back_owed"]) == ("answered", True)


async def rule(database: Database, *agencies: str, kinds: tuple[str, ...] = ("kebakaran",)) -> None:
    """Let reports go to these agencies by themselves."""
    async with database.transaction() as tx:
        to = tuple(Recipient(code) for code in agencies)
        await rulebook.append(tx, Rule(0, to, kinds, automatic=True), "sari", "")


@pytest.mark.parametrize("at_once", [1, 8])
async def test_the_callers_choice_starts_an_automatic_rule_once(
    operator: Client, database: Database, at_once: int
) -> None:
    await add_agency(database, "damkar")
    await rule(database, "damkar")
    position = Located(KEY, later(65), Position(lat=-7.0, lon=113.86, radius_m=50.0))
    facts = [*WAITED, *MENU[:1], position, *MENU[1:], LEFT, ended()]
    for _ in range(2):
        for n in range(0, len(facts), at_once):
            await book(database, *facts[n : n + at_once])
    after = await report(operator)
    assert after["status"] == "dispatched"
    (sent,) = after["dispatches"]
    by = "aturan otomatis (aturan 1, versi 1)"
    assert (sent["agency"], sent["created_by"], sent["rule_number"]) == ("damkar", by, 1)
    texts = [one["text"] for one in after["entries"]]
    assert texts.index("Penelepon memilih di menu suara: kebakaran") < texts.index("Dikirim ke Damkar.")
    async with database.reading() as reading:
        (envelope,) = await owed(reading, sent["id"])
    said = json.loads(envelope.body)["data"]["report"]
    assert (said["kind"], said["location"]["lat"]) == ("kebakaran", -7.0)


async def test_a_choice_that_is_no_kind_here_starts_nothing(operator: Client, database: Database) -> None:
    await add_agency(database, "damkar")
    await rule(database, "damkar", kinds=())
    await book(database, *WAITED, MENU[0], MenuChosen(KEY, later(70), "gempa"))
    assert (await report(operator))["dispatches"] == [], "nobody chose what a rule for every kind is for"


async def test_agencies_that_have_the_report_are_told_the_choice(operator: Client, database: Database) -> None:
    await add_agency(database, "bpbd")
    await book(database, *WAITED)
    sent = (await operator.post(f"{REPORT}/dispatches", json={"agencies": ["bpbd"]})).json()["dispatches"][0]
    await book(database, *MENU)
    async with database.reading() as reading:
        kinds = [json.loads(one.body)["data"]["report"]["kind"] for one in await owed(reading, sent["id"])]
    assert kinds == [None, "kebakaran"]
