"""When an envelope is tried again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.retry import EVERY_S, is_lasting, next_try, retry_after

FIRST = datetime(2026, 3, 14, 2, 0, tzinfo=UTC)


def seconds_of_tries(
    priority: str | None, count: int, each_lasts: float = 0.0, *, lasting: bool = False
) -> list[float]:
    """Return when the tries begin, in seconds after the first, when each fails after `each_lasts` seconds."""
    at, tries = FIRST, [0.0]
    while len(tries) < count:
        at = max(at, next_try(priority, FIRST, at + timedelta(seconds=each_lasts), lasting=lasting))
        tries.append((at - FIRST).total_seconds())
    return tries


@pytest.mark.parametrize(
    ("priority", "lasting", "expected"),
    [
        pytest.param("P1", False, [0, 2, 5, 10, 20, 30, 60, 120, 180, 240], id="P1"),
        pytest.param("P2", False, [0, 10, 30, 60, 120, 300, 600, 900], id="P2"),
        pytest.param(None, False, [0, 10, 30, 60, 120, 300, 600, 900], id="no-priority-yet"),
        pytest.param("P3", False, [0, 30, 120, 300, 900, 1800, 2700], id="P3"),
        pytest.param("P1", True, [0, 60, 300, 600, 900], id="P1-lasting"),
        pytest.param("P3", True, [0, 30, 120, 300, 900, 1800], id="P3-lasting"),
    ],
)
def test_schedule(priority: str | None, lasting: bool, expected: list[float]) -> None:
    assert seconds_of_tries(priority, len(expected), lasting=lasting) == expected


def test_tries_that_take_ten_seconds_do_not_shift_the_schedule() -> None:
    assert seconds_of_tries("P1", 6, each_lasts=10) == [0, 20, 60, 120, 180, 240]


def test_after_an_hour_down_one_try_and_not_a_burst() -> None:
    assert next_try("P1", FIRST, FIRST + timedelta(seconds=3601)) == FIRST + timedelta(seconds=3660)


@given(
    st.sampled_from(["P1", "P2", "P3", None]),
    st.floats(0, 1e6),
    st.booleans(),
    st.none() | st.floats(0, 900),
    st.floats(0, 1),
)
def test_never_earlier_and_never_silenced(
    priority: str | None, passed: float, lasting: bool, asked_s: float | None, jitter: float
) -> None:
    now = FIRST + timedelta(seconds=passed)
    plain = next_try(priority, FIRST, now, lasting=lasting)
    due = next_try(priority, FIRST, now, lasting=lasting, asked_s=asked_s, jitter=jitter)
    assert now < plain <= due
    longest = 300 if lasting and priority != "P3" else max(EVERY_S[priority or "P2"], 600 if priority == "P3" else 180)
    assert due - now <= timedelta(seconds=longest * 1.1 + 1e-3)


@pytest.mark.parametrize(
    ("asked_s", "expected"),
    [
        pytest.param(None, 2, id="not-asked"),
        pytest.param(1.0, 2, id="sooner-than-planned"),
        pytest.param(5.0, 5, id="later"),
        pytest.param(900.0, 60, id="an-emergency-is-not-silenced"),
    ],
)
def test_asked_to_wait(asked_s: float | None, expected: int) -> None:
    assert next_try("P1", FIRST, FIRST, asked_s=asked_s) == FIRST + timedelta(seconds=expected)


@pytest.mark.parametrize(("jitter", "expected"), [(0.0, 2.0), (0.5, 2.1), (1.0, 2.2)])
def test_jitter_puts_off_by_up_to_a_tenth(jitter: float, expected: float) -> None:
    assert next_try("P1", FIRST, FIRST, jitter=jitter) == FIRST + timedelta(seconds=expected)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        pytest.param(None, None, id="missing"),
        pytest.param("5", 5.0, id="seconds"),
        pytest.param(" 5 ", 5.0, id="spaces"),
        pytest.param("86400", 900.0, id="a-day"),
        pytest.param("9" * 5000, 900.0, id="5000-digits"),
        pytest.param("-1", None, id="negative"),
        pytest.param("1.5", None, id="fraction"),
        pytest.param("٥", None, id="arabic-digit"),
        pytest.param("", None, id="empty"),
        pytest.param("soon", None, id="junk"),
        pytest.param("Sat, 14 Mar 2026 02:00:07 GMT", 7.0, id="date"),
        pytest.param("Sat, 14 Mar 2026 02:00:07 -0000", 7.0, id="date-without-zone"),
        pytest.param("Sat, 14 Mar 2026 09:00:07 +0700", 7.0, id="date-in-WIB"),
        pytest.param("Sat, 14 Mar 2026 01:00:00 GMT", 0.0, id="date-passed"),
        pytest.param("Sat, 14 Mar 2099 02:00:00 GMT", 900.0, id="date-far"),
        pytest.param("Sat, 99 Mar 2026 02:00:00 GMT", None, id="date-impossible"),
    ],
)
def test_retry_after(header: str | None, expected: float | None) -> None:
    assert retry_after(header, FIRST) == expected


@given(st.text())
def test_retry_after_survives_anything(header: str) -> None:
    found = retry_after(header, FIRST)
    assert found is None or 0 <= found <= 900


@pytest.mark.parametrize(
    ("status", "expected"),
    [(s, True) for s in (301, 307, 308, 400, 401, 404, 410, 422)] + [(s, False) for s in (408, 425, 429, 500, 503)],
)
def test_what_only_a_person_can_mend(status: int, expected: bool) -> None:
    assert is_lasting(status) is expected


def test_a_clock_that_was_set_back_puts_no_try_off_by_its_step() -> None:
    now = datetime(2026, 3, 14, tzinfo=UTC)
    due = next_try("P1", now + timedelta(hours=1), now)
    assert due - now <= timedelta(seconds=2.5)
