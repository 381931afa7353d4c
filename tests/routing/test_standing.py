"""An agency that is down, that comes back, that is paused, that is sent to again. On both databases."""

from datetime import datetime, timedelta

from sqlalchemy import update

from db import agencies, dispatches, envelopes, standings, tables
from db.engine import Database
from db.standings import StandingRow
from routing import endings, standing, trial
from routing.answers import Answer, book
from routing.breaker import FAILURES
from routing.delivery import Delivered
from routing.signing import verify
from tests.conftest import START, SetClock
from tests.routing import cases
from tests.routing.receivers import answers, answers_in_order, hangs, receiving
from tests.routing.running import add_agency, look, running, tried, until
from tests.routing.test_outbox import audit


async def stands(database: Database) -> StandingRow:
    """Return how we stand with the only agency."""
    async with database.reading() as reading:
        [row] = await standings.every(reading)
    return row


async def alarms(database: Database) -> list[str]:
    """Return the codes of the alarms about agencies."""
    async with database.reading() as reading:
        return [alarm.code for alarm in await standing.alarms(reading)]


async def fail(database: Database, times: int) -> None:
    """Let tries at the only agency fail."""
    async with database.transaction() as tx:
        [agency] = await agencies.every(tx)
        for _ in range(times):
            await standing.failed(tx, agency, tx.now, is_retry=False, jitter=0.0)


async def next_tries(database: Database, agency_id: int) -> dict[str, datetime]:
    """Return when what waits is tried next, by the priority."""
    async with database.reading() as reading:
        rows = await reading.connection.execute(
            tables.envelopes.select().where(tables.envelopes.c.agency_id == agency_id)
        )
        return {row.priority: row.next_try_at for row in rows}


async def test_a_dead_agency_gets_one_retry_at_a_time_and_all_at_once_when_it_is_back(
    database: Database, clock: SetClock
) -> None:
    async with receiving(answers(503)) as pretend, running(database), running(database):
        await add_agency(database, pretend)
        rows = [await cases.dispatch(database, priority="P2") for _ in range(6)]
        for row in rows:
            await tried(database, row.id)
        assert (await stands(database)).failures_in_a_row == 6
        assert await alarms(database) == ["agency_failing"]
        clock.forward(seconds=10)  # each of the six is due again
        database.wakeups.notify("outbox")
        await pretend.until_got(7)

        async def counted() -> bool:
            return (await stands(database)).failures_in_a_row == 7

        await until(counted)
        assert (await stands(database)).retry_after == START + timedelta(seconds=20)
        urgent = await cases.dispatch(database)
        await tried(database, urgent.id)  # a new one never waits
        assert len(pretend.got) == 8
        pretend.behaviour = answers()
        clock.forward(seconds=10)  # the agency's next retry; those of the six are later
        database.wakeups.notify("outbox")

        async def all_taken() -> bool:
            return [(await look(database, row.id))[0].state for row in [urgent, *rows]] == ["delivered"] * 7

        await until(all_taken)
    assert len(pretend.got) == 8 + 7
    assert pretend.got[8].id == pretend.got[7].id  # P1 first
    assert await alarms(database) == []
    assert [a for _, a, _ in await audit(database) if a.startswith("agency.")] == [
        "agency.added", "agency.failing", "agency.back",
    ]  # fmt: skip


async def test_while_it_fails_a_slot_is_kept_for_a_new_p1(database: Database) -> None:
    async with receiving(answers_in_order(answers(503), hangs)) as pretend, running(database) as worker:
        await add_agency(database, pretend)
        await tried(database, (await cases.dispatch(database, priority="P3")).id)
        for _ in range(5):
            await cases.dispatch(database, priority="P3")
        await pretend.until_got(4)
        urgent = await cases.dispatch(database)
        await pretend.until_got(5)
        async with database.reading() as reading:
            [envelope] = await envelopes.of_dispatch(reading, urgent.id)
        assert pretend.got[4].id == envelope.id
        assert worker.tally.in_flight == 4
        pretend.released.set()


async def test_an_agency_that_answers_has_no_back_off(database: Database, clock: SetClock) -> None:
    agency = (await cases.add_agency(database)).agency
    row = await cases.dispatch(database)
    async with database.transaction() as tx:
        await tx.connection.execute(update(tables.envelopes).values(tries=1, next_try_at=START + timedelta(hours=1)))
    await fail(database, FAILURES)
    clock.forward(seconds=1)
    async with database.transaction() as tx:
        await book(tx, row.id, None, Answer("accepted"), via="telephone")  # which says nothing of their machine
        await book(tx, row.id, agency.id, Answer("en_route"), via="page")  # nor does a phone
    assert (await stands(database)).failing_since == START
    assert await alarms(database) == ["agency_failing"]
    assert await next_tries(database, agency.id) == {"P1": START + timedelta(hours=1)}
    async with database.transaction() as tx:
        await book(tx, row.id, agency.id, Answer("accepted"))  # too late to change anything, and a sign of life
    found = await stands(database)
    assert (found.failures_in_a_row, found.failing_since, found.retry_after) == (0, None, None)
    assert await next_tries(database, agency.id) == {"P1": clock.now}


async def test_what_is_refused_for_good_is_an_alarm_at_once_whatever_else_is_taken(database: Database) -> None:
    async with receiving(answers_in_order(answers(422), answers())) as pretend, running(database):
        await add_agency(database, pretend)
        await tried(database, (await cases.dispatch(database, priority="P1")).id)
        assert await alarms(database) == ["agency_refuses"]
        await tried(database, (await cases.dispatch(database, priority="P2")).id)
    assert await alarms(database) == ["agency_refuses"]
    found = await stands(database)
    assert (found.failures_in_a_row, found.refused, found.refused_status) == (0, 1, 422)
    async with database.reading() as reading:
        assert set((await envelopes.due_by_agency(reading)).values()) == {START + timedelta(seconds=60)}


async def test_paused_it_gets_nothing_and_what_it_is_owed_stays(database: Database, clock: SetClock) -> None:
    async with receiving(answers()) as pretend, receiving(answers()) as other, running(database):
        await add_agency(database, pretend)
        async with database.transaction() as tx:
            await standing.pause(tx, "damkar", "servernya dipindah", "rina")
        row = await cases.dispatch(database)
        await add_agency(database, other, "pln")
        await tried(database, (await cases.dispatch(database, "pln")).id)
        clock.forward(seconds=90)
        async with database.transaction() as tx:
            assert await dispatches.due(tx, 9)  # its deadline went on
            [paused, _] = await agencies.every(tx)
            assert await envelopes.claim(tx, paused.id, "claim", tx.now, 4) == []
        assert await alarms(database) == ["agency_paused"]
        assert pretend.got == []
        async with database.transaction() as tx:
            await standing.resume(tx, "damkar", "rina")
        row, *_ = await tried(database, row.id)
    assert row.state == "delivered"
    assert await alarms(database) == []
    assert [(a, who) for who, a, _ in await audit(database) if a in ("agency.paused", "agency.resumed")] == [
        ("agency.paused", "rina"), ("agency.resumed", "rina"),
    ]  # fmt: skip


async def test_sent_again_under_the_same_id(database: Database, clock: SetClock) -> None:
    async with receiving(answers_in_order(answers(401), answers())) as pretend:
        await add_agency(database, pretend)
        waiting, dead = [await cases.dispatch(database) for _ in range(2)]
        async with database.transaction() as tx:
            await envelopes.end(tx, dead.id, "dead", endings.CLOSED)
        async with running(database):
            await tried(database, waiting.id)
            clock.forward(seconds=1)
            async with database.transaction() as tx:
                assert await standing.redrive(tx, "damkar", "rina", since=clock.now) == 0
                assert await standing.redrive(tx, "damkar", "rina") == 1
            assert (await tried(database, waiting.id, 2))[0].state == "delivered"
    assert (await look(database, dead.id))[1].state == "dead", "its report was closed: nobody shall drive for it"
    assert [got.id for got in pretend.got] == 2 * [pretend.got[0].id]


async def test_a_test_letter_is_signed_owed_by_nobody_and_a_sign_of_life(database: Database, clock: SetClock) -> None:
    async with receiving(answers(200, b"terima kasih")) as pretend:
        agency = (await cases.add_agency(database, url=pretend.url, allow="127.0.0.0/8")).agency
        await fail(database, FAILURES)
        found = await trial.send(database, "damkar", cases.PUBLIC_URL, "rina")
        for format in ("eido", "cap", "open311"):
            async with database.transaction() as tx:
                await tx.connection.execute(update(tables.agencies).values(format=format))
            await trial.send(database, "damkar", cases.PUBLIC_URL, "rina")
    assert isinstance(found.outcome, Delivered)
    [native, *others] = pretend.got
    headers = (native.headers["webhook-timestamp"], native.headers["webhook-signature"])
    verify([agency.secret], found.id, *headers, native.body, clock.now.timestamp())
    assert b'"type":"test.ping"' in native.body
    assert b'"report"' not in native.body
    assert all(b"UJI COBA" in got.body or b"UJI+COBA" in got.body for got in others)
    assert (await stands(database)).failures_in_a_row == 0
    assert (await stands(database)).unsent == 0
