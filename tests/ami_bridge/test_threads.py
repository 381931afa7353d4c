"""Snapshots after a connect: what ended, arrived or was answered while nobody listened; and the ring rule."""

from datetime import UTC, datetime, timedelta

import pytest

from ami_bridge import events
from ami_bridge.calls import Call
from ami_bridge.events import (
    CallerJoined,
    CallEvent,
    Channel,
    ChannelCreated,
    ChannelGone,
    ChannelListed,
    ChannelsComplete,
    Connected,
    HangupAsked,
    MemberSeen,
    PhoneAnswered,
    PhoneRung,
    WaiterListed,
)
from ami_bridge.threads import NOT_SEEN, Line, Threads
from intake.facts import Arrived, CallKey, Ended, Fact, LegEnded, Queued, Rang, Taken

NOW = datetime(2026, 3, 14, 2, 0, tzinfo=UTC)
LINE = Line("pbx-1", frozenset({"line-112"}), frozenset(), frozenset({"112"}))
KEY = CallKey("pbx-1", "c.1")


def channel(uniqueid: str = "c.1", name: str = "PJSIP/trunk-1", state: str = "4", **more: str) -> Channel:
    """Return a caller's channel, changed by the keywords."""
    return Channel(
        uniqueid=uniqueid,
        linkedid=more.get("linkedid", uniqueid),
        name=name,
        state=state,
        context=more.get("context", "line-112"),
        exten=more.get("exten", "112"),
        number="+6281200000001",
        caller_name=None,
    )


PHONE = channel("p.1", "PJSIP/op1-2", "5", context="desks", linkedid="c.1")
RINGS = ChannelCreated(NOW, channel())
JOINS = CallerJoined(NOW, channel(state="6"), "112")
RUNG = PhoneRung(NOW, "c.1", PHONE, "op1")
ANSWERED = PhoneAnswered(NOW, "c.1", PHONE)


def tell(threads: Threads, *told: CallEvent) -> list[Fact]:
    """Return the facts of several events."""
    return [fact for event in told for fact in threads.advance(event, NOW)]


@pytest.mark.parametrize(
    ("one", "is_ring"),
    [
        (channel(), True),
        (channel(exten="s"), True),
        (channel(exten="+62112"), True),
        (channel(state="0"), False),
        (channel(context="desks"), False),
        (channel(name="Local/112@line-112-1;2"), False),
    ],
    ids=["comes in", "dialled s", "dialled +62112", "our own leg starts down", "another context", "a local half"],
)
def test_what_a_ring_is(one: Channel, is_ring: bool) -> None:
    assert LINE.is_ring(one) is is_ring


def test_a_waiting_caller_who_is_gone_from_the_list_ended_unseen() -> None:
    threads = Threads(LINE)
    tell(threads, RINGS, JOINS)
    assert tell(threads, Connected(), ChannelsComplete()) == [Ended(KEY, None, None, NOT_SEEN, recovered=True)]
    assert threads.calls == {}


def test_a_talking_caller_who_is_gone_from_the_list_was_answered() -> None:
    threads = Threads(LINE)
    tell(threads, RINGS, JOINS, RUNG, ANSWERED)
    (ended,) = tell(threads, Connected(), ChannelsComplete())
    assert isinstance(ended, Ended)
    assert (ended.outcome, ended.at) == ("answered", None)


def test_a_caller_who_is_still_listed_goes_on() -> None:
    threads = Threads(LINE)
    tell(threads, RINGS, JOINS)
    listed = ChannelListed(channel(state="6"), "Queue", "")
    assert tell(threads, Connected(), WaiterListed("c.1", "112", 7), listed, ChannelsComplete()) == []
    assert list(threads.calls) == ["c.1"]


def test_a_caller_whose_end_is_told_in_the_new_session_ends_by_that_word_alone() -> None:
    threads = Threads(LINE)
    tell(threads, RINGS, JOINS)
    gone = (HangupAsked(NOW, "c.1", by_far_end=True, cause=None), ChannelGone(NOW, "c.1", "0 Unknown"))
    facts = tell(threads, Connected(), *gone, ChannelsComplete())
    assert [fact.outcome for fact in facts if isinstance(fact, Ended)] == ["abandoned"]


def test_a_new_caller_in_the_list_arrived_meanwhile_and_waits_since_then() -> None:
    listed = ChannelListed(channel(state="6"), "Queue", "")
    facts = tell(Threads(LINE), Connected(), WaiterListed("c.1", "112", 7), listed, ChannelsComplete())
    arrived, queued = facts
    assert isinstance(arrived, Arrived)
    assert arrived.recovered
    assert queued == Queued(KEY, NOW - timedelta(seconds=7), "112", "queue:1")


def test_a_caller_who_was_answered_meanwhile_is_found_talking_at_an_unknown_time() -> None:
    threads = Threads(LINE)
    tell(threads, RINGS, JOINS)
    phone = channel("p.9", "PJSIP/op2-9", "6", context="desks", linkedid="c.1")
    facts = tell(
        threads,
        Connected(),
        MemberSeen("Siti", "PJSIP/op2"),
        ChannelListed(channel(state="6"), "Queue", "b-1"),
        ChannelListed(phone, "AppQueue", "b-1"),
        ChannelsComplete(),
    )
    assert [fact for fact in facts if isinstance(fact, Taken)] == [Taken(KEY, None, "p.9", "PJSIP/op2", "Siti")]
    ended = tell(threads, ChannelGone(NOW, "c.1", "16 Normal Clearing"))[-1]
    assert isinstance(ended, Ended)
    assert ended.outcome == "answered"


def test_our_own_legs_in_the_list_are_no_callers() -> None:
    out = channel("o.1", "PJSIP/trunk-7", "6", exten="s", linkedid="x.1")
    ours = ChannelListed(out, "AppDial", "b-1")
    assert tell(Threads(LINE), Connected(), ours, ChannelsComplete()) == []


def test_a_phone_that_was_not_rung_takes_the_call_under_its_own_name() -> None:
    picked = channel("p.7", "PJSIP/op7-7", "6", context="desks", linkedid="c.1")
    facts = tell(Threads(LINE), MemberSeen("Rina", "PJSIP/op7"), RINGS, JOINS, RUNG, PhoneAnswered(NOW, "c.1", picked))
    assert facts[-1] == Taken(KEY, NOW, "p.7", "PJSIP/op7", "Rina")


def test_every_event_twice_is_every_fact_once() -> None:
    threads = Threads(LINE)
    once = (RINGS, JOINS, RUNG, ANSWERED)
    facts = tell(threads, *(event for event in once for _ in range(2)))
    assert [type(fact) for fact in facts] == [Arrived, Queued, Rang, LegEnded, Taken]


def test_a_caller_put_back_into_the_queue_waits_a_second_time() -> None:
    facts = tell(Threads(LINE), RINGS, JOINS, RUNG, ANSWERED, ChannelGone(NOW, "p.1", "44"), JOINS)
    assert facts[-1] == Queued(KEY, NOW, "112", "queue:2")


def test_the_network_that_loses_a_caller_is_a_failure_not_a_caller_who_gave_up() -> None:
    lost = (HangupAsked(NOW, "c.1", by_far_end=True, cause=41), ChannelGone(NOW, "c.1", "41 Temporary failure"))
    ended = tell(Threads(LINE), RINGS, JOINS, *lost)[-1]
    assert isinstance(ended, Ended)
    assert ended.outcome == "failed"


def test_a_call_goes_on_from_its_saved_state() -> None:
    threads = Threads(LINE)
    tell(threads, RINGS, JOINS, RUNG)
    saved = threads.calls["c.1"].to_json()
    later = Threads(LINE)
    later.restore(Call.from_json(KEY, saved))
    assert later.calls == threads.calls
    facts = tell(later, ANSWERED, ChannelGone(NOW, "p.1", "16"), ChannelGone(NOW, "c.1", "16"))
    assert [type(fact) for fact in facts] == [LegEnded, Taken, LegEnded, Ended]


def test_every_kept_event_that_decides_can_be_read() -> None:
    """The line drops by name: an event that `events.read` understands but the line drops would never be heard."""
    for name in ("Newchannel", "QueueCallerJoin", "QueueCallerLeave", "AgentCalled", "AgentConnect", "HangupRequest"):
        assert name.encode() in events.KEPT
