"""The stories that happen *to* the centre: who rings, who waits, who talks, and how it ends. All names are invented."""

from collections.abc import Callable
from typing import Final

from tests.pbx.asked import ASKED
from tests.pbx.members import MEMBERS
from tests.pbx.menus import MENUS
from tests.pbx.moves import MOVES
from tests.pbx.sipp import Caller, People
from tests.pbx.stage import BUDI, SITI, Stage, Story, phones


def _answered(caller: Caller, dialled: str = "112") -> Callable[[Stage], None]:
    """The caller talks to an operator and hangs up himself."""

    def tell(stage: Stage) -> None:
        call = stage.people.call(caller, dialled)
        channel = stage.caller_channel()
        stage.talks(channel)
        stage.hangs_up(call, channel)

    return tell


def _operator_hangs_up(stage: Stage) -> None:
    call = stage.people.call(SITI)
    stage.gone(stage.caller_channel())
    call.wait()


def _abandoned_in_queue(stage: Stage) -> None:
    call = stage.people.call(SITI)
    channel = stage.caller_channel()
    stage.ami.wait_event("DialState", DialStatus="RINGING", count=2)
    stage.hangs_up(call, channel)


def _abandoned_before_queue(stage: Stage) -> None:
    """BYE right behind the ACK; a call that reached the queue all the same stays on the tape in front of it."""
    for count in range(1, 41):
        call = stage.people.call(SITI, hang_up_ms=0)
        channel = stage.caller_channel(count)
        stage.gone(channel)
        call.wait()
        if not any(frame.matches(Event="QueueCallerJoin", Channel=channel) for frame in stage.ami.frames):
            return
    message = "BYE never came before Queue()"
    raise AssertionError(message)


def _cancelled(stage: Stage) -> None:
    """CANCEL right behind the 100; a call that was answered first stays on the tape in front of it."""
    for count in range(1, 41):
        call = stage.people.call(SITI, cancel=True)
        channel = stage.caller_channel(count)
        try:
            call.wait(3)
        except (AssertionError, TimeoutError):
            call.end()
            stage.pbx.cli(f"channel request hangup {channel}")
        stage.gone(channel)
        if not any(frame.matches(Event="Newstate", Channel=channel) for frame in stage.ami.frames):
            return
    message = "CANCEL never came before the 200"
    raise AssertionError(message)


def _two_callers(stage: Stage) -> None:
    """Two callers wait together; desk 1 takes one, desk 2 the other."""
    first = stage.people.call(SITI)
    one = stage.caller_channel()
    second = stage.people.call(BUDI)
    two = stage.caller_channel(2)
    stage.talks(one)
    stage.talks(two)
    second.hang_up()
    stage.gone(two)
    first.hang_up()
    stage.gone(one)
    first.wait()
    second.wait()


def _call_out(stage: Stage) -> None:
    stage.people.call_out("+6281200000003", desk=1)
    stage.ami.wait_event("BridgeEnter", count=2)
    stage.ami.wait_event("Hangup", count=2)


def _call_out_by_console(stage: Stage) -> None:
    """An administrator rings somebody over the trunk, past `intake-out`: the line's context, no caller's channel."""
    stage.pbx.cli("channel originate PJSIP/+6281200000009@trunk extension +6281200000003@intake-out")
    stage.ami.wait_event("BridgeEnter", count=2)
    stage.ami.wait_event("Hangup", count=2)


def _call_out_phones(people: People) -> None:
    people.operator(1, answer_ms=200)
    people.carrier(answer_ms=300, hang_up_ms=500)


def _pbx_ends_it(*, in_talk: bool) -> Callable[[Stage], None]:
    def tell(stage: Stage) -> None:
        call = stage.people.call(SITI)
        channel = stage.caller_channel()
        if in_talk:
            stage.talks(channel)
        else:
            stage.ami.wait_event("DialState", DialStatus="RINGING")
        stage.pbx.cli(f"channel request hangup {channel}")
        stage.gone(channel)
        call.wait()

    return tell


def _rtp_lost(stage: Stage) -> None:
    """The caller's phone dies in talk: no BYE, no sound; RTP times out."""
    call = stage.people.call(SITI)
    channel = stage.caller_channel()
    stage.talks(channel)
    call.end()
    stage.gone(channel)


def _shutdown(stage: Stage) -> None:
    stage.people.call(SITI)
    stage.ami.wait_event("BridgeEnter", Channel=stage.caller_channel())
    stage.pbx.stop()
    stage.ami.wait_closed()


STORIES: Final[dict[str, Story]] = {
    **MOVES,
    **ASKED,
    **MENUS,
    **MEMBERS,
    "answered": Story(phones(400, None), _answered(BUDI)),
    "answered-operator-hangs-up": Story(phones(300, None, hang_up_ms=500), _operator_hangs_up),
    "abandoned-in-queue": Story(phones(None, None), _abandoned_in_queue),
    "abandoned-before-queue": Story(phones(None), _abandoned_before_queue),
    "abandoned-before-queue-cancel": Story(phones(None), _cancelled),
    "all-ring-one-takes": Story(phones(400, None, None), _answered(SITI, "0328112")),
    "name-event-varset": Story(phones(200), _answered(Caller("+6281200000004", b"Event: VarSet"))),
    "name-ani-uid": Story(phones(200), _answered(Caller("+6281200000005", b"Ani, Uid: forged-9"))),
    "name-u2028": Story(
        phones(200),
        _answered(
            Caller(
                "+6281200000006",
                "Rina\u2028Uniqueid: forged-1\u2028Channel: PJSIP/forged-1\u0085Linkedid: forged".encode(),
            )
        ),
    ),
    "name-latin-1": Story(phones(200), _answered(Caller("+6281200000008", b"Ren\xe9e Karangan"))),
    "name-80": Story(phones(200), _answered(Caller("+6281200000009", b"Rekaan " * 11 + b"ABC"))),
    "name-quotes": Story(phones(200), _answered(Caller("+6281200000010", b'Siti "Fiktif" \\ Nur\'aini?'))),
    "withheld": Story(phones(200), _answered(Caller("+6281200000007", b"Dewi Karangan", withheld=True))),
    "no-number": Story(phones(200), _answered(Caller(None), "s")),
    "call-out-over-trunk": Story(_call_out_phones, _call_out),
    "call-out-by-console": Story(_call_out_phones, _call_out_by_console),
    "two-callers-at-once": Story(phones(400, 700), _two_callers),
    "pbx-ends-waiting": Story(phones(None), _pbx_ends_it(in_talk=False)),
    "pbx-ends-talk": Story(phones(200), _pbx_ends_it(in_talk=True)),
    "rtp-timeout-caller": Story(phones(200), _rtp_lost),
    "asterisk-shutdown-in-call": Story(phones(200, None), _shutdown),
}
