"""What the tests of this folder speak with: a raw AMI client, and a clock that moves when somebody waits."""

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Self

from ami_bridge.frames import Frame, Splitter, parse
from exercise.pbx import PretendAsterisk
from tests.conftest import START

BANNER = b"Asterisk Call Manager/"


class Time:
    """A clock and a pause that belong together: waiting takes no time, and afterwards it is as late as it should be.

    Whoever waits for the earliest moment goes on first, and that moment is now.
    """

    def __init__(self, now: datetime = START) -> None:
        self.now = now
        self._count = itertools.count()
        self._waiting: list[tuple[datetime, int]] = []

    def __call__(self) -> datetime:
        """Return the time."""
        return self.now

    async def pause(self, seconds: float) -> None:
        """Let all others run who have less long to wait, and be later."""
        due = (self.now + timedelta(seconds=seconds), next(self._count))
        heapq.heappush(self._waiting, due)
        try:
            await asyncio.sleep(0)  # who was started just now says for how long it waits
            while self._waiting[0] != due:  # noqa: ASYNC110  # the loop's other tasks must run as often
                await asyncio.sleep(0)
        finally:
            self._waiting.remove(due)
            heapq.heapify(self._waiting)
        self.now = max(self.now, due[0])


class Client:
    """An AMI client; frames are taken as bytes, in the order in which they came."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._frames: list[bytes] = []
        self._reader, self._writer = reader, writer
        self._splitter = Splitter()

    @classmethod
    @asynccontextmanager
    async def connected(cls, host: str, port: int) -> AsyncIterator[Self]:
        """Connect, and read the greeting."""
        reader, writer = await asyncio.open_connection(host, port)
        try:
            greeting = await reader.readline()
            assert greeting.startswith(BANNER)
            yield cls(reader, writer)
        finally:
            writer.close()

    def send(self, **headers: str) -> None:
        """Send one action."""
        lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
        self._writer.write("".join(lines).encode() + b"\r\n")

    async def upto(self, wanted: Callable[[Frame], bool]) -> list[bytes]:
        """Take all frames up to the wanted one, which is the last. Raises EOFError when the stream ends before."""
        taken: list[bytes] = []
        while True:
            while self._frames:
                taken.append(self._frames.pop(0))
                if wanted(parse(taken[-1])):
                    return taken
            await self._read()

    async def until(self, wanted: Callable[[Frame], bool]) -> Frame:
        """Take all frames up to the wanted one; return it."""
        return parse((await self.upto(wanted))[-1])

    async def to_the_end(self) -> list[Frame]:
        """Take all frames until the other side ends the stream."""
        while True:
            try:
                await self._read()
            except EOFError:
                return [parse(raw) for raw in self._frames]

    async def act(self, action: str, **headers: str) -> Frame:
        """Send an action and return its answer, which must carry its ActionID; what came before it is taken too."""
        self.send(Action=action, ActionID="42", **headers)
        answer = await self.until(lambda frame: bool(frame.get("Response")))
        assert answer.get("ActionID") == "42"
        return answer

    async def listing(self, action: str, **headers: str) -> list[Frame]:
        """Send an action that answers with a list; return the list's events, its end included."""
        assert (await self.act(action, **headers)).get("EventList") == "start"
        return [parse(raw) for raw in await self.upto(lambda frame: frame.get("EventList") == "Complete")]

    async def events(self) -> list[bytes]:
        """Take all events that were sent up to now."""
        self.send(Action="Ping", ActionID="events")
        return (await self.upto(lambda frame: frame.get("ActionID") == "events"))[:-1]

    async def _read(self) -> None:
        data = await self._reader.read(65536)
        if not data:
            raise EOFError
        self._frames += self._splitter.feed(data)


@asynccontextmanager
async def logged_in(pbx: PretendAsterisk) -> AsyncIterator[Client]:
    """Connect and log in; what a session is told of its own log-in has been read."""
    async with Client.connected(pbx.host, pbx.port) as client:
        assert (await client.act("Login", Username=pbx.username, Secret=pbx.secret)).get("Response") == "Success"
        await client.until(lambda frame: frame.event == "SuccessfulAuth")
        yield client
