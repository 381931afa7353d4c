"""Dispatches: hand-over, throughput, one dead agency of six, a heap after a start; each beside its peer or limit."""

import asyncio
import os
from pathlib import Path

import structlog

from bench import drain, hand_over, one_dead, throughput
from bench.agency import Receivers, receivers
from db import migrate
from tests.postgres import PostgresServer


async def fresh(server: PostgresServer, folder: Path, name: str) -> dict[str, str]:
    """Return an empty, migrated database of each kind."""
    await server.create(name)
    urls = {"SQLite": f"sqlite+aiosqlite:///{folder / name}.db", "PostgreSQL": server.url(name)}
    for url in urls.values():
        await migrate.migrate(url)
    return urls


async def parts(server: PostgresServer, folder: Path, receivers: Receivers) -> list[str]:
    """Measure one part after the other, each on new databases."""
    await server.create("peer")
    lines = await hand_over.measure(await fresh(server, folder, "hand_over"), receivers, folder)
    more, bare_rate = await throughput.measure(await fresh(server, folder, "throughput"), server.url("peer"), receivers)
    lines += more
    lines += await one_dead.measure(await fresh(server, folder, "one_dead"), receivers)
    return lines + await drain.measure(await fresh(server, folder, "drain"), receivers, bare_rate)


def run(folder: Path) -> str:
    """Measure, and return the section for docs/performance.md."""
    with (
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        receivers(prompt=one_dead.OTHERS + 1, dead=1) as running,
        PostgresServer.start(folder / "postgres", "fsync=on", "full_page_writes=on") as server,
    ):
        # what the lanes log is made into lines, as in the product, and thrown away
        structlog.configure(logger_factory=structlog.WriteLoggerFactory(file=nowhere))
        try:
            return "\n".join(["## Dispatch", "", *asyncio.run(parts(server, folder, running))])
        finally:
            structlog.reset_defaults()
