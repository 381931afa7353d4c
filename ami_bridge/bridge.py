"""The loop: connect, tape, frames, events, calls, desk.

Data goes one way, and each step waits for none that comes after it:

    line (a thread) -> tape (fsync) -> interpret -> one transaction: facts, states of calls, position on the tape

The interpreter reads the *tape*, never the line. So a database that is down makes the tape grow and nothing else, and a
start after `kill -9` is the same code as every other second: read on from the committed position. The facts of a batch,
the state of their calls and the position are saved together; the same batch read twice makes no second report.

The call path of the PBX never waits for this process.
"""

import asyncio
import contextlib
from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from ami_bridge import events, frames, resync, tape
from ami_bridge.calls import Call
from ami_bridge.line import Line, LineError, RefusedError
from ami_bridge.tape import Recorded, Tape
from ami_bridge.threads import Line as Line112
from ami_bridge.threads import Threads
from db import calls as saved_calls
from db import machine_room
from db.engine import Database, DatabaseUnavailableError, Transaction
from intake import booking
from intake.facts import Arrived, CallKey, Described, Ended, Fact, LegEnded, Queued, Rang, Taken

log = structlog.get_logger(__name__)

GROUP = 256  # frames at most between two fsyncs
BEAT_EVERY_S = 5.0
RECONNECT_AFTER_S = (0.2, 0.5, 1.0, 2.0, 5.0)
RETRY_DATABASE_S = 0.5
BOOT_WITHIN_S = 5.0
CEL_MARGIN = timedelta(seconds=2)  # CEL has milliseconds, frames microseconds; what is told twice changes nothing
SAVE_POSITION_EVERY = 4 << 20  # bytes of a tape on which nothing happened


@dataclass(frozen=True, slots=True)
class BridgeConfig:
    """Where the PBX is and what belongs to the 112 line."""

    host: str
    port: int
    username: str
    secret: str
    line: Line112
    tapes: Path  # folder of this bridge's tapes
    timezone: ZoneInfo  # of the centre: report numbers carry its local day
    cel_file: Path | None = None  # None: what happened while the bridge was away can only be seen in the snapshot
    ping_s: float = 3.0

    @property
    def name(self) -> str:
        """The bridge's name, for its tape positions and its heartbeat."""
        return f"bridge:{self.line.pbx}"


class Bridge:
    """Listens to one PBX until it is told to stop."""

    def __init__(self, database: Database, config: BridgeConfig) -> None:
        self._database = database
        self._config = config
        self._incoming: deque[tuple[datetime, bytes]] = deque()
        self._heard = asyncio.Event()
        self._taped = asyncio.Event()
        self._booted = asyncio.Event()
        self._changed = asyncio.Event()
        self._state = ("connecting", "")
        self._told = ""
        self._closing = False
        self._caught_up = True
        self._last_heard = tape.last_heard(config.tapes)
        self._tape = Tape.create(config.tapes, config.name, database.clock())

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set; what was heard by then is on the tape."""
        log.info("bridge_started", pbx=self._config.line.pbx, tape=str(self._tape.path))
        async with asyncio.TaskGroup() as tasks:
            sessions, write, interpret, beat = (
                tasks.create_task(job) for job in (self._sessions(), self._write(), self._interpret(), self._beat())
            )
            await stop.wait()
            sessions.cancel()
            await asyncio.wait([sessions])  # nothing more is heard
            self._closing = True
            self._heard.set()
            await asyncio.wait([write])  # all of it is on the tape
            interpret.cancel()  # what it does not reach is read at the next start
            beat.cancel()
        self._tape.close()
        self._say("stopped", "")
        with contextlib.suppress(DatabaseUnavailableError):
            await self._beat_once()

    # -- the line ---------------------------------------------------------------------------------------------------

    def _put(self, batch: list[bytes]) -> None:
        now = self._database.clock()
        self._incoming.extend((now, raw) for raw in batch)
        self._heard.set()

    def _deliver(self, batch: list[bytes]) -> None:
        self._put(batch)
        if self._caught_up:
            now = self._database.clock()
            self._last_heard = max((at for raw in batch if (at := tape.heard_at(raw, now))), default=self._last_heard)
        if not self._booted.is_set() and any(frames.event_name(raw) == b"FullyBooted" for raw in batch):
            self._booted.set()

    async def _sessions(self) -> None:
        tries = 0
        while True:
            reached = False
            try:
                reached = await self._session()
                why = "the session ended"
            except RefusedError as error:
                why = f"{error} (check INTAKE112_AMI_USERNAME and INTAKE112_AMI_SECRET)"
            except LineError as error:
                why = str(error)
            tries = 0 if reached else tries + 1
            self._say("disconnected", why)
            await asyncio.sleep(RECONNECT_AFTER_S[min(tries, len(RECONNECT_AFTER_S) - 1)])

    async def _session(self) -> bool:
        """Hold one session until it ends; True when it was logged in. Raises LineError."""
        config = self._config
        self._booted.clear()
        self._caught_up = False
        async with Line(config.host, config.port, ping_s=config.ping_s, deliver=self._deliver) as line:
            self._put([tape.CONNECTED])
            await line.login(config.username, config.secret)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BOOT_WITHIN_S):
                    await self._booted.wait()
            await self._catch_up()
            await line.action("QueueStatus")
            await line.action("CoreShowChannels")
            self._say("connected", f"{config.host}:{config.port}")
            why = await line.keep_alive()
            log.warning("line_lost", pbx=config.line.pbx, why=why)
        return True

    async def _catch_up(self) -> None:
        """Tell what the CEL file holds of the time in which nobody listened; a gap that stays open is tried again."""
        cel_file, deaf_since = self._config.cel_file, self._last_heard
        missed: list[bytes] = []
        if cel_file is not None and deaf_since is not None:
            try:
                missed = await asyncio.to_thread(resync.from_cel, cel_file, deaf_since - CEL_MARGIN)
            except Exception:
                log.exception("cel_not_read", path=str(cel_file))
                return
            log.info("cel_read", frames=len(missed), since=deaf_since.isoformat())
        self._put([*missed, tape.CAUGHT_UP])
        self._caught_up = True
        self._last_heard = self._database.clock()

    # -- the tape ---------------------------------------------------------------------------------------------------

    def _append(self, group: list[tuple[datetime, bytes]]) -> None:
        if group:
            failed_before = self._tape.failed
            self._tape.append(group)
            if self._tape.failed is not None and failed_before is None:
                log.error("tape_failed", path=str(self._tape.path), why=str(self._tape.failed))

    async def _write(self) -> None:
        while not self._closing or self._incoming:
            await self._heard.wait()
            self._heard.clear()
            while self._incoming:
                group = [self._incoming.popleft() for _ in range(min(GROUP, len(self._incoming)))]
                await asyncio.to_thread(self._append, group)
                self._taped.set()

    # -- from the tape to the desk ------------------------------------------------------------------------------------

    async def _interpret(self) -> None:
        threads, positions = await self._load()
        for old, position in await asyncio.to_thread(tape.unread, self._config.tapes, positions):
            if old.id != self._tape.id:
                log.info("tape_replayed", path=str(old.path), from_byte=position, of_bytes=old.size)
                await self._follow(threads, old, position)
            old.close()
        position = 0
        while True:
            position = await self._follow(threads, self._tape, position)
            await self._taped.wait()
            self._taped.clear()

    async def _load(self) -> tuple[Threads, dict[str, int]]:
        """Take up the calls in progress as they were last saved."""
        while True:
            try:
                async with self._database.reading() as reading:
                    threads = Threads(self._config.line)
                    for row in await saved_calls.in_progress(reading, self._config.line.pbx):
                        if row.state is not None:
                            threads.restore(Call.from_json(CallKey(row.pbx, row.uniqueid), row.state))
                    positions = await machine_room.tape_positions(reading, self._config.name)
                await self._rehearse()
                return threads, positions  # noqa: TRY300  # the try is a loop's
            except DatabaseUnavailableError as error:
                log.warning("database_unavailable", why=str(error))
                await asyncio.sleep(RETRY_DATABASE_S)

    async def _rehearse(self) -> None:
        """Book a call that never was and take it back: the first real ring shall not wait for compiling statements."""
        key, now = CallKey(self._config.line.pbx, "rehearsal"), self._database.clock()
        heard: list[Fact] = [
            Arrived(key, now, "", "", "", "+6281200000000", ""),  # a number: its rules are loaded when first asked
            Described(key, now, withheld=False),
            Queued(key, now, "", "queue:1"),
            Rang(key, now, "1", "", ""),
            Taken(key, now, "1", "", ""),
            LegEnded(key, now, "1", ""),
            Ended(key, now, "failed", ""),
        ]
        async with self._database.rehearsal() as tx:
            for first, last in ((0, 1), (1, 2), (2, 5), (5, 7)):
                await booking.book(tx, heard[first:last], self._config.timezone, {(key.pbx, key.uniqueid): {}})
            await machine_room.save_tape_position(tx, self._config.name, "rehearsal", 0)

    async def _follow(self, threads: Threads, reel: Tape, position: int) -> int:
        """Interpret a tape from `position` to its present end; return that end."""
        saved = position
        while batch := reel.read(position):
            facts: list[Fact] = []
            for recorded in batch:
                facts += _interpret_one(threads, recorded)
            position = batch[-1].end
            if facts or threads.touched or position - saved > SAVE_POSITION_EVERY:
                await self._save(threads, facts, reel.id, position)
                saved = position
            reel.forget(position)
            await asyncio.sleep(0)  # a long tape lets others have their turn
        return position

    async def _save(self, threads: Threads, facts: list[Fact], tape_id: str, position: int) -> None:
        """Save a batch, however long the database is down. A fact it cannot take is logged, and holds up no other."""
        while True:
            try:
                async with self._database.transaction() as tx:
                    await self._book(tx, threads, facts, tape_id, position)
            except DatabaseUnavailableError as error:
                log.warning("database_unavailable", why=str(error), facts_waiting=len(facts))
                await asyncio.sleep(RETRY_DATABASE_S)
            except Exception:
                log.exception("batch_refused", facts=len(facts), tape=tape_id, position=position)
                facts = await self._book_one_by_one(facts)
                await asyncio.sleep(RETRY_DATABASE_S)
            else:
                threads.touched.clear()
                return

    async def _book(self, tx: Transaction, threads: Threads, facts: list[Fact], tape_id: str, position: int) -> None:
        pbx = self._config.line.pbx
        states = {
            (pbx, uniqueid): threads.calls[uniqueid].to_json() for uniqueid in threads.touched & set(threads.calls)
        }
        await booking.book(tx, facts, self._config.timezone, states)
        await machine_room.save_tape_position(tx, self._config.name, tape_id, position)

    async def _book_one_by_one(self, facts: list[Fact]) -> list[Fact]:
        for fact in facts:
            try:
                async with self._database.transaction() as tx:
                    await booking.book(tx, [fact], self._config.timezone)
            except DatabaseUnavailableError:
                return facts
            except Exception:
                log.exception("fact_refused", fact=type(fact).__name__, call=fact.key.uniqueid)
        return []

    # -- the heartbeat ------------------------------------------------------------------------------------------------

    def _say(self, state: str, detail: str) -> None:
        if (state, detail) != self._state:
            log.info("bridge_state", pbx=self._config.line.pbx, state=state, detail=detail)
            self._state = (state, detail)
            self._changed.set()

    async def _beat_once(self) -> None:
        state, detail = self._state
        if self._tape.failed is not None:
            state = "degraded" if state == "connected" else state
            detail = f"{detail}; the tape cannot be written: {self._tape.failed}"
        async with self._database.transaction() as tx:
            await machine_room.beat(tx, self._config.name, state, detail)
            if state != self._told:
                tx.tell("service", self._config.name)
        self._told = state

    async def _beat(self) -> None:
        while True:
            self._changed.clear()
            try:
                await self._beat_once()
            except DatabaseUnavailableError as error:
                log.warning("beat_not_saved", why=str(error))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BEAT_EVERY_S):
                    await self._changed.wait()


def _interpret_one(threads: Threads, recorded: Recorded) -> list[Fact]:
    try:
        frame = frames.parse(recorded.raw)
        event = events.read(frame)
        return threads.advance(event, recorded.at, recovered=events.is_recovered(frame)) if event is not None else []
    except Exception:
        log.exception("frame_not_understood", end=recorded.end)
        return []
