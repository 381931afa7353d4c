"""The centre's own maps: listed, one added, one removed; as administrators do it in the console."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Final

import typer

from db.engine import Database
from intake import map_store
from intake.map_refusals import UnfitMapError
from intake.own_maps import Map, Maps
from intake112.command import CommandError, app, on_database
from intake112.settings import Settings

BY: Final = "command line"
_PIECE: Final = 1 << 20
commands = typer.Typer(help="The centre's own maps: PMTiles and GeoJSON.", no_args_is_help=True)
app.add_typer(commands, name="map")


@commands.command(name="list")
def list_() -> None:
    """Print each map file: its name, its bytes, and what is wrong with it."""

    async def work(database: Database, settings: Settings) -> list[Map]:
        return await Maps(database, settings.maps).every()

    for one in on_database(work):
        fault = str(one.about) if isinstance(one.about, UnfitMapError) else "ok"
        typer.echo(f"{one.file.path.name}\t{one.file.bytes}\t{fault}")


@commands.command()
def add(
    file: Annotated[Path, typer.Argument(help="*.pmtiles or *.geojson, in WGS 84")],
    *,
    name: Annotated[str | None, typer.Option(help="its name at the centre, else that of the file")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="take the place of one of this name")] = False,
) -> None:
    """Put a map file there; open pages draw it at once. One that cannot be drawn is refused, and nothing changes."""
    if not file.is_file():
        raise CommandError(f"{file} is not there, or no file")
    chosen = name or file.name

    async def pieces() -> AsyncIterator[bytes]:
        with file.open("rb") as opened:
            while piece := opened.read(_PIECE):
                yield piece

    async def work(database: Database, settings: Settings) -> Map:
        there = map_store.find(settings.maps, chosen)
        if there is not None and not replace:
            raise CommandError(f"there is a map {chosen} already: --replace puts this one in its place")
        seen = None if there is None else there.version
        size = file.stat().st_size
        return await Maps(database, settings.maps).put(chosen, pieces(), BY, seen=seen, expected=size)

    made = on_database(work)
    typer.echo(f"{made.file.path.name}: {made.file.bytes} bytes")


@commands.command()
def remove(name: Annotated[str, typer.Argument(help="its name, as `map list` says it")]) -> None:
    """Remove a map file, for good; open pages draw without it at once."""

    async def work(database: Database, settings: Settings) -> None:
        there = map_store.find(settings.maps, name)
        await Maps(database, settings.maps).remove(name, BY, seen=0 if there is None else there.version)

    on_database(work)
