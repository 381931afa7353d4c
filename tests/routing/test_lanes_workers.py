"""Workers that die, sleep and stop, and databases that go away."""

import asyncio
import functools
from datetime import timedelta

import pytest
from sqlalchemy import text

from db.engine import Database
from routing import lanes
from routing.delivery import HttpReceiver
from routing.lanes import Lanes
from tests.conftest import START, SetClock
from tests.gate import Gate
from tests.postgres import PostgresServer
from tests.routing import cases
from tests.routing.receivers import answers, answers_in_order, hangs, receiving
from tests.routing.running import add_agency, booking, hasty, look, quick, running, tried, until
from tests.routing.test_outbox import audit


async def test_a_worker_past_its_lease_records_nothing(database: Database, clock: SetClock) -> None:
    async with receiving(answers_in_order(hangs, answers(200, b"kedua"))) as pretend:
        await add_agency(database, pretend)
        async with running(database) as sleeper:
            row = await cases.dispatch(database)
            await pretend.until_got(1)
            clock.forward(seconds=29)
            database.wakeups.notify("outbox")
            clock.forward(seconds=2)  # the lease of 30 s is over, the sleeper still waits for its answer
            async with running(database):
                row, envelope, _ = await tried(database, row.id)
            pretend.released.set()

            async def noticed() -> bool:
                return sleeper.tally.faults["fence_lost"] == 1

            await until(noticed)
        row, envelope, attempts = await look(database, row.id)
    assert [got.id for got in pretend.got] == [envelope.id] * 2
    assert [(a.try_number, a.outcome, a.detail) for a in attempts] == [(2, "status_200", "kedua")]
    assert [a for _, a, _ in await audit(database)].count("dispatch.delivered") == 1


async def test_within_the_lease_nobody_else_sends(database: Database, clock: SetClock) -> None:
    async with receiving(answers_in_order(hangs, answers())) as pretend:
        await add_agency(database, pretend)
        async with running(database), running(database):
            await cases.dispatch(database)
            await pretend.until_got(1)
            clock.forward(seconds=29)
            database.wakeups.notify("outbox")
            await cases.dispatch(database)  # another envelope goes, the claimed one does not
            await pretend.until_got(2)
            pretend.released.set()
    assert len({got.id for got in pretend.got}) == len(pretend.got) == 2


async def test_at_a_stop_what_is_in_flight_is_finished_and_nothing_new_is_claimed(database: Database) -> None:
    async with receiving(hangs) as pretend:
        await add_agency(database, pretend)
        rows = [await cases.dispatch(database) for _ in range(6)]
        async with asyncio.TaskGroup() as tasks:
            stop = asyncio.Event()
            run = tasks.create_task(Lanes(database, booking, make_receiver=quick).run(stop))
            await pretend.until_got(4)
            stop.set()
            await asyncio.sleep(0)
            assert not run.done()
            pretend.released.set()
    states = [(await look(database, row.id))[1] for row in rows]
    assert sorted(e.state for e in states) == ["delivered"] * 4 + ["pending"] * 2
    assert [e.claim_id for e in states] == [None] * 6
    assert len(pretend.got) == 4


async def test_a_stop_waits_for_the_deadline_of_a_try_and_gives_the_claim_back(database: Database) -> None:
    async with receiving(hangs) as pretend:
        await add_agency(database, pretend)
        row = await cases.dispatch(database)
        async with running(database, make_receiver=hasty):
            await pretend.until_got(1)
    row, envelope, [attempt] = await look(database, row.id)
    assert (attempt.outcome, envelope.state, envelope.claim_id) == ("timeout", "pending", None)
    assert row.state == "sent"  # they may have it


async def test_with_nothing_to_do_a_stop_is_immediate(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("POLL_S", "LINGER_S", "STOP_WITHIN_S"):  # none is waited out: this test would never end
        monkeypatch.setattr(lanes, name, 600.0)
    async with receiving(answers()) as pretend, running(database):
        await add_agency(database, pretend)
        await tried(database, (await cases.dispatch(database)).id)


async def test_a_stop_does_not_wait_for_ever(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    assert lanes.STOP_WITHIN_S < 15
    monkeypatch.setattr(lanes, "STOP_WITHIN_S", 0.1)
    async with receiving(hangs) as pretend:
        await add_agency(database, pretend)
        row = await cases.dispatch(database)
        endless = functools.partial(HttpReceiver, deadline_s=600.0)
        async with running(database, make_receiver=endless):
            await pretend.until_got(1)
    row, envelope, attempts = await look(database, row.id)
    assert (row.state, envelope.state, attempts) == ("queued", "pending", [])
    assert envelope.lease_until == START + timedelta(seconds=30)  # then it is sent again


async def test_answered_after_our_deadline_it_is_sent_again_with_the_same_id(
    database: Database, clock: SetClock
) -> None:
    async with receiving(answers_in_order(hangs, answers())) as pretend, running(database, make_receiver=hasty):
        await add_agency(database, pretend)
        row = await cases.dispatch(database)
        await tried(database, row.id)
        clock.forward(seconds=2)
        _, envelope, attempts = await tried(database, row.id, 2)
    assert [a.outcome for a in attempts] == ["timeout", "status_200"]
    assert [got.id for got in pretend.got] == [envelope.id] * 2


# -- the database goes away --------------------------------------------------------------------------------------------


@pytest.mark.real
async def test_a_database_that_goes_away_ends_no_lane(postgres: PostgresServer, clock: SetClock) -> None:
    await postgres.create("away", template="intake112_template")
    async with Gate.to(postgres.port) as gate:
        url = postgres.url("away").replace(str(postgres.port), str(gate.port))
        async with Database.open(url, clock) as database, receiving(answers_in_order(hangs, answers())) as pretend:
            await add_agency(database, pretend)
            async with running(database) as worker:
                first = await cases.dispatch(database)
                await pretend.until_got(1)
                await gate.shut()
                pretend.released.set()  # 200 comes while nothing can be saved

                async def noticed() -> bool:
                    return worker.tally.faults["database_unavailable"] >= 2

                await until(noticed)
                await gate.open()
                _, envelope, attempts = await tried(database, first.id)
                assert [a.outcome for a in attempts] == ["status_200"]
                second = await cases.dispatch(database)
                await tried(database, second.id)
            assert [got.id for got in pretend.got].count(envelope.id) == 1
            assert worker.tally.faults["not_saved"] == worker.tally.faults["fence_lost"] == 0
    await postgres.drop("away")


async def test_a_statement_that_fails_ends_no_lane(database: Database) -> None:
    async with receiving(answers()) as pretend, running(database) as worker:
        await add_agency(database, pretend)
        async with database.transaction() as tx:
            await tx.connection.execute(text("ALTER TABLE envelopes RENAME TO hidden"))

        async def noticed() -> bool:
            return worker.tally.faults["database_unavailable"] >= 1

        await until(noticed)
        async with database.transaction() as tx:
            await tx.connection.execute(text("ALTER TABLE hidden RENAME TO envelopes"))
            tx.wake("outbox")
        await tried(database, (await cases.dispatch(database)).id)
