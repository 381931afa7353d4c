"""One call, from its ring to its end: Call + what happens to it + now -> Call + facts.

A call is advanced by what happens to its own caller's channel and to the phones joined with it; which channels those
are is known by `threads`. The outcome is decided once, at the hang-up of the caller's own channel, from two things
only: did a human answer, and who hung up first.
"""

from datetime import datetime, timedelta
from typing import Literal, assert_never

from msgspec import Struct, field
from msgspec.structs import replace

from ami_bridge.events import (
    DIALPLAN_OVER,
    SHUTDOWN,
    CallerDescribed,
    CallerJoined,
    CallerLeft,
    ChannelGone,
    HangupAsked,
    HoldChanged,
    MenuSaid,
    OurTestSeen,
    PassedOn,
)
from intake.facts import (
    CallKey,
    Described,
    Ended,
    Fact,
    Held,
    JoinedWith,
    LegEnded,
    LegKind,
    MenuAnswered,
    MenuChosen,
    MessageBegan,
    OurTest,
    Outcome,
    Queued,
    Rang,
    Resumed,
    Taken,
    Transferred,
)

# ITU-T Q.850 causes with which a caller's network says that the *caller* ended it; any other is the trunk's fault.
CALLER_GAVE_UP = frozenset({None, 0, 16, 17, 18, 19, 26, 31, 127})
RESTARTED = "pbx restarted"
SECOND = timedelta(seconds=1)
SAME_MOMENT = timedelta(milliseconds=20)  # nobody is put into a queue twice in it; a log has its own milliseconds
Ender = Literal["caller", "network", "pbx", "shutdown"]


class Phone(Struct, frozen=True):
    """A phone that was rung for the caller or talks to them; its channel's uniqueid is its key."""

    device: str
    member: str | None
    kind: LegKind = "operator"
    answered: bool = False


class Call(Struct, frozen=True):
    """The whole state of a call in progress."""

    key: CallKey
    spells: int = 0  # how often the caller was put into a queue
    waiting: bool = False
    queued_at: datetime | None = None  # for the last time
    taken: bool = False
    held: bool = False
    ender: Ender | None = None  # who asked first for the caller's channel to end
    phones: dict[str, Phone] = field(default_factory=dict)
    met: tuple[str, ...] = ()  # other callers it was joined with
    passed_at: datetime | None = None  # when it was last passed on
    menu: bool = False  # the voice menu answered
    asked: str | None = None  # whom the phone that has it dialled last by its keys

    @property
    def spell(self) -> str:
        """The key of the present or last spell of waiting."""
        return f"queue:{self.spells}"


class Rung(Struct, frozen=True):
    """A phone is rung for this call."""

    at: datetime | None
    leg: str
    phone: Phone


class Joined(Struct, frozen=True):
    """The caller and a phone hear each other."""

    at: datetime | None
    leg: str
    phone: Phone


class Met(Struct, frozen=True):
    """The caller and another caller hear each other."""

    at: datetime | None
    other: str


Happening = (
    CallerDescribed
    | CallerJoined
    | CallerLeft
    | Rung
    | Joined
    | Met
    | HoldChanged
    | PassedOn
    | MenuSaid
    | OurTestSeen
    | HangupAsked
    | ChannelGone
)


def advance(call: Call, what: Happening, now: datetime) -> tuple[Call, list[Fact]]:
    """Return the call after what happened, and the facts it makes; `now` is used where it carries no time of its own.

    `ChannelGone` of the caller's own channel is the end: the last fact is then `Ended`.
    """
    at = what.at or now
    key = call.key
    match what:
        case CallerDescribed():
            return call, [_described(key, what, at)]
        case CallerJoined():
            told_again = call.queued_at is not None and at <= call.queued_at + SAME_MOMENT
            if call.waiting or told_again:
                return call, []
            call = replace(call, spells=call.spells + 1, waiting=True, queued_at=at, held=False)
            return call, [Queued(key, at, what.queue, call.spell)]
        case CallerLeft():
            return _leave_queue(call, at)
        case Rung():
            known = call.phones.get(what.leg)
            if known is not None and (known.member is not None or what.phone.member is None):
                return call, []
            phone = what.phone if known is None else replace(known, member=what.phone.member)
            call = replace(call, phones=call.phones | {what.leg: phone})
            return call, [Rang(key, at, what.leg, phone.device, phone.member, phone.kind)]
        case Joined():
            return _join(call, what, at)
        case Met():
            if what.other in call.met:
                return call, []
            call = replace(call, met=(*call.met, what.other))
            return call, [JoinedWith(key, at, CallKey(key.pbx, what.other))]
        case HoldChanged():
            if call.held is what.held or call.waiting:
                return call, []
            phone_that_holds = call.phones.get(what.uniqueid)
            by = None if phone_that_holds is None else phone_that_holds.device
            return replace(call, held=what.held), [Held(key, at, by) if what.held else Resumed(key, at)]
        case PassedOn():
            if at == call.passed_at:
                return call, []
            call = replace(call, held=False, passed_at=at)
            return call, [Transferred(key, at, what.by.device, what.to or call.asked, what.attended)]
        case OurTestSeen():
            return call, [OurTest(key, at)]
        case MenuSaid():
            return _menu(call, what, at)
        case HangupAsked():
            return replace(call, ender=call.ender or _ender(what)), []
        case ChannelGone() if what.uniqueid == key.uniqueid:
            outcome = outcome_of(call)
            call, facts = _leave_queue(call, at)
            cause = RESTARTED if call.ender == "shutdown" else what.cause
            return call, [*facts, Ended(key, at, outcome, cause)]
        case ChannelGone():
            if what.uniqueid not in call.phones:
                return call, []
            phones = {uniqueid: phone for uniqueid, phone in call.phones.items() if uniqueid != what.uniqueid}
            return replace(call, phones=phones), [LegEnded(key, at, what.uniqueid, what.cause)]
        case _:
            assert_never(what)


def outcome_of(call: Call) -> Outcome | None:
    """Return how a call that ends now ends: the first human answer counts, then the menu's, else who hung up first.

    None: nobody was heard to ask for it, and who heard everything (`listening`) knows then that the dialplan ended it.
    """
    if call.taken:
        return "answered"
    if call.menu:
        return "overflow"
    if call.ender is None:
        return None
    return "abandoned" if call.ender == "caller" else "failed"


def _described(key: CallKey, event: CallerDescribed, at: datetime) -> Described:
    return Described(
        key=key,
        at=at,
        withheld=event.withheld,
        number_raw=event.number,
        name=event.caller_name,
        dialled=event.dialled,
        recording=event.recording,
        metadata=event.metadata,
    )


def _join(call: Call, what: Joined, at: datetime) -> tuple[Call, list[Fact]]:
    """A phone that was not rung took the call by pickup or transfer: its member is the one whose device it is."""
    rung = call.phones.get(what.leg)
    if rung is not None and rung.answered:
        return call, []
    members = {phone.device: phone.member for phone in call.phones.values()}
    phone = rung or replace(what.phone, member=what.phone.member or members.get(what.phone.device))
    call, facts = _leave_queue(call, at)
    phones = call.phones | {what.leg: replace(phone, answered=True)}
    call = replace(call, taken=True, held=False, phones=phones)
    return call, [*facts, Taken(call.key, at, what.leg, phone.device, phone.member, phone.kind)]


def _menu(call: Call, what: MenuSaid, at: datetime) -> tuple[Call, list[Fact]]:
    if what.step != "answered":
        return call, menu(call.key, what, at)
    if what.leg in call.phones:
        return call, []
    call, facts = _leave_queue(call, at)
    phone = Phone("menu", None, "overflow", answered=True)
    return replace(call, menu=True, phones=call.phones | {what.leg: phone}), [*facts, *menu(call.key, what, at)]


def menu(key: CallKey, what: MenuSaid, now: datetime) -> list[Fact]:
    """Return the fact that a step of the voice menu makes, also of a call that is over."""
    at = what.at or now
    match what.step:
        case "answered":
            return [MenuAnswered(key, at, what.leg)]
        case "kind":
            return [MenuChosen(key, at, what.value)]
        case "message":
            return [MessageBegan(key, at, what.value)]
        case _:
            return []


def _leave_queue(call: Call, at: datetime) -> tuple[Call, list[Fact]]:
    """A wait does not end before it began: what is older ended the one before, and is told again."""
    whole_second = SECOND if at.microsecond == 0 else timedelta()  # queue_log cuts its times down
    if not call.waiting or (call.queued_at is not None and at + whole_second < call.queued_at):
        return call, []
    return replace(call, waiting=False), [LegEnded(call.key, at, call.spell, None)]


def _ender(event: HangupAsked) -> Ender | None:
    if event.by_far_end:
        return "caller" if event.cause in CALLER_GAVE_UP else "network"
    if event.cause == DIALPLAN_OVER:
        return None
    return "shutdown" if event.cause == SHUTDOWN else "pbx"
