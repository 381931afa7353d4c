"""Routes of a report's life: what its kind's guide asks, its disposition, closing, not ours, reopening."""

from typing import Annotated

from fastapi import APIRouter, Response

from db.engine import Transaction
from intake import closing, control, guides
from intake.access import SUPERVISORS, Who
from intake.api import life_schemas as shapes
from intake.api import schemas, wire
from intake.api.context import ON_WRITE, Context, refusals, staff_only
from intake.api.operators import Number
from intake.api.versions import VERSIONED, with_etag
from intake.closing import Ending


def router(context: Context) -> APIRouter:
    """Return the routes under /api/v1."""
    database, url = context.database, context.public_url
    routes = APIRouter(prefix="/api/v1", tags=["desk"])
    staff = Annotated[Who, staff_only(context)]
    steps = refusals(*ON_WRITE, 404, 409) | {200: VERSIONED}

    @routes.post("/reports/{number}/disposition", responses=steps)
    async def dispose(number: Number, body: shapes.EndingIn, who: staff, response: Response) -> schemas.Report:
        """Write down what became of a report: its class and disposition.

        A report that is no emergency (any class but `normal`) is closed with it, at once; not while its caller talks
        with a colleague (409 `others_call`), unless by a supervisor.
        """
        async with database.transaction() as tx:
            if body.classification != "normal":
                await _check_ending(tx, number, who)
            row = await closing.dispose(tx, number, _ending(body), who.name, url)
            return with_etag(await wire.whole(tx, row), response)

    @routes.post("/reports/{number}/close", responses=steps)
    async def close(number: Number, body: shapes.EndingIn, who: staff, response: Response) -> schemas.Report:
        """Close a report, with its disposition.

        What agencies called resolved is closed by who checked that: `caller` is `told`, or `unreachable` when nobody
        answers there. While an agency has something to do with it, it cannot be closed; nor, but by a supervisor,
        while its caller talks with a colleague (409 `others_call`). Every other 409 says in `allowed` which steps can
        be taken.
        """
        async with database.transaction() as tx:
            await _check_ending(tx, number, who)
            row = await closing.close(tx, number, _ending(body), who.name, url)
            return with_etag(await wire.whole(tx, row), response)

    @routes.post("/reports/{number}/not-ours", responses=steps)
    async def not_ours(number: Number, body: shapes.NotOursIn, who: staff, response: Response) -> schemas.Report:
        """Close a report that a neighbouring 112 centre has accepted: it is theirs now.

        It was dispatched there like to an agency (one that was added as a centre); agencies of ours have it no more.
        """
        async with database.transaction() as tx:
            await _check_ending(tx, number, who)
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

    @routes.post("/reports/{number}/guide", responses=steps)
    async def answer(number: Number, body: shapes.GuideIn, who: staff, response: Response) -> schemas.Report:
        """Book what the caller answered to a question of the guide: an entry, always, and maybe a higher priority."""
        async with database.transaction() as tx:
            row = await guides.answer(tx, number, body.question, body.answer, who.name, url)
            return with_etag(await wire.whole(tx, row), response)

    return routes


async def _check_ending(tx: Transaction, number: str, who: Who) -> None:
    await control.check_ending(tx, number, who.name, anybodys=who.role in SUPERVISORS)


def _ending(body: shapes.EndingIn) -> Ending:
    return Ending(body.classification, body.disposition, body.caller, body.note or "")
