"""An agency that is not told who called: in no message, by no way round, and the desk sees it. On both databases."""

import json

import pytest
from sqlalchemy import update

from db import dispatches, tables
from db.dispatches import DispatchRow
from db.engine import Database
from intake import desk, dispatching, escalating, terms
from intake.desk import NewReport
from routing import outbox, rulebook
from routing.formats import Format
from routing.rules import Recipient, Rule
from tests.conftest import SetClock
from tests.intake.conftest import PUBLIC_URL, WIB, Client, Json, LogIn, add_agency, close
from tests.routing.cases import owed

NUMBER = "112-20260314-0001"
FIRE = NewReport("walk-in", caller_number="081200000001", caller_name="Siti Contoh", kind="kebakaran", priority="P1")
UNTOLD = {"number": None, "number_raw": None, "typed": None, "name": None, "withheld_by_centre": True}


@pytest.fixture
async def sent(database: Database) -> dict[str, DispatchRow]:
    """A fire; the rule withholds the caller from bpbd, which is followed by polres; damkar is told."""
    for code in ("damkar", "bpbd", "polres"):
        await add_agency(database, code)
    async with database.transaction() as tx:
        to = (Recipient("damkar"), Recipient("bpbd", 60, "polres", caller_number=False))
        await rulebook.append(tx, Rule(0, to, ("kebakaran",)), "sari", "")
        await desk.open_report(tx, FIRE, "siti", WIB, PUBLIC_URL)
        return {one.agency: one for one in await desk.dispatch(tx, NUMBER, None, "siti", PUBLIC_URL)}


async def callers(database: Database, row: DispatchRow) -> list[tuple[str, Json]]:
    """The type of each envelope of a dispatch, and what it says of the caller."""
    async with database.reading() as reading:
        read = [json.loads(one.body) for one in await owed(reading, row.id)]
    return [(one["type"], one["data"]["report"]["caller"]) for one in read]


async def edit(database: Database, seen: int, **fields: str | None) -> int:
    """Change a report, and return its version then."""
    yours = {name.replace("__", "."): value for name, value in fields.items()}
    async with database.transaction() as tx:
        return (await desk.edit(tx, NUMBER, seen, yours, "siti", PUBLIC_URL)).version


async def test_no_message_of_a_dispatch_tells_what_its_creation_withheld(
    database: Database, clock: SetClock, sent: dict[str, DispatchRow]
) -> None:
    async with database.transaction() as tx:  # from now on all are told, and new rules say so, too
        await terms.tell_caller(tx, "bpbd", False, "sari")
        await terms.tell_caller(tx, "bpbd", True, "sari")
        open_to_all = Rule(0, (Recipient("bpbd", 60, "polres", caller_number=True),), ("kebakaran",))
        await rulebook.make(tx, [open_to_all], based_on=1, by="sari", timezone="UTC")
        await tx.connection.execute(update(tables.envelopes).values(tries=1))  # so they hear of what follows
    version = await edit(database, 2, narrative="Dapur terbakar")
    version = await edit(database, version, caller__number="081200000002")
    version = await edit(database, version, status="resolved")
    await close(database, NUMBER)
    version += 1
    version = await edit(database, version, status="reopened")
    async with database.transaction() as tx:
        await dispatching.cancel(tx, sent["bpbd"].id, "Salah instansi", "siti", PUBLIC_URL)
        await dispatching.cancel(tx, sent["damkar"].id, "Salah instansi", "siti", PUBLIC_URL)
    untold, told = await callers(database, sent["bpbd"]), await callers(database, sent["damkar"])
    assert [one for _, one in untold] == [UNTOLD] * len(untold)
    types = [type for type, _ in untold]
    assert types[:2] == ["dispatch.created", "report.updated"]
    assert "report.closed" in types
    assert types[-1] == "dispatch.cancelled"
    assert len(told) == len(untold) + 1, "another number alone is no news to who sees none"
    assert told[0][1] == {
        "number": "+6281200000001",
        "number_raw": "081200000001",
        "name": "Siti Contoh",
        "typed": None,
        "withheld_by_centre": False,
    }
    new = {"number": "+6281200000002", "number_raw": "081200000002", "typed": "081200000002"}  # nobody called
    assert told[2][1] == told[0][1] | new


async def test_the_next_of_the_ladder_is_not_told_either(
    database: Database, clock: SetClock, sent: dict[str, DispatchRow]
) -> None:
    clock.forward(seconds=180)
    async with database.transaction() as tx:
        await escalating.escalate(tx, sent["bpbd"].id, PUBLIC_URL)
        found = {one.agency: one for one in await outbox.every(tx, sent["bpbd"].report_id)}
    assert [one for _, one in await callers(database, found["polres"])] == [UNTOLD]
    assert (found["polres"].created_by, found["polres"].caller_number) == ("eskalasi", False)


async def test_nor_is_the_one_after_the_next(database: Database, clock: SetClock, sent: dict[str, DispatchRow]) -> None:
    await add_agency(database, "satpol")
    async with database.transaction() as tx:
        await rulebook.append(tx, Rule(0, (Recipient("polres", 60, "satpol"),), ("kebakaran",)), "sari", "")
    clock.forward(seconds=180)
    async with database.transaction() as tx:
        await escalating.escalate(tx, sent["bpbd"].id, PUBLIC_URL)
        polres = next(one for one in await outbox.every(tx, sent["bpbd"].report_id) if one.agency == "polres")
    clock.forward(seconds=180)
    async with database.transaction() as tx:
        await escalating.escalate(tx, polres.id, PUBLIC_URL)
        found = {one.agency: one for one in await outbox.every(tx, polres.report_id)}
    assert [found[code].caller_number for code in ("bpbd", "polres", "satpol")] == [False, False, False]
    assert [one for _, one in await callers(database, found["satpol"])] == [UNTOLD]


async def test_the_phone_page_says_that_the_centre_has_it(client: Client, sent: dict[str, DispatchRow]) -> None:
    page = (await client.get(f"/a/{sent['bpbd'].page_token}?lang=en")).text
    assert "81200000001" not in page
    assert "Siti Contoh" not in page
    assert "The 112 centre has number and name and does not pass them on." in page
    assert "no number" not in page
    assert "+6281200000001" in (await client.get(f"/a/{sent['damkar'].page_token}")).text


async def test_the_desk_and_the_simulator_show_it(operator: Client, sent: dict[str, DispatchRow]) -> None:
    report = (await operator.get(f"/api/v1/reports/{NUMBER}")).json()
    assert {one["agency"]: one["caller_number"] for one in report["dispatches"]} == {"damkar": True, "bpbd": False}
    assert report["caller"]["number"] == "+6281200000001"
    proposed = (await operator.get(f"/api/v1/reports/{NUMBER}/dispatches/proposed")).json()["proposed"]
    assert [(one["agency"], one["caller_number"]) for one in proposed] == [("damkar", True), ("bpbd", False)]
    said = (await operator.post("/api/v1/rules/simulate", json={"kind": "kebakaran", "priority": "P1"})).json()
    assert [(one["agency"], one["caller_number"]) for one in said["goes_to"]] == [("damkar", True), ("bpbd", False)]
    assert said["sentence"] == (
        "This report would go to damkar (60 s, by rule 1 of version 1); "
        "bpbd (60 s, by rule 1 of version 1, without the caller's number and name)."
    )
    written = (await operator.get("/api/v1/rules")).json()["in_force"]["rules"][0]["agencies"]
    assert [one["caller_number"] for one in written] == [None, False]


@pytest.mark.parametrize(("format", "told"), [("native", True), ("open311", False)])
async def test_without_a_rule_the_agencys_own_setting_holds(
    as_role: LogIn, database: Database, format: Format, told: bool
) -> None:
    async with database.transaction() as tx:
        await outbox.add_agency(tx, "lapor", "Lapor", "https://8.8.8.8/", [], [], format=format)
        await desk.open_report(tx, FIRE, "siti", WIB, PUBLIC_URL)
        (first,) = await desk.dispatch(tx, NUMBER, ["lapor"], "siti", PUBLIC_URL)
    assert first.caller_number is told
    client = await as_role("admin")
    url = "/api/v1/agencies/lapor/caller-number"
    changed = await client.post(url, json={"told": not told})
    assert (changed.status_code, changed.json()["caller_number"]) == (200, not told), changed.text
    async with database.transaction() as tx:
        await dispatching.cancel(tx, first.id, "Sekali lagi", "siti", PUBLIC_URL)
        (second,) = await desk.dispatch(tx, NUMBER, ["lapor"], "siti", PUBLIC_URL)
        kept = await dispatches.find(tx, first.id)
        bodies = [one.body for row in (first, second) for one in await owed(tx, row.id)]
    assert kept is not None
    assert (kept.caller_number, second.caller_number) == (told, not told)
    assert [b"81200000001" in body for body in bodies] == [told, not told]
