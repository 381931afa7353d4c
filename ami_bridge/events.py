"""Frame -> CallEvent | None: the events that decide what happened to a call, and nothing of those that lie.

Left out on purpose, because real Asterisk says untrue things with them: AgentComplete's Reason, QueueCallerAbandon
(also written when the PBX hung up a waiting caller), the Interface and MemberName of AgentConnect (at a pickup they
name the phone that was rung, DestChannel the one that answered), ANSWER in CEL (the dialplan's Answer()).

Who ended a call is told by the first of two events on the caller's channel: HangupRequest = the far end hung up;
SoftHangupRequest = the PBX did (Hangup's own Cause is 0 or 16 in both cases). A caller's hang-up is followed by a
SoftHangupRequest too, so only the first counts.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import unquote_to_bytes

from ami_bridge.frames import Frame, decode

RING = "4"  # ChannelState of a call that comes in; an outgoing leg starts Down (0)
NOBODY = ("", "<unknown>", "<null>")  # what Asterisk writes for "no number" and "no name"
# Presentation values of CALLERID(pres); `unavailable` says that the network had no number, not that it was withheld.
WITHHELD = "prohib"


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as an event shows it; empty strings where Asterisk says nothing."""

    uniqueid: str
    linkedid: str
    name: str
    state: str
    context: str
    exten: str
    number: str | None
    caller_name: str | None

    @property
    def is_local(self) -> bool:
        """A Local channel is a helper inside the PBX, never a caller."""
        return self.name.startswith("Local/")

    @property
    def device(self) -> str:
        """The device behind the channel: `PJSIP/op1` of `PJSIP/op1-0000001a`."""
        return self.name.rpartition("-")[0] or self.name


@dataclass(frozen=True, slots=True)
class ChannelCreated:
    at: datetime | None
    channel: Channel


@dataclass(frozen=True, slots=True)
class CallerDescribed:
    """The dialplan's user event: what the trunk said of the caller. `withheld` None: it said nothing we understand."""

    at: datetime | None
    channel: Channel
    withheld: bool | None
    number: str | None
    caller_name: str | None
    dialled: str | None
    recording: str | None
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True)
class CallerJoined:
    """The caller waits in a queue."""

    at: datetime | None
    channel: Channel
    queue: str


@dataclass(frozen=True, slots=True)
class CallerLeft:
    """The caller waits no longer: answered, gave up or sent on; this event does not say which."""

    at: datetime | None
    uniqueid: str


@dataclass(frozen=True, slots=True)
class PhoneRung:
    """The queue rings a member's phone for a caller."""

    at: datetime | None
    uniqueid: str
    phone: Channel
    member: str


@dataclass(frozen=True, slots=True)
class PhoneAnswered:
    """A phone answered the queue's caller. `phone` is the one that answered, rung or picked up."""

    at: datetime | None
    uniqueid: str
    phone: Channel


@dataclass(frozen=True, slots=True)
class HangupAsked:
    """Somebody ends a channel: `by_far_end`, or the PBX."""

    at: datetime | None
    uniqueid: str
    by_far_end: bool
    cause: int | None


@dataclass(frozen=True, slots=True)
class ChannelGone:
    at: datetime | None
    uniqueid: str
    cause: str


@dataclass(frozen=True, slots=True)
class MemberSeen:
    """A queue member and the device it answers on."""

    member: str
    device: str


@dataclass(frozen=True, slots=True)
class ChannelListed:
    """An answer to CoreShowChannels; `bridge` is empty for a channel that is in none."""

    channel: Channel
    application: str
    bridge: str


@dataclass(frozen=True, slots=True)
class WaiterListed:
    """An answer to QueueStatus: a caller waits in a queue."""

    uniqueid: str
    queue: str
    waited_s: int


@dataclass(frozen=True, slots=True)
class Connected:
    """Our own mark on the tape: a new AMI session begins; what was known before must be seen again."""


@dataclass(frozen=True, slots=True)
class ChannelsComplete:
    """The snapshot's last answer."""


@dataclass(frozen=True, slots=True)
class PbxStopping:
    at: datetime | None


CallEvent = (
    ChannelCreated
    | CallerDescribed
    | CallerJoined
    | CallerLeft
    | PhoneRung
    | PhoneAnswered
    | HangupAsked
    | ChannelGone
    | MemberSeen
    | ChannelListed
    | WaiterListed
    | Connected
    | ChannelsComplete
    | PbxStopping
)


def is_recovered(frame: Frame) -> bool:
    """Tell whether the frame was read from the CEL file after the fact (resync), not heard."""
    return bool(frame.get("Recovered"))


def read(frame: Frame) -> CallEvent | None:
    """Return what the frame says of a call, or None when it says nothing that decides."""
    get = frame.get
    match frame.event:
        case "Newchannel":
            return ChannelCreated(_at(frame), _channel(frame))
        case "UserEvent" if get("UserEvent") == "Intake112":
            return _described(frame)
        case "QueueCallerJoin":
            return CallerJoined(_at(frame), _channel(frame), get("Queue"))
        case "QueueCallerLeave":
            return CallerLeft(_at(frame), get("Uniqueid"))
        case "AgentCalled":
            return PhoneRung(_at(frame), get("Uniqueid"), _channel(frame, "Dest"), get("MemberName"))
        case "AgentConnect":
            return PhoneAnswered(_at(frame), get("Uniqueid"), _channel(frame, "Dest"))
        case "HangupRequest" | "SoftHangupRequest" as name:
            return HangupAsked(_at(frame), get("Uniqueid"), name == "HangupRequest", _number(get("Cause")))
        case "Hangup":
            return ChannelGone(_at(frame), get("Uniqueid"), f"{get('Cause')} {get('Cause-txt')}".strip())
        case "QueueMember" | "QueueMemberAdded" | "QueueMemberStatus":
            member = get("Name") or get("MemberName")
            device = get("StateInterface") or get("Location") or get("Interface")
            return MemberSeen(member, device) if member and device else None
        case "CoreShowChannel":
            return ChannelListed(_channel(frame), get("Application"), get("BridgeId"))
        case "QueueEntry":
            return WaiterListed(get("Uniqueid"), get("Queue"), _number(get("Wait")) or 0)
        case "CoreShowChannelsComplete":
            return ChannelsComplete()
        case "Shutdown":
            return PbxStopping(_at(frame))
        case "IntakeConnected":
            return Connected()
        case _:
            return None


# Events the line keeps; every other is dropped by its name before it is decoded.
KEPT = frozenset(
    [
        *(b"Newchannel", b"UserEvent", b"HangupRequest", b"SoftHangupRequest", b"Hangup", b"Hold", b"Unhold"),
        *(b"QueueCallerJoin", b"QueueCallerLeave", b"QueueCallerAbandon"),
        *(b"AgentCalled", b"AgentConnect", b"AgentComplete", b"AgentRingNoAnswer", b"DialBegin", b"DialEnd"),
        *(b"BridgeEnter", b"BridgeLeave", b"BlindTransfer", b"AttendedTransfer", b"Pickup", b"LocalBridge"),
        *(b"QueueMember", b"QueueMemberAdded", b"QueueMemberRemoved", b"QueueMemberStatus", b"QueueMemberPause"),
        *(b"QueueParams", b"QueueEntry", b"QueueStatusComplete", b"CoreShowChannel", b"CoreShowChannelsComplete"),
        *(b"FullyBooted", b"Shutdown", b"Reload"),
    ]
)


def _at(frame: Frame) -> datetime | None:
    """The PBX's own time of the event (`timestampevents=yes`); list answers carry none."""
    try:
        return datetime.fromtimestamp(float(frame.get("Timestamp")), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _channel(frame: Frame, prefix: str = "") -> Channel:
    get = frame.get
    return Channel(
        uniqueid=get(f"{prefix}Uniqueid"),
        linkedid=get(f"{prefix}Linkedid"),
        name=get(f"{prefix}Channel"),
        state=get(f"{prefix}ChannelState"),
        context=get(f"{prefix}Context"),
        exten=get(f"{prefix}Exten"),
        number=_known(get(f"{prefix}CallerIDNum")),
        caller_name=_known(get(f"{prefix}CallerIDName")),
    )


def _described(frame: Frame) -> CallerDescribed:
    said = {name: decode(unquote_to_bytes(value)) for name, value in frame.headers}
    presentation = said.get("Presentation", "")
    withheld = (WITHHELD in presentation) if presentation else None
    return CallerDescribed(
        at=_at(frame),
        channel=_channel(frame),
        withheld=withheld,
        number=_known(said.get("CallerNumber", "")),
        caller_name=_known(said.get("CallerName", "")),
        dialled=said.get("Dialled") or None,
        recording=said.get("Recording") or None,
        metadata={
            wire: said[name]
            for name, wire in (
                ("Presentation", "presentation"),
                ("AssertedIdentity", "asserted_identity"),
                ("AccessNetwork", "access_network"),
                ("Trunk", "trunk"),
            )
            if said.get(name)
        },
    )


def _known(value: str) -> str | None:
    return None if value in NOBODY else value


def _number(value: str) -> int | None:
    return int(value) if value.isascii() and value.isdigit() else None
