"""People who log in and machines with a token."""

import sys
from typing import Annotated

import typer

from db import people as saved
from db.engine import Database
from intake import access, shifts
from intake112.command import CommandError, Role, app, on_database
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
    if not password_stdin:
        raise CommandError("a password is needed: write it to stdin and add --password-stdin")
    password = sys.stdin.readline().rstrip("\r\n")

    async def work(database: Database, _: Settings) -> None:
        async with database.transaction() as tx:
            await access.create_user(tx, name, role, password)

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

    async def work(database: Database, _: Settings) -> bool:
        async with database.transaction() as tx:
            found = await saved.disable_user(tx, name)
            if found:
                tx.record("command line", "user.disabled", f"user:{name}")
                await shifts.end_gone(tx)
            return found

    if not on_database(work):
        raise CommandError(f"there is no user {name}: `intake112 user list` shows all")
    typer.echo(f"{name} is disabled and logged out")


@tokens.command()
def create(
    name: Annotated[str, typer.Option(help="what the token is for")],
    role: Annotated[Role, typer.Option(help="what its bearer may do")],
) -> None:
    """Make a token and print it, this once: only its hash is kept."""

    async def work(database: Database, _: Settings) -> str:
        async with database.transaction() as tx:
            return await access.create_token(tx, name, role)

    typer.echo(on_database(work))
