"""A dispatch that nobody accepts goes up the ladder, each step once, whoever does it. On both databases."""

import asyncio
from typing import Literal

import pytest

from db import dispatches, entries, envelopes, live, reports
from db.dispatches import DispatchRow
from db.engine import Database
from db.rules import newest
from intake import answering, desk, dispatching, escalating
from intake.desk import NewReport
from routing import outbox, rulebook
from routing.answers import Answer, Booked, Via
from routing.escalations import Escalations
from routing.rules import Recipient, Rule
from routing.silence import SPEAK_EVERY
from routing.steps import AnswerWord
from tests.conftest import SetClock
from tests.intake.conftest import PUBLIC_URL, WIB, close

NUMBER = "112-20260314-0001"
LADDER = ("damkar", "bpbd", "polres")  # each is followed by the next


@pytest.fixture
async def sent(database: Database) -> DispatchRow:
    """A fire, P1, that damkar was sent."""
    async with database.transaction() as tx:
        for code in LADDER:
            await outbox.add_agency(tx, code, f"Instansi {code}", "https://8.8.8.8/hook", [], [])
        ladder = (Recipient(*one) for one in zip(LADDER, [None] * 3, [*LADDER[1:], None], strict=True))
        await rulebook.append(tx, Rule(0, tuple(ladder), ("kebakaran",)), "siti", "")
        new = NewReport("walk-in", kind="kebakaran", priority="P1", narrative="Rumah terbakar")
        await desk.open_report(tx, new, "siti", WIB, PUBLIC_URL)
        (row,) = await desk.dispatch(tx, NUMBER, ["damkar"], "siti", PUBLIC_URL)
    return row


def watching(database: Database) -> Escalations:
    """What every routing process runs."""
    return Escalations(database, lambda tx, one: escalating.escalate(tx, one, PUBLIC_URL))


async def look(database: Database) -> int:
    """Look once, and return how many steps were taken."""
    escalations = watching(database)
    await escalations.look(asyncio.Event())
    return escalations.done


async def said(database: Database) -> list[str]:
    """What the ladder told in the report, oldest first."""
    async with database.reading() as reading:
        found = await reports.find(reading, NUMBER)
        assert found is not None
        of_ladder = [one for one in await entries.of_report(reading, found.id) if one.author == escalating.AUTHOR]
        return [one.text for one in of_ladder if not one.text.startswith("Status: ")]


async def rows(database: Database) -> dict[str, DispatchRow]:
    """The dispatches of the report, by agency."""
    async with database.reading() as reading:
        found = await reports.find(reading, NUMBER)
        assert found is not None
        return {one.agency: one for one in (await dispatches.of_reports(reading, [found.id]))[found.id]}


async def answer(
    database: Database, row: DispatchRow, word: AnswerWord, note: str | None = None, via: Via = "body"
) -> Booked:
    """Let the agency answer."""
    async with database.transaction() as tx:
        return await answering.book_answer(tx, row.id, row.agency_id, Answer(word, "Regu 1", note=note), via=via)


async def status(database: Database) -> str:
    """The status of the report."""
    async with database.reading() as reading:
        found = await reports.find(reading, NUMBER)
        assert found is not None
        return found.status


async def told(database: Database) -> int:
    """How often `/live` told of an escalation."""
    async with database.reading() as reading:
        return [row.kind for row in await live.after(reading, 0, 500)].count("escalation")


async def test_up_the_ladder_to_its_end(database: Database, clock: SetClock, sent: DispatchRow) -> None:
    assert sent.escalate_at == sent.accept_by
    assert await look(database) == 0
    clock.forward(seconds=60)
    assert await look(database) == 1
    assert await look(database) == 0
    assert await said(database) == ["Instansi damkar belum menerima dalam 60 dtk: hubungi lewat telepon"]
    clock.forward(seconds=120)
    assert await look(database) == 1
    assert (await said(database))[1:] == ["Diteruskan ke Instansi bpbd karena Instansi damkar belum menerima"]
    found = await rows(database)
    assert (found["damkar"].escalation, found["bpbd"].escalation, found["bpbd"].created_by) == (2, 0, "eskalasi")
    assert (found["bpbd"].rule_version, found["bpbd"].rule_number) == (1, 1)
    assert found["bpbd"].accept_by == clock().replace() + (sent.accept_by - sent.created_at)
    clock.forward(seconds=180)
    assert await look(database) == 2
    assert (await rows(database)).keys() == set(LADDER)
    clock.forward(seconds=180)
    assert await look(database) == 3
    nobody = "Instansi polres belum menerima dan tidak ada instansi berikutnya: supervisor harus memutuskan"
    still = "Instansi damkar masih belum menerima setelah 9 menit: supervisor harus memutuskan"
    assert {nobody, still} < set(await said(database))
    assert (await rows(database)).keys() == set(LADDER)


async def test_who_accepts_ends_only_their_own(database: Database, clock: SetClock, sent: DispatchRow) -> None:
    clock.forward(seconds=180)
    await look(database)
    await answer(database, sent, "accepted")
    found = await rows(database)
    speaks = clock.now + SPEAK_EVERY["P1"]
    assert (found["damkar"].escalate_at, found["bpbd"].escalate_at) == (speaks, found["bpbd"].accept_by)
    clock.forward(seconds=60)
    assert await look(database) == 1
    assert (await said(database))[-1].startswith("Instansi bpbd belum menerima dalam 60 dtk")


async def test_who_rejects_is_followed_at_once(database: Database, clock: SetClock, sent: DispatchRow) -> None:
    clock.forward(seconds=5)
    await answer(database, sent, "rejected")
    assert await look(database) == 1
    assert await said(database) == ["Diteruskan ke Instansi bpbd karena Instansi damkar menolak"]
    assert await look(database) == 0
    assert (await rows(database))["damkar"].escalate_at is None
    assert await status(database) == "dispatched"


async def test_who_rejects_with_nobody_left_is_told_of_until_somebody_has_it(
    database: Database, clock: SetClock, sent: DispatchRow
) -> None:
    async with database.transaction() as tx:
        (last,) = await desk.dispatch(tx, NUMBER, ["polres"], "siti", PUBLIC_URL)
        await dispatching.cancel(tx, sent.id, "Salah instansi", "siti", PUBLIC_URL)
    await answer(database, last, "rejected")
    assert await status(database) == "working", "nobody has it"
    assert await look(database) == 1
    still = "Instansi polres menolak dan belum ada instansi lain: supervisor harus memutuskan"
    for _ in range(2):
        clock.forward(minutes=3)
        assert await look(database) == 1
        assert (await said(database))[-1] == still
    async with database.transaction() as tx:
        await desk.dispatch(tx, NUMBER, ["bpbd"], "siti", PUBLIC_URL)
    await answer(database, (await rows(database))["bpbd"], "accepted")
    clock.forward(minutes=3)
    assert await look(database) == 0
    assert (await rows(database))["polres"].escalate_at is None


async def test_two_rules_that_name_each_other_send_it_to_and_fro_once(
    database: Database, clock: SetClock, sent: DispatchRow
) -> None:
    async with database.transaction() as tx:
        back = Rule(0, (Recipient("bpbd", None, "damkar"),), ("kebakaran",))
        ladder = [Rule(0, (Recipient("damkar", None, "bpbd"),), ("kebakaran",)), back]
        await rulebook.make(tx, ladder, based_on=await newest(tx), by="siti", timezone="UTC")
    await answer(database, sent, "rejected")
    await look(database)
    await answer(database, (await rows(database))["bpbd"], "rejected")
    for _ in range(3):
        await look(database)
    found = await rows(database)
    assert (sorted(found), found["damkar"].id) == (["bpbd", "damkar"], sent.id)
    nobody = "Instansi bpbd menolak dan tidak ada instansi berikutnya: supervisor harus memutuskan"
    assert (await said(database)).count(nobody) == 1
    assert await status(database) == "working"


async def test_whom_the_ladder_sends_it_to_has_it(database: Database, clock: SetClock, sent: DispatchRow) -> None:
    clock.forward(seconds=180)
    async with database.transaction() as tx:
        found = await reports.find(tx, NUMBER)
        assert found is not None
        await reports.change(tx, found, {"status": "working"}, [])
    await look(database)
    assert (await rows(database)).keys() == {"damkar", "bpbd"}
    assert await status(database) == "dispatched"


async def test_who_is_at_work_and_cannot_is_followed_and_told_of(
    database: Database, clock: SetClock, sent: DispatchRow
) -> None:
    await answer(database, sent, "accepted")
    clock.forward(minutes=5)
    booked = await answer(database, sent, "rejected", "Ban pecah")
    assert (booked.applied, booked.after.state, await told(database)) == (False, "accepted", 1)
    async with database.reading() as reading:
        text = (await entries.of_report(reading, sent.report_id))[-1].text
    assert text == (
        "Instansi damkar (Regu 1) menolak laporan ini, padahal sebelumnya menerima: hubungi lewat telepon: Ban pecah"
    )
    assert await look(database) == 1
    assert await said(database) == ["Diteruskan ke Instansi bpbd karena Instansi damkar menolak"]
    await answer(database, sent, "rejected", "Ban pecah")
    assert (await look(database), await told(database)) == (0, 2), "the same once more is no news"
    clock.forward(minutes=15)
    await look(database)
    assert (await rows(database))["damkar"].asked == 1, "their state stays, and so does the watch"


@pytest.mark.parametrize(
    ("first", "word", "note", "expected"),
    [
        ("accepted", "accepted", "Minta ambulans", "menerima laporan ini: Minta ambulans"),
        ("rejected", "en_route", None, "berangkat ke lokasi, padahal sebelumnya menolak: hubungi lewat telepon."),
        ("cancelled", "accepted", None, "menerima laporan ini, padahal penugasannya sudah dibatalkan: hubungi lewat"),
        ("accepted", "accepted", None, None),
        ("rejected", "rejected", None, None),
    ],
)
async def test_what_moves_nothing_may_be_news(
    database: Database,
    sent: DispatchRow,
    first: AnswerWord | Literal["cancelled"],
    word: AnswerWord,
    note: str | None,
    expected: str | None,
) -> None:
    async with database.transaction() as tx:
        if first == "cancelled":
            await dispatching.cancel(tx, sent.id, "Salah instansi", "siti", PUBLIC_URL)
        else:
            await answering.answered(tx, sent.id, sent.agency_id, Answer(first))
        before = len(await entries.of_report(tx, sent.report_id))
    await answer(database, sent, word, note)
    booked = await answer(database, sent, word, note)
    async with database.reading() as reading:
        texts = [one.text for one in await entries.of_report(reading, sent.report_id)][before:]
    assert (booked.applied, booked.after.state) == (False, first)
    assert [text.startswith(f"Instansi damkar (Regu 1) {expected}") for text in texts] == [True] * bool(expected)
    assert await told(database) == bool(expected)


@pytest.mark.parametrize("over", ["resolved", "closed"])
async def test_a_report_that_is_over_climbs_no_further(
    database: Database, clock: SetClock, sent: DispatchRow, over: str
) -> None:
    async with database.transaction() as tx:
        row = await reports.find(tx, NUMBER)
        assert row is not None
        await desk.edit(tx, NUMBER, row.version, {"status": "resolved"}, "siti", PUBLIC_URL)
    if over == "closed":
        await close(database, NUMBER)
    clock.forward(hours=1)
    assert await look(database) == 0
    assert (await rows(database))["damkar"].escalate_at is None
    assert await said(database) == []


async def test_after_a_night_in_which_nobody_looked(database: Database, clock: SetClock, sent: DispatchRow) -> None:
    """One escalation to the present step, and how late that was; nothing in a burst."""
    clock.forward(hours=8, seconds=30)
    assert await look(database) == 1
    assert await said(database) == [
        "Instansi damkar belum menerima dalam 60 dtk: hubungi lewat telepon (baru diperiksa 30 dtk terlambat)",
        "Diteruskan ke Instansi bpbd karena Instansi damkar belum menerima",
    ]
    assert await look(database) == 0


@pytest.mark.parametrize("first", ["answer", "deadline"])
async def test_an_answer_in_the_same_millisecond(
    database: Database, clock: SetClock, sent: DispatchRow, first: str
) -> None:
    """Either may come first; both are kept, and the ladder ends."""
    clock.forward(seconds=60)
    work = [answer(database, sent, "accepted"), look(database)]
    await asyncio.gather(*(work if first == "answer" else reversed(work)))
    found = (await rows(database))["damkar"]
    assert (found.state, found.escalate_at) == ("accepted", clock.now + SPEAK_EVERY["P1"])
    assert len(await said(database)) == found.escalation <= 1


async def test_many_who_look_at_once_do_it_once(database: Database, clock: SetClock, sent: DispatchRow) -> None:
    clock.forward(seconds=180)
    assert sum(await asyncio.gather(*(look(database) for _ in range(8)))) == 1
    assert len(await said(database)) == 2
    async with database.reading() as reading:
        subjects = [row.subject for row in await live.after(reading, 0, 500) if row.kind == "escalation"]
    assert subjects == [sent.id]


async def test_one_that_cannot_be_escalated_holds_up_no_other(
    database: Database, clock: SetClock, sent: DispatchRow
) -> None:
    async with database.transaction() as tx:
        (other,) = await desk.dispatch(tx, NUMBER, ["polres"], "siti", PUBLIC_URL)
    clock.forward(seconds=60)

    bad = {sent.id}

    async def fails(tx: object, one: str) -> bool:
        if one in bad:
            raise ValueError("not this one")
        return True

    escalations = Escalations(database, fails)
    await escalations.look(asyncio.Event())
    assert escalations.figures() == {"escalations": 1}
    (alarm,) = escalations.alarms()
    assert (alarm.code, sent.id in alarm.message, other.id in alarm.message) == ("escalation", True, False)
    bad.clear()
    await escalations.look(asyncio.Event())
    assert escalations.alarms() == []


async def test_the_figures_of_what_waits(database: Database, clock: SetClock, sent: DispatchRow) -> None:
    async with database.reading() as reading:
        assert await dispatches.waiting(reading) == (1, 0, 0.0)
    clock.forward(seconds=90)
    async with database.reading() as reading:
        assert await dispatches.waiting(reading) == (1, 1, 90.0)
        assert await envelopes.oldest_unsent_s(reading) == 90.0
    await answer(database, sent, "accepted")
    async with database.reading() as reading:
        assert await dispatches.waiting(reading) == (0, 0, 0.0)
