"""Automatic rules: a report that gets its kind goes out in the same transaction, once. On both databases."""

import asyncio
import json

import pytest
from sqlalchemy import select

from db import dispatches, tables
from db.engine import Database
from intake import answering, desk
from intake.desk import NewReport
from routing import rulebook
from routing.answers import Answer
from routing.rules import Hours, Recipient, Rule
from tests.conftest import START, SetClock
from tests.intake.conftest import PUBLIC_URL, WIB, Client, Json, add_agency
from tests.routing.cases import owed

BY = "aturan otomatis (aturan 2, versi 1)"


@pytest.fixture
async def automatic(operator: Client, database: Database) -> Client:
    """An operator's client; fires go to damkar by themselves, urgent ones to psc119 too, bpbd is only proposed."""
    for code in ("damkar", "bpbd", "psc119"):
        await add_agency(database, code)
    new = [
        Rule(1, (Recipient("bpbd"), Recipient("damkar", 30)), ("kebakaran",)),
        Rule(2, (Recipient("damkar", 45),), ("kebakaran",), automatic=True),
        Rule(3, (Recipient("psc119"),), ("kebakaran", "laka"), ("P1",), automatic=True),
    ]
    async with database.transaction() as tx:
        await rulebook.make(tx, new, based_on=0, by="sari", timezone="Asia/Jakarta")
    return operator


async def opened(client: Client, **fields: object) -> Json:
    """Open a report."""
    answer = await client.post("/api/v1/reports", json={"source": "silapor", **fields})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def change(client: Client, report: Json, **fields: object) -> Json:
    """Change a report."""
    headers = {"If-Match": f'"{report["version"]}"'}
    answer = await client.patch(f"/api/v1/reports/{report['number']}", json=fields, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["ETag"] == f'"{answer.json()["version"]}"'
    return dict(answer.json())


def sent(report: Json) -> list[tuple[str, int | None]]:
    """Return the agencies that were sent a report, and the rules' numbers."""
    return sorted((one["agency"], one["rule_number"]) for one in report["dispatches"])


async def test_a_report_that_comes_with_its_kind_goes_out_at_once(automatic: Client, database: Database) -> None:
    report = await opened(automatic, external_id="7", kind="kebakaran", priority="P1")
    assert report["status"] == "dispatched"
    assert sent(report) == [("damkar", 2), ("psc119", 3)]
    (damkar,) = (one for one in report["dispatches"] if one["agency"] == "damkar")
    assert (damkar["created_by"], damkar["rule_version"]) == (BY, 1)
    assert damkar["accept_by"] == "2026-03-14T02:00:11.535897Z", "45 s: the automatic rule's, not the proposal's"
    assert [(one["author"], one["text"]) for one in report["entries"][1:]] == [
        (BY, "Status: baru → dikirim"),
        (BY, "Dikirim ke Damkar."),
        ("aturan otomatis (aturan 3, versi 1)", "Dikirim ke Psc119."),
    ]
    async with database.reading() as reading:
        (envelope,) = await owed(reading, damkar["id"])
        audit = (await reading.connection.execute(select(tables.audit).where(tables.audit.c.actor == BY))).one()
    said = json.loads(envelope.body)["data"]["report"]
    assert (said["version"], said["status"]) == (report["version"], "dispatched")
    assert (audit.action, audit.subject) == ("dispatch.created", damkar["id"])
    assert '"rule":2' in audit.detail
    again = await automatic.post("/api/v1/reports", json={"source": "silapor", "external_id": "7", "kind": "kebakaran"})
    assert (again.status_code, len(again.json()["dispatches"])) == (200, 2)


async def test_a_report_goes_out_as_it_becomes_known(automatic: Client) -> None:
    report = await opened(automatic)
    report = await change(automatic, report, narrative="Asap tebal", priority="P2")
    assert (report["status"], sent(report)) == ("working", [])
    report = await change(automatic, report, kind="kebakaran")
    assert (report["status"], sent(report)) == ("dispatched", [("damkar", 2)])
    report = await change(automatic, report, narrative="Api besar")
    report = await change(automatic, report, priority="P1", location={"text": "Jalan Contoh"})
    assert sent(report) == [("damkar", 2), ("psc119", 3)]
    assert sent(await change(automatic, report, priority="P2", kind="laka")) == sent(report)


async def test_never_to_one_who_had_it(automatic: Client, database: Database) -> None:
    report = await opened(automatic, kind="kebakaran", priority="P2")
    async with database.transaction() as tx:
        await answering.book_answer(tx, report["dispatches"][0]["id"], None, Answer("rejected"))
    for kind in ("laka", "kebakaran"):
        report = (await automatic.get(f"/api/v1/reports/{report['number']}")).json()
        report = await change(automatic, report, kind=kind)
    assert sent(report) == [("damkar", 2)]


async def test_only_what_is_an_emergency(automatic: Client) -> None:
    report = await opened(automatic)
    for word in ("ghost", "prank", "information", "test"):
        report = await change(automatic, report, **{"class": word})
        report = await change(automatic, report, kind="kebakaran", priority="P1")
        assert sent(report) == []
        report = await change(automatic, report, kind=None)
    report = await change(automatic, report, kind="kebakaran")
    report = await change(automatic, report, **{"class": "normal"})
    assert sent(report) == [("damkar", 2), ("psc119", 3)], "it was none of that after all"


async def test_nothing_that_is_over(automatic: Client) -> None:
    report = await opened(automatic)
    for status in ("resolved", "closed"):
        if status == "closed":
            ending = {"disposition": "resolved", "caller": "told"}
            report = (await automatic.post(f"/api/v1/reports/{report['number']}/close", json=ending)).json()
        else:
            report = await change(automatic, report, status=status)
        report = await change(automatic, report, kind="kebakaran")
        assert (report["status"], sent(report)) == (status, [])
        report = await change(automatic, report, kind="laka", priority="P1")
        assert (report["status"], sent(report)) == (status, [])


async def test_two_who_say_it_at_once_send_it_once(automatic: Client, database: Database) -> None:
    report = await opened(automatic)
    await asyncio.gather(*(change(automatic, report, kind="kebakaran", priority="P2") for _ in range(4)))
    async with database.reading() as reading:
        assert [one.agency for one in (await dispatches.of_reports(reading, [1]))[1]] == ["damkar"]


async def test_by_the_centres_clock(database: Database, clock: SetClock) -> None:
    """08:59 in Sumenep, Saturday; the rule begins at nine. A ladder keeps the rule it began with."""
    await add_agency(database, "damkar")
    await add_agency(database, "bpbd")
    new = [Rule(1, (Recipient("damkar", None, "bpbd"),), hours=(Hours(540, 541, frozenset({6})),), automatic=True)]
    async with database.transaction() as tx:
        await rulebook.make(tx, new, based_on=0, by="sari", timezone="Asia/Jakarta")

    async def sent_to() -> list[str]:
        async with database.transaction() as tx:
            row, _ = await desk.open_report(tx, NewReport("walk-in"), "siti", WIB, PUBLIC_URL)
            return [one.agency for one in (await dispatches.of_reports(tx, [row.id])).get(row.id, [])]

    assert await sent_to() == []
    begins = clock.forward(seconds=34)
    assert await sent_to() == ["damkar"]
    clock.forward(seconds=60)
    assert await sent_to() == []
    async with database.reading() as reading:
        following = await rulebook.next_after(reading, None, None, "damkar", {"damkar"}, begins, frozenset())
        assert following is not None
        assert (following.agency, following.rule) == ("bpbd", 1)
        assert await rulebook.next_after(reading, None, None, "damkar", {"damkar"}, START, frozenset()) is None


async def test_a_version_made_last_holds_though_another_clock_was_ahead(database: Database, clock: SetClock) -> None:
    async def made(based_on: int) -> None:
        async with database.transaction() as tx:
            await rulebook.make(tx, [], based_on=based_on, by="sari", timezone="Asia/Jakarta")

    await made(0)
    clock.forward(seconds=-3)
    await made(1)
    clock.forward(seconds=-3)
    await made(2)
    clock.forward(seconds=10)
    async with database.reading() as reading:
        version = (await rulebook.in_force(reading)).version
    assert version is not None
    assert version.number == 3


async def test_what_was_corrected_while_it_was_over_goes_out_when_it_is_reopened(automatic: Client) -> None:
    report = await opened(automatic)
    url = f"/api/v1/reports/{report['number']}"
    report = (await automatic.post(f"{url}/disposition", json={"class": "ghost"})).json()
    assert report["status"] == "closed"
    report = await change(automatic, report, **{"class": "normal", "kind": "kebakaran", "priority": "P2"})
    assert sent(report) == []
    report = (await automatic.post(f"{url}/reopen")).json()
    assert (sent(report), report["status"]) == ([("damkar", 2)], "dispatched")


async def test_a_kind_brings_its_priority_until_somebody_chooses_one(automatic: Client) -> None:
    report = await opened(automatic)
    fire = await change(automatic, report, kind="kebakaran")
    assert (fire["priority"], sent(fire)) == ("P1", [("damkar", 2), ("psc119", 3)]), "the rule for urgent fires saw it"
    texts = [entry["text"] for entry in fire["entries"]]
    assert texts[1:4] == ["Jenis: – → kebakaran", "Status: baru → dikerjakan", "Prioritas: – → P1 (menurut jenis)"]
    assert {one["accept_by"][:19] for one in fire["dispatches"]} == {"2026-03-14T02:00:11", "2026-03-14T02:00:26"}
    light = await opened(automatic, kind="pju")
    assert (light["version"], light["priority"]) == (1, "P3")
    crash = await change(automatic, light, kind="laka")
    assert (crash["priority"], sent(crash)) == ("P1", [("psc119", 3)]), "nobody has chosen P3"
    chosen = await change(automatic, crash, priority="P2")
    assert (await change(automatic, chosen, kind="pju"))["priority"] == "P2"
    calm = await opened(automatic, kind="kebakaran", priority="P3")
    assert (await change(automatic, calm, kind="laka"))["priority"] == "P3"
