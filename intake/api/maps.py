"""What the desk's map is drawn from, beside the outline that is in the console: the centre's own files, and its area.

An administrator sends `*.pmtiles` (streets, as Protomaps makes them) and `*.geojson` (its boundary, hydrants, posts),
or lays them into the folder `map` of the state folder; nothing is fetched from anywhere else.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Request
from fastapi import Path as InPath
from fastapi.responses import FileResponse
from pydantic import AfterValidator, Field
from starlette.requests import ClientDisconnect

from db import places
from intake import map_store
from intake.access import Who
from intake.api import versions
from intake.api.context import ON_READ, ON_WRITE, Context, admins_only, refusals, staff_only
from intake.api.out import Out
from intake.api.people_schemas import Done
from intake.api.versions import IfMatch
from intake.map_checks import MOST_BYTES
from intake.map_refusals import MOST, MapCutError, MapNameError, UnfitMapError, UnknownMapError
from intake.own_maps import Map, Maps

MEDIA: Final = {".pmtiles": "application/octet-stream", ".geojson": "application/geo+json"}
GIVEN: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {media: {} for media in MEDIA.values()}, "description": "The file"},
    206: {"content": {media: {} for media in MEDIA.values()}, "description": "The parts that Range asks for"},
    400: {"content": {"text/plain": {}}, "description": "Range cannot be read"},
    416: {"content": {"text/plain": {}}, "description": "Range asks for what is behind the end"},
}
SEEN: Final[dict[str, Any]] = versions.IF_MATCH["parameters"][0] | {"description": "the `version` you saw, in quotes"}
BODY: Final = {"schema": {"type": "string", "format": "binary"}}
SENT: Final[dict[str, Any]] = {
    "parameters": [SEEN | {"required": False, "description": f"{SEEN['description']}; needed to replace one"}],
    "requestBody": {"required": True, "content": dict.fromkeys(MEDIA.values(), BODY)},
}


class Bounds(Out):
    """From the south-west to the north-east, in degrees."""

    south: float
    west: float
    north: float
    east: float


class MapFault(Out):
    """Why the map cannot draw a file: a code with what was found, and a sentence that says what to do."""

    why: str
    found: dict[str, str]
    message: str


class MapFile(Out):
    """A file of the centre: `url` gives it, in parts too. `version`: for If-Match, another when the file is.

    `bounds` and what follows is what is in it: zooms of PMTiles, features of GeoJSON, and how many names are written.
    Not `drawn`: it is PMTiles, of which only one is, the last by name. `fault`: nothing of that is known.
    """

    name: str
    type: Literal["pmtiles", "geojson"]
    bytes: int
    changed_at: datetime
    url: str
    version: int
    bounds: Bounds | None
    min_zoom: int | None
    max_zoom: int | None
    features: int | None
    named: int | None
    drawn: bool
    fault: MapFault | None


class MapSources(Out):
    """The centre's own files, by name, and the area in which its known places lie; null while none has coordinates.

    `most_bytes`: how large a file may be that is sent, by its type.
    """

    files: list[MapFile]
    bounds: Bounds | None
    most_bytes: dict[str, int] = Field(description="how large a file that is sent may be, by its type")


def _map_name(text: str) -> str:
    if map_store.kind_of(text) is None:
        raise UnknownMapError
    return text


def _new_name(text: str) -> str:
    if map_store.kind_of(text) is None:
        raise MapNameError
    return text


PATTERN: Final = InPath(json_schema_extra={"pattern": map_store.NAME})
Name = Annotated[str, AfterValidator(_map_name), PATTERN]
NewName = Annotated[str, AfterValidator(_new_name), PATTERN]


def router(context: Context) -> APIRouter:
    """Return the routes under /api/v1/map."""
    database, folder = context.database, context.maps
    maps = Maps(database, folder)
    routes = APIRouter(prefix="/api/v1/map", tags=["desk"])
    staff = Annotated[Who, staff_only(context)]
    admin = Annotated[Who, admins_only(context)]

    @routes.get("", responses=refusals(*ON_READ))
    async def described(_: staff) -> MapSources:
        """What there is to draw the map from."""
        async with database.reading() as reading:
            found = await places.bounds(reading)
        area = None if found is None else Bounds(south=found[0], west=found[1], north=found[2], east=found[3])
        files = [_shown(one) for one in (await maps.every())[:MOST]]
        return MapSources(files=files, bounds=area, most_bytes=dict(MOST_BYTES))

    @routes.get("/{name}", response_class=FileResponse, responses=GIVEN | refusals(*ON_READ, 404))
    async def given(name: Name, _: staff) -> FileResponse:
        """One of the centre's own map files. Ranges are answered."""
        path = await asyncio.to_thread(_path, folder, name)
        return FileResponse(path, media_type=MEDIA[path.suffix], headers={"Cache-Control": "private, no-cache"})

    @routes.put("/{name}", responses=refusals(*ON_WRITE, 409, 412, 428, 507), openapi_extra=SENT)
    async def put(name: NewName, who: admin, request: Request, if_match: IfMatch = None) -> MapFile:
        """Send a map file, as the body: PMTiles of 2 GB or GeoJSON of 8 MB at most. Open pages draw it at once.

        It is looked into before anything changes: 422 says what is wrong with it. To replace one, say which version
        you saw as If-Match.
        """
        seen = None if if_match is None else versions.seen(if_match)
        said = request.headers.get("content-length", "")
        expected = int(said[:20]) if said.isdecimal() else 0
        return _shown(await maps.put(name, _pieces(request), who.name, seen=seen, expected=expected))

    @routes.delete("/{name}", responses=refusals(*ON_WRITE, 404, 412, 428, 507), openapi_extra={"parameters": [SEEN]})
    async def remove(name: Name, who: admin, if_match: IfMatch = None) -> Done:
        """Remove a map file, for good. Open pages draw without it at once."""
        await maps.remove(name, who.name, seen=versions.seen(if_match))
        return Done()

    return routes


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    try:
        async for piece in request.stream():
            yield piece
    except ClientDisconnect:
        raise MapCutError from None


def _shown(one: Map) -> MapFile:
    file, about = one.file, one.about
    base = {"name": file.path.name, "type": file.kind, "bytes": file.bytes, "changed_at": file.changed_at}
    base |= {"url": f"/api/v1/map/{file.path.name}", "version": file.version, "drawn": one.drawn}
    known = dict.fromkeys(("bounds", "min_zoom", "max_zoom", "features", "named", "fault"))
    if isinstance(about, UnfitMapError):
        known["fault"] = MapFault(why=about.why, found=about.found, message=str(about))
    else:
        found = asdict(about)
        area = {side: found.pop(side) for side in ("south", "west", "north", "east")}
        known |= found | {"bounds": area}
    return MapFile.model_validate(base | known)


def _path(folder: Path | None, name: str) -> Path:
    path = folder / name if folder is not None else None
    if path is None or not path.is_file():
        raise UnknownMapError
    return path
