"""Facts become reports: every ring one, whatever comes twice; what a person wrote stays. On both databases."""

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.exc import IntegrityError

from db import calls, entries, live, reports
from db.engine import Database
from db.reports import Filter, ReportRow
from intake import booking
from intake.facts import Arrived, CallKey, Described, Ended, Fact, LegEnded, Queued, Rang, Taken

WIB = ZoneInfo("Asia/Jakarta")
AT = datetime(2026, 3, 14, 1, 59, 26, 535897, tzinfo=UTC)
KEY = CallKey("pbx-1", "c.1")


def later(seconds: float) -> datetime:
    """Return a time after the ring."""
    return AT + timedelta(seconds=seconds)


ARRIVED = Arrived(KEY, AT, "c.1", "trunk", "112", "081200000001", "Siti Contoh")
DESCRIBED = Described(KEY, AT, False, "081200000001", "Siti Contoh", "112", "c.1.wav", {"access_network": "cell-1"})
QUEUED = Queued(KEY, later(0.1), "112", "queue:1")
RANG = [Rang(KEY, later(0.2), f"p.{n}", f"PJSIP/op{n}", f"op{n}") for n in (1, 2)]
TAKEN = Taken(KEY, later(3), "p.1", "PJSIP/op1", "op1")
TALK: list[Fact] = [
    ARRIVED,
    DESCRIBED,
    QUEUED,
    *RANG,
    LegEnded(KEY, later(3), "queue:1", None),
    TAKEN,
    LegEnded(KEY, later(3.1), "p.2", "26 Answered elsewhere"),
]
ENDED = Ended(KEY, later(60), "answered", "16 Normal Clearing")


async def book(database: Database, *facts: Fact) -> None:
    """Book facts in one transaction."""
    async with database.transaction() as tx:
        await booking.book(tx, facts, WIB)


async def all_reports(database: Database) -> list[ReportRow]:
    """Return every report."""
    async with database.reading() as reading:
        return await reports.page(reading, Filter(), None, 200)


async def test_a_whole_call_in_one_transaction(database: Database) -> None:
    await book(database, *TALK, ENDED)
    (report,) = await all_reports(database)
    assert report.number == "112-20260314-0001"
    assert (report.caller_number, report.caller_number_raw) == ("+6281200000001", "081200000001")
    assert (report.caller_name, report.caller_withheld, report.status) == ("Siti Contoh", False, "open")
    async with database.reading() as reading:
        call = (await calls.by_reports(reading, [report.id]))[report.id]
        legs = await calls.legs_of(reading, call.id)
        written = await entries.of_report(reading, report.id)
    assert (call.stage, call.outcome, call.hangup_cause) == ("ended", "answered", "16 Normal Clearing")
    assert (call.arrived_at, call.queued_at, call.answered_at, call.ended_at) == (AT, later(0.1), later(3), later(60))
    assert (call.operator_device, call.operator_member) == ("PJSIP/op1", "op1")
    assert call.metadata == {"access_network": "cell-1"}
    assert [(leg.kind, leg.device, leg.from_at, leg.to_at) for leg in legs] == [
        ("queue", "112", later(0.1), later(3)),
        ("operator", "PJSIP/op1", later(0.2), later(60)),
        ("operator", "PJSIP/op2", later(0.2), later(3.1)),
    ]
    assert [entry.text for entry in written] == ["Dijawab oleh op1 (PJSIP/op1)", "Panggilan selesai, dijawab"]
    assert all(entry.automatic for entry in written)


async def test_one_fact_a_transaction_gives_the_same_report(database: Database) -> None:
    for fact in [*TALK, ENDED]:
        await book(database, fact)
    (report,) = await all_reports(database)
    async with database.reading() as reading:
        call = (await calls.by_reports(reading, [report.id]))[report.id]
        assert (call.stage, call.outcome, call.operator_device) == ("ended", "answered", "PJSIP/op1")
        assert len(await calls.legs_of(reading, call.id)) == 3


async def test_every_fact_twice_changes_nothing_after_the_end(database: Database) -> None:
    await book(database, *TALK, ENDED)
    before = await all_reports(database)
    await book(database, *TALK, ENDED, replace(ENDED, outcome="failed"))
    assert await all_reports(database) == before
    async with database.reading() as reading:
        assert (await calls.by_keys(reading, [("pbx-1", "c.1")]))["pbx-1", "c.1"].outcome == "answered"


async def test_the_report_is_there_at_the_ring_and_told_with_its_version(database: Database) -> None:
    await book(database, ARRIVED)
    async with database.reading() as reading:
        events = await live.after(reading, 0)
    assert [(event.kind, event.subject, event.version) for event in events] == [("report", "112-20260314-0001", 1)]


async def test_the_number_carries_the_centres_day(database: Database) -> None:
    evening = replace(ARRIVED, at=datetime(2026, 3, 14, 17, 0, tzinfo=UTC))
    await book(database, evening)
    assert [report.number for report in await all_reports(database)] == ["112-20260315-0001"]


async def test_what_a_person_wrote_is_not_overwritten(database: Database) -> None:
    await book(database, ARRIVED)
    (report,) = await all_reports(database)
    async with database.transaction() as tx:
        row = await reports.lock(tx, report.id)
        await reports.change(tx, row, {"caller_name": "Ibu Siti"}, ["caller.name"])
    await book(database, DESCRIBED)
    (report,) = await all_reports(database)
    assert (report.caller_name, report.caller_withheld) == ("Ibu Siti", False)


async def test_facts_whose_ring_was_lost_are_a_report_all_the_same(database: Database) -> None:
    await book(database, QUEUED)
    await book(database, ENDED)
    assert len(await all_reports(database)) == 1
    async with database.reading() as reading:
        call = (await calls.by_keys(reading, [("pbx-1", "c.1")]))["pbx-1", "c.1"]
    assert (call.recovered, call.arrived_at, call.outcome) == (True, QUEUED.at, "answered")


async def test_the_first_answer_counts_and_a_second_operator_is_a_leg(database: Database) -> None:
    second = Taken(KEY, later(30), "p.9", "PJSIP/op9", "op9")
    await book(database, *TALK, LegEnded(KEY, later(20), "p.1", "44"), Queued(KEY, later(21), "112", "queue:2"), second)
    async with database.reading() as reading:
        call = (await calls.by_keys(reading, [("pbx-1", "c.1")]))["pbx-1", "c.1"]
        assert (call.operator_device, call.answered_at, call.stage) == ("PJSIP/op1", later(3), "talking")
        assert len(await calls.legs_of(reading, call.id)) == 5


async def test_an_end_nobody_saw_has_no_time_and_no_outcome(database: Database) -> None:
    await book(database, ARRIVED, Ended(KEY, None, None, "ended while the bridge was not listening", recovered=True))
    async with database.reading() as reading:
        call = (await calls.by_keys(reading, [("pbx-1", "c.1")]))["pbx-1", "c.1"]
    assert (call.stage, call.outcome, call.ended_at) == ("ended", None, None)


async def test_a_name_with_a_nul_is_kept_but_for_the_nul(database: Database) -> None:
    await book(database, replace(ARRIVED, name="a\0b"))
    assert [report.caller_name for report in await all_reports(database)] == ["a\ufffdb"]


@pytest.mark.parametrize("bridges", [2])
async def test_two_bridges_that_see_the_same_rings_make_one_report_each(database: Database, bridges: int) -> None:
    rings = [replace(ARRIVED, key=CallKey("pbx-1", f"c.{n}")) for n in range(20)]

    async def one_bridge() -> None:
        for ring in rings:
            for _ in range(2):  # the second try is the bridge's own answer to a collision
                with contextlib.suppress(IntegrityError):
                    await book(database, ring)

    async with asyncio.TaskGroup() as tasks:
        for _ in range(bridges):
            tasks.create_task(one_bridge())
    assert len(await all_reports(database)) == 20
