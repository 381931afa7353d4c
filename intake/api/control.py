"""Routes by which the desk has the PBX do something: each makes a request, which the bridge does within seconds."""

import re
from typing import Annotated

from fastapi import APIRouter, Path
from msgspec.structs import asdict
from pydantic import AfterValidator

from db.controls import ControlRow
from intake import control
from intake.access import SUPERVISORS, Who
from intake.api import bodies, schemas
from intake.api.context import ON_READ, ON_WRITE, Context, refusals, staff_only
from intake.api.operators import ID, Number
from intake.refusals import UnknownControlError


def _control_id(text: str) -> str:
    if not re.match(ID, text, re.ASCII):
        raise UnknownControlError
    return text


ControlId = Annotated[str, AfterValidator(_control_id), Path(json_schema_extra={"pattern": ID})]
Queue = Annotated[str, Path(pattern=r"^[A-Za-z0-9_.+-]{1,64}$", description="one of INTAKE112_LINE_QUEUES")]


def router(context: Context) -> APIRouter:
    """Return the routes under /api/v1."""
    database = context.database
    routes = APIRouter(prefix="/api/v1", tags=["desk"])
    staff = Annotated[Who, staff_only(context)]

    @routes.post("/reports/{number}/call/hang-up", status_code=202, responses=refusals(*ON_WRITE, 404, 409))
    async def hang_up(number: Number, who: staff, _: bodies.Nothing | None = None) -> schemas.Control:
        """Ask the PBX to end the caller's call. The report tells how that went, and so does the request.

        Of a colleague's talk, or of a caller who still waits, only supervisors may.
        """
        async with database.transaction() as tx:
            return shown_control(await control.hang_up(tx, number, who.name, anybodys=who.role in SUPERVISORS))

    @routes.post("/reports/{number}/call/transfer", status_code=202, responses=refusals(*ON_WRITE, 404, 409))
    async def transfer(number: Number, body: bodies.TransferIn, who: staff) -> schemas.Control:
        """Ask the PBX to pass a caller on to a number: at once, or after the desk has asked there.

        Who is not reached there leaves the caller in front of the queue, or with the desk that asked.
        """
        async with database.transaction() as tx:
            how = {"attended": body.attended, "anybodys": who.role in SUPERVISORS}
            return shown_control(await control.transfer(tx, number, body.number, who.name, **how))

    @routes.post("/reports/{number}/call/consultation", status_code=202, responses=refusals(*ON_WRITE, 404, 409))
    async def consultation(number: Number, body: bodies.ConsultationIn, who: staff) -> schemas.Control:
        """Ask the PBX to go on with an attended transfer that has begun."""
        async with database.transaction() as tx:
            anybodys = who.role in SUPERVISORS
            return shown_control(await control.consultation(tx, number, body.step, who.name, anybodys=anybodys))

    @routes.post("/reports/{number}/call-back", status_code=202, responses=refusals(*ON_WRITE, 404, 409))
    async def call_back(number: Number, who: staff, body: bodies.CallBackIn | None = None) -> schemas.Control:
        """Ask the PBX to ring a desk's telephone and, when it is taken up, the caller of a report whose call is over.

        Done is it when the caller has answered: a leg of the call (`callback`) then says how long they talked.
        """
        async with database.transaction() as tx:
            return shown_control(await control.call_back(tx, number, body.device if body else None, who.name))

    @routes.post("/queues/{queue}/members", status_code=202, responses=refusals(*ON_WRITE, 409))
    async def member(queue: Queue, body: bodies.MemberIn, who: staff) -> schemas.Control:
        """Ask the PBX to add, remove, pause or unpause a telephone in a queue."""
        async with database.transaction() as tx:
            row = await control.member(tx, queue, body.device, body.action, who.name, name=body.name, pbx=body.pbx)
            return shown_control(row)

    @routes.get("/controls/{control_id}", responses=refusals(*ON_READ, 404))
    async def get_control(control_id: ControlId, _: staff) -> schemas.Control:
        """What became of a request. `live` tells when it has ended (`control`)."""
        async with database.reading() as reading:
            return shown_control(await control.found(reading, control_id))

    return routes


def shown_control(row: ControlRow) -> schemas.Control:
    """Return a request."""
    return schemas.Control.model_validate(asdict(row))
