"""Test calls are asked for, and one that does not come in is an alarm. On both databases."""

from datetime import timedelta

from ami_bridge.probe import ARRIVES_WITHIN, Probe, ProbeConfig
from ami_bridge.silence import Silence
from db import controls, reports
from db.controls import ControlRow
from db.engine import Database
from intake import control
from intake.facts import Arrived, CallKey, OurTest, Queued
from tests.conftest import SetClock
from tests.intake.conftest import WIB, book

EVERY = timedelta(minutes=15)
NUMBER = "+62328662112"
CONFIG = ProbeConfig("pbx-1", NUMBER, EVERY)


async def newest(database: Database) -> ControlRow:
    """The last test call."""
    async with database.reading() as reading:
        found = await controls.newest(reading, "pbx-1", control.TEST_CALL)
    assert found is not None
    return found


async def come_in(database: Database, clock: SetClock, n: int = 1) -> None:
    """Let it ring."""
    key = CallKey("pbx-1", f"t.{n}")
    await book(database, Arrived(key, clock(), "", "trunk", "112", NUMBER, None), OurTest(key, clock()))


def said(probe: Probe) -> str:
    """What the only alarm says, empty when there is none."""
    alarms = probe.alarms()
    assert all(alarm.code == "test_call" for alarm in alarms)
    assert len(alarms) < 2
    return alarms[0].message if alarms else ""


async def test_one_is_asked_for_every_so_often(database: Database, clock: SetClock) -> None:
    probe, other = Probe(database, CONFIG), Probe(database, CONFIG)
    await probe.look()
    first = await newest(database)
    assert (first.action, first.arguments, first.state) == ("test-call", {"number": NUMBER, "after": "0"}, "asked")
    clock.forward(minutes=14)
    await probe.look()
    await other.look()
    assert await newest(database) == first, "another bridge of this PBX has asked"
    clock.forward(minutes=1)
    await other.look()
    second = await newest(database)
    assert second.id != first.id
    await probe.look()
    assert await newest(database) == second


async def test_one_that_nobody_began_is_asked_for_again_soon(database: Database, clock: SetClock) -> None:
    probe = Probe(database, CONFIG)
    await probe.look()
    first = await newest(database)
    async with database.transaction() as tx:
        await control.end(tx, first, "failed", "too_late", "")
    clock.forward(seconds=29)
    await probe.look()
    assert (await newest(database)).id == first.id
    clock.forward(seconds=1)
    await probe.look()
    assert (await newest(database)).id != first.id


async def test_one_that_comes_in_is_timed_and_a_closed_report(database: Database, clock: SetClock) -> None:
    probe = Probe(database, CONFIG)
    await probe.look()
    async with database.transaction() as tx:
        assert await controls.begin(tx, (await newest(database)).id, "bridge")
    clock.forward(seconds=3)
    await come_in(database, clock)
    clock.forward(seconds=40)
    await probe.look()
    assert (said(probe), probe.figures()) == ("", {"test_call_seconds": 3.0})
    async with database.reading() as reading:
        (report,) = await reports.page(reading, reports.Filter(), None, 10)
    assert (report.classification, report.status, report.caller_number_raw) == ("test", "closed", NUMBER)


async def test_one_that_does_not_come_in_is_an_alarm_until_another_does(database: Database, clock: SetClock) -> None:
    probe = Probe(database, CONFIG)
    await come_in(database, clock)  # an older one proves nothing
    clock.forward(minutes=1)
    await probe.look()
    row = await newest(database)
    async with database.transaction() as tx:
        await control.end(tx, row, "done", "done", "")
    clock.forward(seconds=ARRIVES_WITHIN.total_seconds() - 1)
    await probe.look()
    assert said(probe) == "", "it may still come"
    clock.forward(seconds=1)
    await probe.look()
    assert "did not come in" in said(probe)
    clock.forward(minutes=15)
    await probe.look()
    await probe.look()
    assert "did not come in" in said(probe), "the next one has proved nothing yet"
    await come_in(database, clock, 2)
    await probe.look()
    assert said(probe) == ""


async def test_one_that_cannot_be_made_says_why(database: Database, clock: SetClock) -> None:
    probe = Probe(database, CONFIG)
    await probe.look()
    async with database.transaction() as tx:
        await control.end(tx, await newest(database), "failed", "too_late", "nobody could do it")
    await probe.look()
    assert "it could not be made (too_late: nobody could do it)" in said(probe)
    assert probe.figures() == {}
    clock.forward(minutes=15)


async def test_a_test_call_ends_no_silence(database: Database, clock: SetClock) -> None:
    """It proves the trunk, not that people reach us."""
    silence = Silence(database, "pbx-1", WIB)
    started = clock()
    for n in range(21 * 24 * 2):  # every half hour for three weeks
        key = CallKey("pbx-1", f"c.{n}")
        await book(database, Arrived(key, started + n * timedelta(minutes=30), "", "trunk", "112", None, None))
    clock.forward(hours=21 * 24 + 4)
    await come_in(database, clock)
    await silence.look()
    assert [alarm.code for alarm in silence.alarms()] == ["silence"]


async def test_whoever_stays_on_the_line_is_a_caller(database: Database, clock: SetClock) -> None:
    await come_in(database, clock)
    await come_in(database, clock, 2)
    waits = Queued(CallKey("pbx-1", "t.1"), clock(), "112", "queue:1")
    await book(database, waits)
    await book(database, waits)
    async with database.reading() as reading:
        found = await reports.page(reading, reports.Filter(), None, 10)
    assert [(one.classification, one.status) for one in found] == [("test", "closed"), ("normal", "open")]
