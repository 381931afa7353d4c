"""A call back is followed by its own channel, from the desk's ringing telephone to its end."""

import pytest

from ami_bridge import frames, memory, reading
from ami_bridge.call_backs import CallBack, channel_of
from ami_bridge.events import (
    BridgeEntered,
    CallEvent,
    ChannelCreated,
    ChannelGone,
    DeskNotReached,
    Dialled,
    PhoneRung,
)
from ami_bridge.listening import Listener
from ami_bridge.threads import Threads
from intake.facts import CallBackBegan, CallBackFact, CallBackOver, CallBackTaken, CallKey, Fact
from tests.ami_bridge.test_threads import LINE, NOW, channel, later, leg, tell

CALL_BACK = channel_of("0190163d-8694-739b-aea5-966c26f8ad91")
KEY = CallKey("pbx-1", CALL_BACK)
DESK = leg(CALL_BACK, "PJSIP/op1-00000002")
THERE = leg("t.1", "PJSIP/trunk-00000003", "line-112")
RINGS = ChannelCreated(NOW, channel(CALL_BACK, "PJSIP/op1-00000002", "0", context="desks", exten="s"))
BEGAN = CallBackBegan(KEY, NOW, "PJSIP/op1")
OUT = (
    ChannelCreated(NOW, channel("t.1", "PJSIP/trunk-00000003", "0", exten="s", linkedid=CALL_BACK)),
    PhoneRung(NOW, CALL_BACK, THERE, ""),
)
TALK = (BridgeEntered(later(9), THERE, "b.1", False), BridgeEntered(later(9), DESK, "b.1", False))


def gone(cause: str, at: float = 30) -> ChannelGone:
    """The desk's channel is gone."""
    return ChannelGone(later(at), CALL_BACK, cause)


def test_an_answered_one() -> None:
    threads = Threads(LINE)
    facts = tell(threads, RINGS, *OUT, *TALK, Dialled(later(9), CALL_BACK, "ANSWER"))
    assert facts == [BEGAN, CallBackTaken(KEY, later(9))]
    ends = tell(threads, ChannelGone(later(30), "t.1", "16 Normal Clearing"), gone("16 Normal Clearing"))
    assert ends == [CallBackOver(KEY, later(30), None, "16 Normal Clearing")]
    assert (threads.call_backs, threads.calls) == ({}, {})
    assert tell(threads, RINGS, *OUT, *TALK, gone("16"), recovered=True) == [], "a log tells it again"


@pytest.mark.parametrize(
    ("status", "result"),
    [
        ("BUSY", "busy"),
        ("NOANSWER", "no_answer"),
        ("CANCEL", "cancelled"),
        ("CONGESTION", "unreachable"),
        ("CHANUNAVAIL", "unreachable"),
    ],
)
def test_the_caller_is_not_reached(status: str, result: str) -> None:
    facts = tell(Threads(LINE), RINGS, *OUT, Dialled(later(20), CALL_BACK, status), gone("16 Normal Clearing"))
    assert facts == [BEGAN, CallBackOver(KEY, later(30), result, "16 Normal Clearing")]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cause", "result"),
    [
        ("17 User busy", "desk_busy"),
        ("19 User alerting, no answer", "desk_no_answer"),
        ("29 Facility rejected", "refused"),
        ("38 Network out of order", "unreachable"),
        ("", "desk_no_answer"),
    ],
)
def test_nothing_was_dialled(cause: str, result: str) -> None:
    facts = tell(Threads(LINE), RINGS, gone(cause))
    assert facts == [BEGAN, CallBackOver(KEY, later(30), result, cause or None)]  # type: ignore[arg-type]


def test_the_desk_has_no_telephone() -> None:
    threads = Threads(LINE)
    failed = DeskNotReached(later(1), CALL_BACK)
    assert tell(threads, failed, failed) == [CallBackOver(KEY, later(1), "desk_unreachable", None)]


def test_a_telephone_that_was_rung_says_itself_why_it_was_not_reached() -> None:
    facts = tell(Threads(LINE), RINGS, DeskNotReached(later(1), CALL_BACK), gone("17 User busy"))
    assert facts == [BEGAN, CallBackOver(KEY, later(30), "desk_busy", "17 User busy")]
    facts = tell(Threads(LINE), RINGS, gone("17 User busy"), DeskNotReached(later(31), CALL_BACK))
    assert facts == [BEGAN, CallBackOver(KEY, later(30), "desk_busy", "17 User busy")]


def listener(*told: CallEvent) -> Listener:
    """One that heard these."""
    made = Listener(LINE)
    for event in told:
        made.advance(event, NOW)
    return made


def session(made: Listener, *frames_between: list[tuple[str, str]], logs: bool = True) -> list[CallBackFact]:
    """Lose the line and find it again; return what is told of calls back, by the logs and by the lists."""
    marks = [("Logs", "read")] if logs else []
    all_of_it = [
        [("Event", "IntakeConnected"), ("Session", "two")],
        *[one for one in frames_between if one[0][1] != "CoreShowChannel"],
        [("Event", "IntakeCaughtUp"), *marks],
        *[one for one in frames_between if one[0][1] == "CoreShowChannel"],
        [("Event", "IntakeSettled"), ("Session", "two")],
    ]
    facts: list[Fact] = []
    for headers in all_of_it:
        told = reading.read(frames.encode(headers).removesuffix(frames.END))
        assert told is not None, headers
        facts += made.advance(told.event, later(40), recovered=told.recovered)
    return [fact for fact in facts if isinstance(fact, CallBackFact)]


LISTED = [
    ("Event", "CoreShowChannel"),
    *(("Channel", "PJSIP/op1-00000002"), ("ChannelState", "6"), ("Context", "intake-out"), ("Exten", "+62812")),
    *(("Uniqueid", CALL_BACK), ("Linkedid", CALL_BACK), ("Application", "Dial")),
]
LISTED_THERE = [
    ("Event", "CoreShowChannel"),
    *(("Channel", "PJSIP/trunk-00000003"), ("ChannelState", "6"), ("Context", "line-112"), ("Exten", "s")),
    *(("Uniqueid", "t.1"), ("Linkedid", CALL_BACK), ("Application", "AppDial"), ("BridgeId", "b.1")),
]


def test_one_that_was_gone_after_a_gap_is_unknown() -> None:
    assert session(listener(RINGS, *OUT)) == [CallBackOver(KEY, None, "unknown", "not seen")]


def test_one_that_was_taken_and_gone_after_a_gap_is_over() -> None:
    assert session(listener(RINGS, *OUT, *TALK)) == [CallBackOver(KEY, None, None, "not seen")]


def test_one_that_is_found_talking_after_a_gap() -> None:
    in_bridge = [*LISTED, ("BridgeId", "b.1")]
    facts = session(listener(), in_bridge, LISTED_THERE)
    assert facts == [CallBackBegan(KEY, later(40), "PJSIP/op1"), CallBackTaken(KEY, None)]


def test_the_log_tells_how_it_ended_meanwhile() -> None:
    """As `cel` tells the HANGUP line of such a channel."""
    of = [("Timestamp", f"{later(35).timestamp():.3f}"), ("Recovered", "cel"), ("Uniqueid", CALL_BACK)]
    dialled = [("Event", "DialEnd"), *of, ("DialStatus", "BUSY")]
    facts = session(listener(RINGS, *OUT), dialled, [("Event", "Hangup"), *of, ("Cause", "17")])
    assert facts == [CallBackOver(KEY, later(35), "busy", "17")]


@pytest.mark.parametrize(("logs", "result"), [(True, "desk_no_answer"), (False, "unknown")])
def test_what_happened_to_one_in_a_gap_is_not_guessed(logs: bool, result: str) -> None:  # a table
    made = listener(RINGS)
    assert session(made, LISTED, logs=logs) == []
    (over,) = made.advance(gone("16", 50), NOW)
    assert over == CallBackOver(KEY, later(50), result, "16")  # type: ignore[arg-type]


def test_it_is_remembered() -> None:
    made = listener(RINGS, *OUT, Dialled(NOW, CALL_BACK, "BUSY"))
    again, _ = memory.read(memory.write(made, {}), LINE)
    assert again.threads.call_backs == {CALL_BACK: CallBack("PJSIP/op1", "BUSY")}
    older = memory.write(listener(), {}).replace(',"call_backs":{}', "")
    assert "call_backs" not in older
    assert memory.read(older, LINE)[0].threads.call_backs == {}


def test_only_a_call_backs_dialling_is_read() -> None:
    dial_end = [("Event", "DialEnd"), ("Uniqueid", "c.1"), ("DestUniqueid", "p.1"), ("DialStatus", "ANSWER")]
    forged = [*dial_end, ("DestCallerIDName", CALL_BACK)]
    failure = [("Event", "OriginateResponse"), ("Response", "Failure"), ("Reason", "5")]
    success = [("Event", "OriginateResponse"), ("ActionID", CALL_BACK), ("Response", "Success"), ("Reason", "4")]
    for headers in (dial_end, forged, [*failure, ("ActionID", "7")], success):
        assert reading.read(frames.encode(headers).removesuffix(frames.END)) is None
    told = reading.read(frames.encode([*failure, ("ActionID", CALL_BACK)]).removesuffix(frames.END))
    assert told is not None
    assert told.event == DeskNotReached(None, CALL_BACK)
