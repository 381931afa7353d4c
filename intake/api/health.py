"""Is it alive, is it ready, what does it count: for supervisors of processes, for `doctor`, for Prometheus."""

from collections.abc import Iterator

from fastapi import APIRouter, Response
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from db import calls, live, machine_room, migrate
from db.engine import DatabaseUnavailableError
from db.machine_room import ServiceRow
from db.migrate import SchemaError
from intake.api import schemas, wire
from intake.api.context import Context, Expected, refusals


def router(context: Context, registry: CollectorRegistry) -> APIRouter:
    """Return the routes that need no log-in; they tell nothing about people."""
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz")
    async def healthz() -> schemas.Alive:
        """The process is alive."""
        return schemas.Alive(status="ok", version=context.version)

    @routes.get(
        "/readyz",
        responses={503: {"model": schemas.Ready, "description": "Something is missing; each check says what"}},
    )
    async def readyz(response: Response) -> schemas.Ready:
        """Whether calls become reports and reports reach agencies, check by check."""
        checks = await _checks(context)
        ready = all(check.ok for check in checks)
        response.status_code = 200 if ready else 503
        return schemas.Ready(ready=ready, checks=checks, notes=list(context.notes))

    @routes.get(
        "/metrics",
        response_class=Response,
        responses=refusals(503) | {200: {"content": {"text/plain": {}}, "description": "in Prometheus' text format"}},
    )
    async def metrics() -> Response:
        """Figures for Prometheus."""
        async with context.database.reading() as reading:
            snapshot = _Snapshot(
                in_progress=len(wire.in_progress(await calls.in_progress(reading))),
                seq=(await live.span(reading))[1],
                listeners=context.tail.listeners,
                silent={
                    row.name: (reading.now - row.seen_at).total_seconds()
                    for row in await machine_room.services(reading)
                },
            )
        own = CollectorRegistry()
        own.register(snapshot)
        return Response(generate_latest(registry) + generate_latest(own), media_type=CONTENT_TYPE_LATEST)

    return routes


class _Snapshot(Collector):
    """What the database says now."""

    def __init__(self, in_progress: int, seq: int, listeners: int, silent: dict[str, float]) -> None:
        self._figures = (
            ("intake112_calls_in_progress", "Calls that have not ended", in_progress),
            ("intake112_live_seq", "Number of the newest live event", seq),
            ("intake112_live_listeners", "Open streams of live events in this process", listeners),
        )
        self._silent = silent

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the figures."""
        for name, words, value in self._figures:
            yield GaugeMetricFamily(name, words, value=value)
        silent = GaugeMetricFamily(
            "intake112_service_silent_seconds", "Since a service last said that it is there", labels=["service"]
        )
        for name, seconds in self._silent.items():
            silent.add_metric([name], seconds)
        yield silent


async def _checks(context: Context) -> list[schemas.Check]:
    try:
        await migrate.check(context.database)
        schema = schemas.Check(name="schema", ok=True, message="The database is of this release.")
        async with context.database.reading() as reading:
            now = reading.now
            said = {row.name: row for row in await machine_room.services(reading)}
    except SchemaError as error:
        schema = schemas.Check(name="schema", ok=False, message=f"{error}.")
        return [_answers(ok=True), schema]
    except DatabaseUnavailableError:
        return [_answers(ok=False)]
    fresh = {name for name, row in said.items() if now - row.seen_at <= wire.FRESH_FOR}
    return [_answers(ok=True), schema] + [
        _service(expected, said.get(expected.name), expected.name in fresh) for expected in context.expected
    ]


def _answers(*, ok: bool) -> schemas.Check:
    message = (
        "The database answers."
        if ok
        else "The database does not answer. Calls are kept on the bridge's tape meanwhile. Check that PostgreSQL runs "
        "and INTAKE112_DATABASE_URL is right, or that the disk is not full."
    )
    return schemas.Check(name="database", ok=ok, message=message)


def _service(expected: Expected, said: ServiceRow | None, fresh: bool) -> schemas.Check:
    if said is None:
        ok, message = False, f"It never said that it is there. {expected.advice}"
    elif not fresh:
        ok, message = False, f"It was last heard at {said.seen_at.isoformat(timespec='seconds')}. {expected.advice}"
    elif said.state not in expected.states:
        ok, message = False, f"It is {said.state}: {said.detail}. {expected.advice}"
    else:
        ok, message = True, f"It is {said.state}."
    return schemas.Check(name=expected.name, ok=ok, message=message)
