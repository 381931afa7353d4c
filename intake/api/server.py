"""The HTTP server: uvicorn, with signals left to the process, and nobody forgotten who came as it closed."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence
from types import FrameType

import uvicorn


class Server(uvicorn.Server):
    """Serves on the open sockets it is given; it ends soon after `should_exit` is set."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone: the process listens to them for all."""
        yield

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Never called; see `capture_signals`."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close, but first take up who was just accepted."""
        await accept_no_more(sockets or ())
        await super().shutdown(sockets)


async def accept_no_more(listeners: Sequence[socket.socket]) -> None:
    """Take up who was just accepted, and nobody after; call it before the server closes.

    A server of asyncio that closes in the turn of the loop in which somebody was accepted leaves his socket open.
    """
    for listener in listeners:
        asyncio.get_running_loop().remove_reader(listener)
    for _ in range(2):  # his transport is made in the first turn, and told to its protocol in the second
        await asyncio.sleep(0)
