"""Routes about callers: what is known of one, links, strikes, pilot numbers, and the centre's rules for all that."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path
from msgspec.structs import asdict
from pydantic import AfterValidator

from db import callers as saved
from db import links, reports, strikes
from db.callers import CallerRules, History, PilotRow
from db.engine import Reading
from db.links import LinkRow
from db.reports import ReportRow
from db.strikes import StrikeRow
from intake import callers, linking, nuisance
from intake.access import Who
from intake.api import bodies, caller_schemas
from intake.api.context import ON_READ, ON_WRITE, Context, refusals, staff_only, supervisors_only
from intake.api.operators import ID, Number, found_report
from intake.caller_refusals import UnknownLinkError, UnknownPilotError, UnknownStrikeError
from intake.refusals import DeskError


def an_id(unknown: type[DeskError]) -> object:
    """Return what checks an id in an address; one that is none names nothing."""

    def check(text: str) -> str:
        if not re.match(ID, text, re.ASCII):
            raise unknown
        return text

    return AfterValidator(check)


AN_ID = Path(json_schema_extra={"pattern": ID})
LinkId = Annotated[str, an_id(UnknownLinkError), AN_ID]
StrikeId = Annotated[str, an_id(UnknownStrikeError), AN_ID]
PilotId = Annotated[str, an_id(UnknownPilotError), AN_ID]


def router(context: Context) -> APIRouter:
    """Return the routes under /api/v1."""
    database = context.database
    routes = APIRouter(prefix="/api/v1", tags=["desk"])
    staff = Annotated[Who, staff_only(context)]
    supervisor = Annotated[Who, supervisors_only(context)]

    @routes.get("/reports/{number}/caller", responses=refusals(*ON_READ, 404))
    async def caller(number: Number, who: staff) -> caller_schemas.CallerHistory:
        """What is known of a report's caller by the number: other reports, tallies, links, strikes.

        Who read it is in the record, once in ten minutes.
        """
        async with database.reading() as reading:
            row = await found_report(reading, number)
            shown = await _history(reading, row, await callers.known(reading, row))
        context.reads.looked_at(who, "caller.read", number)
        return shown

    @routes.get("/calls/callers", responses=refusals(*ON_READ))
    async def ringing(_: staff) -> caller_schemas.RingingCallers:
        """The same in short for everybody on the line, for the queue."""
        async with database.reading() as reading:
            shown = [_ringing(one) for one in await callers.ringing(reading)]
            return caller_schemas.RingingCallers(callers=shown)

    @routes.get("/reports/{number}/links", responses=refusals(*ON_READ, 404))
    async def links_of(number: Number, _: staff) -> caller_schemas.Links:
        """The links of a report in both directions, undone ones too."""
        async with database.reading() as reading:
            rows = await links.of_report(reading, (await found_report(reading, number)).id)
            return caller_schemas.Links(links=await _links(reading, rows))

    @routes.post("/reports/{number}/links", status_code=201, responses=refusals(*ON_WRITE, 404, 409))
    async def link(number: Number, body: caller_schemas.LinkIn, who: staff) -> caller_schemas.Link:
        """Link two reports: nothing is merged. What the worklist holds of the earlier call is ticked off."""
        async with database.transaction() as tx:
            return (await _links(tx, [await linking.link(tx, number, body.to, who.name)]))[0]

    @routes.post("/links/{link_id}/undo", responses=refusals(*ON_WRITE, 404, 409))
    async def undo(link_id: LinkId, who: staff, _: bodies.Nothing | None = None) -> caller_schemas.Link:
        """Undo a link, a rule's too; the rule does not make it again. What it ticked off is owed again."""
        async with database.transaction() as tx:
            return (await _links(tx, [await linking.undo(tx, link_id, who.name)]))[0]

    @routes.get("/strikes", responses=refusals(*ON_READ))
    async def all_strikes(who: staff) -> caller_schemas.Strikes:
        """The strikes asked for within the days of the history: to be confirmed, holding, and past."""
        async with database.reading() as reading:
            rules = (await saved.rules(reading))[0]
            rows = await strikes.every(reading, reading.now - timedelta(days=rules.history_days))
            shown = caller_schemas.Strikes(strikes=await shown_strikes(reading, rows))
        context.reads.looked_at(who, "strikes.read", "strikes")
        return shown

    @routes.post("/reports/{number}/strike", status_code=201, responses=refusals(*ON_WRITE, 404, 409))
    async def ask_strike(number: Number, body: caller_schemas.StrikeIn, who: staff) -> caller_schemas.Strike:
        """Ask for a strike because of a report of the class prank or ghost. Nothing is marked until it is confirmed."""
        async with database.transaction() as tx:
            return (await shown_strikes(tx, [await nuisance.ask(tx, number, body.note, who.name)]))[0]

    @routes.post("/strikes/{strike_id}/confirm", responses=refusals(*ON_WRITE, 404, 409))
    async def confirm(strike_id: StrikeId, who: staff, _: bodies.Nothing | None = None) -> caller_schemas.Strike:
        """Confirm what another person asked for: the number is marked until the strike expires."""
        async with database.transaction() as tx:
            return (await shown_strikes(tx, [await nuisance.confirm(tx, strike_id, who.name)]))[0]

    @routes.post("/strikes/{strike_id}/lift", responses=refusals(*ON_WRITE, 404, 409))
    async def lift(strike_id: StrikeId, body: caller_schemas.LiftIn, who: staff) -> caller_schemas.Strike:
        """Lift a strike, or refuse to confirm it. One real report of the number does so by itself."""
        async with database.transaction() as tx:
            return (await shown_strikes(tx, [await nuisance.lift(tx, strike_id, body.because, who.name)]))[0]

    @routes.get("/pilots", responses=refusals(*ON_READ))
    async def pilots(_: staff) -> caller_schemas.Pilots:
        """Numbers behind which are many people."""
        async with database.reading() as reading:
            return caller_schemas.Pilots(pilots=[_pilot(row) for row in await saved.pilots(reading)])

    @routes.post("/pilots", status_code=201, responses=refusals(*ON_WRITE, 409))
    async def mark(body: caller_schemas.PilotIn, who: staff) -> caller_schemas.Pilot:
        """Mark a number as many people's."""
        async with database.transaction() as tx:
            return _pilot(await callers.mark(tx, body.number, body.name, who.name))

    @routes.delete("/pilots/{pilot_id}", status_code=204, responses=refusals(*ON_WRITE, 404))
    async def unmark(pilot_id: PilotId, who: staff) -> None:
        """Take such a mark away."""
        async with database.transaction() as tx:
            await callers.unmark(tx, pilot_id, who.name)

    @routes.get("/caller-rules", responses=refusals(*ON_READ))
    async def rules(_: staff) -> caller_schemas.Rules:
        """What the centre has set about callers."""
        async with database.reading() as reading:
            return _rules(*await saved.rules(reading))

    @routes.put("/caller-rules", responses=refusals(*ON_WRITE, 409))
    async def change_rules(body: caller_schemas.RulesIn, who: supervisor) -> caller_schemas.Rules:
        """Set them anew, all at once. For supervisors and administrators."""
        new = msgspec.convert(body.rules.model_dump(), CallerRules)
        async with database.transaction() as tx:
            return _rules(new, await callers.change_rules(tx, new, body.based_on, who.name))

    return routes


def _rules(rules: CallerRules, version: int) -> caller_schemas.Rules:
    values = {name: getattr(rules, name) for name in CallerRules.__struct_fields__}
    values["trunks"] = {name: asdict(trunk) for name, trunk in rules.trunks.items()}
    return caller_schemas.Rules(version=version, rules=caller_schemas.CallerRules.model_validate(values))


def _pilot(row: PilotRow) -> caller_schemas.Pilot:
    return caller_schemas.Pilot.model_validate(asdict(row))


async def _numbers(reading: Reading, report_ids: Iterable[int]) -> dict[int, str]:
    rows = await reports.by_ids(reading, list(set(report_ids)))
    return {report_id: row.number for report_id, row in rows.items()}


async def _links(reading: Reading, rows: Sequence[LinkRow]) -> list[caller_schemas.Link]:
    numbers = await _numbers(reading, [one for row in rows for one in (row.report_id, row.to_report_id)])
    return [
        caller_schemas.Link.model_validate(
            asdict(row) | {"report": numbers[row.report_id], "to": numbers[row.to_report_id]}
        )
        for row in rows
    ]


async def shown_strikes(reading: Reading, rows: Sequence[StrikeRow]) -> list[caller_schemas.Strike]:
    """Return strikes."""
    numbers = await _numbers(reading, [row.report_id for row in rows])
    return [
        caller_schemas.Strike.model_validate(
            asdict(row) | {"report": numbers[row.report_id], "holds": row.holds(reading.now)}
        )
        for row in rows
    ]


def _tally(history: History, since: datetime) -> caller_schemas.Tally:
    counted = {**history.by_class, "unanswered": history.unanswered, "since": since}
    return caller_schemas.Tally.model_validate(counted)


def _ringing(one: callers.Ringing) -> caller_schemas.RingingCaller:
    history = one.history
    newest = history.reports[0] if history is not None and history.not_closed else None
    return caller_schemas.RingingCaller(
        report=one.caller.report,
        takes_part=one.why is None,
        why=one.why,
        advice=callers.ASK if one.why in ("no_number", "pilot") else None,
        tally=_tally(history, one.since) if history is not None else None,
        not_closed=history.not_closed if history is not None else 0,
        open_report=newest.number if newest is not None else None,
        marked=one.marked,
    )


async def _history(reading: Reading, row: ReportRow, known: callers.Known) -> caller_schemas.CallerHistory:
    linked = {one for link in known.links if link.undone_at is None for one in (link.report_id, link.to_report_id)}
    past = [
        asdict(one) | {"class": one.classification, "linked": one.id in linked - {row.id}}
        for one in known.history.reports
    ]
    return caller_schemas.CallerHistory(
        number=known.number,
        takes_part=known.why is None,
        why=known.why,
        advice=known.advice,
        pilot=known.pilot.name if known.pilot is not None else None,
        total=known.history.total,
        not_closed=known.history.not_closed,
        tally=_tally(known.history, known.since),
        reports=[caller_schemas.PastReport.model_validate(one) for one in past],
        marked=any(one.holds(reading.now) for one in known.strikes),
        strikes=await shown_strikes(reading, known.strikes),
        worklist=known.item.id if known.item is not None and known.item.closed_at is None else None,
    )
