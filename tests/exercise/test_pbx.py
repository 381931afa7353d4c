"""The pretend Asterisk over real sockets: sessions, stories, cuts and standstills."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from ami_bridge.frames import event_name, parse
from ami_bridge.line import Line, RefusedError
from exercise import tapes
from exercise.pbx import PretendAsterisk
from exercise.story import with_new_ids
from tests.exercise.clients import Client, Time, logged_in


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
async def pbx(time: Time) -> AsyncIterator[PretendAsterisk]:
    async with PretendAsterisk(time, pause=time.pause) as running:
        yield running


async def test_a_log_in_is_told_that_all_is_booted(pbx: PretendAsterisk) -> None:
    async with Client.connected(pbx.host, pbx.port) as client:
        assert (await client.act("Ping")).get("Message") == "Permission denied"
        answer = await client.act("login", Username=pbx.username, Secret=pbx.secret)
        assert (answer.get("Response"), answer.get("Message")) == ("Success", "Authentication accepted")
        await client.until(lambda frame: frame.event == "SuccessfulAuth")
        assert pbx.sessions == 1
        assert pbx.logged_in.is_set()


@pytest.mark.parametrize(("username", "secret"), [("intake112", "wrong"), ("nobody", None), ("", "")])
async def test_a_wrong_secret_or_name_is_refused_and_the_line_ends(
    pbx: PretendAsterisk, username: str, secret: str | None
) -> None:
    async with Client.connected(pbx.host, pbx.port) as client:
        client.send(Action="Login", Username=username, Secret=pbx.secret if secret is None else secret)
        (answer,) = await client.to_the_end()
        assert (answer.get("Response"), answer.get("Message")) == ("Error", "Authentication failed")
        assert not pbx.logged_in.is_set()


async def test_a_log_off_is_answered_and_ends_the_line(pbx: PretendAsterisk) -> None:
    async with logged_in(pbx) as client:
        client.send(Action="Logoff")
        assert [frame.get("Response") for frame in await client.to_the_end()] == ["Goodbye"]


async def test_a_session_may_want_no_events(pbx: PretendAsterisk) -> None:
    async with Client.connected(pbx.host, pbx.port) as client:
        await client.act("Login", Username=pbx.username, Secret=pbx.secret, Events="off")
        await pbx.play(tapes.load("answered"))
        assert await client.events() == []


@pytest.mark.parametrize("name", [name for name in tapes.names() if name != "asterisk-shutdown-in-call"])
async def test_every_story_is_heard_in_order_with_new_ids(pbx: PretendAsterisk, time: Time, name: str) -> None:
    story = tapes.load(name)
    async with logged_in(pbx) as one, logged_in(pbx) as two:
        await one.until(lambda frame: frame.event == "SuccessfulAuth")  # of the other
        began = time()
        said = await pbx.play(story)
        assert said == with_new_ids(story, 0, began)
        assert said == (await one.events()) == (await two.events())
        assert [event_name(raw) for raw in said] == [event_name(cue.raw) for cue in story.cues]
        assert pbx.switch.calls == 0
        again = await pbx.play(story)
        assert {parse(raw).get("Uniqueid") for raw in said} & {parse(raw).get("Uniqueid") for raw in again} <= {""}


async def test_two_at_once_do_not_mix(pbx: PretendAsterisk) -> None:
    first, second = tapes.load("answered"), tapes.load("abandoned-in-queue")
    async with logged_in(pbx) as client:
        async with asyncio.TaskGroup() as playing:
            one = playing.create_task(pbx.play(first, number="+6281200000101", name="Satu"))
            two = playing.create_task(pbx.play(second, number="+6281200000102", name="Dua"))
        events = await client.events()
        assert sorted(events) == sorted(one.result() + two.result())
        assert events not in (one.result() + two.result(), two.result() + one.result())
        for said, number in ((one.result(), "+6281200000101"), (two.result(), "+6281200000102")):
            assert [raw for raw in events if raw in said] == said
            calls = [parse(raw) for raw in said if b"Linkedid" in raw]
            assert len({frame.get("Linkedid") for frame in calls}) == 1
            assert {frame.get("CallerIDNum") for frame in calls if frame.get("Channel").startswith("PJSIP/trunk")} == {
                number
            }


async def test_a_cut_ends_every_session_and_the_next_finds_the_calls_in_progress(
    pbx: PretendAsterisk, time: Time
) -> None:
    story = tapes.load("answered")
    until_talk = next(n for n, cue in enumerate(story.cues) if event_name(cue.raw) == b"AgentConnect")
    frames = with_new_ids(story, 0, time())
    async with logged_in(pbx) as client:
        for raw in frames[:until_talk]:
            pbx.say(raw)
        pbx.drop_sessions()
        assert [parse(raw).event for raw in frames[:until_talk]] == [f.event for f in await client.to_the_end()]
    both_talk = [n for n, raw in enumerate(frames) if event_name(raw) == b"BridgeEnter"][1]
    for raw in frames[until_talk : both_talk + 1]:
        pbx.say(raw)
    async with logged_in(pbx) as client:
        listed = await client.listing("CoreShowChannels")
        bridged = {frame.get("Channel"): frame.get("BridgeId") for frame in listed[:-1]}
        assert {channel.partition("-")[0] for channel in bridged} >= {"PJSIP/trunk", "PJSIP/op1"}
        assert listed[-1].get("ListItems") == str(len(listed) - 1)
        assert len({bridge for bridge in bridged.values() if bridge}) == 1


async def test_frozen_it_says_nothing_and_thawed_it_goes_on(pbx: PretendAsterisk) -> None:
    story = tapes.load("answered")
    async with logged_in(pbx) as client, asyncio.TaskGroup() as tasks:
        pbx.freeze()
        playing = tasks.create_task(pbx.play(story))
        client.send(Action="Ping", ActionID="42")
        greeting = tasks.create_task(_greeting(pbx))
        reading = tasks.create_task(client.upto(lambda frame: frame.event == "Hangup" and frame.get("Linkedid") != ""))
        done, _ = await asyncio.wait([playing, greeting, reading], timeout=0.1)
        assert not done
        pbx.thaw()
        await asyncio.gather(playing, greeting)
        assert "Pong" in {parse(raw).get("Ping") for raw in await reading}


async def _greeting(pbx: PretendAsterisk) -> None:
    async with Client.connected(pbx.host, pbx.port):
        pass


async def test_a_pbx_that_stopped_on_the_tape_ends_its_sessions(pbx: PretendAsterisk) -> None:
    async with logged_in(pbx) as client:
        said = await pbx.play(tapes.load("asterisk-shutdown-in-call"))
        assert [frame.event for frame in await client.to_the_end()] == [parse(raw).event for raw in said]
        assert pbx.switch.calls == 0


async def test_our_own_line_hears_it(pbx: PretendAsterisk) -> None:
    batches: list[bytes] = []
    async with Line(pbx.host, pbx.port, ping_s=1.0, deliver=batches.extend) as line:
        with pytest.raises(RefusedError, match="Authentication failed"):
            await line.login(pbx.username, "wrong")
    async with Line(pbx.host, pbx.port, ping_s=1.0, deliver=batches.extend) as line:
        await line.login(pbx.username, pbx.secret)
        await line.action("QueueStatus")
        await line.action("CoreShowChannels")
        await pbx.play(tapes.load("answered"))
        await line.action("Ping")
        pbx.drop_sessions()
        assert await line.closed == "Asterisk closed the session"
    names = [event_name(raw) for raw in batches]
    assert names[0] == b"FullyBooted"
    assert names.count(b"Hangup") == 3
