"""A pretend SMS gateway: it takes what a real one would be posted, and keeps it for whoever looks.

It takes JSON (`to`, `text`) or a form of the same names, with the token as a bearer. What comes again under an
`Idempotency-Key` that it has taken is answered in the same way, and no phone gets it twice. How it behaves can be
changed while it runs: well, slow, broken (500), choosy (400: no such number), full (429), torn (it takes the SMS, and
its answer is lost on the way), or gone (nobody listens).
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, Self
from urllib.parse import parse_qsl

TOKEN: Final = "pretend-gateway-token"  # noqa: S105  # nobody's
ALLOW_CIDR: Final = "127.0.0.0/8"
LONGEST: Final = 64 * 1024


class Mood(Enum):
    """How it is."""

    WELL = auto()
    SLOW = auto()
    BROKEN = auto()
    CHOOSY = auto()
    FULL = auto()
    TORN = auto()


STATUS: Final = {
    Mood.WELL: "202 Accepted",
    Mood.SLOW: "202 Accepted",
    Mood.BROKEN: "500 Internal Server Error",
    Mood.CHOOSY: "400 Bad Request",
    Mood.FULL: "429 Too Many Requests",
    Mood.TORN: "202 Accepted",
}
TAKES: Final = frozenset({Mood.WELL, Mood.SLOW, Mood.TORN})


@dataclass(frozen=True, slots=True)
class Text:
    """An SMS that came."""

    to: str
    text: str


@dataclass(slots=True)
class PretendGateway:
    """Within `async with gateway.serving()`: `url` is where SMS are posted, `texts` what went to phones; `keys` are the
    idempotency keys of all that was posted, `show` is told of each SMS that goes to a phone.
    """

    mood: Mood = Mood.WELL
    show: Callable[[Text], None] = lambda _: None
    keys: list[str] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    tries: int = 0
    refused: int = 0  # with a wrong token
    port: int = 0
    _taken: set[str] = field(default_factory=set)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """Where SMS are posted."""
        return f"http://127.0.0.1:{self.port}/pretend-sms"

    @contextlib.asynccontextmanager
    async def serving(self) -> AsyncIterator[Self]:
        """Listen on a free port of loopback; on the one it had, the second time."""
        self._over.clear()
        server = await asyncio.start_server(self._take, "127.0.0.1", self.port, limit=LONGEST)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            self._over.set()
            server.close()
            await server.wait_closed()

    async def tried(self, count: int) -> None:
        """Wait until so many posts have come."""
        while self.tries < count:
            self._news.clear()
            await self._news.wait()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            given = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head.split("\r\n")[1:])}
            body = await reader.readexactly(min(int(given.get("content-length", "0")), LONGEST))
            self.tries += 1
            status = self._judge(given, body)
            self._news.set()
            if self.mood is Mood.TORN:
                return
            if self.mood is Mood.SLOW:
                await self._over.wait()  # for ever, as far as anybody waits
            said = b'{"status": "pretend"}'
            head = f"HTTP/1.1 {status}\r\ncontent-length: {len(said)}\r\nconnection: close\r\n\r\n"
            writer.write(head.encode() + said)
            await writer.drain()
        except (OSError, ValueError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    def _judge(self, given: dict[str, str], body: bytes) -> str:
        if given.get("authorization") != f"Bearer {TOKEN}":
            self.refused += 1
            return "401 Unauthorized"
        key = given.get("idempotency-key", "")
        self.keys.append(key)
        if key not in self._taken and self.mood in TAKES:
            self._taken |= {key} if key else set()
            is_json = given.get("content-type") == "application/json"
            said = json.loads(body) if is_json else dict(parse_qsl(body.decode()))
            self.texts.append(Text(said["to"], said["text"]))
            self.show(self.texts[-1])
        return STATUS[self.mood]
