"""The machine's clock was an hour ahead, was set back, and we were started again: nothing waits for that hour."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from db import deliveries, envelopes, standings, tables
from db.engine import Database
from routing.breaker import FAILURES
from tests.conftest import START, SetClock
from tests.routing import cases
from tests.routing.receivers import answers, receiving
from tests.routing.running import add_agency, look, running, tried
from tests.routing.test_standing import fail

HOUR = timedelta(hours=1)


async def test_a_back_off_of_that_hour_is_over(database: Database) -> None:
    async with receiving(answers()) as pretend:
        await add_agency(database, pretend)
        row = await cases.dispatch(database)
        await fail(database, FAILURES)
        async with database.transaction() as tx:
            await tx.connection.execute(update(tables.envelopes).values(tries=1))
            await tx.connection.execute(update(tables.agencies).values(retry_after=tx.now + HOUR))
        async with running(database):
            await tried(database, row.id)
    assert (await look(database, row.id))[0].state == "delivered"


@pytest.mark.parametrize(("tries", "priority"), [(0, "P1"), (1, "P1"), (1, "P3")])
async def test_a_time_of_that_hour_has_come(database: Database, tries: int, priority: str) -> None:
    agency = (await cases.add_agency(database)).agency
    row = await cases.dispatch(database, priority=priority)
    async with database.transaction() as tx:
        ahead = {"next_try_at": tx.now + HOUR, "tries": tries, "lease_until": tx.now + HOUR}
        await tx.connection.execute(update(tables.envelopes).values(**ahead))
        await envelopes.bring_near(tx)
    async with database.transaction() as tx:
        assert await envelopes.due_by_agency(tx) == {agency.id: START}
        assert (await deliveries.of_reports(tx, [row.report_id]))[row.id].next_try_at == START
        assert len(await envelopes.claim(tx, agency.id, "claim", tx.now + timedelta(seconds=30), 4)) == 1


@pytest.mark.parametrize(("priority", "longest_s"), [("P1", 330), ("P3", 990)])
async def test_the_longest_waits_are_no_such_times(
    database: Database, clock: SetClock, priority: str, longest_s: float
) -> None:
    agency = (await cases.add_agency(database)).agency
    await cases.dispatch(database, priority=priority)
    due = clock.now + timedelta(seconds=longest_s)
    async with database.transaction() as tx:
        await tx.connection.execute(update(tables.envelopes).values(tries=1, next_try_at=due))
        await envelopes.bring_near(tx)
        assert await envelopes.due_by_agency(tx) == {agency.id: due}
        assert await envelopes.claim(tx, agency.id, "claim", tx.now, 4) == []
        retry = tx.now + timedelta(seconds=66)
        await tx.connection.execute(update(tables.envelopes).values(next_try_at=tx.now))
        await tx.connection.execute(update(tables.agencies).values(retry_after=retry))
        await standings.bring_near(tx, tx.now + envelopes.LONGEST_HOLD)
        assert await envelopes.due_by_agency(tx) == {agency.id: retry}
