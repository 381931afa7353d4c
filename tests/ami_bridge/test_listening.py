"""Sessions: what ended, arrived or was answered while nobody listened; what waits until the logs were told."""

from datetime import UTC, datetime, timedelta

import pytest

from ami_bridge import memory
from ami_bridge.calls import Call
from ami_bridge.events import (
    DIALPLAN_OVER,
    Booted,
    BridgeEntered,
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
    Leg,
    Listened,
    MemberSeen,
    PhoneAnswered,
    PhoneRung,
    Settled,
    WaiterListed,
)
from ami_bridge.listening import NOT_SEEN, Listener
from ami_bridge.threads import Line
from intake.facts import Arrived, CallKey, Ended, Fact, Queued, Taken

NOW = datetime(2026, 3, 14, 2, 0, tzinfo=UTC)
LINE = Line("pbx-1", frozenset({"line-112"}), frozenset(), frozenset({"112"}))
UID = f"pbx-1-{int(NOW.timestamp())}.7"
KEY = CallKey("pbx-1", UID)


def channel(uniqueid: str = UID, name: str = "PJSIP/trunk-00000001", state: str = "4", **more: str) -> Channel:
    """Return a caller's channel, changed by the keywords."""
    where = (more.get("context", "line-112"), more.get("exten", "112"))
    return Channel(uniqueid, more.get("linkedid", uniqueid), name, state, *where, "+6281200000001", None)


def later(seconds: float) -> datetime:
    """Return a time after the ring."""
    return NOW + timedelta(seconds=seconds)


PHONE = Leg("p.1", "PJSIP/op1-00000002", "desks")
CALLER = Leg(UID, "PJSIP/trunk-00000001", "line-112")
RINGS = ChannelCreated(NOW, channel())
JOINS = CallerJoined(later(1), channel(state="6"), "112")
RUNG = PhoneRung(later(2), UID, PHONE, "op1")
ANSWERED = PhoneAnswered(later(3), UID, PHONE)
BEGIN = Connected("s1", None)
NO_LOGS = CaughtUp(logs=False, gap_closed=True, marks={}, clock_offset_s=None)
LOGS = CaughtUp(logs=True, gap_closed=True, marks={"Cel": "7:100"}, clock_offset_s=None)
UNREAD = CaughtUp(logs=False, gap_closed=False, marks={}, clock_offset_s=None)
LISTED = ChannelListed(channel(state="6"), "Queue", "")


def tell(listener: Listener, *told: CallEvent, recovered: bool = False, now: datetime = NOW) -> list[Fact]:
    """Return the facts of several events."""
    return [fact for event in told for fact in listener.advance(event, now, recovered=recovered)]


def test_a_waiting_caller_who_is_gone_from_the_list_ended_unseen() -> None:
    listener = Listener(LINE)
    tell(listener, RINGS, JOINS)
    facts = tell(listener, BEGIN, NO_LOGS, Settled())
    assert facts == [Ended(KEY, None, None, NOT_SEEN, recovered=True)]
    assert listener.calls == {}


def test_a_talking_caller_who_is_gone_from_the_list_was_answered() -> None:
    listener = Listener(LINE)
    tell(listener, RINGS, JOINS, RUNG, ANSWERED)
    (ended,) = tell(listener, BEGIN, NO_LOGS, Settled())
    assert isinstance(ended, Ended)
    assert (ended.outcome, ended.at) == ("answered", None)


def test_a_caller_who_is_still_listed_goes_on() -> None:
    listener = Listener(LINE)
    tell(listener, RINGS, JOINS)
    assert tell(listener, BEGIN, NO_LOGS, WaiterListed(UID, "112", 7), LISTED, Settled()) == []
    assert list(listener.calls) == [UID]
    assert listener.settled


def test_a_caller_whose_end_is_told_in_the_new_session_ends_by_that_word_alone() -> None:
    listener = Listener(LINE)
    tell(listener, RINGS, JOINS)
    gone = (HangupAsked(NOW, UID, by_far_end=True, cause=None), ChannelGone(later(5), UID, "0 Unknown"))
    facts = tell(listener, BEGIN, NO_LOGS, *gone, Settled())
    assert [fact.outcome for fact in facts if isinstance(fact, Ended)] == ["abandoned"]


def test_a_new_caller_in_the_list_arrived_in_the_second_that_the_uniqueid_names() -> None:
    now = later(9)
    listed = (WaiterListed(UID, "112", 7), LISTED, Settled())
    arrived, queued = tell(Listener(LINE), BEGIN, NO_LOGS, *listed, now=now)
    assert isinstance(arrived, Arrived)
    assert (arrived.at, arrived.recovered) == (NOW, True)
    assert queued == Queued(KEY, now - timedelta(seconds=7), "112", "queue:1")


def test_the_lists_whole_seconds_count_on_the_clock_of_the_pbx() -> None:
    ahead = CaughtUp(logs=False, gap_closed=True, marks={}, clock_offset_s=2.5)
    facts = tell(Listener(LINE), BEGIN, ahead, WaiterListed(UID, "112", 7), LISTED, Settled(), now=later(9))
    assert [fact.at for fact in facts if isinstance(fact, Queued)] == [later(9 - 7 + 2.5)]


def test_a_caller_who_was_answered_meanwhile_is_found_talking_at_an_unknown_time() -> None:
    listener = Listener(LINE)
    tell(listener, RINGS, JOINS)
    phone = channel("p.9", "PJSIP/op2-00000009", "6", context="desks", linkedid=UID)
    facts = tell(
        listener,
        BEGIN,
        NO_LOGS,
        MemberSeen("Siti", "PJSIP/op2"),
        ChannelListed(channel(state="6"), "Queue", "b-1"),
        ChannelListed(phone, "AppQueue", "b-1"),
        Settled(),
    )
    assert [fact for fact in facts if isinstance(fact, Taken)] == [Taken(KEY, None, "p.9", "PJSIP/op2", "Siti")]
    ended = tell(listener, ChannelGone(later(60), UID, "16 Normal Clearing"))[-1]
    assert isinstance(ended, Ended)
    assert ended.outcome == "answered"


def test_our_own_legs_in_the_list_are_no_callers() -> None:
    ours = ChannelListed(channel("o.1", "PJSIP/trunk-00000007", "6", exten="s", linkedid="x.1"), "AppDial", "b-1")
    assert tell(Listener(LINE), BEGIN, NO_LOGS, ours, Settled()) == []


@pytest.mark.parametrize("forgets", [False, True])
def test_whom_we_called_is_no_caller_whatever_the_dialplan_does_with_it_now(forgets: bool) -> None:
    """The list shows the application of the moment: AppDial2 only until the call is answered."""
    listener = Listener(LINE)
    tell(listener, ChannelCreated(NOW, channel("o.1", state="0", exten="s")))
    if forgets:
        listener, _ = memory.read(memory.write(listener, {}), LINE)
    listed = ChannelListed(channel("o.1", state="6", exten="s"), "Wait", "")
    assert tell(listener, BEGIN, NO_LOGS, listed, Settled()) == []
    waits = (WaiterListed("o.1", "112", 7), ChannelListed(channel("o.1", state="6"), "Queue", ""), Settled())
    (arrived, queued) = tell(listener, BEGIN, NO_LOGS, *waits)
    assert (type(arrived), type(queued)) == (Arrived, Queued), "who waits in the queue is a caller"


def test_joined_callers_in_the_list_are_two_although_one_has_the_others_linkedid() -> None:
    second = ChannelListed(channel(f"{UID}1", "PJSIP/trunk-00000002", "6", linkedid=UID), "Queue", "b-1")
    first = ChannelListed(channel(state="6"), "Queue", "b-1")
    facts = tell(Listener(LINE), BEGIN, NO_LOGS, first, second, Settled())
    assert [fact.key.uniqueid for fact in facts if isinstance(fact, Arrived)] == [UID, f"{UID}1"]


def test_a_channel_that_ends_between_the_list_and_its_end_is_not_taken_for_a_caller() -> None:
    facts = tell(Listener(LINE), BEGIN, NO_LOGS, LISTED, ChannelGone(later(1), UID, "16"), Settled())
    assert facts == []


# -- the order of what the logs tell and what is heard meanwhile ------------------------------------------------------


def test_the_past_of_a_call_is_told_before_what_is_heard_of_it_now() -> None:
    """Answered in the gap, hung up after it: without the order the caller would have given up."""
    listener = Listener(LINE)
    tell(listener, RINGS, JOINS)
    hangs_up = (HangupAsked(later(9), UID, by_far_end=True, cause=None), ChannelGone(later(9), UID, "16 Normal"))
    assert tell(listener, BEGIN, *hangs_up) == []
    tell(listener, RUNG, ANSWERED, recovered=True)
    (ended,) = tell(listener, LOGS)
    assert ended == Ended(KEY, later(9), "answered", "16 Normal")


def test_a_new_ring_waits_for_no_log() -> None:
    listener = Listener(LINE)
    assert [type(fact) for fact in tell(listener, BEGIN, RINGS, JOINS)] == [Arrived, Queued]
    assert not listener.settled


def test_what_the_logs_repeat_of_a_ring_heard_from_its_beginning_is_no_news() -> None:
    listener = Listener(LINE)
    heard = tell(listener, BEGIN, RINGS, JOINS)
    assert all(not fact.recovered for fact in heard if isinstance(fact, Arrived))
    assert tell(listener, RINGS, JOINS, RUNG, recovered=True) == []
    assert [type(fact).__name__ for fact in tell(listener, LOGS, RUNG)] == ["Rang"]


def test_events_held_back_by_a_session_that_broke_off_are_told_after_the_next_gap_is_closed() -> None:
    listener = Listener(LINE)
    tell(listener, RINGS, JOINS)
    tell(listener, BEGIN, ChannelGone(later(9), UID, "16 Normal"))
    assert tell(listener, Connected("s2", None)) == []
    assert isinstance(tell(listener, LOGS)[-1], Ended)


SECOND_PHONE = Leg("p.2", "PJSIP/op2-00000003", "desks")
TWO_SPELLS: list[CallEvent] = [
    *(CallerJoined(later(1.1), channel(), "112"), PhoneRung(later(2.1), UID, PHONE, "op1")),
    *(CallerLeft(later(3.1), UID), PhoneAnswered(later(3.1), UID, PHONE), ChannelGone(later(100.1), "p.1", "44")),
    *(CallerJoined(later(101.1), channel(), "112"), PhoneRung(later(102.1), UID, SECOND_PHONE, "op2")),
    *(CallerLeft(later(110.1), UID), PhoneAnswered(later(110.1), UID, SECOND_PHONE)),
]


def test_a_long_gap_that_is_told_after_minutes_repeats_no_wait() -> None:
    """The database was away for ten minutes: all of it was heard, held back, and stands in the logs as well."""
    listener = Listener(LINE)
    tell(listener, RINGS)
    assert tell(listener, BEGIN, *TWO_SPELLS) == []
    facts = tell(listener, *TWO_SPELLS, recovered=True)
    facts += tell(listener, LOGS, LISTED, Settled())
    assert [fact.leg for fact in facts if isinstance(fact, Queued)] == ["queue:1", "queue:2"]
    assert not listener.calls[UID].waiting


def test_an_open_gap_that_is_told_later_repeats_nothing_that_was_heard_meanwhile() -> None:
    listener = Listener(LINE)
    tell(listener, RINGS)
    facts = tell(listener, BEGIN, UNREAD, LISTED, Settled(), *TWO_SPELLS)
    facts += tell(listener, Connected("s2", None))
    facts += tell(listener, *TWO_SPELLS, recovered=True)
    facts += tell(listener, LOGS, LISTED, Settled())
    assert [fact.leg for fact in facts if isinstance(fact, Queued)] == ["queue:1", "queue:2"]
    assert not listener.calls[UID].waiting


def test_who_is_gone_while_a_gap_is_open_ends_when_the_logs_can_tell_how() -> None:
    listener = Listener(LINE)
    tell(listener, RINGS, JOINS)
    assert tell(listener, BEGIN, UNREAD, Settled(), now=later(20)) == []
    tell(listener, Connected("s2", None), now=later(31))
    gone = (HangupAsked(later(9), UID, by_far_end=True, cause=16), ChannelGone(later(9), UID, "16"))
    facts = tell(listener, RUNG, ANSWERED, *gone, recovered=True, now=later(31))
    facts += tell(listener, LOGS, Settled(), now=later(31))
    assert [(fact.at, fact.outcome) for fact in facts if isinstance(fact, Ended)] == [(later(9), "answered")]


def test_an_end_that_is_heard_while_a_gap_is_open_is_no_guess() -> None:
    """The caller may have been answered, and given back to the queue, where nobody listened."""
    listener = Listener(LINE)
    tell(listener, RINGS, JOINS)
    tell(listener, BEGIN, UNREAD, WaiterListed(UID, "112", 19), LISTED, Settled(), now=later(20))
    hangs_up = (HangupAsked(later(25), UID, by_far_end=True, cause=16), ChannelGone(later(25), UID, "16"))
    assert [fact.outcome for fact in tell(listener, *hangs_up) if isinstance(fact, Ended)] == [None]
    new = (ChannelCreated(later(30), channel("c.9")), HangupAsked(later(31), "c.9", by_far_end=True, cause=16))
    facts = tell(listener, *new, ChannelGone(later(31), "c.9", "16"))
    assert [fact.outcome for fact in facts if isinstance(fact, Ended)] == ["abandoned"], "it was heard from its ring on"


ECHO = HangupAsked(later(9), UID, by_far_end=False, cause=DIALPLAN_OVER)
GONE = ChannelGone(later(9), UID, "0 Unknown")


@pytest.mark.parametrize("heard", [(ECHO, GONE), (GONE,)])
@pytest.mark.parametrize("settled", [True, False])
def test_an_end_that_was_asked_for_just_before_the_session_is_no_guess(
    heard: tuple[CallEvent, ...], settled: bool
) -> None:
    """Asterisk says who asked a millisecond before it says that the channel is gone."""
    listener = Listener(LINE)
    tell(listener, RINGS, JOINS)
    tell(listener, BEGIN, Booted(100), now=later(8.9995))
    session = (LOGS, WaiterListed(UID, "112", 7), LISTED, Settled())
    facts = tell(listener, *((*session, *heard) if settled else (*heard, *session)), now=later(9))
    assert [fact.outcome for fact in facts if isinstance(fact, Ended)] == [None]


def test_what_the_logs_say_of_an_end_asked_for_just_before_the_session_counts() -> None:
    listener = Listener(LINE)
    tell(listener, RINGS, JOINS)
    tell(listener, BEGIN, Booted(100), ECHO, GONE, now=later(8.9995))
    asked = HangupAsked(later(9), UID, by_far_end=True, cause=16)
    facts = tell(listener, asked, GONE, recovered=True, now=later(9)) + tell(listener, LOGS, Settled(), now=later(9))
    assert [fact.outcome for fact in facts if isinstance(fact, Ended)] == ["abandoned"]


def test_who_asked_for_an_end_counts_though_it_waits_for_a_log_that_does_not_say_it() -> None:
    """queue_log alone: ABANDON is a hang-up, by nobody knows whom."""
    listener = Listener(LINE)
    tell(listener, RINGS, JOINS)
    asked = HangupAsked(later(9), UID, by_far_end=True, cause=16)
    tell(listener, BEGIN, Booted(100), asked, GONE, now=later(8.5))
    facts = tell(listener, GONE, recovered=True, now=later(9)) + tell(listener, LOGS, Settled(), now=later(9))
    assert [fact.outcome for fact in facts if isinstance(fact, Ended)] == ["abandoned"]


@pytest.mark.parametrize(
    ("begin_s", "asked", "outcome"),
    [
        (8.9, HangupAsked(later(9), UID, by_far_end=False, cause=32), "failed"),  # an administrator
        (8.9, HangupAsked(later(9), UID, by_far_end=True, cause=16), "abandoned"),
        (5, ECHO, "failed"),  # nobody asked: the dialplan was over
    ],
)
def test_an_end_whose_asking_was_heard_is_known(begin_s: float, asked: HangupAsked, outcome: str) -> None:
    listener = Listener(LINE)
    tell(listener, RINGS, JOINS)
    tell(listener, BEGIN, Booted(100), LOGS, WaiterListed(UID, "112", 7), LISTED, Settled(), now=later(begin_s))
    facts = tell(listener, asked, GONE, now=later(9))
    assert [fact.outcome for fact in facts if isinstance(fact, Ended)] == [outcome]


def test_who_asked_is_heard_although_the_logs_were_told_further() -> None:
    """The phones took their time: CEL was written behind the caller's asking, and holds no end yet."""
    listener = Listener(LINE)
    tell(listener, RINGS, JOINS)
    asked = HangupAsked(later(9.05), UID, by_far_end=True, cause=16)
    tell(listener, BEGIN, Booted(100), asked, now=later(9))
    tell(listener, CallerLeft(later(9.15), UID), recovered=True)
    facts = tell(listener, LOGS, LISTED, Settled(), ChannelGone(later(9.2), UID, "0"), now=later(9.2))
    assert [fact.outcome for fact in facts if isinstance(fact, Ended)] == ["abandoned"]


# -- until when we listened -------------------------------------------------------------------------------------------


def test_we_listened_until_the_last_event_but_not_across_a_gap_that_is_open() -> None:
    listener = Listener(LINE)
    tell(listener, BEGIN, LOGS, Settled(), RINGS, JOINS)
    assert listener.heard.until == later(1)
    tell(listener, Connected("s2", None), UNREAD, Settled(), RUNG)
    assert listener.heard.until == later(1), "what happened before this session is still unknown"
    assert memory.read(memory.write(listener, {}), LINE)[0].heard.gap_open
    tell(listener, Connected("s3", None), LOGS, Settled(), ANSWERED)
    assert listener.heard.until == later(3)


def test_a_first_session_has_no_gap_before_it() -> None:
    listener = Listener(LINE)
    tell(listener, BEGIN, LOGS, now=later(4))
    assert listener.heard.until == later(4)


def test_marks_say_how_far_the_logs_were_read_or_heard() -> None:
    listener = Listener(LINE)
    tell(listener, BEGIN, LOGS, Listened({"Cel": "7:900", "QueueLog": "8:1"}, 0.25))
    assert listener.heard.marks == {"Cel": "7:900", "QueueLog": "8:1"}
    assert listener.heard.clock_offset_s == 0.25


# -- the PBX was restarted --------------------------------------------------------------------------------------------


def restarted(listener: Listener, caught_up: CaughtUp, alive: datetime | None, *past: CallEvent) -> list[Fact]:
    """Let the PBX be another one than before, and return what is then said."""
    facts = tell(listener, Connected("s2", alive), Booted(3), now=later(60))
    facts += tell(listener, *past, recovered=True, now=later(60))
    return facts + tell(listener, caught_up, Settled(), now=later(60))


@pytest.mark.parametrize(
    ("caught_up", "outcome"),
    [(LOGS, "failed"), (NO_LOGS, None)],
    ids=["the logs hold no other end", "without logs nobody knows whether they gave up before"],
)
def test_a_call_that_was_cut_by_a_restart_ended_at_the_last_sign_of_life(
    caught_up: CaughtUp, outcome: str | None
) -> None:
    listener = Listener(LINE)
    tell(listener, Booted(100), RINGS, JOINS)
    (ended,) = restarted(listener, caught_up, later(33))
    assert isinstance(ended, Ended)
    assert (ended.at, ended.outcome, ended.cause) == (later(33), outcome, "pbx restarted")


def test_a_talk_that_was_cut_by_a_restart_was_answered() -> None:
    listener = Listener(LINE)
    tell(listener, Booted(100), RINGS, JOINS, RUNG, ANSWERED)
    (ended,) = restarted(listener, LOGS, None)
    assert isinstance(ended, Ended)
    assert (ended.at, ended.outcome) == (later(3), "answered")


def test_a_call_that_only_the_logs_know_was_cut_at_its_own_last_sign_of_life() -> None:
    listener = Listener(LINE)
    tell(listener, Booted(100))
    facts = restarted(listener, LOGS, NOW - timedelta(hours=1), RINGS, JOINS)
    assert facts[-1] == Ended(KEY, later(1), "failed", "pbx restarted", recovered=True)


@pytest.mark.parametrize(
    ("ended_s", "by_far_end", "cause"),
    [
        (56, False, "pbx restarted"),
        (56, True, "16"),  # the caller, in the same moment
        (40, False, "16"),  # the PBX too, but it went on
        (59, False, "16"),  # the new one
    ],
)
def test_whom_a_stopping_pbx_hung_up_ended_with_it(ended_s: float, by_far_end: bool, cause: str) -> None:
    """CEL writes the hang-ups of a `core restart now` like those of an administrator."""
    listener = Listener(LINE)
    tell(listener, Booted(100), RINGS, JOINS)
    asked = HangupAsked(later(ended_s), UID, by_far_end=by_far_end, cause=None)
    facts = restarted(listener, LOGS, None, asked, ChannelGone(later(ended_s), UID, "16"))  # booted at 57
    assert [(fact.at, fact.cause) for fact in facts if isinstance(fact, Ended)] == [(later(ended_s), cause)]


def test_a_session_that_was_cut_is_no_restart() -> None:
    listener = Listener(LINE)
    tell(listener, Booted(100), RINGS, JOINS)
    tell(listener, Connected("s2", None), Booted(160), now=later(60.9))
    (ended,) = tell(listener, LOGS, Settled())
    assert isinstance(ended, Ended)
    assert ended.cause == NOT_SEEN


# -- what others saved ------------------------------------------------------------------------------------------------


def test_a_call_that_others_saved_is_taken_up_unless_it_ended_here() -> None:
    listener = Listener(LINE)
    listener.adopt(Call(KEY, taken=True), NOW)
    assert list(listener.calls) == [UID]
    tell(listener, ChannelGone(NOW, UID, "16"))
    listener.adopt(Call(KEY, taken=True), NOW)
    assert listener.calls == {}


def test_positions_are_remembered_with_what_was_known_there() -> None:
    assert memory.read(memory.write(Listener(LINE), {"tape": 7}), LINE)[1] == {"tape": 7}


def test_memory_of_another_release_is_refused_with_a_sentence() -> None:
    with pytest.raises(memory.ForgottenError, match="of another release"):
        memory.read('{"version": 2}', LINE)


def test_the_board_is_whole_after_a_start() -> None:
    """Bridges and halves are found again from the seats: the next to enter meets who is in there."""
    listener = Listener(LINE)
    tell(listener, RINGS, BridgeEntered(NOW, PHONE, "b.1", False))
    again, _ = memory.read(memory.write(listener, {}), LINE)
    assert [type(fact).__name__ for fact in tell(again, BridgeEntered(NOW, CALLER, "b.1", False))] == ["Taken"]
