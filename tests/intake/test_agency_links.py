"""The phone page's link goes to an agency's duty phone by SMS, once, when nobody there accepts. On both databases."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from db import entries, live, reports, sms
from db.dispatches import DispatchRow
from db.engine import Database
from db.sms import SmsRow
from exercise.sms_gateway import ALLOW_CIDR, TOKEN, Mood, PretendGateway
from intake import agency_links, desk, dispatching, escalating, phone
from intake.desk import NewReport
from routing import endings, hastening, outbox
from routing.escalations import Escalations
from routing.texting import Gateway, Texting
from tests.conftest import SetClock
from tests.intake.conftest import PUBLIC_URL, WIB
from tests.intake.test_escalating import NUMBER, answer, rows

MOBILE, TO = "0812 0000 0001", "+6281200000001"
URL = "https://8.8.8.8/hook"


@pytest.fixture
async def gateway() -> AsyncIterator[PretendGateway]:
    """A gateway that is well."""
    async with PretendGateway().serving() as one:
        yield one


async def sent(database: Database, duty: str | None, url: str = URL, kind: str = "kebakaran") -> DispatchRow:
    """A report, P1, that damkar with this duty phone was sent."""
    async with database.transaction() as tx:
        await outbox.add_agency(tx, "damkar", "Damkar", url, [], [], phone=duty)
        await desk.open_report(tx, NewReport("walk-in", kind=kind, priority="P1"), "siti", WIB, PUBLIC_URL)
        (row,) = await desk.dispatch(tx, NUMBER, ["damkar"], "siti", PUBLIC_URL)
    return row


async def look(database: Database, public_url: str = PUBLIC_URL) -> None:
    """Look as two workers do, at the same moment."""
    two = [
        Escalations(database, lambda tx, one: escalating.escalate(tx, one, public_url, has_gateway=True))
        for _ in range(2)
    ]
    await asyncio.gather(*(one.look(asyncio.Event()) for one in two))


async def killed(database: Database, row: DispatchRow) -> None:
    """Take the step as one who is killed before it has committed."""
    async with database.transaction() as tx:
        await escalating.escalate(tx, row.id, PUBLIC_URL, has_gateway=True)
        raise ZeroDivisionError


async def owed(database: Database) -> list[SmsRow]:
    """The SMS of the report."""
    async with database.reading() as reading:
        found = await reports.find(reading, NUMBER)
        assert found is not None
        return await sms.of_report(reading, found.id)


async def said(database: Database) -> list[str]:
    """What the report tells of SMS."""
    async with database.reading() as reading:
        found = await reports.find(reading, NUMBER)
        assert found is not None
        return [one.text for one in await entries.of_report(reading, found.id) if "SMS" in one.text]


async def tones(database: Database) -> int:
    """How often the desk was told of an escalation."""
    async with database.reading() as reading:
        return [row.kind for row in await live.after(reading, 0, 500)].count("escalation")


def texting(database: Database, gateway: PretendGateway) -> Texting:
    """Who sends to a gateway."""
    return Texting(database, Gateway(gateway.url, TOKEN, allow_cidr=[ALLOW_CIDR]))


async def test_the_link_arrives_once_however_many_look(
    database: Database, clock: SetClock, gateway: PretendGateway
) -> None:
    row = await sent(database, MOBILE)
    await look(database)
    assert await owed(database) == []
    clock.forward(seconds=60)
    with pytest.raises(ZeroDivisionError):
        await killed(database, row)
    assert await owed(database) == []
    await look(database)
    await look(database)
    await texting(database, gateway).look()
    (one,) = gateway.texts
    before, url = one.text.split(" Jawab di ")
    assert (one.to, before, len(one.text) <= 160) == (TO, f"112: P1 Kebakaran, {NUMBER} belum dijawab.", True)
    async with database.reading() as reading:
        opened = await phone.opened(reading, url.rpartition("/")[2])
    assert opened is not None
    assert opened.dispatch.id == row.id
    assert await said(database) == [
        f"SMS dengan tautan halaman ponsel untuk Damkar disiapkan ke {TO}",
        f"SMS ke Damkar ({TO}) diterima gateway SMS, belum tentu dibaca",
    ]
    clock.forward(seconds=600)
    await look(database)
    assert len(await owed(database)) == 1


@pytest.mark.parametrize("how", ["accepted", "cancelled", "resolved"])
async def test_who_has_answered_is_not_texted(
    database: Database, clock: SetClock, gateway: PretendGateway, how: str
) -> None:
    row = await sent(database, MOBILE)
    clock.forward(seconds=60)
    await look(database)
    if how == "accepted":
        await answer(database, row, "accepted")
    async with database.transaction() as tx:
        if how == "cancelled":
            await dispatching.cancel(tx, row.id, "Api padam", "siti", PUBLIC_URL)
        if how == "resolved":
            found = await desk.locked(tx, NUMBER)
            await desk.alter(tx, found, {"status": "resolved"}, "siti", PUBLIC_URL)
    await texting(database, gateway).look()
    assert gateway.tries == 0
    (one,) = await owed(database)
    assert (one.state, one.text) == ("dropped", None)
    told = f"SMS ke Damkar ({TO}) tidak dikirim: tidak ada lagi yang menunggu jawabannya"
    assert (await said(database))[-1] == told


@pytest.mark.parametrize(
    ("duty", "to", "why"),
    [
        (None, [], "nomor piketnya belum diisi"),
        ("0328 662112", [], "nomor piketnya (0328 662112) bukan nomor ponsel"),
        ("0328 662112 / 0812-0000-0001", [TO], f"disiapkan ke {TO}"),
        ("081200000001/081300000002", [TO, "+6281300000002"], f"disiapkan ke {TO} dan +6281300000002"),
    ],
)
async def test_only_what_takes_sms_is_texted_and_else_it_is_said(
    database: Database, clock: SetClock, duty: str | None, to: list[str], why: str
) -> None:
    await sent(database, duty)
    clock.forward(seconds=60)
    await look(database)
    assert {one.to for one in await owed(database)} == set(to)
    clock.forward(seconds=600)
    await look(database)
    (told,) = await said(database)
    assert why in told


@pytest.mark.parametrize(
    ("mood", "state", "told"),
    [
        (Mood.CHOOSY, "failed", 'gagal (status_400: {"status": "pretend"}): hubungi lewat telepon'),
        (
            Mood.BROKEN,
            "queued",
            'belum terkirim (status_500: {"status": "pretend"}) dan dicoba lagi: hubungi lewat telepon',
        ),
    ],
)
async def test_one_that_does_not_go_is_told_with_the_tone(
    database: Database, clock: SetClock, gateway: PretendGateway, mood: Mood, state: str, told: str
) -> None:
    await sent(database, MOBILE)
    clock.forward(seconds=60)
    await look(database)
    before, gateway.mood, sender = await tones(database), mood, texting(database, gateway)
    for _ in range(2):
        await sender.look()
        clock.forward(seconds=5)
    assert [one.state for one in await owed(database)] == [state]
    assert (await said(database))[1:] == [f"SMS ke Damkar ({TO}) {told}"]
    assert await tones(database) == before + 1
    assert bool(sender.alarms()) is (mood is Mood.BROKEN)


async def test_without_a_system_the_link_goes_at_once_and_again_after_a_reopening(
    database: Database, clock: SetClock
) -> None:
    row = await sent(database, MOBILE, url="")
    async with database.transaction() as tx:
        await hastening.hasten(tx, row.report_id, "P1", "kebakaran")
    await look(database)
    assert [one.dispatch_id for one in await owed(database)] == [row.id]
    assert (await rows(database))["damkar"].escalate_at == row.accept_by
    clock.forward(seconds=60)
    await look(database)
    assert len(await owed(database)) == 1
    async with database.transaction() as tx:
        found = await desk.locked(tx, NUMBER)
        await reports.derive(tx, found, {"reopened_at": tx.now})
        await endings.reopen(tx, found.id, "P1")
    await look(database)
    assert len(await owed(database)) == 2


async def test_who_is_passed_over_early_is_texted_too(database: Database, clock: SetClock) -> None:
    row = await sent(database, MOBILE)
    clock.forward(seconds=5)
    async with database.transaction() as tx:
        await escalating.at_once(tx, row.id, "siti", PUBLIC_URL, has_gateway=True)
    assert [one.to for one in await owed(database)] == [TO]


async def test_a_kind_that_has_no_room_is_left_out_and_an_exercise_says_so(database: Database, clock: SetClock) -> None:
    await sent(database, MOBILE, kind="odgj")
    async with database.transaction() as tx:
        found = await desk.locked(tx, NUMBER)
        await reports.derive(tx, found, {"exercise": True})
    clock.forward(seconds=60)
    await look(database, f"https://{'x' * 42}.id")
    (one,) = await owed(database)
    assert (one.text or "").startswith(f"LATIHAN 112: P1, {NUMBER} belum dijawab. Jawab di https://x")
    assert len(one.text or "") <= agency_links.ONE_PART
    assert one.give_up_at == clock() + timedelta(minutes=30)
