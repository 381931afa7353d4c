"""What happens on a PBX, as far as it decides anything about a call: values, read from frames by `reading`."""

from datetime import datetime

from msgspec import Struct

from intake.facts import Position

RING = "4"  # ChannelState of a call that comes in; an outgoing leg starts Down
DOWN = "0"
# Applications of a channel that was called *by* the PBX: such a channel is nobody's ring.
CALLED_BY_US = ("AppDial", "AppDial2", "AppQueue")
SHUTDOWN = (
    4  # the flag of a SoftHangupRequest that a stopping Asterisk sends to every channel (AST_SOFTHANGUP_SHUTDOWN)
)
# The flag of the SoftHangupRequest with which every channel that ran the dialplan ends (AST_SOFTHANGUP_APPUNLOAD): it
# follows whoever asked, and comes alone when the dialplan was over.
DIALPLAN_OVER = 16
# Begins the uniqueid of a desk's channel that calls somebody back, and the ActionID with which that was asked for; the
# rest is the id of the request.
CALL_BACK = "callback-"
CALL_ID = "sip_call_id"  # in what the dialplan tells of a caller: the INVITE's, by which its position is found
LOGS = ("Cel", "QueueLog")
MARK = "Mark-"  # begins the headers of our own marks that say how far a log was read


def device_of(name: str) -> str:
    """Return the device behind a channel's name: `PJSIP/op1` of `PJSIP/op1-0000001a`."""
    return name.rpartition("-")[0] or name


class Channel(Struct, frozen=True):
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
        return device_of(self.name)


class Leg(Struct, frozen=True):
    """As much of a channel as tells whose it is: a phone, a Local half, an agency's line."""

    uniqueid: str
    name: str
    context: str

    @property
    def device(self) -> str:
        """The device behind the channel."""
        return device_of(self.name)


class OfSession(Struct, frozen=True):
    """What is told of a session, or of the PBX as a whole; everything else has a time and happens to a channel."""


class ChannelCreated(Struct, frozen=True):
    at: datetime | None
    channel: Channel


class CallerDescribed(Struct, frozen=True):
    """The dialplan's user event: what the trunk said of the caller. `withheld` None: it said nothing we understand."""

    at: datetime | None
    channel: Channel
    withheld: bool | None
    number: str | None
    caller_name: str | None
    dialled: str | None
    recording: str | None
    metadata: dict[str, str]


class CallerJoined(Struct, frozen=True):
    """The caller waits in a queue."""

    at: datetime | None
    channel: Channel
    queue: str


class CallerLeft(Struct, frozen=True):
    """The caller waits no longer: answered, gave up or sent on; this event does not say which."""

    at: datetime | None
    uniqueid: str


class PhoneRung(Struct, frozen=True):
    """A channel (`by`; empty: nobody, a call we make) dials another: a caller in a queue or a Local half a phone."""

    at: datetime | None
    by: str
    phone: Leg
    member: str


class PhoneAnswered(Struct, frozen=True):
    """A phone answered the queue's caller. `phone` is the one that answered, rung or picked up, or a Local half."""

    at: datetime | None
    uniqueid: str
    phone: Leg


class PickedUp(Struct, frozen=True):
    """A phone takes a call that another one (`target`) is rung for."""

    at: datetime | None
    phone: Leg
    target: str


class BridgeEntered(Struct, frozen=True):
    """Who is in one bridge hears each other; in a `holding` bridge nobody does."""

    at: datetime | None
    channel: Leg
    bridge: str
    holding: bool


class BridgeLeft(Struct, frozen=True):
    at: datetime | None
    uniqueid: str


class HoldChanged(Struct, frozen=True):
    """A phone pressed hold, or took it back."""

    at: datetime | None
    uniqueid: str
    held: bool


class PassedOn(Struct, frozen=True):
    """A phone (`by`) passes on whom it talks to: to a number, or (`attended`) to the device it had asked first.

    `to` is None when it asked by its keys: the event may name a wire of the PBX that is being taken out, or nobody.
    """

    at: datetime | None
    by: Leg
    transferee: str
    to: str | None
    attended: bool


class OurTestSeen(Struct, frozen=True):
    """The dialplan takes a caller for our own test call."""

    at: datetime | None
    uniqueid: str


class MenuSaid(Struct, frozen=True):
    """The voice menu tells what it did for a caller: `step` is answered, kind or message, `value` what goes with it.

    `leg` is the channel by which the caller has the menu, `caller` the caller's own.
    """

    at: datetime | None
    leg: str
    caller: str
    step: str
    value: str


class HangupAsked(Struct, frozen=True):
    """Somebody ends a channel: `by_far_end`, or the PBX (`cause` is then a flag: SHUTDOWN, DIALPLAN_OVER, another)."""

    at: datetime | None
    uniqueid: str
    by_far_end: bool
    cause: int | None


class ChannelGone(Struct, frozen=True):
    at: datetime | None
    uniqueid: str
    cause: str


class Dialled(Struct, frozen=True):
    """A channel that calls back dials no longer: `status` says how that went, in Asterisk's word (ANSWER, BUSY, …)."""

    at: datetime | None
    uniqueid: str
    status: str


class DeskNotReached(Struct, frozen=True):
    """The PBX could not call the desk's own telephone for a call back; where it made a channel, its end says why."""

    at: datetime | None
    uniqueid: str


class MemberSeen(OfSession, frozen=True):
    """A queue member and the device it answers on; `gone`: it was taken out of the queue. A list carries no time."""

    member: str
    device: str
    queue: str = ""
    interface: str = ""
    membership: str = ""
    paused: bool = False
    reason: str = ""
    reachable: bool = True
    gone: bool = False
    at: datetime | None = None


class ChannelListed(OfSession, frozen=True):
    """An answer to CoreShowChannels; `bridge` is empty for a channel that is in none."""

    channel: Channel
    application: str
    bridge: str


class WaiterListed(OfSession, frozen=True):
    """An answer to QueueStatus: a caller waits in a queue."""

    uniqueid: str
    queue: str
    waited_s: int


class PositionHeard(OfSession, frozen=True):
    """Our own: an INVITE with this Call-ID told where its caller is. Which call that is, `places` knows."""

    call_id: str
    position: Position


class Settled(OfSession, frozen=True):
    """Our mark: the PBX's lists are told, and all that was under way while it wrote them."""


class Booted(OfSession, frozen=True):
    """The PBX runs since so many seconds."""

    uptime_s: int


class Connected(OfSession, frozen=True):
    """Our mark: an AMI session begins; what was known must be seen again. `alive`: the PBX's last sign of life."""

    session: str
    alive: datetime | None


class CaughtUp(OfSession, frozen=True):
    """Our mark: what the logs (`logs` False: there are none, or they cannot be read) hold of the gap was told."""

    logs: bool
    gap_closed: bool
    marks: dict[str, str]
    clock_offset_s: float | None


class Listened(OfSession, frozen=True):
    """Our mark: all that the logs hold up to these places was heard live; the PBX's clock is so far ahead of ours."""

    marks: dict[str, str]
    clock_offset_s: float | None


CallEvent = (
    ChannelCreated
    | CallerDescribed
    | CallerJoined
    | CallerLeft
    | PhoneRung
    | PhoneAnswered
    | PickedUp
    | BridgeEntered
    | BridgeLeft
    | HoldChanged
    | PassedOn
    | MenuSaid
    | OurTestSeen
    | HangupAsked
    | ChannelGone
    | Dialled
    | DeskNotReached
    | MemberSeen
    | ChannelListed
    | WaiterListed
    | PositionHeard
    | Settled
    | Booted
    | Connected
    | CaughtUp
    | Listened
)
