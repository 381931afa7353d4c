"""Photos of dispatches: an agency sends one by its token or a signature; the centre's staff alone see them."""

import asyncio
from typing import Annotated, Any, Final

import structlog
from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.responses import FileResponse
from msgspec.structs import asdict

from db import dispatches, photos
from db.photos import PhotoRow
from intake import photo_store
from intake import photos as sending
from intake.access import Who
from intake.api import dispatch_schemas as schemas
from intake.api import photo_body
from intake.api.agencies import DispatchId
from intake.api.context import ON_READ, ON_WRITE, Context, agency_only, refusals, staff_only
from intake.api.recordings import UNCACHED
from intake.photo_refusals import DigestError, PhotoAwayError, UnknownPhotoError
from routing.answers import LONGEST_NAME
from routing.refusals import UnknownDispatchError

log = structlog.get_logger(__name__)
BINARY: Final = {"schema": {"type": "string", "format": "binary"}}
IMAGES: Final[dict[str, Any]] = dict.fromkeys(photo_store.KINDS, BINARY)
SEEN: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": IMAGES, "description": "The photo"},
    206: {"content": IMAGES, "description": "The parts that Range asks for"},
    400: {"content": {"text/plain": {}}, "description": "Range cannot be read"},
    416: {"content": {"text/plain": {}}, "description": "Range asks for what is behind the end"},
}
AGAIN: Final[dict[int | str, dict[str, Any]]] = {
    200: {"model": schemas.SentPhoto, "description": "This photo was sent before, and is kept once"}
}
ALONE: Final = UNCACHED | {  # a picture, and nothing else whatever its bytes are
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}
Digest = Annotated[
    str | None,
    Header(alias="content-digest", max_length=200, description="`sha-256=:…:` of the photo; needed when it is signed"),
]
By = Annotated[str, Query(max_length=LONGEST_NAME, description="who sends it")]
PhotoNumber = Annotated[int, Path(ge=1, le=1000, description="of the dispatch's photos, from 1")]


def router(context: Context) -> APIRouter:
    """Return the routes of photos, but for the phone page's."""
    database, folder = context.database, context.photos
    routes = APIRouter()
    agency = Annotated[Who, agency_only(context, photo_body.signed)]
    staff = Annotated[Who, staff_only(context)]

    @routes.post(
        "/agency/v1/dispatches/{dispatch_id}/photos",
        tags=["agency"],
        status_code=201,
        responses=refusals(*ON_WRITE, 404, 409, 429) | AGAIN,
        openapi_extra={"requestBody": {"required": True, "content": IMAGES}},
    )
    async def send(
        dispatch_id: DispatchId,
        who: agency,
        request: Request,
        response: Response,
        by: By = "",
        content_digest: Digest = None,
    ) -> schemas.SentPhoto:
        """Send a photo of what was found, or done, as the body: JPEG, PNG or WebP, 8 MB and 6 photos at most.

        From when you accepted until a day after the dispatch ended. Who signs, signs (in the place of the body) the
        dispatch's id, a full stop and the value of Content-Digest. The same photo twice is one. Only the centre's
        staff see it.
        """
        async with database.reading() as reading:
            try:
                await sending.expect(reading, dispatch_id, who.agency_id or 0)
            except UnknownDispatchError:
                log.warning("unknown_dispatch", agency=who.name, dispatch=dispatch_id)
                raise
        if who.signed and content_digest is None:
            raise DigestError
        via: sending.Via = "signed" if who.signed else "api"
        async with photo_body.raw(request, content_digest) as photo:
            row, is_new = await sending.keep(database, folder, photo, dispatch_id, who.agency_id or 0, by, via)
        response.status_code = 201 if is_new else 200
        return schemas.SentPhoto.model_validate(asdict(row))

    @routes.get("/api/v1/dispatches/{dispatch_id}/photos", tags=["desk"], responses=refusals(*ON_READ, 404))
    async def every(dispatch_id: DispatchId, _: staff) -> schemas.Photos:
        """The photos that an agency sent with a dispatch, the first one first."""
        async with database.reading() as reading:
            if await dispatches.report_of(reading, dispatch_id) is None:
                raise UnknownDispatchError
            rows = await photos.of_dispatch(reading, dispatch_id)
        return schemas.Photos(photos=[_photo(row) for row in rows])

    @routes.get(
        "/api/v1/dispatches/{dispatch_id}/photos/{number}",
        tags=["desk"],
        response_class=FileResponse,
        responses=SEEN | refusals(*ON_READ, 404),
    )
    async def see(dispatch_id: DispatchId, number: PhotoNumber, who: staff) -> FileResponse:
        """See a photo; that is in the record. It may say where it was taken: do not pass it on without need."""
        async with database.reading() as reading:
            rows = await photos.of_dispatch(reading, dispatch_id)
        row = next((row for row in rows if row.number == number), None)
        if row is None:
            raise UnknownPhotoError
        path = None if folder is None else await asyncio.to_thread(photo_store.path_of, folder, row.file)
        if path is None:
            raise PhotoAwayError
        context.reads.looked_at(who, "photo.read", f"{dispatch_id}/{number}")
        return FileResponse(path, media_type=row.type, headers=ALONE)

    return routes


def _photo(row: PhotoRow) -> schemas.Photo:
    url = f"/api/v1/dispatches/{row.dispatch_id}/photos/{row.number}"
    return schemas.Photo.model_validate(asdict(row) | {"url": url})
