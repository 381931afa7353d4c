"""The route of the live events."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated, get_args

from fastapi import APIRouter, Header, Query, Request
from fastapi.responses import StreamingResponse
from fastapi.security.utils import get_authorization_scheme_param

from db.journal import Kind
from intake import access, live
from intake.access import COOKIE, STAFF, Who
from intake.api.context import ON_READ, Context, refusals, staff_only

KINDS = (*get_args(Kind), "heartbeat", "reset")
DESCRIPTION = f'`event: {"|".join(KINDS)}`, each with `id: SEQ` and `data: {{"seq", …}}`'


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


def router(context: Context) -> APIRouter:
    """Return the route /api/v1/live."""
    routes = APIRouter(prefix="/api/v1", tags=["desk"])
    staff = Annotated[Who, staff_only(context)]

    @routes.get(
        "/live",
        response_class=EventStream,
        responses=refusals(*ON_READ) | {200: {"description": DESCRIPTION, "content": {"text/event-stream": {}}}},
    )
    async def events(
        request: Request,
        _: staff,
        after: Annotated[int | None, Query(ge=0, le=2**62, description="`seq` of the state you have")] = None,
        last_event_id: Annotated[str | None, Header(description="wins over `after`; browsers send it")] = None,
    ) -> EventStream:
        """What changed, as it changes: numbers and identities; read the contents by the other routes.

        a heartbeat comes every 4 to 5 s. `reset` means: read /api/v1/state again, events were missed.
        """
        begin = after
        if last_event_id is not None:
            begin = int(last_event_id) if last_event_id.isascii() and last_event_id.isdecimal() else live.NEVER
        return EventStream(_bytes(request, begin), headers={"X-Accel-Buffering": "no"})

    async def _bytes(request: Request, begin: int | None) -> AsyncIterator[bytes]:
        async def still_welcome() -> bool:
            return await _is_welcome(context, request)

        async with aclosing(live.stream(context.tail, begin, context.stop, still_welcome)) as events:
            async for event in events:
                yield event

    return routes


async def _is_welcome(context: Context, request: Request) -> bool:
    """Ask again whether the one who opened the stream may read it: a log-out ends it."""
    scheme, token = get_authorization_scheme_param(request.headers.get("authorization"))
    if scheme.lower() == "bearer":
        who = await access.bearer(context.database, token)
    else:
        who = await access.holder(context.database, request.cookies.get(COOKIE, ""))
    return who is not None and who.role in STAFF
