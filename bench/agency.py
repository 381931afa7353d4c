"""Agencies' receivers in a process of their own: prompt, or one that takes connections and never answers.

They note when the first bytes of each request were there, by the clock that all processes of a machine share.
"""

import asyncio
import functools
import multiprocessing
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection

_HEADERS = re.compile(rb"(?i)\r\n(content-length|webhook-id): ?([^\r]*)")
_ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Got:
    """A request: its `webhook-id`, when its first bytes came (`time.monotonic()`), and to which port."""

    id: str
    at: float
    port: int


class _Serving(asyncio.Protocol):
    """One connection. No parser of HTTP: it is there to be fast, and knows who speaks to it."""

    def __init__(self, got: list[Got], port: Sequence[int], *, answers: bool) -> None:
        self._got, self._port, self._answers = got, port, answers
        self._held = b""
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if not self._held:
            self._began = time.monotonic()
        self._held += data
        head, end, body = self._held.partition(b"\r\n\r\n")
        if not end:
            return
        headers = {name.lower(): value for name, value in _HEADERS.findall(head)}
        if len(body) < int(headers[b"content-length"]):
            return
        self._held = b""
        self._got.append(Got(headers[b"webhook-id"].decode(), self._began, self._port[0]))
        if self._answers:
            self._transport.write(_ANSWER)


async def _serve(prompt: int, dead: int, line: Connection) -> None:
    loop, got = asyncio.get_running_loop(), list[Got]()
    ports = []
    for number in range(prompt + dead):
        own: list[int] = []
        made = functools.partial(_Serving, got, own, answers=number < prompt)
        server = await loop.create_server(made, "127.0.0.1", 0)
        own.append(server.sockets[0].getsockname()[1])
        ports += own
    line.send(ports)
    over = asyncio.Event()

    def asked() -> None:
        if line.recv() == "end":
            over.set()
        else:
            line.send(list(got))
            got.clear()

    loop.add_reader(line.fileno(), asked)
    await over.wait()


def _be(prompt: int, dead: int, line: Connection) -> None:
    asyncio.run(_serve(prompt, dead, line))


class Receivers:
    """The process; `prompt` and `dead` are ports on loopback."""

    def __init__(self, ports: Sequence[int], prompt: int, line: Connection) -> None:
        self.prompt, self.dead = list(ports[:prompt]), list(ports[prompt:])
        self._line = line

    def take(self) -> list[Got]:
        """Return what came since the last time, in its order."""
        self._line.send("take")
        found: list[Got] = self._line.recv()
        return found


@contextmanager
def receivers(prompt: int = 1, dead: int = 0) -> Iterator[Receivers]:
    """Run so many receivers. Call it before a loop runs in this process: it forks."""
    near, far = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_be, args=(prompt, dead, far), daemon=True)
    process.start()
    try:
        yield Receivers(near.recv(), prompt, near)
    finally:
        near.send("end")
        process.join(5)
        process.kill()
