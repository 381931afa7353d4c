"""What the desk's map is drawn from, beside the outline that is in the console: the centre's own files, and its area.

A centre puts `*.pmtiles` (streets, as Protomaps makes them) and `*.geojson` (its boundary, hydrants, posts) into the
folder `map` of the state folder; nothing is fetched from anywhere else.
"""

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter
from fastapi import Path as InPath
from fastapi.responses import FileResponse
from pydantic import AfterValidator

from db import places
from intake.access import Who
from intake.api.context import ON_READ, Context, refusals, staff_only
from intake.api.out import Out
from intake.refusals import DeskError

NAME: Final = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}\.(pmtiles|geojson)$"
MEDIA: Final = {".pmtiles": "application/octet-stream", ".geojson": "application/geo+json"}
MOST: Final = 20  # files
GIVEN: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {media: {} for media in MEDIA.values()}, "description": "The file"},
    206: {"content": {media: {} for media in MEDIA.values()}, "description": "The parts that Range asks for"},
    400: {"content": {"text/plain": {}}, "description": "Range cannot be read"},
    416: {"content": {"text/plain": {}}, "description": "Range asks for what is behind the end"},
}


class UnknownMapError(DeskError, status=404):
    """The centre has no map file with this name. GET /api/v1/map lists them."""


class MapFile(Out):
    """A file of the centre: `url` gives it, in parts too. `changed_at`: what a newer one has later."""

    name: str
    type: Literal["pmtiles", "geojson"]
    bytes: int
    changed_at: datetime
    url: str


class Bounds(Out):
    """From the south-west to the north-east, in degrees."""

    south: float
    west: float
    north: float
    east: float


class MapSources(Out):
    """The centre's own files, by name, and the area in which its known places lie; null while none has coordinates."""

    files: list[MapFile]
    bounds: Bounds | None


def _map_name(text: str) -> str:
    if not re.match(NAME, text, re.ASCII):
        raise UnknownMapError
    return text


Name = Annotated[str, AfterValidator(_map_name), InPath(json_schema_extra={"pattern": NAME})]


def router(context: Context) -> APIRouter:
    """Return the routes under /api/v1/map."""
    database, folder = context.database, context.maps
    routes = APIRouter(prefix="/api/v1/map", tags=["desk"])
    staff = Annotated[Who, staff_only(context)]

    @routes.get("", responses=refusals(*ON_READ))
    async def described(_: staff) -> MapSources:
        """What there is to draw the map from."""
        async with database.reading() as reading:
            found = await places.bounds(reading)
        area = None if found is None else Bounds(south=found[0], west=found[1], north=found[2], east=found[3])
        return MapSources(files=await asyncio.to_thread(_files, folder), bounds=area)

    @routes.get("/{name}", response_class=FileResponse, responses=GIVEN | refusals(*ON_READ, 404))
    async def given(name: Name, _: staff) -> FileResponse:
        """One of the centre's own map files. Ranges are answered."""
        path = await asyncio.to_thread(_path, folder, name)
        return FileResponse(path, media_type=MEDIA[path.suffix], headers={"Cache-Control": "private, no-cache"})

    return routes


def _files(folder: Path | None) -> list[MapFile]:
    found = []
    for path in sorted(folder.iterdir()) if folder is not None and folder.is_dir() else ():
        if re.match(NAME, path.name, re.ASCII) and path.is_file():
            about = path.stat()
            found.append(
                MapFile(
                    name=path.name,
                    type="pmtiles" if path.suffix == ".pmtiles" else "geojson",
                    bytes=about.st_size,
                    changed_at=datetime.fromtimestamp(about.st_mtime, UTC),
                    url=f"/api/v1/map/{path.name}",
                )
            )
    return found[:MOST]


def _path(folder: Path | None, name: str) -> Path:
    path = folder / name if folder is not None else None
    if path is None or not path.is_file():
        raise UnknownMapError
    return path
