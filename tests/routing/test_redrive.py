"""A supervisor sends again what the agency's back-off, not the envelope's own time, holds back. On both databases."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from db import envelopes, tables
from db.engine import Database
from db.ids import new_id
from routing import endings, standing
from routing.answers import Answer, book
from routing.breaker import FAILURES
from routing.refusals import AgencyPausedError, NoSuchAgencyError, NothingToSendError, UnknownAgencyError
from tests.conftest import SetClock
from tests.routing import cases
from tests.routing.test_standing import fail, stands


async def test_what_the_back_off_holds_back_goes_now(database: Database, clock: SetClock) -> None:
    agency = (await cases.add_agency(database)).agency
    row = await cases.dispatch(database)
    async with database.transaction() as tx:
        await tx.connection.execute(update(tables.envelopes).values(tries=9))  # its own time has come
        [envelope] = await envelopes.of_dispatch(tx, row.id)
    await fail(database, 9)
    clock.forward(milliseconds=1)
    async with database.transaction() as tx:
        assert await envelopes.claim(tx, agency.id, "held", tx.now, 4) == []
        assert await standing.redrive(tx, "damkar", "rina", envelope_id=envelope.id) == 1
        lease = tx.now + timedelta(seconds=30)
        [claimed] = await envelopes.claim(tx, agency.id, new_id(tx.now), lease, 4)
        assert claimed.id == envelope.id
        with pytest.raises(NothingToSendError):  # somebody sends it
            await standing.redrive(tx, "damkar", "rina", envelope_id=envelope.id)
    clock.forward(seconds=31)
    async with database.transaction() as tx:
        assert await standing.redrive(tx, "damkar", "rina") == 1, "whoever sent it is dead"


async def test_a_paused_agency_is_resumed_not_redriven(database: Database) -> None:
    await cases.add_agency(database)
    async with database.transaction() as tx:
        await standing.pause(tx, "damkar", "servernya dipindah", "rina")
        with pytest.raises(AgencyPausedError, match="Resume it"):
            await standing.redrive(tx, "damkar", "rina")
        with pytest.raises(NoSuchAgencyError) as caught:
            await standing.redrive(tx, "damker", "rina")
    assert (str(caught.value), caught.value.status) == (str(UnknownAgencyError()), 404)


async def test_what_lives_again_is_not_refused_yet(database: Database) -> None:
    """An alarm says so of what the agency refused last, not of what it has not been sent since."""
    await cases.add_agency(database)
    row = await cases.dispatch(database)
    async with database.transaction() as tx:
        await tx.connection.execute(update(tables.envelopes).values(refused_status=422))
        await envelopes.end(tx, row.id, "dead", endings.CLOSED)
        await envelopes.revive(tx, [row.id])
        assert (await tx.connection.execute(select(tables.envelopes.c.refused_status))).scalars().all() == [None]


async def test_an_answer_in_the_2xx_body_leaves_the_back_off_to_the_lane(database: Database) -> None:
    """It lifts it when it saves that they took the envelope: once, not twice."""
    agency = (await cases.add_agency(database)).agency
    row = await cases.dispatch(database)
    await fail(database, FAILURES)
    async with database.transaction() as tx:
        await book(tx, row.id, agency.id, Answer("accepted"), via="body")
    assert (await stands(database)).failures_in_a_row == FAILURES
