"""Members of the queue by actions: the pretend Asterisk answers and tells what real Asterisk 22 does, word for word."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

import pytest

from ami_bridge.frames import Frame, parse
from exercise import tapes
from exercise.pbx import PretendAsterisk
from exercise.ringing import ring_forever
from tests.exercise.clients import Client, Time, logged_in
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.need import need_real_asterisk

OP1 = {"Queue": "112", "Interface": "PJSIP/op1"}
EVENT = {"Queue": "112", "MemberName": "rina", "Interface": "PJSIP/op1", "StateInterface": "PJSIP/op1"}
STEPS: Final[
    tuple[tuple[str, dict[str, str], str, str, str, dict[str, str]], ...]
] = (  # action, headers, response, message, the event that it makes, what that says
    ("QueueAdd", {"Queue": "112"}, "Error", "'Interface' not specified.", "", {}),
    ("QueueAdd", {"Interface": "PJSIP/op1"}, "Error", "'Queue' not specified.", "", {}),
    ("QueueAdd", OP1 | {"Queue": "x"}, "Error", "Unable to add interface to queue: No such queue", "", {}),
    (
        *("QueueAdd", OP1 | {"MemberName": "rina", "StateInterface": "PJSIP/op1"}),
        *("Success", "Added interface to queue", "QueueMemberAdded", {"Paused": "0", "Membership": "dynamic"}),
    ),
    ("QueueAdd", OP1 | {"MemberName": "rina"}, "Error", "Unable to add interface: Already there", "", {}),
    (
        *("QueuePause", OP1 | {"Paused": "false"}),
        *("Success", "Interface unpaused successfully", "QueueMemberPause", {"Paused": "0", "PausedReason": ""}),
    ),
    (
        *("QueuePause", OP1 | {"Paused": "true", "Reason": "makan"}),
        *("Success", "Interface paused successfully", "QueueMemberPause", {"Paused": "1", "PausedReason": "makan"}),
    ),
    (
        *("QueuePause", OP1 | {"Paused": "true"}),
        *("Success", "Interface paused successfully", "QueueMemberPause", {"Paused": "1", "PausedReason": ""}),
    ),
    ("QueuePause", OP1, "Error", "Need 'Interface' and 'Paused' parameters.", "", {}),
    ("QueuePause", OP1 | {"Interface": "PJSIP/op2", "Paused": "true"}, "Error", "Interface not found", "", {}),
    ("QueueRemove", {"Queue": "112"}, "Error", "Need 'Queue' and 'Interface' parameters.", "", {}),
    ("QueueRemove", OP1 | {"Queue": "x"}, "Error", "Unable to remove interface from queue: No such queue", "", {}),
    ("QueueRemove", OP1, "Success", "Removed interface from queue", "QueueMemberRemoved", {"Paused": "1"}),
    ("QueueRemove", OP1, "Error", "Unable to remove interface: Not there", "", {}),
)


@dataclass(frozen=True)
class Address:
    """Where an AMI is, and its two users."""

    host: str
    port: int
    ear: tuple[str, str]
    hand: tuple[str, str]


@pytest.fixture(scope="module")
def real() -> Iterator[Address]:
    need_real_asterisk()
    with RealAsterisk(systemname="pbx-1") as pbx:
        ear, hand = (pbx.ami_username, pbx.ami_secret), ("intake112-control", pbx.control_secret)
        yield Address(pbx.ami_host, pbx.ami_port, ear, hand)


@pytest.fixture
async def pretend() -> AsyncIterator[Address]:
    async with PretendAsterisk(Time(), members=[]) as pbx:
        yield Address(pbx.host, pbx.port, (pbx.username, pbx.secret), (pbx.control, pbx.control_secret))


@pytest.fixture(params=["pretend", pytest.param("real", marks=pytest.mark.real)])
def ami(request: pytest.FixtureRequest) -> Address:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Address)
    return found


async def test_members_come_pause_and_go(ami: Address) -> None:
    (tape,) = {tuple(dict(one.headers)) for one in members_of_a_tape()}
    async with Client.connected(ami.host, ami.port) as ear, Client.connected(ami.host, ami.port) as hand:
        for client, (username, secret) in ((ear, ami.ear), (hand, ami.hand)):
            assert (await client.act("Login", Username=username, Secret=secret)).get("Response") == "Success"
        refused = await ear.act("QueueAdd", **OP1)
        assert (refused.get("Response"), refused.get("Message")) == ("Error", "Permission denied")
        for action, given, response, message, event, told in STEPS:
            answer = await hand.act(action, **given)
            assert list(answer.headers) == [("Response", response), ("ActionID", "42"), ("Message", message)]
            if event:
                heard = await ear.until(lambda frame: frame.event.startswith("QueueMember"))
                assert (heard.event, tuple(dict(heard.headers))) == (event, tape)
                assert (EVENT | told).items() <= dict(heard.headers).items()


def members_of_a_tape() -> list[Frame]:
    """What real Asterisk told of members on a tape."""
    frames = [parse(cue.raw) for cue in tapes.load("members-come-and-go").cues]
    return [frame for frame in frames if frame.event in ("QueueMemberPause", "QueueMemberRemoved")]


async def test_a_story_tells_of_a_member_as_it_is_now() -> None:
    time = Time()
    async with (
        PretendAsterisk(time, pause=time.pause) as pbx,
        logged_in(pbx) as ear,
        Client.connected(pbx.host, pbx.port) as hand,
    ):
        await hand.act("Login", Username=pbx.control, Secret=pbx.control_secret)
        for action, more in (
            ("QueueRemove", {}),
            ("QueueAdd", {"MemberName": "rina"}),
            ("QueuePause", {"Paused": "1", "Reason": "makan"}),
        ):
            await hand.act(action, **OP1, **more)
        assert not pbx.switch.rings("op1")
        assert pbx.switch.rings("op2")
        await ear.events()
        await pbx.play(tapes.load("answered"))
        told = [frame for frame in map(parse, await ear.events()) if frame.get("Interface") == "PJSIP/op1"]
        assert {frame.get("MemberName") for frame in told} == {"rina"}
        paused = {(one.get("Paused"), one.get("PausedReason")) for one in told if one.event == "QueueMemberStatus"}
        assert paused == {("1", "makan")}
        await hand.act("QueueRemove", **OP1)
        await ear.events()
        await pbx.play(tapes.load("answered"))
        told = [frame for frame in map(parse, await ear.events()) if frame.get("Interface") == "PJSIP/op1"]
        assert "AgentConnect" in {frame.event for frame in told}
        assert not [frame for frame in told if frame.event.startswith("QueueMember")]
        assert [one.get("Name") for one in await ear.listing("QueueStatus", Member="PJSIP/op1")][:-1] == [""]


async def test_who_is_paused_is_rung_by_nobody() -> None:
    time, two = Time(), ("op1", "op2")
    async with (
        PretendAsterisk(time, pause=time.pause, members=two) as pbx,
        logged_in(pbx) as ear,
        Client.connected(pbx.host, pbx.port) as hand,
        asyncio.TaskGroup() as tasks,
    ):
        await hand.act("Login", Username=pbx.control, Secret=pbx.control_secret)
        await hand.act("QueuePause", **OP1, Paused="true")
        random = Random(1)  # noqa: S311
        ringing = tasks.create_task(ring_forever(pbx, 5, random=random, pause=time.pause, desks=two))
        told = [
            frame for _ in range(5) for frame in map(parse, await ear.upto(lambda one: one.event == "AgentConnect"))
        ]
        ringing.cancel()
        assert {one.get("Interface") for one in told if one.event == "AgentConnect"} == {"PJSIP/op2"}
        assert not [one for one in told if one.get("Channel").startswith("PJSIP/op1-")]
