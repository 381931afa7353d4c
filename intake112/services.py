"""The commands that serve until they are stopped, and `migrate`, which makes their database."""

import asyncio
import contextlib
from typing import Annotated

import typer

from db import migrate
from db.lock import service_lock
from intake112.command import CommandError, alone, app, clock_of, configured
from intake112.process import Room
from intake112.settings import Settings


@app.command()
def run(
    *,
    demo: Annotated[
        bool, typer.Option("--demo", help="add a pretend Asterisk, pretend agencies, and people who may log in")
    ] = False,
) -> None:
    """Run everything in one process: bridge, web and routing. Brings the database to this release first."""
    _serve(frozenset(Room), demo=demo)


@app.command()
def bridge() -> None:
    """Run only the bridge to Asterisk (PostgreSQL)."""
    _serve(frozenset({Room.BRIDGE}))


@app.command()
def web() -> None:
    """Run only the API and the console (PostgreSQL)."""
    _serve(frozenset({Room.WEB}))


@app.command()
def routing() -> None:
    """Run only the lanes to the agencies (PostgreSQL)."""
    _serve(frozenset({Room.ROUTING}))


@app.command(name="migrate")
def migrate_() -> None:
    """Bring the database to this release; a current one is left as it is."""
    settings = configured(level="warning")
    with _lock(settings):
        typer.echo(alone(lambda: asyncio.run(migrate.migrate(settings.database))))


def _lock(settings: Settings) -> contextlib.AbstractContextManager[None]:
    return service_lock(settings.sqlite_file) if settings.sqlite_file else contextlib.nullcontext()


def _serve(rooms: frozenset[Room], *, demo: bool = False) -> None:
    from intake112 import compose, heap

    settings = configured()
    everything = rooms == frozenset(Room)
    name = "run" if everything else next(iter(rooms)).value
    if settings.sqlite_file and not everything:
        raise CommandError(
            f"`intake112 {name}` needs PostgreSQL (INTAKE112_DATABASE_URL); on SQLite one process does all: "
            "`intake112 run`"
        )
    if rooms == {Room.BRIDGE} and not settings.ami_host:
        raise CommandError("INTAKE112_AMI_HOST is missing: the bridge must know where Asterisk is")
    heap.settle()
    around = compose.as_it_is
    if demo:
        from intake112.demo import around
    with _lock(settings):
        clock = clock_of(settings)
        try:
            code = alone(lambda: asyncio.run(compose.serve(settings, clock, rooms, migrates=everything, around=around)))
        except compose.AddressTakenError as error:
            raise CommandError(str(error)) from None
    raise typer.Exit(code)
