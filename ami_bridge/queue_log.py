"""The lines of Asterisk's queue_log: what CEL lacks of a queue's calls, and all there is where no CEL is written.

A line is `epoch|caller's uniqueid|queue|member|EVENT|a|b|c`, in whole seconds. With CEL it only gives names: CONNECT
names the member whose phone answered, by the uniqueid of that phone's channel, and says how long it rang.
(RINGNOANSWER and RINGCANCELED name a member and no channel; which phone that was nobody says, so it is not told.) At a
pickup CONNECT names the member that was rung and the channel that answered: so a name is believed only of a channel
that was dialled for the caller.

Without CEL it tells a call from the queue to its end, as AMI frames with `Recovered: queue_log`. ABANDON and
COMPLETECALLER say that the caller's channel was hung up, not by whom: both are written, too, when the PBX ended the
call or was stopped. So they are a Hangup that nobody is said to have asked for. After the other events the call goes
on somewhere; what became of it then is the snapshot's to say.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ami_bridge import frames

ENDS = frozenset({"ABANDON", "COMPLETECALLER"})
EXITS = frozenset({"EXITWITHTIMEOUT", "EXITWITHKEY", "EXITEMPTY"})
TOLD = ENDS | EXITS | {"ENTERQUEUE", "CONNECT"}
LAST_FIELDS = 3  # so many at least stand behind the event of each of these
Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line that is of use."""

    at: int
    call: str
    queue: str
    member: str
    event: str
    fields: tuple[str, ...]


def read(raw_lines: Iterable[bytes]) -> Iterator[Entry]:
    """Yield the lines that are of use; one that cannot be read takes no other with it.

    Where Asterisk was killed in the middle of a line, the next one stands behind the torn piece and is found there.
    """
    for raw in raw_lines:
        parts = frames.decode(raw.rstrip(b"\r\n")).split("|")
        for start in range(max(1, len(parts) - 4 - LAST_FIELDS)):
            if (entry := _entry(parts[start:])) is not None:
                yield entry
                break


def _entry(parts: list[str]) -> Entry | None:
    if len(parts) < 5 + LAST_FIELDS or parts[4] not in TOLD:
        return None
    epoch = parts[0][-10:]  # a torn piece may stand before it
    if not (epoch.isascii() and epoch.isdigit()):
        return None
    return Entry(int(epoch), parts[1], parts[2], parts[3], parts[4], tuple(parts[5:]))


def members(entries: Iterable[Entry]) -> dict[str, str]:
    """Return the names of the members who answered, by the uniqueid of their phone's channel."""
    return {entry.fields[1]: entry.member for entry in entries if entry.event == "CONNECT" and entry.fields[1]}


def tell(entry: Entry) -> Iterator[bytes]:
    """Yield the frames (without their empty line) that Asterisk would have sent for one line."""
    for headers in _frames(entry):
        clean = [(name, value.replace("\r", " ").replace("\n", " ")) for name, value in headers if value]
        yield frames.encode(clean).removesuffix(frames.END)


def _frames(entry: Entry) -> list[Headers]:
    match entry.event:
        case "ENTERQUEUE":
            number = "|".join(entry.fields[1:-1])  # a caller may write the separator into his number
            return [[*_event("QueueCallerJoin", entry), ("CallerIDNum", number), ("Queue", entry.queue)]]
        case "CONNECT":
            phone = [("DestUniqueid", entry.fields[1]), ("Queue", entry.queue), ("MemberName", entry.member)]
            rung = _event("AgentCalled", entry, earlier_s=int(entry.fields[2]) if entry.fields[2].isdecimal() else 0)
            return [[*rung, *phone], [*_event("AgentConnect", entry), *phone]]
        case event if event in EXITS:
            return [[*_event("QueueCallerLeave", entry), ("Queue", entry.queue)]]
        case _:
            return [_event("Hangup", entry)]


def _event(name: str, entry: Entry, earlier_s: int = 0) -> Headers:
    told = [("Event", name), ("Timestamp", str(entry.at - earlier_s)), ("Recovered", "queue_log")]
    return [*told, ("Uniqueid", entry.call)]
