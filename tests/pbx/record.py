"""Record the tapes of `tests/tapes/` from real Asterisk: `.venv/bin/python -m tests.pbx.record [NAME ...]`.

Each story has an Asterisk of its own. The stream is what the manager user `intake112` gets with its shipped rights and
filters: the answers of QueueStatus, CoreShowChannels and CoreStatus asked once after log-in, then every event.
All numbers and names are invented.
"""

import sys
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.pbx.asterisk import AsteriskRoot, RealAsterisk
from tests.pbx.sipp import Caller, People
from tests.pbx.stream import AmiStream, Seen

TAPES: Final = Path(__file__).resolve().parents[1] / "tapes"
SITI: Final = Caller("+6281200000001", b"Siti Fiktif")
BUDI: Final = Caller("+6281200000002", b"Budi Rekaan", cell="3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=5101000010000001")
_QUIET_S: Final = 0.3


@dataclass(frozen=True)
class Stage:
    """What a story has in its hands."""

    pbx: RealAsterisk
    people: People
    ami: AmiStream

    def caller_channel(self, count: int = 1) -> str:
        """The name of the `count`-th caller's channel, once he rings."""
        rung = self.ami.wait_event("Newchannel", ChannelState="4", Context="line-112", count=count)
        return rung.get("Channel") or ""

    def gone(self, channel: str) -> None:
        """Until this channel has ended."""
        self.ami.wait_event("Hangup", Channel=channel)


@dataclass(frozen=True)
class Story:
    """`prepare` happens before the bridge logs in (phones), `tell` after."""

    prepare: Callable[[People], None]
    tell: Callable[[Stage], None]


def _phones(count: int, *, answer_ms: int | None = None, hang_up_ms: int | None = None) -> Callable[[People], None]:
    """`count` desks are logged in; the first one answers after `answer_ms`, the others only ring."""

    def prepare(people: People) -> None:
        for desk in range(1, count + 1):
            first = desk == 1
            people.operator(desk, answer_ms=answer_ms if first else None, hang_up_ms=hang_up_ms if first else None)

    return prepare


def _answered(caller: Caller, dialled: str = "112") -> Callable[[Stage], None]:
    """The caller talks to an operator and hangs up himself."""

    def tell(stage: Stage) -> None:
        call = stage.people.call(caller, dialled)
        channel = stage.caller_channel()
        stage.ami.wait_event("BridgeEnter", Channel=channel)
        call.hang_up()
        call.wait()
        stage.gone(channel)

    return tell


def _operator_hangs_up(stage: Stage) -> None:
    call = stage.people.call(SITI)
    stage.gone(stage.caller_channel())
    call.wait()


def _abandoned_in_queue(stage: Stage) -> None:
    call = stage.people.call(SITI)
    channel = stage.caller_channel()
    stage.ami.wait_event("DialState", DialStatus="RINGING", count=2)
    call.hang_up()
    call.wait()
    stage.gone(channel)


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
    stage.ami.wait_event("BridgeEnter", Channel=one)
    stage.ami.wait_event("BridgeEnter", Channel=two)
    second.hang_up()
    stage.gone(two)
    first.hang_up()
    stage.gone(one)
    first.wait()
    second.wait()


def _two_phones(people: People) -> None:
    people.operator(1, answer_ms=400)
    people.operator(2, answer_ms=700)


def _call_out(stage: Stage) -> None:
    stage.people.call_out("+6281200000003", desk=1)
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
            stage.ami.wait_event("BridgeEnter", Channel=channel)
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
    stage.ami.wait_event("BridgeEnter", Channel=channel)
    call.end()
    stage.gone(channel)


def _operator_lost(stage: Stage) -> None:
    """The operator's phone dies in talk."""
    call = stage.people.call(SITI)
    channel = stage.caller_channel()
    stage.ami.wait_event("BridgeEnter", Channel=channel)
    stage.people.unplug("op1")
    stage.gone(channel)
    call.wait()


def _shutdown(stage: Stage) -> None:
    stage.people.call(SITI)
    stage.ami.wait_event("BridgeEnter", Channel=stage.caller_channel())
    stage.pbx.stop()
    stage.ami.wait_closed()


STORIES: Final[dict[str, Story]] = {
    "answered": Story(_phones(2, answer_ms=400), _answered(BUDI)),
    "answered-operator-hangs-up": Story(_phones(2, answer_ms=300, hang_up_ms=500), _operator_hangs_up),
    "abandoned-in-queue": Story(_phones(2), _abandoned_in_queue),
    "abandoned-before-queue": Story(_phones(1), _abandoned_before_queue),
    "abandoned-before-queue-cancel": Story(_phones(1), _cancelled),
    "all-ring-one-takes": Story(_phones(3, answer_ms=400), _answered(SITI, "0328112")),
    "name-event-varset": Story(_phones(1, answer_ms=200), _answered(Caller("+6281200000004", b"Event: VarSet"))),
    "name-ani-uid": Story(_phones(1, answer_ms=200), _answered(Caller("+6281200000005", b"Ani, Uid: forged-9"))),
    "name-u2028": Story(
        _phones(1, answer_ms=200),
        _answered(
            Caller(
                "+6281200000006",
                "Rina\u2028Uniqueid: forged-1\u2028Channel: PJSIP/forged-1\u0085Linkedid: forged".encode(),
            )
        ),
    ),
    "withheld": Story(_phones(1, answer_ms=200), _answered(Caller("+6281200000007", b"Dewi Karangan", withheld=True))),
    "no-number": Story(_phones(1, answer_ms=200), _answered(Caller(None), "s")),
    "call-out-over-trunk": Story(_call_out_phones, _call_out),
    "two-callers-at-once": Story(_two_phones, _two_callers),
    "pbx-ends-waiting": Story(_phones(1), _pbx_ends_it(in_talk=False)),
    "pbx-ends-talk": Story(_phones(1, answer_ms=200), _pbx_ends_it(in_talk=True)),
    "rtp-timeout-caller": Story(_phones(1, answer_ms=200), _rtp_lost),
    "rtp-timeout-operator": Story(_phones(1, answer_ms=200), _operator_lost),
    "asterisk-shutdown-in-call": Story(_phones(2, answer_ms=200), _shutdown),
}


def tape(frames: Iterable[Seen]) -> bytes:
    """A tape file: its head, then every frame with a `TapeTime` line (epoch, microseconds) in front."""
    head = f"Tape: {uuid.uuid4()}\r\nTapeVersion: 1\r\nBridge: recorded\r\n\r\n".encode()
    return head + b"".join(f"TapeTime: {frame.at:.6f}\r\n".encode() + frame.raw for frame in frames)


def record(name: str, root: AsteriskRoot) -> list[Seen]:
    """Play one story of `STORIES` and give every frame of it.

    Raises:
        TimeoutError, AssertionError: the story did not go as told.
    """
    story = STORIES[name]
    with RealAsterisk(root, systemname="pbx-1", values={"RTP_TIMEOUT_S": "2"}) as pbx, People(pbx) as people:
        story.prepare(people)
        with pbx.stream() as ami:
            for action in ("QueueStatus", "CoreShowChannels", "CoreStatus"):
                ami.send(Action=action, ActionID=f"snapshot-{action}")
            ami.wait_event("QueueStatusComplete")
            ami.wait_event("CoreShowChannelsComplete")
            ami.wait(lambda frame: frame.matches(ActionID="snapshot-CoreStatus"))
            story.tell(Stage(pbx, people, ami))
            return _settled(ami)


def _settled(ami: AmiStream) -> list[Seen]:
    """All frames, once none has come for a while."""
    frames = ami.frames
    while not ami.closed and (not frames or time.time() - frames[-1].at < _QUIET_S):
        time.sleep(0.05)  # between two looks
        frames = ami.frames
    return frames


def main(names: list[str]) -> None:
    """Record these stories, or all."""
    root = AsteriskRoot.ensure()
    TAPES.mkdir(exist_ok=True)
    for name in names or STORIES:
        frames = record(name, root)
        (TAPES / f"{name}.tape").write_bytes(tape(frames))
        sys.stderr.write(f"{name}: {len(frames)} frames\n")


if __name__ == "__main__":
    main(sys.argv[1:])
