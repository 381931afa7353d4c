"""What a database says of itself."""

from sqlalchemy import text

from db.engine import Reading


async def version(reading: Reading) -> str:
    """Return the version of SQLite, or of PostgreSQL's server."""
    is_sqlite = reading.connection.dialect.name == "sqlite"
    found = await reading.connection.execute(text("SELECT sqlite_version()" if is_sqlite else "SHOW server_version"))
    return str(found.scalar_one())
