"""A report that is reopened, or more urgent: who has to answer by when, who is sent it again. On both databases."""

from datetime import timedelta

from db import agencies, dispatches, envelopes, reports
from db.engine import Database
from intake import desk, dispatching
from routing import outbox
from tests.conftest import SetClock
from tests.intake.conftest import PUBLIC_URL
from tests.intake.test_endings import damkar, said, sent, settled, states, step, types
from tests.intake.test_escalating import NUMBER, answer, rows, status
from tests.intake.test_escalating import look as looks
from tests.intake.test_escalating import said as escalated
from tests.intake.test_escalating import sent as sent_to_the_first
from tests.routing.cases import owed
from tests.routing.receivers import answers
from tests.routing.running import look, running

__all__ = ["sent_to_the_first"]
Sent = dispatches.DispatchRow


async def test_it_is_taken_up_again(database: Database, clock: SetClock) -> None:
    async with damkar(database, answers()) as pretend:
        row = await sent(database)
        await step(database, row, "resolved", "closed")
        clock.forward(hours=1)
        await step(database, row, "reopened")
        found = (await look(database, row.id))[0]
        assert found.accept_by == found.escalate_at == clock.now + timedelta(seconds=60)
        assert not found.is_overdue(clock.now), "its ladder begins anew"
        assert ("closed", "withdrawn") in await states(database, row), "nobody was told of it, so nobody need be"
        async with running(database):
            await settled(database, row)
            assert types(pretend) == ["created", "updated", "updated"]
            await step(database, row, "resolved", "closed")
            await settled(database, row)
            await step(database, row, "reopened")
            await settled(database, row)
    assert types(pretend)[3:] == ["updated", "closed", "updated"]
    assert said(pretend, 2)["data"]["report"]["status"] == said(pretend, 5)["data"]["report"]["status"] == "reopened"


async def test_its_ladder_counts_from_then_and_nobody_is_late(
    database: Database, clock: SetClock, sent_to_the_first: Sent
) -> None:
    clock.forward(seconds=60)
    await looks(database)
    await step(database, sent_to_the_first, "resolved", "closed")
    clock.forward(hours=1)
    await step(database, sent_to_the_first, "reopened")
    before = len(await escalated(database))
    for seconds, due in ((59, 0), (1, 1), (119, 0), (1, 1)):
        clock.forward(seconds=seconds)
        assert await looks(database) == due
    assert (await escalated(database))[before:] == [
        "Instansi damkar belum menerima dalam 60 dtk: hubungi lewat telepon",
        "Diteruskan ke Instansi bpbd karena Instansi damkar belum menerima",
    ]


async def test_who_resolved_it_can_be_sent_it_again_and_has_a_ladder(
    database: Database, clock: SetClock, sent_to_the_first: Sent
) -> None:
    await answer(database, sent_to_the_first, "resolved")
    await step(database, sent_to_the_first, "closed")
    clock.forward(hours=1)
    await step(database, sent_to_the_first, "reopened")
    async with database.transaction() as tx:
        (anew,) = await desk.dispatch(tx, NUMBER, ["damkar"], "siti", PUBLIC_URL)
    assert (anew.id != sent_to_the_first.id, anew.accept_by) == (True, clock.now + timedelta(seconds=60))
    clock.forward(seconds=180)
    assert await looks(database) == 1
    assert (await rows(database))["bpbd"].state == "queued"
    async with database.transaction() as tx:
        await dispatching.cancel(tx, anew.id, "Salah", "siti", PUBLIC_URL)
        await dispatching.cancel(tx, (await outbox.unfinished(tx, anew.report_id))[0].id, "Salah", "siti", PUBLIC_URL)
    assert await status(database) == "working", "resolved is what it was before it was reopened"


async def test_who_rejected_and_was_not_followed_yet_is(
    database: Database, clock: SetClock, sent_to_the_first: Sent
) -> None:
    await answer(database, sent_to_the_first, "rejected")
    await step(database, sent_to_the_first, "resolved", "closed")
    clock.forward(hours=1)
    assert await looks(database) == 0
    await step(database, sent_to_the_first, "reopened")
    assert await looks(database) == 1
    assert await escalated(database) == ["Diteruskan ke Instansi bpbd karena Instansi damkar menolak"]


async def test_one_resolves_it_and_another_rejects_it_and_somebody_has_to_say_who_goes(
    database: Database, clock: SetClock, sent_to_the_first: Sent
) -> None:
    async with database.transaction() as tx:
        (other,) = await desk.dispatch(tx, NUMBER, ["polres"], "siti", PUBLIC_URL)
    await answer(database, sent_to_the_first, "resolved")
    await answer(database, other, "rejected")
    assert await status(database) == "working"
    assert await looks(database) == 1
    assert (await escalated(database))[-1].startswith("Instansi polres menolak dan tidak ada instansi berikutnya")


# -- more urgent -------------------------------------------------------------------------------------------------------


async def to_p1(database: Database, priority: str = "P1") -> None:
    """Make the report more urgent."""
    async with database.transaction() as tx:
        found = await reports.find(tx, NUMBER)
        assert found is not None
        await desk.edit(tx, NUMBER, found.version, {"priority": priority}, "siti", PUBLIC_URL)


async def test_more_urgent_nobody_has_longer_than_that(
    database: Database, clock: SetClock, sent_to_the_first: Sent
) -> None:
    await to_p1(database, "P3")
    async with database.transaction() as tx:
        (slow,) = await desk.dispatch(tx, NUMBER, ["polres"], "siti", PUBLIC_URL)
        assert slow.accept_by == clock.now + timedelta(minutes=15)
        (agency,) = [one for one in await agencies.every(tx) if one.code == "polres"]
        (claimed,) = await envelopes.claim(tx, agency.id, "c", tx.now, 9)
        await envelopes.complete(tx, claimed.id, "c", {"next_try_at": tx.now + timedelta(minutes=9)})
    assert (await rows(database))["damkar"].accept_by == sent_to_the_first.accept_by, "less urgent changes nothing"
    clock.forward(minutes=5)
    await to_p1(database)
    found = (await rows(database))["polres"]
    assert found.accept_by == found.escalate_at == clock.now + timedelta(seconds=60)
    async with database.reading() as reading:
        waiting = await owed(reading, slow.id)
    assert [(one.type, one.priority, one.next_try_at) for one in waiting] == [
        ("dispatch.created", "P1", clock.now),
        ("report.updated", "P1", clock.now),
    ]
    clock.forward(seconds=60)
    await looks(database)
    assert "Instansi polres belum menerima dalam 60 dtk: hubungi lewat telepon" in await escalated(database)
    assert (await rows(database))["polres"].escalate_at == clock.now + timedelta(seconds=120)


async def test_more_urgent_what_is_due_by_that_is_done_at_once_and_not_late(
    database: Database, clock: SetClock, sent_to_the_first: Sent
) -> None:
    await to_p1(database, "P3")
    await answer(database, sent_to_the_first, "accepted")
    async with database.transaction() as tx:
        await desk.dispatch(tx, NUMBER, ["polres"], "siti", PUBLIC_URL)
    clock.forward(minutes=15)
    await looks(database)
    clock.forward(minutes=25)
    await to_p1(database)
    assert await looks(database) == 2
    assert set((await escalated(database))[1:]) == {
        "Instansi damkar menerima 40 menit lalu dan belum memberi kabar: tanyakan",
        "Instansi polres belum menerima dan tidak ada instansi berikutnya: supervisor harus memutuskan",
    }
