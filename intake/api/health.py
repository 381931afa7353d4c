"""Is it alive, is it ready, what does it count: for supervisors of processes, for `doctor`, for Prometheus."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from fastapi import APIRouter, Response
from msgspec.structs import asdict
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from db import calls, dispatches, envelopes, live, machine_room, migrate, places, standings
from db.engine import Database, DatabaseUnavailableError, Reading
from db.machine_room import Alarm, ServiceRow
from db.migrate import SchemaError
from db.standings import StandingRow
from intake import placing
from intake.api import schemas
from intake.api.context import Context, Expected, refusals
from intake.api.tries import Tries
from routing.heartbeat import FIGURE

Figure = tuple[str, str, float]  # name, words, value

MISSED_FOR = timedelta(days=7)  # for so long a bridge that nobody stopped is waited for


def router(context: Context, registry: CollectorRegistry) -> APIRouter:
    """Return the routes that need no log-in; they tell nothing about people."""
    routes = APIRouter(tags=["health"])
    tries = Tries(registry)

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
        checks, alarms = await looked(context)
        ready = all(check.ok for check in checks)
        response.status_code = 200 if ready else 503
        lacks = {**context.notes, **await _lacks(context)}
        return schemas.Ready(
            ready=ready,
            version=context.version,
            checks=checks,
            alarms=alarms,
            notes=list(lacks.values()),
            lacks=list(lacks),
        )

    @routes.get(
        "/metrics",
        response_class=Response,
        responses=refusals(503) | {200: {"content": {"text/plain": {}}, "description": "in Prometheus' text format"}},
    )
    async def metrics() -> Response:
        """Figures for Prometheus."""
        await tries.follow(context.database)
        async with context.database.reading() as reading:
            figures = await _figures(reading, context)
            by_agency = _by_agency(await standings.every(reading), reading.now)
            snapshot = _Snapshot(figures, by_agency, await machine_room.services(reading), reading.now)
        own = CollectorRegistry()
        own.register(snapshot)
        return Response(generate_latest(registry) + generate_latest(own), media_type=CONTENT_TYPE_LATEST)

    return routes


async def _figures(reading: Reading, context: Context) -> list[Figure]:
    unaccepted, overdue, oldest_s = await dispatches.waiting(reading)
    return [
        ("intake112_calls_in_progress", "Calls that have not ended", len(await calls.in_progress(reading))),
        ("intake112_live_seq", "Number of the newest live event", (await live.span(reading))[1]),
        ("intake112_live_listeners", "Open streams of live events in this process", context.tail.listeners),
        ("intake112_dispatches_unaccepted", "Dispatches that nobody has accepted", unaccepted),
        ("intake112_dispatches_overdue", "Of these, those past their time to accept", overdue),
        ("intake112_oldest_unaccepted_seconds", "Age of the oldest of them, 0 when there is none", oldest_s),
        (
            "intake112_oldest_unsent_seconds",
            "Age of the oldest envelope that no receiver has taken, 0 when there is none",
            await envelopes.oldest_unsent_s(reading),
        ),
        (
            "intake112_envelopes_dead",
            "Envelopes that no receiver took before their report was closed or their agency removed",
            await envelopes.count_dead(reading),
        ),
    ]


def _by_agency(rows: Sequence[StandingRow], now: datetime) -> list[GaugeMetricFamily]:
    """How we stand with each agency: ages say more than the lengths of queues."""

    def age_s(at: datetime | None) -> float:
        return (now - at).total_seconds() if at is not None else 0.0

    def of_each(name: str, words: str, value: Callable[[StandingRow], float]) -> GaugeMetricFamily:
        family = GaugeMetricFamily(f"intake112_agency_{name}", words, labels=["agency"])
        for row in rows:
            family.add_metric([row.code], value(row))
        return family

    return [
        of_each(
            "oldest_unsent_seconds", "Age of the oldest that it has not taken", lambda r: age_s(r.oldest_unsent_at)
        ),
        of_each("unsent", "Envelopes that it has not taken", lambda r: r.unsent),
        of_each(
            "oldest_unaccepted_seconds",
            "Age of the oldest dispatch that nobody there has accepted",
            lambda r: age_s(r.oldest_unaccepted_at),
        ),
        of_each("failures_in_a_row", "Tries that failed since it last spoke", lambda r: r.failures_in_a_row),
        of_each("refused", "Envelopes that it refuses until a person mends it", lambda r: r.refused),
        of_each("paused", "1 while somebody has paused it", lambda r: r.paused_at is not None),
    ]


class _Snapshot(Collector):
    """What the database says now. A service that is silent has no figures and no alarms: what it last said is past."""

    def __init__(
        self,
        figures: Sequence[Figure],
        families: Sequence[GaugeMetricFamily],
        services: Sequence[ServiceRow],
        now: datetime,
    ) -> None:
        self._figures = figures
        self._families = families
        self._services = services
        self._now = now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Yield the figures."""
        for name, words, value in self._figures:
            yield GaugeMetricFamily(name, words, value=value)
        yield from self._families
        silent = GaugeMetricFamily(
            "intake112_service_silent_seconds", "Since a service last said that it is there", labels=["service"]
        )
        figures = GaugeMetricFamily(
            "intake112_service_figure", "What a service says it counts", labels=["service", "figure"]
        )
        alarms = GaugeMetricFamily(
            "intake112_alarm", "1 while a service says that something is wrong", labels=["service", "code"]
        )
        heartbeat = GaugeMetricFamily(
            "intake112_heartbeat_seconds",
            "Since a test letter last went the whole way of a dispatch, of the process for which that is longest; "
            "none: alarm",
        )
        ages_s: list[float] = []
        for row in self._services:
            silent.add_metric([row.name], (self._now - row.seen_at).total_seconds())
            if row.is_fresh(self._now):
                for figure, number in row.figures.items():
                    figures.add_metric([row.name, figure], number)
                if (age_s := row.figures.get(FIGURE)) is not None:
                    ages_s.append(age_s)
                for code in dict.fromkeys(alarm.code for alarm in row.alarms):  # two trunks may be gone: one sample
                    alarms.add_metric([row.name, code], 1)
        if ages_s:
            heartbeat.add_metric([], max(ages_s))
        yield from (silent, figures, alarms, heartbeat)


async def looked(context: Context) -> tuple[list[schemas.Check], list[schemas.ServiceAlarm]]:
    """Return what must be well, and is or is not; and what services say is wrong."""
    rows: Sequence[ServiceRow] = ()
    now = context.database.clock()
    database = _saves(context.database, now)
    try:
        await migrate.check(context.database)
        async with context.database.reading() as reading:
            now, rows = reading.now, await machine_room.services(reading)
    except SchemaError as error:
        checks = [database, schemas.Check(name="schema", ok=False, message=f"{error}.")]
    except DatabaseUnavailableError:
        checks = [schemas.Check(name="database", ok=False, message=f"The database does not answer. {_MEANWHILE}")]
    else:
        schema = schemas.Check(name="schema", ok=True, message="The database is of this release.")
        expected = [*context.expected, *_other_bridges(context.expected, rows, now)]
        checks = [database, schema] + [_service(one, rows, now) for one in expected]
    return checks, _alarms(context, rows, now)


async def _lacks(context: Context) -> dict[str, str]:
    """Return what the database goes without, a sentence by its code; nothing while it cannot be read."""
    try:
        async with context.database.reading() as reading:
            return {} if placing.OFFICIAL in await places.of_lists(reading) else {"places": placing.NO_NAMES}
    except DatabaseUnavailableError:
        return {}


def _alarms(context: Context, rows: Sequence[ServiceRow], now: datetime) -> list[schemas.ServiceAlarm]:
    """What services last said, and what those of this process say now: a full tape needs no database to be told."""
    said: dict[str, Sequence[Alarm]] = {row.name: row.alarms for row in rows if row.is_fresh(now)}
    return [
        schemas.ServiceAlarm(service=name, **asdict(alarm))
        for name, alarms in (said | dict(context.alarms())).items()
        for alarm in alarms
    ]


def _other_bridges(expected: Sequence[Expected], rows: Sequence[ServiceRow], now: datetime) -> list[Expected]:
    """Bridges of other PBXs that nobody stopped: a centre with two PBXs waits for both."""
    here = (row for row in rows if row.name.startswith("bridge:") and now - row.seen_at < MISSED_FOR)
    names = {row.name.rpartition(":")[0] for row in here if row.state != "stopped"}
    others = sorted(names - {one.name for one in expected})
    return [
        Expected(name, frozenset({"connected"}), "Start its bridge again, or stop it properly if it is gone for good.")
        for name in others
    ]


_KEPT = "New calls are not shown; they are kept on the bridge's tape meanwhile."
_MEANWHILE = f"{_KEPT} Check that PostgreSQL runs and INTAKE112_DATABASE_URL is right, or that the disk is not full."


def _saves(database: Database, now: datetime) -> schemas.Check:
    """A database may be read and yet save nothing: its disk is full, another holds it, it was made a standby."""
    if database.refused_at is not None and now - database.refused_at <= machine_room.FRESH_FOR:
        if database.has_no_room:
            message = f"The database saves nothing: its disk is full. {_KEPT} Make room on it."
            return schemas.Check(name="database", ok=False, message=message)
        return schemas.Check(name="database", ok=False, message=f"The database saves nothing. {_MEANWHILE}")
    return schemas.Check(name="database", ok=True, message="The database answers.")


def _service(expected: Expected, rows: Sequence[ServiceRow], now: datetime) -> schemas.Check:
    """One of several that do the same (`bridge:pbx-1:…`) is enough; the others' troubles are told beside it."""
    same = [row for row in rows if row.name == expected.name or row.name.startswith(f"{expected.name}:")]
    well = [row for row in same if row.is_fresh(now) and row.state in expected.states]
    troubles = [_trouble(row, now) for row in same if row not in well]
    if well:
        said = [f"It is {well[0].state}.", *troubles]
    else:
        said = [*(troubles or ["It never said that it is there."]), expected.advice]
    return schemas.Check(name=expected.name, ok=bool(well), message=" ".join(said))


def _trouble(row: ServiceRow, now: datetime) -> str:
    if not row.is_fresh(now):
        return f"{row.name} was last heard at {row.seen_at.isoformat(timespec='seconds')}."
    return f"{row.name} is {row.state}: {row.detail}."
