"""A call as a readable story: what the bridge's own rules make of a tape, a paragraph for each caller.

The rules are those of a live line, so the story shows what the desk was told, and why. Names on a tape were written by
callers: `inert` takes from them what would move a terminal's cursor or forge a line.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo

from ami_bridge import reading
from ami_bridge.listening import Listener
from ami_bridge.tape import Recorded
from ami_bridge.threads import Line
from intake.facts import (
    Arrived,
    CallBackBegan,
    CallBackOver,
    CallBackTaken,
    CallKey,
    Described,
    Ended,
    Fact,
    Held,
    JoinedWith,
    LegEnded,
    LegKind,
    Located,
    MenuAnswered,
    MenuChosen,
    MessageBegan,
    OurTest,
    Position,
    Queued,
    Rang,
    Resumed,
    Taken,
    Transferred,
    Untaped,
)
from intake.words import inert

Calls = dict[CallKey, list[Fact]]


def play(recorded: Iterable[Recorded], line: Line) -> Calls:
    """Return the facts that the frames of one bridge make, in order, by call in the order in which they came up."""
    listener, calls = Listener(line), Calls()
    for one in recorded:
        if (told := reading.read(one.raw)) is not None:
            for fact in listener.advance(told.event, one.at, recovered=told.recovered):
                calls.setdefault(fact.key, []).append(fact)
    return calls


def story(facts: Sequence[Fact], zone: ZoneInfo) -> Iterator[str]:
    """Yield the lines of one call's paragraph: who rang when, local time of `zone`, and what came after how long."""
    teller, first = _Teller(facts), facts[0]
    when = f"{first.at.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}" if first.at else "at a time not known"
    yield inert(f"{when}  {teller.says(first)}  [{first.key.uniqueid}]")
    for fact in facts[1:]:
        after = f"{(fact.at - first.at).total_seconds():+.3f} s" if fact.at and first.at else "time not known"
        yield inert(f"{after:>16}  {teller.says(fact)}")
    if not any(isinstance(fact, Ended | CallBackOver) for fact in facts):
        yield f"{'':>16}  the call was not over where the tape ends"


class _Teller:
    """Puts the facts of one call into words, one after the other; what a leg is was said when it began."""

    def __init__(self, facts: Sequence[Fact]) -> None:
        self._began: datetime | None = facts[0].at
        self._legs: dict[str, str] = {}
        self._said: set[str | None] = {None}
        self._taken = False

    def says(self, fact: Fact) -> str:
        match fact:
            case Arrived(trunk=trunk, dialled=dialled, number_raw=number, name=name):
                over = f" over {trunk}" if trunk else ""
                notes = [
                    *(["learnt afterwards, not heard live"] if fact.recovered else []),
                    *(["seen only in the queue: its ring was none of the line's"] if fact.late else []),
                ]
                self._said = {None, number, name, dialled, trunk}
                return f"{_who(number, name)} rings {dialled or '(no number dialled)'}{over}{_brackets(notes)}"
            case Described():
                return f"described: {self._described(fact)}"
            case Located(position=position):
                return f"located by the network: {_where(position)}"
            case OurTest():
                return "it is our own test call"
            case Queued(queue=queue, leg=leg):
                self._legs[leg] = f"queue {queue}"
                return f"waits in queue {queue}"
            case Rang(leg=leg, device=device, member=member, kind=kind):
                self._legs[leg] = device
                return f"{device}{_brackets([member, _kind(kind)])} rings"
            case Taken(leg=leg, device=device, member=member, kind=kind):
                self._legs[leg] = device
                by = f"{member} at {device}" if member else device
                return f"answered by {by}{_brackets([_kind(kind), self._waited(fact.at)])}"
            case Held(by=by):
                return f"put on hold by {by or 'the caller'}"
            case Resumed():
                return "the talk goes on"
            case Transferred(by=by, to=to, attended=attended):
                asked = ", whom it had asked first" if attended else ""
                return f"passed on by {by or 'a phone not known'} to {to or 'a number not known'}{asked}"
            case MenuAnswered(leg=leg):
                self._legs[leg] = "the voice menu"
                return "nobody answered in time: the voice menu does"
            case MenuChosen(kind=kind):
                return f"chooses {kind}"
            case MessageBegan(file=file):
                return f"may leave a message (recording {file})"
            case JoinedWith(other=other):
                return f"talks to the caller of {other.uniqueid}"
            case Untaped():
                return "from here on a part of this call is on no tape: the disk took nothing"
            case LegEnded(leg=leg, cause=cause):
                name = self._legs.get(leg, leg)
                return f"leaves {name}" if name.startswith("queue") else f"{name} is off{_brackets([cause])}"
            case Ended(outcome=outcome, cause=cause, recovered=recovered):
                why = f"cause {cause}" if cause and cause[0].isdigit() else cause
                notes = ["learnt afterwards, not heard live"] if recovered else []
                return f"ended: {', '.join(filter(None, [outcome or 'nobody knows how', why]))}{_brackets(notes)}"
            case CallBackBegan(device=device):
                return f"{device} rings, to call somebody back"
            case CallBackTaken():
                return "answered by who was called back"
            case CallBackOver(result=result, cause=cause):
                return f"over{_brackets([result, cause])}"
            case _:
                assert_never(fact)

    def _described(self, fact: Described) -> str:
        """What is news beside what the ring said."""
        withheld = {None: None, True: "the number is withheld", False: "the number is shown"}[fact.withheld]
        said = {"number": fact.number_raw, "name": fact.name, "dialled": fact.dialled, "recording": fact.recording}
        news = [f"{name} {value}" for name, value in (said | fact.metadata).items() if value not in self._said]
        return ", ".join(filter(None, [withheld, *news])) or "nothing that the ring had not said"

    def _waited(self, at: datetime | None) -> str | None:
        """How long it took until the first human answered; said once."""
        is_first, self._taken = not self._taken, True
        return f"waited {(at - self._began).total_seconds():.1f} s" if is_first and at and self._began else None


def _who(number: str | None, name: str | None) -> str:
    known = number or "a caller without a number"
    return f'{known} "{name}"' if name else known


def _where(position: Position) -> str:
    lat, lon, radius_m = position.lat, position.lon, position.radius_m
    place = None if lat is None or lon is None else f"{lat:.5f}, {lon:.5f}"
    within = None if radius_m is None else f"within {radius_m:.0f} m"
    by = None if position.method is None else f"by {position.method}"
    return ", ".join(filter(None, [place, within, by, position.civic, position.reference]))


def _kind(kind: LegKind) -> str | None:
    return "agency" if kind == "agency" else None


def _brackets(notes: Sequence[str | None]) -> str:
    said = ", ".join(note for note in notes if note)
    return f" ({said})" if said else ""
