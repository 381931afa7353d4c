"""Which channels are one call, which channel is a ring, and what a snapshot says that we did not know.

A ring is a channel that comes in (state Ring) in one of the line's contexts, with one of its numbers when they are
given, and that we did not originate. The trunk's outgoing legs carry the same context but start Down. A caller who
joins the line's queue without having matched (an IVR, a ring group before it) is a ring too: late, never dropped.
Local channels never are.

After every connect the PBX lists its channels. A call that we knew before and that neither the list nor any event of
the new session names has ended while we were not listening; a caller in the list whom we do not know arrived meanwhile;
one in a bridge with a phone was answered meanwhile. What the list does not say (when?) stays None, it is not guessed.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ami_bridge import calls
from ami_bridge.calls import Call, OwnEvent
from ami_bridge.events import (
    RING,
    CallerDescribed,
    CallerJoined,
    CallerLeft,
    CallEvent,
    Channel,
    ChannelCreated,
    ChannelGone,
    ChannelListed,
    ChannelsComplete,
    Connected,
    HangupAsked,
    MemberSeen,
    PbxStopping,
    PhoneAnswered,
    PhoneRung,
    WaiterListed,
)
from intake.facts import Arrived, CallKey, Ended, Fact, Taken

NOT_SEEN = "ended while the bridge was not listening"
# Applications of a channel that was called *by* the PBX: such a channel is nobody's ring.
CALLED_BY_US = ("AppDial", "AppDial2", "AppQueue")


@dataclass(frozen=True, slots=True)
class Line:
    """What belongs to the 112 line: its contexts, its numbers (empty: all), its queues, and the PBX's name."""

    pbx: str
    contexts: frozenset[str]
    numbers: frozenset[str]
    queues: frozenset[str]

    def is_ring(self, channel: Channel) -> bool:
        """Tell whether a new channel is a caller who rings."""
        return (
            channel.state == RING
            and channel.context in self.contexts
            and (not self.numbers or channel.exten in self.numbers)
            and not channel.is_local
        )


@dataclass(slots=True)
class Threads:
    """The calls in progress on one PBX, by the uniqueid of the caller's channel."""

    line: Line
    calls: dict[str, Call] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)  # whose state changed since the bridge last saved it
    _caller_of: dict[str, str] = field(default_factory=dict)  # a phone's channel -> the caller's
    _members: dict[str, str] = field(default_factory=dict)  # device -> member
    _unseen: set[str] = field(default_factory=set)  # known before this session, not yet seen in it
    _listed: list[ChannelListed] = field(default_factory=list)
    _waiting: dict[str, WaiterListed] = field(default_factory=dict)

    def restore(self, call: Call) -> None:
        """Take up a call saved by an earlier process."""
        uniqueid = call.key.uniqueid
        self.calls[uniqueid] = call
        self._caller_of.update(dict.fromkeys(call.phones, uniqueid))

    def advance(self, event: CallEvent, now: datetime, *, recovered: bool = False) -> list[Fact]:
        """Return the facts that an event makes; the order of events is the order of the session.

        A `recovered` event was read from the CEL file: it is no sign that its call still lives.
        """
        opened_before = set(self.calls) if recovered else set()
        facts = self._advance(event, now, recovered=recovered)
        if recovered:
            self._unseen |= set(self.calls) - opened_before
        return facts

    def _advance(self, event: CallEvent, now: datetime, *, recovered: bool) -> list[Fact]:
        match event:
            case ChannelCreated(at, channel):
                return self._open(channel, at or now, recovered=recovered) if self.line.is_ring(channel) else []
            case CallerJoined(at, channel, queue):
                if queue not in self.line.queues or (recovered and channel.uniqueid not in self.calls):
                    return []
                late = [] if channel.is_local else self._open(channel, at or now)
                return late + self._own(channel.uniqueid, event, now, recovered=recovered)
            case PhoneRung(_, uniqueid, phone):
                if uniqueid in self.calls:
                    self._caller_of[phone.uniqueid] = uniqueid
                return self._own(uniqueid, event, now, recovered=recovered)
            case PhoneAnswered(_, uniqueid, phone):
                if uniqueid in self.calls:
                    self._caller_of[phone.uniqueid] = uniqueid
                return self._own(uniqueid, event, now, recovered=recovered)
            case ChannelGone(_, uniqueid):
                return self._own(self._caller_of.pop(uniqueid, uniqueid), event, now, recovered=recovered)
            case CallerDescribed():
                return self._own(event.channel.uniqueid, event, now, recovered=recovered)
            case CallerLeft() | HangupAsked():
                return self._own(event.uniqueid, event, now, recovered=recovered)
            case MemberSeen(member, device):
                self._members[device] = member
                return []
            case Connected():
                self._unseen = set(self.calls)
                self._listed.clear()
                self._waiting.clear()
                return []
            case ChannelListed(channel):
                self._unseen.discard(channel.uniqueid)
                self._listed.append(event)
                return []
            case WaiterListed():
                self._waiting[event.uniqueid] = event
                return []
            case ChannelsComplete():
                return self._compare(now)
            case PbxStopping():
                return []

    def forget(self) -> None:
        """Drop the marks of what was saved."""
        self.touched.clear()

    def _key(self, uniqueid: str) -> CallKey:
        return CallKey(self.line.pbx, uniqueid)

    def _open(self, channel: Channel, at: datetime, *, recovered: bool = False) -> list[Fact]:
        if channel.uniqueid in self.calls or not channel.uniqueid:
            return []
        key = self._key(channel.uniqueid)
        self.calls[channel.uniqueid] = Call(key)
        self.touched.add(channel.uniqueid)
        arrived = Arrived(
            key=key,
            at=at,
            linkedid=channel.linkedid,
            trunk=channel.device.rpartition("/")[2] or None,
            dialled=channel.exten,
            number_raw=channel.number,
            name=channel.caller_name,
            recovered=recovered,
        )
        return [arrived]

    def _own(self, uniqueid: str, event: OwnEvent, now: datetime, *, recovered: bool = False) -> list[Fact]:
        call = self.calls.get(uniqueid)
        if call is None:
            return []
        if not recovered:
            self._unseen.discard(uniqueid)
        self.touched.add(uniqueid)
        after, facts = calls.advance(call, event, now, recovered=recovered)
        self.calls[uniqueid] = after
        if facts and isinstance(facts[-1], Ended):
            self._close(uniqueid)
        return [self._named(fact) for fact in facts]

    def _named(self, fact: Fact) -> Fact:
        """A phone that took the call without having been rung is named by the queue's list of members."""
        if isinstance(fact, Taken) and fact.member is None:
            return replace(fact, member=self._members.get(fact.device))
        return fact

    def _close(self, uniqueid: str) -> None:
        self._unseen.discard(uniqueid)
        for phone in self.calls.pop(uniqueid).phones:
            self._caller_of.pop(phone, None)

    def _compare(self, now: datetime) -> list[Fact]:
        facts: list[Fact] = []
        bridges = {one.bridge: one.channel for one in self._listed if one.bridge and one.application in CALLED_BY_US}
        for one in self._listed:
            channel, waiter = one.channel, self._waiting.get(one.channel.uniqueid)
            in_line = waiter is not None and waiter.queue in self.line.queues
            own = channel.context in self.line.contexts and channel.uniqueid == channel.linkedid
            if channel.is_local or one.application in CALLED_BY_US or not (in_line or own):
                continue
            facts += self._open(channel, now, recovered=True)
            if waiter is not None and not self.calls[channel.uniqueid].waiting:
                since = now - timedelta(seconds=waiter.waited_s)
                facts += self._own(channel.uniqueid, CallerJoined(since, channel, waiter.queue), now)
            if waiter is None and one.bridge in bridges and not self.calls[channel.uniqueid].taken:
                facts += self._found_talking(channel.uniqueid, bridges[one.bridge], now)
        for uniqueid in sorted(self._unseen):
            call = self.calls[uniqueid]
            facts.append(Ended(call.key, None, "answered" if call.taken else None, NOT_SEEN, recovered=True))
            self.touched.add(uniqueid)
            self._close(uniqueid)
        self._unseen.clear()
        self._listed.clear()
        self._waiting.clear()
        return facts

    def _found_talking(self, uniqueid: str, phone: Channel, now: datetime) -> list[Fact]:
        self._caller_of[phone.uniqueid] = uniqueid
        facts = self._own(uniqueid, PhoneAnswered(None, uniqueid, phone), now)
        return [replace(fact, at=None) if isinstance(fact, Taken) else fact for fact in facts]
