"""What happened on the telephone line, in the words of the desk. The bridge makes facts; `desk.book` saves them.

A fact is about one call, named by its key: the PBX and the uniqueid of the caller's own channel. Every fact may come
twice (two bridges, a replayed tape): booking it again changes nothing. `at` is the PBX's time, aware UTC.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Outcome = Literal["answered", "abandoned", "overflow", "failed"]


@dataclass(frozen=True, slots=True)
class CallKey:
    """Which call: PBX name and uniqueid of the caller's own channel."""

    pbx: str
    uniqueid: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """A caller rings 112: opens a report. `recovered`: learnt from a snapshot or a log, not live."""

    key: CallKey
    at: datetime
    linkedid: str
    trunk: str | None
    dialled: str
    number_raw: str | None
    name: str | None
    recovered: bool = False


@dataclass(frozen=True, slots=True)
class Described:
    """What the trunk said of the caller (one user event of the dialplan). None: it did not say."""

    key: CallKey
    at: datetime
    withheld: bool | None
    number_raw: str | None = None
    name: str | None = None
    dialled: str | None = None
    recording: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Queued:
    """The caller waits in a queue; `leg` names this spell of waiting."""

    key: CallKey
    at: datetime
    queue: str
    leg: str


@dataclass(frozen=True, slots=True)
class Rang:
    """A phone is rung for the caller; `leg` is the uniqueid of its channel."""

    key: CallKey
    at: datetime
    leg: str
    device: str
    member: str | None


@dataclass(frozen=True, slots=True)
class Taken:
    """A human answered: the caller is joined to `device`. `at` None: nothing we hold says when."""

    key: CallKey
    at: datetime | None
    leg: str
    device: str
    member: str | None


@dataclass(frozen=True, slots=True)
class LegEnded:
    """A leg (phone or spell of waiting) is over; `cause` in Asterisk's words."""

    key: CallKey
    at: datetime
    leg: str
    cause: str | None


@dataclass(frozen=True, slots=True)
class Ended:
    """The caller's own channel is gone. `outcome` never changes after this; `at` None: nothing we hold says when."""

    key: CallKey
    at: datetime | None
    outcome: Outcome | None
    cause: str | None
    recovered: bool = False


Fact = Arrived | Described | Queued | Rang | Taken | LegEnded | Ended
