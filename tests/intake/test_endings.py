"""Cancelled, closed, reopened, sent again: what an agency receives then, and in which order. On both databases."""

import asyncio
import functools
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text

from db import agencies, entries, envelopes, reports
from db.dispatches import DispatchRow
from db.engine import Database
from db.envelopes import EnvelopeRow, OwedRow
from db.ids import new_id
from intake import answering, desk, dispatching
from intake.desk import NewReport
from intake.report import Value
from routing import lanes, standing
from routing.answers import Answer
from routing.refusals import NothingDeadError
from tests.conftest import START, SetClock
from tests.intake.conftest import PUBLIC_URL, WIB, Json, close
from tests.routing.receivers import Behaviour, Pretend, answers, answers_in_order, hangs, receiving, says
from tests.routing.running import add_agency, look, running, tried, until
from tests.routing.test_outbox import audit

REASON = "Salah alamat: kejadian di kabupaten lain"


@asynccontextmanager
async def damkar(database: Database, *behaviours: Behaviour) -> AsyncIterator[Pretend]:
    """An agency that behaves so from request to request, the last one for ever."""
    async with receiving(answers_in_order(*behaviours)) as pretend:
        await add_agency(database, pretend)
        yield pretend


async def sent(database: Database) -> DispatchRow:
    """A fire that damkar is sent."""
    async with database.transaction() as tx:
        report, _ = await desk.open_report(
            tx, NewReport("walk-in", kind="kebakaran", priority="P1"), "rina", WIB, PUBLIC_URL
        )
        (row,) = await desk.dispatch(tx, report.number, ["damkar"], "rina", PUBLIC_URL)
    return row


async def writes(database: Database, row: DispatchRow, text: str = "Dua korban") -> None:
    """Write an entry, which the agency is owed."""
    async with database.transaction() as tx:
        await desk.write_entry(tx, row.report, text, "rina", PUBLIC_URL)


async def cancel(database: Database, row: DispatchRow) -> DispatchRow:
    """Cancel it."""
    async with database.transaction() as tx:
        return await dispatching.cancel(tx, row.id, REASON, "rina", PUBLIC_URL)


async def again(database: Database, row: DispatchRow) -> None:
    """Send again what is dead of it."""
    async with database.transaction() as tx:
        await dispatching.send_again(tx, row.id, "rina", PUBLIC_URL)


async def step(database: Database, row: DispatchRow, *statuses: str) -> None:
    """Let the report take these steps."""
    for status in statuses:
        if status == "closed":
            await close(database, row.report)
            continue
        async with database.transaction() as tx:
            found = await reports.lock(tx, row.report_id)
            change: dict[str, Value] = {"status": status}
            await desk.edit(tx, row.report, found.version, change, "rina", PUBLIC_URL)


async def owed(database: Database, row: DispatchRow) -> list[OwedRow]:
    """The envelopes of a dispatch."""
    async with database.reading() as reading:
        return await envelopes.of_dispatch(reading, row.id)


async def states(database: Database, row: DispatchRow) -> list[tuple[str, str]]:
    """The last words of the types of a dispatch's envelopes, and their states."""
    return [(one.type.partition(".")[2], one.state) for one in await owed(database, row)]


async def settled(database: Database, row: DispatchRow) -> None:
    """Wait until nothing of the dispatch is pending."""

    async def holds() -> bool:
        return all(state != "pending" for _, state in await states(database, row))

    await until(holds)


async def claimable(database: Database) -> list[EnvelopeRow]:
    """Claim what a worker could now, like one that is killed right after."""
    async with database.transaction() as tx:
        (agency,) = await agencies.every(tx)
        return await envelopes.claim(tx, agency.id, new_id(tx.now), tx.now + timedelta(seconds=lanes.LEASE_S), 9)


def types(pretend: Pretend) -> list[str]:
    """What the agency received, in its order."""
    return [str(said(pretend, n)["type"]).partition(".")[2] for n in range(len(pretend.got))]


def said(pretend: Pretend, n: int) -> Json:
    """The n-th body that the agency received."""
    body: Json = json.loads(pretend.got[n].body)
    return body


async def texts(database: Database, row: DispatchRow) -> list[str]:
    """The entries of the report."""
    async with database.reading() as reading:
        return [one.text for one in await entries.of_report(reading, row.report_id)]


# -- cancelled ---------------------------------------------------------------------------------------------------------


async def test_who_never_heard_of_it_hears_nothing(database: Database) -> None:
    async with damkar(database, answers()) as pretend:
        row = await sent(database)
        await writes(database, row)
        row = await cancel(database, row)
        assert await states(database, row) == [("created", "withdrawn"), ("updated", "withdrawn")]
        async with database.reading() as reading:
            assert await envelopes.due_by_agency(reading) == {}
            report = (await reports.by_ids(reading, [row.report_id]))[row.report_id]
        async with running(database):
            other = await sent(database)
            await settled(database, other)
    assert [one["data"]["dispatch"]["id"] for one in (said(pretend, n) for n in range(len(pretend.got)))] == [other.id]
    assert (row.state, row.cancelled_at, row.cancel_reason, row.escalate_at) == ("cancelled", START, REASON, None)
    assert report.status == "working", "nobody has it any more"
    words = f"Penugasan ke Damkar dibatalkan (belum pernah dikirim; instansi tidak diberi tahu): {REASON}"
    assert (await texts(database, row))[-1] == words
    assert ("rina", "dispatch.cancelled", row.id) in await audit(database)


async def test_a_cancellation_replaces_what_fails(database: Database, clock: SetClock) -> None:
    async with damkar(database, answers(503), answers()) as pretend, running(database):
        row = await sent(database)
        await tried(database, row.id)
        await writes(database, row)
        await cancel(database, row)
        await settled(database, row)  # at once: the clock stands still
        clock.forward(hours=1)
        await settled(database, other := await sent(database))
    assert types(pretend) == ["created", "cancelled", "created"]
    assert other.id == said(pretend, 2)["data"]["dispatch"]["id"]
    report, dispatch = said(pretend, 1)["data"]["report"], said(pretend, 1)["data"]["dispatch"]
    assert (dispatch["sequence"], dispatch["reason"]) == (3, REASON)
    assert [one["text"] for one in report["entries"]] == ["Dua korban", f"Penugasan dibatalkan: {REASON}"]
    assert await states(database, row) == [
        ("created", "withdrawn"),
        ("updated", "withdrawn"),
        ("cancelled", "delivered"),
    ]
    row, *_ = await look(database, row.id)
    assert (row.state, row.delivered_at) == ("cancelled", None), "what they took was not the creation"


@pytest.mark.parametrize("status", [200, 503])
async def test_cancelled_in_the_middle_of_the_post(database: Database, clock: SetClock, status: int) -> None:
    async def slowly(p: Pretend, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await p.released.wait()
        await answers(status)(p, reader, writer)

    async with damkar(database, slowly, answers()) as pretend, running(database) as worker, running(database):
        row = await sent(database)
        await pretend.until_got(1)
        await cancel(database, row)
        assert await claimable(database) == [], "the cancellation waits for the end of the try"
        clock.forward(seconds=1)
        pretend.released.set()
        await settled(database, row)
        row, envelope, attempts = await look(database, row.id)
        clock.forward(minutes=5)
        await settled(database, await sent(database))
    assert types(pretend) == ["created", "cancelled", "created"]
    assert [(one.try_number, one.outcome) for one in attempts] == [(1, f"status_{status}")]
    assert envelope.state == ("delivered" if status == 200 else "withdrawn")
    assert (envelope.claim_id, envelope.lease_until) == (None, None)
    assert (row.state, row.sent_at) == ("cancelled", START)
    assert row.delivered_at == (START + timedelta(seconds=1) if status == 200 else None)
    assert worker.tally.faults == {}


async def test_the_worker_of_that_try_was_killed(database: Database, clock: SetClock) -> None:
    async with damkar(database, answers()):
        row = await sent(database)
        (lost,) = await claimable(database)
        await cancel(database, row)
        clock.forward(seconds=30)
        assert await claimable(database) == []
        clock.forward(seconds=1)
        (next_one,) = await claimable(database)
    assert (lost.type, next_one.type) == ("dispatch.created", "dispatch.cancelled")


async def test_an_acceptance_in_the_body_comes_too_late(database: Database) -> None:
    async def slowly(p: Pretend, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await p.released.wait()
        await says("accepted")(p, reader, writer)

    async with damkar(database, slowly, answers()) as pretend, running(database):
        row = await sent(database)
        await pretend.until_got(1)
        await cancel(database, row)
        pretend.released.set()
        await settled(database, row)
    row, *_ = await look(database, row.id)
    assert (row.state, row.accepted_at) == ("cancelled", None)
    assert types(pretend) == ["created", "cancelled"]


async def test_cancelled_while_workers_are_at_it(database: Database) -> None:
    """At whatever moment it comes: the last that an agency hears of a dispatch is never its creation."""
    async with damkar(database, answers()) as pretend, running(database), running(database):
        rows = [await sent(database) for _ in range(12)]
        await asyncio.gather(*(cancel(database, row) for row in rows))
        for row in rows:
            await settled(database, row)
    heard = defaultdict(list)
    for n in range(len(pretend.got)):
        heard[said(pretend, n)["data"]["dispatch"]["id"]].append(said(pretend, n)["type"])
    assert all(one == ["dispatch.created", "dispatch.cancelled"] for one in heard.values())
    assert len(pretend.got) == len({got.id for got in pretend.got})


async def test_who_heard_of_it_by_telephone_is_to_be_telephoned(database: Database) -> None:
    async with damkar(database, answers()):
        row = await sent(database)
        async with database.transaction() as tx:
            await standing.pause(tx, "damkar", "Pemeliharaan", "sari")
            await answering.book_answer(tx, row.id, None, Answer("accepted", "Pak Budi"), "rina", via="telephone")
        await cancel(database, row)
        assert await states(database, row) == [("created", "withdrawn"), ("cancelled", "pending")]
    told = (await texts(database, row))[-1]
    assert told == f"Penugasan ke Damkar dibatalkan (belum pernah terkirim: hubungi lewat telepon): {REASON}"


async def test_the_others_having_resolved_it_it_is_resolved(database: Database) -> None:
    async with damkar(database, answers()) as pretend:
        row = await sent(database)
        await add_agency(database, pretend, "pmi")
        async with database.transaction() as tx:
            (other,) = await desk.dispatch(tx, row.report, ["pmi"], "rina", PUBLIC_URL)
            await answering.answered(tx, other.id, None, Answer("resolved"))
        await cancel(database, row)
        async with database.reading() as reading:
            assert (await reports.by_ids(reading, [row.report_id]))[row.report_id].status == "resolved"


# -- closed ------------------------------------------------------------------------------------------------------------


async def test_who_has_it_is_told_of_the_closing_in_its_turn(database: Database, clock: SetClock) -> None:
    async with damkar(database, answers(), answers(503), answers()) as pretend, running(database):
        row = await sent(database)
        await tried(database, row.id)
        await writes(database, row)
        await pretend.until_got(2)
        await step(database, row, "resolved", "closed")
        clock.forward(seconds=3)
        await settled(database, row)
    assert types(pretend) == ["created", "updated", "updated", "updated", "closed"]
    assert said(pretend, 4)["data"]["report"]["status"] == "closed"
    row, *_ = await look(database, row.id)
    assert (row.state, row.escalate_at) == ("delivered", None)


async def test_what_nobody_took_before_the_closing_is_dead(database: Database, clock: SetClock) -> None:
    async with damkar(database, answers()) as pretend:
        row = await sent(database)
        await step(database, row, "resolved", "closed")
        assert await states(database, row) == [("created", "dead"), ("updated", "dead"), ("closed", "dead")]
        assert {one.cause for one in await owed(database, row)} == {"report_closed"}
        await writes(database, row, "Pelapor diberi tahu")
        assert (await states(database, row))[3:] == [("updated", "dead")], "what follows a dead one is dead"
        async with database.reading() as reading:
            assert await envelopes.due_by_agency(reading) == {}
            assert await envelopes.count_dead(reading) == 4
        assert "Belum sampai ke damkar saat laporan ditutup; tidak dicoba lagi." in await texts(database, row)
        ids = [one.id for one in await owed(database, row)]
        clock.forward(minutes=10)
        await again(database, row)
        async with running(database):
            await settled(database, row)
    assert [got.id for got in pretend.got] == ids
    assert types(pretend) == ["created", "updated", "closed", "updated"]
    assert [a for _, a, _ in await audit(database)].count("envelope.again") == 4
    assert (await texts(database, row))[-1] == "Dikirim ulang ke Damkar."


async def test_what_is_cancelled_is_never_sent_again(database: Database) -> None:
    async with damkar(database, answers()):
        row = await sent(database)
        await step(database, row, "resolved", "closed")
        await cancel(database, row)
        with pytest.raises(NothingDeadError):
            await again(database, row)
        await step(database, row, "reopened")
        assert {state for _, state in await states(database, row)} == {"withdrawn"}


async def test_who_may_have_it_is_told_of_the_closing_and_sent_again_told_once_more(
    database: Database, clock: SetClock
) -> None:
    async with damkar(database, answers(503), answers()) as pretend, running(database):
        row = await sent(database)
        await tried(database, row.id)
        await step(database, row, "resolved", "closed")
        await settled(database, row)
        assert types(pretend) == ["created", "closed"]
        assert await states(database, row) == [("created", "dead"), ("updated", "dead"), ("closed", "delivered")]
        assert (await look(database, row.id))[0].delivered_at is None
        await again(database, row)
        await settled(database, row)
    assert types(pretend)[2:] == ["created", "updated", "closed"]
    _, envelope, attempts = await look(database, row.id)
    assert (envelope.tries, [one.outcome for one in attempts]) == (2, ["status_503", "status_200"])


async def test_closed_in_the_middle_of_the_post(database: Database) -> None:
    async with damkar(database, hangs, answers()) as pretend, running(database):
        row = await sent(database)
        await pretend.until_got(1)
        await step(database, row, "resolved", "closed")
        assert await claimable(database) == []
        pretend.released.set()
        await settled(database, row)
    row, envelope, _ = await look(database, row.id)
    assert (row.state, envelope.state, envelope.cause) == ("delivered", "delivered", None), "they took it: it lives"
    assert types(pretend) == ["created", "closed"]


async def test_closed_while_a_worker_claims_it(database: Database, database_kind: str) -> None:
    """The claim came before: the receiver may have the creation, so the closing is sent. SQLite has one writer."""
    async with damkar(database, answers()):
        row = await sent(database)
        await step(database, row, "resolved")
        async with asyncio.TaskGroup() as tasks, database.transaction() as tx:
            (agency,) = await agencies.every(tx)
            await envelopes.claim(tx, agency.id, "c", tx.now + timedelta(seconds=lanes.LEASE_S), 1)
            tasks.create_task(step(database, row, "closed"))
            if database_kind == "postgresql":
                await until(functools.partial(waits_for_a_lock, database))
    assert await states(database, row) == [("created", "dead"), ("updated", "dead"), ("closed", "pending")]


async def waits_for_a_lock(database: Database) -> bool:
    """Whether somebody waits for somebody else's row."""
    async with database.reading() as reading:
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return bool((await reading.connection.execute(text(waiting))).scalar_one())
