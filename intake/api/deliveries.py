"""Routes about agencies as receivers: how we stand with them, the delivery log, and what people mend there."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from msgspec.structs import asdict

from db import delivery_log, standings
from db.delivery_log import SentRow, TrialRow
from db.engine import Reading
from db.envelopes import AttemptRow
from db.standings import StandingRow
from intake import numbers
from intake.access import Who
from intake.api import bodies
from intake.api import delivery_schemas as schemas
from intake.api.context import ON_READ, ON_WRITE, Context, refusals, staff_only, supervisors_only
from intake.api.operators import ID
from routing import standing, trial
from routing.delivery import Delivered

TRIES_SHOWN = 20  # of each envelope, the last ones
Code = Annotated[bodies.Code, Path(description="an agency's code, such as damkar")]


def router(context: Context) -> APIRouter:
    """Return the routes under /api/v1/agencies."""
    database = context.database
    routes = APIRouter(prefix="/api/v1/agencies", tags=["desk"])
    staff = Annotated[Who, staff_only(context)]
    supervisor = Annotated[Who, supervisors_only(context)]

    @routes.get("", responses=refusals(*ON_READ))
    async def every_agency(_: staff) -> schemas.Agencies:
        """The agencies that can be sent reports, and how we stand with each."""
        async with database.reading() as reading:
            rows = await standings.every(reading)
            return schemas.Agencies(agencies=[_agency(row, reading.now) for row in rows])

    @routes.get("/{code}/deliveries", responses=refusals(*ON_READ, 404))
    async def delivery_log(
        code: Code,
        _: staff,
        after: Annotated[str | None, Query(pattern=ID, description="`next` of the page before")] = None,
        limit: Annotated[int, Query(ge=1, le=100)] = 50,
    ) -> schemas.DeliveryPage:
        """What was sent to an agency, test letters too, the newest first; of each envelope its last 20 tries."""
        async with database.reading() as reading:
            agency = await standing.agency_of(reading, code)
            found = await _page(reading, agency.id, after, limit + 1)
        more = found[limit - 1].id if len(found) > limit else None
        return schemas.DeliveryPage(deliveries=found[:limit], next=more)

    @routes.post("/{code}/pause", responses=refusals(*ON_WRITE, 404))
    async def pause(code: Code, body: bodies.PauseIn, who: supervisor) -> schemas.Agency:
        """Send nothing to an agency until somebody resumes it. What it is owed stays owed, deadlines go on.

        An alarm stands as long as it is paused.
        """
        async with database.transaction() as tx:
            await standing.pause(tx, code, body.reason, who.name)
            return await one_agency(tx, code)

    @routes.post("/{code}/resume", responses=refusals(*ON_WRITE, 404))
    async def resume(code: Code, who: supervisor, _: bodies.Nothing | None = None) -> schemas.Agency:
        """Send to an agency again, now, what it is owed."""
        async with database.transaction() as tx:
            await standing.resume(tx, code, who.name)
            return await one_agency(tx, code)

    @routes.post("/{code}/redrive", responses=refusals(*ON_WRITE, 404, 409))
    async def redrive(code: Code, who: supervisor, body: bodies.RedriveIn | None = None) -> schemas.Redriven:
        """Send again now what failed, under the same `webhook-id`: one envelope, those since a time, or all.

        Envelopes that wait for their next try go now. Dead ones do not: their report was closed; its dispatch has
        `send-again`.
        """
        asked = body or bodies.RedriveIn()
        async with database.transaction() as tx:
            envelopes = await standing.redrive(tx, code, who.name, envelope_id=asked.envelope, since=asked.since)
        return schemas.Redriven(envelopes=envelopes)

    @routes.post("/{code}/test", responses=refusals(*ON_WRITE, 404))
    async def test(code: Code, who: supervisor, _: bodies.Nothing | None = None) -> schemas.Tested:
        """Send one signed test letter now and wait for its answer, 10 s at most. Nothing else comes of it."""
        tried = await trial.send(database, code, context.public_url, who.name)
        outcome = tried.outcome
        return schemas.Tested(
            id=tried.id,
            delivered=isinstance(outcome, Delivered),
            outcome=outcome.code,
            status=outcome.status,
            latency_ms=outcome.latency_ms,
            detail=outcome.excerpt,
        )

    return routes


async def one_agency(reading: Reading, code: str) -> schemas.Agency:
    """Return how we stand with an agency that is there."""
    return next(_agency(row, reading.now) for row in await standings.every(reading) if row.code == code)


def _agency(row: StandingRow, now: datetime) -> schemas.Agency:
    ages = {"oldest_unsent_s": row.oldest_unsent_at, "oldest_unaccepted_s": row.oldest_unaccepted_at}
    shown = {name: max(0.0, (now - at).total_seconds()) if at is not None else 0.0 for name, at in ages.items()}
    return schemas.Agency.model_validate(asdict(row) | shown | {"sms_to": numbers.textable(row.phone)})


async def _page(reading: Reading, agency_id: int, before: str | None, limit: int) -> list[schemas.Delivery]:
    """Return envelopes and test letters together: both ids begin with the time."""
    sent = await delivery_log.envelopes(reading, agency_id, before, limit)
    tests = await delivery_log.trials(reading, agency_id, before, limit)
    tries = await delivery_log.attempts(reading, [row.id for row in sent], TRIES_SHOWN)
    both = [_sent(row, tries.get(row.id, [])) for row in sent] + [_test(row) for row in tests]
    return sorted(both, key=lambda one: one.id, reverse=True)[:limit]


def _sent(row: SentRow, tries: list[AttemptRow]) -> schemas.Delivery:
    shown = {"dispatch": row.dispatch_id, "created_by": None, "attempts": [_attempt(one) for one in tries]}
    return schemas.Delivery.model_validate(asdict(row) | shown)


def _test(row: TrialRow) -> schemas.Delivery:
    return schemas.Delivery(
        id=row.id,
        dispatch=None,
        report=None,
        sequence=None,
        type=trial.TYPE,
        state="test",
        created_at=row.at,
        created_by=row.by,
        next_try_at=None,
        delivered_at=None,
        tries=1,
        attempts=[_attempt(row)],
    )


def _attempt(row: AttemptRow | TrialRow) -> schemas.Attempt:
    return schemas.Attempt(
        at=row.at, outcome=row.outcome, status=row.status, latency_ms=row.latency_ms, detail=row.detail
    )
