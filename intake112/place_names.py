"""From the installed package to the database: what a start does, and `intake112 gazetteer load`."""

import asyncio

import structlog

from db import places
from db.engine import Database, DatabaseUnavailableError
from intake import area_data, placing
from intake.area_data import BadAreaDataError
from intake112 import area_package
from intake112.area_package import Contents, NoPackageError

log = structlog.get_logger(__name__)


async def load(database: Database, contents: Contents, regency: str, by: str) -> str:
    """Load a regency's names in the place of those that are there, and return what they are. Raises NoPackageError."""
    try:
        named = await asyncio.to_thread(area_data.cut, contents.files, regency)
    except (BadAreaDataError, KeyError) as error:
        raise NoPackageError(f"{area_package.NAME} {contents.version} cannot be loaded: {error}") from None
    async with database.transaction() as tx:
        await placing.load(tx, named, contents.version, regency, by)
    of = {level: sum(one.level == level for one in named) for level in ("kecamatan", "desa", "kelurahan", "island")}
    counted = ", ".join(f"{count} {level}" for level, count in of.items())
    return f"regency {regency}: {counted} ({area_package.NAME} {contents.version}, ODbL)"


async def load_installed(database: Database, regency: str) -> None:
    """Load the names that `make setup` fetched, where a list of that regency is missing or older.

    Nothing that fails here keeps anybody from taking calls: the log has it, and `/readyz` says that there are no names.
    """
    try:
        async with database.reading() as reading:
            there = (await places.of_lists(reading)).get(placing.OFFICIAL)
        current = there is not None and there.regency == regency
        if current and there is not None and not area_package.newer(area_package.VERSION, there.version):
            return
        if not area_package.INSTALLED.is_file():
            log.warning("no_place_names", why=f"{area_package.FILE} is not installed: `intake112 gazetteer load`")
            return
        contents = await asyncio.to_thread(area_package.opened, area_package.INSTALLED)
        log.info("place_names_loaded", what=await load(database, contents, regency, "start"))
    except (NoPackageError, DatabaseUnavailableError) as error:
        log.warning("place_names_not_loaded", why=str(error))
    except Exception:
        log.exception("place_names_not_loaded")
