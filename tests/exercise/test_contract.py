"""One conversation with both: what the pretend Asterisk says to a session, real Asterisk 22 says too."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest

from ami_bridge.frames import Frame
from exercise.pbx import PretendAsterisk
from tests.exercise.clients import Client, Time
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.need import need_real_asterisk


@dataclass(frozen=True)
class Address:
    """Where an AMI is, and who may log in."""

    host: str
    port: int
    username: str
    secret: str


@pytest.fixture(scope="module")
def real() -> Iterator[Address]:
    need_real_asterisk()
    with RealAsterisk(systemname="pbx-1") as pbx:
        yield Address(pbx.ami_host, pbx.ami_port, pbx.ami_username, pbx.ami_secret)


@pytest.fixture
async def pretend() -> AsyncIterator[Address]:
    async with PretendAsterisk(Time()) as pbx:
        yield Address(pbx.host, pbx.port, pbx.username, pbx.secret)


@pytest.fixture(params=["pretend", pytest.param("real", marks=pytest.mark.real)])
def ami(request: pytest.FixtureRequest) -> Address:
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Address)
    return found


def shape(frame: Frame) -> dict[str, str]:
    """Its headers in their order, without what tells one machine and moment from another."""
    return {key: "" if key in ("Timestamp", "AsteriskVersion") else value for key, value in frame.headers}


async def test_who_is_not_logged_in_may_do_nothing(ami: Address) -> None:
    async with Client.connected(ami.host, ami.port) as client:
        assert list(shape(await client.act("Ping")).items()) == [
            ("Response", "Error"),
            ("ActionID", "42"),
            ("Message", "Permission denied"),
        ]


async def test_a_wrong_secret_ends_the_line(ami: Address) -> None:
    async with Client.connected(ami.host, ami.port) as client:
        client.send(Action="Login", Username=ami.username, Secret="no", ActionID="9")
        (answer,) = await client.to_the_end()
        assert list(shape(answer).items()) == [
            ("Response", "Error"),
            ("ActionID", "9"),
            ("Message", "Authentication failed"),
        ]


async def test_a_whole_session(ami: Address) -> None:
    async with asyncio.timeout(20), Client.connected(ami.host, ami.port) as client:
        answer = await client.act("Login", Username=ami.username, Secret=ami.secret)
        assert list(shape(answer).items())[2:] == [("Message", "Authentication accepted")]
        booted = await client.until(lambda frame: frame.event == "FullyBooted")
        assert list(shape(booted)) == ["Event", "Privilege", "Uptime", "LastReload", "Status"]
        again = await client.act("Login", Username=ami.username, Secret=ami.secret)
        assert again.get("Message") == "Already authenticated"
        assert shape(await client.act("PING")) == {
            "Response": "Success",
            "ActionID": "42",
            "Ping": "Pong",
            "Timestamp": "",
        }
        unknown = await client.act("Nonsense")
        assert unknown.get("Message") == (
            "Invalid/unknown command: Nonsense. Use Action: ListCommands to show available commands."
        )
        client.send(ActionID="x")
        missing = await client.until(lambda frame: bool(frame.get("Response")))
        assert missing.headers == (
            ("Response", "Error"),
            ("ActionID", "x"),
            ("Message", "Missing action in request"),
        )
        assert shape(await client.act("Events", EventMask="off"))["Events"] == "Off"
        nope = await client.listing("QueueStatus", Queue="nope")
        assert [(frame.event, frame.get("ListItems")) for frame in nope] == [("QueueStatusComplete", "0")]
        client.send(Action="Logoff", ActionID="bye")
        assert [shape(frame) for frame in await client.to_the_end()] == [
            {"Response": "Goodbye", "ActionID": "bye", "Message": "Thanks for all the fish."}
        ]
