"""What the wallboard's numbers mean, case by case."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from db.board import CallTimes
from intake import board
from intake.board import Answering

NOW = datetime(2026, 3, 14, 3, tzinfo=UTC)
WIB = ZoneInfo("Asia/Jakarta")


def call(
    stage: str, outcome: str | None, answered_s: float | None, ended_s: float | None, *, taken: bool = False
) -> CallTimes:
    """A call that arrived a minute ago; times are seconds after that."""
    arrived = NOW - timedelta(seconds=60)
    after = [None if s is None else arrived + timedelta(seconds=s) for s in (answered_s, ended_s)]
    return CallTimes(stage, outcome, arrived, after[0], after[1], taken or answered_s is not None)


def test_in_time_is_of_those_who_were_answered_or_waited_longer() -> None:
    calls = [
        call("ended", "answered", 15, 40),  # in time, to the second
        call("talking", None, 3, None),  # in time
        call("ended", "answered", 15.1, 40),  # late
        call("queued", None, None, None),  # waits for a minute now: late already
        call("ended", "abandoned", None, 20),  # gave up after the limit: late
        call("ended", "overflow", None, 55),  # only the voice menu: late
        call("ended", "abandoned", None, 4),  # gave up before anybody could be late
        call("ended", "answered", None, 40, taken=True),  # nobody knows when
        call("ended", "failed", None, None),  # nobody knows anything
    ]
    day = board.today(calls, NOW)
    assert day.answering == Answering(in_time=2, counted=6, gave_up=1, unknown=2)
    assert (day.arrived, day.ended, day.abandoned, day.unanswered) == (9, 7, 2, 2)


def test_whoever_waits_within_the_limit_is_in_no_count_yet() -> None:
    fresh = CallTimes("queued", None, NOW - timedelta(seconds=15), None, None, taken=False)
    assert board.today([fresh], NOW).answering == Answering(0, 0, 0, 0)
    assert board.waits([call("talking", None, 3, None), fresh, call("overflow", None, None, None)]) == [
        NOW - timedelta(seconds=60),
        NOW - timedelta(seconds=15),
    ]


def test_hours_are_the_centres_and_the_mean_is_of_whole_days_only() -> None:
    def at(text: str) -> int:
        return int(datetime.fromisoformat(text).replace(tzinfo=WIB).timestamp())

    quarters = {
        at("2026-03-10T23:45"): 7,  # the day of the first call is not whole
        at("2026-03-11T00:00"): 2,
        at("2026-03-12T00:15"): 1,
        at("2026-03-13T23:45"): 6,
    }
    first = datetime(2026, 3, 10, 12, tzinfo=UTC)
    mean = board.mean(quarters, first, date(2026, 3, 14), WIB)
    assert (mean.days, mean.by_hour[0], mean.by_hour[23], sum(mean.by_hour)) == (3, 1.0, 2.0, 3.0)
    assert board.mean({}, None, date(2026, 3, 14), WIB).days == 0
    assert board.mean(quarters, first, date(2026, 3, 11), WIB).days == 0, "no whole day yet"
    assert board.mean({}, first, date(2026, 12, 1), WIB).days == board.MEAN_DAYS
    kathmandu = ZoneInfo("Asia/Kathmandu")
    assert board.by_hour({at("2026-03-11T01:15"): 1}, kathmandu)[0] == 1, "5 h 45 min from UTC"
