"""Routes of the desk: operators, supervisors, administrators, and machines with such a role."""

import re
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Path, Query, Response
from pydantic import AfterValidator, AwareDatetime, BeforeValidator, StringConstraints

from db import agencies, calls, live, machine_room, reports
from db.engine import Reading
from db.reports import Filter, ReportRow
from intake import control, desk, grouping, numbers, placing
from intake.access import SUPERVISORS, Who
from intake.api import bodies, dispatch_schemas, schemas, versions, wire
from intake.api.context import ON_READ, ON_WRITE, Context, refusals, staff_only, staff_or_machine
from intake.api.versions import IF_MATCH, VERSIONED, IfMatch, with_etag
from intake.desk import NewReport
from intake.refusals import OtherSourceError, UnknownEntryError, UnknownReportError
from intake.report import Classification
from intake.steps import Status
from routing import rulebook, rules

log = structlog.get_logger(__name__)
NEWEST: Final = 50  # reports in a snapshot
NUMBER: Final = r"^112-[0-9]{8}-[0-9]{4,9}$"
ID: Final = bodies.ID


def _report_number(text: str) -> str:
    if not re.match(NUMBER, text, re.ASCII):
        raise UnknownReportError
    return text


def _entry_id(text: str) -> str:
    if not re.match(ID, text, re.ASCII):
        raise UnknownEntryError
    return text


Number = Annotated[
    str,
    AfterValidator(_report_number),
    Path(description="such as 112-20260314-0001", json_schema_extra={"pattern": NUMBER}),
]
EntryId = Annotated[str, AfterValidator(_entry_id), Path(json_schema_extra={"pattern": ID})]
Text = Annotated[str, StringConstraints(max_length=100), AfterValidator(bodies.storable_text)]
When = Annotated[AwareDatetime, BeforeValidator(bodies.rfc3339), AfterValidator(bodies.sensible)]


def router(context: Context) -> APIRouter:
    """Return the routes under /api/v1."""
    database, url = context.database, context.public_url
    routes = APIRouter(prefix="/api/v1", tags=["desk"])
    staff = Annotated[Who, staff_only(context)]
    reporter = Annotated[Who, staff_or_machine(context)]

    @routes.get("/state", responses=refusals(*ON_READ))
    async def state(_: staff) -> schemas.State:
        """One consistent look at the desk. Then read /api/v1/live from its `seq` on."""
        async with database.reading() as reading:
            seq = (await live.span(reading))[1]
            shown = await not_closed(reading, None, NEWEST)
            return schemas.State(
                seq=seq,
                now=reading.now,
                calls=await in_progress(reading),
                reports=shown.reports,
                next=shown.next,
                open_reports=shown.total,
                services=[wire.service(row, reading.now) for row in await machine_room.services(reading)],
            )

    @routes.get("/calls", responses=refusals(*ON_READ))
    async def calls_in_progress(_: staff) -> schemas.Calls:
        """The calls in progress, as reports; the first caller first."""
        async with database.reading() as reading:
            return schemas.Calls(now=reading.now, calls=await in_progress(reading))

    @routes.get("/open-reports", responses=refusals(*ON_READ))
    async def open_reports(
        _: staff,
        after: Annotated[str | None, Query(pattern=wire.CURSOR, description="`next` of the page before")] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = NEWEST,
    ) -> schemas.OpenPage:
        """Reports that are not closed, the newest first, and how many there are in all. None is out of reach."""
        async with database.reading() as reading:
            return await not_closed(reading, wire.from_cursor(after) if after is not None else None, limit)

    @routes.get("/reports", responses=refusals(*ON_READ))
    async def list_reports(
        who: staff,
        after: Annotated[str | None, Query(pattern=wire.CURSOR, description="`next` of the page before")] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
        q: Annotated[Text | None, Query(description="a report's number, or a telephone number in any form")] = None,
        kind: Annotated[bodies.Code | None, Query()] = None,
        status: Annotated[Status | None, Query()] = None,
        classification: Annotated[Classification | None, Query(alias="class")] = None,
        opened_from: Annotated[When | None, Query(alias="from", description="opened then or later")] = None,
        opened_before: Annotated[When | None, Query(alias="to", description="opened earlier than that")] = None,
    ) -> schemas.ReportPage:
        """Reports, the newest first, narrowed and searched. Who searched is in the record, not for what."""
        text = (q or "").strip() or None
        narrowed = Filter(text, numbers.e164(text), kind, status, classification, opened_from, opened_before)
        before_id = wire.from_cursor(after) if after is not None else None
        async with database.reading() as reading:
            rows = await reports.page(reading, narrowed, before_id, limit + 1)
            shown = await wire.summaries(reading, rows[:limit])
        asked: dict[str, object] = {"q": text, "kind": kind, "status": status, "class": classification}
        asked |= {"from": opened_from, "to": opened_before}
        context.reads.searched(who, [name for name, value in asked.items() if value is not None], repr(asked))
        return schemas.ReportPage(reports=shown, next=wire.cursor(rows[limit - 1].id) if len(rows) > limit else None)

    @routes.post(
        "/reports",
        status_code=201,
        responses=refusals(*ON_WRITE)
        | {
            200: {
                "model": schemas.Report,
                "description": "This external_id came before; this is its report",
                **VERSIONED,
            }
        }
        | {201: VERSIONED},
    )
    async def open_report(body: bodies.ReportIn, who: reporter, response: Response) -> schemas.Report:
        """Open a report that did not come by the telephone line. The same `external_id` of a source is one report.

        A machine's source is its name.
        """
        if who.role == "machine" and body.source != who.name:
            raise OtherSourceError
        caller, place = body.caller or bodies.CallerIn(), body.location or bodies.LocationIn()
        new = NewReport(
            source=body.source,
            external_id=body.external_id,
            caller_number=caller.number,
            caller_name=caller.name,
            kind=body.kind,
            priority=body.priority,
            location_text=place.text,
            location_lat=place.lat,
            location_lon=place.lon,
            location_place=place.place,
            narrative=body.narrative,
        )
        async with database.transaction() as tx:
            row, created = await desk.open_report(tx, new, who.name, context.timezone, url)
            shown = await wire.whole(tx, row)
        response.status_code = 201 if created else 200
        return with_etag(shown, response)

    @routes.get("/reports/{number}", responses=refusals(*ON_READ, 404) | {200: VERSIONED})
    async def get_report(number: Number, who: reporter, response: Response) -> schemas.Report:
        """A whole report; its ETag is what If-Match takes. A machine sees those of its own source.

        Who read it is in the record, once in ten minutes.
        """
        async with database.reading() as reading:
            row = await found_report(reading, number)
            if who.role == "machine" and row.source != who.name:
                log.warning("unknown_report", who=who.name, report=number)
                raise UnknownReportError
            shown = await wire.whole(reading, row)
        context.reads.opened(who, number)
        return with_etag(shown, response)

    @routes.patch(
        "/reports/{number}",
        responses=refusals(*ON_WRITE, 404, 409, 412, 428) | {200: VERSIONED},
        openapi_extra=IF_MATCH,
    )
    async def change_report(
        number: Number,
        body: bodies.ChangeIn,
        who: staff,
        response: Response,
        if_match: IfMatch = None,
    ) -> schemas.Report:
        """Change fields of a report.

        Unlike RFC 9110 says, a change merges: it succeeds as long as none of *its* fields changed after If-Match, or
        the new value equals the present one. Otherwise 412 shows both values of each such field.
        """
        seen = versions.seen(if_match)
        async with database.transaction() as tx:
            leaves = body.leaves()
            if leaves.get("status") == "closed":
                await control.check_ending(tx, number, who.name, anybodys=who.role in SUPERVISORS)
            row = await desk.edit(tx, number, seen, leaves, who.name, url)
            return with_etag(await wire.whole(tx, row), response)

    @routes.post("/reports/{number}/entries", status_code=201, responses=refusals(*ON_WRITE, 404))
    async def write_entry(number: Number, body: bodies.EntryIn, who: staff) -> schemas.Entry:
        """Write an entry. Agencies that have the report will receive it."""
        async with database.transaction() as tx:
            return wire.entry(await desk.write_entry(tx, number, body.text, who.name, url))

    @routes.post("/reports/{number}/entries/{entry_id}/strike", responses=refusals(*ON_WRITE, 404))
    async def strike_entry(
        number: Number, entry_id: EntryId, who: staff, _: bodies.Nothing | None = None
    ) -> schemas.Entry:
        """Strike an entry: it stays, with a line through it."""
        async with database.transaction() as tx:
            return wire.entry(await desk.strike_entry(tx, number, entry_id, who.name, url))

    @routes.get("/reports/{number}/dispatches/proposed", responses=refusals(*ON_READ, 404))
    async def proposed(number: Number, _: staff) -> dispatch_schemas.Proposals:
        """Who should have this report by the rules, in their order."""
        async with database.reading() as reading:
            row = await found_report(reading, number)
            there = {agency.code: agency for agency in await agencies.every(reading)}
            have = {one.agency for one in await grouping.unfinished(reading, row)}
            book = await rulebook.in_force(reading)
            within_s = await rulebook.accept_within_s(reading, row.kind, row.priority)
            lies_in = await placing.codes(reading, row.location_place)
            case = book.case(row.kind, row.priority, reading.now, lies_in, within_s)
            found = rules.propose(book.rules, case)
            goes = rules.chosen(found)
            return dispatch_schemas.Proposals(
                proposed=[
                    dispatch_schemas.Proposed(
                        agency=one.agency,
                        name=there[one.agency].name,
                        accept_within_s=one.accept_within_s,
                        has_it=one.agency in have,
                        rule=one.rule,
                        rule_version=one.version,
                        certain=one.certain,
                        chosen=one in goes,
                        paused=there[one.agency].paused_at is not None,
                        caller_number=one.tells_caller(there[one.agency].caller_number),
                    )
                    for one in found
                ],
                removed=rules.removed(book.rules, case),
                disabled=rules.disabled(book.rules, case),
            )

    @routes.post("/reports/{number}/dispatches", status_code=201, responses=refusals(*ON_WRITE, 404, 409))
    async def dispatch(number: Number, body: bodies.DispatchIn, who: staff) -> dispatch_schemas.Dispatches:
        """Send a report to agencies; without `agencies`, to the rules' `chosen`. Who has it already is left out."""
        async with database.transaction() as tx:
            sent = await desk.dispatch(tx, number, body.agencies, who.name, url)
            return dispatch_schemas.Dispatches(dispatches=await wire.sent(tx, sent))

    return routes


async def in_progress(reading: Reading) -> list[schemas.ReportSummary]:
    """Return the reports of the calls in progress, the first caller first."""
    rows = await calls.in_progress(reading)
    found = await reports.by_ids(reading, [row.report_id for row in rows])
    return await wire.summaries(reading, [found[row.report_id] for row in rows])


async def not_closed(reading: Reading, before_id: int | None, limit: int) -> schemas.OpenPage:
    """Return a page of the reports that are not closed."""
    rows = await reports.page(reading, Filter(not_closed=True), before_id, limit + 1)
    return schemas.OpenPage(
        total=await reports.not_closed(reading),
        reports=await wire.summaries(reading, rows[:limit]),
        next=wire.cursor(rows[limit - 1].id) if len(rows) > limit else None,
    )


async def found_report(reading: Reading, number: str) -> ReportRow:
    """Return the report with this number. Raises UnknownReportError."""
    row = await reports.find(reading, number)
    if row is None:
        raise UnknownReportError
    return row
