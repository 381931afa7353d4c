"""Routes of the kinds of report: read them, add and change them, and ask by a kind's guide."""

from typing import Annotated

from fastapi import APIRouter, Response
from msgspec.structs import asdict

from db import kinds as saved
from db.kinds import KindRow
from intake import guides, kinds
from intake.access import Who
from intake.api import kind_shapes as shapes
from intake.api import schemas, versions, wire
from intake.api.context import ON_READ, ON_WRITE, Context, admins_only, refusals, staff_only, staff_or_machine
from intake.api.life import IfMatch, Of, values
from intake.api.operators import Number
from intake.api.versions import IF_MATCH, VERSIONED, with_etag


def router(context: Context) -> APIRouter:
    """Return the routes under /api/v1/kinds, and that of a report's guide."""
    database, url = context.database, context.public_url
    routes = APIRouter(prefix="/api/v1", tags=["desk"])
    staff = Annotated[Who, staff_only(context)]
    admin = Annotated[Who, admins_only(context)]
    reporter = Annotated[Who, staff_or_machine(context)]

    @routes.get("/kinds", responses=refusals(*ON_READ))
    async def every(_: reporter) -> shapes.Kinds:
        """The kinds of report, in the order in which screens show them, with what to ask the caller."""
        async with database.reading() as reading:
            return shapes.Kinds(kinds=[_shown(row) for row in await saved.every(reading)])

    @routes.post("/kinds", status_code=201, responses=refusals(*ON_WRITE, 409) | {201: VERSIONED})
    async def add(body: shapes.NewKindIn, who: admin, response: Response) -> shapes.Kind:
        """Add a kind. For administrators."""
        async with database.transaction() as tx:
            row = await kinds.add(tx, body.code, values(body, tx.now), who.name)
            return with_etag(_shown(row), response)

    @routes.patch(
        "/kinds/{code}", responses=refusals(*ON_WRITE, 404, 412, 428) | {200: VERSIONED}, openapi_extra=IF_MATCH
    )
    async def change(
        code: Of, body: shapes.KindIn, who: admin, response: Response, if_match: IfMatch = None
    ) -> shapes.Kind:
        """Change a kind; none is deleted, since reports have it: disable it instead. For administrators."""
        seen = versions.seen(if_match)
        async with database.transaction() as tx:
            row = await kinds.change(tx, code, seen, values(body, tx.now), who.name)
            return with_etag(_shown(row), response)

    @routes.post("/reports/{number}/guide", responses=refusals(*ON_WRITE, 404, 409) | {200: VERSIONED})
    async def answer(number: Number, body: shapes.GuideIn, who: staff, response: Response) -> schemas.Report:
        """Book what the caller answered to a question of the guide: an entry, always, and maybe a higher priority."""
        async with database.transaction() as tx:
            row = await guides.answer(tx, number, body.question, body.answer, who.name, url)
            return with_etag(await wire.whole(tx, row), response)

    return routes


def _shown(row: KindRow) -> shapes.Kind:
    name = {"id": row.name_id, "en": row.name_en}
    return shapes.Kind.model_validate(asdict(row) | {"name": name, "disabled": row.disabled_at is not None})
