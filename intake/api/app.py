"""The HTTP side in one function: values in, an application out."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp

from db.engine import Database
from db.machine_room import Alarm
from intake.api import (
    agencies,
    agency_settings,
    audit,
    caller_link,
    callers,
    choices,
    console,
    control,
    deliveries,
    dispatches,
    duplicates,
    errors,
    health,
    life,
    location,
    maps,
    operators,
    page,
    people,
    phone,
    photos,
    places,
    recordings,
    rules,
    shifts,
    stream,
    supervision,
    terms,
    together,
    tokens,
    wallboard,
    worklist,
)
from intake.api.context import Context, Expected
from intake.api.guard import Guard
from intake.shifts import ShiftRules

DESCRIPTION = """Reports of an emergency call centre: every ring is one, before any click.

People log in at `/masuk`; machines send `Authorization: Bearer …`. Every error is JSON: `error` is for programs,
`message` says what happened and what to do. Texts hold no U+0000, unknown fields are refused, bodies end at 64 KiB
(the centre's own places: 4 MiB; photos and maps: as their routes say).
"""


def create_app(
    database: Database,
    *,
    public_url: str,
    timezone: tzinfo | str = "Asia/Jakarta",
    language: str = "id",
    version: str = "0",
    expected: Sequence[Expected] = (),
    notes: Mapping[str, str] | None = None,
    stop: asyncio.Event | None = None,
    alarms: Callable[[], Mapping[str, Sequence[Alarm]]] = dict,
    store: Path | None = None,
    photo_folder: Path | None = None,
    map_folder: Path | None = None,
    shift_rules: ShiftRules | None = None,
    sms: bool = False,
    aml_secret: str | None = None,
) -> FastAPI:
    """Return the application. `app.state` has its `routers`, and the `reads` that the record is to have.

    Args:
        database: an open database; on PostgreSQL opened with `service=True`, so that events arrive at once.
        public_url: where people and agencies reach us; answer URLs begin with it.
        timezone: of the centre; its local day is in the numbers of reports.
        language: of the pages.
        version: of this release.
        expected: the services that `/readyz` wants to hear.
        notes: what this installation leaves out, a sentence by its code; `/readyz` shows them.
        stop: set at shutdown; open streams of events end within a second of it.
        store: the folder where recordings are kept.
        photo_folder: the folder of agencies' photos; None: none are taken.
        map_folder: the folder of the centre's own maps, `*.pmtiles` and `*.geojson`.
        shift_rules: the line's queues and desks, and what follows a call.
        sms: whether a gateway is set that sends SMS.
        aml_secret: with which AML by HTTPS must be signed; None: its bearer token is enough.
        alarms: what services of this very process say is wrong now; `/readyz` tells it even without a database.
    """
    zone = ZoneInfo(timezone) if isinstance(timezone, str) else timezone
    ending = stop or asyncio.Event()
    desks = shift_rules or ShiftRules()
    context = Context(
        *(database, public_url, zone, language, version, expected, notes or {}, ending, alarms, store, desks, sms),
        photos=photo_folder,
        maps=map_folder,
        aml_secret=aml_secret,
    )
    registry = CollectorRegistry()
    app = FastAPI(title="intake112", version=version, description=DESCRIPTION, docs_url=None, redoc_url=None)
    routers = [
        operators.router(context),
        life.router(context),
        choices.router(context),
        together.router(context),
        rules.router(context),
        places.router(context),
        maps.router(context),
        control.router(context),
        shifts.router(context),
        callers.router(context),
        worklist.router(context),
        supervision.router(context),
        wallboard.router(context),
        recordings.router(context),
        stream.router(context),
        agencies.router(context),
        dispatches.router(context),
        photos.router(context),
        duplicates.router(context),
        deliveries.router(context),
        terms.router(context),
        agency_settings.router(context),
        audit.router(context),
        people.router(context),
        tokens.router(context),
        health.router(context, registry),
        page.router(context),
        console.router(context),
        phone.router(context),
        location.router(context),
        caller_link.router(context),
    ]
    errors.install(app, routers)
    for routes in routers:  # as they are: what `include_router` adds, nobody uses, and it makes each of them twice
        app.router.routes.extend(routes.routes)
    app.add_middleware(_guard, registry=registry)
    app.state.reads, app.state.routers = context.reads, routers
    return app


def _guard(app: ASGIApp, registry: CollectorRegistry) -> ASGIApp:
    return Guard(app, registry)
