"""A call that goes on when the test says so, on the pretend Asterisk: it rings, somebody answers, it ends."""

import itertools
import re
import time
from typing import Final

from ami_bridge.frames import event_name
from exercise import tapes
from exercise.story import with_new_ids
from tests.faults.pretend import CLOCK, Pretend

_TIME: Final = re.compile(rb"(?<=\r\nTimestamp: )[0-9.]+")
_serials: Final = itertools.count(100, 100)


class PretendCall:
    """One caller, whom desk `op{desk}` answers; each step is what a real Asterisk said of it, with the time of now."""

    def __init__(self, pretend: Pretend, number: str, desk: int = 1) -> None:
        self.number = number
        self._pretend = pretend
        story = tapes.load("answered")
        playing = {"op1": f"op{desk}", "op2": f"op{desk % 8 + 1}"}
        self._frames = with_new_ids(story, next(_serials), CLOCK(), number, desks=playing)

    def rings(self) -> None:
        """It comes into the queue, and the desks ring."""
        self._until(b"Newstate", b"Ringing")

    def answers(self) -> None:
        """Somebody lifts the receiver."""
        self._until(b"BridgeEnter", b"PJSIP/trunk-")

    def hangs_up(self) -> None:
        """The caller hangs up."""
        self._until(b"QueueMemberStatus", b"")

    def _until(self, event: bytes, has: bytes) -> None:
        said = []
        for count, raw in enumerate(self._frames, 1):
            if (now := self._pretend.pbx.switch.as_now(raw)) is not None:
                said.append(_TIME.sub(f"{time.time():.6f}".encode(), now))
            if event_name(raw) == event and has in raw:
                del self._frames[:count]
                break
        else:
            raise AssertionError(f"this call says no {event.decode()} any more")
        self._pretend.say(*said)
