"""People who log in and machines with a token."""

import sys
from datetime import datetime, timedelta
from typing import Annotated

import typer

from db import people as saved
from db.engine import Database
from intake import access, staff
from intake import tokens as of_machines
from intake112.command import CommandError, Role, TokenGrace, TokenRole, app, on_database, tell_token
from intake112.settings import Settings

users = typer.Typer(help="People who log in.", no_args_is_help=True)
tokens = typer.Typer(help="Machines that speak to the API.", no_args_is_help=True)
app.add_typer(users, name="user")
app.add_typer(tokens, name="token")
Name = Annotated[str, typer.Argument(help="the name to log in with")]


@users.command()
def add(
    name: Name,
    role: Annotated[Role, typer.Option(help="what the person may do")],
    *,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="read the password from stdin")] = False,
) -> None:
    """Add a person. The password comes from stdin, never from the command line, where others could read it."""
    given = _password(stdin=password_stdin)

    async def work(database: Database, _: Settings) -> None:
        async with database.transaction() as tx:
            await access.create_user(tx, name, role, given)

    on_database(work)
    typer.echo(f"{name} may log in as {role}")


@users.command(name="list")
def list_() -> None:
    """List everyone, with role and since when they are disabled."""

    async def work(database: Database, _: Settings) -> list[saved.UserRow]:
        async with database.reading() as reading:
            return await saved.users(reading)

    for row in on_database(work):
        disabled = f"disabled {row.disabled_at.isoformat(timespec='seconds')}" if row.disabled_at else "active"
        typer.echo(f"{row.name}\t{row.role}\t{disabled}")


@users.command()
def disable(name: Name) -> None:
    """Disable a person and end their sessions at once."""

    async def work(database: Database, _: Settings) -> None:
        async with database.transaction() as tx:
            await staff.change(tx, name, access.COMMAND_LINE, disabled=True, spares_last=False)

    on_database(work)
    typer.echo(f"{name} is disabled and logged out")


@users.command()
def enable(name: Name) -> None:
    """Let a disabled person log in again."""

    async def work(database: Database, _: Settings) -> None:
        async with database.transaction() as tx:
            await staff.change(tx, name, access.COMMAND_LINE, disabled=False)

    on_database(work)
    typer.echo(f"{name} may log in again")


@users.command()
def password(
    name: Name,
    *,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="read the password from stdin")] = False,
) -> None:
    """Set a person's password, and end their sessions."""
    given = _password(stdin=password_stdin)

    async def work(database: Database, _: Settings) -> None:
        hashed = await access.hashed(given)
        async with database.transaction() as tx:
            await staff.change(tx, name, access.COMMAND_LINE, password_hash=hashed)

    on_database(work)
    typer.echo(f"{name} has a new password and is logged out")


@tokens.command()
def create(
    name: Annotated[str, typer.Option(help="what the token is for")],
    role: Annotated[TokenRole, typer.Option(help="what its bearer may do")],
) -> None:
    """Make a token and print it, this once: only its hash is kept."""

    async def work(database: Database, _: Settings) -> str:
        async with database.transaction() as tx:
            return await of_machines.make(tx, name, role, access.COMMAND_LINE)

    typer.echo(on_database(work))


@tokens.command(name="list")
def list_tokens() -> None:
    """List all tokens, agencies' too: name, role, and since when they are disabled."""

    async def work(database: Database, _: Settings) -> tuple[list[saved.TokenRow], dict[str, datetime]]:
        async with database.reading() as reading:
            return await saved.tokens(reading), await saved.old_tokens(reading)

    rows, old = on_database(work)
    for row in rows:
        state = f"disabled {row.disabled_at.isoformat(timespec='seconds')}" if row.disabled_at else "active"
        state += f", an old one until {old[row.name].isoformat(timespec='seconds')}" if row.name in old else ""
        typer.echo(f"{row.name}\t{row.role}\t{state}")


@tokens.command(name="renew")
def renew_token(
    name: Annotated[str, typer.Argument(help="the token's name")],
    grace: TokenGrace = 24,
) -> None:
    """Give a machine a new token under its name, the source of its reports; print it, this once."""

    async def work(database: Database, _: Settings) -> tuple[str, datetime | None]:
        async with database.transaction() as tx:
            return await of_machines.renew(tx, name, timedelta(hours=grace), access.COMMAND_LINE)

    tell_token(*on_database(work))


@tokens.command(name="disable")
def disable_token(name: Annotated[str, typer.Argument(help="the token's name")]) -> None:
    """Disable a token at once."""

    async def work(database: Database, _: Settings) -> None:
        async with database.transaction() as tx:
            await of_machines.disable(tx, name, access.COMMAND_LINE, spares_last=False)

    on_database(work)
    typer.echo(f"{name} is disabled")


def _password(*, stdin: bool) -> str:
    """Return the password: from stdin, never from the command line, where others could read it."""
    if not stdin:
        raise CommandError("a password is needed: write it to stdin and add --password-stdin")
    return sys.stdin.readline().rstrip("\r\n")
