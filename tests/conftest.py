"""Fixtures every test may use: a clock one can set, and a fresh database of each kind."""

import asyncio
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from db import migrate
from db.engine import Database
from tests.later_routes import build_later
from tests.postgres import PostgresServer

# the tests of a file share a centre and a browser, or an Asterisk and the product, one after the other
TOGETHER = (
    "tests/console/",
    *(f"tests/acceptance/test_{name}.py" for name in ("control_fails", "stories", "transfer")),
)
START = datetime(2026, 3, 14, 1, 59, 26, 535897, tzinfo=UTC)
_numbers = itertools.count(1)
build_later()


class Workers(LoadScopeScheduling):  # type: ignore[misc]
    """Which tests one worker runs in their order: a file of `TOGETHER`, or one test."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.split("::", 1)[0] if nodeid.startswith(TOGETHER) else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Workers:
    """Xdist's own mark of groups is not seen by pytest 9.2."""
    return Workers(config, log)


class SetClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Return the time that was set."""
        return self.now

    def forward(self, **by: float) -> datetime:
        """Move on by timedelta's arguments and return the new time."""
        self.now += timedelta(**by)
        return self.now


@pytest.fixture
def clock() -> SetClock:
    """A clock set to 2026-03-14 01:59:26.535897 UTC (08:59 in Sumenep)."""
    return SetClock()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A private PostgreSQL server of this test process, with a migrated template database.

    Its folder is not pytest's: pytest closes its own to other users, and PostgreSQL does not run as root.
    """
    with (
        tempfile.TemporaryDirectory(prefix="intake112-postgres-") as folder,
        PostgresServer.start(Path(folder)) as server,
    ):
        asyncio.run(_make_template(server))
        yield server


async def _make_template(server: PostgresServer) -> None:
    await server.create("intake112_template")
    await migrate.migrate(server.url("intake112_template"))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    asyncio.run(migrate.migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def database_kind(request: pytest.FixtureRequest) -> str:
    """The kinds of database: a test that takes it runs once on each."""
    return str(request.param)


@pytest.fixture
def template(request: pytest.FixtureRequest, database_kind: str) -> Path | PostgresServer:
    """Where a fresh database of this kind is copied from; starts PostgreSQL only for a test that needs it."""
    source = request.getfixturevalue("sqlite_template" if database_kind == "sqlite" else "postgres")
    assert isinstance(source, Path | PostgresServer)
    return source


@pytest.fixture
async def database_url(template: Path | PostgresServer, tmp_path: Path) -> AsyncIterator[str]:
    """The URL of a fresh, migrated database."""
    if isinstance(template, PostgresServer):
        async with template.fresh(f"test_{os.getpid()}_{next(_numbers)}", "intake112_template") as url:  # noqa: ASYNC240  # no Path
            yield url
    else:
        path = tmp_path / "intake112.db"
        shutil.copyfile(template, path)
        yield f"sqlite+aiosqlite:///{path}"


@pytest.fixture
async def database(database_url: str, clock: SetClock) -> AsyncIterator[Database]:
    """A fresh, migrated, open database whose time is the `clock` fixture's."""
    async with Database.open(database_url, clock) as opened:
        yield opened
