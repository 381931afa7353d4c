"""What agencies say to a dispatch by their own token, and what the centre books for them after a telephone call."""

import re
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import AfterValidator

from intake import desk
from intake.access import Who
from intake.api import bodies, schemas, wire
from intake.api.context import ON_WRITE, Context, agency_only, refusals, staff_only
from intake.api.operators import ID
from routing.answers import Answer
from routing.refusals import UnknownDispatchError


def _dispatch_id(text: str) -> str:
    if not re.match(ID, text, re.ASCII):
        raise UnknownDispatchError
    return text


DispatchId = Annotated[str, AfterValidator(_dispatch_id), Path(json_schema_extra={"pattern": ID})]


def router(context: Context) -> APIRouter:
    """Return the routes that book answers."""
    routes = APIRouter()
    agency = Annotated[Who, agency_only(context)]
    staff = Annotated[Who, staff_only(context)]

    @routes.post("/agency/v1/dispatches/{dispatch_id}/answers", tags=["agency"], responses=refusals(*ON_WRITE, 404))
    async def answer(dispatch_id: DispatchId, body: bodies.AnswerIn, who: agency) -> schemas.Answered:
        """Say that the dispatch is accepted, rejected, en route, on scene or resolved.

        The same answer twice, or one that comes late, is kept and changes nothing: 200 with `applied` false. Another
        agency's dispatch is as unknown as one that does not exist.
        """
        return await _book(dispatch_id, body, who.agency_id, None)

    @routes.post("/api/v1/dispatches/{dispatch_id}/answers", tags=["desk"], responses=refusals(*ON_WRITE, 404))
    async def answer_for_them(dispatch_id: DispatchId, body: bodies.AnswerIn, who: staff) -> schemas.Answered:
        """Book what an agency said on the telephone; the record shows who at the centre booked it."""
        return await _book(dispatch_id, body, None, who.name)

    async def _book(
        dispatch_id: str, body: bodies.AnswerIn, agency_id: int | None, actor: str | None
    ) -> schemas.Answered:
        said = Answer(body.answer, body.by, body.at, body.sequence, body.note)
        async with context.database.transaction() as tx:
            booked = await desk.book_answer(tx, dispatch_id, agency_id, said, actor)
            (shown,) = await wire.sent(tx, [booked.after])
        return schemas.Answered(applied=booked.applied, dispatch=shown)

    return routes
