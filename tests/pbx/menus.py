"""The stories in which nobody answers, and the voice menu does, or does not. All names and numbers are invented."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from ami_bridge.overflow import MenuConfig, Overflow
from tests.pbx.asterisk import PBX_HOST
from tests.pbx.sipp import CallerProcess, People
from tests.pbx.stage import SITI, Stage, Story

SOON: Final = {"extensions.conf": "[globals](+)\nOVERFLOW_AFTER_S=2\nOVERFLOW_EMPTY_S=1\nOVERFLOW_MENU_S=20"}
"""Nobody waits long for the menu."""


@contextmanager
def served(port: int) -> Iterator[None]:
    """The voice menu listens, as in the bridge."""
    loop, stop = asyncio.new_event_loop(), asyncio.Event()
    serving = Overflow(MenuConfig(PBX_HOST, port)).run(stop)
    thread = threading.Thread(target=loop.run_until_complete, args=(serving,))
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


@contextmanager
def dumb(port: int) -> Iterator[None]:
    """Something listens there, and says nothing."""
    with socket.create_server((PBX_HOST, port)):
        yield


def step(stage: Stage, name: str) -> None:
    """Wait until the menu tells this step."""
    stage.ami.wait_event("UserEvent", UserEvent="Intake112Menu", Step=name)


def _leaves_a_message(stage: Stage) -> CallerProcess:
    call = stage.people.call(SITI, speaks=True)
    step(stage, "answered")
    call.press("2")
    step(stage, "message")
    return call


def _message_left(stage: Stage) -> None:
    """He ends his message by a key, waits again, and gives up."""
    with served(stage.pbx.ports.menu):
        call = _leaves_a_message(stage)
        call.press("#")
        stage.ami.wait_event("QueueCallerJoin", count=2)
        stage.hangs_up(call, stage.caller_channel())


def _hangs_up(stage: Stage) -> None:
    with served(stage.pbx.ports.menu):
        call = _leaves_a_message(stage)
        stage.hangs_up(call, stage.caller_channel())
        stage.ami.wait_event("Hangup", count=3)


def _operator_comes(stage: Stage) -> None:
    """He says nothing to the menu; then somebody logs in."""
    with served(stage.pbx.ports.menu):
        call = stage.people.call(SITI)
        step(stage, "message")
        call.press("#")
        stage.people.operator(1, answer_ms=200)
        stage.talks(stage.caller_channel(), 2)
        stage.hangs_up(call, stage.caller_channel())


def _no_menu(stage: Stage) -> None:
    """Its server hangs: he is back in the queue after three seconds."""
    with dumb(stage.pbx.ports.menu):
        call = stage.people.call(SITI)
        stage.ami.wait_event("QueueCallerJoin", count=2)
        stage.hangs_up(call, stage.caller_channel())


def _nobody(people: People) -> None:
    """No desk is logged in."""


def _menu(tell: Callable[[Stage], None]) -> Story:
    return Story(_nobody, tell, SOON)


MENUS: Final[dict[str, Story]] = {
    "menu-message-left": _menu(_message_left),
    "menu-hangs-up-in-message": _menu(_hangs_up),
    "menu-then-operator": _menu(_operator_comes),
    "menu-hangs": _menu(_no_menu),
}
