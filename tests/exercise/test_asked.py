"""The pretend Asterisk answers what the real one answered, at the same moments of the same story (`asked.tape`)."""

import re
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from ami_bridge import tape
from ami_bridge.frames import Frame, event_name, parse
from exercise import tapes
from exercise.pbx import PretendAsterisk
from tests.exercise.clients import Time, logged_in
from tests.exercise.record import ASKED

ASKED_TAPE = Path(__file__).with_name("asked.tape")
MOMENTS = ("idle", "waiting", "talking", "one-left", "over")
# Whole seconds of different clocks, one machine's start and version, and the order of two members.
ITS_OWN = re.compile(r"(Timestamp|LoginTime|Wait|Duration|CoreStartup\w+|CoreReload\w+|AsteriskVersion)", re.ASCII)


def recorded() -> list[tuple[datetime, bytes]]:
    return [(one.at, one.raw) for one in tape.read_all(ASKED_TAPE) if one.raw]


def told(frames: list[Frame]) -> list[list[tuple[str, str]]]:
    """The frames without their ActionID, in an order that does not matter, own values by their form only."""
    return sorted(
        [
            (key, re.sub(r"\d+", "9", value.partition("+")[0]) if ITS_OWN.fullmatch(key) else value)
            for key, value in frame.headers
            if key != "ActionID"
        ]
        for frame in frames
    )


@pytest.mark.parametrize("moment", MOMENTS)
async def test_answers_are_those_of_real_asterisk(moment: str) -> None:
    real: dict[str, list[Frame]] = defaultdict(list)
    for _, raw in recorded():
        if asked := parse(raw).get("ActionID"):
            real[asked].append(parse(raw))
    time = Time(recorded()[0][0])
    async with PretendAsterisk(time, pause=time.pause, members=["op1", "op2"]) as pbx:
        for at, raw in recorded():
            if parse(raw).get("ActionID") == f"{moment}-0":
                break
            if event_name(raw) and raw in {cue.raw for cue in tapes.read(ASKED_TAPE).cues}:
                time.now = at
                pbx.say(raw)
        async with logged_in(pbx) as client:
            for number, headers in enumerate(ASKED):
                asked = f"{moment}-{number}"
                client.send(**headers, ActionID=asked)
                answer = [await client.until(_answers(asked)) for _ in real[asked]]
                places = [[key for key, _ in frame.headers] for frame in real[asked]]
                assert [[key for key, _ in frame.headers] for frame in answer] == places
                assert told(answer) == told(real[asked])


def _answers(asked: str) -> Callable[[Frame], bool]:
    return lambda frame: frame.get("ActionID") == asked


@pytest.mark.parametrize("name", tapes.names())
async def test_the_snapshot_on_every_tape_has_our_form(name: str) -> None:
    """What each tape's recorder was answered before its story began, header names in their order."""
    story, time = tapes.load(name), Time()
    real = [parse(raw) for raw in story.snapshot if b"ActionID: snapshot-" in raw]
    members = [frame.get("Name") for frame in real if frame.event == "QueueMember"]
    async with PretendAsterisk(time, pause=time.pause, members=members) as pbx, logged_in(pbx) as client:
        for action in ("QueueStatus", "CoreShowChannels", "CoreStatus"):
            client.send(Action=action, ActionID=f"snapshot-{action}")
        ours = [parse(raw) for raw in await client.upto(_answers("snapshot-CoreStatus"))]
    assert [[key for key, _ in frame.headers] for frame in ours] == [
        [key for key, _ in frame.headers] for frame in real
    ]


async def test_what_a_session_is_told_at_its_log_in_has_the_real_form() -> None:
    real = [parse(raw) for raw in tapes.load("answered").snapshot[:2]]
    time = Time()
    async with PretendAsterisk(time) as pbx, logged_in(pbx) as one, logged_in(pbx):
        auth = await one.until(lambda frame: frame.event == "SuccessfulAuth")
    assert [frame.event for frame in real] == ["FullyBooted", "SuccessfulAuth"]
    assert [key for key, _ in auth.headers] == [key for key, _ in real[1].headers]
    assert len(auth.get("EventTV")) == len(real[1].get("EventTV"))
