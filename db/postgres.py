"""The connections to PostgreSQL: one pool; those that read look at one instant and can change nothing.

The connection that was given back last is lent next: it holds the prepared statements, and its server is known to live.

Before it is lent, a connection that nobody used for IDLE_S is asked whether it lives. SQLAlchemy's `pool_pre_ping` asks
every time, by BEGIN, a statement and ROLLBACK: of the seven round trips of a look at the outbox those were three. Of
one in use a moment ago the driver itself knows when the server has ended it.
"""

import time
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

SILENCE_S: Final = 10.0  # a server that says nothing for so long is not there (its packets may be dropped on the way)
IDLE_S: Final = 2.0  # longer than our polls rest


def engines(url: str) -> tuple[AsyncEngine, AsyncEngine]:
    """Return (for transactions, for readings) of the database at this URL; both use the same pool."""
    write = create_async_engine(
        url,
        hide_parameters=True,  # what people said, and keys, have no place in a log
        pool_size=10,
        pool_use_lifo=True,
        max_overflow=10,
        pool_timeout=10,
        connect_args={"timeout": SILENCE_S, "command_timeout": SILENCE_S},
    )
    errors = write.dialect.loaded_dbapi.Error

    def lent(connection: Any, record: Any, _: object) -> None:
        if connection.driver_connection.is_closed():
            raise InvalidatePoolError
        given_back = record.info.get("given_back")
        if given_back is not None and time.monotonic() - given_back > IDLE_S:
            try:
                connection.ping()
            except errors as error:
                raise InvalidatePoolError from error

    def given_back(_: object, record: Any) -> None:
        record.info["given_back"] = time.monotonic()

    event.listen(write.sync_engine, "checkout", lent)
    event.listen(write.sync_engine, "checkin", given_back)
    return write, write.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
