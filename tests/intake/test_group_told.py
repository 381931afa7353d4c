"""What the agencies of joined reports are told, how soon, and of whom; when the join is undone, too. Both databases."""

import json
from html import unescape

import pytest

from db import dispatches, tables
from db.engine import Database
from intake import area_data, caller_links, handset, placing, terms
from intake.facts import CallKey, Located, MenuAnswered, MenuChosen, Position
from routing import rulebook
from routing.rules import Hours, Recipient, Rule
from tests.conftest import START, SetClock
from tests.intake.area import FILES
from tests.intake.conftest import PUBLIC_URL, Client, book, close, ring
from tests.intake.test_aml import V1
from tests.intake.test_joining import (
    edit,
    find,
    fires,
    join,
    opened,
    received,
    says,
    send,
    sent,
    texts,
    types,
    undo,
)

__all__ = ["fires"]
HERE = "-7.00830, 113.85910"
SECOND = CallKey("pbx-1", "c.2")


async def tell(database: Database, how: str, number: str) -> None:
    """Let a machine tell something of the second caller's call."""
    async with database.transaction() as tx:
        if how == "aml":
            await handset.take(tx, handset.of_sms("+6281200000002", V1, START), "aml", PUBLIC_URL)
        elif how == "link":
            made = await caller_links.make(
                tx, number, "siti", PUBLIC_URL, send=False, to=None, language="id", has_gateway=False
            )
            place = caller_links.Told(-7.0083, 113.8591, 20.0)
            assert await caller_links.tell(tx, made.url.rpartition("/")[2], place, PUBLIC_URL)
    if how == "network":
        await book(database, Located(SECOND, START, Position(-7.0083, 113.8591, 150.0, "Cell")))
    elif how == "menu":
        await book(database, MenuAnswered(SECOND, START, "l.2"), MenuChosen(SECOND, START, "banjir"))


async def remake(database: Database, *rules: Rule) -> None:
    """Make other rules."""
    async with database.transaction() as tx:
        version = await rulebook.in_force(tx)
        number = version.version.number if version.version else 0
        await rulebook.make(tx, rules, based_on=number, by="sari", timezone="Asia/Jakarta")


@pytest.mark.parametrize("how", ["aml", "link", "network", "menu"])
@pytest.mark.parametrize("of", ["joined", "head"])
async def test_what_machines_learn_of_one_is_owed_to_the_agencies_of_all(
    database: Database, clock: SetClock, fires: list[str], how: str, of: str
) -> None:
    first, second = await ring(database, START, "081200000001", 1), await ring(database, START, "081200000002", 2)
    (row,) = await send(database, first, "damkar")
    await says(database, row, "accepted")
    await join(database, *((second, first) if of == "joined" else (first, second)))
    before = types(await received(database, row))
    await tell(database, how, second)
    bodies = await received(database, row)
    assert types(bodies) == [*before, "updated"], "once"
    (said,) = [one["text"] for one in bodies[-1]["data"]["report"]["entries"] if "Kejadian yang sama" in one["text"]]
    assert said.startswith(f"[{second}]")
    assert ("jenis: banjir" if how == "menu" else HERE) in said


@pytest.mark.parametrize("how", ["aml", "network", "menu"])
async def test_nothing_that_machines_learn_follows_the_closing(
    database: Database, clock: SetClock, fires: list[str], how: str
) -> None:
    await ring(database, START, "081200000001", 1)
    number = await ring(database, START, "081200000002", 2)
    (row,) = await send(database, number, "damkar")
    await says(database, row, "resolved")
    await close(database, number)
    await tell(database, how, number)
    assert types(await received(database, row)) == ["created", "closed"]


async def test_another_number_is_owed_to_those_alone_who_are_told_it(database: Database, fires: list[str]) -> None:
    first, second, _ = fires
    await remake(database, Rule(0, (Recipient("damkar"), Recipient("polres", caller_number=False)), ("kebakaran",)))
    told, untold = await send(database, first, "damkar", "polres")
    await join(database, second, first)
    for leaf, value in (("caller.number", "081299999999"), ("caller.number", None), ("caller.name", "Bu Siti")):
        await edit(database, second, leaf, value)
    assert types(await received(database, told)) == ["created", "updated", *["updated"] * 3]
    assert types(await received(database, untold)) == ["created", "updated"]
    await edit(database, second, "narrative", "Api di dapur")
    assert types(await received(database, untold)) == ["created", "updated", "updated"]


async def test_every_dispatch_has_what_a_crew_must_know_first(database: Database, fires: list[str]) -> None:
    first, second, _ = fires
    (row,) = await send(database, first, "damkar")
    await join(database, second, first)
    await edit(database, second, "flags.trapped", True)
    seen = (await received(database, row))[-1]["data"]["report"]
    assert (seen["flags"]["trapped"], seen["flags"]["weapon"]) == (True, None)
    assert any("ada yang terjebak" in one["text"] for one in seen["entries"])
    calm = await opened(database, "P3")
    (kept,) = await send(database, calm, "bpbd")
    await says(database, kept, "accepted")
    await edit(database, first, "flags.weapon", True)
    await edit(database, first, "priority", "P1")
    await join(database, calm, first)
    seen = (await received(database, kept))[-1]["data"]["report"]
    assert (seen["priority"], seen["flags"]["weapon"], seen["flags"]["trapped"]) == ("P1", True, True)


async def test_nobody_is_waited_for_longer_than_the_most_urgent_gives(
    database: Database, clock: SetClock, fires: list[str]
) -> None:
    calm, urgent = await opened(database, "P3"), await opened(database, "P1")
    (kept,) = await send(database, calm, "damkar")
    async with database.transaction() as tx:
        await dispatches.change(tx, kept.id, {"state": "delivered", "delivered_at": tx.now, "sent_at": tx.now})
    await send(database, urgent, "damkar")
    await join(database, calm, urgent)
    assert (await sent(database, calm), await sent(database, urgent)) == (
        {"damkar": "delivered"},
        {"damkar": "cancelled"},
    )
    async with database.reading() as reading:
        now = await dispatches.of_reports(reading, [(await find(database, calm)).id])
        (found,) = next(iter(now.values()))
        assert (found.accept_by - reading.now).total_seconds() <= 60
        said = tables.envelopes.select().where(tables.envelopes.c.dispatch_id == kept.id)
        priorities = {one.priority for one in await reading.connection.execute(said) if one.state == "pending"}
    assert priorities == {"P1"}


async def test_a_head_that_becomes_urgent_is_sent_by_the_rules(database: Database, fires: list[str]) -> None:
    first, second, _ = fires
    by_itself = Rule(0, (Recipient("damkar"),), ("kebakaran",), priorities=("P1",), automatic=True)
    await remake(database, by_itself)
    other = await opened(database, "P3", "lain")
    await join(database, other, first)
    assert await sent(database, first) == {}
    await edit(database, other, "priority", "P1")
    assert await sent(database, first) == {"damkar": "queued"}
    await join(database, await opened(database, "P1", "lain"), second)
    assert await sent(database, second) == {"damkar": "queued"}


@pytest.mark.parametrize("twin", [True, False])
async def test_a_caller_whom_a_rule_withholds_is_not_told_by_a_join(
    database: Database, client: Client, fires: list[str], twin: bool
) -> None:
    first, _, _ = fires
    withheld = Rule(0, (Recipient("polres", caller_number=False),), ("kriminal",))
    await remake(database, withheld, Rule(0, (Recipient("polres"),), ("kebakaran",)))
    crime = await opened(database, kind="kriminal")
    (row,) = await send(database, first, "polres")
    if twin:
        await send(database, crime, "polres")
    await join(database, crime, first)
    bodies = await received(database, row)
    number = str((await find(database, crime)).caller_number)
    assert number not in json.dumps(bodies)
    one, other = bodies[-1]["data"]["report"]["callers"]
    assert (one["number"] is not None, other["report"], other["number"], other["name"]) == (True, crime, None, None)
    await edit(database, crime, "caller.name", "Saksi Lain")
    assert len(await received(database, row)) == len(bodies), "it would see no difference"
    await edit(database, first, "caller.name", "Saksi Lain")
    assert len(await received(database, row)) == len(bodies) + 1
    page = (await client.get(f"/a/{row.page_token}")).text
    assert f"[{crime}] Kejadian yang sama, penelepon ada pada pusat 112" in page, "nobody reads that there is none"
    assert number not in page


async def test_what_a_rule_withheld_at_the_join_no_other_hour_tells(
    database: Database, clock: SetClock, fires: list[str]
) -> None:
    first, _, _ = fires
    morning = (Hours(6 * 60, 12 * 60),)
    withheld = Rule(0, (Recipient("polres", caller_number=False),), ("kriminal",), hours=morning)
    await remake(database, withheld, Rule(0, (Recipient("polres"),), ("kebakaran", "kriminal")))
    crime = await opened(database, kind="kriminal")
    (row,) = await send(database, first, "polres")
    await join(database, crime, first)
    clock.forward(hours=6)
    await remake(database, Rule(0, (Recipient("polres"),), ("kebakaran", "kriminal")))
    await edit(database, crime, "narrative", "Pelaku lari")
    bodies = await received(database, row)
    assert "Pelaku lari" in json.dumps(bodies)
    assert str((await find(database, crime)).caller_number) not in json.dumps(bodies)


# -- undone ------------------------------------------------------------------------------------------------------------


async def test_sent_anew_by_the_rule_of_its_place_without_its_caller(database: Database, fires: list[str]) -> None:
    first, second, third = fires
    async with database.transaction() as tx:
        await placing.load(tx, area_data.cut(FILES, "99.01"), "9.0.0", "99.01", "start")
    of_place = Rule(0, (Recipient("damkar", 300, caller_number=False),), ("kebakaran",), places=("99.01.02",))
    of_all = Rule(0, (Recipient("damkar", 60, caller_number=True),), ("kebakaran",))
    await remake(database, of_place, of_all)
    for number in fires:
        await edit(database, number, "location.place", "99.01.02.2001")
        await send(database, number, "damkar")
    await join(database, second, first)
    await join(database, third, first)
    await undo(database, second)
    await remake(database, of_all)
    await undo(database, third)
    async with database.reading() as reading:
        ids = [(await find(database, number)).id for number in (second, third)]
        every = await dispatches.of_reports(reading, ids)
    anew = [next(one for one in every[id] if one.state == "queued") for id in ids]
    assert [(one.state, one.accept_within.total_seconds(), one.caller_number) for one in anew] == [
        ("queued", 300, False),
        ("queued", 60, False),
    ], "what was withheld from it once is not told it now, whatever the rules say"


async def test_undone_while_the_agency_is_disabled(database: Database, fires: list[str]) -> None:
    first, second, _ = fires
    for number in (first, second):
        await send(database, number, "damkar")
    await join(database, second, first)
    async with database.transaction() as tx:
        await terms.disable(tx, "damkar", "Pindah kantor", "sari")
    await undo(database, second)
    assert (await find(database, second)).duplicate_of is None
    assert (await sent(database, second)) == {"damkar": "cancelled"}
    said = "Tidak dikirim ulang ke Instansi damkar (dinonaktifkan: telepon), walau tidak lagi digabung dengan laporan"
    assert f"{said} {first}" in await texts(database, second)


# -- the phone page ----------------------------------------------------------------------------------------------------


async def test_the_page_of_a_merged_dispatch_turns_nobody_back(
    database: Database, client: Client, fires: list[str]
) -> None:
    first, second, _ = fires
    rows = [(await send(database, number, "damkar"))[0] for number in (first, second)]
    await join(database, second, first)
    kept, merged = rows
    page = unescape((await client.get(f"/a/{merged.page_token}")).text)
    assert "boleh kembali" not in page
    assert first in page
    assert f"/a/{kept.page_token}" in page
