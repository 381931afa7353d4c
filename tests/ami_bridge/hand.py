"""A PBX that answers what a test says, and what acts for the desk on it: real sockets, a real database."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import pytest

from ami_bridge import frames
from ami_bridge.control import Control, ControlConfig
from ami_bridge.frames import Frame, Splitter
from ami_bridge.session import Pbx
from db import controls, machine_room
from db.controls import ControlRow
from db.engine import Database
from db.machine_room import ServiceRow

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
