"""Receivers on real sockets, well-behaved and not. A behaviour gets the streams after the request was read."""

import asyncio
import contextlib
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

Behaviour = Callable[["Pretend", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Got:
    """One request as it arrived."""

    line: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def id(self) -> str:
        """The webhook-id."""
        return self.headers["webhook-id"]


@dataclass(slots=True)
class Pretend:
    """A receiver and what it got."""

    behaviour: Behaviour
    port: int = 0
    scheme: str = "http"
    got: list[Got] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"{self.scheme}://127.0.0.1:{self.port}/hook"

    async def until_got(self, count: int) -> None:
        """Wait until this many requests have come."""
        await self.until(lambda: len(self.got) >= count)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so; looked at whenever something happened here."""
        async with asyncio.timeout(20):
            while not condition():
                self.news.clear()
                await self.news.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it or the behaviour ends it."""
        self.connections += 1
        self.open += 1
        number = self.connections
        try:
            while not writer.is_closing():
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                line, *lines = head.strip().split("\r\n")
                headers = {k.lower(): v for k, v in (each.split(": ", 1) for each in lines)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                self.got.append(Got(line, headers, body, number))
                self.news.set()
                await self.behaviour(self, reader, writer)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.transport.abort()
            self.open -= 1
            self.news.set()


@asynccontextmanager
async def receiving(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> AsyncIterator[Pretend]:
    """Run a receiver on loopback."""
    pretend = Pretend(behaviour, scheme="https" if tls else "http")
    serving: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.add(task)
        with contextlib.suppress(asyncio.CancelledError):
            await pretend.serve(reader, writer)
        serving.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls)
    pretend.port = server.sockets[0].getsockname()[1]
    try:
        yield pretend
    finally:
        server.close()
        pretend.released.set()
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving)


def answers(status: int = 200, body: bytes = b"ok", /, **headers: str) -> Behaviour:
    """Answer with a status, a body and headers (`retry_after` is Retry-After)."""
    more = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())

    async def behave(_: Pretend, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f"HTTP/1.1 {status} X\r\n{more}content-length: {len(body)}\r\n\r\n".encode() + body)

    return behave


def answers_in_order(*behaviours: Behaviour) -> Behaviour:
    """Behave differently from request to request, the last one for ever."""
    left = list(behaviours)

    async def behave(p: Pretend, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(p, reader, writer)

    return behave


def says(answer: str, **more: object) -> Behaviour:
    """Answer 200 with an answer to the dispatch in the body."""
    return answers(200, json.dumps({"answer": answer, **more}).encode())


async def hangs(p: Pretend, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say nothing until the test releases it, then 200; see it when the other side hangs up."""
    while not p.released.is_set():
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0.02):
                await reader.read(1)
                writer.close()
                return
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")


async def resets(_: Pretend, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reset the connection without an answer."""
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def closes(_: Pretend, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Close the connection without an answer."""
    writer.close()


async def resets_in_the_body(p: Pretend, r: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Promise 100 bytes, send four, reset."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nfour")
    await writer.drain()
    await resets(p, r, writer)


def drips(head: bytes, drop: bytes) -> Behaviour:
    """Send a beginning, then a drop every 20 ms for ever."""

    async def behave(p: Pretend, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while not writer.is_closing() and not p.released.is_set():
            writer.write(drop)
            await writer.drain()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(0.02):
                    await p.released.wait()
        writer.close()

    return behave


def pours(head: bytes, part: bytes, times: int | None) -> Behaviour:
    """Send a beginning, then a part many times (None: for ever) as fast as it is taken."""

    async def behave(_: Pretend, __: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while times is None or times > 0:
            times_left = 1 if times is None else times
            for _n in range(times_left):
                writer.write(part)
                await writer.drain()
                if writer.is_closing():
                    return
            if times is not None:
                return

    return behave
