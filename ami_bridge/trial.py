"""A test call into the line, to see with our own ears that a caller is heard whatever he is called and has dialled.

It must make no report and ring no telephone, and still prove the event filters, the rights and the dialplan. So the
hand has Asterisk call `Local/FORM@CONTEXT`: a Local channel is nobody's ring, live, in a resync, or in `reconcile`
(`threads`). It waits in the queue with two variables of Queue() that it inherits: QUEUE_MIN_PENALTY, above which no
member is, so nobody's telephone rings (seen on 22), and QUEUE_PRIO=-1, so that it stands behind every caller, those
too who come after it. It is hung up as soon as it was heard in the queue, half a second after it began; whatever
befalls us, Asterisk ends it after LONGEST_S. Its channels have names of our own, so what the PBX wrote of it is
found, and its recording can be taken away.

An event filter that is not anchored is compared with the whole event, so it hides a caller whose name holds `Event:
VarSet` (seen). The test caller's name holds all that a filter may look for. The Newchannel of a Local channel comes
before it has a name; the three events that follow have it.
"""

import contextlib
import uuid
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from ami_bridge.asking import Asked
from ami_bridge.frames import Frame
from ami_bridge.line import LineError

LONGEST_S: Final = 10  # less than OVERFLOW_EMPTY_S: it never gets the voice menu
HEARD_WITHIN_S: Final = 2.5
NAME: Final = "Event: VarSet Event: Newexten Event: RTCPSent Event: TestEvent"
PLAIN: Final = "intake112 doctor"
FORMS: Final = ("112", "0328112", "+62112", "s")  # how carriers deliver 112
AWAITED: Final = ("Newchannel", "UserEvent", "QueueCallerJoin", "Hangup")
NOBODY: Final = "__QUEUE_MIN_PENALTY=2000000000,__QUEUE_PRIO=-1"  # two underscores: the other half inherits it too


@dataclass(frozen=True, slots=True)
class Trial:
    """One test call: the channel in the dialplan, the events of AWAITED that were not heard of it, and its recording's
    name, if it was told."""

    uniqueid: str
    unheard: tuple[str, ...]
    recording: str


async def call(ear: Asked, hand: Asked, context: str, form: str, name: str) -> Trial:
    """Call a dialled form of a context of the line under a name, listen, and hang up. Raises LineError."""
    near = f"intake112-doctor-{uuid.uuid4().hex[:8]}"
    far = f"{near}-2"
    before = len(ear.heard)
    begun = {"Channel": f"Local/{form}@{context}", "ChannelId": near, "OtherChannelId": far}
    waits = {"Application": "Wait", "Data": str(LONGEST_S), "Async": "true", "Timeout": "5000"}
    try:
        await hand.line.action("Originate", **begun, **waits, CallerID=f'"{name}" <112>', Variable=NOBODY)
        await _hear(ear, far, before, AWAITED[:-1])
    finally:
        with contextlib.suppress(LineError):  # it is over already, or the line is lost, and then Wait ends it
            await hand.line.action("Hangup", Channel=near)
    await _hear(ear, far, before, AWAITED[-1:])
    heard = {one.event: one for one in ear.heard[before:] if one.get("Uniqueid") == far}
    described = heard.get("UserEvent", Frame(()))
    unheard = tuple(event for event in AWAITED if event not in heard)
    return Trial(far, unheard, unquote(described.get("Recording")))


async def _hear(ear: Asked, uniqueid: str, after: int, events: tuple[str, ...]) -> None:
    """Listen until each event has come, or the call is over, or for HEARD_WITHIN_S."""
    awaited = set(events)

    def heard(one: Frame) -> bool:
        if one.get("Uniqueid") == uniqueid:
            awaited.discard(one.event)
        return not awaited or (one.get("Uniqueid"), one.event) == (uniqueid, AWAITED[-1])

    with contextlib.suppress(TimeoutError):
        await ear.until(heard, after, HEARD_WITHIN_S)
