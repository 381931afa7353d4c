"""Every recorded story, its session cut at any frame and made again at any later one: the same as if nobody had cut.

The logs that the same Asterisk wrote are there as far as it had written them; the lists that it would give after the
connect are those of the frames until then. So nothing is made up: only who listens is deaf for a while.
"""

import os
import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ami_bridge import frames, logfile, memory, reading, resync, tape
from ami_bridge.events import (
    Booted,
    CaughtUp,
    ChannelCreated,
    ChannelListed,
    Connected,
    Settled,
    WaiterListed,
)
from ami_bridge.frames import Frame
from ami_bridge.listening import Listener
from ami_bridge.logfile import Mark
from ami_bridge.reading import Told
from ami_bridge.threads import Line
from intake.facts import Arrived, CallBackBegan, CallBackOver, CallBackTaken, Ended, Fact, Taken

TAPES = Path(__file__).parents[1] / "tapes"
LINE = Line("pbx-1", frozenset({"line-112"}), frozenset(), frozenset({"112"}))
CALLS_OUT = ("call-out-over-trunk", "call-out-by-console")  # nobody rings in these
CUTS = 400 if os.environ.get("INTAKE112_PROVE") else 12
SAME = timedelta(milliseconds=60)  # a log has milliseconds of its own
WRITTEN_AFTER_S = 0.005  # a log's line, after the event of the same moment at most
READ = timedelta(seconds=2)


@dataclass(frozen=True)
class Heard:
    """One frame: when it was read, the PBX's time, its headers, and what it says."""

    at: datetime
    pbx_s: float
    frame: Frame
    told: Told | None


@dataclass
class Story:
    """A tape with the logs of the same run."""

    name: str
    heard: list[Heard] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read the tape; the answers to the recorder's own questions are left out, and who logged in.

        The desk's user logs in within the millisecond before it asks: cut there, the logs, which are told a moment
        ahead here, would know a channel that the lists do not. A bridge reads the logs and asks for the lists then.
        """
        last = 0.0
        for one in tape.read_all(TAPES / f"{self.name}.tape"):
            frame = frames.parse(one.raw)
            if not one.raw or frame.get("ActionID") or frame.event in ("FullyBooted", "SuccessfulAuth"):
                continue
            last = max(last, float(frame.get("Timestamp", "0")))
            self.heard.append(Heard(one.at, last or one.at.timestamp(), frame, reading.read(one.raw)))

    def logs(self, folder: Path, until_s: float) -> tuple[Path, Path]:
        """Write the logs as far as Asterisk had written them at a moment."""
        cel, queue_log = folder / "cel.csv", folder / "queue_log"
        lines = (TAPES / f"{self.name}.cel.csv").read_bytes().splitlines(keepends=True)
        cel.write_bytes(b"".join(line for line in lines if float(line.split(b'","')[1]) <= until_s))
        entries = (TAPES / f"{self.name}.queue_log").read_bytes().splitlines(keepends=True)
        queue_log.write_bytes(b"".join(line for line in entries if float(line.split(b"|")[0]) + 1 <= until_s))
        return cel, queue_log

    def lists(self, count: int) -> list[WaiterListed | ChannelListed]:
        """Return what QueueStatus and CoreShowChannels would answer after so many frames."""
        up: dict[str, Frame] = {}
        made: dict[str, Frame] = {}
        bridges: dict[str, str] = {}
        waiting: dict[str, float] = {}
        for one in self.heard[:count]:
            frame, uniqueid = one.frame, one.frame.get("Uniqueid")
            if frame.event == "Newchannel":
                made[uniqueid] = frame
            if uniqueid in made and frame.get("Context"):
                up[uniqueid] = frame
            match frame.event:
                case "BridgeEnter":
                    bridges[uniqueid] = frame.get("BridgeUniqueid")
                case "BridgeLeave":
                    bridges.pop(uniqueid, None)
                case "QueueCallerJoin":
                    waiting[uniqueid] = one.pbx_s
                case "QueueCallerLeave":
                    waiting.pop(uniqueid, None)
                case "Hangup":
                    for known in (up, made, bridges, waiting):
                        known.pop(uniqueid, None)
                case _:
                    pass
        now = self.heard[count - 1].pbx_s
        found: list[WaiterListed | ChannelListed] = [
            WaiterListed(uniqueid, "112", int(now - since)) for uniqueid, since in waiting.items()
        ]
        for uniqueid, frame in up.items():
            called = made[uniqueid].get("ChannelState") == "0"
            wire = [("Event", "Newchannel"), *((name, value) for name, value in frame.headers if name in CHANNEL)]
            read = reading.read(frames.encode(wire).removesuffix(frames.END))
            assert read is not None
            assert isinstance(read.event, ChannelCreated)
            found.append(
                ChannelListed(read.event.channel, "AppQueue" if called else "Queue", bridges.get(uniqueid, ""))
            )
        return found


CHANNEL = ("Channel", "ChannelState", "CallerIDNum", "CallerIDName", "Context", "Exten", "Uniqueid", "Linkedid")


def told(listener: Listener, heard: Iterable[Heard]) -> list[Fact]:
    """Return the facts of frames that were heard."""
    return [fact for one in heard if one.told is not None for fact in listener.advance(one.told.event, one.at)]


def close_gap(
    listener: Listener, story: Story, count: int, folder: Path, marks: tuple[Mark | None, Mark | None]
) -> list[Fact]:
    """Do as the bridge does beside listening, when so many frames were heard or missed."""
    last = story.heard[count - 1]
    cel, queue_log = story.logs(folder, last.pbx_s + WRITTEN_AFTER_S)
    since = None if listener.heard.until is None else listener.heard.until - READ
    found: list[Fact] = []
    for raw in resync.told(cel, marks[0], queue_log, marks[1], since).frames:
        if (one := reading.read(raw)) is not None:
            found += listener.advance(one.event, last.at, recovered=one.recovered)
    found += listener.advance(CaughtUp(logs=True, gap_closed=True, marks={}, clock_offset_s=0.0), last.at)
    for listed in story.lists(count):
        found += listener.advance(listed, last.at)
    return found + listener.advance(Settled(), last.at)


def connected(story: Story) -> Listener:
    """Return a listener that has just begun to listen."""
    listener = Listener(LINE)
    for event in (Connected("s0", None), Booted(1000), CaughtUp(True, True, {}, 0.0), Settled()):
        listener.advance(event, story.heard[0].at)
    return listener


def leg_of(fact: Taken | CallBackTaken) -> str:
    """Return who answered."""
    return fact.leg if isinstance(fact, Taken) else "who was called back"


def outcome_of(fact: Ended | CallBackOver) -> str | None:
    """Return how it ended."""
    return fact.outcome if isinstance(fact, Ended) else fact.result


def summary(facts: list[Fact]) -> dict[str, tuple[int, int, str | None, list[datetime | None], int]]:
    """Return of each caller: arrivals, ends, outcome, times of arrival, first answer and end, and how many answered.

    Of a call back the same, by what it begins, is taken and ends with.
    """
    found: dict[str, tuple[int, int, str | None, list[datetime | None], int]] = {}
    for key in dict.fromkeys(fact.key for fact in facts):
        own = [fact for fact in facts if fact.key == key]
        arrived = [fact for fact in own if isinstance(fact, Arrived | CallBackBegan)]
        ended = [fact for fact in own if isinstance(fact, Ended | CallBackOver)]
        took = {leg_of(fact): fact.at for fact in reversed(own) if isinstance(fact, Taken | CallBackTaken)}
        times = [arrived[0].at, min((at for at in took.values() if at), default=None), ended[-1].at if ended else None]
        found[key.uniqueid] = (len(arrived), len(ended), outcome_of(ended[-1]) if ended else None, times, len(took))
    return found


def near(one: datetime | None, other: datetime | None) -> bool:
    """Tell whether two times are of the same moment."""
    return one == other or (one is not None and other is not None and abs(one - other) <= SAME)


def check(whole: list[Fact], cut: list[Fact], where: str) -> None:
    """Compare what is known of every call."""
    wanted, got = summary(whole), summary(cut)
    assert wanted.keys() == got.keys(), where
    for uniqueid, (arrivals, ends, outcome, times, took) in got.items():
        assert (arrivals, ends, outcome, took) == (1, 1, *wanted[uniqueid][2::2]), (where, uniqueid)
        assert all(near(a, b) for a, b in zip(times, wanted[uniqueid][3], strict=True)), (where, uniqueid, times)


def names() -> list[str]:
    """Return the stories."""
    return sorted(path.stem for path in TAPES.glob("*.tape"))


@pytest.mark.parametrize("killed", [False, True], ids=["cut", "cut and the bridge killed"])
@pytest.mark.parametrize("name", names())
def test_a_story_cut_anywhere_tells_the_same_calls(name: str, killed: bool, tmp_path: Path) -> None:
    story, choose = Story(name), random.Random(name)  # noqa: S311  # not for secrets
    whole = told(connected(story), story.heard)
    places = range(1, len(story.heard) + 1)
    for _ in range(CUTS):
        # deaf from `first` on; connected again at `second`; the logs are read and the lists asked at `third`
        first, second = sorted(choose.choices(places, k=2))
        third = min(len(story.heard), second + choose.choice((0, 0, 1, 3, 10)))
        listener = connected(story)
        facts = told(listener, story.heard[:first])
        seen = story.logs(tmp_path, story.heard[max(0, first - 1 - choose.choice((0, 3, 10)))].pbx_s - WRITTEN_AFTER_S)
        marks = (logfile.end_of(seen[0]), logfile.end_of(seen[1]))
        if killed:
            listener, _ = memory.read(memory.write(listener, {}), LINE)
        at = story.heard[second - 1].at
        since_boot = 1000 + round((at - story.heard[0].at).total_seconds())
        for event in (Connected("s1", None), Booted(since_boot)):
            facts += listener.advance(event, at)
        facts += told(listener, story.heard[second:third])
        facts += close_gap(listener, story, third, tmp_path, marks)
        facts += told(listener, story.heard[third:])
        assert listener.calls == {}, (first, second, third)
        check(whole, facts, f"{name}: {first} {second} {third}")
    assert bool(whole) == (name not in CALLS_OUT)
    assert all(fact.at is None or fact.at.tzinfo is UTC for fact in whole)
