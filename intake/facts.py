"""What happened on the telephone line, in the words of the desk. The bridge makes facts; `booking.book` saves them.

A fact is about one call, named by its key: the PBX and the uniqueid of the caller's own channel. Every fact may come
twice (two bridges, a replayed tape): booking it again changes nothing. `at` is the PBX's time, aware UTC.
"""

from datetime import datetime
from typing import Final, Literal

from msgspec import Struct, field

MACHINE: Final = "PBX"  # the author of what the line tells
Outcome = Literal["answered", "abandoned", "overflow", "failed"]
LegKind = Literal["operator", "agency", "overflow"]
"""An agency's leg goes out over the trunk; overflow is the voice menu, which nobody rings and no human answers."""
CallBackResult = Literal[
    "busy",
    "no_answer",
    "unreachable",
    "refused",
    "cancelled",
    "desk_busy",
    "desk_no_answer",
    "desk_unreachable",
    "unknown",
]
"""Why nobody was reached who was called back: the caller's side, then the desk's own telephone. `refused`: the PBX does
not dial this number; `cancelled`: the desk hung up while it rang; `unknown`: nobody heard how it ended."""


class CallKey(Struct, frozen=True):
    """Which call: PBX name and uniqueid of the caller's own channel."""

    pbx: str
    uniqueid: str


class Arrived(Struct, frozen=True):
    """A caller rings 112: opens a report. `recovered`: learnt from a snapshot or a log, not live.

    `late`: the ring itself was no 112 call by the line's rules; the caller joined the line's queue all the same.
    """

    key: CallKey
    at: datetime
    linkedid: str
    trunk: str | None
    dialled: str
    number_raw: str | None
    name: str | None
    recovered: bool = False
    late: bool = False


class Described(Struct, frozen=True):
    """What the trunk said of the caller (one user event of the dialplan). None: it did not say."""

    key: CallKey
    at: datetime
    withheld: bool | None
    number_raw: str | None = None
    name: str | None = None
    dialled: str | None = None
    recording: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)


class Position(Struct, frozen=True):
    """Where a caller's network says he is (PIDF-LO): degrees of WGS 84, `radius_m` in metres, as it came.

    `method` and `provided_by` in the network's words; `measured_at` by its clock. `civic`: an address; `reference`:
    where a position could be asked for, and is not.
    """

    lat: float | None = None
    lon: float | None = None
    radius_m: float | None = None
    method: str | None = None
    measured_at: datetime | None = None
    provided_by: str | None = None
    civic: str | None = None
    reference: str | None = None


class Located(Struct, frozen=True):
    """The INVITE of the call, or a later one, told where the caller is."""

    key: CallKey
    at: datetime
    position: Position


class OurTest(Struct, frozen=True):
    """It is our own test call, which came back over the trunk: nobody is to do anything with its report."""

    key: CallKey
    at: datetime


class Queued(Struct, frozen=True):
    """The caller waits in a queue; `leg` names this spell of waiting."""

    key: CallKey
    at: datetime
    queue: str
    leg: str


class Rang(Struct, frozen=True):
    """A phone is rung for the caller; `leg` is the uniqueid of its channel."""

    key: CallKey
    at: datetime
    leg: str
    device: str
    member: str | None
    kind: LegKind = "operator"


class Taken(Struct, frozen=True):
    """A human answered: the caller is joined to `device`. `at` None: nothing we hold says when."""

    key: CallKey
    at: datetime | None
    leg: str
    device: str
    member: str | None
    kind: LegKind = "operator"


class Held(Struct, frozen=True):
    """The talk stands still: `by` (a device, None: the caller) put the other side on hold."""

    key: CallKey
    at: datetime
    by: str | None


class Resumed(Struct, frozen=True):
    """The talk goes on after `Held`."""

    key: CallKey
    at: datetime


class Transferred(Struct, frozen=True):
    """A phone (`by`, a device) passed the caller on: to a number (blind) or to whom it had asked first (`attended`)."""

    key: CallKey
    at: datetime
    by: str | None
    to: str | None
    attended: bool


class MenuAnswered(Struct, frozen=True):
    """Nobody answered in time: the voice menu did, and promises a call back. `leg` ends when the caller leaves it."""

    key: CallKey
    at: datetime
    leg: str


class MenuChosen(Struct, frozen=True):
    """The caller told the menu what is the matter: the code of a kind."""

    key: CallKey
    at: datetime
    kind: str


class MessageBegan(Struct, frozen=True):
    """The menu records what the caller says, into this file of the PBX's recordings."""

    key: CallKey
    at: datetime
    file: str


class JoinedWith(Struct, frozen=True):
    """The caller talks to another 112 caller; each of the two calls has this fact, naming the other."""

    key: CallKey
    at: datetime
    other: CallKey


class Untaped(Struct, frozen=True):
    """From here on this call, or a part of it, is on no tape: the disk took nothing. Once per call."""

    key: CallKey
    at: datetime


class LegEnded(Struct, frozen=True):
    """A leg (phone or spell of waiting) is over; `cause` in Asterisk's words."""

    key: CallKey
    at: datetime
    leg: str
    cause: str | None


class Ended(Struct, frozen=True):
    """The caller's own channel is gone. A known `outcome` never changes after this.

    `at`, `outcome` None: nothing we hold says when, or how. Who knows it (another bridge, a log) may say it later.
    """

    key: CallKey
    at: datetime | None
    outcome: Outcome | None
    cause: str | None
    recovered: bool = False


class CallBackBegan(Struct, frozen=True):
    """A desk's telephone (`device`) rings, to call somebody back.

    The key of these three is that of the desk's own channel, which names the request it was asked by.
    """

    key: CallKey
    at: datetime
    device: str


class CallBackTaken(Struct, frozen=True):
    """Who was called back and the desk hear each other. `at` None: nothing we hold says since when."""

    key: CallKey
    at: datetime | None


class CallBackOver(Struct, frozen=True):
    """A call back is over. `result` None: it was taken. `at` None: nothing we hold says when."""

    key: CallKey
    at: datetime | None
    result: CallBackResult | None
    cause: str | None


CallBackFact = CallBackBegan | CallBackTaken | CallBackOver
"""A call back is a leg of its report: it opens none, and changes nothing of the caller's own call."""


class Member(Struct, frozen=True):
    """A member of a queue: what the queue rings (`interface`), the telephone behind it (`device`), and whether it does.

    `reason` is the PBX's, of the pause. `reachable` False: the PBX knows of no way to the telephone.
    """

    queue: str
    interface: str
    device: str
    name: str
    membership: str
    paused: bool
    reason: str
    reachable: bool


class MemberIs(Struct, frozen=True):
    """So is a member from now on."""

    pbx: str
    at: datetime
    member: Member


class MemberGone(Struct, frozen=True):
    """A member was taken out of its queue."""

    pbx: str
    at: datetime
    queue: str
    interface: str


class MembersAre(Struct, frozen=True):
    """All members of the line's queues: who is not among them is none."""

    pbx: str
    at: datetime
    members: tuple[Member, ...]


MemberFact = MemberIs | MemberGone | MembersAre
"""Facts of no call: whom the queue rings."""

CallFact = (
    Arrived
    | Described
    | Located
    | OurTest
    | Queued
    | Rang
    | Taken
    | Held
    | Resumed
    | Transferred
    | MenuAnswered
    | MenuChosen
    | MessageBegan
    | JoinedWith
    | Untaped
    | LegEnded
    | Ended
)
Fact = CallFact | CallBackFact
Told = Fact | MemberFact
"""All that a bridge tells the desk."""
