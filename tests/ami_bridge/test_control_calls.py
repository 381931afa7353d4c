"""Calls back, and callers who are passed on: once, or refused before anybody is moved. Real sockets, both databases."""

import pytest

from ami_bridge.frames import Frame
from db import controls
from db.controls import ControlRow
from db.engine import Database
from tests.ami_bridge.hand import SUCCESS, Answer, Switch, ask, ended, hand, until
from tests.ami_bridge.hand import switch as switch
from tests.conftest import SetClock

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
        ({"number": "2"}, "2 is no telephone number"),  # a desk: it is passed on to, and not called back
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
