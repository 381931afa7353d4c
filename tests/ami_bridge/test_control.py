"""What the desk asked is done once, or not, or nobody knows: never twice, never late. Real sockets, both databases."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import pytest

from ami_bridge import control as module
from ami_bridge import frames
from ami_bridge.control import Control, ControlConfig
from ami_bridge.frames import Frame, Splitter
from ami_bridge.session import Pbx
from db import controls, live, machine_room
from db.controls import ControlRow
from db.engine import Database
from db.machine_room import ServiceRow
from tests.conftest import SetClock

T = TypeVar("T")
SECRET = "only-a-test"
BRIDGE = "bridge:pbx-1:0a1b2c3d"
NAME = "control:pbx-1:0a1b2c3d"
Answer = Callable[[Frame], list[tuple[str, str]] | None]
SUCCESS = [("Response", "Success")]
CHANNEL = {"uniqueid": "pbx-1-1700000000.1"}


@dataclass
class Switch:
    """A PBX that answers actions as a test says (None: never); an empty list ends the session instead."""

    answer: Answer = lambda _: SUCCESS
    asked: list[Frame] = field(default_factory=list)
    log_ins: int = 0
    port: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        splitter = Splitter()
        while data := await reader.read(65536):
            for action in map(frames.parse, splitter.feed(data)):
                if (said := self._said(action)) == []:
                    writer.close()
                    return
                if said is not None:
                    writer.write(frames.encode([*said, ("ActionID", action.get("ActionID"))]))
        writer.close()

    def _said(self, action: Frame) -> list[tuple[str, str]] | None:
        match action.get("Action"):
            case "Login":
                self.log_ins += 1
                wrong = [("Response", "Error"), ("Message", "Authentication failed")]
                return SUCCESS if action.get("Secret") == SECRET else wrong
            case "Ping" | "Logoff":
                return SUCCESS
            case _:
                self.asked.append(action)
                return self.answer(action)


@pytest.fixture
async def switch() -> AsyncIterator[Switch]:
    """A PBX on a port of its own."""
    made = Switch()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()


@asynccontextmanager
async def hand(database: Database, switch: Switch, secret: str = SECRET, ping_s: float = 3.0) -> AsyncIterator[Control]:
    """Run what acts for the desk."""
    pbx = Pbx("pbx-1", "127.0.0.1", switch.port, "intake112-control", secret, ping_s=ping_s)
    made, stop = Control(database, ControlConfig(pbx, frozenset({"112"}), frozenset({"op1"})), BRIDGE), asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(made.run(stop))
        try:
            yield made
        finally:
            stop.set()


async def ask(database: Database, action: str = "hang-up", **arguments: str) -> ControlRow:
    """Ask, as the desk does."""
    async with database.transaction() as tx:
        return await controls.ask(tx, pbx="pbx-1", action=action, arguments=arguments or CHANNEL, by="siti")


async def until(look: Callable[[], Awaitable[T | None]]) -> T:
    """Look again and again, and return the first thing that is seen."""
    async with asyncio.timeout(10):
        while (found := await look()) is None:  # noqa: ASYNC110  # rows call nobody
            await asyncio.sleep(0.01)
    return found


async def ended(database: Database, row: ControlRow) -> ControlRow:
    """Wait until a request has ended."""

    async def look() -> ControlRow | None:
        async with database.reading() as reading:
            found = await controls.find(reading, row.id)
        return found if found is not None and found.ended_at is not None else None

    return await until(look)


async def said(database: Database, state: str) -> ServiceRow:
    """Wait until the hand says that it is in a state."""

    async def look() -> ServiceRow | None:
        async with database.reading() as reading:
            rows = await machine_room.services(reading)
        return next((row for row in rows if (row.name, row.state) == (NAME, state)), None)

    return await until(look)


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


DESK_CALLS = {"device": "PJSIP/op1", "number": "+6281200000001"}


async def still_open(database: Database) -> list[ControlRow]:
    """Return what has not ended."""
    async with database.reading() as reading:
        return await controls.unfinished(reading, "pbx-1")


async def test_a_call_back_is_begun_and_holds_up_nothing(database: Database, switch: Switch) -> None:
    async with hand(database, switch):
        row = await ask(database, "call-back", **DESK_CALLS)

        async def sent() -> bool | None:
            return True if len(switch.asked) > 1 else None

        await until(sent)
        assert (await ended(database, await ask(database))).result == "done"
    (left,) = await still_open(database)
    assert (left.id, left.state) == (row.id, "begun")
    module, asked = switch.asked[:2]
    assert module.get("Variable") == "IFMODULE(app_dial.so)"
    channel = f"callback-{row.id}"
    expected = {
        "Action": "Originate",
        "Channel": "PJSIP/op1",
        "CallerID": "+6281200000001",
        "Timeout": "30000",
        "Context": "intake-out",
        "Exten": "+6281200000001",
        "Priority": "1",
        "Async": "true",
        "ChannelId": channel,
        "ActionID": channel,
    }
    assert dict(asked.headers) == expected


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"device": "PJSIP/trunk"}, "PJSIP/trunk is the telephone of none of INTAKE112_DESKS"),
        ({"device": "Local/1@intake-out"}, "Local/1@intake-out is the telephone of none of INTAKE112_DESKS"),
        ({"number": "+62812&PJSIP/op2"}, "+62812&PJSIP/op2 is no telephone number"),
        ({"number": ""}, " is no telephone number"),
    ],
)
async def test_only_a_desk_calls_back_and_only_a_number(
    database: Database, switch: Switch, wrong: dict[str, str], why: str
) -> None:
    async with hand(database, switch):
        row = await ended(database, await ask(database, "call-back", **DESK_CALLS | wrong))
    assert (row.state, row.result, row.detail) == ("failed", "refused", why)
    assert switch.asked == []


PASSED_ON = {"uniqueid": "pbx-1-1700000000.1", "leg": "pbx-1-1700000000.2", "number": "+62328600113"}
IN_TRANSFER = {"Context": "transfer", "Exten": "+62328600113"}
LEG = {"Channel": "pbx-1-1700000000.2"}
ASKS = {"Action": "Getvar", "Variable": "BRIDGEPEER"} | LEG


def exists(context: str, number: str) -> dict[str, str]:
    """What asks for an extension."""
    return {"Action": "Getvar", "Variable": f"DIALPLAN_EXISTS({context},{number},1)"}


def the_way(number: str) -> list[dict[str, str]]:
    """What asks whether a caller can be sent to a number, and come back."""
    steps = [exists("transfer", number), exists("intake-out", number), exists("again", "112")]
    return [*steps, {"Action": "Getvar", "Variable": "IFMODULE(app_dial.so)"}]


def there_is(value: str) -> Answer:
    """Answer whether there is such an extension, or such a module."""

    def answer(action: Frame) -> list[tuple[str, str]]:
        if action.get("Action") != "Getvar":
            return SUCCESS
        said = value if action.get("Variable") != "BRIDGEPEER" else "Local/0328600113@transfer-00000000;1"
        return [*SUCCESS, ("Variable", action.get("Variable")), ("Value", said)]

    return answer


@pytest.mark.parametrize(
    ("action", "sent"),
    [
        (
            "transfer",
            [
                *the_way("+62328600113"),
                {"Action": "Redirect", "Channel": "pbx-1-1700000000.1", "Priority": "1"} | IN_TRANSFER,
            ],
        ),
        (
            "consult",
            [
                *the_way("0328600113"),
                {"Action": "Atxfer", "Context": "transfer", "Exten": "0328600113"} | LEG,
            ],
        ),
        ("consult-cancel", [ASKS, {"Action": "CancelAtxfer"} | LEG]),
        (
            "consult-join",
            [
                ASKS,
                {"Action": "Getvar", "Variable": "IFMODULE(bridge_softmix.so)"},
                *({"Action": "PlayDTMF", "Digit": digit, "Receive": "true"} | LEG for digit in "*3"),
            ],
        ),
        ("consult-complete", [ASKS, {"Action": "Hangup", "Cause": "16"} | LEG]),
    ],
)
async def test_a_caller_is_passed_on(
    database: Database, switch: Switch, action: str, sent: list[dict[str, str]]
) -> None:
    switch.answer = there_is("1")
    async with hand(database, switch):
        assert (await ended(database, await ask(database, action, **PASSED_ON))).result == "done"
    told = [dict(asked.headers) for asked in switch.asked]
    for one in told:
        del one["ActionID"]
    assert told == sent


@pytest.mark.parametrize("action", ["transfer", "consult"])
async def test_nobody_is_sent_to_where_there_is_nothing(database: Database, switch: Switch, action: str) -> None:
    """Asterisk would hang up the caller."""
    switch.answer = there_is("0")
    async with hand(database, switch):
        row = await ended(database, await ask(database, action, **PASSED_ON))
    assert (row.state, row.result) == ("failed", "refused")
    assert row.detail is not None
    assert "DIALPLAN_EXISTS(transfer," in row.detail
    assert [asked.get("Action") for asked in switch.asked] == ["Getvar"]


@pytest.mark.parametrize(("action", "sent"), [("transfer", "Redirect"), ("call-back", "Originate")])
@pytest.mark.parametrize("loaded", ["0", "1", ""], ids=["not loaded", "loaded", "it cannot say"])
async def test_nothing_is_begun_that_a_module_is_missing_for(
    database: Database, switch: Switch, action: str, sent: str, loaded: str
) -> None:
    """A PBX without func_module cannot say: nothing is refused for that."""

    def answer(asked: Frame) -> list[tuple[str, str]]:
        is_module = str(asked.get("Variable")).startswith("IFMODULE(")
        return [*SUCCESS, ("Value", loaded if is_module else "1")]

    switch.answer = answer
    async with hand(database, switch):
        row = await ask(database, action, **PASSED_ON | {"device": "PJSIP/op1"})
        await ended(database, row if loaded == "0" or action == "transfer" else await ask(database))
    async with database.reading() as reading:
        found = await controls.find(reading, row.id)
    assert found is not None
    assert ("load=app_dial.so" in (found.detail or "")) == (loaded == "0")
    assert (sent in [one.get("Action") for one in switch.asked]) == (loaded != "0")


@pytest.mark.parametrize("action", ["consult-cancel", "consult-join", "consult-complete"])
@pytest.mark.parametrize("peer", ["PJSIP/trunk-00000000", ""])
async def test_a_desk_that_asks_nobody_keeps_its_caller(
    database: Database, switch: Switch, action: str, peer: str
) -> None:
    switch.answer = lambda _: [*SUCCESS, ("Variable", "BRIDGEPEER"), ("Value", peer)]
    async with hand(database, switch):
        row = await ended(database, await ask(database, action, **PASSED_ON))
    assert (row.state, row.result, row.detail) == (
        "failed",
        "refused",
        "the desk asks nobody at this moment; nothing was done",
    )
    assert [asked.get("Action") for asked in switch.asked] == ["Getvar"]


async def test_the_carrier_is_no_member_of_the_queue(database: Database, switch: Switch) -> None:
    async with hand(database, switch):
        of = {"queue": "112", "device": "PJSIP/trunk", "name": "Siti Fiktif"}
        row = await ended(database, await ask(database, "member-add", **of))
    assert (row.result, row.detail) == ("refused", "PJSIP/trunk is the telephone of none of INTAKE112_DESKS")
    assert switch.asked == []


async def test_a_call_back_that_the_pbx_refuses(database: Database, switch: Switch) -> None:
    switch.answer = lambda _: [("Response", "Error"), ("Message", "Extension does not exist.")]
    async with hand(database, switch):
        row = await ended(database, await ask(database, "call-back", **DESK_CALLS))
    assert (row.state, row.result, row.detail) == ("failed", "refused", "Extension does not exist.")


@pytest.mark.parametrize("answer", [[], None], ids=["the line is cut", "no answer comes"])
async def test_a_call_back_of_which_nobody_hears_is_unknown_after_a_while(
    database: Database, switch: Switch, clock: SetClock, answer: list[tuple[str, str]] | None
) -> None:
    """Whatever broke off, the telephones may be ringing: the ear has its time to tell."""
    switch.answer = lambda asked: SUCCESS if asked.get("Action") == "Getvar" else answer
    async with hand(database, switch, ping_s=0.2):
        row = await ask(database, "call-back", **DESK_CALLS)

        async def sent() -> bool | None:
            return True if len(switch.asked) > 1 else None

        await until(sent)
    switch.answer = lambda _: SUCCESS
    for seconds, left in ((119, [row.id]), (2, [])):
        clock.forward(seconds=seconds)
        async with hand(database, switch):  # another start, too
            after = await ended(database, await ask(database))
            assert after.result == "done"
        assert [one.id for one in await still_open(database)] == left
    async with database.reading() as reading:
        found = await controls.find(reading, row.id)
    assert found is not None
    assert (found.state, found.result) == ("failed", "unknown")
    assert [one.get("Action") for one in switch.asked] == ["Getvar", "Originate", "Hangup", "Hangup"]
