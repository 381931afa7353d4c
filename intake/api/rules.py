"""Routes of the rules that say which agencies a report goes to: read them, make a version, try one out."""

from typing import Annotated

from fastapi import APIRouter, Path

from db import agencies
from db import rules as saved
from db.engine import Reading
from db.rules import VersionRow
from intake import desk
from intake.access import Who
from intake.api import rule_shapes
from intake.api.context import ON_READ, ON_WRITE, Context, refusals, staff_only, supervisors_only
from intake.api.rule_shapes import LATEST_VERSION
from routing import rulebook
from routing.refusals import UnknownRulesVersionError
from routing.rules import Case

Version = Annotated[int, Path(ge=1, le=LATEST_VERSION)]


def router(context: Context) -> APIRouter:
    """Return the routes under /api/v1/rules."""
    database = context.database
    routes = APIRouter(prefix="/api/v1", tags=["desk"])
    staff = Annotated[Who, staff_only(context)]
    supervisor = Annotated[Who, supervisors_only(context)]

    @routes.get("/rules", responses=refusals(*ON_READ))
    async def rules(_: staff) -> rule_shapes.RulesInForce:
        """The rules that hold now, and those that wait for their date."""
        async with database.reading() as reading:
            now = await saved.in_force(reading, reading.now)
            return rule_shapes.RulesInForce(
                now=reading.now,
                newest=await saved.newest(reading),
                in_force=await _shown(reading, now) if now is not None else None,
                waiting=[await _shown(reading, row) for row in await saved.waiting(reading, reading.now)],
            )

    @routes.get("/rules/{version:int}", responses=refusals(*ON_READ, 404))
    async def one_version(version: Version, _: staff) -> rule_shapes.RulesVersion:
        """One version of the rules, old ones too."""
        async with database.reading() as reading:
            row = await saved.version(reading, version)
            if row is None:
                raise UnknownRulesVersionError
            return await _shown(reading, row)

    @routes.post("/rules", status_code=201, responses=refusals(*ON_WRITE, 409))
    async def make(body: rule_shapes.VersionIn, who: supervisor) -> rule_shapes.RulesVersion:
        """Make a whole new version. For supervisors and administrators.

        409 when somebody made one since `based_on`. A version is never changed: one that waits is replaced by another
        of the same `effective_from`.
        """
        async with database.transaction() as tx:
            row = await rulebook.make(
                tx,
                [one.rule(number) for number, one in enumerate(body.rules, 1)],
                based_on=body.based_on,
                by=who.name,
                timezone=str(context.timezone),
                effective_from=body.effective_from,
                note=body.note,
            )
            return await _shown(tx, row)

    @routes.post("/rules/simulate", responses=refusals(*ON_WRITE, 404))
    async def simulate(body: rule_shapes.SimulationIn, _: staff) -> rule_shapes.Simulated:
        """Where a report would go, by which rule, and why each other rule does not fit. Nothing is saved."""
        async with database.reading() as reading:
            await desk.check_kind(reading, body.kind)
            at, places = body.at or reading.now, frozenset(body.places)
            there = {one.code: one for one in await agencies.every(reading)}
            within_s = await rulebook.accept_within_s(reading, body.kind, body.priority)
            if body.rules is not None:
                draft = [one.rule(number) for number, one in enumerate(body.rules, 1)]
                await rulebook.check(reading, draft)
                case = Case(body.kind, body.priority, at.astimezone(context.timezone), places, within_s)
                return rule_shapes.simulated(None, await rulebook.present(reading, draft), case, there)
            if body.version is not None:
                book = await rulebook.of_version(reading, body.version)
            else:
                book = await rulebook.in_force(reading, at)
            case = book.case(body.kind, body.priority, at, places, within_s)
            number = book.version.number if book.version else None
            return rule_shapes.simulated(number, book.rules, case, there)

    return routes


async def _shown(reading: Reading, row: VersionRow) -> rule_shapes.RulesVersion:
    written = await rulebook.written(reading, row.number)
    return rule_shapes.shown_version(row, written, await rulebook.present(reading, written))
