"""A story is what real Asterisk once said of a call; here it becomes what it would say of another one.

Everything happens on bytes, header by header, in the order of the tape: what a caller wrote into his name stays what he
wrote. Ids (channels, bridges, Asterisk's unique ids) are renamed by one mapping for the whole story, a bijection; the
serial numbers that a playing uses up are its `width`, so two playings with serials apart never share an id. Times move
as a block: a frame's own `Timestamp` keeps its distance to the moment when it is said.

Real callers are patient and tapes are not (seconds cost test time): `paced` lets the caller wait and talk longer.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote_from_bytes
from uuid import UUID, uuid5

from ami_bridge.frames import FrameError, decode, escaped, event_name, unescaped

Header = tuple[bytes, bytes]
NOTHING = timedelta(0)
SECOND = timedelta(seconds=1)
MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NOBODY = (b"", b"<unknown>", b"<null>")
FRAMES_PER_SERIAL = 10_000  # no story has as many frames: how far `SequenceNumber` moves with a serial

_UNIQUEID = re.compile(rb"(.*?)(\d+)\.(\d+)")
_CHANNEL = re.compile(rb"(.+)-([0-9a-f]{8})")
_DESK = re.compile(rb"op(\d+)")
_NUMBERS = (b"CallerIDNum", b"ConnectedLineNum")
_NAMES = (b"CallerIDName", b"ConnectedLineName")
_MEMBERS = (b"MemberName",)
_ENCODED = (b"CallerNumber", b"CallerName", b"AssertedIdentity")  # of the dialplan's UserEvent, by URIENCODE()
_LEAVES_PLAIN = "-_.!~*'()"  # Asterisk's URIENCODE leaves these, letters and digits
_WITH_FIGURES = (b"AgentConnect", b"AgentComplete", b"QueueCallerAbandon")
_HANGUPS = (b"HangupRequest", b"SoftHangupRequest", b"Hangup")


@dataclass(frozen=True, slots=True)
class Cue:
    """One frame (without its empty line), and when it is said after the story began.

    `delayed` is how much later than on the tape that is: its `Timestamp` moves by as much.
    """

    after: timedelta
    raw: bytes
    delayed: timedelta = NOTHING


@dataclass(frozen=True, slots=True)
class Story:
    """The events of one or more calls, without what was answered to the recorder's own questions (`snapshot`)."""

    name: str
    began: datetime
    cues: tuple[Cue, ...]
    snapshot: tuple[bytes, ...] = ()

    @property
    def callers(self) -> tuple[Header, ...]:
        """Number and name of everyone who rings, as on the tape; the same caller twice is one."""
        rings = (dict(headers(cue.raw)) for cue in self.cues if event_name(cue.raw) == b"Newchannel")
        found = ((ring[b"CallerIDNum"], ring[b"CallerIDName"]) for ring in rings if ring[b"ChannelState"] == b"4")
        return tuple(dict.fromkeys(found))

    @property
    def desks(self) -> tuple[str, ...]:
        """The queue members that it tells of, in their order."""
        found = (value for cue in self.cues for key, value in headers(cue.raw) if key in _MEMBERS)
        return tuple(dict.fromkeys(value.decode() for value in found))

    @property
    def width(self) -> int:
        """How many serials a playing uses up, from the one it is given."""
        ids = _Ids.of(self)
        return max(len(ids.counts), len(ids.serials))

    def at_speed(self, speed: float) -> "Story":
        """Tell it `speed` times as fast."""
        cues = ((cue, cue.after / speed) for cue in self.cues)
        return replace(self, cues=tuple(Cue(new, cue.raw, cue.delayed + new - cue.after) for cue, new in cues))

    def paced(self, *, waits: timedelta = NOTHING, talks: timedelta = NOTHING) -> "Story":
        """Let the (first) caller wait longer in the queue, and talk longer, by so much.

        Asterisk's own figures (HoldTime, RingTime, TalkTime: whole seconds) grow with it. Who never reached the queue,
        or never talked, does not do it longer.
        """
        cues, delay = [], NOTHING
        pauses = _pauses(self)
        figures = {b"HoldTime": waits // SECOND, b"RingTime": waits // SECOND, b"TalkTime": talks // SECOND}
        for cue in self.cues:
            delay += {"waits": waits, "talks": talks, "": NOTHING}[next(pauses)]
            grows = figures if event_name(cue.raw) in _WITH_FIGURES else {}
            raw = joined((key, _sum(value, grows[key]) if key in grows else value) for key, value in headers(cue.raw))
            cues.append(Cue(cue.after + delay, raw, cue.delayed + delay))
        return replace(self, cues=tuple(cues))


def headers(raw: bytes) -> Iterator[Header]:
    """Cut a frame into its headers; a line that is none comes with an empty name, and `joined` gives it back so."""
    for line in raw.split(b"\r\n"):
        key, colon, value = line.partition(b": ")
        yield (key, value) if colon and key else (b"", line)


def joined(pairs: Iterable[Header]) -> bytes:
    """Return the frame that consists of these headers, without its empty line."""
    return b"\r\n".join(b"%s: %s" % (key, value) if key else value for key, value in pairs)


def with_new_ids(
    story: Story,
    serial: int,
    at: datetime,
    number: str | None = None,
    name: str | None = None,
    desks: Mapping[str, str] | None = None,
) -> list[bytes]:
    """Return the story's frames as Asterisk would say them of another call, which begins at `at`.

    The serial numbers of its channels begin at `serial`. `number` and `name` are another caller's, wherever the tape
    has the caller's; `desks` says which queue member plays whose part. Raises ValueError when the tape has not exactly
    one caller, or none with a number or name to take the place of, or two would be the same desk; FrameError for a line
    break.
    """
    renaming = _Renaming(story, serial, at, desks or {})
    renaming.cast(number, name)
    return [renaming.of(cue) for cue in story.cues]


def new_ids(story: Story, serial: int, at: datetime, desks: Mapping[str, str] | None = None) -> dict[bytes, bytes]:
    """Return the mapping of the story's ids (unique ids, channel names without `;1`, bridges) for a playing."""
    ids, second = _Ids.of(story), (at - EPOCH) // SECOND
    moved = second - (story.began - EPOCH) // SECOND
    played = {f"PJSIP/{old}".encode(): f"PJSIP/{new}".encode() for old, new in (desks or {}).items()}
    mapping = {}
    for old in ids.uniqueids:
        if parts := _UNIQUEID.fullmatch(old):
            prefix, epoch, count = parts[1], int(parts[2]) + moved, int(parts[3]) - ids.counts.start + serial
            mapping[old] = b"%s%d.%d" % (prefix, epoch, count)
        else:  # an id that whoever originated the call has chosen: a name and the request's UUID
            name, _, request = old.partition(b"-")
            mapping[old] = b"%s-%s" % (name, _another(request, second, serial))
    for old in ids.channels:
        if parts := _CHANNEL.fullmatch(old):
            count = int(parts[2], 16) - ids.serials.start + serial
            mapping[old] = b"%s-%08x" % (played.get(parts[1], parts[1]), count)
    for old in ids.bridges:
        mapping[old] = _another(old, second, serial)
    return mapping


def _another(uuid: bytes, second: int, serial: int) -> bytes:
    return str(uuid5(UUID(uuid.decode()), f"{second}.{serial}")).encode()


@dataclass(frozen=True, slots=True)
class _Ids:
    """The ids on a tape, each once, in the order in which they come up."""

    uniqueids: tuple[bytes, ...]
    channels: tuple[bytes, ...]
    bridges: tuple[bytes, ...]
    counts: range  # of the numbers at the end of the unique ids
    serials: range  # of those at the end of the channels' names

    @classmethod
    def of(cls, story: Story) -> "_Ids":
        uniqueids: dict[bytes, None] = {}
        channels: dict[bytes, None] = {}
        bridges: dict[bytes, None] = {}
        for key, value in (header for cue in story.cues for header in headers(cue.raw)):
            if key.endswith((b"BridgeUniqueid", b"BridgeId")):
                if value:
                    bridges[value] = None
            elif key.endswith((b"Uniqueid", b"Linkedid")):
                uniqueids[value.partition(b";")[0]] = None
            elif key.endswith(b"Channel") and _CHANNEL.fullmatch(base := value.partition(b";")[0]):
                channels[base] = None
        uniqueids.pop(b"", None)
        counts = [int(parts[3]) for parts in map(_UNIQUEID.fullmatch, uniqueids) if parts] or [0]
        chosen = sum(_UNIQUEID.fullmatch(one) is None for one in uniqueids)  # their channels count as well
        serials = [int(parts[2], 16) for parts in map(_CHANNEL.fullmatch, channels) if parts] or [0]
        return cls(
            tuple(uniqueids),
            tuple(channels),
            tuple(bridges),
            range(max(min(counts) - chosen, 0), max(counts) + 1),
            range(min(serials), max(serials) + 1),
        )


class _Renaming:
    """Who is who in one playing."""

    def __init__(self, story: Story, serial: int, at: datetime, desks: Mapping[str, str]) -> None:
        others = set(story.desks) - desks.keys()
        taken = list(desks.values()) + list(others)
        if len(set(taken)) < len(taken):
            raise ValueError(f"two of {story.name}'s desks would be the same one: {dict(desks)}")
        self._story = story
        self._serial = serial
        self._moved = at - story.began
        self._moved_s = (at - EPOCH) // SECOND - (story.began - EPOCH) // SECOND
        self._inside = new_ids(story, serial, at, desks)
        self._inside |= {f"PJSIP/{old}".encode(): f"PJSIP/{new}".encode() for old, new in desks.items()}
        self._inside |= {_encoded(old): _encoded(new) for old, new in self._inside.items()}
        self._members = {old.encode(): new.encode() for old, new in desks.items()}
        self._numbers = dict(self._members)
        self._names = {
            b"Desk " + a[1]: b"Desk " + b[1]
            for old, new in self._members.items()
            if (a := _DESK.fullmatch(old)) and (b := _DESK.fullmatch(new))
        }
        self._people: dict[bytes, bytes] = {}
        words = sorted(self._inside, key=len, reverse=True)
        self._pattern = re.compile(b"(?:%s)(?![0-9A-Za-z])" % b"|".join(map(re.escape, words or [b"(?!)"])))

    def cast(self, number: str | None, name: str | None) -> None:
        """Let somebody else be the caller."""
        parts = ((number, 0, self._numbers), (name, 1, self._names))
        for new, part, plain in ((new, part, plain) for new, part, plain in parts if new is not None):
            if any(c in "\r\n\0" for c in new):
                raise FrameError(f"a line break in a caller's number or name ({new!r}): it would forge headers")
            callers = self._story.callers
            if len(callers) != 1 or callers[0][part] in NOBODY:
                raise ValueError(f"{self._story.name} has not one caller whose part another could take: {callers}")
            old = callers[0][part]
            is_name = plain is self._names
            plain[old] = (escaped(new) if is_name else new).encode()
            said = unescaped(decode(old)).encode() if is_name else old  # the dialplan's event has it as it is
            self._people[_encoded(said)] = _encoded(new.encode())

    def of(self, cue: Cue) -> bytes:
        """Return the frame as it is said in this playing."""
        return joined((key, self._value(key, value, cue.delayed)) for key, value in headers(cue.raw))

    def _value(self, key: bytes, value: bytes, delayed: timedelta) -> bytes:
        if key == b"Timestamp":
            seconds, _, fraction = value.partition(b".")
            now = timedelta(seconds=int(seconds), microseconds=int(fraction or b"0")) + self._moved + delayed
            return b"%d.%06d" % (now // SECOND, now % SECOND // MICROSECOND)
        if key in (b"LoginTime", b"LastCall", b"LastPause") and value != b"0":
            return _sum(value, self._moved_s + (0 if key == b"LoginTime" else delayed // SECOND))
        if key == b"SequenceNumber":
            return _sum(value, FRAMES_PER_SERIAL * self._serial)
        for suffixes, people in ((_NUMBERS, self._numbers), (_NAMES, self._names), (_MEMBERS, self._members)):
            if key.endswith(suffixes):
                return people.get(value, value)
        if key in _ENCODED:
            for old, new in self._people.items():
                value = value.replace(old, new)
            return value
        return self._pattern.sub(lambda found: self._inside[found[0]], value)


def _pauses(story: Story) -> Iterator[str]:
    """Say for every frame whether the caller's wait (`waits`) or talk (`talks`) ends with it, each once."""
    phase, callers = "before", {b""}
    for cue in story.cues:
        event, seen = event_name(cue.raw), dict(headers(cue.raw))
        if event == b"Newchannel" and seen[b"ChannelState"] == b"4":
            callers.add(seen[b"Uniqueid"])
        elif event == b"QueueCallerJoin" and phase == "before":
            phase = "waits"
        answered = event == b"Newstate" and seen[b"ChannelState"] == b"6" and seen[b"Uniqueid"] not in callers
        given_up = event in _HANGUPS and seen[b"Uniqueid"] in callers
        if phase == "waits" and (answered or given_up):
            phase = "answered" if answered else "over"
            yield "waits"
        elif phase == "talks" and event in _HANGUPS and (event != b"Hangup" or given_up):
            phase = "over"
            yield "talks"
        else:
            if phase == "answered" and event == b"BridgeEnter":
                phase = "talks"
            yield ""


def _sum(value: bytes, more: int) -> bytes:
    return b"%d" % (int(value) + more)


def _encoded(value: bytes) -> bytes:
    return quote_from_bytes(value, safe=_LEAVES_PLAIN).encode()
