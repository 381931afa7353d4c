"""The composition root: what the settings say becomes values, and the rooms are built from those."""

import asyncio
import contextlib
import functools
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog

from ami_bridge.bridge import Bridge
from ami_bridge.control import Control
from ami_bridge.overflow import MenuConfig, Overflow
from ami_bridge.position import Mirror, MirrorConfig
from ami_bridge.probe import Probe
from ami_bridge.recordings import Keeper, RecordingsConfig
from ami_bridge.silence import Silence
from db.engine import Database
from intake import answering, escalating, photos
from intake.api.app import create_app
from intake.api.context import Expected
from intake.attendance import Attendance
from intake112 import place_names
from intake112.configs import bridge_config, control_config, probe_config, shift_rules, sms_gateway
from intake112.heads import Heads, Places
from intake112.process import AnyClock, Jobs, Process, Room
from intake112.settings import Settings
from routing.escalations import Escalations
from routing.heartbeat import Heartbeat
from routing.lanes import Lanes
from routing.texting import Texting

log = structlog.get_logger(__name__)
Around = Callable[[Database, Settings], AbstractAsyncContextManager[Settings]]


class Service(Protocol):
    """What runs until it is told to stop."""

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set."""


class AddressTakenError(Exception):
    """The web server's address cannot be had; the message says which and why."""


@asynccontextmanager
async def as_it_is(database: Database, settings: Settings) -> AsyncIterator[Settings]:
    """Run the rooms on the settings as they are."""
    yield settings


def listen(settings: Settings) -> socket.socket:
    """Open the web server's socket. Raises AddressTakenError."""
    host, port = settings.http_host, settings.http_port
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise AddressTakenError(
            f"nothing can listen on {host} port {port}: {error.strerror}. "
            "Stop what is there, or set INTAKE112_HTTP_HOST and INTAKE112_HTTP_PORT."
        ) from error
    # asyncio sets this only on sockets it made itself; without it every answer waits 40 ms for the client's ACK
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


async def serve(
    settings: Settings, clock: AnyClock, rooms: frozenset[Room], *, migrates: bool, around: Around = as_it_is
) -> int:
    """Run the rooms until SIGTERM or SIGINT, or until one of them fails; return the exit code.

    Raises AddressTakenError, SchemaError, and on SQLite DatabaseUnavailableError, before any room has started.
    """
    process = Process(clock, migrates=migrates)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, process.stop.set)
    async with contextlib.AsyncExitStack() as stack:
        listener = stack.enter_context(listen(settings)) if Room.WEB in rooms else None
        database = await stack.enter_async_context(Database.open(settings.database, clock, service=True))
        if await process.try_schema(database):
            settings = await stack.enter_async_context(around(database, settings))
        await process.run(database, _jobs(process, database, settings, rooms, listener))
    log.info("stopped", failed=process.failed)
    return 1 if process.failed else 0


def _jobs(
    process: Process, database: Database, settings: Settings, rooms: frozenset[Room], listener: socket.socket | None
) -> Jobs:
    jobs: Jobs = {}
    bridges: list[Bridge] = []
    keeper: Keeper | None = None
    if Room.BRIDGE in rooms and settings.ami_host:
        bridge = Bridge(database, bridge_config(settings))
        bridges.append(bridge)
        hand = Control(database, asked, bridge.name) if (asked := control_config(settings)) is not None else None
        silence = Silence(database, settings.pbx, ZoneInfo(settings.timezone))
        if settings.recordings_dir is not None:
            keeper = Keeper(database, RecordingsConfig(settings.pbx, settings.recordings_dir, settings.store))
        menu = Overflow(MenuConfig(settings.menu_host, settings.menu_port)) if settings.menu_port else None
        probe = Probe(database, tested) if (tested := probe_config(settings)) is not None else None
        mirror: Mirror | None = None
        if settings.hep_port is not None:
            heard = MirrorConfig(settings.hep_host, settings.hep_port, settings.hep_trunks)
            mirror = Mirror(heard, database.clock, bridge.put)
        own = None if Room.ROUTING in rooms else process.clock  # else the row of the process says it
        bridge.beside = [one.alarms for one in (keeper, silence, menu, probe, mirror, own) if one is not None]
        bridge.counted = [one.figures for one in (probe, mirror) if one is not None]
        duty = Attendance(database, shift_rules(settings))
        jobs[Room.BRIDGE] = lambda: _together(process.stop, bridge, hand, duty, keeper, silence, menu, probe, mirror)
    if Room.ROUTING in rooms:
        lanes = Lanes(database, answering.answered)  # an agency may answer in its 2xx body, too
        gateway = sms_gateway(settings)
        climb = functools.partial(escalating.escalate, public_url=settings.base_url, has_gateway=gateway is not None)
        escalations = Escalations(database, climb)
        heartbeat = Heartbeat(database, lambda: lanes.looked_at)
        heads = Heads(database, Places.of(settings.state_dir, settings.audit_heads))
        texting = Texting(database, gateway) if gateway is not None else None
        process.watched = [one for one in (heartbeat, escalations, heads, texting) if one is not None]
        jobs[Room.ROUTING] = lambda: _together(process.stop, lanes, escalations, heartbeat, heads, texting)
    if listener is not None:
        app = create_app(
            database,
            public_url=settings.base_url,
            timezone=settings.timezone,
            language=settings.language,
            version=version("intake112"),
            expected=expected(settings),
            notes=notes(settings),
            stop=process.stop,
            store=settings.store,
            photo_folder=settings.photos,
            map_folder=settings.maps,
            shift_rules=shift_rules(settings),
            sms=settings.sms_url is not None,
            aml_secret=settings.aml_secret.get_secret_value() if settings.aml_secret else None,
            alarms=lambda: {bridge.name: bridge.alarms() for bridge in bridges},
        )

        async def web() -> None:
            async with app.state.reads.written():
                names = place_names.load_installed(database, settings.regency)
                sweeps = photos.sweep_forever(database, settings.photos, process.stop)
                await _pages(process, app, listener, names, sweeps)

        jobs[Room.WEB] = web
    return jobs


def expected(settings: Settings) -> list[Expected]:
    """Return the services that must be there for the centre to be ready."""
    lanes = Expected(Room.ROUTING, frozenset({"running"}), "Start `intake112 run`, or `intake112 routing`.")
    if not settings.ami_host:
        return [lanes]
    bridge = f"bridge:{settings.pbx}"
    advice = "Check that Asterisk runs, INTAKE112_AMI_HOST, _PORT, _USERNAME and _SECRET, and the bridge's log."
    return [Expected(bridge, frozenset({"connected"}), advice), lanes]


def notes(settings: Settings) -> dict[str, str]:
    """Return what this installation goes without: for each a code, which the console has words for, and a sentence."""
    s = settings
    control = s.control_username and s.control_secret
    found = (
        ("bridge", s.ami_host, "No bridge is started, so no call becomes a report: INTAKE112_AMI_HOST is not set."),
        (
            "cel",
            s.cel_file,
            "Calls that came and went while we were deaf are not found: INTAKE112_CEL_FILE is not set.",
        ),
        ("queue_log", s.queue_log, "Names of operators in such calls are not found: INTAKE112_QUEUE_LOG is not set."),
        ("control", control, "The desk cannot control calls: INTAKE112_CONTROL_USERNAME and _SECRET are not set."),
        ("menu", s.menu_port, "Callers whom nobody answers get no voice menu: INTAKE112_MENU_PORT is not set."),
        (
            "hep",
            s.hep_port,
            "Where callers are, as their networks say it, is not taken over: INTAKE112_HEP_PORT is not set.",
        ),
        ("sms", s.sms_url, "Callers and agencies get no link by SMS: INTAKE112_SMS_URL is not set."),
        ("recordings", s.recordings_dir, "Recordings stay on the PBX, unchecked: INTAKE112_RECORDINGS_DIR is not set."),
    )
    return {code: sentence for code, there, sentence in found if not there}


async def _pages(
    process: Process, app: Callable[..., object], listener: socket.socket, *beside: Coroutine[None, None, None]
) -> None:
    """Serve the pages, and do the rest meanwhile: nobody waits for the names of places, or for a sweep."""
    async with asyncio.TaskGroup() as tasks:
        for one in beside:
            tasks.create_task(one)
        await process.serve_pages(app, listener)


async def _together(stop: asyncio.Event, *services: Service | None) -> None:
    """Run services side by side, until all have stopped."""
    async with asyncio.TaskGroup() as tasks:
        for service in services:
            if service is not None:
                tasks.create_task(service.run(stop))
