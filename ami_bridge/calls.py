"""One call, from its ring to its end: Call + CallEvent + now -> Call + facts.

A call is advanced by the events of its own caller's channel and of the phones rung for it; which channels those are is
known by `threads`. The outcome is decided once, at the hang-up of the caller's own channel, from two things only: did a
human answer, and who hung up first.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal, Self, assert_never

from ami_bridge.events import (
    CallerDescribed,
    CallerJoined,
    CallerLeft,
    ChannelGone,
    HangupAsked,
    PhoneAnswered,
    PhoneRung,
)
from intake.facts import CallKey, Described, Ended, Fact, LegEnded, Outcome, Queued, Rang, Taken

# ITU-T Q.850 causes with which a caller's network says that the *caller* ended it; any other is the trunk's fault.
CALLER_GAVE_UP = frozenset({None, 0, 16, 17, 18, 19, 26, 31, 127})
OwnEvent = CallerDescribed | CallerJoined | CallerLeft | PhoneRung | PhoneAnswered | HangupAsked | ChannelGone
Ender = Literal["caller", "network", "pbx"]


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone that was rung for the caller or talks to them; its channel's uniqueid is its key."""

    device: str
    member: str | None
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """The whole state of a call in progress."""

    key: CallKey
    spells: int = 0  # how often the caller was put into a queue
    waiting: bool = False
    taken: bool = False
    ender: Ender | None = None  # who asked first for the caller's channel to end
    phones: dict[str, Phone] = field(default_factory=dict)

    @property
    def spell(self) -> str:
        """The key of the present or last spell of waiting."""
        return f"queue:{self.spells}"

    def to_json(self) -> dict[str, object]:
        """Return the state as JSON values; `from_json` reads them back."""
        return {
            "spells": self.spells,
            "waiting": self.waiting,
            "taken": self.taken,
            "ender": self.ender,
            "phones": {key: [phone.device, phone.member, phone.answered] for key, phone in self.phones.items()},
        }

    @classmethod
    def from_json(cls, key: CallKey, state: dict[str, object]) -> Self:
        """Return the call saved by `to_json`. Raises TypeError for what it did not write."""
        phones = state["phones"]
        if not isinstance(phones, dict):
            raise TypeError("a saved call has no phones")
        rest = {name: state[name] for name in ("spells", "waiting", "taken", "ender")}
        return cls(key=key, phones={name: Phone(*values) for name, values in phones.items()}, **rest)  # type: ignore[arg-type]


def advance(call: Call, event: OwnEvent, now: datetime, *, recovered: bool = False) -> tuple[Call, list[Fact]]:
    """Return the call after `event`, and the facts it makes; `now` is used where the event carries no time of its own.

    A `recovered` event is told by the CEL file and may repeat what was heard.
    `ChannelGone` of the caller's own channel is the end: the last fact is then `Ended`.
    """
    at = event.at or now
    key = call.key
    match event:
        case CallerDescribed():
            described = Described(
                key=key,
                at=at,
                withheld=event.withheld,
                number_raw=event.number,
                name=event.caller_name,
                dialled=event.dialled,
                recording=event.recording,
                metadata=event.metadata,
            )
            return call, [described]
        case CallerJoined():
            if call.waiting or (recovered and call.spells):
                return call, []
            call = replace(call, spells=call.spells + 1, waiting=True)
            return call, [Queued(key, at, event.queue, call.spell)]
        case CallerLeft():
            return _leave_queue(call, at)
        case PhoneRung():
            phone = Phone(event.phone.device, event.member or None)
            if event.phone.uniqueid in call.phones:
                return call, []
            call = replace(call, phones=call.phones | {event.phone.uniqueid: phone})
            return call, [Rang(key, at, event.phone.uniqueid, phone.device, phone.member)]
        case PhoneAnswered():
            return _answer(call, event, at)
        case HangupAsked():
            return replace(call, ender=call.ender or _ender(event)), []
        case ChannelGone() if event.uniqueid == key.uniqueid:
            outcome = outcome_of(call)
            call, facts = _leave_queue(call, at)
            return call, [*facts, Ended(key, at, outcome, event.cause)]
        case ChannelGone():
            phones = {uniqueid: phone for uniqueid, phone in call.phones.items() if uniqueid != event.uniqueid}
            return replace(call, phones=phones), [LegEnded(key, at, event.uniqueid, event.cause)]
        case _:
            assert_never(event)


def outcome_of(call: Call) -> Outcome:
    """Return how a call that ends now ends: the first human answer counts, else who hung up first."""
    if call.taken:
        return "answered"
    return "abandoned" if call.ender == "caller" else "failed"


def _answer(call: Call, event: PhoneAnswered, at: datetime) -> tuple[Call, list[Fact]]:
    uniqueid = event.phone.uniqueid
    rung = call.phones.get(uniqueid)
    if rung is not None and rung.answered:
        return call, []
    # A phone that was not rung took the call by pickup: its member is the one whose device it is, if any was rung.
    members = {phone.device: phone.member for phone in call.phones.values()}
    phone = rung or Phone(event.phone.device, members.get(event.phone.device))
    call, facts = _leave_queue(call, at)
    call = replace(call, taken=True, phones=call.phones | {uniqueid: replace(phone, answered=True)})
    return call, [*facts, Taken(call.key, at, uniqueid, phone.device, phone.member)]


def _leave_queue(call: Call, at: datetime) -> tuple[Call, list[Fact]]:
    if not call.waiting:
        return call, []
    return replace(call, waiting=False), [LegEnded(call.key, at, call.spell, None)]


def _ender(event: HangupAsked) -> Ender:
    if not event.by_far_end:
        return "pbx"
    return "caller" if event.cause in CALLER_GAVE_UP else "network"
