"""What agencies answer, and what it changes."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import select

from db import answers, dispatches, reports, tables
from db.engine import Database
from routing.answers import MOST_KEPT, Answer, Booked, book, parse
from routing.refusals import AnswerKeyUsedError, TooManyAnswersError, UnknownDispatchError
from routing.silence import SPEAK_EVERY
from routing.steps import AnswerWord
from tests.conftest import START, SetClock
from tests.routing.cases import add_agency, add_report, dispatch, owed, put, update
from tests.routing.test_outbox import audit

AT = datetime(2026, 3, 14, 2, 0, tzinfo=UTC)


async def say(database: Database, dispatch_id: str, answer: AnswerWord, agency_id: int | None = None) -> Booked:
    """Book an answer in a transaction of its own."""
    async with database.transaction() as tx:
        return await book(tx, dispatch_id, agency_id, Answer(answer, "Pak Budi", AT, 7, "dua unit"))


async def logged(database: Database) -> list[tuple[str, bool]]:
    """Return the log of answers."""
    async with database.reading() as reading:
        rows = await reading.connection.execute(select(tables.answers).order_by(tables.answers.c.n))
        return [(row.answer, row.applied) for row in rows]


async def version(database: Database, report_id: int) -> int:
    """Return a report's version."""
    async with database.reading() as reading:
        return (await reports.by_ids(reading, [report_id]))[report_id].version


async def test_accepted(database: Database, clock: SetClock) -> None:
    agency = (await add_agency(database)).agency
    row = await dispatch(database)
    now = clock.forward(seconds=30)
    booked = await say(database, row.id, "accepted", agency.id)
    assert (booked.applied, booked.before.state, booked.after.state) == (True, "queued", "accepted")
    after = booked.after
    assert (after.accepted_at, after.answered_by, after.note) == (now, "Pak Budi", "dua unit")
    assert (after.sent_at, after.delivered_at) == (now, now)  # who answers has it
    assert ("damkar", "dispatch.accepted", row.id) in await audit(database)
    assert await version(database, row.report_id) == 2
    async with database.reading() as reading:
        assert await dispatches.find(reading, row.id) == after
        events = (await reading.connection.execute(select(tables.live_events))).all()
        [kept] = (await reading.connection.execute(select(tables.answers))).mappings()
        [envelope] = await owed(reading, row.id)
    assert [(e.kind, e.subject, e.version) for e in events] == [("report", row.report, 2)]
    assert dict(kept) | {"n": 0} == {
        "n": 0,
        "dispatch_id": row.id,
        "received_at": now,
        "answer": "accepted",
        "by": "Pak Budi",
        "at": AT,
        "sequence": 7,
        "note": "dua unit",
        "applied": True,
        "via": "api",
        "recorded_by": None,
        "key": None,
        "agency_id": agency.id,
    }
    assert envelope.state == "pending"  # the receiver itself has not taken it


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        pytest.param("accepted en_route on_scene resolved", "1111 resolved", id="all-steps"),
        pytest.param("resolved", "1 resolved", id="all-skipped"),
        pytest.param("accepted accepted", "10 accepted", id="repeated"),
        pytest.param("en_route accepted on_scene", "101 on_scene", id="late"),
        pytest.param("rejected accepted", "10 rejected", id="rejected-is-an-end"),
        pytest.param("accepted rejected", "10 accepted", id="too-late-to-reject"),
    ],
)
async def test_stories(database: Database, story: str, expected: str) -> None:
    await add_agency(database)
    row = await dispatch(database)
    words: list[Any] = story.split()
    booked = [await say(database, row.id, word) for word in words]
    assert "".join(str(int(b.applied)) for b in booked) + " " + booked[-1].after.state == expected
    assert await logged(database) == [(w, b.applied) for w, b in zip(words, booked, strict=True)]
    assert await version(database, row.report_id) == 1 + sum(b.applied for b in booked)
    assert sum(a.startswith("dispatch.") for _, a, _ in await audit(database)) == 1 + sum(b.applied for b in booked)


async def test_late_answers_change_nothing_but_that_they_were_heard(database: Database, clock: SetClock) -> None:
    await add_agency(database)
    row = await dispatch(database)
    first = await say(database, row.id, "en_route")
    now = clock.forward(minutes=5)
    late = await say(database, row.id, "accepted")
    heard = replace(first.after, heard_at=now, escalate_at=now + SPEAK_EVERY["P1"])
    assert late == Booked(applied=False, before=first.after, after=heard)
    assert first.after.accepted_at is None


async def test_times_of_earlier_steps_stay(database: Database, clock: SetClock) -> None:
    await add_agency(database)
    row = await dispatch(database)
    await say(database, row.id, "accepted")
    later = clock.forward(minutes=5)
    after = (await say(database, row.id, "resolved")).after
    assert (after.sent_at, after.accepted_at, after.resolved_at) == (START, START, later)


async def test_another_agencys_dispatch_is_as_unknown_as_none(database: Database) -> None:
    await add_agency(database)
    other = (await add_agency(database, "bpbd")).agency
    row = await dispatch(database)
    sentences = []
    for dispatch_id in (row.id, "0195923c-0000-7000-8000-000000000001", "", "x" * 500):
        with pytest.raises(UnknownDispatchError) as caught:
            await say(database, dispatch_id, "accepted", other.id)
        sentences.append((str(caught.value), caught.value.status))
    assert set(sentences) == {("There is no such dispatch.", 404)}
    assert await logged(database) == []


async def test_a_hundred_equal_answers_at_once_are_one_step(database: Database) -> None:
    await add_agency(database)
    row = await dispatch(database)
    booked = await asyncio.gather(*(say(database, row.id, "accepted") for _ in range(100)))
    assert sum(b.applied for b in booked) == 1
    assert len(await logged(database)) == 100
    assert [a for _, a, _ in await audit(database)].count("dispatch.accepted") == 1


async def test_a_key_that_comes_again_is_the_same_answer(database: Database, clock: SetClock) -> None:
    agency = (await add_agency(database)).agency
    row, other = await dispatch(database), await dispatch(database)

    async def say(dispatch_id: str, answer: Answer, key: str | None = "k\0") -> Booked:
        async with database.transaction() as tx:
            return await book(tx, dispatch_id, agency.id, answer, via="signed", key=key)

    accepted = Answer("accepted", "Pak Budi", AT, 7, "x" * 5000)
    first = await say(row.id, accepted)
    await say(row.id, Answer("en_route"), None)
    clock.forward(minutes=1)
    again = await say(row.id, accepted)
    assert (again.applied, again.again, again.after.state) == (True, True, "en_route")
    assert again.after.heard_at == first.after.heard_at, "nobody spoke"
    assert await logged(database) == [("accepted", True), ("en_route", True)]
    for one, answer in ((row.id, replace_note(accepted)), (row.id, Answer("resolved")), (other.id, accepted)):
        with pytest.raises(AnswerKeyUsedError, match="key came before"):
            await say(one, answer)
    async with database.transaction() as tx:  # each way has keys of its own
        assert (await book(tx, other.id, agency.id, accepted, via="api", key="k\0")).applied


async def test_one_key_to_ten_dispatches_at_once_is_one_answer_and_no_transaction_is_broken(database: Database) -> None:
    agency = (await add_agency(database)).agency
    rows = [await dispatch(database) for _ in range(10)]
    met = asyncio.Barrier(1 if database.is_sqlite else 10)  # where there are ten writers, they write at once

    async def say(dispatch_id: str) -> bool:
        async with database.transaction() as tx:
            await met.wait()
            try:
                return (await book(tx, dispatch_id, agency.id, Answer("accepted"), via="signed", key="k")).applied
            except AnswerKeyUsedError:
                return await dispatches.find(tx, dispatch_id) is None

    assert sum(await asyncio.gather(*(say(row.id) for row in rows))) == 1
    assert await logged(database) == [("accepted", True)]


async def test_what_moves_nothing_is_kept_two_hundred_times_and_a_step_always(database: Database) -> None:
    agency = (await add_agency(database)).agency
    row = await dispatch(database)
    await say(database, row.id, "accepted", agency.id)
    await fill(database, row.id, agency.id)
    with pytest.raises(TooManyAnswersError):
        await say(database, row.id, "accepted", agency.id)
    assert len(await logged(database)) == MOST_KEPT
    assert (await say(database, row.id, "en_route", agency.id)).applied
    async with database.transaction() as tx:
        await book(tx, row.id, agency.id, Answer("accepted"), via="body")  # the letter is delivered all the same
    assert len(await logged(database)) == MOST_KEPT + 2


async def fill(database: Database, dispatch_id: str, agency_id: int) -> None:
    """Keep as many answers as are kept."""
    async with database.transaction() as tx:
        for n in range(MOST_KEPT - await answers.count(tx, dispatch_id)):
            said = {"answer": "accepted", "by": f"no. {n}", "applied": False, "via": "api"}
            assert await answers.add(tx, dispatch_id, agency_id, said)


def replace_note(answer: Answer) -> Answer:
    """The same answer with another note."""
    return Answer(answer.answer, answer.by, answer.at, answer.sequence, "lain")


async def test_answers_and_updates_at_once_wait_for_each_other(database: Database) -> None:
    await add_agency(database)
    async with database.transaction() as tx:
        report = await add_report(tx)
        row = await put(tx, report)

    async def changed(n: int) -> None:
        async with database.transaction() as tx:
            await update(tx, report, str(n))
            await reports.touch(tx, report.id)

    words: list[AnswerWord] = ["accepted", "en_route", "on_scene", "resolved"]
    for word in words:  # locked in two orders, these are deadlocks on PostgreSQL
        await asyncio.gather(*(changed(n) for n in range(5)), *(say(database, row.id, word) for _ in range(5)))
    async with database.reading() as reading:
        found = await dispatches.find(reading, row.id)
        assert found is not None
        assert (found.state, found.sequence) == ("resolved", 21)


async def test_who_books_for_an_agency_by_telephone(database: Database) -> None:
    await add_agency(database)
    row = await dispatch(database)
    async with database.transaction() as tx:
        await book(tx, row.id, None, Answer("accepted", "Pak Budi"), actor="rina")
    assert ("rina", "dispatch.accepted", row.id) in await audit(database)


async def test_what_no_database_can_keep_is_kept_as_it_can(database: Database) -> None:
    await add_agency(database)
    row = await dispatch(database)
    async with database.transaction() as tx:
        after = (await book(tx, row.id, None, Answer("accepted", "\0\ud800" + "x" * 500, note="\0" * 9000))).after
    assert after.answered_by == "�?" + "x" * 158
    assert after.note == "�" * 4000


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param({"answer": "accepted"}, Answer("accepted"), id="alone"),
        pytest.param(
            {
                "answer": "en_route",
                "by": "Budi",
                "at": "2026-03-14T09:00:00+07:00",
                "sequence": 3,
                "note": "x",
                "more": 1,
            },
            Answer("en_route", "Budi", AT, 3, "x"),
            id="whole",
        ),
        pytest.param({"answer": "accepted", "at": "2026-03-14T02:00:00Z"}, Answer("accepted", at=AT), id="Z"),
        pytest.param({"answer": "accepted", "at": "2026-03-14T02:00:00"}, None, id="time-without-zone"),
        pytest.param({"answer": "accepted", "at": "2026-03-14"}, None, id="day"),
        pytest.param({"answer": "accepted", "at": "0001-01-01T00:00:00+14:00"}, None, id="before-all-time"),
        pytest.param({"answer": "accepted", "at": 1}, None, id="time-as-number"),
        pytest.param({"answer": "accepted", "sequence": True}, None, id="sequence-true"),
        pytest.param({"answer": "accepted", "sequence": 2**63}, None, id="sequence-too-great"),
        pytest.param({"answer": "accepted", "sequence": -1}, None, id="sequence-negative"),
        pytest.param({"answer": "accepted", "note": ["x"]}, None, id="note-no-text"),
        pytest.param({"answer": "accepted", "by": 5}, None, id="by-no-text"),
        pytest.param({"answer": "yes"}, None, id="another-word"),
        pytest.param({"answer": ["accepted"]}, None, id="answer-in-a-list"),
        pytest.param({"status": "ok"}, None, id="no-answer"),
        pytest.param(["accepted"], None, id="a-list"),
        pytest.param("accepted", None, id="a-word"),
    ],
)
def test_the_answer_in_a_body(body: object, expected: Answer | None) -> None:
    assert parse(json.dumps(body).encode()) == expected


@pytest.mark.parametrize("body", [b"", b"ok", b"\xff\xfe", b"[" * 60_000, b'{"answer":"accepted"', b"1" * 60_000])
def test_bodies_that_are_no_json(body: bytes) -> None:
    assert parse(body) is None


@given(st.binary() | st.text().map(lambda text: json.dumps({"answer": "accepted", "at": text}).encode()))
def test_no_body_is_too_strange(body: bytes) -> None:
    found = parse(body)
    assert found is None or found.at is None or found.at.tzinfo is UTC
