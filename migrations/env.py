"""Alembic's entry: runs on the connection that `db.migrate` hands over, or on INTAKE112_DATABASE_URL for developers."""

import asyncio
import os

from alembic import context
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from db.tables import metadata


def migrate(connection: Connection) -> None:
    """Run the migrations on an open connection, all of them in one transaction where the database can."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


async def from_environment() -> None:
    """Open the database that the environment names (used by `alembic revision --autogenerate`)."""
    engine = create_async_engine(os.environ["INTAKE112_DATABASE_URL"])
    async with engine.begin() as connection:
        await connection.run_sync(migrate)
    await engine.dispose()


given = context.config.attributes.get("connection")
if given is None:
    asyncio.run(from_environment())
else:
    migrate(given)
