"""Who connects as the server closes: he is taken up, whichever turn of its loop he came in."""

import asyncio
import contextlib
import socket
from typing import Any

import pytest
import uvicorn

from intake.api.server import Server


async def nobody(scope: object, receive: object, send: object) -> None:
    """An application that is asked nothing."""


@pytest.mark.parametrize("turns", range(4))
async def test_nobody_who_was_accepted_is_left_hanging(turns: int) -> None:
    went_wrong: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: went_wrong.append(context))
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket() as caller:
        server = Server(uvicorn.Config(nobody, log_config=None, lifespan="off", timeout_graceful_shutdown=1))
        server.config.load()
        server.lifespan = server.config.lifespan_class(server.config)
        await server.startup([listener])
        caller.connect(listener.getsockname())
        for _ in range(turns):
            await asyncio.sleep(0)
        await server.shutdown([listener])
        caller.settimeout(1)
        with contextlib.suppress(ConnectionError):  # who came too late is refused
            assert caller.recv(1) == b"", "he is told that it is over"
    assert went_wrong == []
