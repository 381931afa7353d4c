"""Whatever order and repetition the line brings: one ring is one call, with one end, and nothing after it."""

import os
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from ami_bridge import memory
from ami_bridge.events import (
    Booted,
    BridgeEntered,
    BridgeLeft,
    CallerJoined,
    CallerLeft,
    CallEvent,
    CaughtUp,
    Channel,
    ChannelCreated,
    ChannelGone,
    ChannelListed,
    Connected,
    HangupAsked,
    HoldChanged,
    Leg,
    Listened,
    PassedOn,
    PhoneAnswered,
    PhoneRung,
    PickedUp,
    Settled,
    WaiterListed,
)
from ami_bridge.listening import Listener
from ami_bridge.threads import Line
from intake.facts import Arrived, Ended, Fact, Rang, Taken

EXAMPLES = 20_000 if os.environ.get("INTAKE112_PROVE") else 300
NOW = datetime(2026, 3, 14, 2, 0, tzinfo=UTC)
LINE = Line("pbx-1", frozenset({"line-112"}), frozenset(), frozenset({"112"}))
CALLERS = [
    Channel(f"c.{n}", f"c.{n}", f"PJSIP/trunk-{n:08x}", "4", "line-112", "112", "+6281200000001", None) for n in (1, 2)
]
PHONES = [Channel(f"p.{n}", "c.1", f"PJSIP/op{n}-{n:08x}", "5", "desks", "s", None, None) for n in (1, 2, 3)]
AGENCY = Channel("a.1", "c.1", "PJSIP/trunk-0000000a", "0", "line-112", "s", None, None)
HALVES = [
    Channel(f"l.{n}", "c.1", f"Local/op1@from-queue-0001;{n}", "0", "from-queue", "op1", None, None) for n in (1, 2)
]
LEGS = [Leg(one.uniqueid, one.name, one.context) for one in (*CALLERS, *PHONES, AGENCY, *HALVES)]
EVERYBODY = [*CALLERS, *PHONES, AGENCY, *HALVES]

times = st.integers(0, 60_000).map(lambda ms: NOW + timedelta(milliseconds=ms))
callers, phones, anybody = (
    st.sampled_from(CALLERS),
    st.sampled_from([*PHONES, AGENCY, *HALVES]),
    st.sampled_from(EVERYBODY),
)
uids = anybody.map(lambda channel: channel.uniqueid)
bridges = st.sampled_from(["b-1", "b-2", "b-3"])
ON_THE_LINE: list[st.SearchStrategy[CallEvent]] = [
    st.builds(ChannelCreated, times, anybody),
    st.builds(CallerJoined, times, callers, st.just("112")),
    st.builds(CallerLeft, times, uids),
    st.builds(PhoneRung, times, uids, phones, st.sampled_from(["", "op1"])),
    st.builds(PhoneAnswered, times, uids, phones),
    st.builds(PickedUp, times, phones, uids),
    st.builds(BridgeEntered, times, st.sampled_from(LEGS), bridges, st.booleans()),
    st.builds(BridgeLeft, times, uids),
    st.builds(HoldChanged, times, uids, st.booleans()),
    st.builds(PassedOn, times, phones, uids, st.just("+62328600113"), st.booleans()),
    st.builds(HangupAsked, times, uids, st.booleans(), st.sampled_from([None, 4, 16, 41])),
    st.builds(ChannelGone, times, phones.map(lambda channel: channel.uniqueid), st.just("16")),
]
OF_SESSIONS: list[st.SearchStrategy[CallEvent]] = [
    st.builds(Connected, st.just("s"), st.none() | times),
    st.builds(Booted, st.integers(0, 100)),
    st.builds(CaughtUp, st.booleans(), st.booleans(), st.just({"Cel": "1:2"}), st.none() | st.just(0.5)),
    st.builds(Listened, st.just({"Cel": "1:3"}), st.none() | st.just(0.25)),
    st.builds(ChannelListed, anybody, st.sampled_from(["Queue", "AppQueue", "AppDial", ""]), bridges | st.just("")),
    st.builds(WaiterListed, callers.map(lambda channel: channel.uniqueid), st.just("112"), st.integers(0, 9)),
    st.just(Settled()),
]
LINE_EVENTS = st.lists(st.one_of(ON_THE_LINE), max_size=40)
# (event, read from a log)
EVENTS = st.lists(
    st.tuples(st.one_of(ON_THE_LINE), st.booleans()) | st.tuples(st.one_of(OF_SESSIONS), st.just(False)), max_size=50
)
END: list[CallEvent] = [ChannelGone(NOW + timedelta(minutes=1), one.uniqueid, "16") for one in EVERYBODY]


def told(listener: Listener, happened: list[tuple[CallEvent, bool]]) -> list[Fact]:
    """Return all facts."""
    return [fact for event, recovered in happened for fact in listener.advance(event, NOW, recovered=recovered)]


def live(happened: list[CallEvent]) -> list[tuple[CallEvent, bool]]:
    """Return events as they are heard."""
    return [(event, False) for event in happened]


@given(EVENTS)
@settings(max_examples=EXAMPLES, deadline=None)
def test_one_arrival_then_everything_else_then_one_end(happened: list[tuple[CallEvent, bool]]) -> None:
    """Sessions that end anywhere, logs that repeat anything: nothing is told before a ring, nothing after an end."""
    listener = Listener(LINE)
    at_last: list[CallEvent] = [CaughtUp(logs=True, gap_closed=True, marks={}, clock_offset_s=None), *END]
    facts = told(listener, [*happened, *live(at_last)])
    assert listener.calls == {}
    for key in {fact.key for fact in facts}:
        own = [fact for fact in facts if fact.key == key]
        assert [fact for fact in own if isinstance(fact, Arrived)] == own[:1]
        assert [fact for fact in own if isinstance(fact, Ended)] == own[-1:]


@given(LINE_EVENTS)
@settings(max_examples=EXAMPLES, deadline=None)
def test_only_a_phone_that_was_joined_with_the_caller_takes_a_call(happened: list[CallEvent]) -> None:
    facts = told(Listener(LINE), live(happened))
    joined = {e.channel.uniqueid for e in happened if isinstance(e, BridgeEntered) and not e.holding}
    joined |= {e.phone.uniqueid for e in happened if isinstance(e, PhoneAnswered)}
    halves = {half.uniqueid for half in HALVES}
    assert {fact.leg for fact in facts if isinstance(fact, Taken)} <= joined - halves
    rung = {e.phone.uniqueid for e in happened if isinstance(e, PhoneRung)}
    assert {fact.leg for fact in facts if isinstance(fact, Rang)} <= rung - halves


@given(LINE_EVENTS)
@settings(max_examples=EXAMPLES, deadline=None)
def test_every_event_twice_is_every_fact_once(happened: list[CallEvent]) -> None:
    once = told(Listener(LINE), live(happened))
    assert told(Listener(LINE), live([event for event in happened for _ in range(2)])) == once


@given(EVENTS, st.integers(0, 50))
@settings(max_examples=EXAMPLES, deadline=None)
def test_a_kill_anywhere_changes_nothing(happened: list[tuple[CallEvent, bool]], cut: int) -> None:
    """A start goes on from the last moment at which all was saved; what was told from there on is told again."""
    never_killed = Listener(LINE)
    whole = told(never_killed, happened)
    first, saved, safe = Listener(LINE), memory.write(Listener(LINE), {}), 0
    before: list[Fact] = []
    kept: list[Fact] = []
    for number, event in enumerate(happened[:cut], 1):
        before += told(first, [event])
        if first.settled:
            saved, safe, kept = memory.write(first, {}), number, list(before)
    second, _ = memory.read(saved, LINE)
    assert kept + told(second, happened[safe:]) == whole
    assert not second.settled or memory.write(second, {}) == memory.write(never_killed, {})
