"""Agencies' receivers, one process of them all: most misbehave at first, each in its own way, and are well afterwards.

`python -m tests.faults.misbehaving` prints one line of JSON, the URL of each by its code, and then does what it is
told, a line each: `release` ends whatever hangs or drips, `got` prints what came: (code, webhook-id, dispatch) of each
request, and how many connections came to where a redirect leads. It ends when nobody speaks to it any more.
"""

import asyncio
import gzip
import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from typing import Any, Final

import trustme

from tests.routing.receivers import (
    Behaviour,
    Pretend,
    answers,
    answers_in_order,
    closes,
    drips,
    hangs,
    pours,
    receiving,
    resets,
    resets_in_the_body,
)

TIMES: Final = 3  # so many requests are badly treated
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
BOMB = gzip.compress(bytes(50_000_000))
ENDLESS: Final = {
    "never-answers": hangs,
    "slow-loris-header": drips(b"HTTP/1.1 200 OK\r\nx: ", b"x"),
    "slow-loris-body": drips(CHUNKED, b"1\r\nx\r\n"),
}
AT_ONCE: Final = {
    "resets": resets,
    "closes": closes,
    "resets-in-the-body": resets_in_the_body,
    "1-mb-header": pours(b"HTTP/1.1 200 OK\r\nx: ", b"x" * 1000, 1000),
    "1-mb-header-of-503": pours(b"HTTP/1.1 503 Busy\r\nx: ", b"x" * 1000, 1000),
    "10-mb-body": pours(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n", b"x" * 10_000, 1000),
    "endless-body": pours(CHUNKED, b"2710\r\n" + b"x" * 10_000 + b"\r\n", None),
    "gzip-bomb": answers(200, BOMB, content_encoding="gzip"),
    "another-protocol": pours(b"SSH-2.0-OpenSSH_9.2\r\n", b"\r\n", 1),
    "garbage": answers(200, b'\xff\x00{"answer": ["accepted"'),
    "strange-answer": answers(200, b'{"answer":"exploded","sequence":-1}'),
    "gone": answers(410),
    "for-a-day": answers(429, retry_after="86400"),
}
HONEST: Final = ("honest-1", "honest-2")
REDIRECTS, TLS = "redirects", "unknown-authority"


def _untrusted() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    return context


async def _serve() -> None:
    loop, lines = asyncio.get_running_loop(), asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    well, running = answers(204, b""), dict[str, Pretend]()
    async with AsyncExitStack() as stack:
        elsewhere = await stack.enter_async_context(receiving(well))

        async def run(code: str, behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> None:
            running[code] = await stack.enter_async_context(receiving(behaviour, tls))

        for code, bad in (ENDLESS | AT_ONCE | {REDIRECTS: answers(307, location=elsewhere.url)}).items():
            await run(code, answers_in_order(*[bad] * TIMES, well))
        for code in HONEST:
            await run(code, well)
        await run(TLS, well, _untrusted())
        _say({code: one.url for code, one in running.items()})
        async for line in lines:
            if line == b"release\n":
                for one in running.values():
                    one.released.set()
            else:
                _say({"got": [_told(code, one) for code, one in running.items()], "elsewhere": elsewhere.connections})


def _told(code: str, one: Pretend) -> tuple[str, list[tuple[str, str]]]:
    return code, [(got.id, json.loads(got.body)["data"]["dispatch"]["id"]) for got in one.got]


def _say(what: object) -> None:
    print(json.dumps(what), flush=True)  # noqa: T201  # to who started it


class Misbehaving:
    """The process; `urls` by code."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.urls: dict[str, str] = self._heard()

    def release(self) -> None:
        """Let what hangs answer, and what drips end."""
        self._tell("release")

    def got(self) -> tuple[dict[str, list[tuple[str, str]]], int]:
        """Return (webhook-id, dispatch) of each request by code, and the connections to where a redirect leads."""
        self._tell("got")
        said = self._heard()
        return {code: [(id, dispatch) for id, dispatch in each] for code, each in said["got"]}, said["elsewhere"]

    def _tell(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{word}\n")
        self._process.stdin.flush()

    def _heard(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


@contextmanager
def misbehaving() -> Iterator[Misbehaving]:
    """Run it."""
    command = [sys.executable, "-m", "tests.faults.misbehaving"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Misbehaving(process)
        finally:
            process.kill()


if __name__ == "__main__":
    asyncio.run(_serve())
