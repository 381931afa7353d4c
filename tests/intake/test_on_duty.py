"""Calls and shifts: whose call it was, who talks, and what follows a call. On both databases."""

import asyncio
from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from db import calls, reports
from db.calls import CallRow, LegRow
from db.engine import Database
from intake.attendance import Attendance
from intake.facts import Taken
from intake.shifts import ShiftRules
from tests.conftest import SetClock
from tests.intake.conftest import Client, book
from tests.intake.sitting import OP1, OP2, Person, asked, at_pbx, broke_off, call, later, machines, person, tend


@pytest.fixture
async def siti(client: Client, database: Database) -> Person:
    """Siti sits at desk 1, and is ready."""
    await machines(database)
    siti = await person(client, database, "siti")
    await siti.start()
    await at_pbx(database, "ready")
    await asked(database)
    return siti


async def saved(database: Database) -> tuple[CallRow, list[LegRow]]:
    """Return the newest call and its legs."""
    async with database.reading() as reading:
        (report,) = await reports.page(reading, reports.Filter(), None, 1)
        found = (await calls.by_reports(reading, [report.id]))[report.id]
        return found, await calls.legs_of(reading, found.id)


async def test_a_call_is_frozen_to_who_was_bound_when_it_was_answered(
    siti: Person, client: Client, database: Database, clock: SetClock
) -> None:
    budi = await person(client, database, "budi")
    clock.forward(seconds=1)
    answered, ended = call(database)
    await book(database, *answered)
    found, (leg,) = await saved(database)
    assert (found.operator_user, leg.user) == ("siti", "siti")
    await siti.post("/shift/end")
    await budi.start()
    await book(database, *answered, *ended)
    found, (leg,) = await saved(database)
    assert (found.operator_user, leg.user) == ("siti", "siti")
    shown = (await client.get("/api/v1/reports/112-20260314-0001", headers=siti.headers)).json()["call"]
    assert shown["operator"] == {"user": "siti", "member": "op", "device": OP1}


@pytest.mark.parametrize(
    ("seconds", "device", "user"),
    [(-61, OP1, None), (-59, OP1, "siti"), (0, OP1, "budi"), (-30, OP2, None), (-1, OP1, "siti")],
)
async def test_a_call_that_is_told_late_is_whose_it_was_then(
    siti: Person, client: Client, database: Database, clock: SetClock, seconds: float, device: str, user: str | None
) -> None:
    """Siti sat there from a minute ago until now, budi from now on."""
    budi = await person(client, database, "budi")
    await later(database, clock, minutes=1)
    await siti.post("/shift/end")
    await budi.start()
    then = clock.now + timedelta(seconds=seconds)
    clock.now, now = then, clock.now
    answered, ended = call(database, device=device)
    clock.now = now + timedelta(hours=1)
    await book(database, *answered, *ended)
    found, legs = await saved(database)
    assert found.operator_user == user
    assert [leg.user for leg in legs] == [user]


async def test_two_calls_told_at_once_are_each_whose_they_were(
    siti: Person, client: Client, database: Database, clock: SetClock
) -> None:
    budi = await person(client, database, "budi")
    clock.forward(seconds=30)
    first, _ = call(database)
    clock.forward(seconds=30)
    await siti.post("/shift/end")
    await budi.start()
    clock.forward(seconds=30)
    second, _ = call(database, n=2)
    await book(database, *first, *second)
    async with database.reading() as reading:
        found = await calls.by_keys(reading, [("pbx-1", "c.1"), ("pbx-1", "c.2")])
    assert [one.operator_user for one in found.values()] == ["siti", "budi"]


async def test_an_answer_whose_time_is_told_later_is_bound_then(
    siti: Person, database: Database, clock: SetClock
) -> None:
    clock.forward(seconds=1)
    (*rang, taken), _ = call(database)
    assert isinstance(taken, Taken)
    await book(database, *rang, replace(taken, at=None))
    assert (await saved(database))[0].operator_user is None, "at a time that nobody knows anybody may have sat there"
    await book(database, taken)
    assert (await saved(database))[0].operator_user == "siti"


async def test_talking_then_wrap_up_until_time_is_up(siti: Person, database: Database, clock: SetClock) -> None:
    clock.forward(seconds=10)
    answered, ended = call(database)
    clock.forward(seconds=1)
    await book(database, *answered)
    talking = await siti.desk()
    assert (talking["state"], talking["report"]) == ("talking", "112-20260314-0001")
    assert datetime.fromisoformat(talking["since"]) == clock.now - timedelta(seconds=1)
    await siti.wish("break")
    assert (await siti.desk())["state"] == "talking", "whatever is wished meanwhile"
    await siti.wish("ready")

    await later(database, clock, seconds=59)
    await book(database, *ended)
    writing = await siti.desk()
    assert (writing["state"], writing["report"]) == ("wrap-up", "112-20260314-0001")
    assert datetime.fromisoformat(writing["wrap_up_until"]) == clock.now + timedelta(seconds=60)
    await later(database, clock, seconds=59)
    await tend(database)
    assert (await siti.desk())["state"] == "wrap-up"
    await later(database, clock, seconds=1)
    await tend(database)
    ready = await siti.desk()
    assert (ready["state"], ready["report"], ready["wrap_up_until"]) == ("ready", None, None)


async def test_a_wrap_up_is_over_when_the_operator_says_so(siti: Person, database: Database, clock: SetClock) -> None:
    answered, ended = call(database)
    await later(database, clock, minutes=1)
    await book(database, *answered)
    await book(database, *ended)
    assert (await siti.desk())["state"] == "wrap-up"
    assert (await siti.wish("ready"))["state"] == "ready"


async def test_a_call_that_was_over_before_anybody_heard_of_it_changes_no_desk(
    siti: Person, database: Database, clock: SetClock
) -> None:
    answered, ended = call(database)
    await later(database, clock, minutes=1)
    await book(database, *answered, *ended)
    assert (await siti.desk())["state"] == "ready"


async def test_a_centre_may_have_nobody_rung_while_they_write(
    siti: Person, database: Database, clock: SetClock
) -> None:
    rules = ShiftRules(pauses=True)
    answered, ended = call(database)
    await later(database, clock, minutes=1)
    await book(database, *answered)
    await book(database, *ended)
    for _ in range(2):
        await tend(database, rules)
    (row,) = await asked(database)
    assert (row.action, row.arguments["reason"]) == ("member-pause", "wrap-up")
    await at_pbx(database, "paused", reason="wrap-up")
    writing = await siti.desk()
    assert (writing["state"], writing["difference"]) == ("wrap-up", None)
    await later(database, clock, seconds=60)
    await tend(database, rules)
    await broke_off(database, "unknown")
    await tend(database, rules)
    assert [row.action for row in await asked(database)] == ["member-ready"], "again"
    over = await siti.desk()
    assert (over["state"], over["difference"]["code"]) == ("break", "not_confirmed")
    await at_pbx(database, "ready")
    assert (await siti.desk())["state"] == "ready"


async def test_time_is_watched_without_anybody_asking(siti: Person, database: Database, clock: SetClock) -> None:
    answered, ended = call(database)
    await later(database, clock, minutes=1)
    await book(database, *answered)
    stop = asyncio.Event()
    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(Attendance(database, ShiftRules(wrap_up=timedelta(0))).run(stop))
        await book(database, *ended)
        while (await siti.desk())["state"] != "ready":  # noqa: ASYNC110  # rows call nobody
            await asyncio.sleep(0.01)  # between two looks
        stop.set()
        database.wakeups.notify("shift")
