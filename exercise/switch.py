"""What the pretend Asterisk knows of the calls being played, for those who ask: channels, queue, members, figures.

It learns from the very frames that it says, so a snapshot never contradicts the events around it. The forms are those
of Asterisk 22, header by header; `tests/exercise/asked.tape` holds what the real one answered at the same moments.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ami_bridge.frames import event_name
from exercise.story import EPOCH, SECOND, Header, headers, joined

_CHANNEL = (
    *(b"Channel", b"ChannelState", b"ChannelStateDesc", b"CallerIDNum", b"CallerIDName", b"ConnectedLineNum"),
    *(b"ConnectedLineName", b"Language", b"AccountCode", b"Context", b"Exten", b"Priority", b"Uniqueid", b"Linkedid"),
)
_PERSON = (b"CallerIDNum", b"CallerIDName", b"ConnectedLineNum", b"ConnectedLineName")
_MEMBER = {  # in the order of QueueMember, with what a member has that only just logged in
    b"Membership": b"dynamic",
    b"Penalty": b"0",
    b"CallsTaken": b"0",
    b"LastCall": b"0",
    b"LastPause": b"0",
    b"LoginTime": b"0",
    b"InCall": b"0",
    b"Status": b"1",
    b"Paused": b"0",
    b"PausedReason": b"",
    b"Wrapuptime": b"0",
}
_SHARED = (b"Membership", b"Penalty", b"LastPause", b"LoginTime", b"Paused", b"PausedReason")  # what actions decide
_YES = (b"yes", b"true", b"y", b"t", b"1", b"on")  # ast_true
_RUNG_BY = {b"AgentCalled": b"AppQueue", b"DialBegin": b"AppDial"}
Fields = dict[bytes, bytes]


@dataclass(slots=True)
class _Channel:
    fields: Fields
    since: datetime
    application: bytes = b""
    data: bytes = b""
    bridge: bytes = b""


@dataclass(slots=True)
class _Figures:
    completed: int = 0
    abandoned: int = 0
    hold: int = 0
    talk: int = 0


@dataclass(slots=True)
class Switch:
    """The state of one PBX with one queue."""

    began: datetime
    queue: bytes = b"112"
    processed: int = 0
    _channels: dict[bytes, _Channel] = field(default_factory=dict)
    _waiting: dict[bytes, datetime] = field(default_factory=dict)
    _members: dict[bytes, Fields] = field(default_factory=dict)  # by interface
    _changed: set[bytes] = field(default_factory=set)  # interfaces that an action changed: the tapes know nothing of it
    _figures: _Figures = field(default_factory=_Figures)

    def log_in(self, members: Iterable[str], now: datetime) -> None:
        """Let these members wait at their phones, `op1` at `PJSIP/op1`."""
        login = b"%d" % ((now - EPOCH) // SECOND)
        for member in members:
            device = f"PJSIP/{member}".encode()
            self._members[device] = {
                b"Name": member.encode(),
                b"Location": device,
                b"StateInterface": device,
                **_MEMBER,
                b"LoginTime": login,
            }

    @property
    def calls(self) -> int:
        """How many channels there are."""
        return len(self._channels)

    def forget(self) -> None:
        """Lose every call, as a PBX that was stopped."""
        self._channels.clear()
        self._waiting.clear()

    def hear(self, raw: bytes, now: datetime) -> None:
        """Take up what a frame says that is being said now."""
        event, seen = event_name(raw), dict(headers(raw))
        uniqueid = seen.get(b"Uniqueid", b"")
        if event == b"Newchannel":
            self._channels[uniqueid] = _Channel({}, now)
            self.processed += seen.get(b"ChannelState") == b"4"
        self._update_channels(seen)
        if event.startswith(b"QueueMember"):
            self._member(event, seen)
        elif (channel := self._channels.get(uniqueid)) is not None:
            self._call(event, seen, channel, now)

    def _update_channels(self, seen: Fields) -> None:
        for key in seen:
            channel = self._channels.get(seen[key]) if key.endswith(b"Uniqueid") else None
            prefix = key.removesuffix(b"Uniqueid")
            if channel is not None and prefix + b"Channel" in seen:
                found = {name: seen[prefix + name] for name in _CHANNEL if prefix + name in seen}
                channel.fields = channel.fields | found

    def _call(self, event: bytes, seen: Fields, channel: _Channel, now: datetime) -> None:
        uniqueid, figures = seen[b"Uniqueid"], self._figures
        member = self._members.get(seen.get(b"Interface", b""), {})
        match event:
            case b"QueueCallerJoin" if seen[b"Queue"] == self.queue:
                self._waiting[uniqueid] = now
                channel.application, channel.data = b"Queue", self.queue
            case b"QueueCallerLeave":
                self._waiting.pop(uniqueid, None)
            case b"QueueCallerAbandon":
                figures.abandoned += 1
            case b"AgentCalled" | b"DialBegin":
                phone = self._channels.get(seen.get(b"DestUniqueid", b""))
                if phone is not None and not phone.application:
                    phone.application, phone.data = _RUNG_BY[event], b"(Outgoing Line)"
                if not channel.application:
                    channel.application, channel.data = b"Dial", seen.get(b"DialString", b"")
            case b"AgentConnect":
                figures.hold = _average(figures.hold, seen[b"HoldTime"])
                member[b"InCall"] = b"1"
            case b"AgentComplete":
                figures.talk = _average(figures.talk, seen[b"TalkTime"])
                figures.completed += 1
                member[b"InCall"] = b"0"
            case b"BridgeEnter":
                channel.bridge = seen[b"BridgeUniqueid"]
            case b"BridgeLeave":
                channel.bridge = b""
            case b"Hangup":
                del self._channels[uniqueid]
                self._waiting.pop(uniqueid, None)
            case _:
                pass

    def _member(self, event: bytes, seen: Fields) -> None:
        interface = seen.get(b"Interface", b"")
        if event == b"QueueMemberRemoved":
            self._members.pop(interface, None)
        elif interface and seen.get(b"Queue") == self.queue:
            who = {b"Name": seen[b"MemberName"], b"Location": interface, b"StateInterface": seen[b"StateInterface"]}
            known = {key: seen[key] for key in _MEMBER if key in seen and key != b"LoginTime"}
            self._members[interface] = _MEMBER | self._members.get(interface, {}) | who | known

    # -- members come and go by actions -------------------------------------------------------------------------------

    def rings(self, desk: str) -> bool:
        """Tell whether the queue rings this desk."""
        return self._members.get(f"PJSIP/{desk}".encode(), {}).get(b"Paused") == b"0"

    def as_now(self, raw: bytes) -> bytes | None:
        """Return a tape's frame as it is when actions have changed its member since; None: there is no such member."""
        seen = dict(headers(raw))
        interface, is_of_member = seen.get(b"Interface", b""), event_name(raw).startswith(b"QueueMember")
        if interface not in self._changed:
            return raw
        member = self._members.get(interface)
        if member is None:
            return None if is_of_member else raw
        told = {b"MemberName": member[b"Name"]} | ({name: member[name] for name in _SHARED} if is_of_member else {})
        return joined((key, told.get(key, value)) for key, value in seen.items())

    def act(self, action: bytes, asked: Fields, now: datetime) -> tuple[bytes, Sequence[Header]]:
        """Do QueueAdd, QueueRemove or QueuePause; return what to answer, and the event that it makes.

        An action that is refused makes none.
        """
        queue, interface = asked.get(b"queue", b""), asked.get(b"interface", b"")
        second = b"%d" % ((now - EPOCH) // SECOND)
        if action == b"queuepause":
            return self._pause(queue, interface, asked, second)
        member = self._members.get(interface)
        if action == b"queueremove":
            if not queue or not interface:
                return b"Need 'Queue' and 'Interface' parameters.", ()
            if queue != self.queue:
                return b"Unable to remove interface from queue: No such queue", ()
            if member is None:
                return b"Unable to remove interface: Not there", ()
            self._changed.add(interface)
            return b"Removed interface from queue", self._event(b"QueueMemberRemoved", self._members.pop(interface))
        if not queue or not interface:
            return b"'%s' not specified." % (b"Interface" if queue else b"Queue"), ()
        if queue != self.queue:
            return b"Unable to add interface to queue: No such queue", ()
        if member is not None:
            return b"Unable to add interface: Already there", ()
        self._changed.add(interface)
        device = asked.get(b"stateinterface") or interface
        who = {b"Name": asked.get(b"membername") or interface, b"Location": interface, b"StateInterface": device}
        self._members[interface] = who | _MEMBER | {b"LoginTime": second}
        return b"Added interface to queue", self._event(b"QueueMemberAdded", self._members[interface])

    def _pause(self, queue: bytes, interface: bytes, asked: Fields, second: bytes) -> tuple[bytes, Sequence[Header]]:
        if not interface or b"paused" not in asked:
            return b"Need 'Interface' and 'Paused' parameters.", ()
        member = self._members.get(interface)
        if member is None or queue not in (b"", self.queue):
            return b"Interface not found", ()
        self._changed.add(interface)
        pauses = asked[b"paused"].lower() in _YES
        member[b"Paused"], member[b"PausedReason"] = (b"1", asked.get(b"reason", b"")) if pauses else (b"0", b"")
        member[b"LastPause"] = second if pauses else member[b"LastPause"]
        said = b"Interface paused successfully" if pauses else b"Interface unpaused successfully"
        return said, self._event(b"QueueMemberPause", member)

    def _event(self, event: bytes, member: Fields) -> Sequence[Header]:
        *others, wrap_up = ((name, member[name]) for name in _MEMBER)
        return (
            (b"Event", event),
            (b"Privilege", b"agent,all"),
            (b"Queue", self.queue),
            (b"MemberName", member[b"Name"]),
            (b"Interface", member[b"Location"]),
            (b"StateInterface", member[b"StateInterface"]),
            *others,
            (b"Ringinuse", b"0"),
            wrap_up,
        )

    # -- what it answers ----------------------------------------------------------------------------------------------

    def channels(self, now: datetime) -> Iterator[Sequence[Header]]:
        """Answer CoreShowChannels, without the ActionID."""
        for one in self._channels.values():
            seconds = max(now - one.since, timedelta()) // SECOND
            duration = b"%02d:%02d:%02d" % (seconds // 3600, seconds // 60 % 60, seconds % 60)
            yield (
                (b"Event", b"CoreShowChannel"),
                *((name, one.fields.get(name, b"")) for name in _CHANNEL),
                (b"Application", one.application),
                (b"ApplicationData", one.data),
                (b"Duration", duration),
                (b"BridgeId", one.bridge),
            )

    def status(self, now: datetime, queue: bytes = b"", member: bytes = b"") -> Iterator[Sequence[Header]]:
        """Answer QueueStatus, without the ActionID; `queue` and `member` narrow it down as the action's headers do."""
        if queue not in (b"", self.queue):
            return
        yield self._params()
        for interface, fields in self._members.items():
            if member in (b"", fields[b"Name"], interface):
                yield ((b"Event", b"QueueMember"), (b"Queue", self.queue), *_ordered(fields))
        for position, (uniqueid, since) in enumerate(self._waiting.items(), 1):
            caller = self._channels[uniqueid].fields
            yield (
                (b"Event", b"QueueEntry"),
                (b"Queue", self.queue),
                (b"Position", b"%d" % position),
                (b"Channel", caller[b"Channel"]),
                (b"Uniqueid", uniqueid),
                *((name, b"unknown" if caller[name] == b"<unknown>" else caller[name]) for name in _PERSON),
                (b"Wait", b"%d" % (max(now - since, timedelta()) // SECOND)),
                (b"Priority", b"0"),
            )

    def _params(self) -> Sequence[Header]:
        figures = self._figures
        return (
            (b"Event", b"QueueParams"),
            (b"Queue", self.queue),
            (b"Max", b"0"),
            (b"Strategy", b"ringall"),
            (b"Calls", b"%d" % len(self._waiting)),
            (b"Holdtime", b"%d" % figures.hold),
            (b"TalkTime", b"%d" % figures.talk),
            (b"Completed", b"%d" % figures.completed),
            (b"Abandoned", b"%d" % figures.abandoned),
            (b"ServiceLevel", b"0"),
            (b"ServicelevelPerf", b"0.0"),
            (b"ServicelevelPerf2", b"0.0"),
            (b"Weight", b"0"),
        )

    def core_status(self) -> Sequence[Header]:
        """Answer CoreStatus, without its beginning."""
        day, time = self.began.strftime("%Y-%m-%d").encode(), self.began.strftime("%H:%M:%S").encode()
        return (
            (b"CoreStartupDate", day),
            (b"CoreStartupTime", time),
            (b"CoreReloadDate", day),
            (b"CoreReloadTime", time),
            (b"CoreCurrentCalls", b"%d" % self.calls),
            (b"CoreProcessedCalls", b"%d" % self.processed),
        )


def _ordered(member: Fields) -> Iterator[Header]:
    for name in (b"Name", b"Location", b"StateInterface", *_MEMBER):
        yield name, member[name]


def _average(old: int, new: bytes) -> int:
    """Return Asterisk's moving average (app_queue); its first value is taken as it is."""
    return (3 * old + int(new)) // 4 if old else int(new)
