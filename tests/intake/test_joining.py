"""Two callers, one fire: what joining does to dispatches, deadlines and statuses, and undoing. On both databases."""

import itertools
import json

import pytest

from db import entries, envelopes, reports
from db.dispatches import DispatchRow
from db.engine import Database
from db.reports import ReportRow
from intake import answering, closing, desk, joining
from intake.closing import Ending
from intake.desk import NewReport
from intake.duplicate_refusals import AlreadyJoinedError, JoinedReportError, NotJoinableError, NotJoinedError
from intake.refusals import IllegalStepError
from intake.report import Value
from routing import outbox, rulebook
from routing.answers import Answer
from routing.refusals import AlreadyDispatchedError
from routing.rules import Recipient, Rule
from routing.steps import AnswerWord
from tests.conftest import SetClock
from tests.intake.conftest import PUBLIC_URL, WIB, Json, close
from tests.intake.test_escalating import look
from tests.routing.cases import owed
from tests.routing.test_outbox import audit

LADDER = ("damkar", "bpbd", "polres")  # each is followed by the next
_people = itertools.count(1)


@pytest.fixture
async def fires(database: Database) -> list[str]:
    """Three agencies, and three reports of one fire (P2), each by a caller of its own."""
    async with database.transaction() as tx:
        for code in LADDER:
            await outbox.add_agency(tx, code, f"Instansi {code}", "https://8.8.8.8/hook", [], [])
        ladder = (Recipient(*one) for one in zip(LADDER, [None] * 3, [*LADDER[1:], None], strict=True))
        await rulebook.append(tx, Rule(0, tuple(ladder), ("kebakaran",)), "siti", "")
    return [await opened(database) for _ in range(3)]


async def opened(database: Database, priority: str = "P2", kind: str = "kebakaran") -> str:
    """Open a report, by another caller than before."""
    n = next(_people)
    new = NewReport(
        "walk-in",
        caller_number=f"0812000{n:05d}",
        caller_name=f"Saksi {n}",
        kind=kind,
        priority=priority,  # type: ignore[arg-type]
        location_text="Pasar Contoh",
        location_lat=-7.0,
        location_lon=113.86,
        narrative=f"Kata saksi {n}",
    )
    async with database.transaction() as tx:
        return (await desk.open_report(tx, new, "siti", WIB, PUBLIC_URL))[0].number


async def join(database: Database, number: str, of: str) -> None:
    """Join a report to another."""
    async with database.transaction() as tx:
        await joining.join(tx, number, of, "siti", PUBLIC_URL)


async def undo(database: Database, number: str) -> None:
    """Take a report out again."""
    async with database.transaction() as tx:
        await joining.undo(tx, number, "siti", PUBLIC_URL)


async def send(database: Database, number: str, *codes: str) -> list[DispatchRow]:
    """Send a report to agencies."""
    async with database.transaction() as tx:
        return await desk.dispatch(tx, number, codes, "siti", PUBLIC_URL)


async def says(database: Database, row: DispatchRow, word: AnswerWord) -> None:
    """Let the agency answer."""
    async with database.transaction() as tx:
        await answering.book_answer(tx, row.id, row.agency_id, Answer(word, "Regu 1"))


async def edit(database: Database, number: str, leaf: str, value: Value) -> None:
    """Change a field."""
    async with database.transaction() as tx:
        row = await reports.find(tx, number)
        assert row is not None
        await desk.edit(tx, number, row.version, {leaf: value}, "siti", PUBLIC_URL)


async def steps(database: Database, number: str, *statuses: str) -> None:
    """Let a report take steps; what is closed was checked with the caller."""
    for status in statuses:
        if status == "closed":
            await close(database, number)
        else:
            await edit(database, number, "status", status)


async def find(database: Database, number: str) -> ReportRow:
    """Return a report."""
    async with database.reading() as reading:
        row = await reports.find(reading, number)
    assert row is not None
    return row


async def statuses(database: Database, *numbers: str) -> list[str]:
    """Return the statuses of reports."""
    return [(await find(database, number)).status for number in numbers]


async def sent(database: Database, number: str) -> dict[str, str]:
    """Return the states of a report's dispatches, by agency; of several of one agency the one that goes on."""
    row = await find(database, number)
    async with database.reading() as reading:
        found = sorted(await outbox.every(reading, row.id), key=lambda one: one.state != "cancelled")
    return {one.agency: one.state for one in found}


async def received(database: Database, row: DispatchRow) -> list[Json]:
    """Return what an agency is owed or was sent of a dispatch."""
    async with database.reading() as reading:
        return [json.loads(one.body) for one in await owed(reading, row.id)]


def types(bodies: list[Json]) -> list[str]:
    """Return the last words of their types."""
    return [str(body["type"]).partition(".")[2] for body in bodies]


async def texts(database: Database, number: str) -> list[str]:
    """Return the entries of a report."""
    row = await find(database, number)
    async with database.reading() as reading:
        return [one.text for one in await entries.of_report(reading, row.id)]


# -- one dispatch ------------------------------------------------------------------------------------------------------


async def test_the_agency_has_one_dispatch_with_both(database: Database, fires: list[str]) -> None:
    first, second, third = fires
    (row,) = await send(database, first, "damkar")
    await join(database, second, first)
    created, told = await received(database, row)
    assert (created["data"]["report"]["callers"], created["data"]["report"]["duplicate_of"]) == ([], None)
    seen = told["data"]["report"]
    assert [one["report"] for one in seen["callers"]] == [first, second]
    assert len({one["number"] for one in seen["callers"]}) == 2
    assert any(one["text"].startswith(f"[{second}] Kejadian yang sama, penelepon") for one in seen["entries"])
    async with database.transaction() as tx:
        await desk.write_entry(tx, second, "Ada orang di lantai dua", "siti", PUBLIC_URL)
    last = (await received(database, row))[-1]["data"]["report"]["entries"][-1]
    assert last["text"] == f"[{second}] Ada orang di lantai dua"
    with pytest.raises(JoinedReportError, match=first):
        await send(database, second, "bpbd")
    with pytest.raises(AlreadyDispatchedError):
        await send(database, first, "damkar")
    await join(database, third, second)
    (new,) = await send(database, first, "bpbd")
    (created,) = await received(database, new)
    assert [one["report"] for one in created["data"]["report"]["callers"]] == [first, second, third], (
        "to the head of who is joined itself"
    )
    assert [(await find(database, one)).duplicate_of for one in fires] == [None, first, first]


async def test_who_has_the_joined_one_keeps_it_and_is_told(database: Database, fires: list[str]) -> None:
    first, second, _ = fires
    (row,) = await send(database, second, "damkar")
    await says(database, row, "accepted")
    await join(database, second, first)
    told = (await received(database, row))[-1]
    assert told["type"] == "report.updated"
    assert told["data"]["report"]["duplicate_of"] == first
    assert [one["report"] for one in told["data"]["report"]["callers"]] == [first, second]
    with pytest.raises(AlreadyDispatchedError):
        await send(database, first, "damkar")
    await edit(database, first, "narrative", "Toko juga terbakar")
    assert any(
        "Toko juga terbakar" in one["text"] for one in (await received(database, row))[-1]["data"]["report"]["entries"]
    )
    await send(database, first, "bpbd")
    await says(database, row, "resolved")
    assert await statuses(database, first, second) == ["dispatched", "dispatched"], "another has still to do with it"
    async with database.transaction() as tx:
        (other,) = await outbox.unfinished(tx, (await find(database, first)).id)
    await says(database, other, "resolved")
    assert await statuses(database, first, second) == ["resolved", "resolved"]


async def test_of_two_that_nobody_took_one_is_left(database: Database, fires: list[str]) -> None:
    first, second, third = fires
    (kept,) = await send(database, first, "damkar")
    (untried,) = await send(database, second, "damkar")
    await join(database, second, first)
    assert await sent(database, second) == {"damkar": "cancelled"}
    async with database.reading() as reading:
        states = {one.state for one in await owed(reading, untried.id)}
    assert states == {"withdrawn"}, "no try was begun to send it, so nobody hears of it"
    (taken,) = await send(database, third, "damkar")
    await says(database, taken, "accepted")
    await join(database, third, first)
    assert await sent(database, first) == {"damkar": "cancelled"}, "a crew drives for the other"
    assert (await sent(database, third), await statuses(database, first)) == ({"damkar": "accepted"}, ["dispatched"])
    assert types(await received(database, kept)) == ["created", "updated"]
    await undo(database, second)
    assert await sent(database, second) == {"damkar": "queued"}, "it has a life of its own again"
    await undo(database, third)
    assert (await sent(database, first), await sent(database, third)) == ({"damkar": "queued"}, {"damkar": "accepted"})
    assert await statuses(database, *fires) == ["dispatched"] * 3
    assert any("tidak lagi digabung" in one for one in await texts(database, first))


async def test_the_ladder_of_a_joined_one_goes_on_with_the_head(
    database: Database, clock: SetClock, fires: list[str]
) -> None:
    first, second, _ = fires
    await send(database, second, "damkar")
    await join(database, second, first)
    clock.forward(minutes=5)
    await look(database)
    assert (await texts(database, second))[-1].startswith("Instansi damkar belum menerima dalam 300 dtk")
    clock.forward(minutes=10)
    await look(database)
    assert (await sent(database, first), await sent(database, second)) == ({"bpbd": "queued"}, {"damkar": "queued"})
    assert (await texts(database, first))[-1] == "Diteruskan ke Instansi bpbd karena Instansi damkar belum menerima"
    clock.forward(minutes=15)
    await look(database)
    assert await sent(database, first) == {"bpbd": "queued", "polres": "queued"}, "the head's own ladder"


async def test_the_head_is_as_urgent_as_who_is_joined(database: Database, clock: SetClock, fires: list[str]) -> None:
    first, second, _ = fires
    (row,) = await send(database, first, "damkar")
    urgent = await opened(database, "P1")
    await join(database, urgent, first)
    assert (await find(database, first)).priority == "P1"
    await join(database, second, first)
    assert (await find(database, first)).priority == "P1"
    async with database.reading() as reading:
        (found,) = await outbox.every(reading, (await find(database, first)).id)
    assert (row.accept_within.total_seconds(), found.accept_within.total_seconds()) == (300, 60)
    assert f"Prioritas: P2 → P1 (dari laporan {urgent})" in await texts(database, first)


# -- the head governs --------------------------------------------------------------------------------------------------


async def test_closed_and_reopened_with_the_head(database: Database, clock: SetClock, fires: list[str]) -> None:
    first, second, third = fires
    (row,) = await send(database, second, "damkar")
    await says(database, row, "accepted")
    await join(database, second, first)
    await join(database, third, first)
    for status in ("resolved", "closed"):
        with pytest.raises(JoinedReportError, match="undo the join"):
            await steps(database, third, status)
    with pytest.raises(IllegalStepError, match=second):
        await steps(database, first, "closed")
    await steps(database, first, "resolved", "closed")
    assert await statuses(database, *fires) == ["closed"] * 3
    assert (await texts(database, third))[-1] == f"Status: selesai di lapangan → ditutup (duplikat dari {first})"
    assert types(await received(database, row))[-1] == "closed"
    assert (await audit(database)).count(("gabungan", "IncidentClose", second)) == 1
    clock.forward(hours=1)
    await steps(database, first, "reopened")
    assert await statuses(database, *fires) == ["reopened"] * 3
    assert types(await received(database, row))[-1] == "updated"
    with pytest.raises(IllegalStepError, match=f"damkar \\({second}\\)"):  # reopened, but a crew is there still
        await steps(database, first, "closed")
    await steps(database, first, "resolved", "closed")
    await undo(database, third)
    assert await statuses(database, *fires) == ["closed", "closed", "reopened"], "nobody said that this one is over"


async def test_each_caller_of_a_group_is_told_for_himself(database: Database, fires: list[str]) -> None:
    first, second, third = fires
    await edit(database, third, "class", "ghost")
    for number in (second, third):
        await join(database, number, first)
    assert "Status: baru → dikerjakan" in await texts(database, second)
    await steps(database, first, "resolved", "closed")
    rows = [await find(database, one) for one in fires]
    assert [(one.disposition, one.caller_told) for one in rows] == [
        ("resolved", "told"),
        ("duplicate", None),
        ("silent", None),
    ], "that the head's caller was told is nobody's word to the others"
    assert f"Hasil akhir: – → duplicate (duplikat dari {first})" in await texts(database, second)
    async with database.transaction() as tx:
        await closing.dispose(tx, second, Ending(caller="unreachable"), "siti", PUBLIC_URL)
    row = await find(database, second)
    assert (row.status, row.caller_told) == ("closed", "unreachable")


async def test_no_group_hangs_because_one_of_it_was_called_resolved(database: Database, fires: list[str]) -> None:
    first, second, _ = fires
    (one,), (other,) = await send(database, first, "bpbd"), await send(database, second, "damkar")
    await says(database, other, "accepted")
    await steps(database, second, "resolved")
    await join(database, second, first)
    await says(database, one, "resolved")
    assert await statuses(database, first, second) == ["dispatched", "resolved"]
    await says(database, other, "resolved")
    assert await statuses(database, first, second) == ["resolved", "resolved"]


async def test_what_its_own_agency_called_resolved_stays_so_on_its_own(database: Database, fires: list[str]) -> None:
    first, second, third = fires
    (one,), (other,) = await send(database, first, "bpbd"), await send(database, second, "damkar")
    await join(database, second, first)
    await says(database, other, "resolved")
    await undo(database, second)
    assert await statuses(database, first, second) == ["dispatched", "resolved"]
    await send(database, third, "polres")
    await join(database, third, first)
    await says(database, one, "resolved")
    await undo(database, third)
    assert await statuses(database, first, third) == ["resolved", "dispatched"]


async def test_of_two_the_one_that_still_goes_out_is_kept(database: Database, fires: list[str]) -> None:
    first, second, _ = fires
    (dead,) = await send(database, first, "damkar")
    async with database.transaction() as tx:
        await envelopes.end_of_agency(tx, dead.agency_id, "status_410")
    await send(database, second, "damkar")
    await join(database, second, first)
    assert (await sent(database, first), await sent(database, second)) == (
        {"damkar": "cancelled"},
        {"damkar": "queued"},
    )


async def test_what_cannot_be_joined_says_what_to_do(database: Database, clock: SetClock, fires: list[str]) -> None:
    first, second, third = fires
    await steps(database, first, "resolved")
    with pytest.raises(NotJoinableError, match="set that one reopened first"):
        await join(database, second, first)
    await steps(database, first, "closed")
    with pytest.raises(NotJoinableError, match=f"{first} is closed"):
        await join(database, second, first)
    with pytest.raises(NotJoinableError, match="Set it reopened first"):
        await join(database, first, second)
    clock.forward(hours=13)
    late = await opened(database)
    with pytest.raises(NotJoinableError, match="13 hours from this report; only reports within 12 hours"):
        await join(database, late, second)
    await steps(database, first, "reopened")
    await join(database, late, first)
    with pytest.raises(AlreadyJoinedError, match=first):
        await join(database, late, third)
    with pytest.raises(AlreadyJoinedError, match=f"{late} is joined to this report already"):
        await join(database, first, late)
    with pytest.raises(NotJoinedError):
        await undo(database, first)
