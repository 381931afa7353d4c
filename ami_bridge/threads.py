"""Which channels are one call, and which channel is a ring.

A ring is a channel that comes in (state Ring) in one of the line's contexts, with one of its numbers when they are
given, and that we did not originate. The trunk's outgoing legs carry the same context but start Down. A caller who
joins the line's queue without having matched (an IVR, a ring group before it) is a ring too: late, never dropped.
Local channels never are. A call's key is the uniqueid of the caller's channel; the Linkedid changes when calls are
joined and decides nothing.

A human took the call when caller and phone hear each other (`board.parties`), whatever led to it: the queue, a pickup,
a transfer, a conference. AgentConnect only says it a moment earlier.
"""

from collections.abc import Container
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msgspec.structs import replace

from ami_bridge import call_backs, calls
from ami_bridge.board import Board
from ami_bridge.call_backs import CallBack
from ami_bridge.calls import Call, Happening, Joined, Met, Phone, Rung
from ami_bridge.events import (
    CALL_ID,
    DOWN,
    RING,
    BridgeEntered,
    BridgeLeft,
    CallerDescribed,
    CallerJoined,
    CallerLeft,
    CallEvent,
    Channel,
    ChannelCreated,
    ChannelGone,
    DeskNotReached,
    Dialled,
    HangupAsked,
    HoldChanged,
    MemberSeen,
    MenuSaid,
    OurTestSeen,
    PassedOn,
    PhoneAnswered,
    PhoneRung,
    PickedUp,
    PositionHeard,
)
from ami_bridge.places import Places
from intake.facts import Arrived, CallKey, Ended, Fact, LegKind, Rang, Taken

LOG_LAG = timedelta(milliseconds=20)  # between what Asterisk says and what it writes of the same moment
SECOND = timedelta(seconds=1)
OVERFLOW = "overflow"  # the context of the voice menu
TOLD_AGAIN = timedelta(seconds=30)  # a log is told from a place that was passed a few seconds before the gap
# Calls that ended, for so long and so many at most: what is told of one again opens nothing.
REMEMBERED, MOST_REMEMBERED = timedelta(minutes=2), 500


@dataclass(frozen=True, slots=True)
class Line:
    """What belongs to the 112 line: its contexts, its numbers (empty: all), its queues, and the PBX's name."""

    pbx: str
    contexts: frozenset[str]
    numbers: frozenset[str]
    queues: frozenset[str]

    def is_own(self, channel: Channel) -> bool:
        """Tell whether a channel is in one of the line's contexts, under one of its numbers."""
        return channel.context in self.contexts and (not self.numbers or channel.exten in self.numbers)

    def is_ring(self, channel: Channel) -> bool:
        """Tell whether a new channel is a caller who rings."""
        return channel.state == RING and self.is_own(channel) and not channel.is_local


@dataclass(slots=True)
class Threads:
    """The calls in progress on one PBX, by the uniqueid of the caller's channel; calls back, by that of the desk's."""

    line: Line
    calls: dict[str, Call] = field(default_factory=dict)
    board: Board = field(default_factory=Board)
    seen: dict[str, datetime] = field(default_factory=dict)  # each call's last sign of life, by the PBX's clock
    members: dict[str, str] = field(default_factory=dict)  # device -> member
    ended: dict[str, datetime] = field(default_factory=dict)  # the calls that ended last, and when
    call_backs: dict[str, CallBack] = field(default_factory=dict)
    places: Places = field(default_factory=Places)

    def advance(self, event: CallEvent, now: datetime, *, recovered: bool = False) -> list[Fact]:
        """Return the facts that an event makes; the order of events is the order in which they are told.

        `now` is used where the event carries no time of its own. A `recovered` event was read from a log and may repeat
        what was heard: what is older than its call's last sign of life is no news.
        """
        match event:
            case ChannelCreated(at, channel):
                return self._create(channel, at or now, recovered=recovered)
            case CallerJoined(queue=queue):
                return self._join_queue(event, now, recovered=recovered) if queue in self.line.queues else []
            case PhoneRung():
                return self._ring(event, now, recovered=recovered)
            case PhoneAnswered(at, uniqueid, phone):
                seat = self.board.seat(phone)
                return [] if seat.is_local else self._join(uniqueid, phone.uniqueid, at, now, recovered=recovered)
            case PickedUp(_, phone, target):
                self.board.seat(phone).call = self.owner(target)
            case BridgeEntered(at, channel, bridge, holding):
                self.board.enter(channel, "" if holding else bridge)
                return [] if holding else self.meet(bridge, at, now, recovered=recovered)
            case BridgeLeft(_, uniqueid):
                self.board.leave(uniqueid)
            case ChannelGone(at, uniqueid):
                self.board.remove(uniqueid)
                if uniqueid in self.call_backs:
                    return self._end_call_back(uniqueid, event.cause, at or now)
                of = [caller for caller, call in self.calls.items() if caller == uniqueid or uniqueid in call.phones]
                return [fact for one in of for fact in self.happen(one, event, now, recovered=recovered)]
            case CallerDescribed(channel=channel):
                described = self.happen(channel.uniqueid, event, now, recovered=recovered)
                return described + self._locate(channel.uniqueid, event.metadata.get(CALL_ID, ""), now)
            case PositionHeard(call_id, position):
                return [*self.places.hear(self.line.pbx, call_id, position, now)]
            case CallerLeft() | HangupAsked() | OurTestSeen():
                return self.happen(event.uniqueid, event, now, recovered=recovered)
            case HoldChanged():
                return self.happen(self.owner(event.uniqueid), event, now, recovered=recovered)
            case PassedOn():
                owner = self.owner(event.transferee) or self.owner(event.by.uniqueid)
                return self.happen(owner, event, now, recovered=recovered)
            case MenuSaid(caller=caller):
                if caller in self.ended and caller not in self.calls:  # a log tells it after the end
                    return calls.menu(self._key(caller), event, now)
                return self.happen(caller, event, now, recovered=recovered)
            case Dialled(_, uniqueid, status):
                if (one := self.call_backs.get(uniqueid)) is not None:
                    self.call_backs[uniqueid] = replace(one, status=status)
            case DeskNotReached(at, uniqueid):
                if uniqueid not in self.ended and uniqueid not in self.call_backs:
                    self._remember(uniqueid, now)
                    return call_backs.desk_not_reached(self._key(uniqueid), at or now)
            case MemberSeen(member, device):
                self.members[device] = member
            case _:
                pass  # what is about sessions, not channels (`listening`)
        return []

    def owner(self, uniqueid: str) -> str | None:
        """Return the call that a channel belongs to; a caller's channel is its own."""
        return uniqueid if uniqueid in self.calls else self.board.owner(uniqueid)

    def open(self, channel: Channel, at: datetime, *, recovered: bool = False, late: bool = False) -> list[Fact]:
        """Return a new caller's arrival; nothing for one who is known, or has ended."""
        uniqueid = channel.uniqueid
        if not uniqueid or uniqueid in self.calls or uniqueid in self.ended:
            return []
        key = self._key(uniqueid)
        self.calls[uniqueid] = Call(key)
        self.seen[uniqueid] = at
        arrived = Arrived(
            key=key,
            at=self.board.seat(channel, at).since or at,
            linkedid=channel.linkedid,
            trunk=channel.device.rpartition("/")[2] or None,
            dialled=channel.exten,
            number_raw=channel.number,
            name=channel.caller_name,
            recovered=recovered,
            late=late,
        )
        return [arrived]

    def meet(self, bridge: str, at: datetime | None, now: datetime, *, recovered: bool = False) -> list[Fact]:
        """Return what it makes that all hear each other from this bridge on: a phone with a caller took the call."""
        parties = self.board.parties(bridge)
        facts: list[Fact] = []
        for caller in [uniqueid for uniqueid in parties if uniqueid in self.calls]:
            for other in parties:
                if other not in self.calls and other not in self.ended:
                    facts += self._join(caller, other, at, now, recovered=recovered)
                elif other != caller and other in self.calls:
                    facts += self.happen(caller, Met(at, other), now, recovered=recovered)
        for uniqueid in parties if len(parties) > 1 and self.call_backs else ():
            if (one := self.call_backs.get(uniqueid)) is not None:
                self.call_backs[uniqueid], taken = call_backs.take(self._key(uniqueid), one, at)
                facts += taken
        return facts

    def happen(self, uniqueid: str | None, what: Happening, now: datetime, *, recovered: bool = False) -> list[Fact]:
        """Advance the call of this caller; nobody's call makes no fact."""
        call = self.calls.get(uniqueid) if uniqueid is not None else None
        if call is None or uniqueid is None:
            return []
        seen = self.seen.get(uniqueid)
        if what.at is not None and seen is not None and recovered and _is_old(call, what, what.at, seen):
            return []
        if what.at is not None and (seen is None or what.at > seen):
            self.seen[uniqueid] = what.at
        self.calls[uniqueid], facts = calls.advance(call, what, now)
        if facts and isinstance(facts[-1], Ended):
            self.close(uniqueid, now)
        return [self._named(fact) for fact in facts] if facts else facts

    def close(self, uniqueid: str, now: datetime) -> None:
        """Let go of a call that is over, and remember for a while that it is."""
        del self.calls[uniqueid]
        self.seen.pop(uniqueid, None)
        self._remember(uniqueid, now)

    def call_back(self, channel: Channel, at: datetime) -> list[Fact]:
        """Return what it makes that a desk's telephone rings to call somebody back; nothing when it is known."""
        uniqueid = channel.uniqueid
        if uniqueid in self.call_backs or uniqueid in self.ended:
            return []
        self.call_backs[uniqueid], facts = call_backs.begin(self._key(uniqueid), channel.device, at)
        return facts

    def lose_call_backs(self, there: Container[str], now: datetime, *, unsure: bool) -> list[Fact]:
        """End those whose channels are not `there`; of the others, `unsure`, a part was missed."""
        facts: list[Fact] = []
        for uniqueid, one in sorted(self.call_backs.items()):
            if uniqueid in there:
                self.call_backs[uniqueid] = replace(one, unsure=one.unsure or unsure)
                continue
            del self.call_backs[uniqueid]
            self._remember(uniqueid, now)
            facts += call_backs.end_unseen(self._key(uniqueid), one)
        return facts

    def _end_call_back(self, uniqueid: str, cause: str, at: datetime) -> list[Fact]:
        one = self.call_backs.pop(uniqueid)
        self._remember(uniqueid, at)
        return call_backs.end(self._key(uniqueid), one, at, cause)

    def _key(self, uniqueid: str) -> CallKey:
        return CallKey(self.line.pbx, uniqueid)

    def _remember(self, uniqueid: str, now: datetime) -> None:
        self.ended[uniqueid] = now
        while len(self.ended) > MOST_REMEMBERED or now - next(iter(self.ended.values())) > REMEMBERED:
            del self.ended[next(iter(self.ended))]

    def _create(self, channel: Channel, at: datetime, *, recovered: bool) -> list[Fact]:
        if channel.uniqueid in self.ended:
            return []
        seat = self.board.seat(channel, at)
        seat.called = channel.state == DOWN
        if channel.is_local and (caller := self._alone(channel.linkedid)) is not None:
            seat.call = channel.linkedid  # a phone asks somebody before it hands over: no event says for whom
            if channel.context != OVERFLOW:
                self.calls[channel.linkedid] = replace(caller, asked=channel.exten)
        if call_backs.is_one(channel.uniqueid):
            return self.call_back(channel, at)
        return self.open(channel, at, recovered=recovered) if self.line.is_ring(channel) else []

    def _alone(self, caller: str) -> Call | None:
        """Return the call of a caller who was never joined with another: those who were have one linkedid."""
        call = self.calls.get(caller)
        return None if call is None or call.met else call

    def _join_queue(self, event: CallerJoined, now: datetime, *, recovered: bool) -> list[Fact]:
        channel = event.channel
        late = [] if channel.is_local else self.open(channel, event.at or now, recovered=recovered, late=True)
        return late + self.happen(channel.uniqueid, event, now, recovered=recovered)

    def _ring(self, event: PhoneRung, now: datetime, *, recovered: bool) -> list[Fact]:
        owner, leg = self.owner(event.by), event.phone.uniqueid
        seat = self.board.seat(event.phone, event.at)
        seat.call = owner or seat.call
        seat.member = event.member or self.board.member(event.by) or seat.member
        if owner is None or seat.is_local or leg in self.calls:
            return []
        return self.happen(owner, Rung(event.at, leg, self._phone(leg)), now, recovered=recovered)

    def _join(self, caller: str, phone: str, at: datetime | None, now: datetime, *, recovered: bool) -> list[Fact]:
        if caller not in self.calls:
            return []
        seat = self.board.seats[phone]
        seat.call = seat.call if seat.call in self.calls else caller
        return self.happen(caller, Joined(at, phone, self._phone(phone)), now, recovered=recovered)

    def _phone(self, uniqueid: str) -> Phone:
        seat = self.board.seats[uniqueid]
        kind: LegKind = "agency" if seat.context in self.line.contexts else "operator"
        return Phone(seat.device, self.board.member(uniqueid), kind)

    def _locate(self, uniqueid: str, call_id: str, now: datetime) -> list[Fact]:
        """Learn the SIP Call-ID of a call that is known; one that nobody rang has no place."""
        there = self.calls.keys() | self.ended.keys()
        return [*self.places.know(self._key(uniqueid), call_id, now, there)] if uniqueid in there else []

    def _named(self, fact: Fact) -> Fact:
        """The queue's list of members names a phone of which nobody said whose it is, or (queue_log) which it is."""
        if not isinstance(fact, Rang | Taken) or fact.kind != "operator":
            return fact
        if fact.member is None:
            return replace(fact, member=self.members.get(fact.device))
        if not fact.device:
            return replace(fact, device=next((one for one, of in self.members.items() if of == fact.member), ""))
        return fact


def _is_old(call: Call, what: Happening, at: datetime, seen: datetime) -> bool:
    """Whether a log repeats what was heard of a call until `seen`; its end is always news.

    What is much older is none either: then the PBX's clock was set back. Who asked for the end first, the call knows.
    """
    if isinstance(what, HangupAsked) or (isinstance(what, ChannelGone) and what.uniqueid == call.key.uniqueid):
        return False
    is_whole_second = at.microsecond == 0  # queue_log cuts its times down
    return timedelta() <= seen - at - (SECOND if is_whole_second else LOG_LAG) < TOLD_AGAIN
