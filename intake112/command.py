"""What all commands share: the application they hang on, how a short command gets its database, and what errors say."""

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeVar

import structlog
import typer

from db import migrate
from db.engine import Database, DatabaseUnavailableError
from db.lock import AlreadyRunningError
from intake112 import logs, settings
from intake112.clock import FileClock, NoTimeError, SteadyClock
from intake112.heads import HeadsError
from intake112.settings import Settings, SettingsError
from routing.refusals import RefusedError

T = TypeVar("T")

app = typer.Typer(
    name="intake112",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def product() -> None:
    """Call intake for emergency number 112."""


class CommandError(Exception):
    """The command cannot do what it was asked; the message is a sentence that says why and what helps."""


class Role(StrEnum):
    """What a person may do."""

    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"


class TokenRole(StrEnum):
    """What the bearer of a token may do; a `machine` opens reports of the source that is its name."""

    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    MACHINE = "machine"


TokenGrace = Annotated[
    int, typer.Option(min=0, max=720, help="hours in which the old token is honoured too; 0: somebody else has it")
]


def tell_token(token: str, until: datetime | None) -> None:
    """Print a renewed token, this once, and until when the old one is honoured (None: no longer)."""
    typer.echo(f"token: {token}")
    if until is not None:
        typer.echo(f"old_token_until: {until.isoformat(timespec='seconds')}")


def sentence(error: Exception) -> tuple[int, str] | None:
    """Return (exit code, text for stderr) for an error that was to be foreseen, None for one of ours."""
    match error:
        case SettingsError() | NoTimeError():
            return 2, str(error)
        case CommandError() | HeadsError() | AlreadyRunningError() | migrate.SchemaError() | RefusedError():
            return 1, str(error)
        case DatabaseUnavailableError() | OSError():
            return 1, f"the database or a file cannot be used: {_first_line(error)}"
        case _ if type(error).__module__.partition(".")[0] in {"sqlalchemy", "asyncpg"}:
            return 1, f"the database refused (INTAKE112_DATABASE_URL): {_first_line(error)}"
    return None


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def configured(*, level: str | None = None) -> Settings:
    """Read the settings and set up the log by them. Raises SettingsError."""
    found = settings.load()
    logs.configure(found.log_format, level or found.log_level, found.secrets())
    for name in settings.unknown(dict(os.environ)):
        structlog.get_logger(__name__).warning("unknown_setting", name=name)
    return found


def clock_of(found: Settings) -> SteadyClock | FileClock:
    """Return the clock to work by. Raises NoTimeError."""
    return FileClock(found.test_clock) if found.test_clock else SteadyClock()


def on_database(work: Callable[[Database, Settings], Awaitable[T]]) -> T:
    """Do a short command's work on the open database, while a service may be running on it.

    Raises SchemaError when the database is not of this release, DatabaseUnavailableError, SettingsError.
    """
    found = configured(level="warning")
    if found.sqlite_file is not None and not found.sqlite_file.is_file():
        raise CommandError(f"there is no database at {found.sqlite_file}: run `intake112 migrate` first")

    async def opened() -> T:
        async with Database.open(found.database, clock_of(found)) as database:
            await migrate.check(database)
            return await work(database, found)

    return alone(lambda: asyncio.run(opened()))


def alone(work: Callable[[], T]) -> T:
    """Call `work`, and let the only error in an exception group out by itself."""
    try:
        return work()
    except BaseExceptionGroup as group:
        raise only(group) from None


def only(error: BaseException) -> BaseException:
    """Return the only error in an exception group; anything else as it is."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error
