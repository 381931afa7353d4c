"""Bringing a database to this release's schema, and refusing to work on any other.

Migrations expand before they contract, so the release before works on the new schema while processes are exchanged.
"""

import asyncio
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.ext.asyncio import create_async_engine

import migrations
from db.engine import Database


class SchemaError(Exception):
    """The database's schema is not the one this release works on; the message says what to do."""


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    return config


def newest() -> str:
    """Return the revision that this release's code works on."""
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise SchemaError("this installation has no migrations; install intake112 again")
    return revision


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
    found = MigrationContext.configure(connection).get_current_revision()
    _refuse_newer(found)
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _refuse_newer(found: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
    if found is not None and found not in known:
        raise SchemaError(f"the database is at revision {found}, which is newer than this release: update intake112")


async def check(database: Database) -> None:
    """Raise SchemaError, with what to do, unless the database is at this release's revision."""
    async with database.reading() as reading:
        found = await reading.connection.run_sync(
            lambda connection: MigrationContext.configure(connection).get_current_revision()
        )
    _refuse_newer(found)
    if found != newest():
        raise SchemaError(f"the database is at revision {found or 'none'}: run `intake112 migrate` first")
