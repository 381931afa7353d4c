"""Ends of tries are saved many at once, and each as if it were alone. On both databases."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from db import agencies, envelopes, reports
from db.engine import Database
from db.envelopes import EnvelopeRow
from routing import saving as saving_module
from routing.delivery import Delivered
from routing.outcomes import End
from routing.saving import Saver
from routing.tally import Tally
from tests.conftest import START, SetClock
from tests.gate import Gate
from tests.postgres import PostgresServer
from tests.routing import cases
from tests.routing.running import booking, look
from tests.routing.test_outbox import audit


@asynccontextmanager
async def saving(database: Database, tally: Tally) -> AsyncIterator[Saver]:
    """Save until the end of the block."""
    saver = Saver(database, booking, lambda: 0.0, tally, asyncio.Event())
    async with asyncio.timeout(20), saver.running():
        yield saver


async def claim(database: Database, claim_id: str, count: int) -> list[EnvelopeRow]:
    """Claim so many envelopes for half a minute."""
    async with database.transaction() as tx:
        [agency] = await agencies.every(tx)
        return await envelopes.claim(tx, agency.id, claim_id, tx.now + timedelta(seconds=30), count)


async def taken(database: Database, count: int) -> list[End]:
    """Dispatch so often, claim all, and say that each was taken."""
    agency = (await cases.add_agency(database)).agency
    for _ in range(count):
        await cases.dispatch(database)
    rows = await claim(database, "first", count)
    return [End(row, agency, START, Delivered(200, 7, "status_200", "ok")) for row in rows]


async def test_those_that_end_at_one_time_are_one_transaction(database: Database, clock: SetClock) -> None:
    ends = await taken(database, 5)
    at, before = clock.forward(seconds=1), database.wakeups.ticket("live")
    async with saving(database, tally := Tally()) as saver:
        await asyncio.gather(*(saver.save(end) for end in ends))
    assert database.wakeups.ticket("live") == before + 1
    for end in ends:
        row, envelope, [attempt] = await look(database, end.row.dispatch_id)
        assert (row.state, row.sent_at, row.delivered_at) == ("delivered", START, at)
        assert (envelope.state, envelope.delivered_at, envelope.claim_id, envelope.lease_until) == (
            "delivered", at, None, None,
        )  # fmt: skip
        assert (attempt.try_number, attempt.outcome, attempt.latency_ms, attempt.detail) == (1, "status_200", 7, "ok")
        assert ("routing", "dispatch.delivered", row.id) in await audit(database)
        async with database.reading() as reading:
            assert (await reports.by_ids(reading, [row.report_id]))[row.report_id].version == 2
    assert tally.faults == {}


async def test_a_claim_that_is_lost_is_refused_in_the_midst_of_others(database: Database, clock: SetClock) -> None:
    ends = await taken(database, 4)
    clock.forward(seconds=31)
    [again, elsewhere] = await claim(database, "second", 2)
    ours = [*ends, End(again, ends[0].agency, START, ends[0].outcome)]
    async with saving(database, tally := Tally()) as saver:
        await asyncio.gather(*(saver.save(end) for end in ours))
    assert tally.faults == {"fence_lost": 2}
    logged = {end.row.id: await look(database, end.row.dispatch_id) for end in ends}
    assert [attempt.try_number for attempt in logged[again.id][2]] == [2]
    assert (logged[elsewhere.id][1].claim_id, logged[elsewhere.id][2]) == ("second", [])
    assert [one.state for _, one, _ in logged.values()].count("delivered") == 3


async def test_one_that_cannot_be_saved_hurts_only_itself(database: Database) -> None:
    ends = await taken(database, 4)
    bad = ends[1].row
    async with database.transaction() as tx:
        tried = {"envelope_id": bad.id, "try_number": 1, "at": tx.now, "outcome": "timeout", "status": None}
        await envelopes.log_attempts(tx, [tried | {"latency_ms": 1, "detail": ""}])
        await tx.connection.execute(text("CREATE UNIQUE INDEX only_once ON attempts (envelope_id)"))
    async with saving(database, Tally()) as saver:
        found = await asyncio.gather(*(saver.save(end) for end in ends), return_exceptions=True)
    assert [type(one) for one in found] == [type(None), IntegrityError, type(None), type(None)]
    states = [(await look(database, end.row.dispatch_id))[1] for end in ends]
    assert [one.state for one in states] == ["delivered", "pending", "delivered", "delivered"]
    assert states[1].claim_id == bad.claim_id


@pytest.mark.parametrize("database_kind", [pytest.param("postgresql", marks=pytest.mark.real)], indirect=True)
async def test_a_report_that_somebody_holds_holds_up_no_other(database: Database) -> None:
    ends = await taken(database, 3)
    row, *_ = await look(database, ends[0].row.dispatch_id)
    async with (
        saving(database, tally := Tally()) as saver,
        asyncio.TaskGroup() as tasks,
        database.transaction() as tx,
    ):
        await reports.lock(tx, row.report_id)
        first, *others = [tasks.create_task(saver.save(end)) for end in ends]
        await asyncio.gather(*others)
        assert not first.done()
    assert [(await look(database, end.row.dispatch_id))[0].state for end in ends] == 3 * ["delivered"]
    assert tally.faults == {}


@pytest.mark.real
async def test_a_set_that_cannot_even_begin_is_given_up_one_by_one(postgres: PostgresServer, clock: SetClock) -> None:
    await postgres.create("saving", template="intake112_template")
    async with Gate.to(postgres.port) as gate:
        url = postgres.url("saving").replace(str(postgres.port), str(gate.port))
        async with Database.open(url, clock) as database, saving(database, tally := Tally()) as saver:
            ends = await taken(database, 2)
            await gate.shut()
            clock.forward(seconds=31)  # their leases are over
            await asyncio.gather(*(saver.save(end) for end in ends))
    assert tally.faults == {"set_not_saved": 1, "database_unavailable": 2, "not_saved": 2}
    await postgres.drop("saving")


async def test_behind_a_set_of_several_the_next_waits_for_those_in_flight_and_for_none_that_hangs(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving_module, "GATHER_S", 3600.0)
    ends = await taken(database, 5)
    async with saving(database, tally := Tally()) as saver, asyncio.TaskGroup() as tasks:
        await asyncio.gather(*(saver.save(end) for end in ends[:2]))
        tally.in_flight = 2
        before = database.wakeups.ticket("live")
        third = tasks.create_task(saver.save(ends[2]))
        async with database.reading():  # a set of one would be begun now
            assert not third.done()
        await asyncio.gather(third, saver.save(ends[3]))
        assert database.wakeups.ticket("live") == before + 1
        monkeypatch.setattr(saving_module, "GATHER_S", 0.0)
        await saver.save(ends[4])  # the other one hangs
    assert tally.faults == {}
