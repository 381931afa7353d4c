"""Routes of reports that are about one incident: proposed, joined, taken apart; and the limits for it."""

from typing import Annotated

from fastapi import APIRouter, Response

from db.engine import Reading
from db.reports import ReportRow
from intake import joining
from intake.access import Who
from intake.api import bodies, location_wire, versions
from intake.api import duplicate_schemas as schemas
from intake.api.context import ON_READ, ON_WRITE, Context, refusals, staff_only, supervisors_only
from intake.api.operators import Number
from intake.api.schemas import Caller
from intake.api.versions import IF_MATCH, VERSIONED, IfMatch, with_etag
from intake.duplicates import Limits
from intake.joining import Proposal


def router(context: Context) -> APIRouter:
    """Return the routes under /api/v1/reports/{number}/duplicates and /api/v1/duplicate-limits."""
    database, url = context.database, context.public_url
    routes = APIRouter(prefix="/api/v1", tags=["desk"])
    staff = Annotated[Who, staff_only(context)]
    supervisor = Annotated[Who, supervisors_only(context)]

    @routes.get("/reports/{number}/duplicates", responses=refusals(*ON_READ, 404))
    async def duplicates(number: Number, _: staff) -> schemas.Duplicates:
        """With which reports this one is joined, and to which it may be, the best first, with the reason."""
        async with database.reading() as reading:
            return await _shown(reading, number)

    @routes.post("/reports/{number}/duplicates", responses=refusals(*ON_WRITE, 404, 409))
    async def join(number: Number, body: schemas.JoinIn, who: staff) -> schemas.Duplicates:
        """Join this report to another: one incident, two callers. Twice is once.

        Both stay reports of their own. From now on the head is sent, resolved and closed for both, and agencies see
        both callers. Of two dispatches that one agency has, the one that nobody there has taken is cancelled.
        """
        async with database.transaction() as tx:
            await joining.join(tx, number, body.of, who.name, url)
            return await _shown(tx, number)

    @routes.post("/reports/{number}/duplicates/undo", responses=refusals(*ON_WRITE, 404, 409))
    async def undo(number: Number, who: staff, _: bodies.Nothing | None = None) -> schemas.Duplicates:
        """Take this report out of the group that it was joined to: it has a life of its own again."""
        async with database.transaction() as tx:
            await joining.undo(tx, number, who.name, url)
            return await _shown(tx, number)

    @routes.delete("/reports/{number}/duplicates", responses=refusals(*ON_WRITE, 404, 409))
    async def delete(number: Number, who: staff) -> schemas.Duplicates:
        """The same as `undo`."""
        async with database.transaction() as tx:
            await joining.undo(tx, number, who.name, url)
            return await _shown(tx, number)

    @routes.get("/duplicate-limits", responses=refusals(*ON_READ) | {200: VERSIONED})
    async def limits(_: staff, response: Response) -> schemas.LimitsOut:
        """What is near, what is soon, which kinds fit, and up to how many hours apart reports may be joined at all."""
        async with database.reading() as reading:
            return with_etag(_limits(*await joining.limits_seen(reading)), response)

    @routes.put("/duplicate-limits", responses=refusals(*ON_WRITE, 412, 428) | {200: VERSIONED}, openapi_extra=IF_MATCH)
    async def set_limits(
        body: schemas.LimitsIn, who: supervisor, response: Response, if_match: IfMatch = None
    ) -> schemas.LimitsOut:
        """Set all limits. For supervisors and administrators.

        Where somebody set others since the version of If-Match ("0" while nobody has set any), 412 with both values of
        each that differs; those of `fits` are told as a text, such as "kebakaran/ambulans, lain/*".
        """
        seen = versions.seen(if_match)
        fits = tuple((one, other) for one, other in body.fits)
        async with database.transaction() as tx:
            new = Limits(body.within_m, body.within_min, body.joinable_h, fits)
            await joining.set_limits(tx, new, seen, who.name)
            return with_etag(_limits(*await joining.limits_seen(tx)), response)

    return routes


async def _shown(reading: Reading, number: str) -> schemas.Duplicates:
    found = await joining.found(reading, number)
    of = next((one.duplicate_of for one in found.group if one.number == number), None)
    group = found.group if len(found.group) > 1 else []
    return schemas.Duplicates(
        number=number,
        of=of,
        group=[_member(one) for one in group],
        proposed=[_proposed(one) for one in found.proposed],
        cut=found.cut,
    )


def _member(row: ReportRow) -> schemas.Member:
    caller = Caller(
        number=row.caller_number,
        number_raw=row.caller_number_raw,
        name=row.caller_name,
        withheld=row.caller_withheld,
    )
    return schemas.Member.model_validate(
        {
            "number": row.number,
            "status": row.status,
            "opened_at": row.opened_at,
            "caller": caller,
            "joined_to": row.joined_to,
            "joined_at": row.joined_at,
        }
    )


def _proposed(one: Proposal) -> schemas.Proposed:
    row, why = one.report, one.match
    return schemas.Proposed.model_validate(
        {
            "number": row.number,
            "score": why.score,
            "reason": {
                "distance_m": None if why.distance_m is None else round(why.distance_m, 1),
                "minutes": round(why.minutes, 2),
                "kind": why.kind,
                "same_place": why.distance_m is None,
                "text": str(why),
            },
            "by_way_of": one.by_way_of,
            "obstacle": None if one.obstacle is None else str(one.obstacle),
            "status": row.status,
            "kind": row.kind,
            "priority": row.priority,
            "opened_at": row.opened_at,
            "location": location_wire.location(row),
            "joined": row.joined or 0,
        }
    )


def _limits(limits: Limits, version: int) -> schemas.LimitsOut:
    return schemas.LimitsOut(
        version=version,
        within_m=limits.within_m,
        within_min=limits.within_min,
        joinable_h=limits.joinable_h,
        fits=[list(pair) for pair in limits.fits],
    )
