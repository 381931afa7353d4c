"""The stories in which a call moves: held, lost, picked up, transferred, joined. All names are invented."""

from collections.abc import Callable
from typing import Final

from tests.pbx.asterisk import PBX_HOST
from tests.pbx.sipp import People
from tests.pbx.stage import BUDI, SITI, Stage, Story, phones
from tests.pbx.stream import AmiStream

AGENCY: Final = "+62328600113"

LOCAL_MEMBERS: Final = {"extensions.conf": "[from-queue]\nexten => _op[1-8],1,Dial(PJSIP/${EXTEN},30)"}
"""How FreePBX rings a desk: through a Local channel."""

AGENCY_BY_HAND: Final = {"extensions.conf": f"[desks]\nexten => {AGENCY},1,Goto(intake-out,${{EXTEN}},1)"}
"""One number that the desks of a site may dial themselves."""

TEST_MANAGER: Final = {
    "manager.conf": "[test]\nsecret=only-for-tests\nread=call\nwrite=call\npermit=127.0.0.1/255.255.255.255",
}
"""A user who may join and redirect calls; we ship none."""

MENU: Final = {
    "pjsip.conf": "[exchange]\ntype=endpoint\ncontext=menu\nallow=alaw\n[exchange]\ntype=identify\n"
    "endpoint=exchange\nmatch=127.0.0.3",
    "extensions.conf": "[menu]\nexten => _X.,1,Answer()\n same => n,Wait(0.3)\n same => n,Queue(112)",
}
"""Another line, with a menu of its own, that leads into the queue behind our back."""


def _hold_and_resume(stage: Stage) -> None:
    call = stage.people.call(SITI)
    channel = stage.caller_channel()
    stage.talks(channel)
    stage.people.phone("op1").hold()
    stage.ami.wait_event("Hold")
    stage.people.phone("op1").resume()
    stage.ami.wait_event("Unhold")
    stage.hangs_up(call, channel)


def _operator_lost(stage: Stage) -> None:
    """The first operator's phone dies in talk; the caller waits again, and the second one answers."""
    call = stage.people.call(SITI)
    channel = stage.caller_channel()
    stage.talks(channel)
    stage.people.log_in(2)
    stage.people.unplug("op1")
    stage.talks(channel, 2)
    stage.hangs_up(call, channel)


def _second_waits(people: People) -> None:
    people.operator(1, answer_ms=300)
    people.operator(2, answer_ms=200, log_in=False)


def _picked_up(stage: Stage) -> None:
    """Desk 1 rings; desk 2, who is not logged in, takes the call from his own phone."""
    call = stage.people.call(SITI)
    channel = stage.caller_channel()
    stage.ami.wait_event("DialState", DialStatus="RINGING")
    stage.people.dial(2, "*81")
    stage.talks(channel)
    stage.hangs_up(call, channel)


def _local_phones(people: People) -> None:
    for desk, answer_ms in ((1, 400), (2, None)):
        people.operator(desk, answer_ms=answer_ms, log_in=False)
        people.log_in(desk, f"Local/op{desk}@from-queue/n")


def _answered(stage: Stage) -> None:
    call = stage.people.call(SITI)
    channel = stage.caller_channel()
    stage.talks(channel)
    stage.hangs_up(call, channel)


def _late_ring(stage: Stage) -> None:
    """A caller of the office's number chooses the emergency line in a menu."""
    call = stage.people.call(SITI, "600112", host="127.0.0.3")
    channel = stage.caller_channel(context="menu")
    stage.talks(channel)
    stage.hangs_up(call, channel)


def _calls_again(stage: Stage) -> None:
    """He gives up while the phones ring, and calls again at once."""
    call = stage.people.call(SITI)
    channel = stage.caller_channel()
    stage.ami.wait_event("DialState", DialStatus="RINGING")
    stage.hangs_up(call, channel)
    call = stage.people.call(SITI)
    channel = stage.caller_channel(2)
    stage.talks(channel)
    stage.hangs_up(call, channel)


def _agency(*, busy: bool = False) -> Callable[[People], None]:
    def prepare(people: People) -> None:
        _second_waits(people)
        people.carrier(answer_ms=300, hang_up_ms=500, busy=busy)

    return prepare


def _sent_to_desk(stage: Stage) -> None:
    """The operator sends the caller to another desk, which answers, talks and hangs up."""
    call = stage.people.call(SITI)
    channel = stage.caller_channel()
    stage.talks(channel)
    stage.people.phone("op1").transfer("2")
    stage.talks(channel, 2)
    stage.people.phone("op2").hang_up()
    stage.gone(channel)
    call.wait()


def _sent_to_agency(stage: Stage) -> None:
    """The operator sends the caller to an agency, which answers, talks and hangs up."""
    call = stage.people.call(SITI)
    channel = stage.caller_channel()
    stage.talks(channel)
    stage.people.phone("op1").transfer(AGENCY)
    stage.talks(channel, 2)
    stage.gone(channel)
    call.wait()


def _agency_is_busy(stage: Stage) -> None:
    """The agency is busy: the caller waits again, and the second operator answers."""
    call = stage.people.call(SITI)
    channel = stage.caller_channel()
    stage.talks(channel)
    stage.people.log_in(2)
    stage.people.phone("op1").transfer(AGENCY)
    stage.talks(channel, 2)
    stage.hangs_up(call, channel)


def _attended(number: str) -> Callable[[Stage], None]:
    """The operator holds the caller, asks somebody else, and hands the caller over."""

    def tell(stage: Stage) -> None:
        call = stage.people.call(SITI)
        channel = stage.caller_channel()
        stage.talks(channel)
        phone = stage.people.phone("op1")
        phone.hold()
        asked = stage.people.dial(1, number)
        stage.ami.wait_event("BridgeEnter", count=4)
        phone.transfer(asked)
        asked.wait()
        stage.ami.wait_event("AttendedTransfer")
        stage.hangs_up(call, channel)

    return tell


def _attended_phones(people: People) -> None:
    _second_waits(people)
    people.carrier(answer_ms=200)


def _joined(*, parted: bool = False) -> Callable[[Stage], None]:
    """Two callers talk to an operator each and are joined. The first one hangs up; or (`parted`) the second one is sent
    back to the queue. Who is left alone waits again, in front, and talks to an operator, as who is sent back does."""

    def tell(stage: Stage) -> None:
        first = stage.people.call(SITI)
        one = stage.caller_channel()
        second = stage.people.call(BUDI)
        two = stage.caller_channel(2)
        stage.talks(one)
        stage.talks(two)
        with AmiStream(PBX_HOST, stage.pbx.ami_port, "test", "only-for-tests") as ami:
            ami.send(Action="Bridge", Channel1=one, Channel2=two, Tone="no", ActionID="join")
            stage.talks(one, 2)
            stage.talks(two, 2)
            if parted:
                ami.send(Action="Redirect", Channel=two, Context="again", Exten="112", Priority="1", ActionID="part")
                ami.wait(lambda frame: frame.matches(ActionID="part", Response="Success"))
        if parted:
            stage.talks(one, 3)
            stage.talks(two, 3)
            stage.hangs_up(first, one)
        else:
            stage.hangs_up(first, one)
            stage.talks(two, 3)
        stage.hangs_up(second, two)

    return tell


MOVES: Final[dict[str, Story]] = {
    "hold-and-resume": Story(phones(300), _hold_and_resume),
    "operator-lost-requeued": Story(_second_waits, _operator_lost),
    "directed-pickup": Story(phones(None), _picked_up),
    "local-members": Story(_local_phones, _answered, LOCAL_MEMBERS),
    "blind-transfer-desk": Story(_second_waits, _sent_to_desk),
    "blind-transfer-agency": Story(_agency(), _sent_to_agency),
    "blind-transfer-fails": Story(_agency(busy=True), _agency_is_busy),
    "attended-transfer-desk": Story(_attended_phones, _attended("2")),
    "attended-transfer-agency": Story(_attended_phones, _attended(AGENCY), AGENCY_BY_HAND),
    "two-callers-joined": Story(phones(300, 600), _joined(), TEST_MANAGER),
    "two-callers-parted": Story(phones(300, 600), _joined(parted=True), TEST_MANAGER),
    "caller-calls-again": Story(phones(500), _calls_again),
    "late-ring": Story(phones(300), _late_ring, MENU),
}
