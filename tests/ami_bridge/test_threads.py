"""Which channel is a ring, and whose call it is that a phone took."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from ami_bridge import reading
from ami_bridge.events import (
    SHUTDOWN,
    BridgeEntered,
    BridgeLeft,
    CallerJoined,
    CallerLeft,
    CallEvent,
    Channel,
    ChannelCreated,
    ChannelGone,
    HangupAsked,
    HoldChanged,
    Leg,
    MemberSeen,
    PassedOn,
    PhoneAnswered,
    PhoneRung,
    PickedUp,
)
from ami_bridge.threads import LOG_LAG, MOST_REMEMBERED, REMEMBERED, Line, Threads
from intake.facts import (
    Arrived,
    CallKey,
    Ended,
    Fact,
    Held,
    JoinedWith,
    LegEnded,
    Queued,
    Rang,
    Resumed,
    Taken,
    Transferred,
)

NOW = datetime(2026, 3, 14, 2, 0, tzinfo=UTC)
LINE = Line("pbx-1", frozenset({"line-112"}), frozenset(), frozenset({"112"}))
KEY = CallKey("pbx-1", "c.1")


def channel(uniqueid: str = "c.1", name: str = "PJSIP/trunk-00000001", state: str = "4", **more: str) -> Channel:
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


def leg(uniqueid: str, name: str, context: str = "desks") -> Leg:
    """Return a phone's channel."""
    return Leg(uniqueid, name, context)


CALLER = leg("c.1", "PJSIP/trunk-00000001", "line-112")


def later(seconds: float) -> datetime:
    """Return a time after the ring."""
    return NOW + timedelta(seconds=seconds)


PHONE = leg("p.1", "PJSIP/op1-00000002")
OTHER = leg("p.2", "PJSIP/op2-00000003")
RINGS = ChannelCreated(NOW, channel())
JOINS = CallerJoined(NOW, channel(state="6"), "112")
RUNG = PhoneRung(NOW, "c.1", PHONE, "op1")
ANSWERED = PhoneAnswered(NOW, "c.1", PHONE)
TALK = (BridgeEntered(NOW, PHONE, "b.1", False), BridgeEntered(NOW, CALLER, "b.1", False))


def tell(threads: Threads, *told: CallEvent, recovered: bool = False) -> list[Fact]:
    """Return the facts of several events."""
    return [fact for event in told for fact in threads.advance(event, NOW, recovered=recovered)]


def taken(facts: list[Fact]) -> list[tuple[str, str | None, str]]:
    """Return who took the call: device, member, kind."""
    return [(fact.device, fact.member, fact.kind) for fact in facts if isinstance(fact, Taken)]


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


@pytest.mark.parametrize("by", [ANSWERED, TALK[1]], ids=["the queue says so", "they hear each other"])
def test_one_word_is_enough_that_a_phone_took_the_call_and_both_are_one(by: CallEvent) -> None:
    threads = Threads(LINE)
    tell(threads, RINGS, JOINS, RUNG, TALK[0])
    assert taken(tell(threads, by, ANSWERED, *TALK)) == [("PJSIP/op1", "op1", "operator")]


def test_a_phone_alone_in_a_bridge_has_taken_nothing() -> None:
    assert taken(tell(Threads(LINE), RINGS, JOINS, RUNG, TALK[0])) == []


def test_music_on_hold_in_a_holding_bridge_is_no_talk() -> None:
    parked = (BridgeEntered(NOW, PHONE, "b.9", True), BridgeEntered(NOW, CALLER, "b.9", True))
    assert taken(tell(Threads(LINE), RINGS, *parked)) == []


def test_who_left_the_bridge_before_does_not_hear_the_caller() -> None:
    facts = tell(Threads(LINE), RINGS, TALK[0], BridgeLeft(NOW, "p.1"), TALK[1])
    assert taken(facts) == []


def test_a_phone_that_was_not_rung_takes_the_call_under_its_own_name() -> None:
    picked = leg("p.7", "PJSIP/op7-00000007")
    facts = tell(
        Threads(LINE), MemberSeen("Rina", "PJSIP/op7"), RINGS, JOINS, RUNG, PickedUp(NOW, picked, "p.1"),
        PhoneAnswered(NOW, "c.1", picked),
    )  # fmt: skip
    assert facts[-1] == Taken(KEY, NOW, "p.7", "PJSIP/op7", "Rina")


def test_a_log_that_knows_only_the_member_or_only_the_phone_is_completed_by_the_queues_list() -> None:
    """CEL names no member of a phone that rang in vain, queue_log no device."""
    nameless = PhoneRung(NOW, "c.1", leg("p.1", "PJSIP/op1-00000002"), "")
    unseen = PhoneRung(NOW, "c.1", leg("p.2", ""), "Rina")
    facts = tell(
        Threads(LINE), MemberSeen("Siti", "PJSIP/op1"), MemberSeen("Rina", "PJSIP/op2"), RINGS, nameless, unseen
    )
    assert [(fact.device, fact.member) for fact in facts if isinstance(fact, Rang)] == [
        ("PJSIP/op1", "Siti"),
        ("PJSIP/op2", "Rina"),
    ]


def test_a_member_behind_a_local_channel_is_rung_and_answers_as_the_phone_it_is() -> None:
    """FreePBX: the queue rings Local/…;1, whose ;2 dials the phone; the phone and the caller are in two bridges."""
    halves = [channel(f"l.{n}", f"Local/op1@from-queue-00000001;{n}", "0", context="from-queue") for n in (1, 2)]
    one, two = (leg(half.uniqueid, half.name, half.context) for half in halves)
    threads = Threads(LINE)
    facts = tell(
        threads,
        RINGS,
        JOINS,
        *(ChannelCreated(NOW, half) for half in halves),
        PhoneRung(NOW, "c.1", one, "Siti"),
        PhoneRung(NOW, "l.2", PHONE, ""),
        BridgeEntered(NOW, PHONE, "b.2", False),
        BridgeEntered(NOW, two, "b.2", False),
        PhoneAnswered(NOW, "c.1", one),
    )
    assert [fact for fact in facts if isinstance(fact, Rang)] == [Rang(KEY, NOW, "p.1", "PJSIP/op1", "Siti")]
    assert taken(facts) == [], "the caller still hears music"
    joined = (BridgeEntered(NOW, one, "b.1", False), BridgeEntered(NOW, CALLER, "b.1", False))
    assert taken(tell(threads, *joined)) == [("PJSIP/op1", "Siti", "operator")]


def test_a_leg_over_the_trunk_is_an_agency_and_no_ring() -> None:
    """It carries the line's context, and starts down (seen)."""
    agency = channel("a.1", "PJSIP/trunk-00000009", "0", exten="s", linkedid="c.1")
    threads = Threads(LINE)
    facts = tell(threads, RINGS, JOINS, RUNG, ANSWERED, *TALK, PassedOn(NOW, PHONE, "c.1", "+62328600113", False))
    over_the_trunk = leg(agency.uniqueid, agency.name, agency.context)
    facts += tell(threads, ChannelCreated(NOW, agency), PhoneRung(NOW, "c.1", over_the_trunk, ""))
    facts += tell(threads, BridgeEntered(NOW, CALLER, "b.2", False), BridgeEntered(NOW, over_the_trunk, "b.2", False))
    assert taken(facts) == [("PJSIP/op1", "op1", "operator"), ("PJSIP/trunk", None, "agency")]
    assert sum(isinstance(fact, Arrived) for fact in facts) == 1


@pytest.mark.parametrize("named", [None, "PJSIP/op2"], ids=["by its keys", "by a second call of its own"])
def test_a_phone_that_asked_by_its_keys_handed_over_to_the_number_it_dialled(named: str | None) -> None:
    """Between its two halves' leaving and the agency's coming in, Asterisk names nobody (seen)."""
    wire = channel("l.1", "Local/0328600113@transfer-00000000;1", "0", context="transfer", exten="0328600113")
    threads = Threads(LINE)
    tell(threads, RINGS, JOINS, RUNG, ANSWERED, *TALK, ChannelCreated(NOW, replace(wire, linkedid="c.1")))
    (fact,) = tell(threads, ChannelGone(NOW, "l.1", "16"), PassedOn(NOW, PHONE, "c.1", named, True))
    assert isinstance(fact, Transferred)
    assert fact.to == (named or "0328600113")


def test_callers_who_are_joined_are_told_so_and_end_each_by_themselves() -> None:
    second, other = channel("c.2", "PJSIP/trunk-00000002"), leg("c.2", "PJSIP/trunk-00000002", "line-112")
    threads = Threads(LINE)
    facts = tell(threads, RINGS, ChannelCreated(NOW, second))
    facts += tell(threads, BridgeEntered(NOW, CALLER, "b.1", False), BridgeEntered(NOW, other, "b.1", False))
    assert [(fact.key.uniqueid, fact.other.uniqueid) for fact in facts if isinstance(fact, JoinedWith)] == [
        ("c.1", "c.2"),
        ("c.2", "c.1"),
    ]
    assert taken(facts) == [], "neither of them is a human of the centre"
    tell(threads, ChannelGone(NOW, "c.1", "16"))
    assert list(threads.calls) == ["c.2"]


def test_hold_and_resume_once_each() -> None:
    threads = Threads(LINE)
    tell(threads, RINGS, JOINS, RUNG, ANSWERED)
    told = (HoldChanged(NOW, "p.1", True), HoldChanged(NOW, "p.1", True), HoldChanged(NOW, "p.1", False))
    assert tell(threads, *told) == [Held(KEY, NOW, "PJSIP/op1"), Resumed(KEY, NOW)]


def test_the_caller_puts_the_centre_on_hold() -> None:
    threads = Threads(LINE)
    tell(threads, RINGS, JOINS, RUNG, ANSWERED)
    assert tell(threads, HoldChanged(NOW, "c.1", True)) == [Held(KEY, NOW, None)]


def test_a_caller_put_back_into_the_queue_waits_a_second_time() -> None:
    again = CallerJoined(later(9), channel(state="6"), "112")
    facts = tell(Threads(LINE), RINGS, JOINS, RUNG, ANSWERED, ChannelGone(NOW, "p.1", "44"), again, again)
    assert facts[-1] == Queued(KEY, later(9), "112", "queue:2")


def test_a_log_that_repeats_a_short_wait_makes_no_second_one() -> None:
    """The caller joined and gave up within milliseconds: what was heard and what CEL says are hard to tell apart."""
    threads = Threads(LINE)
    tell(threads, RINGS, CallerJoined(later(1.0004), channel(), "112"), CallerLeft(later(1.004), "c.1"))
    assert tell(threads, CallerJoined(later(1), channel(), "112"), recovered=True) == []


def test_the_network_that_loses_a_caller_is_a_failure_not_a_caller_who_gave_up() -> None:
    lost = (HangupAsked(NOW, "c.1", by_far_end=True, cause=41), ChannelGone(NOW, "c.1", "41 Temporary failure"))
    ended = tell(Threads(LINE), RINGS, JOINS, *lost)[-1]
    assert isinstance(ended, Ended)
    assert ended.outcome == "failed"


def test_a_stopping_pbx_is_named_as_the_cause() -> None:
    stopped = (HangupAsked(NOW, "c.1", by_far_end=False, cause=SHUTDOWN), ChannelGone(NOW, "c.1", "16 Normal"))
    assert tell(Threads(LINE), RINGS, JOINS, *stopped)[-1] == Ended(KEY, NOW, "failed", "pbx restarted")


def test_the_hang_up_of_a_helper_channel_is_no_leg() -> None:
    half = leg("l.1", "Local/op1@from-queue-00000001;1", "from-queue")
    facts = tell(Threads(LINE), RINGS, JOINS, PhoneRung(NOW, "c.1", half, "op1"), ChannelGone(NOW, "l.1", "16"))
    assert [type(fact) for fact in facts] == [Arrived, Queued]


def test_a_late_ring_came_when_its_channel_did() -> None:
    """An IVR stood before the queue: no ring by the rules, a report all the same, from the first moment on."""
    elsewhere = channel(context="ivr")
    threads = Threads(LINE)
    tell(threads, ChannelCreated(NOW, elsewhere))
    arrived, queued = threads.advance(CallerJoined(later(9), elsewhere, "112"), later(9))
    assert isinstance(arrived, Arrived)
    assert (arrived.at, arrived.late, arrived.recovered) == (NOW, True, False)
    assert isinstance(queued, Queued)


def test_another_queue_is_no_business_of_this_line() -> None:
    assert tell(Threads(LINE), CallerJoined(NOW, channel(context="ivr"), "sales")) == []


def test_what_is_told_of_a_call_after_its_end_opens_nothing() -> None:
    threads = Threads(LINE)
    tell(threads, RINGS, JOINS, ChannelGone(NOW, "c.1", "16"))
    assert tell(threads, RINGS, JOINS, RUNG, ANSWERED, *TALK, ChannelGone(NOW, "c.1", "16")) == []


def test_an_end_is_remembered_for_a_while_and_then_let_go() -> None:
    threads = Threads(LINE)
    for n in range(100):
        at = NOW + n * REMEMBERED / 10
        threads.advance(ChannelCreated(at, channel(f"c.{n}")), at)
        threads.advance(ChannelGone(at, f"c.{n}", "16"), at)
    assert list(threads.ended) == [f"c.{n}" for n in range(89, 100)]
    assert threads.board.seats == {}


def test_no_more_ends_are_remembered_than_a_storm_needs() -> None:
    threads = Threads(LINE)
    for n in range(MOST_REMEMBERED + 100):
        tell(threads, ChannelCreated(NOW, channel(f"c.{n}")), ChannelGone(NOW, f"c.{n}", "16"))
    assert len(threads.ended) == MOST_REMEMBERED
    assert f"c.{MOST_REMEMBERED + 99}" in threads.ended


def test_a_log_tells_only_what_is_newer_than_what_was_heard() -> None:
    threads = Threads(LINE)
    tell(threads, RINGS, CallerJoined(later(1), channel(), "112"), PhoneRung(later(2), "c.1", PHONE, "op1"))
    threads.advance(ChannelGone(later(3), "p.1", "16"), NOW)
    old, new = PhoneRung(later(2), "c.1", PHONE, ""), PhoneRung(later(3) + 2 * LOG_LAG, "c.1", OTHER, "")
    assert tell(threads, old, recovered=True) == []
    assert [type(fact) for fact in tell(threads, new, recovered=True)] == [Rang]


def test_a_whole_second_of_a_log_may_mean_any_moment_in_it() -> None:
    """queue_log cuts times down: 02:00:03 may be later than the 02:00:03.9 at which the bridge fell deaf."""
    threads = Threads(LINE)
    tell(threads, RINGS, CallerJoined(later(3.9), channel(), "112"))
    answered = PhoneAnswered(later(3), "c.1", PHONE)
    assert taken(tell(threads, answered, recovered=True)) == [("PJSIP/op1", None, "operator")]


def test_a_phone_that_falls_silent_is_a_leg_that_ended() -> None:
    threads = Threads(LINE)
    tell(threads, RINGS, JOINS, RUNG)
    assert tell(threads, ChannelGone(NOW, "p.1", "26 Answered elsewhere")) == [
        LegEnded(KEY, NOW, "p.1", "26 Answered elsewhere")
    ]


def test_every_event_that_decides_is_kept_by_the_line() -> None:
    """The line drops by name: an event that `reading.read` understands but the line drops would never be heard."""
    for name in ("Newchannel", "QueueCallerJoin", "AgentCalled", "BridgeEnter", "Pickup", "BlindTransfer", "Hold"):
        assert name.encode() in reading.KEPT
