"""Bringing a database to this release's schema, and refusing to work on any other.

Migrations expand before they contract, so the release before works on the new schema while processes are exchanged.
"""

import asyncio
import functools
from pathlib import Path
from typing import Any, Final

from sqlalchemy import event, inspect, text
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.ext.asyncio import create_async_engine

import migrations
from db.engine import Database

FOLDER: Final = Path(migrations.__file__).parent


class SchemaError(Exception):
    """The database's schema is not the one this release works on; the message says what to do."""


@functools.cache
def _known() -> tuple[str, ...]:
    """Return this release's revisions, the oldest first: each file's name begins with its own."""
    return tuple(sorted(file.name[:4] for file in (FOLDER / "versions").glob("[0-9]*.py")))


def newest() -> str:
    """Return the revision that this release's code works on."""
    if not _known():
        raise SchemaError("this installation has no migrations; install intake112 again")
    return _known()[-1]


async def migrate(url: str) -> str:
    """Migrate the database at `url` to this release and return its revision; a current one is left as it is.

    Raises SchemaError when the database was made by a newer release.
    """
    if make_url(url).get_backend_name() == "sqlite" and (path := make_url(url).database):
        await asyncio.to_thread(Path(path).parent.mkdir, parents=True, exist_ok=True)
    engine = create_async_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        event.listen(engine.sync_engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_upgrade)
    finally:
        await engine.dispose()
    return newest()


def _prepare_sqlite(connection: Any, _: object) -> None:
    """WAL from the first moment (to switch needs the file alone); pysqlite's own BEGIN would leave DDL outside."""
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.close()


def _upgrade(connection: Connection) -> None:
    if _revision(connection) != newest():
        upgrade(connection, "head")


def upgrade(connection: Connection, revision: str) -> None:
    """Run the migrations that lead to a revision."""
    from alembic import command  # here: a start on a current database does without its 0.1 s
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(FOLDER))
    command.upgrade(config, revision)


def _revision(connection: Connection) -> str | None:
    """Return the revision of a database, None of an empty one. Raises SchemaError when a newer release made it."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if found is not None and found not in _known():
        raise SchemaError(f"the database is at revision {found}, which is newer than this release: update intake112")
    return found


async def check(database: Database) -> None:
    """Raise SchemaError, with what to do, unless the database is at this release's revision."""
    async with database.reading() as reading:
        found = await reading.connection.run_sync(_revision)
    if found != newest():
        raise SchemaError(f"the database is at revision {found or 'none'}: run `intake112 migrate` first")
