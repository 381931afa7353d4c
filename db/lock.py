"""One service process at a time on SQLite: a lock file beside the database."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class AlreadyRunningError(Exception):
    """Another intake112 service holds this database; stop it first, or use PostgreSQL for several processes."""


@contextmanager
def service_lock(database: Path) -> Iterator[None]:
    """Hold the lock of an SQLite database file; the kernel gives it back when the process dies.

    Raises AlreadyRunningError, naming the process that holds it.
    """
    path = database.with_name(database.name + ".lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise AlreadyRunningError(
                f"{database} is in use by process {file.read().strip() or 'unknown'}. "
                "Stop that service first; several processes need PostgreSQL (INTAKE112_DATABASE_URL)."
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
