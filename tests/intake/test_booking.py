"""Facts become reports: every ring one, whatever comes twice; what a person wrote stays. On both databases."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec.structs import replace
from sqlalchemy import event, text

from db import calls, entries, live, reports
from db.calls import CallRow
from db.engine import Database
from db.reports import Filter, ReportRow
from intake import booking
from intake.facts import (
    Arrived,
    CallKey,
    Described,
    Ended,
    Fact,
    Held,
    JoinedWith,
    LegEnded,
    Queued,
    Rang,
    Resumed,
    Taken,
    Transferred,
    Untaped,
)

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
        await booking.book(tx, facts, WIB, "http://112.test")


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
    passed_on = Transferred(KEY, later(1), "a\0b", "1\0", attended=False)
    await book(database, replace(ARRIVED, name="a\0b"), QUEUED, LegEnded(KEY, later(1), "queue:1", "\0"), passed_on)
    assert [report.caller_name for report in await all_reports(database)] == ["a\ufffdb"]


async def test_two_bridges_that_see_the_same_calls_make_one_report_each(database: Database) -> None:
    """Neither is refused, and none waits for the other for ever: locks are taken in one order."""
    keys = [CallKey("pbx-1", f"c.{n}") for n in range(20)]

    async def one_bridge(order: list[CallKey]) -> None:
        for fact in [*TALK, ENDED]:
            await book(database, *[replace(fact, key=key) for key in order[:10]])
            await book(database, *[replace(fact, key=key) for key in order[10:]])

    async with asyncio.timeout(60), asyncio.TaskGroup() as tasks:
        tasks.create_task(one_bridge(keys))
        tasks.create_task(one_bridge(keys[::-1]))
    written = await all_reports(database)
    assert {report.number for report in written} == {f"112-20260314-{n:04d}" for n in range(1, 21)}
    for key in keys:
        assert await the_words(database, key.uniqueid) == ["Dijawab oleh op1 (PJSIP/op1)", "Panggilan selesai, dijawab"]


async def test_held_resumed_passed_on_and_taken_by_an_agency(database: Database) -> None:
    story: list[tuple[Fact, str]] = [
        (Held(KEY, later(10), "PJSIP/op1"), "held"),
        (Resumed(KEY, later(12)), "talking"),
        (Transferred(KEY, later(20), "PJSIP/op1", "+62328662113", attended=False), "transferred"),
        (Rang(KEY, later(20.1), "t.1", "PJSIP/trunk", None, "agency"), "transferred"),
        (Taken(KEY, later(24), "t.1", "PJSIP/trunk", None, "agency"), "talking"),
    ]
    await book(database, *TALK)
    for fact, stage in story:
        await book(database, fact)
        assert (await the_call(database)).stage == stage
        await book(database, *TALK, *[told for told, _ in story[: story.index((fact, stage))]])
        assert (await the_call(database)).stage == stage, "a late copy took the call back"
    call = await the_call(database)
    assert (call.operator_device, call.answered_at) == ("PJSIP/op1", later(3))
    async with database.reading() as reading:
        legs = {leg.key: leg for leg in await calls.legs_of(reading, call.id)}
    assert (legs["t.1"].kind, legs["t.1"].answered_at, legs["p.1"].kind) == ("agency", later(24), "operator")
    assert await the_words(database) == [
        "Dijawab oleh op1 (PJSIP/op1)",
        "Dialihkan oleh PJSIP/op1 ke +62328662113",
    ]


async def test_a_caller_whose_operator_was_lost_waits_again(database: Database) -> None:
    again = Queued(KEY, later(21), "112", "queue:2")
    await book(database, *TALK, LegEnded(KEY, later(20), "p.1", "44"), again)
    assert (await the_call(database)).stage == "queued"
    await book(database, QUEUED, TAKEN)
    assert (await the_call(database)).stage == "queued"


async def test_what_is_told_late_of_an_earlier_time_does_not_move_the_stage(database: Database) -> None:
    """The CEL file is read after the connect: its lines may come behind what was heard live meanwhile."""
    await book(database, ARRIVED, Taken(KEY, later(30), "p.9", "PJSIP/op9", "op9"))
    await book(database, Queued(KEY, later(21), "112", "queue:1"))
    call = await the_call(database)
    assert (call.stage, call.queued_at) == ("talking", later(21))


async def test_two_callers_joined_name_each_other(database: Database) -> None:
    other = CallKey("pbx-1", "c.2")
    await book(database, ARRIVED)
    joined = [JoinedWith(KEY, later(9), other), JoinedWith(other, later(9), KEY)]
    await book(database, replace(ARRIVED, key=other), *joined, JoinedWith(KEY, later(9), CallKey("pbx-1", "c.3")))
    await book(database, *joined)
    assert await the_words(database) == [
        "Disambungkan dengan penelepon 112-20260314-0002",
        "Disambungkan dengan penelepon c.3",
    ]
    assert await the_words(database, "c.2") == ["Disambungkan dengan penelepon 112-20260314-0001"]


async def test_a_late_ring_and_a_call_that_is_on_no_tape_are_marked(database: Database) -> None:
    await book(database, replace(ARRIVED, late=True), Untaped(KEY, later(1)), DESCRIBED, Untaped(KEY, later(2)))
    metadata = (await the_call(database)).metadata
    assert metadata == {"ring": "late", "untaped": "true", "access_network": "cell-1"}
    assert len(await the_words(database)) == 2


async def test_an_unknown_end_is_completed_by_who_knows_it_and_a_known_one_stays(database: Database) -> None:
    unknown = Ended(KEY, None, None, "ended while the bridge was not listening", recovered=True)
    await book(database, ARRIVED, DESCRIBED, QUEUED, *RANG, unknown)
    await book(database, unknown)
    assert len((await told_of(database))[1]) == 1
    given_up = replace(ENDED, outcome="abandoned")
    await book(database, given_up, replace(ENDED, outcome="failed", at=later(99)))
    call = await the_call(database)
    assert (call.outcome, call.ended_at, call.hangup_cause) == ("abandoned", later(60), "16 Normal Clearing")
    async with database.reading() as reading:
        assert all(leg.to_at is not None for leg in await calls.legs_of(reading, call.id))
    ends = [detail for action, detail in (await told_of(database))[0] if action == "CallEnd"]
    assert [json.loads(detail) for detail in ends] == [
        {"outcome": None, "recovered": True},
        {"outcome": "abandoned", "recovered": False, "completed": True},
    ]
    assert (await the_words(database))[-1] == "Panggilan penelepon menutup sebelum dijawab"


async def test_an_end_never_denies_an_answer(database: Database) -> None:
    """A second bridge that missed the answer may say first how the call ended."""
    await book(database, *TALK, replace(ENDED, outcome="abandoned"))
    assert (await the_call(database)).outcome == "answered"


async def test_an_end_by_a_restart_of_the_pbx_says_so(database: Database) -> None:
    await book(database, *TALK, replace(ENDED, cause="pbx restarted"))
    assert (await the_words(database))[-1] == "Panggilan selesai, dijawab (PBX dimulai ulang)"


async def test_an_answer_that_was_only_found_has_its_time_from_who_heard_it(database: Database) -> None:
    found = replace(TAKEN, at=None)
    await book(database, ARRIVED, QUEUED, found)
    await book(database, found)
    assert ((await the_call(database)).stage, (await the_call(database)).answered_at) == ("talking", None)
    await book(database, TAKEN)
    assert (await the_call(database)).answered_at == later(3)


async def test_a_copy_leaves_no_trace(database: Database) -> None:
    await book(database, *TALK)
    before = await everything(database)
    await book(database, *TALK)
    assert await everything(database) == before


async def test_many_calls_are_as_many_statements_as_one(database: Database) -> None:
    await book(database, replace(ARRIVED, key=CallKey("pbx-1", "the first of the day")))
    statements: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        statements.append(statement)

    event.listen(database._write.sync_engine, "before_cursor_execute", note)
    counts = []
    for many in (1, 40):
        statements.clear()
        keys = [CallKey("pbx-1", f"{many}.{n}") for n in range(many)]
        await book(database, *[replace(fact, key=key) for fact in [*TALK, ENDED] for key in keys])
        counts.append(len(statements))
    assert counts[0] == counts[1]


async def the_call(database: Database, uniqueid: str = "c.1") -> CallRow:
    """Return a call."""
    async with database.reading() as reading:
        return (await calls.by_keys(reading, [("pbx-1", uniqueid)]))["pbx-1", uniqueid]


async def the_words(database: Database, uniqueid: str = "c.1") -> list[str]:
    """Return the texts of a call's entries."""
    call = await the_call(database, uniqueid)
    async with database.reading() as reading:
        return [entry.text for entry in await entries.of_report(reading, call.report_id)]


async def told_of(database: Database, number: str = "112-20260314-0001") -> tuple[list[tuple[str, str]], list[int]]:
    """Return a report's audit rows, and the versions that were told of it."""
    subject = {"number": number}
    async with database.reading() as reading:
        audit = text("SELECT action, detail FROM audit WHERE subject = :number ORDER BY n")
        told = text("SELECT version FROM live_events WHERE subject = :number ORDER BY seq")
        rows = [(row.action, row.detail) for row in await reading.connection.execute(audit, subject)]
        return rows, list((await reading.connection.execute(told, subject)).scalars())


async def everything(database: Database) -> list[object]:
    """Return every row of every table that booking writes."""
    tables = ("reports", "calls", "legs", "entries", "audit", "live_events", "head", "report_counters")
    async with database.reading() as reading:
        return [
            [tuple(row) for row in await reading.connection.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2"))]  # noqa: S608  # names of ours
            for table in tables
        ]
