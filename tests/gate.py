"""A gate before a server: shut, every connection is cut and none is taken."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self


@dataclass(slots=True)
class Gate:
    """A TCP port that leads to another port while it is open."""

    to_port: int
    port: int = 0
    server: asyncio.Server | None = None
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @classmethod
    @asynccontextmanager
    async def to(cls, port: int) -> AsyncIterator[Self]:
        """Open a gate to a port on loopback."""
        gate = cls(port)
        await gate.open()
        yield gate
        await gate.shut()

    async def open(self) -> None:
        """Take connections, at the same port as before."""
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, reuse_address=True)
        self.port = self.server.sockets[0].getsockname()[1]

    async def shut(self) -> None:
        """Cut what there is and take nothing more."""
        if self.server is not None:
            self.server.close()
        for writer in self.writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.to_port)
        mine = {writer, far_writer}
        self.writers |= mine
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_pipe(reader, far_writer))
                tasks.create_task(_pipe(far_reader, writer))
        finally:
            for each in mine:
                each.transport.abort()
            self.writers -= mine


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()
    except OSError:
        pass
    writer.transport.abort()
