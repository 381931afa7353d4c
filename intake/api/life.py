"""Routes of a report's end: its disposition, closing, not ours, reopening; and the list of dispositions."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Path, Response

from db import dispositions as saved
from db.dispositions import DispositionRow
from intake import closing, dispositions
from intake.access import Who
from intake.api import life_schemas as shapes
from intake.api import schemas, versions, wire
from intake.api.bodies import In
from intake.api.context import ON_READ, ON_WRITE, Context, admins_only, refusals, staff_only
from intake.api.operators import Number
from intake.api.versions import IF_MATCH, VERSIONED, with_etag
from intake.closing import Ending

Of = Annotated[str, Path(pattern=r"^[a-z0-9_-]{1,32}$")]
IfMatch = Annotated[str | None, Header(include_in_schema=False)]


def router(context: Context) -> APIRouter:
    """Return the routes under /api/v1."""
    database, url = context.database, context.public_url
    routes = APIRouter(prefix="/api/v1", tags=["desk"])
    staff = Annotated[Who, staff_only(context)]
    admin = Annotated[Who, admins_only(context)]
    steps = refusals(*ON_WRITE, 404, 409) | {200: VERSIONED}

    @routes.post("/reports/{number}/disposition", responses=steps)
    async def dispose(number: Number, body: shapes.EndingIn, who: staff, response: Response) -> schemas.Report:
        """Write down what became of a report: its class and disposition.

        A report that is no emergency (any class but `normal`) is closed with it, at once.
        """
        async with database.transaction() as tx:
            row = await closing.dispose(tx, number, _ending(body), who.name, url)
            return with_etag(await wire.whole(tx, row), response)

    @routes.post("/reports/{number}/close", responses=steps)
    async def close(number: Number, body: shapes.EndingIn, who: staff, response: Response) -> schemas.Report:
        """Close a report, with its disposition.

        What agencies called resolved is closed by who checked that: `caller` is `told`, or `unreachable` when nobody
        answers there. While an agency has something to do with it, it cannot be closed. Every 409 says in `allowed`
        which steps can be taken.
        """
        async with database.transaction() as tx:
            row = await closing.close(tx, number, _ending(body), who.name, url)
            return with_etag(await wire.whole(tx, row), response)

    @routes.post("/reports/{number}/not-ours", responses=steps)
    async def not_ours(number: Number, body: shapes.NotOursIn, who: staff, response: Response) -> schemas.Report:
        """Close a report that a neighbouring 112 centre has accepted: it is theirs now.

        It was dispatched there like to an agency (one that was added as a centre); agencies of ours have it no more.
        """
        async with database.transaction() as tx:
            row = await closing.not_ours(tx, number, body.agency, body.note or "", who.name, url)
            return with_etag(await wire.whole(tx, row), response)

    @routes.post("/reports/{number}/reopen", responses=steps)
    async def reopen(
        number: Number, who: staff, response: Response, body: shapes.ReopenIn | None = None
    ) -> schemas.Report:
        """Go on with a report that was resolved or closed. It keeps its clock: it is as old as it is."""
        note = body.note if body is not None else None
        async with database.transaction() as tx:
            row = await closing.reopen(tx, number, note or "", who.name, url)
            return with_etag(await wire.whole(tx, row), response)

    @routes.get("/dispositions", responses=refusals(*ON_READ))
    async def every(_: staff) -> shapes.Dispositions:
        """How reports may end, in the order in which screens show it."""
        async with database.reading() as reading:
            return shapes.Dispositions(dispositions=[_shown(row) for row in await saved.every(reading)])

    @routes.post("/dispositions", status_code=201, responses=refusals(*ON_WRITE, 409) | {201: VERSIONED})
    async def add(body: shapes.NewDispositionIn, who: admin, response: Response) -> shapes.Disposition:
        """Add a disposition. For administrators."""
        async with database.transaction() as tx:
            row = await dispositions.add(tx, body.code, values(body, tx.now), who.name)
            return with_etag(_shown(row), response)

    @routes.patch(
        "/dispositions/{code}",
        responses=refusals(*ON_WRITE, 404, 409, 412, 428) | {200: VERSIONED},
        openapi_extra=IF_MATCH,
    )
    async def change(
        code: Of, body: shapes.DispositionIn, who: admin, response: Response, if_match: IfMatch = None
    ) -> shapes.Disposition:
        """Change a disposition; none is deleted, since reports have ended so. For administrators."""
        seen = versions.seen(if_match)
        async with database.transaction() as tx:
            row = await dispositions.change(tx, code, seen, values(body, tx.now), who.name)
            return with_etag(_shown(row), response)

    return routes


def values(body: In, now: datetime) -> dict[str, object]:
    """Return the columns of the fields that were sent: `name` is two, `disabled` a time, the code is none."""
    found = body.model_dump(exclude_unset=True, exclude={"code"})
    if (name := found.pop("name", None)) is not None:
        found |= {"name_id": name["id"], "name_en": name["en"]}
    if (disabled := found.pop("disabled", None)) is not None:
        found["disabled_at"] = now if disabled else None
    return found


def _ending(body: shapes.EndingIn) -> Ending:
    return Ending(body.classification, body.disposition, body.caller, body.note or "")


def _shown(row: DispositionRow) -> shapes.Disposition:
    return shapes.Disposition.model_validate(
        {
            "code": row.code,
            "version": row.version,
            "name": {"id": row.name_id, "en": row.name_en},
            "classes": row.classes,
            "position": row.position,
            "disabled": row.disabled_at is not None,
        }
    )
