"""What happened while the bridge was not listening, from Asterisk's CEL file, told as the frames it would have sent.

The lines become ordinary AMI frames with one header more (`Recovered: cel`), go onto the tape like every other frame,
and are interpreted by the same code; playing the tape gives the same facts again. CEL knows who ended a call
(`hangupsource` of HANGUP is the channel that hung up, empty when the PBX did), when (milliseconds), and which phone
talked. What it does not hold stays unknown.

The file is `cel_custom`'s with the mapping of `asterisk-conf/cel_custom.conf`; COLUMNS is that mapping.
"""

import csv
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from ami_bridge import frames
from ami_bridge.events import RING

COLUMNS = (
    *("type", "time", "name", "number", "ani", "rdnis", "dnid", "exten", "context", "channel", "app", "data"),
    *("uniqueid", "linkedid", "peer", "user_type", "extra"),
)
BEGINNINGS = [f'"{name}",'.encode() for name in ("CHAN_START", "APP_START", "BRIDGE_ENTER", "HANGUP", "CHAN_END")]
Line = dict[str, str]
Headers = list[tuple[str, str]]


def from_cel(path: Path, since: datetime) -> list[bytes]:
    """Return the frames (without their empty line) for all that the CEL file holds from `since` on.

    A half-written last line is left for the next time. Raises OSError when the file cannot be read.
    """
    with path.open("rb") as file:
        return list(told(read(file), since))


def read(raw_lines: Iterable[bytes]) -> Iterator[Line]:
    """Yield the lines of a CEL file as dictionaries by COLUMNS.

    Each line stands for itself: one that cannot be read is left out and takes no other with it. Where Asterisk was
    killed in the middle of a line, the next one begins behind the torn piece and is found there.
    """
    for raw in raw_lines:
        if not raw.endswith(b"\n"):
            return
        row = _row(raw) or _row(raw[max(raw.rfind(begin) for begin in BEGINNINGS) :])
        if row is not None:
            yield dict(zip(COLUMNS, row, strict=True))


def _row(raw: bytes) -> list[str] | None:
    try:
        row = next(csv.reader([frames.decode(raw.rstrip(b"\r\n"))]), [])
    except csv.Error:
        return None
    return row if len(row) == len(COLUMNS) else None


def told(lines: Iterable[Line], since: datetime) -> Iterator[bytes]:
    """Yield the frames that Asterisk would have sent for these lines."""
    earliest = since.timestamp()
    for line in lines:
        if _seconds(line["time"]) >= earliest:
            for headers in _frames(line):
                clean = [(name, value.replace("\r", " ").replace("\n", " ")) for name, value in headers]
                yield frames.encode(clean).removesuffix(frames.END)


def _frames(line: Line) -> list[Headers]:
    match line["type"], line["app"]:
        case "CHAN_START", _:
            # A leg that the PBX dials carries the caller's linkedid from its first moment.
            state = RING if line["uniqueid"] == line["linkedid"] else "0"
            return [[*_event("Newchannel", line), *_channel("", line, state)]]
        case "APP_START", "Queue":
            queue = line["data"].partition(",")[0]
            return [[*_event("QueueCallerJoin", line), *_channel("", line, "6"), ("Queue", queue)]]
        case "BRIDGE_ENTER", "AppQueue":
            caller = ("Uniqueid", line["linkedid"])
            return [[*_event("AgentConnect", line), caller, *_channel("Dest", line, "6")]]
        case "HANGUP", _:
            cause, source = _hangup(line["extra"])
            name = "HangupRequest" if source == line["channel"] else "SoftHangupRequest"
            own = ("Uniqueid", line["uniqueid"])
            asked = [*_event(name, line), own, ("Cause", cause)]
            return [asked, [*_event("Hangup", line), own, ("Cause", cause)]]
        case _:
            return []


def _event(name: str, line: Line) -> Headers:
    return [("Event", name), ("Timestamp", line["time"]), ("Recovered", "cel")]


def _channel(prefix: str, line: Line, state: str) -> Headers:
    return [
        (f"{prefix}Channel", line["channel"]),
        (f"{prefix}ChannelState", state),
        (f"{prefix}CallerIDNum", line["number"]),
        (f"{prefix}CallerIDName", line["name"]),
        (f"{prefix}Context", line["context"]),
        (f"{prefix}Exten", line["exten"]),
        (f"{prefix}Uniqueid", line["uniqueid"]),
        (f"{prefix}Linkedid", line["linkedid"]),
    ]


def _hangup(extra: str) -> tuple[str, str]:
    try:
        said = json.loads(extra)
        return str(said.get("hangupcause", "")), str(said.get("hangupsource", ""))
    except (ValueError, AttributeError):
        return "", ""


def _seconds(text: str) -> float:
    try:
        return datetime.fromtimestamp(float(text), UTC).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0
