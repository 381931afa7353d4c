"""One call back, from the desk's ringing telephone to its end: what is known of it + what happens -> the same + facts.

The desk's own channel is made by our request and has the request's id as its uniqueid, so whoever hears it knows which
one it is: another bridge, the next start, the CEL file. It dials the caller in `intake-out`; done is a call back only
when the caller's channel and this one are in one bridge. Why it came to nothing is told by how the dialling ended or,
when nothing was dialled, by the cause with which the desk's channel ends: `intake-out` has one of its own for each.
"""

from datetime import datetime
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from ami_bridge.events import CALL_BACK
from intake.facts import CallBackBegan, CallBackOver, CallBackResult, CallBackTaken, CallKey, Fact

# ITU-T Q.850 causes of the desk's channel: facility rejected and network out of order are `intake-out`'s words, the
# others are said of the desk's telephone.
NOTHING_DIALLED: Final[dict[str, CallBackResult]] = {"29": "refused", "38": "unreachable", "17": "desk_busy"}
NOT_SEEN: Final = "not seen"
DIALLING: Final[dict[str, CallBackResult]] = {"BUSY": "busy", "NOANSWER": "no_answer", "CANCEL": "cancelled"}


class CallBack(Struct, frozen=True):
    """What is known of a call back under way. `unsure`: a part of it was missed, and no log told it."""

    device: str
    status: str = ""  # how the dialling ended, empty before
    taken: bool = False
    unsure: bool = False


def is_one(uniqueid: str) -> bool:
    """Tell whether a channel, by its uniqueid, was made to call somebody back."""
    return uniqueid.startswith(CALL_BACK)


def channel_of(request: str) -> str:
    """Return the uniqueid of the channel that a request calls back with."""
    return CALL_BACK + request


def begin(key: CallKey, device: str, at: datetime) -> tuple[CallBack, list[Fact]]:
    """Return a new call back."""
    return CallBack(device), [CallBackBegan(key, at, device)]


def take(key: CallKey, one: CallBack, at: datetime | None) -> tuple[CallBack, list[Fact]]:
    """Return it after the caller and the desk heard each other."""
    return (one, []) if one.taken else (replace(one, taken=True), [CallBackTaken(key, at)])


def end(key: CallKey, one: CallBack, at: datetime, cause: str) -> list[Fact]:
    """Return what it makes that the desk's channel is gone; `cause` as in ChannelGone."""
    return [CallBackOver(key, at, None if one.taken else _result(one, cause), cause or None)]


def end_unseen(key: CallKey, one: CallBack) -> list[Fact]:
    """Return what it makes that the desk's channel is no more, and nobody heard it end."""
    return [CallBackOver(key, None, None if one.taken else "unknown", NOT_SEEN)]


def desk_not_reached(key: CallKey, at: datetime) -> list[Fact]:
    """Return what it makes that there is no telephone to be rung at the desk."""
    return [CallBackOver(key, at, "desk_unreachable", None)]


def _result(one: CallBack, cause: str) -> CallBackResult:
    if one.status:
        return DIALLING.get(one.status, "unreachable")
    if one.unsure:
        return "unknown"
    return NOTHING_DIALLED.get(cause.partition(" ")[0], "desk_no_answer")
