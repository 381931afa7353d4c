"""Two reports of one fire at one agency: which dispatch is left, and what its crew reads. On both databases."""

import pytest

from db import dispatches, envelopes
from db.dispatches import DispatchRow
from db.engine import Database
from intake import closing, dispatching, grouping
from intake.duplicate_refusals import JoinedReportError
from intake.refusals import NotTakenOverError
from routing import outbox, rules
from routing.silence import SPEAK_EVERY
from tests.conftest import SetClock
from tests.intake.conftest import PUBLIC_URL, Client
from tests.intake.test_escalating import look
from tests.intake.test_joining import edit, find, fires, join, opened, received, says, send, statuses, undo
from tests.intake.test_phone import link, words

__all__ = ["fires"]


async def again(database: Database, row: DispatchRow) -> DispatchRow:
    """Return a dispatch as it is now."""
    async with database.reading() as reading:
        found = await dispatches.find(reading, row.id)
    assert found is not None
    return found


async def test_the_page_of_a_merged_dispatch_turns_no_crew_back(
    client: Client, database: Database, fires: list[str]
) -> None:
    first, second, third = fires
    (kept,), (gone,) = await send(database, first, "damkar"), await send(database, second, "damkar")
    await join(database, second, first)
    assert (await again(database, gone)).state == "cancelled"
    page = (await client.get(link(gone))).text
    assert "kembali" not in words(page)
    assert f"Tetap jalan: kejadian ini ada pada Anda dengan laporan {first}." in words(page)
    assert f'href="{link(kept)}?lang=id"' in page
    assert "turn back" not in (await client.get(f"{link(gone)}?lang=en")).text
    (other,) = await send(database, third, "damkar")
    await says(database, other, "accepted")
    await join(database, first, third)
    assert (await again(database, kept)).state == "cancelled"
    assert f'href="{link(other)}?lang=id"' in (await client.get(link(gone))).text, "joined on, it goes on there"
    await undo(database, first)
    await undo(database, second)
    (anew,) = [one for one in await of(database, second) if one.state == "queued"]
    assert f'href="{link(anew)}?lang=id"' in (await client.get(link(gone))).text, "sent anew, it goes on there"
    async with database.transaction() as tx:
        await dispatching.cancel(tx, anew.id, "Salah instansi", "siti", PUBLIC_URL)
    assert "boleh kembali" in (await client.get(link(gone))).text


async def of(database: Database, number: str) -> list[DispatchRow]:
    """Return a report's dispatches."""
    row = await find(database, number)
    async with database.reading() as reading:
        return (await dispatches.of_reports(reading, [row.id])).get(row.id, [])


async def change(database: Database, row: DispatchRow, **values: object) -> None:
    """Let something have happened to a dispatch."""
    async with database.transaction() as tx:
        await dispatches.change(tx, row.id, values)


async def test_the_one_that_is_left_is_due_when_the_first_was(
    database: Database, clock: SetClock, fires: list[str]
) -> None:
    calm, urgent = await opened(database, "P3"), await opened(database, "P1")
    (kept,), (gone,) = await send(database, calm, "damkar"), await send(database, urgent, "damkar")
    clock.forward(seconds=61)
    assert await look(database) == 1
    await change(database, kept, state="delivered", delivered_at=clock.now, sent_at=clock.now)
    await join(database, calm, urgent)
    assert (await again(database, gone)).state == "cancelled"
    left = await again(database, kept)
    assert (left.accept_by, left.escalation, left.accept_within.total_seconds()) == (gone.accept_by, 1, 60)
    clock.forward(seconds=119)
    assert await look(database) == 1
    assert {one.agency for one in await of(database, urgent)} == {"damkar", "bpbd"}, "the next has it in time"


async def test_who_is_at_work_on_a_calm_report_speaks_as_often_as_the_urgent_one_wants(
    database: Database, clock: SetClock, fires: list[str]
) -> None:
    calm, urgent = await opened(database, "P3"), await opened(database, "P1")
    (row,) = await send(database, calm, "damkar")
    await join(database, calm, urgent)
    await says(database, row, "accepted")
    assert (await again(database, row)).escalate_at == clock.now + SPEAK_EVERY["P1"]
    await edit(database, urgent, "status", "resolved")
    await edit(database, urgent, "status", "reopened")
    assert (await again(database, row)).escalate_at == clock.now + SPEAK_EVERY["P1"]


@pytest.mark.parametrize("left", ["which is not dead", "whose report goes on"])
async def test_of_two_the_one_that_reaches_somebody_is_left(database: Database, fires: list[str], left: str) -> None:
    first, second, _ = fires
    (one,), (other,) = await send(database, first, "damkar"), await send(database, second, "damkar")
    if left == "which is not dead":
        async with database.transaction() as tx:
            await envelopes.end_of_agency(tx, one.agency_id, "status_410")
            await envelopes.revive(tx, [one.id])
        await says(database, other, "accepted")
    else:
        await edit(database, second, "status", "resolved")
        await change(database, other, state="delivered", sent_at=other.created_at, delivered_at=other.created_at)
    await join(database, second, first)
    states = [(await again(database, row)).state for row in (one, other)]
    assert states == ["queued", "accepted" if left == "which is not dead" else "cancelled"]


@pytest.mark.parametrize(
    ("priorities", "most"),
    [(("P3", None), "P3"), ((None, "P3"), None), ((None, "P2"), "P2"), (("P2", "P3", "P1"), "P1"), ((None,), None)],
)
def test_a_group_is_as_urgent_as_its_most_urgent(priorities: tuple[str | None, ...], most: str | None) -> None:
    assert rules.most_urgent(*priorities) == most


async def test_a_group_is_not_ours_when_a_neighbour_took_any_of_it(database: Database, fires: list[str]) -> None:
    """Only the joined report was sent to the neighbouring centre: it is left with its head, which was sent nowhere."""
    first, second, third = fires
    url = "https://8.8.8.8/hook"
    async with database.transaction() as tx:
        await outbox.add_agency(tx, "pamekasan", "Pusat 112 Pamekasan", url, [], [], is_centre=True)
    (theirs,), (ours,) = await send(database, second, "pamekasan"), await send(database, third, "damkar")
    await join(database, second, first)
    await join(database, third, first)

    async def leave(number: str) -> None:
        async with database.transaction() as tx:
            await closing.not_ours(tx, number, "pamekasan", "", "siti", PUBLIC_URL)

    with pytest.raises(NotTakenOverError, match="has not accepted"):
        await leave(first)
    await says(database, theirs, "accepted")
    with pytest.raises(NotTakenOverError, match=f"damkar \\({third}\\)"):
        await leave(first)
    with pytest.raises(JoinedReportError, match=first):
        await leave(second)
    await says(database, ours, "resolved")
    async with database.reading() as reading:
        offered = await grouping.may(reading, await find(database, first))
    assert (await statuses(database, first), offered) == (["working"], ["dispatch", "resolve", "not_ours"])
    await leave(first)
    rows = [await find(database, one) for one in fires]
    assert [(one.status, one.disposition) for one in rows] == [("closed", "not_ours")] * 3
    last = (await received(database, theirs))[-1]
    assert (last["type"], last["data"]["report"]["disposition"]) == ("report.closed", "not_ours")
