"""What the desk asked is done once, or not, or nobody knows: never twice, never late. Real sockets, both databases."""

import pytest

from ami_bridge import control as module
from db import controls, live
from db.engine import Database
from tests.ami_bridge.hand import CHANNEL, NAME, SUCCESS, Switch, ask, ended, hand, said, until
from tests.ami_bridge.hand import switch as switch
from tests.conftest import SetClock


async def test_a_call_is_hung_up(database: Database, switch: Switch) -> None:
    async with hand(database, switch):
        row = await ended(database, await ask(database))
    assert (row.state, row.result, row.begun_by) == ("done", "done", NAME)
    (asked,) = switch.asked
    assert (asked.get("Action"), asked.get("Channel"), asked.get("Cause")) == ("Hangup", CHANNEL["uniqueid"], "16")
    assert (await said(database, "stopped")).alarms == ()


async def test_the_screens_are_told_of_it_only_when_its_state_changes(
    database: Database, switch: Switch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BEAT_EVERY_S", 0.001)
    async with hand(database, switch):
        for _ in range(3):
            await ended(database, await ask(database))
    async with database.reading() as reading:
        told = [event for event in await live.after(reading, 0) if event.subject == NAME]
    assert len(told) <= 3  # connecting, connected, stopped


@pytest.mark.parametrize(
    ("action", "sent"),
    [
        ("member-add", {"Action": "QueueAdd", "MemberName": "Siti Fiktif", "StateInterface": "PJSIP/op1"}),
        ("member-remove", {"Action": "QueueRemove"}),
        ("member-pause", {"Action": "QueuePause", "Paused": "true"}),
        ("member-pause rung by Local/op1@desks/n", {"Action": "QueuePause", "Interface": "Local/op1@desks/n"}),
        ("member-pause because makan", {"Action": "QueuePause", "Paused": "true", "Reason": "makan"}),
        ("member-unpause", {"Action": "QueuePause", "Paused": "false"}),
    ],
)
async def test_a_member_of_the_queue(database: Database, switch: Switch, action: str, sent: dict[str, str]) -> None:
    async with hand(database, switch):
        of = {"queue": "112", "device": "PJSIP/op1", "name": "Siti Fiktif"}
        action, _, more = action.partition(" ")
        of |= {"reason": "makan"} if more == "because makan" else {}
        of |= {"interface": more.removeprefix("rung by ")} if more.startswith("rung by") else {}
        assert (await ended(database, await ask(database, action, **of))).state == "done"
    (asked,) = switch.asked
    expected = {"Queue": "112", "Interface": "PJSIP/op1"} | sent
    assert {name: asked.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("message", "done", "result"), [("Already there", 2, "done"), ("No such queue", 1, "refused"), ("", 2, "done")]
)
async def test_a_telephone_is_made_ready_whether_or_not_it_is_a_member(
    database: Database, switch: Switch, message: str, done: int, result: str
) -> None:
    no = [("Response", "Error"), ("Message", f"Unable to add interface: {message}")]
    switch.answer = lambda asked: no if message and asked.get("Action") == "QueueAdd" else SUCCESS
    async with hand(database, switch):
        of = {"queue": "112", "device": "PJSIP/op1", "name": "Siti Fiktif"}
        row = await ended(database, await ask(database, "member-ready", **of))
    assert [one.get("Action") for one in switch.asked] == ["QueueAdd", "QueuePause"][:done]
    assert row.result == result


async def test_a_queue_that_is_not_ours_is_left_alone(database: Database, switch: Switch) -> None:
    async with hand(database, switch):
        of = {"queue": "sales", "device": "PJSIP/op1", "name": "Siti Fiktif"}
        row = await ended(database, await ask(database, "member-add", **of))
    assert (row.state, row.result) == ("failed", "refused")
    assert row.detail == "sales is none of INTAKE112_LINE_QUEUES"
    assert switch.asked == []


@pytest.mark.parametrize(("message", "result"), [("No such channel", "call_over"), ("Permission denied", "refused")])
async def test_what_the_pbx_refuses(database: Database, switch: Switch, message: str, result: str) -> None:
    switch.answer = lambda _: [("Response", "Error"), ("Message", message)]
    async with hand(database, switch):
        row = await ended(database, await ask(database))
    assert (row.state, row.result, row.detail) == ("failed", result, message)


@pytest.mark.parametrize("answer", [[], None], ids=["the line is cut", "no answer comes"])
async def test_what_broke_off_is_unknown_and_never_done_again(
    database: Database, switch: Switch, answer: list[tuple[str, str]] | None
) -> None:
    switch.answer = lambda _: answer
    async with hand(database, switch, ping_s=0.2):
        row = await ended(database, await ask(database))
    switch.answer = lambda _: SUCCESS
    async with hand(database, switch):
        after = await ended(database, await ask(database, uniqueid="pbx-1-1700000000.2"))
    assert (row.state, row.result) == ("failed", "unknown")
    assert after.result == "done"
    assert [one.get("Channel")[-1] for one in switch.asked] == ["1", "2"]


async def test_what_a_killed_bridge_had_begun_is_unknown(database: Database, switch: Switch, clock: SetClock) -> None:
    row, others = await ask(database), await ask(database, uniqueid="pbx-1-1700000000.2")
    async with database.transaction() as tx:
        assert await controls.begin(tx, row.id, NAME)
        assert await controls.begin(tx, others.id, "control:pbx-1:another")
    async with hand(database, switch):
        assert (await ended(database, row)).result == "unknown"
    assert switch.asked == []
    async with database.reading() as reading:
        assert [one.id for one in await controls.unfinished(reading, "pbx-1")] == [others.id]
    clock.forward(seconds=61)
    async with hand(database, switch):
        assert (await ended(database, others)).result == "unknown"
    assert switch.asked == []


async def test_what_nobody_began_in_time_is_not_done(database: Database, switch: Switch, clock: SetClock) -> None:
    row = await ask(database)
    clock.forward(seconds=10.1)
    async with hand(database, switch):
        assert (await ended(database, row)).result == "too_late"
    assert switch.asked == []


async def test_a_wrong_secret_is_an_alarm_that_does_not_tell_it(database: Database, switch: Switch) -> None:
    async with hand(database, switch, "certainly-not-this-one"):
        row = await said(database, "disconnected")
        (alarm,) = row.alarms
        assert "INTAKE112_CONTROL_SECRET" in alarm.message
        assert "certainly-not-this-one" not in alarm.message + row.detail

        async def again() -> bool | None:
            return True if switch.log_ins > 1 else None

        assert await until(again)


async def test_a_pbx_that_is_not_there_is_awaited(database: Database, switch: Switch) -> None:
    port, switch.port = switch.port, 1
    async with hand(database, switch) as waiting:
        assert "cannot connect" in (await said(database, "disconnected")).detail
        assert [alarm.code for alarm in waiting.alarms()] == ["control"]
    switch.port = port
    async with hand(database, switch) as there:
        await said(database, "connected")
        assert there.alarms() == ()
