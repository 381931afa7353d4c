"""Routes for administrators: whether an agency is sent reports at all, and whether it is told who called."""

from typing import Annotated

from fastapi import APIRouter

from intake import terms
from intake.access import Who
from intake.api import bodies
from intake.api import delivery_schemas as schemas
from intake.api.context import ON_WRITE, Context, admins_only, refusals
from intake.api.deliveries import Code, one_agency


class DisableIn(bodies.PauseIn):
    """Why an agency is disabled."""


class CallerNumberIn(bodies.In):
    """Whether an agency is told the caller's number and name where no rule says otherwise."""

    told: bool


def router(context: Context) -> APIRouter:
    """Return the routes under /api/v1/agencies that only administrators have."""
    database = context.database
    routes = APIRouter(prefix="/api/v1/agencies", tags=["desk"])
    admin = Annotated[Who, admins_only(context)]

    @routes.post("/{code}/disable", responses=refusals(*ON_WRITE, 404))
    async def disable(code: Code, body: DisableIn, who: admin) -> schemas.Agency:
        """Send nothing to an agency and hear nothing from it until somebody enables it. Nothing is deleted.

        What it has not answered goes on to the next of the ladder; what it was owed is dead; its token and signatures
        are refused.
        """
        async with database.transaction() as tx:
            await terms.disable(tx, code, body.reason, who.name)
            return await one_agency(tx, code)

    @routes.post("/{code}/enable", responses=refusals(*ON_WRITE, 404))
    async def enable(code: Code, who: admin, _: bodies.Nothing | None = None) -> schemas.Agency:
        """Send reports to an agency and hear it again. What died meanwhile is sent by its dispatch's `send-again`."""
        async with database.transaction() as tx:
            await terms.enable(tx, code, who.name)
            return await one_agency(tx, code)

    @routes.post("/{code}/caller-number", responses=refusals(*ON_WRITE, 404))
    async def caller_number(code: Code, body: CallerNumberIn, who: admin) -> schemas.Agency:
        """Tell an agency the caller's number and name, or not, where no rule says otherwise.

        Dispatches that were sent go on as they began.
        """
        async with database.transaction() as tx:
            await terms.tell_caller(tx, code, body.told, who.name)
            return await one_agency(tx, code)

    return routes
