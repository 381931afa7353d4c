"""The agencies that receive reports."""

import re
from typing import Annotated

import typer

from db import agencies as saved
from db.engine import Database
from intake112.command import CommandError, app, on_database
from intake112.settings import Settings
from routing import egress, outbox
from routing.refusals import RefusedError

CODE = re.compile(r"[a-z0-9_-]{1,32}")
commands = typer.Typer(help="Agencies that receive reports.", no_args_is_help=True)
app.add_typer(commands, name="agency")


@commands.command()
def add(
    code: Annotated[str, typer.Argument(help="its short name, such as damkar")],
    name: Annotated[str, typer.Option(help="its name on screens")],
    url: Annotated[str, typer.Option(help="where its webhooks go")],
    allow_cidr: Annotated[
        list[str] | None, typer.Option(help="an address range that may be dialled though it is not public; repeatable")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="a kind of report that is to go there, such as kebakaran; repeatable")
    ] = None,
    following: Annotated[
        str | None, typer.Option("--next", help="the agency that gets those reports too when this one does not accept")
    ] = None,
) -> None:
    """Add an agency; print the secret that signs to it and the token it answers with, this once."""
    networks, kinds = allow_cidr or [], kind or []
    if not CODE.fullmatch(code):
        raise CommandError(f"{code!r} is no code: 1 to 32 small letters, digits, dashes and underscores are allowed")

    async def work(database: Database, _: Settings) -> tuple[outbox.NewAgency, list[str]]:
        addresses = await egress.check_url_resolved(url, networks)
        async with database.transaction() as tx:
            args = (code, name, url, networks, kinds)
            return await outbox.add_agency(tx, *args, by="command line", next_code=following), addresses

    try:
        added, addresses = on_database(work)
    except RefusedError as error:
        raise CommandError(f"{code}: {error}") from None
    if not addresses:
        typer.echo(f"intake112: the host of {url} has no address now; {code} is added all the same", err=True)
    typer.echo(f"secret: {added.secret}\ntoken: {added.token}")


@commands.command(name="list")
def list_() -> None:
    """List the agencies: code, name, address, and the ranges that may be dialled."""

    async def work(database: Database, _: Settings) -> list[saved.AgencyRow]:
        async with database.reading() as reading:
            return await saved.every(reading)

    for row in on_database(work):
        typer.echo(f"{row.code}\t{row.name}\t{row.url}\t{' '.join(row.allow_cidr)}")
