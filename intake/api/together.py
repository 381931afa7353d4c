"""Routes of people who work on reports together: presence, and the hand-over at the end of a shift."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from msgspec.structs import asdict
from pydantic import AfterValidator

from db import handovers
from db.engine import Reading
from db.handovers import HandoverRow
from db.presences import PresenceRow
from intake import handing_over, presence
from intake.access import Who
from intake.api import bodies, wire
from intake.api import together_schemas as shapes
from intake.api.context import ON_READ, ON_WRITE, Context, refusals, staff_only
from intake.api.operators import Number, found_report
from intake.refusals import UnknownHandoverError


def _handover_id(text: str) -> str:
    if not re.match(bodies.ID, text, re.ASCII):
        raise UnknownHandoverError
    return text


HandoverId = Annotated[str, AfterValidator(_handover_id), Path(json_schema_extra={"pattern": bodies.ID})]


def router(context: Context) -> APIRouter:
    """Return the routes under /api/v1/reports/{number}/presence, /api/v1/my-reports and /api/v1/handovers."""
    database = context.database
    routes = APIRouter(prefix="/api/v1", tags=["desk"])
    staff = Annotated[Who, staff_only(context)]

    @routes.get("/reports/{number}/presence", responses=refusals(*ON_READ, 404))
    async def there(number: Number, _: staff) -> shapes.Presences:
        """Who has a report open, and who is writing on it. /live tells when that changes, but not when it expires."""
        async with database.reading() as reading:
            rows = await presence.there(reading, await found_report(reading, number))
            return _present(rows, reading.now)

    @routes.post("/reports/{number}/presence", responses=refusals(*ON_WRITE, 404))
    async def here(number: Number, body: shapes.PresenceIn, who: staff) -> shapes.Presences:
        """Say that you have a report open. Every ten seconds; every five while you write."""
        async with database.reading() as reading:
            row = await found_report(reading, number)
        rows = await presence.here(database, row, who.name, body.writing)
        return _present(rows, database.clock())

    @routes.delete("/reports/{number}/presence", status_code=204, responses=refusals(*ON_WRITE, 404))
    async def gone(number: Number, who: staff) -> None:
        """Say that you have closed a report's page."""
        async with database.reading() as reading:
            row = await found_report(reading, number)
        await presence.gone(database, row, who.name)

    @routes.get("/my-reports", responses=refusals(*ON_READ))
    async def mine(who: staff) -> shapes.MyReports:
        """Your reports that are not closed, the oldest first: what a hand-over without numbers would leave.

        Yours is whose call you answered, and on what you wrote or did something, until you hand it over. None is left
        out, however many came since.
        """
        async with database.reading() as reading:
            rows = await handovers.open_reports_of(reading, who.name)
            return shapes.MyReports(now=reading.now, reports=await wire.summaries(reading, rows))

    @routes.get("/handovers", responses=refusals(*ON_READ))
    async def newest(
        _: staff, waiting: Annotated[bool, Query(description="all that nobody has taken yet")] = False
    ) -> shapes.Handovers:
        """The newest hundred hand-overs; `waiting`: all that wait to be taken and have a report that is not closed.

        Who ends a shift, logs out or is disabled without a word leaves one to whoever takes it.
        """
        async with database.reading() as reading:
            return shapes.Handovers(handovers=await newest_handovers(reading, waiting=waiting))

    @routes.post("/handovers", status_code=201, responses=refusals(*ON_WRITE, 404, 409))
    async def hand_over(body: shapes.HandoverIn, who: staff) -> shapes.HandoverOfReports:
        """Hand over reports at the end of a shift; each says so, with the note."""
        async with database.transaction() as tx:
            return _handed(*await handing_over.hand_over(tx, who.name, body.to, body.note, body.reports))

    @routes.post("/handovers/{handover_id}/take", responses=refusals(*ON_WRITE, 404, 409))
    async def take(handover_id: HandoverId, who: staff, _: bodies.Nothing | None = None) -> shapes.HandoverOfReports:
        """Take what was handed over."""
        async with database.transaction() as tx:
            return _handed(*await handing_over.take(tx, handover_id, who.name))

    return routes


async def newest_handovers(reading: Reading, *, waiting: bool) -> list[shapes.HandoverOfReports]:
    """Return the newest hundred hand-overs; `waiting`: all that nobody has taken."""
    rows = await handovers.newest(reading, 100, waiting=waiting)
    numbers = await handovers.numbers(reading, [row.id for row in rows])
    return [_handed(row, numbers[row.id]) for row in rows]


def _present(rows: Iterable[PresenceRow], now: datetime) -> shapes.Presences:
    present = [
        shapes.Presence(who=row.who, since=row.since, until=row.until, writing=presence.writing(row, now))
        for row in rows
    ]
    return shapes.Presences(now=now, present=present)


def _handed(row: HandoverRow, numbers: list[str]) -> shapes.HandoverOfReports:
    return shapes.HandoverOfReports.model_validate(asdict(row) | {"reports": numbers})
