"""A silence is told when it is longer than this hour of the day knows, and never before there is a usual one."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from ami_bridge.silence import DAYS_NEEDED, Silence, usual
from db.engine import Database
from intake.facts import Arrived, CallKey
from tests.conftest import SetClock
from tests.intake.conftest import book

WIB = ZoneInfo("Asia/Jakarta")
MIDNIGHT = datetime(2026, 2, 1, tzinfo=WIB).astimezone(UTC)
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


def days(count: int, every: timedelta = 10 * MINUTE, night: timedelta = 60 * MINUTE) -> list[datetime]:
    """Days on which somebody rings `every` so often, and from midnight to 6 o'clock once a `night`."""
    rings = []
    for day in range(count):
        at = MIDNIGHT + day * DAY
        while at < MIDNIGHT + (day + 1) * DAY:
            rings.append(at)
            at += night if at < MIDNIGHT + day * DAY + 6 * HOUR else every
    return rings


def test_each_hour_of_the_local_day_has_its_own() -> None:
    found = usual(days(20), WIB)
    assert (found[3], found[15]) == (HOUR, 10 * MINUTE)
    assert len(found) == 24


def test_nothing_is_usual_before_two_weeks() -> None:
    assert usual(days(DAYS_NEEDED - 1), WIB) == {}
    assert usual(days(DAYS_NEEDED + 1), WIB)[15] == 10 * MINUTE
    assert usual([], WIB) == usual([MIDNIGHT], WIB) == {}


def test_one_bad_day_makes_no_silence_usual() -> None:
    rings = [at for at in days(20) if not (MIDNIGHT + 9 * DAY + 8 * HOUR < at < MIDNIGHT + 9 * DAY + 20 * HOUR)]
    assert usual(rings, WIB)[15] == 10 * MINUTE


def test_a_silence_reaches_into_the_hours_behind_it() -> None:
    """Who rings every three hours leaves each hour with what had passed by its end."""
    found = usual(days(20, every=3 * HOUR, night=3 * HOUR), WIB)
    assert [found[hour] for hour in (6, 7, 8)] == [HOUR, 2 * HOUR, 3 * HOUR]


@pytest.mark.parametrize("years_behind", [0, 1])
async def test_it_is_an_alarm_at_the_centre(database: Database, clock: SetClock, years_behind: int) -> None:
    rings = [at - timedelta(days=365 * years_behind) for at in days(20)]
    clock.forward(seconds=(MIDNIGHT + 20 * DAY + 15 * HOUR - clock()).total_seconds())
    arrived = [Arrived(CallKey("pbx-1", f"c.{n}"), at, "", "trunk", "112", None, None) for n, at in enumerate(rings)]
    await book(database, *arrived)
    silence = Silence(database, "pbx-1", WIB)
    await silence.look()
    if years_behind:
        assert silence.alarms() == (), "what was so long ago is not looked at"
        return
    (alarm,) = silence.alarms()
    assert alarm.code == "silence"
    assert "Nobody has rung for 15 h 10 min; at this hour it was 10 min at most" in alarm.message
    await book(database, Arrived(CallKey("pbx-1", "now"), clock(), "", "trunk", "112", None, None))
    await silence.look()
    assert silence.alarms() == ()
    clock.forward(seconds=29 * 60)
    assert silence.alarms() == (), "half an hour is nothing"
    clock.forward(seconds=2 * 60)
    assert [one.code for one in silence.alarms()] == ["silence"]
    assert Silence(database, "pbx-2", WIB).alarms() == ()
