"""Whoever locks people and shifts locks them in one order: people, then shifts by their telephones. On PostgreSQL."""

import asyncio
import functools
from collections.abc import Awaitable, Callable

import pytest

from db import people
from db import shifts as saved
from db.engine import Database
from intake import shifts
from intake.facts import Member, MemberIs
from tests.conftest import SetClock
from tests.intake.conftest import Client, book
from tests.intake.sitting import OP1, OP2, Person, asked, call, machines, person, tend
from tests.intake.test_endings import waits_for_a_lock
from tests.routing.running import until

pytestmark = pytest.mark.parametrize("database_kind", ["postgresql"])  # SQLite has one writer


@pytest.fixture
async def two(client: Client, database: Database, clock: SetClock) -> tuple[Person, Person]:
    """Siti sits at desk 1, Budi at desk 2; he has the earlier shift."""
    await machines(database)
    siti, budi = await person(client, database, "siti"), await person(client, database, "budi", hours=1)
    await budi.start(OP2)
    clock.forward(seconds=1)
    await siti.start(OP1)
    await asked(database)
    return siti, budi


async def of_time(database: Database) -> None:
    """Budi is gone, and Siti is looked at, too."""
    await tend(database)


async def of_the_line(database: Database) -> None:
    """Desk 2 talks, desk 1 is a member again."""
    answered, _ = call(database, device=OP2)
    member = Member("112", OP1, OP1, "op", "dynamic", paused=False, reason="", reachable=True)
    await book(database, *answered, MemberIs("pbx-1", database.clock(), member))


@pytest.mark.parametrize("job", [of_time, of_the_line])
async def test_shifts_are_locked_in_the_order_of_their_telephones(
    two: tuple[Person, Person],
    database: Database,
    clock: SetClock,
    job: Callable[[Database], Awaitable[None]],
) -> None:
    if job is of_time:
        clock.forward(hours=2)
        await machines(database)
    async with database.reading() as reading:
        first, second = await saved.every_open(reading)
    assert (first.device, second.device) == (OP1, OP2)

    async def whole() -> None:
        await job(database)

    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks, database.transaction() as tx:
        await saved.find(tx, first.id)
        tasks.create_task(whole())
        await until(functools.partial(waits_for_a_lock, database))
        await saved.find(tx, second.id)


async def test_people_are_locked_before_shifts(
    two: tuple[Person, Person], client: Client, database: Database, clock: SetClock
) -> None:
    """Somebody sits down while an administrator changes them; both end Budi's shift on the way."""
    dewi = await person(client, database, "dewi")
    clock.forward(hours=2)
    await machines(database)
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks, database.transaction() as tx:
        await people.lock_user(tx, "dewi")
        sits = tasks.create_task(dewi.start("PJSIP/op3"))
        await until(functools.partial(waits_for_a_lock, database))
        await shifts.end_gone(tx)
    assert sits.result()["user"] == "dewi"
    assert {one["user"] for one in await dewi.desks()} == {"siti", "dewi"}
