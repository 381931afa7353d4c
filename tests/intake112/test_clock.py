"""Time never jumps here, whatever somebody does to the machine's clock; a test's clock is a file."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from db.machine_room import Alarm
from intake112.clock import QUIET_S, SLEW, FileClock, NoTimeError, SteadyClock

BEGIN = 1_773_453_566.5


class Machine:
    """A machine's two clocks."""

    def __init__(self) -> None:
        self.wall = BEGIN
        self.monotonic = 100.0

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.wall += seconds
        self.monotonic += seconds

    def clock(self) -> SteadyClock:
        """Start a process."""
        return SteadyClock(lambda: self.wall, lambda: self.monotonic)


def test_time_passes_and_is_aware() -> None:
    machine = Machine()
    clock = machine.clock()
    machine.forward(1.5)
    assert clock() == datetime.fromtimestamp(BEGIN + 1.5, UTC)
    assert clock().tzinfo is UTC


@pytest.mark.parametrize("step", [3600.0, -3600.0])
def test_a_step_of_the_wall_clock_is_taken_up_slowly(step: float) -> None:
    machine = Machine()
    clock = machine.clock()
    machine.wall += step
    before = clock()
    assert before == datetime.fromtimestamp(BEGIN, UTC)
    for _ in range(100):
        machine.forward(5)
        clock.follow()
        after = clock()
        assert 0 < (after - before).total_seconds() < 5.3
        before = after
    for _ in range(20_000):
        machine.forward(5)
        clock.follow()
    assert clock().timestamp() == pytest.approx(machine.wall, abs=0.001)


@pytest.mark.parametrize("step", [3600.0, -3600.0, 6.0])
def test_a_step_is_an_alarm_until_it_is_taken_up_and_long_ago(step: float) -> None:
    machine = Machine()
    clock = machine.clock()

    def passed(seconds: float) -> list[Alarm]:
        machine.forward(seconds)
        clock.follow()
        return clock.alarms()

    assert passed(5.0) == []
    machine.wall += step
    [alarm] = passed(5.0)
    assert (alarm.code, alarm.values["seconds"]) == ("clock_stepped", f"{step:+.0f}")
    lasts = max(QUIET_S, (abs(step) - 5) / SLEW)
    assert passed(lasts - 30) == [alarm], "the same words, which are read aloud once"
    assert passed(60) == []
    machine.wall -= step
    assert len(passed(5.0)) == 1, "and anew"


def test_small_steps_that_come_one_after_another_are_an_alarm() -> None:
    machine = Machine()
    clock = machine.clock()
    for expected in (0, 1):
        machine.wall += 4
        machine.forward(5)
        clock.follow()
        assert len(clock.alarms()) == expected


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-14T02:00:00Z",
        "2026-03-14T09:00:00+07:00\n",
        "2026-03-14T02:00:00",
        str(datetime(2026, 3, 14, 2, tzinfo=UTC).timestamp()),
    ],
)
def test_a_clock_in_a_file(tmp_path: Path, text: str) -> None:
    file = tmp_path / "clock"
    file.write_text(text)
    clock = FileClock(file)
    assert clock() == datetime(2026, 3, 14, 2, tzinfo=UTC)
    file.write_text("2026-03-14T03:00:00Z")
    assert clock() == datetime(2026, 3, 14, 3, tzinfo=UTC)
    file.write_text("2026-03-")  # half-written
    assert clock() == datetime(2026, 3, 14, 3, tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "now", "nan", "1e99"])
def test_a_file_without_a_time_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "clock"
    file.write_text(text)
    with pytest.raises(NoTimeError, match=str(file)):
        FileClock(file)
