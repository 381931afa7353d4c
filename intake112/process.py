"""One running process: its rooms side by side, and the one event that ends them all.

A room that fails ends the process, and so does one that ends by itself: the others are told to stop as at SIGTERM, the
exit code is 1, and the supervisor (systemd, or whatever started us) starts the process again. Half a service that looks
alive is worse than a second's pause: the PBX rings on without us, the tape and the snapshot after the next connect
bring what happened meanwhile, and envelopes wait in the database. Where a failing page must not touch the bridge for
even that second, run `bridge`, `web` and `routing` as processes of their own, on PostgreSQL.

The bridge starts even while PostgreSQL does not answer, since its tape needs no database; the other rooms wait.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

import structlog
import uvicorn

from db import machine_room, migrate
from db.engine import Database, DatabaseUnavailableError
from db.machine_room import Alarm
from db.migrate import SchemaError
from db.wakeups import rest
from intake import unanswered
from intake.api.server import Server
from intake112.clock import FileClock, SteadyClock
from routing import standing

log = structlog.get_logger(__name__)
BEAT_EVERY_S = 5.0
MISSED_FOR = timedelta(minutes=5)  # for so long a routing process that did not say good-bye is shown as silent
ASK_AGAIN_S = 1.0
STOP_WITHIN_S = 14.5  # the lanes cut their last tries off after 14 s
CLOSE_PAGES_WITHIN_S = 5
AnyClock = SteadyClock | FileClock


class Room(StrEnum):
    """What a process can be; `run` is all of them."""

    BRIDGE = "bridge"
    WEB = "web"
    ROUTING = "routing"


class Watched(Protocol):
    """A part of the routing room that watches itself."""

    def figures(self) -> dict[str, float]:
        """Return what it counts."""

    def alarms(self) -> list[Alarm]:
        """Return what is wrong now."""


Jobs = dict[Room, Callable[[], Coroutine[None, None, None]]]


class StopTookTooLongError(Exception):
    """A room did not end in time after it was told to, and was cut off; the next start takes up what it had begun."""


class Process:
    """Runs rooms until `stop` is set; `failed` names those that ended wrongly."""

    def __init__(self, clock: AnyClock, *, migrates: bool) -> None:
        self.clock = clock
        self.stop = asyncio.Event()
        self.failed: list[str] = []
        self.watched: Sequence[Watched] = ()  # of the routing room, which tells their figures and alarms
        where = f"{socket.gethostname()[:64]}:{os.getpid()}"
        self._name, self._pages_name = f"{Room.ROUTING}:{where}", f"{Room.WEB}:{where}"
        self._told = False  # there is a row of the pages
        self._decided = asyncio.Event()  # the database has this release's schema, or we stop
        self._migrates = migrates

    async def try_schema(self, database: Database) -> bool:
        """Migrate or check the database. False: it does not answer now (PostgreSQL only).

        Raises SchemaError, and on SQLite DatabaseUnavailableError.
        """
        try:
            if not database.is_sqlite:
                async with database.reading():
                    pass
            if self._migrates:
                await migrate.migrate(database.url)
            await migrate.check(database)
        except DatabaseUnavailableError as error:
            if database.is_sqlite:
                raise
            log.warning("database_unavailable", why=str(error))
            return False
        self._decided.set()
        return True

    async def run(self, database: Database, jobs: Jobs) -> None:
        """Run the jobs until all of them have ended."""
        try:
            async with asyncio.TaskGroup() as tasks:
                rooms = [tasks.create_task(self._room(name, work)) for name, work in jobs.items()]
                beside = [
                    tasks.create_task(self._wait_for_schema(database)),
                    tasks.create_task(self._beat(database, jobs)),
                    tasks.create_task(self._end_in_time()),
                ]
                await asyncio.wait(rooms)
                for job in beside:
                    job.cancel()
            if Room.ROUTING in jobs or self._told:
                await self._take_leave(database)
        except* StopTookTooLongError:
            log.error("stop_took_too_long", seconds=STOP_WITHIN_S)  # noqa: TRY400 - there is no more to know
            self.failed.append("stop")

    async def serve_pages(self, app: Callable[..., object], listener: socket.socket) -> None:
        """Serve the API and the console on an open socket."""
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,  # addresses hold words that people searched for
            server_header=False,
            ws="none",
            timeout_graceful_shutdown=CLOSE_PAGES_WITHIN_S,
        )
        server = Server(config)
        log.info("web_started", address="{} port {}".format(*listener.getsockname()))

        async def end() -> None:
            await self.stop.wait()
            server.should_exit = True

        async with asyncio.TaskGroup() as tasks:
            ending = tasks.create_task(end())
            await server.serve(sockets=[listener])
            ending.cancel()

    async def _room(self, name: Room, work: Callable[[], Coroutine[None, None, None]]) -> None:
        try:
            if name is not Room.BRIDGE:
                await self._decided.wait()
            if not self.stop.is_set():
                await work()
        except Exception:
            log.exception("room_failed", room=name)
            self.failed.append(name)
        else:
            if not self.stop.is_set():
                log.error("room_failed", room=name, why="it ended by itself")
                self.failed.append(name)
        self.stop.set()

    async def _wait_for_schema(self, database: Database) -> None:
        try:
            while not (self.stop.is_set() or self._decided.is_set() or await self.try_schema(database)):
                await rest(self.stop, ASK_AGAIN_S)
        except SchemaError as error:
            log.error("schema_refused", why=str(error))  # noqa: TRY400 - the sentence says it all
            self.failed.append("schema")
            self.stop.set()
        finally:
            self._decided.set()

    async def _beat(self, database: Database, jobs: Jobs) -> None:
        """Say every few seconds that the lanes are alive, and follow the machine's clock.

        What is wrong with agencies and with the worklist is the same whoever says it, and has one row; what is wrong
        with a process has its own, and no other process that is well may hide it. One that only serves pages has a row
        while something is wrong with it; a bridge says it in the row that it has.
        """
        await self._decided.wait()
        while True:
            self.clock.follow()
            if Room.ROUTING in jobs:
                figures = {name: value for one in self.watched for name, value in one.figures().items()}
                alarms = [alarm for one in (*self.watched, self.clock) for alarm in one.alarms()]
                try:
                    async with database.transaction() as tx:
                        everywhere = [*await standing.alarms(tx), *await unanswered.alarms(tx)]
                        await machine_room.beat(tx, Room.ROUTING, "running", "", alarms=everywhere)
                        await machine_room.beat(tx, self._name, "running", "", figures, alarms)
                        for room in (Room.ROUTING, Room.WEB):
                            await machine_room.forget_services(tx, f"{room}:", tx.now - MISSED_FOR)
                except DatabaseUnavailableError as error:
                    log.warning("database_unavailable", why=str(error))
            elif Room.WEB in jobs and (self._told or self.clock.alarms()):
                await self._tell_of_pages(database)
            await asyncio.sleep(BEAT_EVERY_S)

    async def _tell_of_pages(self, database: Database) -> None:
        alarms = self.clock.alarms()
        try:
            async with database.transaction() as tx:
                if alarms:
                    await machine_room.beat(tx, self._pages_name, "running", "", alarms=alarms)
                else:
                    await machine_room.forget_service(tx, self._pages_name)
        except DatabaseUnavailableError as error:
            log.warning("database_unavailable", why=str(error))
        else:
            self._told = bool(alarms)

    async def _take_leave(self, database: Database) -> None:
        with contextlib.suppress(DatabaseUnavailableError):
            async with database.transaction() as tx:
                for name in (self._name, self._pages_name):
                    await machine_room.forget_service(tx, name)

    async def _end_in_time(self) -> None:
        await self.stop.wait()
        await asyncio.sleep(STOP_WITHIN_S)
        raise StopTookTooLongError
