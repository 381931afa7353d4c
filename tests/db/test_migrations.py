"""Up from empty equals the models; any other schema is refused with one line. On both databases."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.engine import Connection

from db import migrate
from db.engine import Database
from db.tables import metadata


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


async def test_migrations_lead_to_the_models(database: Database) -> None:
    async with database.reading() as reading:
        assert await reading.connection.run_sync(differences) == []


async def test_migrating_again_changes_nothing(database: Database, database_url: str) -> None:
    assert await migrate.migrate(database_url) == migrate.newest()
    await migrate.check(database)


async def test_a_database_of_a_newer_release_is_refused(database: Database, database_url: str) -> None:
    async with database.transaction() as tx:
        await tx.connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(migrate.SchemaError, match="update intake112"):
        await migrate.check(database)
    with pytest.raises(migrate.SchemaError, match="update intake112"):
        await migrate.migrate(database_url)


async def test_an_empty_database_is_refused_with_what_to_do(database: Database) -> None:
    async with database.transaction() as tx:
        await tx.connection.execute(text("DELETE FROM alembic_version"))
    with pytest.raises(migrate.SchemaError, match="intake112 migrate"):
        await migrate.check(database)
