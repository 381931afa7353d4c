"""Routes of one dispatch: the desk cancels it, escalates it, or sends again what died of it."""

from typing import Annotated

from fastapi import APIRouter

from intake import dispatching, escalating, phone
from intake.access import Who
from intake.api import bodies, wire
from intake.api import dispatch_schemas as schemas
from intake.api.agencies import DispatchId
from intake.api.context import ON_WRITE, Context, refusals, staff_only


def router(context: Context) -> APIRouter:
    """Return the routes under /api/v1/dispatches."""
    database, url = context.database, context.public_url
    routes = APIRouter(prefix="/api/v1/dispatches", tags=["desk"])
    staff = Annotated[Who, staff_only(context)]

    @routes.post("/{dispatch_id}/cancel", responses=refusals(*ON_WRITE, 404, 409))
    async def cancel(dispatch_id: DispatchId, body: bodies.CancelIn, who: staff) -> schemas.Dispatch:
        """Cancel a dispatch; twice is once.

        The agency receives `dispatch.cancelled` with the reason, in place of what it has not received yet; when no try
        was begun to tell it of the dispatch, it receives nothing.
        """
        async with database.transaction() as tx:
            row = await dispatching.cancel(tx, dispatch_id, body.reason, who.name, url)
            return (await wire.sent(tx, [row]))[0]

    @routes.post("/{dispatch_id}/escalate", responses=refusals(*ON_WRITE, 404, 409))
    async def escalate(dispatch_id: DispatchId, who: staff, _: bodies.Nothing | None = None) -> schemas.Escalated:
        """Send the report to the next agency of the rules' ladder now, without waiting until time is up.

        The agency asked first keeps it, and may still accept. 409 when it has answered, or was escalated before.
        """
        async with database.transaction() as tx:
            row, followed = await escalating.at_once(tx, dispatch_id, who.name, url, has_gateway=context.sms)
            return schemas.Escalated(followed=followed, dispatch=(await wire.sent(tx, [row]))[0])

    @routes.post("/{dispatch_id}/send-again", responses=refusals(*ON_WRITE, 404, 409))
    async def send_again(dispatch_id: DispatchId, who: staff, _: bodies.Nothing | None = None) -> schemas.Dispatch:
        """Send again what is dead: under the same `webhook-id`, in its order."""
        async with database.transaction() as tx:
            row = await dispatching.send_again(tx, dispatch_id, who.name, url)
            return (await wire.sent(tx, [row]))[0]

    @routes.post("/{dispatch_id}/page-link", responses=refusals(*ON_WRITE, 404, 409))
    async def page_link(dispatch_id: DispatchId, who: staff, _: bodies.Nothing | None = None) -> schemas.PageLink:
        """The link of the page for telephones, to be given to the agency by telephone or chat.

        Whoever has it sees the report and answers for the agency, so each asking is in the record. 409 when it would
        open nothing: a day after the end, or of a disabled agency.
        """
        async with database.reading() as reading:
            address = await phone.link(reading, dispatch_id, url)
        async with database.transaction() as tx:
            tx.record(who.name, "page_link.read", dispatch_id)
        return schemas.PageLink(url=address)

    return routes
