"""A whole pretend centre: callers ring once somebody listens, each desk in one call at a time."""

import asyncio
from collections import defaultdict
from random import Random

import pytest

from ami_bridge import reading
from ami_bridge.calls import Call
from ami_bridge.events import MemberSeen
from ami_bridge.frames import parse
from ami_bridge.threads import Line as Line112
from ami_bridge.threads import Threads
from exercise import people, tapes
from exercise.demo import EVERY_S, ROSTER, demo, is_pretend
from exercise.pbx import PretendAsterisk
from exercise.ringing import MIX, ring_forever
from tests.exercise.clients import Client, Time, logged_in

CALLS = 60


async def a_day(seed: int) -> list[bytes]:
    """What is heard until so many callers have hung up."""
    time, heard = Time(), list[bytes]()
    async with PretendAsterisk(time, pause=time.pause) as pbx, logged_in(pbx) as client, asyncio.TaskGroup() as tasks:
        ringing = tasks.create_task(ring_forever(pbx, EVERY_S, random=Random(seed), pause=time.pause))  # noqa: S311
        for _ in range(CALLS):
            heard += await client.upto(
                lambda frame: frame.event == "Hangup" and frame.get("Uniqueid") == frame.get("Linkedid")
            )
        ringing.cancel()
    return heard


async def test_nobody_rings_before_somebody_listens_and_then_at_once() -> None:
    time = Time()
    async with PretendAsterisk(time, pause=time.pause) as pbx, asyncio.TaskGroup() as tasks:
        ringing = tasks.create_task(ring_forever(pbx, 5, random=Random(1), pause=time.pause))  # noqa: S311
        async with Client.connected(pbx.host, pbx.port):
            assert pbx.switch.processed == 0
        before = time()
        async with logged_in(pbx) as client:
            rung = await client.until(lambda frame: frame.event == "Newchannel")
        assert float(rung.get("Timestamp")) - before.timestamp() < 2
        ringing.cancel()


async def test_a_day_has_every_kind_of_call_and_our_bridge_understands_it() -> None:
    heard = await a_day(7)
    threads = Threads(Line112("pbx", frozenset({"line-112"}), frozenset(), frozenset({"112"})))
    kinds: dict[str, int] = defaultdict(int)
    for raw in heard:
        if (told := reading.read(raw)) is not None:
            at = getattr(told.event, "at", None)
            assert at is not None or isinstance(told.event, MemberSeen)
            for fact in threads.advance(told.event, at or Time().now):
                kinds[type(fact).__name__] += 1
    assert kinds["Arrived"] >= CALLS
    assert kinds["Ended"] >= CALLS
    assert kinds["Taken"] > CALLS // 2
    assert all(isinstance(call, Call) for call in threads.calls.values())


async def test_a_desk_is_in_one_call_at_a_time_and_no_id_comes_twice() -> None:
    heard = [parse(raw) for raw in await a_day(3)]
    busy: dict[str, str] = {}
    made = [frame.get("Uniqueid") for frame in heard if frame.event == "Newchannel"]
    assert len(set(made)) == len(made)
    for frame in heard:
        desk, uniqueid = frame.get("Channel").partition("-")[0], frame.get("Uniqueid")
        if desk.startswith("PJSIP/op") and frame.event == "Newchannel":
            assert desk not in busy
            busy[desk] = uniqueid
        elif desk in busy and frame.event == "Hangup":
            assert busy.pop(desk) == uniqueid


async def test_the_same_seed_is_the_same_day() -> None:
    assert (await a_day(5))[:500] == (await a_day(5))[:500]


def test_callers_are_invented() -> None:
    for count in range(1, people.CALLERS):
        number, name = people.numbered(count)
        assert number.startswith("+628120000")
        assert len(number) == len("+6281200000001")
        assert name
    assert all(kind.story in tapes.names() for kind in MIX)


async def test_a_demo_has_a_pbx_and_agencies_with_addresses() -> None:
    time = Time()
    async with demo(time, pause=time.pause, seed=1) as running:
        assert [agency.code for agency in running.agencies] == [code for code, *_ in ROSTER]
        assert all(is_pretend(agency.url) for agency in running.agencies)
        assert len({agency.url for agency in running.agencies}) == len(ROSTER)
        async with logged_in(running.pbx) as client:
            await client.until(lambda frame: frame.event == "AgentConnect")


@pytest.mark.parametrize(
    "url",
    [
        "https://damkar.example.go.id/hook",
        "http://127.0.0.1:9000/hook",
        "http://10.0.0.1/pretend-agency/hook",
        "http://localhost/pretend-agency/hook",
        "http://[::1",
        "",
    ],
)
def test_a_real_agency_is_never_taken_for_a_pretend_one(url: str) -> None:
    assert not is_pretend(url)


async def test_what_ends_the_demo_comes_out_as_it_is() -> None:
    with pytest.raises(LookupError, match="as it is"):
        async with demo(Time()):
            raise LookupError("as it is")
