"""The pretend Asterisk plays every story to a bridge: the reports say what the tapes say, on both databases."""

import asyncio
from pathlib import Path
from zoneinfo import ZoneInfo

from ami_bridge import reading
from ami_bridge.bridge import Bridge, BridgeConfig
from ami_bridge.listening import Listener
from ami_bridge.session import Pbx
from ami_bridge.threads import Line
from db import calls, reports
from db.engine import Database
from db.reports import Filter
from exercise import tapes
from exercise.pbx import PretendAsterisk
from exercise.story import Story
from intake.facts import Arrived, CallBackFact, CallKey, Ended, Taken
from intake112.clock import SteadyClock

LINE = Line("pbx-1", frozenset({"line-112"}), frozenset(), frozenset({"112"}))
Told = tuple[str | None, str | None, str | None]  # number, outcome, who answered first


def as_recorded(story: Story) -> list[Told]:
    """Return what the tape says of each of its calls, by the call machine alone."""
    listener = Listener(LINE)
    found: dict[CallKey, dict[str, str | None]] = {}
    for cue in story.cues:
        told = reading.read(cue.raw)
        for fact in listener.advance(told.event, story.began + cue.after) if told is not None else []:
            if isinstance(fact, CallBackFact):
                continue  # a leg of a report, where there is a request; none was made here
            call = found.setdefault(fact.key, {"number": None, "outcome": None, "device": None})
            match fact:
                case Arrived():
                    call["number"] = fact.number_raw
                case Taken():
                    call["device"] = call["device"] or fact.device
                case Ended():
                    call["outcome"] = fact.outcome
                case _:
                    pass
    return sorted(((one["number"], one["outcome"], one["device"]) for one in found.values()), key=str)


async def as_reported(database: Database, count: int) -> list[Told]:
    """Wait until so many calls are over, and return what their reports say."""
    async with asyncio.timeout(30):
        while True:
            async with database.reading() as reading:
                rows = await reports.page(reading, Filter(), None, 200)
                found = await calls.by_reports(reading, [row.id for row in rows])
            ended = [found[row.id] for row in rows if found[row.id].stage == "ended"]
            if len(ended) >= count:
                told = ((row.caller_number_raw, found[row.id].outcome, found[row.id].operator_device) for row in rows)
                return sorted(told, key=str)
            await asyncio.sleep(0.02)  # between two looks


async def test_every_story_played_gives_the_reports_that_were_recorded(database: Database, tmp_path: Path) -> None:
    stories = {name: tapes.load(name) for name in tapes.names()}
    recorded = sorted((told for story in stories.values() for told in as_recorded(story)), key=str)
    with_a_caller = [name for name in stories if not name.startswith("call-")]
    assert len(recorded) > len(with_a_caller), "some have two callers or more"
    stop = asyncio.Event()
    async with PretendAsterisk(SteadyClock()) as pbx, asyncio.timeout(90), asyncio.TaskGroup() as tasks:
        where = Pbx("pbx-1", pbx.host, pbx.port, pbx.username, pbx.secret)
        config = BridgeConfig(where, LINE, tmp_path / "tapes", ZoneInfo("Asia/Jakarta"), "http://112.test")
        tasks.create_task(Bridge(database, config).run(stop))
        for story in sorted(stories.values(), key=lambda one: any(b"Event: Shutdown" in cue.raw for cue in one.cues)):
            await pbx.logged_in.wait()
            await pbx.play(story, speed=50)
        assert await as_reported(database, len(recorded)) == recorded
        stop.set()
