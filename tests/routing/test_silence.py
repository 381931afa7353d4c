"""When an agency that accepted has fallen silent: asked once for each time that passes, until it speaks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.silence import SPEAK_EVERY, Plan, plan, speaks_until

HEARD = datetime(2026, 3, 14, 2, 0, tzinfo=UTC)


def after(minutes: float) -> datetime:
    """A time after it was heard."""
    return HEARD + timedelta(minutes=minutes)


@pytest.mark.parametrize(
    ("priority", "asked", "minutes", "expected"),
    [
        ("P1", 0, 14.99, (False, 0, 15, 0)),
        ("P1", 0, 15, (True, 1, 30, 0)),
        ("P1", 1, 15, (False, 1, 30, 0)),
        ("P1", 1, 30, (True, 2, 45, 0)),
        ("P1", 0, 100, (True, 6, 105, 10)),
        ("P1", 0, 15.05, (True, 1, 30, 0)),
        ("P2", 0, 59, (False, 0, 60, 0)),
        ("P2", 0, 60, (True, 1, 120, 0)),
        ("P3", 0, 240, (True, 1, 480, 0)),
        (None, 0, 60, (True, 1, 120, 0)),
        ("P2", 4, 61, (False, 4, 300, 0)),
        ("P1", 0, -5, (False, 0, 15, 0)),
    ],
)
def test_what_is_due(priority: str | None, asked: int, minutes: float, expected: tuple[bool, int, int, int]) -> None:
    asks, then, next_at, late = expected
    assert plan(priority, HEARD, asked, after(minutes)) == Plan(asks, then, after(next_at), timedelta(minutes=late))
    assert speaks_until(priority, HEARD) == HEARD + SPEAK_EVERY[priority or "P2"]


@given(st.sampled_from([*SPEAK_EVERY, None]), st.lists(st.floats(0, 3000), min_size=1, max_size=30).map(sorted))
def test_whenever_anybody_looks_it_is_asked_once_for_each_time(priority: str | None, looks: list[float]) -> None:
    asked = 0
    for minutes in looks:
        found = plan(priority, HEARD, asked, after(minutes))
        assert found.asks == (found.asked > asked)
        assert found.next_at > after(minutes), "what is due is done now"
        assert not plan(priority, HEARD, found.asked, after(minutes)).asks
        asked = found.asked
    assert asked == (after(looks[-1]) - HEARD) // SPEAK_EVERY[priority or "P2"]
