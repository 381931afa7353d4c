"""Bytes of a frame -> CallEvent | None: the events that decide what happened to a call, and nothing of those that lie.

Left out on purpose, because real Asterisk says untrue things with them: AgentComplete's Reason, QueueCallerAbandon
(also written when the PBX hung up a waiting caller), the Interface and MemberName of AgentConnect (at a pickup they
name the phone that was rung, DestChannel the one that answered), ANSWER in CEL (the dialplan's Answer()).

Who ended a call is told by the first of two events on the caller's channel: HangupRequest = the far end hung up;
SoftHangupRequest = the PBX did (Hangup's own Cause is 0 or 16 in both cases). A caller's hang-up is followed by a
SoftHangupRequest too (with the flag DIALPLAN_OVER, which says nothing), so only the first counts.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ami_bridge.events import (
    CALL_BACK,
    CALL_ID,
    LOGS,
    MARK,
    RING,
    Booted,
    BridgeEntered,
    BridgeLeft,
    CallerDescribed,
    CallerJoined,
    CallerLeft,
    CallEvent,
    CaughtUp,
    Channel,
    ChannelCreated,
    ChannelGone,
    ChannelListed,
    Connected,
    DeskNotReached,
    Dialled,
    HangupAsked,
    HoldChanged,
    Leg,
    Listened,
    MemberSeen,
    MenuSaid,
    OurTestSeen,
    PassedOn,
    PhoneAnswered,
    PhoneRung,
    PickedUp,
    PositionHeard,
    Settled,
    WaiterListed,
    device_of,
)
from ami_bridge.frames import decode, event_name, unescaped
from intake.facts import Position

NOBODY = ("", "<unknown>", "<null>")  # what Asterisk writes for "no number" and "no name"
# Presentation values of CALLERID(pres); `unavailable` says that the network had no number, not that it was withheld.
WITHHELD = "prohib"
NO_WAY = ("4", "5")  # states of a member's device (AST_DEVICE_INVALID, _UNAVAILABLE): nothing can ring there
METADATA = {
    "Presentation": "presentation",
    "AssertedIdentity": "asserted_identity",
    "AccessNetwork": "access_network",
    "Trunk": "trunk",
    "CallId": CALL_ID,
}
DESCRIBED = ("CallerNumber", "CallerName", "Dialled", "Recording", *METADATA)  # of the dialplan's user event
OF_MENU = ("Call", "Step", "Value")  # of the voice menu's
WHERE = ("Uniqueid", "Linkedid", "Channel", "ChannelState", "Context", "Exten")  # as in `Channel`
RINGING = f"\r\nChannelState: {RING}\r\n".encode()
HOLDING = "holding_bridge"  # music for each alone (parking): nobody in it talks to anybody


class Told(Struct, frozen=True):
    """What a frame says; `recovered`: it was read from a log after the fact (resync), not heard."""

    event: CallEvent
    recovered: bool


Said = dict[str, str]  # the headers that were asked for, by their names; the first of each


class _Reader(NamedTuple):
    """How an event is read: all headers it needs in one pass, and what they make."""

    pick: Callable[[str], list[tuple[str, str]]]
    make: Callable[[Said], CallEvent | None]


def read(raw: bytes) -> Told | None:
    """Return what a frame (without its empty line) says of a call, or None when it says nothing that decides."""
    name = event_name(raw)
    reader = _READERS.get(name)
    if reader is None:
        reader = _OF_CALL_BACKS.get(name)
        if reader is None or _CALL_BACK not in raw:
            return None
    event = reader.make(dict(reversed(reader.pick(decode(raw)))))
    return None if event is None else Told(event, b"\r\nRecovered: " in raw)


def is_ring(raw: bytes) -> bool:
    """Tell whether a frame may be a caller's first: a channel that comes in."""
    return raw.startswith(b"Event: Newchannel\r\n") and RINGING in raw


def _created(said: Said) -> CallEvent:
    return ChannelCreated(_at(said), _channel(said))


def _user_event(said: Said) -> CallEvent | None:
    match said.get("UserEvent"):
        case "Intake112":
            return _described(said)
        case "Intake112Test":
            return OurTestSeen(_at(said), said.get("Uniqueid", ""))
        case "Intake112Menu":
            get = said.get
            return MenuSaid(_at(said), get("Uniqueid", ""), get("Call", ""), get("Step", ""), get("Value", ""))
        case _:
            return None


def _described(said: Said) -> CallEvent:
    words = {name: decode(unquote_to_bytes(said.get(name, ""))) for name in DESCRIBED}
    presentation = words["Presentation"]
    return CallerDescribed(
        at=_at(said),
        channel=_channel(said),
        withheld=(WITHHELD in presentation) if presentation else None,
        number=_known(words["CallerNumber"]),
        caller_name=_known(words["CallerName"]),
        dialled=words["Dialled"] or None,
        recording=words["Recording"] or None,
        metadata={wire: words[name] for name, wire in METADATA.items() if words[name]},
    )


def _joined(said: Said) -> CallEvent:
    return CallerJoined(_at(said), _channel(said), said.get("Queue", ""))


def _left(said: Said) -> CallEvent:
    return CallerLeft(_at(said), said.get("Uniqueid", ""))


def _rung(said: Said) -> CallEvent:
    return PhoneRung(_at(said), said.get("Uniqueid", ""), _leg(said, "Dest"), said.get("MemberName", ""))


def _answered(said: Said) -> CallEvent:
    return PhoneAnswered(_at(said), said.get("Uniqueid", ""), _leg(said, "Dest"))


def _picked_up(said: Said) -> CallEvent:
    return PickedUp(_at(said), _leg(said), said.get("TargetUniqueid", ""))


def _entered(said: Said) -> CallEvent:
    holding = said.get("BridgeTechnology") == HOLDING
    return BridgeEntered(_at(said), _leg(said), said.get("BridgeUniqueid", ""), holding)


def _left_bridge(said: Said) -> CallEvent:
    return BridgeLeft(_at(said), said.get("Uniqueid", ""))


def _held(said: Said) -> CallEvent:
    return HoldChanged(_at(said), said.get("Uniqueid", ""), held=True)


def _resumed(said: Said) -> CallEvent:
    return HoldChanged(_at(said), said.get("Uniqueid", ""), held=False)


def _blind(said: Said) -> CallEvent:
    to = said.get("Extension") or None
    return PassedOn(_at(said), _leg(said, "Transferer"), said.get("TransfereeUniqueid", ""), to, attended=False)


def _attended(said: Said) -> CallEvent | None:
    if said.get("DestType") == "Threeway":
        return None  # nobody is passed on: all three talk
    by = _leg(said, "OrigTransferer")
    by_keys = by.uniqueid == said.get("SecondTransfererUniqueid")
    to = None if by_keys else device_of(said.get("TransferTargetChannel", "")) or None
    return PassedOn(_at(said), by, said.get("TransfereeUniqueid", ""), to, attended=True)


def _far_end_asked(said: Said) -> CallEvent:
    return HangupAsked(_at(said), said.get("Uniqueid", ""), by_far_end=True, cause=_number(said.get("Cause", "")))


def _pbx_asked(said: Said) -> CallEvent:
    return HangupAsked(_at(said), said.get("Uniqueid", ""), by_far_end=False, cause=_number(said.get("Cause", "")))


def _gone(said: Said) -> CallEvent:
    cause = f"{said.get('Cause', '')} {said.get('Cause-txt', '')}".strip()
    return ChannelGone(_at(said), said.get("Uniqueid", ""), cause)


def _dialled(said: Said) -> CallEvent | None:
    by = said.get("Uniqueid", "")
    return Dialled(_at(said), by, said.get("DialStatus", "")) if by.startswith(CALL_BACK) else None


def _originated(said: Said) -> CallEvent | None:
    asked = said.get("ActionID", "")
    if said.get("Response") != "Failure" or not asked.startswith(CALL_BACK):
        return None
    return DeskNotReached(_at(said), asked)


def _member(said: Said) -> CallEvent | None:
    member = said.get("Name") or said.get("MemberName")
    interface = said.get("Location") or said.get("Interface") or ""
    device = said.get("StateInterface") or interface
    if not (member and device):
        return None
    return MemberSeen(
        member,
        device,
        queue=said.get("Queue", ""),
        interface=interface,
        membership=said.get("Membership", ""),
        paused=said.get("Paused") == "1",
        reason=said.get("PausedReason", ""),
        reachable=said.get("Status") not in NO_WAY,
        at=_at(said),
    )


def _member_gone(said: Said) -> CallEvent | None:
    seen = _member(said)
    return replace(seen, gone=True) if isinstance(seen, MemberSeen) else None


def _listed(said: Said) -> CallEvent:
    return ChannelListed(_channel(said), said.get("Application", ""), said.get("BridgeId", ""))


def _waiter(said: Said) -> CallEvent:
    return WaiterListed(said.get("Uniqueid", ""), said.get("Queue", ""), _number(said.get("Wait", "")) or 0)


def _booted(said: Said) -> CallEvent | None:
    uptime = _number(said.get("Uptime", ""))
    return None if uptime is None else Booted(uptime)


def _located(said: Said) -> CallEvent | None:
    try:
        return PositionHeard(said.get("CallId", ""), msgspec.json.decode(said.get("Position", ""), type=Position))
    except msgspec.DecodeError:  # of another release
        return None


def _connected(said: Said) -> CallEvent:
    return Connected(said.get("Session", ""), _time(said.get("Alive", "")))


def _caught_up(said: Said) -> CallEvent:
    return CaughtUp(said.get("Logs") == "read", said.get("Gap") != "open", _marks(said), _offset(said))


def _marks(said: Said) -> dict[str, str]:
    return {log: said[MARK + log] for log in LOGS if MARK + log in said}


def _offset(said: Said) -> float | None:
    try:
        return float(said.get("ClockOffset", ""))
    except ValueError:
        return None


def _at(said: Said) -> datetime | None:
    """The PBX's own time of the event (`timestampevents=yes`); list answers carry none."""
    return _time(said.get("Timestamp", ""))


def _time(epoch: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(epoch), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _leg(said: Said, prefix: str = "") -> Leg:
    get = said.get
    return Leg(get(f"{prefix}Uniqueid", ""), get(f"{prefix}Channel", ""), get(f"{prefix}Context", ""))


def _channel(said: Said) -> Channel:
    get = said.get
    return Channel(
        get("Uniqueid", ""),
        get("Linkedid", ""),
        get("Channel", ""),
        get("ChannelState", ""),
        get("Context", ""),
        get("Exten", ""),
        _known(get("CallerIDNum", "")),
        _known(unescaped(get("CallerIDName", ""))),
    )


def _known(value: str) -> str | None:
    return None if value in NOBODY else value


def _number(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() else None


def _reader(make: Callable[[Said], CallEvent | None], *names: str) -> _Reader:
    # A value ends where its line does; Asterisk lets no CR into one.
    one_of = "|".join(re.escape(name) for name in names)
    return _Reader(re.compile(rf"\r\n({one_of}): ?([^\r]*)").findall, make)


_CHANNEL = ("Timestamp", *WHERE, "CallerIDNum", "CallerIDName")
_LEG = ("Timestamp", "Uniqueid", "Channel", "Context")
_DEST = ("Timestamp", "Uniqueid", "DestUniqueid", "DestChannel", "DestContext")
_ASKED = ("Timestamp", "Uniqueid", "Cause")
_OWN = ("Timestamp", "Uniqueid")
_PLACES = ("ClockOffset", *(MARK + log for log in LOGS))
_MEMBER = (
    *("Name", "MemberName", "StateInterface", "Location", "Interface"),
    *("Timestamp", "Queue", "Membership", "Paused", "PausedReason", "Status"),
)
_READERS: dict[bytes, _Reader] = {
    b"Newchannel": _reader(_created, *_CHANNEL),
    b"UserEvent": _reader(_user_event, "UserEvent", *_CHANNEL, *DESCRIBED, *OF_MENU),
    b"QueueCallerJoin": _reader(_joined, "Queue", *_CHANNEL),
    b"QueueCallerLeave": _reader(_left, *_OWN),
    b"AgentCalled": _reader(_rung, "MemberName", *_DEST),
    b"DialBegin": _reader(_rung, "MemberName", *_DEST),
    b"AgentConnect": _reader(_answered, *_DEST),
    b"Pickup": _reader(_picked_up, "TargetUniqueid", *_LEG),
    b"BridgeEnter": _reader(_entered, "BridgeTechnology", "BridgeUniqueid", *_LEG),
    b"BridgeLeave": _reader(_left_bridge, *_OWN),
    b"Hold": _reader(_held, *_OWN),
    b"Unhold": _reader(_resumed, *_OWN),
    b"BlindTransfer": _reader(
        _blind, "Timestamp", "Extension", "TransfereeUniqueid", *(f"Transferer{name}" for name in _LEG[1:])
    ),
    b"AttendedTransfer": _reader(
        _attended,
        *("Timestamp", "DestType", "TransferTargetChannel", "TransfereeUniqueid", "SecondTransfererUniqueid"),
        *(f"OrigTransferer{name}" for name in _LEG[1:]),
    ),
    b"HangupRequest": _reader(_far_end_asked, *_ASKED),
    b"SoftHangupRequest": _reader(_pbx_asked, *_ASKED),
    b"Hangup": _reader(_gone, "Cause-txt", *_ASKED),
    b"QueueMember": _reader(_member, *_MEMBER),
    b"QueueMemberAdded": _reader(_member, *_MEMBER),
    b"QueueMemberPause": _reader(_member, *_MEMBER),
    b"QueueMemberStatus": _reader(_member, *_MEMBER),
    b"QueueMemberRemoved": _reader(_member_gone, *_MEMBER),
    b"CoreShowChannel": _reader(_listed, "Application", "BridgeId", *_CHANNEL),
    b"QueueEntry": _reader(_waiter, "Queue", "Wait", *_OWN),
    b"FullyBooted": _reader(_booted, "Uptime"),
    b"IntakeConnected": _reader(_connected, "Session", "Alive"),
    b"IntakeCaughtUp": _reader(_caught_up, "Logs", "Gap", *_PLACES),
    b"IntakePosition": _reader(_located, "CallId", "Position"),
    b"IntakeSettled": _reader(lambda said: Settled(), "Session"),
    b"IntakeListened": _reader(lambda said: Listened(_marks(said), _offset(said)), *_PLACES),
}

# Of these only what belongs to a call back is read: every phone that is rung has a DialEnd.
_CALL_BACK = f": {CALL_BACK}".encode()
_OF_CALL_BACKS: dict[bytes, _Reader] = {
    b"DialEnd": _reader(_dialled, "DialStatus", *_OWN),
    b"OriginateResponse": _reader(_originated, "Timestamp", "ActionID", "Response"),
}

# Events the line keeps; every other is dropped by its name before it is decoded. Those that decide nothing here stay on
# the tape for who reads it.
KEPT = frozenset(
    [
        *(name for name in (*_READERS, *_OF_CALL_BACKS) if not name.startswith(b"Intake")),
        *(b"QueueCallerAbandon", b"AgentComplete", b"AgentRingNoAnswer", b"LocalBridge"),
        *(b"QueueParams", b"QueueStatusComplete"),
        *(b"CoreShowChannelsComplete", b"Shutdown", b"Reload"),
    ]
)
