"""Routes about where a report is: pins, links for the caller's browser, and what handsets tell (AML)."""

import json
from typing import Annotated, Any, Final
from urllib.parse import parse_qsl

import structlog
from fastapi import APIRouter, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from db import handsets
from intake import aml, caller_links, handset
from intake.access import Who
from intake.api import location_schemas as schemas
from intake.api import location_wire as wire
from intake.api.context import ON_READ, ON_WRITE, Context, refusals, staff_only, staff_or_machine, supervisors_only
from intake.api.errors import NotAllowedError
from intake.api.guard import FORM
from intake.api.location_bodies import HandsetIn, LinkIn, PositionIn
from intake.api.operators import Number
from intake.handset import Message
from intake.link_words import language
from intake.pins import pin
from intake.refusals import WrongHmacError

log = structlog.get_logger(__name__)
MOST_FIELDS: Final = 100
OF_HTTPS: Final = "device_number"  # a form with this is AML by HTTPS, any other is a gateway's SMS
_FORM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "A gateway's SMS (`from`, `text`, `at`), or AML by HTTPS (`v`, `device_number`, `location_…`).",
    "properties": {
        name: {"type": "string"}
        for name in (
            "from",
            "text",
            "at",
            "v",
            "device_number",
            "location_latitude",
            "location_longitude",
            "location_accuracy",
            "location_time",
            "location_source",
            "location_certainty",
            "hmac",
        )
    },
}
AML_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": HandsetIn.model_json_schema(ref_template="#/components/schemas/{model}")},
            FORM: {"schema": _FORM},
        },
    }
}


def router(context: Context) -> APIRouter:
    """Return the routes under /api/v1."""
    database, url = context.database, context.public_url
    routes = APIRouter(prefix="/api/v1", tags=["desk"])
    staff = Annotated[Who, staff_only(context)]
    reporter = Annotated[Who, staff_or_machine(context)]
    supervisors = Annotated[Who, supervisors_only(context)]

    @routes.post("/reports/{number}/positions", status_code=201, responses=refusals(*ON_WRITE, 404))
    async def set_position(number: Number, body: PositionIn, who: staff) -> schemas.Position:
        """Set where a report is. The last that a person sets is what it shows; all are kept."""
        async with database.transaction() as tx:
            return wire.position(await pin(tx, number, body.pin(), who.name, url))

    @routes.post("/reports/{number}/location-link", status_code=201, responses=refusals(*ON_WRITE, 404, 409))
    async def make_link(number: Number, who: staff, body: LinkIn | None = None) -> schemas.NewLink:
        """Make a link by which the caller's browser tells its position: once, within 30 minutes, without log-in.

        It goes out by SMS where a gateway is set and the caller has a number. The answer is the only place that ever
        shows it.
        """
        asked = body or LinkIn()
        async with database.transaction() as tx:
            made = await caller_links.make(
                tx,
                number,
                who.name,
                url,
                send=asked.send,
                to=asked.to,
                language=language(asked.language or context.language, None),
                has_gateway=context.sms,
            )
            return wire.new_link(made)

    @routes.post("/aml", responses=refusals(*ON_WRITE), openapi_extra=AML_BODY)
    async def take_aml(request: Request, who: reporter) -> schemas.HandsetMessage:
        """Take what a handset tells of where it is: Advanced Mobile Location (ETSI TS 103 625), Google's ELS.

        As an SMS gateway posts it, JSON or a form, or the form of AML by HTTPS. It joins the newest call of its number
        that was there within 15 minutes, or waits for one. What cannot be read is kept, and answered with 200 and the
        reason: sending it again would not mend it. The same again counts once.

        For the desk, and for a machine that is named `handset`, or `handset-` and more; to a machine `taken` is all
        that is told of what can be read: whether a number called 112 is not its business. Where the centre has set a
        secret for it, AML by HTTPS without the right `hmac` is 401.
        """
        if who.role == "machine" and not handset.SENDER.fullmatch(who.name):
            log.warning("not_allowed", who=who.name, role=who.role, path=request.url.path)
            raise NotAllowedError
        message = _message(request.headers.get("content-type", ""), await request.body(), context.aml_secret)
        async with database.transaction() as tx:
            taken = await handset.take(tx, message, who.name, url)
        return wire.taken(taken, tells_call=who.role != "machine")

    @routes.get("/aml", responses=refusals(*ON_READ))
    async def kept_messages(who: supervisors, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> schemas.KeptMessages:
        """The last messages of handsets, and what became of each: for who sets a gateway up.

        Who read it is in the record, once in ten minutes.
        """
        async with database.reading() as reading:
            shown = await wire.kept(reading, await handsets.newest(reading, limit))
        context.reads.looked_at(who, "handsets.read", "aml")
        return shown

    return routes


def _message(content_type: str, body: bytes, secret: str | None) -> Message:
    """Return what was posted. Raises RequestValidationError, WrongHmacError."""
    fields: dict[str, object]
    if content_type.partition(";")[0].strip().lower() == FORM:
        try:
            text = body.decode("utf-8", "replace")
            form = dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
        except ValueError:
            raise _refused("body", f"the form has more than {MOST_FIELDS} fields") from None
        if OF_HTTPS in form:
            if secret is not None and not aml.is_signed(body, secret):
                raise WrongHmacError
            return handset.of_https(form)
        fields = dict(form)
    else:
        try:
            given = json.loads(body)
        except ValueError:
            raise _refused("body", "", "json_invalid") from None
        if not isinstance(given, dict):
            raise _refused("body", "send a JSON object")
        fields = given
    try:
        read = HandsetIn.model_validate(fields)
    except ValidationError as error:
        raise RequestValidationError([one | {"loc": ("body", *one["loc"])} for one in error.errors()]) from None
    return handset.of_sms(read.sender, read.text, read.at)


def _refused(field: str, message: str, kind: str = "value_error") -> RequestValidationError:
    return RequestValidationError([{"type": kind, "loc": ("body", field), "msg": message}])
