"""The API on a fresh database, spoken to in this process."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from db import reports
from db.engine import Database
from intake import access, booking, closing
from intake.api.app import create_app
from intake.api.server import Server
from intake.closing import Ending
from intake.facts import Arrived, CallKey, Told
from routing import outbox
from tests.conftest import SetClock

WIB = ZoneInfo("Asia/Jakarta")
PUBLIC_URL = "http://112.test"
Json = dict[str, Any]
Client = httpx2.AsyncClient
LogIn = Callable[[str], Awaitable[Client]]


@pytest.fixture
def app(database: Database) -> FastAPI:
    """The application."""
    return create_app(database, public_url=PUBLIC_URL, timezone=WIB)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[Client]:
    """A client that is nobody yet."""
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    async with Client(transport=transport, base_url=PUBLIC_URL) as opened:
        yield opened


@pytest.fixture
async def as_role(client: Client, database: Database) -> LogIn:
    """Make the client one with a token of a role."""

    async def become(role: str) -> Client:
        async with database.transaction() as tx:
            token = await access.create_token(tx, f"the {role}", role)
        client.headers["Authorization"] = f"Bearer {token}"
        return client

    return become


@pytest.fixture
async def operator(as_role: LogIn) -> Client:
    """A client with an operator's token."""
    return await as_role("operator")


async def add_agency(database: Database, code: str, *kinds: str) -> str:
    """Add an agency with rules for kinds; return its token."""
    async with database.transaction() as tx:
        new = await outbox.add_agency(tx, code, code.title(), "http://127.0.0.1:9/hook", ["127.0.0.0/8"], kinds)
    return new.token


async def book(database: Database, *facts: Told) -> None:
    """Book facts as the bridge does."""
    async with database.transaction() as tx:
        await booking.book(tx, facts, WIB, PUBLIC_URL)


async def close(database: Database, number: str) -> None:
    """Close a report that agencies resolved, after the caller was told."""
    async with database.transaction() as tx:
        await closing.close(tx, number, Ending(disposition="resolved", caller="told"), "siti", PUBLIC_URL)


async def ring(database: Database, at: datetime, number: str | None = "081200000001", n: int = 1) -> str:
    """Let a caller ring and return the report's number."""
    key = CallKey("pbx-1", f"c.{n}")
    await book(database, Arrived(key, at, f"c.{n}", "trunk", "112", number, "Siti Contoh"))
    async with database.reading() as reading:
        return (await reports.page(reading, reports.Filter(), None, 1))[0].number


@dataclass
class Served:
    """The application behind a real uvicorn."""

    client: Client
    stop: asyncio.Event
    token: str
    url: str


@pytest.fixture
async def served(database_url: str, tmp_path: Path) -> AsyncIterator[tuple[Served, Database]]:
    """The application on a port of its own; its clock stands still."""
    stop = asyncio.Event()
    async with Database.open(database_url, SetClock(), service=True) as database:
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # as the product does: or 40 ms an answer
        port = listener.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        photos, maps = tmp_path / "photos", tmp_path / "map"
        app = create_app(database, public_url=url, timezone=WIB, stop=stop, photo_folder=photos, map_folder=maps)
        async with database.transaction() as tx:
            token = await access.create_token(tx, "wall", "operator")
        server = Server(uvicorn.Config(app, log_config=None, lifespan="off", timeout_graceful_shutdown=10))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(server.serve([listener]))
            async with Client(
                base_url=f"http://127.0.0.1:{port}",
                headers={"Authorization": f"Bearer {token}"},
                trust_env=False,
                timeout=20,
            ) as client:
                yield Served(client, stop, token, f"http://127.0.0.1:{port}"), database
                stop.set()
                server.should_exit = True
