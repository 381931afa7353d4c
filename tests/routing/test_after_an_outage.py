"""Every agency is down, then up: they are not knocked at all at once, and what matters most goes first."""

import asyncio
import itertools

import pytest

from db.engine import Database
from routing import width
from routing.lanes import Lanes
from tests.conftest import START, SetClock
from tests.routing import cases
from tests.routing.receivers import answers, receiving
from tests.routing.running import add_agency, booking, quick, running, tried

CODES = ("bpbd", "damkar", "pln")


async def test_all_agencies_down_then_up(database: Database, clock: SetClock, monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving(answers(503)) as pretend:
        for code in CODES:
            await add_agency(database, pretend, code)
        old = {code: [await cases.dispatch(database, code, priority) for priority in ("P3", "P1")] for code in CODES}

        chances, stop = itertools.count(1), asyncio.Event()
        worker = Lanes(database, booking, make_receiver=quick, jitter=lambda: next(chances) / 10)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(worker.run(stop))
            seen = [await tried(database, row.id) for row in itertools.chain(*old.values())]
            stop.set()
        waits = [(envelope.next_try_at - START).total_seconds() for _, envelope, _ in seen]
        assert len(set(waits)) == len(waits), "no two at the same moment"
        slots = [2 if envelope.priority == "P1" else 30 for _, envelope, _ in seen]
        assert all(wait >= slot for wait, slot in zip(waits, slots, strict=True)), "never earlier"

        clock.forward(seconds=60)
        new = {code: [await cases.dispatch(database, code, priority) for priority in ("P3", "P1")] for code in CODES}
        pretend.got.clear()
        for name in ("IN_FLIGHT", "MOST_IN_FLIGHT"):
            monkeypatch.setattr(width, name, 1)  # then the order of the claims is the order at the receiver
        pretend.behaviour = answers(200)
        async with running(database):
            ids = {}
            for row in itertools.chain(*old.values(), *new.values()):
                found, envelope, _ = await tried(database, row.id, 1 if row in itertools.chain(*new.values()) else 2)
                assert found.state == "delivered"
                ids[envelope.id] = row.id
    for code in CODES:
        mine = [row.id for row in old[code] + new[code]]
        (old_low, old_high), (new_low, new_high) = old[code], new[code]
        order = [ids[got.id] for got in pretend.got if ids[got.id] in mine]
        assert order == [new_high.id, new_low.id, old_high.id, old_low.id]
