"""Routes of the supervisor's board: one look at everything, and taking over a report."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter

from db import board, worklist
from db import callers as saved
from db.engine import Reading
from intake import handing_over
from intake.access import Who
from intake.api import board_schemas as shapes
from intake.api import bodies, callers, health, lamps, operators, shifts, together, wire
from intake.api.context import ON_READ, ON_WRITE, Context, refusals, supervisors_only
from intake.api.operators import Number
from intake.unanswered import DAY

FIRST: Final = 100  # open reports that are shown; the totals are of all


def router(context: Context) -> APIRouter:
    """Return the routes /api/v1/supervision and /api/v1/reports/{number}/take-over."""
    database = context.database
    routes = APIRouter(prefix="/api/v1", tags=["desk"])
    supervisor = Annotated[Who, supervisors_only(context)]

    @routes.get("/supervision", responses=refusals(*ON_READ))
    async def supervision(who: supervisor) -> shapes.Supervision:
        """Everything that a supervisor looks at, of one moment. For supervisors and administrators, like all here.

        Who read it is in the record, once in ten minutes.
        """
        checks, alarms = await health.looked(context)
        async with database.reading() as reading:
            rules = (await saved.rules(reading))[0]
            asked = await board.strikes_asked(reading, reading.now - timedelta(days=rules.history_days))
            totals, rows = await board.open_reports(reading, FIRST)
            shown = shapes.Supervision(
                now=reading.now,
                desks=await shifts.every_desk(reading, context.shifts),
                calls=await operators.in_progress(reading),
                open=shapes.OpenReports(
                    total=totals.total,
                    unaccepted=totals.unaccepted,
                    overdue=totals.overdue,
                    rejected=totals.rejected,
                    silent=totals.silent,
                    untouched=totals.untouched,
                    first=await wire.summaries(reading, rows),
                ),
                worklist=await _worklist(reading, rules.call_back_within_s),
                strikes=await callers.shown_strikes(reading, asked),
                handovers=await together.newest_handovers(reading, waiting=True),
                lamps=await lamps.lamps(reading, context.shifts, checks, alarms),
                alarms=await lamps.told(reading, checks, alarms),
            )
        context.reads.looked_at(who, "supervision.read", "supervision")
        return shown

    @routes.post("/reports/{number}/take-over", responses=refusals(*ON_WRITE, 404, 409))
    async def take_over(number: Number, who: supervisor, _: bodies.Nothing | None = None) -> shapes.TakenOver:
        """Make a report your own, whoever's it is: it is in their hand-overs, and in the report's entries."""
        async with database.transaction() as tx:
            return shapes.TakenOver(number=number, of=await handing_over.take_over(tx, number, who.name))

    return routes


async def _worklist(reading: Reading, within_s: float) -> shapes.WorklistTotals:
    totals, owed = await worklist.totals(reading), await board.owed(reading)
    due_at = None if owed.oldest_at is None else owed.oldest_at + timedelta(seconds=within_s)
    return shapes.WorklistTotals(
        owed=totals.owed,
        unowned=owed.unowned,
        oldest_due_at=due_at,
        not_owed=totals.not_owed,
        without_number=await saved.nobody_to_call(reading, reading.now - DAY),
    )
