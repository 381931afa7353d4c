"""Routes of the lists that administrators keep, and everybody chooses from: kinds of report, and ways to end."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from msgspec.structs import asdict

from db.choices import Choice, dispositions, kinds
from intake import choices
from intake.access import Who
from intake.api import choice_schemas as shapes
from intake.api import versions
from intake.api.bodies import In
from intake.api.context import ON_READ, ON_WRITE, Context, admins_only, refusals, staff_only, staff_or_machine
from intake.api.versions import IF_MATCH, VERSIONED, IfMatch, with_etag
from intake.dispositions import OF_SYSTEM

Of = Annotated[str, Path(pattern=r"^[a-z0-9_-]{1,32}$")]


def router(context: Context) -> APIRouter:
    """Return the routes under /api/v1/kinds and /api/v1/dispositions."""
    routes = APIRouter(prefix="/api/v1", tags=["desk"])
    _kinds(routes, context)
    _dispositions(routes, context)
    return routes


def _kinds(routes: APIRouter, context: Context) -> None:
    database = context.database
    admin = Annotated[Who, admins_only(context)]
    reporter = Annotated[Who, staff_or_machine(context)]

    @routes.get("/kinds", responses=refusals(*ON_READ))
    async def every(_: reporter) -> shapes.Kinds:
        """The kinds of report, in the order in which screens show them, with what to ask the caller."""
        async with database.reading() as reading:
            return shapes.Kinds(kinds=[shapes.Kind(**_shown(row)) for row in await kinds.every(reading)])

    @routes.post("/kinds", status_code=201, responses=refusals(*ON_WRITE, 409) | {201: VERSIONED})
    async def add(body: shapes.NewKindIn, who: admin, response: Response) -> shapes.Kind:
        """Add a kind. For administrators."""
        async with database.transaction() as tx:
            row = await choices.add(tx, kinds, body.code, _values(body, tx.now), who.name)
            return with_etag(shapes.Kind(**_shown(row)), response)

    @routes.patch(
        "/kinds/{code}", responses=refusals(*ON_WRITE, 404, 412, 428) | {200: VERSIONED}, openapi_extra=IF_MATCH
    )
    async def change(
        code: Of, body: shapes.KindIn, who: admin, response: Response, if_match: IfMatch = None
    ) -> shapes.Kind:
        """Change a kind; none is deleted, since reports have it: disable it instead. For administrators."""
        seen = versions.seen(if_match)
        async with database.transaction() as tx:
            row = await choices.change(tx, kinds, code, seen, _values(body, tx.now), who.name)
            return with_etag(shapes.Kind(**_shown(row)), response)


def _dispositions(routes: APIRouter, context: Context) -> None:
    database = context.database
    staff = Annotated[Who, staff_only(context)]
    admin = Annotated[Who, admins_only(context)]

    @routes.get("/dispositions", responses=refusals(*ON_READ))
    async def every(_: staff) -> shapes.Dispositions:
        """How reports may end, in the order in which screens show it."""
        async with database.reading() as reading:
            rows = await dispositions.every(reading)
            return shapes.Dispositions(dispositions=[shapes.Disposition(**_shown(row)) for row in rows])

    @routes.post("/dispositions", status_code=201, responses=refusals(*ON_WRITE, 409) | {201: VERSIONED})
    async def add(body: shapes.NewDispositionIn, who: admin, response: Response) -> shapes.Disposition:
        """Add a disposition. For administrators."""
        async with database.transaction() as tx:
            row = await choices.add(tx, dispositions, body.code, _values(body, tx.now), who.name)
            return with_etag(shapes.Disposition(**_shown(row)), response)

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
            row = await choices.change(tx, dispositions, code, seen, _values(body, tx.now), who.name, OF_SYSTEM)
            return with_etag(shapes.Disposition(**_shown(row)), response)


def _values(body: In, now: datetime) -> dict[str, object]:
    """Return the columns of the fields that were sent: `name` is two, `disabled` a time, the code is none."""
    found = body.model_dump(exclude_unset=True, exclude={"code"})
    if (name := found.pop("name", None)) is not None:
        found |= {"name_id": name["id"], "name_en": name["en"]}
    if (disabled := found.pop("disabled", None)) is not None:
        found["disabled_at"] = now if disabled else None
    return found


def _shown(row: Choice) -> dict[str, Any]:
    """Return the fields of a row's columns."""
    return asdict(row) | {"name": {"id": row.name_id, "en": row.name_en}, "disabled": row.disabled_at is not None}
