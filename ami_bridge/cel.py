"""The lines of Asterisk's CEL file, told as the AMI frames that Asterisk sent, or would have sent, for them.

The frames have one header more (`Recovered: cel`), go onto the tape like every other frame, and are interpreted by the
same code; playing the tape gives the same facts again. CEL knows when (milliseconds), which channels were in which
bridge, who passed on whom, and who ended a call: `hangupsource` of HANGUP is the channel that hung up, empty when the
PBX did. Who dials a phone it says by two things: the phone's channel carries the linkedid of the call from its first
moment, and some channel of that linkedid is in Queue or Dial then. (The linkedid alone lies: two callers who were
joined have one for ever, and the one who waits again has the other's. When both wait, nothing says for whom a phone
rings: that it rang is told once it is in one bridge with one of them, and never if it is not.) Who answered is who is
in one bridge with the caller. It does not hold hold, presentation or the name of a queue's member; what it does not
hold stays absent.

That a channel was called by the PBX (Originate, `channel originate`) and is no ring stands in its second line only: its
application is then AppDial2. So a channel that may be either is told when its second line is.

The file is `cel_custom`'s with the mapping of `asterisk-conf/cel_custom.conf`; COLUMNS is that mapping.
"""

import csv
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping

from ami_bridge import frames
from ami_bridge.events import CALL_BACK, CALLED_BY_US, DOWN, RING, device_of

COLUMNS = (
    *("type", "time", "name", "number", "ani", "rdnis", "dnid", "exten", "context", "channel", "app", "data"),
    *("uniqueid", "linkedid", "peer", "user_type", "extra"),
)
UNKNOWN = ""  # no state that Asterisk has
START = (
    "s"  # the extension of a channel that was called by nobody's number: every call out, and a caller who dialled it
)
OF_MENU = "INTAKE112"  # the voice menu's own event (`overflow`): its name stands where a type does
TYPES = frozenset(
    [
        *("CHAN_START", "CHAN_END", "HANGUP", "APP_START", "APP_END", "BRIDGE_ENTER", "BRIDGE_EXIT"),
        *("BLINDTRANSFER", "ATTENDEDTRANSFER", "PICKUP", "ANSWER", OF_MENU),
    ]
)
_TIME = re.compile(r"[0-9]{1,11}(?:\.[0-9]{1,9})?")
_BEGINNING = re.compile(rb'"(?:%s)","\d' % "|".join(sorted(TYPES)).encode())
Line = dict[str, str]
Headers = list[tuple[str, str]]


def read(raw_lines: Iterable[bytes]) -> Iterator[Line]:
    """Yield the lines of TYPES as dictionaries by COLUMNS.

    Each line stands for itself: one that cannot be read is left out and takes no other with it. Where Asterisk was
    killed in the middle of a line, the next one begins behind the torn piece and is found there.
    """
    for raw in raw_lines:
        if (row := _row(raw)) is not None:
            yield row
        else:
            starts = [*(found.start() for found in _BEGINNING.finditer(raw)), len(raw)]
            pieces = (_row(raw[start:end]) for start, end in itertools.pairwise(starts))
            yield from (row for row in pieces if row is not None)


def _row(raw: bytes) -> Line | None:
    try:
        row = next(csv.reader([frames.decode(raw.rstrip(b"\r\n"))], strict=True), [])
    except csv.Error:
        return None
    if len(row) != len(COLUMNS) or row[0] not in TYPES or _TIME.fullmatch(row[1]) is None:
        return None
    return dict(zip(COLUMNS, row, strict=True))


class Teller:
    """Tells the lines of a CEL file, one after the other; remembers who is dialling.

    `members`: the queue members' names by the uniqueid of the phone's channel, as `queue_log` knows them.
    """

    def __init__(self, members: Mapping[str, str]) -> None:
        self._members = members
        self._dialling: dict[str, Line] = {}  # a channel in Queue or Dial -> the line that says so
        self._in_bridge: dict[str, str] = {}  # a channel -> the bridge it is in
        self._for_either: dict[str, Line] = {}  # a phone that rings for one of several callers -> its first line
        self._untold: dict[str, Line] = {}  # a channel that comes in or was called by us -> its first line

    def tell(self, line: Line) -> Iterator[bytes]:
        """Yield the frames (without their empty line) of one line."""
        uniqueid = line["uniqueid"]
        if line["type"] == "CHAN_START" and uniqueid == line["linkedid"] and line["exten"] == START:
            self._untold[uniqueid] = line
            return
        if (first := self._untold.pop(uniqueid, None)) is not None:
            yield _frame(_created(first, DOWN if line["app"] in CALLED_BY_US else RING))
        yield from map(_frame, self._frames(line))

    def rest(self) -> Iterator[bytes]:
        """Yield the frames of channels that are told by one line yet: whether they come in, the PBX's list says."""
        yield from (_frame(_created(line, UNKNOWN)) for line in self._untold.values())

    def _frames(self, line: Line) -> list[Headers]:
        uniqueid = line["uniqueid"]
        match line["type"], line["app"]:
            case "CHAN_START", _:
                return self._begun(line)
            case "ANSWER", _:
                return []  # the dialplan's Answer(), or a phone: BRIDGE_ENTER says that somebody hears the caller
            case "CHAN_END", _:
                for known in (self._dialling, self._in_bridge, self._for_either):
                    known.pop(uniqueid, None)
                return []
            case "APP_START", app:
                self._dialling[uniqueid] = line
                queue = ("Queue", line["data"].partition(",")[0])
                return [[*_event("QueueCallerJoin", line), *_channel("", line), queue]] if app == "Queue" else []
            case "APP_END", app:
                self._dialling.pop(uniqueid, None)
                return [[*_event("QueueCallerLeave", line), *_channel("", line)]] if app == "Queue" else []
            case "BRIDGE_ENTER", _:
                self._in_bridge[uniqueid] = _extra(line).get("bridge_id", "")
                entered = [*_event("BridgeEnter", line), *_bridge(line), *_channel("", line)]
                return [*self._known_now(self._in_bridge[uniqueid]), entered]
            case "BRIDGE_EXIT", _:
                self._in_bridge.pop(uniqueid, None)
                return [_moved(line)]
            case "HANGUP", _:
                said = _extra(line)
                cause = [("Cause", said.get("hangupcause", ""))]
                by_far_end = said.get("hangupsource", "") == line["channel"]  # else the Cause would be a flag
                asked = _event("HangupRequest" if by_far_end else "SoftHangupRequest", line)
                dialled = [*_event("DialEnd", line), *_channel("", line), ("DialStatus", said.get("dialstatus", ""))]
                return [
                    *([dialled] if said.get("dialstatus") and uniqueid.startswith(CALL_BACK) else []),
                    [*asked, *_channel("", line), *(cause if by_far_end else [])],
                    [*_event("Hangup", line), *_channel("", line), *cause],
                ]
            case type_, _ if type_ == OF_MENU:
                return _menu(line)
            case "ATTENDEDTRANSFER", _ if _extra(line).get("channel2_uniqueid") == uniqueid:
                return []  # Asterisk's own: whether the phone handed over or all three talk, this line does not say
            case _:
                return [_moved(line)]

    def _begun(self, line: Line) -> list[Headers]:
        is_leg = line["uniqueid"] != line["linkedid"]
        created = _created(line, DOWN if is_leg else RING)
        if not is_leg or line["channel"].endswith(";2"):  # the far half of a Local channel is dialled by nobody
            return [created]
        if (by := self._who_dials(line)) is None:
            self._for_either[line["uniqueid"]] = line
            return [created]
        return [created, self._rings(line, by)]

    def _who_dials(self, leg: Line) -> str | None:
        """Return the channel that dials this one; if nobody is seen to, the one whose linkedid it carries.

        None: it is one of several callers who wait.
        """
        found = [line for line in self._dialling.values() if line["linkedid"] == leg["linkedid"]]
        named = [line for line in found if device_of(leg["channel"]) in line["data"]]
        waiting = [line for line in found if line["app"] == "Queue" and line["uniqueid"] not in self._in_bridge]
        if not named and len(waiting) > 1:
            return None
        return [leg["linkedid"], *(line["uniqueid"] for line in named or waiting or found)][-1]

    def _known_now(self, bridge: str) -> list[Headers]:
        """Return that a phone rang, of each that is in this bridge with the one caller for whom it did."""
        there = [uniqueid for uniqueid, one in self._in_bridge.items() if one == bridge]
        callers = [one for one in there if one in self._dialling]
        if len(callers) != 1 or not bridge:
            return []
        lines = [line for one in there if (line := self._for_either.pop(one, None)) is not None]
        return [self._rings(line, callers[0]) for line in lines]

    def _rings(self, line: Line, by: str) -> Headers:
        member = self._members.get(line["uniqueid"])
        named = [("MemberName", member)] if member is not None else []
        return [*_event("DialBegin", line), ("Uniqueid", by), *_channel("Dest", line), *named]


def _frame(headers: Headers) -> bytes:
    clean = [(name, value.replace("\r", " ").replace("\n", " ")) for name, value in headers]
    return frames.encode(clean).removesuffix(frames.END)


def _created(line: Line, state: str) -> Headers:
    return [*_event("Newchannel", line), ("ChannelState", state), *_channel("", line)]


def _moved(line: Line) -> Headers:
    """The frame for a channel that leaves a bridge, or is passed on."""
    said = _extra(line)
    match line["type"]:
        case "BRIDGE_EXIT":
            return [*_event("BridgeLeave", line), *_bridge(line), *_channel("", line)]
        case "BLINDTRANSFER":
            to = [("Extension", said.get("extension", "")), ("Context", said.get("context", ""))]
            return [*_event("BlindTransfer", line), *_channel("Transferer", line), *_transferee(said), *to]
        case "ATTENDEDTRANSFER":
            second = _named("SecondTransferer", said, "channel2_name", "channel2_uniqueid")
            target = _named("TransferTarget", said, "transfer_target_channel_name", "transfer_target_channel_uniqueid")
            first = _channel("OrigTransferer", line)
            return [*_event("AttendedTransfer", line), *first, *second, *_transferee(said), *target]
        case _:  # PICKUP
            phone = _named("", said, "pickup_channel", "pickup_channel_uniqueid")
            return [*_event("Pickup", line), *phone, *_channel("Target", line)]


def _menu(line: Line) -> list[Headers]:
    """The user event of the voice menu (`overflow`), which wrote this line beside it."""
    said = str(_extra(line).get("extra", "")).split(" ")
    if len(said) != 3:
        return []
    told = zip(("Call", "Step", "Value"), said, strict=True)
    return [[*_event("UserEvent", line), ("UserEvent", "Intake112Menu"), *_channel("", line), *told]]


def _event(name: str, line: Line) -> Headers:
    return [("Event", name), ("Timestamp", line["time"]), ("Recovered", "cel")]


def _channel(prefix: str, line: Line) -> Headers:
    return [
        (f"{prefix}Channel", line["channel"]),
        (f"{prefix}CallerIDNum", line["number"]),
        (f"{prefix}CallerIDName", frames.escaped(line["name"])),
        (f"{prefix}Context", line["context"]),
        (f"{prefix}Exten", line["exten"]),
        (f"{prefix}Uniqueid", line["uniqueid"]),
        (f"{prefix}Linkedid", line["linkedid"]),
    ]


def _bridge(line: Line) -> Headers:
    said = _extra(line)
    return [("BridgeUniqueid", said.get("bridge_id", "")), ("BridgeTechnology", said.get("bridge_technology", ""))]


def _transferee(said: Mapping[str, str]) -> Headers:
    return _named("Transferee", said, "transferee_channel_name", "transferee_channel_uniqueid")


def _named(prefix: str, said: Mapping[str, str], name: str, uniqueid: str) -> Headers:
    """A channel that the line's extra names; Asterisk writes N/A for one that is not there."""
    headers = [(f"{prefix}Channel", said.get(name, "")), (f"{prefix}Uniqueid", said.get(uniqueid, ""))]
    return [(header, value) for header, value in headers if value not in ("", "N/A")]


def _extra(line: Line) -> dict[str, str]:
    try:
        said = json.loads(line["extra"])
    except ValueError:
        return {}
    return {name: str(value) for name, value in said.items()} if isinstance(said, dict) else {}
