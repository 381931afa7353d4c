"""Whatever order and repetition the line brings: one ring is one call, with one end, and nothing after it."""

import os
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from ami_bridge.calls import Call
from ami_bridge.events import (
    CallerJoined,
    CallerLeft,
    CallEvent,
    Channel,
    ChannelCreated,
    ChannelGone,
    ChannelListed,
    ChannelsComplete,
    Connected,
    HangupAsked,
    PhoneAnswered,
    PhoneRung,
    WaiterListed,
)
from ami_bridge.threads import Line, Threads
from intake.facts import Arrived, Ended, Fact, Rang, Taken

NOW = datetime(2026, 3, 14, 2, 0, tzinfo=UTC)
LINE = Line("pbx-1", frozenset({"line-112"}), frozenset(), frozenset({"112"}))


def caller(n: int) -> Channel:
    """Return the channel of caller n."""
    return Channel(f"c.{n}", f"c.{n}", f"PJSIP/trunk-{n}", "4", "line-112", "112", None, None)


def phone(n: int, of: int) -> Channel:
    """Return the channel of phone n, rung for a caller."""
    return Channel(f"p.{of}.{n}", f"c.{of}", f"PJSIP/op{n}-{of}", "5", "desks", "s", None, None)


EXAMPLES = 20_000 if os.environ.get("INTAKE112_PROVE") else 300
CALLERS = st.integers(1, 2)
PHONES = st.integers(1, 2)
EVENTS: st.SearchStrategy[CallEvent] = st.one_of(
    CALLERS.map(lambda n: ChannelCreated(NOW, caller(n))),
    CALLERS.map(lambda n: CallerJoined(NOW, caller(n), "112")),
    CALLERS.map(lambda n: CallerLeft(NOW, f"c.{n}")),
    st.tuples(PHONES, CALLERS).map(lambda t: PhoneRung(NOW, f"c.{t[1]}", phone(*t), f"op{t[0]}")),
    st.tuples(PHONES, CALLERS).map(lambda t: PhoneAnswered(NOW, f"c.{t[1]}", phone(*t))),
    st.tuples(CALLERS, st.booleans()).map(lambda t: HangupAsked(NOW, f"c.{t[0]}", t[1], None)),
    st.tuples(PHONES, CALLERS).map(lambda t: ChannelGone(NOW, f"p.{t[1]}.{t[0]}", "16")),
    st.just(Connected()),
    CALLERS.map(lambda n: ChannelListed(caller(n), "Queue", "")),
    CALLERS.map(lambda n: WaiterListed(f"c.{n}", "112", 3)),
    st.just(ChannelsComplete()),
)


def told(threads: Threads, events: list[CallEvent]) -> list[Fact]:
    """Return all facts."""
    return [fact for event in events for fact in threads.advance(event, NOW)]


@given(st.lists(EVENTS, max_size=40))
@settings(max_examples=EXAMPLES, deadline=None)
def test_one_arrival_then_everything_else_then_one_end(events: list[CallEvent]) -> None:
    threads = Threads(LINE)
    facts = told(threads, [*events, *(ChannelGone(NOW, f"c.{n}", "16") for n in (1, 2))])
    assert threads.calls == {}
    for key in {fact.key for fact in facts}:
        own = [fact for fact in facts if fact.key == key]
        # a caller's channel that is gone does not come back: events after its end are another, impossible, story
        spells = sum(isinstance(fact, Arrived) for fact in own)
        assert sum(isinstance(fact, Ended) for fact in own) == spells
        assert isinstance(own[0], Arrived)
        assert isinstance(own[-1], Ended)


@given(st.lists(EVENTS, max_size=40))
@settings(max_examples=EXAMPLES, deadline=None)
def test_only_a_phone_that_was_rung_or_answered_takes_a_call(events: list[CallEvent]) -> None:
    facts = told(Threads(LINE), events)
    answered = {event.phone.uniqueid for event in events if isinstance(event, PhoneAnswered)}
    rung = {fact.leg for fact in facts if isinstance(fact, Rang)}
    assert {fact.leg for fact in facts if isinstance(fact, Taken)} <= answered | rung


@given(st.lists(EVENTS, max_size=30), st.integers(0, 30))
@settings(max_examples=EXAMPLES, deadline=None)
def test_a_kill_anywhere_changes_nothing(events: list[CallEvent], cut: int) -> None:
    """What is saved with the facts is enough to go on; only an unfinished snapshot is asked for again."""
    events = [
        event for event in events if not isinstance(event, Connected | ChannelListed | WaiterListed | ChannelsComplete)
    ]
    whole = told(Threads(LINE), events)
    first = Threads(LINE)
    before = told(first, events[:cut])
    second = Threads(LINE)
    for call in first.calls.values():
        second.restore(Call.from_json(call.key, call.to_json()))
    assert before + told(second, events[cut:]) == whole
