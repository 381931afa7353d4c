"""What is due for a dispatch that nobody accepts: each step once, in its order, whenever anybody looks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.states import UNANSWERED
from routing.escalation import REJECTED, SHORTEST_REPEAT, Plan, Word, plan
from routing.rules import ACCEPT_WITHIN_S, Case, Recipient, Rule, next_after

SENT = datetime(2026, 3, 14, 2, 0, tzinfo=UTC)
P1, P2, P3 = (timedelta(seconds=ACCEPT_WITHIN_S[priority]) for priority in ("P1", "P2", "P3"))


def at(seconds: float) -> datetime:
    """A time after the dispatch."""
    return SENT + timedelta(seconds=seconds)


def waits(state: str, within: timedelta, done: int, now: datetime) -> Plan:
    """What is due for a dispatch that had this long from its making on."""
    return plan(state, SENT + within, within, done, now, alone=False)


@pytest.mark.parametrize(
    ("done", "seconds", "words", "then", "next_s"),
    [
        (0, 59.9, (), 0, 60),
        (0, 60, ("overdue",), 1, 180),
        (1, 60, (), 1, 180),
        (1, 179.9, (), 1, 180),
        (1, 180, ("next",), 2, 360),
        (2, 359, (), 2, 360),
        (2, 360, ("again",), 3, 540),
        (3, 540, ("again",), 4, 720),
        (0, 200, ("overdue", "next"), 2, 360),
        (0, 3600, ("overdue", "next"), 21, 3780),
        (1, 3600, ("next",), 21, 3780),
        (5, 3600, ("again",), 21, 3780),
    ],
)
def test_the_ladder_of_p1(done: int, seconds: float, words: tuple[Word, ...], then: int, next_s: float) -> None:
    found = waits("delivered", P1, done, at(seconds))
    assert (found.words, found.done, found.next_at) == (words, then, at(next_s))


@pytest.mark.parametrize(("within", "next_s"), [(P2, 900), (P3, 2700)])
def test_others_have_more_time(within: timedelta, next_s: float) -> None:
    overdue = waits("sent", within, 0, SENT + within)
    assert (overdue.words, overdue.next_at) == (("overdue",), at(next_s))
    assert waits("sent", within, 1, at(next_s)).words == ("next",)


def test_how_late_it_was_seen_is_said() -> None:
    assert waits("sent", P1, 0, at(64)).late == timedelta(0)
    assert waits("sent", P1, 0, at(100)).late == timedelta(seconds=40)
    assert waits("sent", P1, 0, at(200)).late == timedelta(seconds=20), "of the present step"


@pytest.mark.parametrize("state", ["accepted", "en_route", "on_scene", "resolved", "cancelled"])
def test_who_accepted_ends_it(state: str) -> None:
    found = waits(state, P1, 1, at(3600))
    assert (found.words, found.done, found.next_at) == ((), 1, None)


@pytest.mark.parametrize(
    ("done", "alone", "words", "then", "next_s"),
    [
        (0, False, ("next",), 2, None),
        (1, False, ("next",), 2, None),
        (7, False, (), 7, None),
        (0, True, ("next",), 2, 185),
        (2, True, ("again",), 3, 185),
        (7, True, ("again",), 8, 185),
    ],
)
def test_who_rejects_makes_room_at_once_and_is_told_of_while_nobody_has_the_report(
    done: int, alone: bool, words: tuple[Word, ...], then: int, next_s: float | None
) -> None:
    found = plan(REJECTED, SENT + P1, P1, done, at(5), alone=alone)
    assert (found.words, found.done, found.next_at) == (words, then, at(next_s) if next_s else None)


def test_a_deadline_that_was_moved_moves_the_steps_behind_it() -> None:
    """Not since its making: a report that is reopened after hours is not overdue."""
    assert plan("sent", at(3660), P1, 0, at(3659), alone=False).next_at == at(3660)
    assert plan("sent", at(3660), P1, 0, at(3660), alone=False).next_at == at(3780)
    assert plan("sent", at(60), P3, 0, at(60), alone=False).next_at == at(60 + 2 * P3.total_seconds())


@given(
    within=st.integers(1, 7200),
    looks=st.lists(st.floats(0, 20_000), min_size=1, max_size=30).map(sorted),
    state=st.sampled_from(sorted(UNANSWERED)),
)
def test_whenever_anybody_looks_each_step_comes_once_and_in_order(within: int, looks: list[float], state: str) -> None:
    time = timedelta(seconds=within)
    accept_by = SENT + time
    done, told = 0, list[Word]()
    for seconds in looks:
        found = plan(state, accept_by, time, done, at(seconds), alone=True)
        assert found.done >= done
        assert bool(found.words) == (found.done > done)
        assert found.next_at is not None
        assert found.next_at > at(seconds), "what is due is done now"
        assert plan(state, accept_by, time, found.done, at(seconds), alone=True).words == ()
        done = found.done
        told += found.words
    assert told.count("overdue") == (looks[-1] >= within)
    assert told.count("next") == (looks[-1] >= 3 * within)
    assert told == sorted(told, key=["overdue", "next", "again"].index)
    if told.count("again"):
        assert looks[-1] >= 3 * within + min(3 * within, SHORTEST_REPEAT.total_seconds())


LADDER = [
    Rule(1, (Recipient("damkar", None, "bpbd"),), ("kebakaran",)),
    Rule(2, (Recipient("bpbd", 90, "polres"), Recipient("polres", None, "damkar"))),
    Rule(3, (Recipient("damkar", None, "basarnas"),), ("laut",)),
]


@pytest.mark.parametrize(
    ("kind", "agency", "have", "following"),
    [
        ("kebakaran", "damkar", set(), ("bpbd", 90, 1)),
        ("kebakaran", "damkar", {"bpbd"}, ("polres", 60, 2)),
        ("laut", "damkar", set(), ("basarnas", 60, 3)),
        ("banjir", "damkar", set(), None),
        (None, "bpbd", set(), ("polres", 60, 2)),
        ("kebakaran", "damkar", {"bpbd", "polres"}, None),
        ("kebakaran", "polres", {"damkar"}, ("bpbd", 90, 1)),
        ("kebakaran", "unknown", set(), None),
    ],
)
def test_the_next_of_the_ladder(
    kind: str | None, agency: str, have: set[str], following: tuple[str, int, int] | None
) -> None:
    found = next_after(LADDER, Case(kind, "P1", SENT), agency, have)
    assert (found and (found.agency, found.accept_within_s, found.rule)) == following
