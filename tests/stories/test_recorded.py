"""Every story recorded from real Asterisk 22: played through frames, events and threads, it gives just these facts."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ami_bridge import reading, tape
from ami_bridge.listening import Listener
from ami_bridge.threads import Line
from intake.facts import (
    Arrived,
    CallBackBegan,
    CallBackOver,
    CallBackTaken,
    Described,
    Ended,
    Fact,
    Held,
    JoinedWith,
    LegEnded,
    Located,
    MenuAnswered,
    MenuChosen,
    MessageBegan,
    OurTest,
    Queued,
    Rang,
    Resumed,
    Taken,
    Transferred,
    Untaped,
)

TAPES = Path(__file__).parents[1] / "tapes"
LINE = Line("pbx-1", frozenset({"line-112"}), frozenset(), frozenset({"112"}))


def play(name: str, line: Line = LINE) -> list[Fact]:
    """Return all facts of a tape, in order."""
    listener = Listener(line)
    facts: list[Fact] = []
    for recorded in tape.read_all(TAPES / f"{name}.tape"):
        if (told := reading.read(recorded.raw)) is not None:
            facts += listener.advance(told.event, recorded.at)
    assert listener.calls == {}, "a call never ended"
    return facts


def told(fact: Fact) -> str:
    """Return a fact in two or three words."""
    match fact:
        case Arrived(late=late):
            return "arrived late" if late else "arrived"
        case Described():
            return "described"
        case Queued(queue=queue):
            return f"queued {queue}"
        case Rang(device=device, member=member, kind=kind):
            return f"rang {kind} {device} {member}"
        case Taken(device=device, member=member, kind=kind):
            return f"taken {kind} {device} {member}"
        case Held(by=by):
            return f"held by {by}"
        case Resumed():
            return "resumed"
        case Transferred(by=by, to=to):
            return f"passed on by {by} to {to}"
        case Located():
            return "located"
        case OurTest():
            return "test call"
        case MenuAnswered():
            return "menu"
        case MenuChosen(kind=kind):
            return f"chose {kind}"
        case MessageBegan():
            return "message"
        case JoinedWith():
            return "joined with another caller"
        case Untaped():
            return "untaped"
        case LegEnded(leg=leg):
            return "left queue" if leg.startswith("queue:") else "phone off"
        case Ended(outcome=outcome):
            return f"ended {outcome}"
        case CallBackBegan(device=device):
            return f"calling back by {device}"
        case CallBackTaken():
            return "called back"
        case CallBackOver(result=result):
            return f"call back over: {result}"


# What the caller lives through, in order; then how many phones rang and how many fell silent before the end.
WAITED = ["arrived", "described", "queued 112", "left queue"]
OP1, OP2 = "taken operator PJSIP/op1 op1", "taken operator PJSIP/op2 op2"
AGENCY = "taken agency PJSIP/trunk None"
TAKEN = [*WAITED, OP1, "ended answered"]
AGAIN = ["queued 112", "left queue", OP2, "ended answered"]
PASSED = "passed on by PJSIP/op1 to"
HELD = ["held by PJSIP/op1", "resumed"]
MENU = ["menu", "chose ambulans", "message"]
CALLS_BACK = "calling back by PJSIP/op1"
STORIES: dict[str, tuple[list[str], int, int]] = {
    "answered": (TAKEN, 2, 2),
    "answered-operator-hangs-up": (TAKEN, 2, 2),
    "abandoned-in-queue": ([*WAITED, "ended abandoned"], 2, 2),
    "abandoned-before-queue": (["arrived", "described", "ended abandoned"], 0, 0),
    "abandoned-before-queue-cancel": (["arrived", "described", "ended abandoned"], 0, 0),
    "pbx-ends-waiting": ([*WAITED, "ended failed"], 1, 1),
    "pbx-ends-talk": (TAKEN, 1, 1),
    "rtp-timeout-caller": (TAKEN, 1, 1),
    "asterisk-shutdown-in-call": (TAKEN, 2, 2),
    "call-out-over-trunk": ([], 0, 0),
    "call-out-by-console": ([], 0, 0),
    "hold-and-resume": ([*WAITED, OP1, *HELD, "ended answered"], 1, 1),
    "operator-lost-requeued": ([*WAITED, OP1, *AGAIN], 2, 2),
    "directed-pickup": ([*WAITED, "taken operator PJSIP/op2 None", "ended answered"], 1, 2),
    "local-members": (TAKEN, 2, 2),
    "blind-transfer-agency": ([*WAITED, OP1, f"{PASSED} +62328600113", AGENCY, "ended answered"], 2, 2),
    "blind-transfer-fails": ([*WAITED, OP1, f"{PASSED} +62328600113", *AGAIN], 4, 4),
    "members-come-and-go": (TAKEN, 1, 1),
    "late-ring": (["arrived late", *TAKEN[2:]], 1, 1),
    "blind-transfer-desk": (
        [*WAITED, OP1, f"{PASSED} 2", "taken operator PJSIP/op2 None", "ended answered"], 2, 2,
    ),
    "attended-transfer-desk": (
        [*WAITED, OP1, *HELD, "taken operator PJSIP/op2 None", f"{PASSED} PJSIP/op2", "ended answered"], 1, 2,
    ),
    "attended-transfer-agency": ([*WAITED, OP1, *HELD, AGENCY, f"{PASSED} PJSIP/trunk", "ended answered"], 1, 2),
    "call-back-answered": ([CALLS_BACK, "called back", "call back over: None"], 0, 0),
    "call-back-busy": ([CALLS_BACK, "call back over: busy"], 0, 0),
    "call-back-unanswered": ([CALLS_BACK, "call back over: no_answer"], 0, 0),
    "call-back-desk-busy": ([CALLS_BACK, "call back over: desk_busy"], 0, 0),
    "desk-transfers-blind": ([*WAITED, OP1, AGENCY, "ended answered"], 2, 2),
    "desk-consults-and-leaves": (
        [*WAITED, OP1, HELD[0], AGENCY, f"{PASSED} 0328600113", "ended answered"], 2, 2,
    ),
    "menu-message-left": (
        [*WAITED, *MENU, "queued 112", "left queue", "ended overflow"], 0, 1,
    ),
    "menu-hangs-up-in-message": ([*WAITED, *MENU, "ended overflow"], 0, 0),
    "menu-then-operator": (
        [*WAITED, "menu", "message", "queued 112", "left queue", OP1, "ended answered"], 1, 2,
    ),
    "menu-hangs": ([*WAITED, "queued 112", "left queue", "ended abandoned"], 0, 0),
    "desk-brings-all-together": ([*WAITED, OP1, HELD[0], AGENCY, "ended answered"], 2, 0),
}  # fmt: skip


SIXTEEN = [f"16/{path.stem}" for path in sorted((TAPES / "16").glob("*.tape")) if path.stem in STORIES]


@pytest.mark.parametrize("name", [*STORIES, *SIXTEEN])
def test_story(name: str) -> None:
    """A phone that is still up when the caller's channel goes may end with it: then its end is not told."""
    facts = [told(fact) for fact in play(name)]
    lived, rang, fell_silent = STORIES[name.removeprefix("16/")]
    assert [f for f in facts if not f.startswith(("rang", "phone"))] == lived
    assert len([f for f in facts if f.startswith("rang")]) == rang
    assert fell_silent - 1 <= facts.count("phone off") <= fell_silent


def test_all_operators_rung_and_one_takes_it() -> None:
    facts = [told(fact) for fact in play("all-ring-one-takes")]
    assert sorted(f for f in facts if f.startswith("rang")) == [f"rang operator PJSIP/op{n} op{n}" for n in (1, 2, 3)]
    assert len([f for f in facts if f.startswith("taken")]) == 1
    assert facts[-1] == "ended answered"


def test_two_callers_at_once_are_two_calls() -> None:
    facts = play("two-callers-at-once")
    keys = {fact.key for fact in facts}
    assert len(keys) == 2
    for key in keys:
        own = [told(fact) for fact in facts if fact.key == key]
        assert own[0] == "arrived"
        assert [f for f in own if f.startswith("ended")] == [own[-1]]


def test_joined_callers_are_each_their_own_call() -> None:
    facts = play("two-callers-joined")
    for key in {fact.key for fact in facts}:
        own = [told(fact) for fact in facts if fact.key == key]
        assert own.count("arrived") == own.count("joined with another caller") == own.count("ended answered") == 1
        assert own[-1] == "ended answered"
    ends = [fact.at for fact in facts if isinstance(fact, Ended)]
    assert len(ends) == 2


@pytest.mark.parametrize("story", ["two-callers-joined", "two-callers-parted"])
def test_who_was_joined_and_waits_again_keeps_his_own_call(story: str) -> None:
    """He goes back into the queue with the other's Linkedid; the other's call is over, or (parted) waits there, too."""
    facts = play(story)
    calls = [
        [told(fact) for fact in facts if fact.key == key and not isinstance(fact, Rang | LegEnded)]
        for key in dict.fromkeys(fact.key for fact in facts)
    ]
    first, second = (own[own.index("joined with another caller") + 1 :] for own in calls)
    again = ["queued 112", "taken operator", "ended answered"]
    assert [said[:14] for said in first] == (again if story == "two-callers-parted" else again[2:])
    assert [said[:14] for said in second] == again


def test_a_caller_who_calls_again_is_two_calls() -> None:
    ended = [(fact.key.uniqueid, fact.outcome) for fact in play("caller-calls-again") if isinstance(fact, Ended)]
    assert [outcome for _, outcome in ended] == ["abandoned", "answered"]
    assert len({uniqueid for uniqueid, _ in ended}) == 2


NAMES = {
    "name-80": "Rekaan " * 11 + "AB",  # Asterisk cuts at 79
    "name-latin-1": "Ren\ufffde Karangan",  # Asterisk writes no Latin-1
    "name-quotes": 'Siti \\"Fiktif\\" \\\\ Nur\'aini?',  # SIP's own backslashes stay, those of the event go
    "name-event-varset": "Event: VarSet",
    "name-ani-uid": "Ani, Uid: forged-9",
    "name-u2028": "Rina\u2028Uniqueid: forged-1\u2028Channel: PJSIP/forged-1\x85Linkedid: forged",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_is_kept_as_sent_and_forges_nothing(name: str) -> None:
    facts = play(name)
    arrived = [fact for fact in facts if isinstance(fact, Arrived)]
    described = [fact for fact in facts if isinstance(fact, Described)]
    assert [(fact.name, fact.dialled, fact.trunk) for fact in arrived] == [(NAMES[name], "112", "trunk")]
    assert [(fact.name, fact.dialled) for fact in described] == [(NAMES[name], "112")]
    assert described[0].key == arrived[0].key
    assert isinstance(facts[-1], Ended)


def test_a_withheld_number_is_known_to_us_and_marked() -> None:
    described = [fact for fact in play("withheld") if isinstance(fact, Described)]
    assert [fact.withheld for fact in described] == [True]


def test_no_number_is_none() -> None:
    facts = play("no-number")
    assert [fact.number_raw for fact in facts if isinstance(fact, Arrived)] == [None]


def test_times_are_the_pbx_own_and_in_order() -> None:
    times = [fact.at for fact in play("answered")]
    assert all(isinstance(at, datetime) and at.tzinfo is UTC for at in times)
    assert times == sorted(times, key=str)


def test_a_line_of_another_number_opens_no_report() -> None:
    other = Line("pbx-1", frozenset({"line-112"}), frozenset({"110"}), frozenset({"110"}))
    assert play("answered", other) == []


def test_a_caller_who_joins_the_queue_unmatched_is_a_late_ring() -> None:
    behind_an_ivr = Line("pbx-1", frozenset({"elsewhere"}), frozenset(), frozenset({"112"}))
    assert [told(fact) for fact in play("answered", behind_an_ivr)][:2] == ["arrived late", "queued 112"]
