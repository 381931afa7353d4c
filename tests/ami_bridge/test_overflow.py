"""The voice menu on real sockets: we are Asterisk, and say what it says."""

import asyncio
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from ami_bridge import overflow
from ami_bridge.overflow import AT_ONCE, MenuConfig, Overflow
from tests.pbx.menus import served
from tests.postgres import free_port
from tests.waiting import until

CALL = "pbx-1-1795546534.0"
ARGUMENTS = (CALL, "/prompts", "/monitor")
OK = "200 result=0"
HOST = "127.0.0.1"


@pytest.fixture
def port() -> Iterator[int]:
    """Where the menu listens."""
    found = free_port()
    with served(found):
        until(lambda: reachable(found), "the menu listens")
        yield found


def reachable(port: int) -> bool:
    """Tell whether somebody listens there."""
    with socket.socket() as tried:
        return tried.connect_ex((HOST, port)) == 0


def pressed(digit: str) -> str:
    """Asterisk's answer when this digit was pressed."""
    return f"200 result={ord(digit)} endpos=8000"


def call(port: int, answer: Callable[[str], str | None], arguments: tuple[str, ...] = ARGUMENTS) -> list[str]:
    """Send a caller, answer each command (None: the connection is cut), and return the commands until the end."""
    commands: list[str] = []
    with (
        socket.create_connection((HOST, port), timeout=10) as connection,
        connection.makefile("rw", newline="\n") as wire,
    ):
        sent = ["agi_network: yes", *(f"agi_arg_{n}: {value}" for n, value in enumerate(arguments, 1)), "", ""]
        wire.write("\n".join(sent))
        wire.flush()
        for line in wire:
            commands.append(line.strip())
            answered = answer(commands[-1])
            if answered is None:
                break
            wire.write(f"{answered}\n")
            wire.flush()
    return commands


def told(commands: list[str]) -> list[tuple[str, str]]:
    """Return the steps that were told, each with its value; every one is told twice, live and to CEL."""
    found = re.compile(rf'EXEC UserEvent "Intake112Menu,Call: {CALL},Step: (\w+),Value: (.*)"')
    live = [(one[1], one[2]) for one in map(found.fullmatch, commands) if one]
    later = re.compile(rf'EXEC CELGenUserEvent "INTAKE112,{CALL} (\w+) (.*)"')
    assert live == [(one[1], one[2]) for one in map(later.fullmatch, commands) if one]
    return live


def played(commands: list[str]) -> list[str]:
    """Return the sounds that were played, and what was recorded."""
    words = [one.split() for one in commands]
    return [one[2].strip('"') for one in words if one[:2] in (["STREAM", "FILE"], ["RECORD", "FILE"])]


@pytest.mark.parametrize(
    ("keys", "kind", "sounds"),
    [
        ({"id/menu": "2"}, "ambulans", ["id/menu", "id/message"]),
        ({"en/other": "0"}, "lain", ["id/menu", "en/other", "id/message"]),
        ({"WAIT": "5"}, "banjir", ["id/menu", "en/other", "id/message"]),
        ({}, None, ["id/menu", "en/other", "id/message"]),
        ({"WAIT": "*"}, None, ["id/menu", "en/other", "id/message"]),
        ({"id/menu": "9", "en/menu": "1"}, "kebakaran", ["id/menu", "en/menu", "en/message"]),
        ({"id/menu": "9"}, None, ["id/menu", "en/menu", "en/message"]),
    ],
)
def test_what_the_caller_presses_is_told(port: int, keys: dict[str, str], kind: str | None, sounds: list[str]) -> None:
    def answer(command: str) -> str:
        key = next((key for part, key in keys.items() if part in command), None)
        return OK if key is None else pressed(key)

    commands = call(port, answer)
    chosen = [("kind", kind)] if kind is not None else []
    assert commands[0] == "ANSWER"
    assert told(commands) == [("answered", ""), *chosen, ("message", f"{CALL}-message.wav")]
    language = sounds[-1].partition("/")[0]
    recorded = [f"/monitor/{CALL}-message", f"/prompts/{language}/saved"]
    assert played(commands) == [*(f"/prompts/{sound}" for sound in sounds), *recorded]


@pytest.mark.parametrize("failure", ["200 result=-1 (hangup)", "HANGUP", "511 Command Not Permitted", "", None])
def test_who_is_not_recorded_is_not_told_that_he_was(port: int, failure: str | None) -> None:
    """He hung up, or the disk took nothing: the dialplan goes on with him, and the next caller is served."""
    commands = call(port, lambda command: failure if command.startswith("RECORD") else OK)
    assert played(commands)[-1] == f"/monitor/{CALL}-message"
    assert told(call(port, lambda _: OK))[0] == ("answered", "")


@pytest.mark.parametrize(
    "arguments",
    [(), (CALL,), ("", "/prompts", "/monitor"), (f"{CALL},Step: kind", "/p", "/m"), (CALL, "prompts", "/monitor")],
)
def test_another_dialplan_is_sent_away(port: int, arguments: tuple[str, ...]) -> None:
    assert call(port, lambda _: OK, arguments) == []


def test_one_caller_too_many_goes_on_at_once(port: int) -> None:
    with held(port, AT_ONCE):
        assert call(port, lambda _: OK) == []
    until(lambda: call(port, lambda _: OK), "there is a place again")


@contextmanager
def held(port: int, callers: int) -> Iterator[None]:
    """So many callers are in the menu, each at its first sound."""
    waiting, released = threading.Semaphore(0), threading.Event()

    def stay(_: str) -> str | None:
        waiting.release()
        released.wait(20)
        return None

    threads = [threading.Thread(target=call, args=(port, stay)) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert waiting.acquire(timeout=20)
    yield
    released.set()
    for thread in threads:
        thread.join()


def test_a_sound_that_is_missing_costs_nobody_the_message(port: int) -> None:
    """Asterisk says -1, as when he had hung up; but the channel is there."""

    def answer(command: str) -> str:
        if command.startswith("STREAM FILE"):
            return "200 result=-1 endpos=0"
        return "200 result=6" if command.startswith("CHANNEL STATUS") else OK

    commands = call(port, answer)
    assert told(commands) == [("answered", ""), ("message", f"{CALL}-message.wav")]
    assert played(commands)[-2] == f"/monitor/{CALL}-message"


@pytest.mark.parametrize("last", ["520-Invalid", "200 result=0"])
def test_who_goes_away_in_the_middle_leaves_nothing_behind(port: int, last: str) -> None:
    """pyst2 would read the end of a connection for ever."""
    for _ in range(5):
        with socket.create_connection((HOST, port), timeout=10) as connection:
            head = "".join(f"agi_arg_{n}: {value}\n" for n, value in enumerate(ARGUMENTS, 1))
            connection.sendall(f"{head}\n".encode())
            connection.recv(100)
            connection.sendall(f"{last}\n".encode())
    until(lambda: not [one for one in threading.enumerate() if "process_request_thread" in one.name], "they have ended")


def test_who_does_not_say_who_he_is_is_sent_away(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overflow, "BEGINS_S", 0.2)
    with socket.create_connection((HOST, port), timeout=10) as connection:
        connection.sendall(b"agi_network: yes\n")
        assert connection.recv(1) == b""
    with socket.create_connection((HOST, port), timeout=10) as connection:
        connection.sendall(b"x" * 2 * overflow.LONGEST_LINE)
        assert connection.recv(1) == b""


async def test_a_place_that_is_taken_is_an_alarm_until_it_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overflow, "RETRY_S", 0.01)
    stop = asyncio.Event()
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        menu = Overflow(MenuConfig(HOST, port))
        serving = asyncio.get_running_loop().create_task(menu.run(stop))
        (alarm,) = await asyncio.to_thread(until, menu.alarms, "it is told")
    assert alarm.code == "menu"
    assert f"port {port}" in alarm.message
    await asyncio.to_thread(until, lambda: not menu.alarms(), "it is served")
    assert await asyncio.to_thread(call, port, lambda _: OK)
    stop.set()
    await serving
