"""Somebody sets the machine's clock by an hour: it is told, no ladder runs off, and nothing is later than a tick."""

import asyncio
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from db import agencies, envelopes
from db.engine import Database
from intake import escalating
from intake112.clock import SLEW
from routing.escalations import Escalations
from tests.intake112.test_clock import Machine
from tests.routing import cases

TICK_S = 5.0  # how often a process follows its machine's clock
ACCEPT_S, RETRY_S = 60.0, 30.0


@pytest.mark.parametrize("step", [3600.0, -3600.0], ids=["ahead", "back"])
async def test_a_step_of_an_hour(database_url: str, step: float) -> None:
    machine = Machine()
    clock = machine.clock()
    async with Database.open(database_url, clock) as database:
        await cases.add_agency(database)
        row = await cases.dispatch(database)
        async with database.transaction() as tx:
            agency = (await agencies.every(tx))[0].id
            [tried] = await envelopes.claim(tx, agency, "first", tx.now + timedelta(seconds=30), 4)
            await envelopes.complete(tx, tried.id, "first", {"next_try_at": tx.now + timedelta(seconds=RETRY_S)})
        ladder = Escalations(database, lambda tx, one: escalating.escalate(tx, one, cases.PUBLIC_URL))
        machine.wall += step
        with capture_logs() as told:
            clock.follow()
        assert [line["event"] for line in told if line["log_level"] == "error"] == ["clock_stepped"]
        assert [alarm.code for alarm in clock.alarms()] == ["clock_stepped"]

        async def look() -> tuple[bool, bool]:
            """Tell whether the step of the ladder is taken, and whether the envelope is due."""
            await ladder.look(asyncio.Event())
            async with database.reading() as reading:
                return ladder.done > 0, (await envelopes.due_by_agency(reading))[agency] <= reading.now

        passed, escalated, due = 0.0, 0.0, 0.0
        while not escalated:
            assert passed <= ACCEPT_S * (1 + SLEW) + TICK_S, "it is late"
            step_taken, is_due = await look()
            escalated, due = passed if step_taken else 0.0, due or (passed if is_due else 0.0)
            machine.forward(TICK_S)
            clock.follow()
            passed += TICK_S
        assert ladder.done == 1
        assert ACCEPT_S * (1 - SLEW) <= escalated <= ACCEPT_S * (1 + SLEW) + TICK_S
        assert RETRY_S * (1 - SLEW) <= due <= RETRY_S * (1 + SLEW) + TICK_S
    assert row.state == "queued"
