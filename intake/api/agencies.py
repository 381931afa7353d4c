"""What agencies say to a dispatch by their own token, and what the centre books for them after a telephone call."""

import re
from typing import Annotated

import structlog
from fastapi import APIRouter, Header, Path, Request
from pydantic import AfterValidator

from db import answers, dispatches
from intake import answering
from intake.access import Who
from intake.api import bodies, wire
from intake.api import dispatch_schemas as schemas
from intake.api.context import ON_READ, ON_WRITE, Context, agency_only, refusals, staff_only
from intake.api.operators import ID
from intake.refusals import OtherDispatchError
from intake.signed import ID as SIGNED_ID
from routing.answers import Answer
from routing.refusals import UnknownDispatchError

log = structlog.get_logger(__name__)


def _dispatch_id(text: str) -> str:
    if not re.match(ID, text, re.ASCII):
        raise UnknownDispatchError
    return text


DispatchId = Annotated[str, AfterValidator(_dispatch_id), Path(json_schema_extra={"pattern": ID})]
Key = Annotated[
    str | None,
    Header(alias="idempotency-key", min_length=1, max_length=255, description="the same one twice is one answer"),
]


def router(context: Context) -> APIRouter:
    """Return the routes that book answers."""
    routes = APIRouter()
    agency = Annotated[Who, agency_only(context)]
    staff = Annotated[Who, staff_only(context)]

    @routes.post(
        "/agency/v1/dispatches/{dispatch_id}/answers", tags=["agency"], responses=refusals(*ON_WRITE, 404, 409, 429)
    )
    async def answer(
        dispatch_id: DispatchId, body: bodies.SentAnswerIn, who: agency, request: Request, idempotency_key: Key = None
    ) -> schemas.Answered:
        """Say that the dispatch is accepted, rejected, en route, on scene or resolved.

        Send the agency's token, or sign the body as the centre signs its webhooks, with the same secret (10 signatures
        and 16 kB at most; name the dispatch in it as `dispatch`, so that it is no answer to another). The same
        answer twice, or one that comes late, is kept and changes nothing: 200 with `applied` false. With an
        Idempotency-Key (a signed one's is its webhook-id) an answer can be sent again and again: it is one, and is told
        what it did. Another agency's dispatch is as unknown as one that does not exist.
        """
        if body.dispatch not in (None, dispatch_id):
            raise OtherDispatchError
        key = request.headers[SIGNED_ID] if who.signed else idempotency_key
        try:
            async with context.database.transaction() as tx:
                booked = await answering.book_answer(
                    tx, dispatch_id, who.agency_id, _said(body), via="signed" if who.signed else "api", key=key
                )
                (shown,) = await wire.sent(tx, [booked.after])
        except UnknownDispatchError:
            log.warning("unknown_dispatch", agency=who.name, dispatch=dispatch_id)
            raise
        return schemas.Answered(applied=booked.applied, dispatch=shown)

    @routes.post("/api/v1/dispatches/{dispatch_id}/answers", tags=["desk"], responses=refusals(*ON_WRITE, 404))
    async def answer_for_them(dispatch_id: DispatchId, body: bodies.TelephonedIn, who: staff) -> schemas.Answered:
        """Book what an agency said on the telephone; the record shows who said it and who at the centre booked it."""
        async with context.database.transaction() as tx:
            booked = await answering.book_answer(tx, dispatch_id, None, _said(body), who.name, via="telephone")
            (shown,) = await wire.sent(tx, [booked.after])
        return schemas.Answered(applied=booked.applied, dispatch=shown)

    @routes.get("/api/v1/dispatches/{dispatch_id}/answers", tags=["desk"], responses=refusals(*ON_READ, 404))
    async def answers_of(dispatch_id: DispatchId, _: staff) -> schemas.KeptAnswers:
        """All that the agency said to a dispatch, and how; also what was late or repeated and changed nothing."""
        async with context.database.reading() as reading:
            if await dispatches.report_of(reading, dispatch_id) is None:
                raise UnknownDispatchError
            rows = await answers.of_dispatch(reading, dispatch_id)
        return schemas.KeptAnswers(answers=[wire.kept_answer(row) for row in rows])

    return routes


def _said(body: bodies.AnswerIn) -> Answer:
    return Answer(body.answer, body.by, body.at, body.sequence, body.note)
