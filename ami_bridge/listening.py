"""What each AMI session tells: the calls, and what happened while there was no session.

After every connect there is a gap to close. Until the logs were told (`CaughtUp`), events of calls that are older than
the session are held back: their past comes first. A new ring is never held back. Then the PBX lists its channels. A
call that we knew before and that neither the list nor any event of the new session names has ended while we were not
listening; a caller in the list whom we do not know arrived meanwhile; one who hears a phone was answered meanwhile.
When the PBX itself was restarted in between, its calls ended with it, at its last sign of life. What nobody says (when?
how?) stays None, it is not guessed.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from ami_bridge.call_backs import is_one as is_call_back
from ami_bridge.calls import RESTARTED, Call
from ami_bridge.events import (
    CALLED_BY_US,
    Booted,
    BridgeEntered,
    CallerDescribed,
    CallerJoined,
    CallerLeft,
    CallEvent,
    CaughtUp,
    ChannelCreated,
    ChannelGone,
    ChannelListed,
    Connected,
    HangupAsked,
    HoldChanged,
    Listened,
    MemberSeen,
    MenuSaid,
    OfSession,
    PassedOn,
    PhoneAnswered,
    PhoneRung,
    PickedUp,
    PositionHeard,
    Settled,
    WaiterListed,
)
from ami_bridge.members import Members
from ami_bridge.threads import Line, Threads
from intake.facts import Arrived, Ended, Fact, Outcome, Taken

NOT_SEEN = "ended while the bridge was not listening"
PARKED = "Park"  # hears music: its bridge joins it with nobody
RESTARTS_WITHIN = timedelta(seconds=10)  # a PBX that is told to: from its calls' end to its next boot
ASKED_WITHIN = timedelta(seconds=2)  # of its end: then a call's end was asked for
WHOLE_SECONDS = timedelta(seconds=2)  # the list tells how long somebody waits in whole seconds
SAME_BOOT = timedelta(seconds=1.5)  # FullyBooted tells whole seconds
_CREATED = re.compile(r"(\d{9,11})\.\d+$")  # at the end of a uniqueid: the second in which its channel was made


@dataclass(slots=True)
class Heard:
    """How far we have listened to one PBX."""

    since: datetime | None = None  # by the PBX's clock: when the present session began
    until: datetime | None = None  # by the PBX's clock; what came later may have been missed
    gap_open: bool = False  # the logs could not be read: next time again, from `until` on
    unsure: list[str] = field(default_factory=list)  # calls of which a part lies in the open gap
    booted_at: datetime | None = None  # by our clock: only to see that it changed
    clock_offset_s: float = 0.0  # how far the PBX's clock is ahead of ours
    marks: dict[str, str] = field(default_factory=dict)  # how far each log was read or heard


@dataclass(slots=True)
class _Session:
    """What is known of the present AMI session until its gap is closed and the snapshot compared."""

    name: str = ""
    settled: bool = True
    catching_up: bool = False
    restarted: bool = False  # the PBX is another one than before
    logs: bool = False
    alive_at: datetime | None = None  # the PBX's last sign of life before this session, by its clock
    unseen: set[str] = field(default_factory=set)  # calls known before, not yet seen
    from_logs: set[str] = field(default_factory=set)  # calls opened by what the logs tell
    fresh: set[str] = field(default_factory=set)  # calls that rang in this session
    born: set[str] = field(default_factory=set)  # channels made in this session
    held_back: list[tuple[CallEvent, datetime]] = field(default_factory=list)
    listed: dict[str, ChannelListed] = field(default_factory=dict)
    waiting: dict[str, WaiterListed] = field(default_factory=dict)


class Listener:
    """Hears one PBX, session after session."""

    def __init__(
        self,
        line: Line,
        threads: Threads | None = None,
        heard: Heard | None = None,
        members: Members | None = None,
    ) -> None:
        self.threads = threads or Threads(line)
        self.members = members or Members()
        self.heard = heard or Heard()
        self._session = _Session()

    @property
    def calls(self) -> dict[str, Call]:
        """The calls in progress, by the uniqueid of the caller's channel."""
        return self.threads.calls

    @property
    def session(self) -> str:
        """The name of the AMI session whose beginning was told last."""
        return self._session.name

    @property
    def settled(self) -> bool:
        """False while a gap is being closed: then nothing may be saved as heard, a start reads from before the gap."""
        return self._session.settled

    def adopt(self, call: Call, seen: datetime) -> None:
        """Take up a call that others saved, if it is news here; `seen`: its last sign of life."""
        uniqueid = call.key.uniqueid
        if uniqueid not in self.threads.ended and uniqueid not in self.calls:
            self.calls[uniqueid] = call
            self.threads.seen[uniqueid] = seen

    def advance(self, event: CallEvent, now: datetime, *, recovered: bool = False) -> list[Fact]:
        """Return the facts that an event makes; the order of events is the order of the tape.

        `now` is our time. A `recovered` event was read from a log: it is no sign that its call still lives.
        """
        session = self._session
        if recovered:
            return self._recover(event, now)
        if session.catching_up and self._must_wait(event):
            session.held_back.append((event, now))
            return []
        offset_s = self.heard.clock_offset_s
        pbx_now = now + timedelta(seconds=offset_s) if offset_s else now
        if isinstance(event, OfSession):
            return self._of_session(event, now, pbx_now)
        if event.at is not None and not session.catching_up and not self.heard.gap_open:
            self.heard.until = event.at
        facts = self.threads.advance(event, pbx_now) if session.settled else self._hear(event, pbx_now)
        return [self._known(fact) for fact in facts] if facts else facts

    def _known(self, fact: Fact) -> Fact:
        """Say of an end that was heard whether anybody can know how it came.

        Who was not seen to be answered may have been in the gap that is open. An end for which nobody asked was the
        dialplan's, unless somebody may have asked before this session.
        """
        if not isinstance(fact, Ended) or fact.outcome == "answered":
            return fact
        if fact.key.uniqueid in self.heard.unsure:
            return replace(fact, outcome=None)
        if fact.outcome is None and not self._may_have_been_asked_before(fact):
            return replace(fact, outcome="failed")
        return fact

    def _may_have_been_asked_before(self, end: Ended) -> bool:
        since, rang = self.heard.since, _created(end.key.uniqueid)
        if since is None or end.at is None:
            return False
        return end.at - since < ASKED_WITHIN and (rang is None or rang <= since)

    def _hear(self, event: CallEvent, now: datetime, *, held_back: bool = False) -> list[Fact]:
        """Take what is heard while the gap is being closed; what was `held_back` the logs may have told meanwhile."""
        session = self._session
        repeats = held_back and not isinstance(event, CallerDescribed | HoldChanged)  # no log holds those
        facts = self.threads.advance(event, now, recovered=repeats)
        session.unseen.discard(_channel_of(event))
        if not held_back:
            session.fresh |= _rings(facts)
        match event:
            case ChannelCreated(_, channel):
                session.born.add(channel.uniqueid)
            case CallerLeft(_, uniqueid) | PhoneAnswered(_, uniqueid):
                session.waiting.pop(uniqueid, None)
            case ChannelGone(_, uniqueid):
                session.born.discard(uniqueid)
                session.listed.pop(uniqueid, None)
            case _:
                pass
        return facts

    def _recover(self, event: CallEvent, now: datetime) -> list[Fact]:
        session = self._session
        if session.fresh and self._about(event) in session.fresh:
            return []  # it was heard from its ring on
        if isinstance(event, ChannelGone):  # who asked for it may have been heard already
            for waited, its_now in session.held_back:
                if isinstance(waited, HangupAsked) and waited.uniqueid == event.uniqueid:
                    self.threads.advance(waited, its_now, recovered=True)
            if self._ended_with_the_pbx(event):
                event = ChannelGone(event.at, event.uniqueid, RESTARTED)
        facts = self.threads.advance(event, now, recovered=True)
        if session.settled:
            return facts
        session.from_logs |= _rings(facts)
        session.unseen = (session.unseen | session.from_logs) & self.calls.keys()
        return facts

    def _ended_with_the_pbx(self, gone: ChannelGone) -> bool:
        """Tell whether a stopping PBX ended a call: no log says why it did, but it was another one a moment later."""
        call, booted = self.calls.get(gone.uniqueid), self.heard.booted_at
        if call is None or call.ender != "pbx" or gone.at is None or booted is None or not self._session.restarted:
            return False
        lived_on = booted + timedelta(seconds=self.heard.clock_offset_s) - gone.at
        return -SAME_BOOT < lived_on < RESTARTS_WITHIN

    def _about(self, event: CallEvent) -> str | None:
        """Return the call that an event tells of."""
        return self.threads.owner(_channel_of(event))

    def _must_wait(self, event: CallEvent) -> bool:
        """Whether what an event tells may have a past that the logs have yet to tell."""
        match event:
            case Connected() | CaughtUp() | Listened() | Booted() | MemberSeen() | ChannelCreated() | PositionHeard():
                return False
            case _:
                return self._about(event) not in self._session.fresh

    def _of_session(self, event: CallEvent, now: datetime, pbx_now: datetime) -> list[Fact]:
        session, heard = self._session, self.heard
        match event:
            case Connected(name, alive):
                self._session = _Session(name, settled=False, catching_up=True, unseen=set(self.calls))
                heard.since = pbx_now
                self.members.begin()
                self._session.alive_at = max((at for at in (alive, heard.until) if at is not None), default=None)
                if not session.settled:  # it broke off: its gap is a part of this one
                    self._session.held_back, self._session.from_logs = session.held_back, session.from_logs
                    self._session.alive_at, self._session.restarted = session.alive_at, session.restarted
            case Booted(uptime_s):
                heard.since = pbx_now  # told at the log-in: from here on all is heard
                booted_at = now - timedelta(seconds=uptime_s)
                if heard.booted_at is not None and booted_at - heard.booted_at > SAME_BOOT:
                    session.restarted = True
                heard.booted_at = booted_at
            case MemberSeen(member, device):
                self.threads.members[device] = member
                self.members.hear(event, self.threads.line.pbx, self.threads.line.queues, pbx_now)
            case Listened(marks, offset_s):
                heard.marks |= marks
                heard.clock_offset_s = heard.clock_offset_s if offset_s is None else offset_s
            case PositionHeard():
                return self.threads.advance(event, pbx_now)
            case _ if session.settled:
                pass  # a list that nobody asked for to close a gap
            case CaughtUp():
                return self._catch_up(event, now)
            case ChannelListed(channel, application, bridge):
                session.unseen.discard(channel.uniqueid)
                session.listed[channel.uniqueid] = event
                self.threads.board.enter(channel, "" if application == PARKED else bridge)
            case WaiterListed(uniqueid):
                session.waiting[uniqueid] = event
            case Settled():
                return self._compare(pbx_now)
            case _:
                pass
        return []

    def _catch_up(self, event: CaughtUp, now: datetime) -> list[Fact]:
        session, heard = self._session, self.heard
        session.catching_up, session.logs, heard.gap_open = False, event.logs, not event.gap_closed
        heard.marks |= event.marks
        heard.unsure = [] if event.gap_closed else sorted(self.calls.keys() - session.fresh)
        heard.clock_offset_s = heard.clock_offset_s if event.clock_offset_s is None else event.clock_offset_s
        if event.gap_closed:
            heard.until = heard.until or now + timedelta(seconds=heard.clock_offset_s)
        held_back, session.held_back = session.held_back, []
        facts: list[Fact] = []
        for waited, its_now in held_back:
            if isinstance(waited, OfSession):
                facts += self.advance(waited, its_now)
                continue
            if waited.at is not None and not heard.gap_open:
                heard.until = waited.at
            told = self._hear(waited, its_now + timedelta(seconds=heard.clock_offset_s), held_back=True)
            facts += [self._known(fact) for fact in told]
        return facts

    def _compare(self, now: datetime) -> list[Fact]:
        """Make good what the list of channels says that we did not know; then the session is like any other moment."""
        session, threads = self._session, self.threads
        threads.board.keep(session.listed.keys() | session.born)
        self.members.settle(threads.line.pbx, now)
        facts: list[Fact] = []
        for uniqueid, one in session.listed.items():
            waiter = session.waiting.get(uniqueid)
            if waiter is not None and waiter.queue not in threads.line.queues:
                waiter = None
            called = one.application in CALLED_BY_US or one.channel.is_local
            if is_call_back(uniqueid):
                facts += threads.call_back(one.channel, now)
                continue
            comes_in = threads.line.is_own(one.channel) and not threads.board.seats[uniqueid].called
            if not called and (waiter is not None or comes_in):
                facts += threads.open(one.channel, _created(uniqueid) or now, recovered=True)
            if waiter is not None and (call := self.calls.get(uniqueid)) is not None:
                since = now - timedelta(seconds=waiter.waited_s)
                if call.queued_at is None or since - call.queued_at > WHOLE_SECONDS:  # else the wait that is known
                    facts += threads.happen(uniqueid, CallerJoined(since, one.channel, waiter.queue), now)
        for bridge in dict.fromkeys(seat.bridge for seat in threads.board.seats.values() if seat.bridge):
            met = threads.meet(bridge, None, now)
            facts += [replace(fact, at=None) if isinstance(fact, Taken) else fact for fact in met]
        there = session.listed.keys() | session.born
        if self.heard.gap_open:  # what is not there may still be told of
            there |= threads.call_backs.keys()
        facts += threads.lose_call_backs(there, now, unsure=self.heard.gap_open or not session.logs)
        # While a gap is open their true end may still be told: they are asked for again in the next session.
        for uniqueid in sorted(session.unseen & self.calls.keys()) if not self.heard.gap_open else ():
            facts.append(self._ended_unseen(self.calls[uniqueid]))
            threads.close(uniqueid, now)
        self._session = _Session(session.name)
        return facts

    def _ended_unseen(self, call: Call) -> Ended:
        """Return the end of a call that is no more: with the PBX, or at a moment that nobody told."""
        session, outcome = self._session, _answered(call)
        if not session.restarted:
            return Ended(call.key, None, outcome, NOT_SEEN, recovered=True)
        seen = self.threads.seen.get(call.key.uniqueid)
        lived = [seen] if call.key.uniqueid in session.from_logs else [seen, session.alive_at]
        at = max((at for at in lived if at is not None), default=None)
        return Ended(call.key, at, outcome or ("failed" if session.logs else None), RESTARTED, recovered=True)


def _channel_of(event: CallEvent) -> str:
    """Return the channel whose call an event tells of."""
    match event:
        case ChannelCreated() | CallerDescribed() | CallerJoined() | BridgeEntered():
            return event.channel.uniqueid
        case PhoneRung():
            return event.by
        case PickedUp():
            return event.target
        case MenuSaid():
            return event.caller
        case PassedOn():
            return event.transferee or event.by.uniqueid
        case _:
            return str(getattr(event, "uniqueid", ""))


def _rings(facts: list[Fact]) -> set[str]:
    """Return the calls that these facts open."""
    return {fact.key.uniqueid for fact in facts if isinstance(fact, Arrived)}


def _answered(call: Call) -> Outcome | None:
    return "answered" if call.taken else "overflow" if call.menu else None


def _created(uniqueid: str) -> datetime | None:
    """Return when a channel was made, as its uniqueid says: a whole second of the PBX's clock."""
    found = _CREATED.search(uniqueid)
    return datetime.fromtimestamp(int(found[1]), UTC) if found else None
