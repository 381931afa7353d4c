"""The stories that the desk begins: a caller called back, passed on, brought together with an agency.

The actions are those of `ami_bridge.control`, said by the same AMI user. All names and numbers are invented.
"""

from collections.abc import Callable
from typing import Final

from tests.pbx.asterisk import PBX_HOST
from tests.pbx.moves import AGENCY
from tests.pbx.sipp import CallerProcess, People
from tests.pbx.stage import SITI, Stage, Story
from tests.pbx.stream import AmiStream

CALL_BACK: Final = "callback-019cea11-e247-7fa5-8e05-95cf3e4b5b19"
SHORTLY: Final = {"extensions.conf": "[globals](+)\nOUT_RINGS_S=1"}
"""A number that is called rings for a second."""


def _ask(stage: Stage, *actions: dict[str, str]) -> None:
    """Have the desk's AMI user do something, and see that Asterisk takes it."""
    with AmiStream(PBX_HOST, stage.pbx.ami_port, "intake112-control", stage.pbx.control_secret) as hand:
        for action in actions:
            hand.send(**action)
            hand.wait(lambda frame: frame.get("Response") is not None)
            assert all(frame.get("Response") != "Error" for frame in hand.frames), hand.frames[-1].raw


def _call_back(stage: Stage) -> None:
    to = {"Channel": "PJSIP/op1", "Context": "intake-out", "Exten": SITI.number or "", "Priority": "1"}
    ours = {"ChannelId": CALL_BACK, "ActionID": CALL_BACK, "CallerID": SITI.number or "", "Async": "true"}
    _ask(stage, {"Action": "Originate", **to, **ours})
    stage.ami.wait_event("Hangup", Uniqueid=CALL_BACK)


def _carrier(
    *, answer_ms: int | None = 300, hang_up_ms: int | None = None, busy: bool = False
) -> Callable[[People], None]:
    def prepare(people: People) -> None:
        people.operator(1, answer_ms=200)
        people.carrier(answer_ms=answer_ms, hang_up_ms=hang_up_ms, busy=busy)

    return prepare


def _no_desk(people: People) -> None:
    people.operator(1, busy=True)


def _talk(stage: Stage) -> tuple[CallerProcess, str, str]:
    """A caller talks to desk 1; return the caller, and the uniqueids of both."""
    call = stage.people.call(SITI)
    stage.talks(stage.caller_channel())
    entered = [frame for frame in stage.ami.frames if frame.matches(Event="BridgeEnter")]
    own = {(frame.get("Channel") or "").partition("-")[0]: frame.get("Uniqueid") or "" for frame in entered}
    while "PJSIP/op1" not in own:
        seen = stage.ami.wait_event("BridgeEnter", count=len(own) + 1)
        own[(seen.get("Channel") or "").partition("-")[0]] = seen.get("Uniqueid") or ""
    return call, own["PJSIP/trunk"], own["PJSIP/op1"]


def _passed_on(stage: Stage) -> None:
    _, caller, _ = _talk(stage)
    to = {"Context": "transfer", "Exten": AGENCY, "Priority": "1"}
    _ask(stage, {"Action": "Redirect", "Channel": caller, **to})
    stage.ami.wait_event("Hangup", Uniqueid=caller)


def _consulted(*then: dict[str, str], bye: bool = False) -> Callable[[Stage], None]:
    """The desk asks the agency, and goes on when it has answered; in the end the caller hangs up (`bye`), or the agency
    has."""

    def tell(stage: Stage) -> None:
        call, caller, desk = _talk(stage)
        _ask(stage, {"Action": "Atxfer", "Channel": desk, "Context": "transfer", "Exten": f"0{AGENCY[3:]}"})
        stage.ami.wait_event("BridgeEnter", count=6)
        _ask(stage, *({**action, "Channel": desk} for action in then))
        if bye:
            stage.ami.wait_event("BridgeEnter", count=9)
            call.hang_up()
        stage.ami.wait_event("Hangup", Uniqueid=caller)
        if bye:
            stage.people.phone("op1").hang_up()
            stage.ami.wait_event("Hangup", Uniqueid=desk)

    return tell


ASKED: Final[dict[str, Story]] = {
    "call-back-answered": Story(_carrier(hang_up_ms=500), _call_back),
    "call-back-busy": Story(_carrier(busy=True), _call_back),
    "call-back-unanswered": Story(_carrier(answer_ms=None), _call_back, SHORTLY),
    "call-back-desk-busy": Story(_no_desk, _call_back),
    "desk-transfers-blind": Story(_carrier(hang_up_ms=500), _passed_on),
    "desk-brings-all-together": Story(
        _carrier(), _consulted(*({"Action": "PlayDTMF", "Digit": digit, "Receive": "true"} for digit in "*3"), bye=True)
    ),
    "desk-consults-and-leaves": Story(_carrier(hang_up_ms=1500), _consulted({"Action": "Hangup", "Cause": "16"})),
}
