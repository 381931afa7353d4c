"""The loop: connect, tape, frames, events, calls, desk.

Data goes one way, and each step waits for none that comes after it:

    line (a thread) -> tapes (fsync) -> interpret -> one transaction: facts, what we know, position on the tape

The interpreter reads the *tapes*, never the line. So a database that is down makes them grow and nothing else, and a
start after `kill -9` is the same code as every other second: read on from the committed position. The facts of a batch,
what the bridge then knows of the PBX (`memory`) and the position are saved together; the same batch read twice makes no
second report. While a gap is being closed only facts are saved: a start then closes it again, from before.

The call path of the PBX never waits for this process.
"""

import asyncio
import contextlib
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import structlog

from ami_bridge import memory, reading
from ami_bridge.alarms import alarms_of
from ami_bridge.calls import Call, Phone
from ami_bridge.listening import Heard, Listener
from ami_bridge.logs import LogsError
from ami_bridge.reel import ALARM_AT, Limits, Reel
from ami_bridge.session import Pbx, Sessions
from ami_bridge.tape import Batch, Recorded
from ami_bridge.threads import Line
from db import calls as saved_calls
from db import machine_room
from db.calls import CallRow, LegRow
from db.engine import Database, DatabaseUnavailableError, DeadlockError, Transaction
from db.machine_room import Alarm
from db.wakeups import rest
from intake import booking
from intake.facts import Arrived, CallKey, Described, Ended, Fact, LegEnded, LegKind, Queued, Rang, Taken, Told, Untaped

log = structlog.get_logger(__name__)

GROUP = 256  # frames: so many wait for no more, and let the loop turn once
AT_ONCE = 8  # reads of the line (up to 256 KiB each) at most between two fsyncs
TAPE_GATHER_S = 0.01  # for so long what is no ring waits for more before it goes onto the tape
GATHER_S = 0.04  # for so long what is no ring waits for more of its kind: a transaction costs as much as ten facts
END_WITHIN_S = 3.0
BEAT_EVERY_S = 5.0
TIDY_EVERY = timedelta(minutes=1)
SILENT_FOR = timedelta(days=7)  # a bridge of the same PBX that said nothing for so long is no longer spoken of
RETRY_DATABASE_S = 0.5
SAVE_POSITION_EVERY = 4 << 20  # bytes of tape on which nothing happened


@dataclass(frozen=True, slots=True)
class BridgeConfig:
    """Where the PBX is, what belongs to the 112 line, and where the tapes are."""

    pbx: Pbx
    line: Line
    tapes: Path  # this bridge's own folder
    timezone: ZoneInfo  # of the centre: report numbers carry its local day
    public_url: str  # of the centre, in what agencies are owed
    limits: Limits = field(default_factory=Limits)


class Bridge:
    """Listens to one PBX until it is told to stop."""

    def __init__(self, database: Database, config: BridgeConfig) -> None:
        """Take the folder of tapes. Raises reel.ReelTakenError when another bridge records there."""
        self._database = database
        self._config = config
        self._incoming: list[Batch] = []
        self._heard = asyncio.Event()
        self._urgent = asyncio.Event()  # a ring was heard, or much
        self._taped = asyncio.Event()
        self._advanced = asyncio.Event()  # the interpreter came further
        self._changed = asyncio.Event()
        self._closing = False
        self._all_taped = False
        self._told: tuple[str, list[str]] = ("", [])
        self._alarmed: set[str] = set()  # codes that the log was told
        self._listener: Listener | None = None
        self._untaped: set[CallKey] = set()  # calls that were told to be on no tape
        self._positions: dict[str, int] = {}  # as saved
        self._unsaved: dict[str, int] = {}  # as read
        self._tidied_at = database.clock()
        self.beside: Sequence[Callable[[], Sequence[Alarm]]] = ()  # the alarms of who works beside it
        self.counted: Sequence[Callable[[], Mapping[str, float]]] = ()  # and their figures
        self._reel = Reel(config.tapes, config.pbx.name, database.clock(), config.limits)
        self._sessions = Sessions(config.pbx, database.clock, put=self.put, gap=self._gap, changed=self._changed.set)

    @property
    def name(self) -> str:
        """Who this bridge is, for its positions and its heartbeat."""
        return self._reel.bridge

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set; what was heard by then is on the tape."""
        log.info("bridge_started", bridge=self.name, tape=str(self._reel.path))
        async with asyncio.TaskGroup() as tasks:
            sessions, write, interpret, beat, say = (
                tasks.create_task(job)
                for job in (self._sessions.run(), self._write(), self._interpret(), self._beat(), self._log_alarms())
            )
            await stop.wait()
            sessions.cancel()
            await asyncio.wait([sessions])  # nothing more is heard
            self._closing = True
            self._heard.set()
            self._urgent.set()
            await asyncio.wait([write])  # all of it is on the tape
            self._all_taped = True
            self._taped.set()
            await asyncio.wait([interpret], timeout=END_WITHIN_S)
            interpret.cancel()  # what it does not reach is read at the next start
            beat.cancel()
            say.cancel()
        self._reel.close()
        self._sessions.stopped()
        with contextlib.suppress(DatabaseUnavailableError):
            await self._beat_once()

    # -- the tape ---------------------------------------------------------------------------------------------------

    def put(self, batch: Sequence[bytes]) -> None:
        """Take frames for the tape, from the line or from who works beside it."""
        self._incoming.append((self._database.clock(), batch))
        self._heard.set()
        if not self._urgent.is_set() and (
            any(reading.is_ring(raw) for raw in batch) or sum(len(frames) for _, frames in self._incoming) >= GROUP
        ):
            self._urgent.set()

    def _append(self, batches: list[Batch]) -> None:
        failed_before = self._reel.failed
        self._reel.append(batches)
        if self._reel.failed is not None and failed_before is None:
            log.error("tape_failed", path=str(self._reel.path), why=str(self._reel.failed))
        elif self._reel.failed is None and failed_before is not None:
            log.info("tape_again", path=str(self._reel.path))

    async def _write(self) -> None:
        while not self._closing or self._incoming:
            await self._heard.wait()
            if not self._closing:
                await rest(self._urgent, TAPE_GATHER_S)
            self._heard.clear()
            self._urgent.clear()
            while batches := self._incoming[:AT_ONCE]:
                del self._incoming[:AT_ONCE]
                await asyncio.to_thread(self._append, batches)
                self._taped.set()

    # -- from the tape to the desk ------------------------------------------------------------------------------------

    async def _gap(self, session: str) -> Heard:
        """Wait until all that is on the tape before this session is interpreted, and return what was heard by then."""
        while self._listener is None or self._listener.session != session:
            self._advanced.clear()
            await self._advanced.wait()
        return self._listener.heard

    async def _interpret(self) -> None:
        """Read the tapes and save what they tell: a ring at once, everything else gathered for a moment."""
        listener = self._listener = await self._load()
        clock = asyncio.get_running_loop().time
        facts: list[Told] = []
        due = math.inf
        unsaved_bytes = 0
        while True:
            if batch := self._reel.read():
                facts += await self._tell(listener, batch)
                unsaved_bytes += len(batch[0].raw) + batch[-1].end - batch[0].end
                self._unsaved[batch[-1].tape] = batch[-1].end
                self._advanced.set()
                due = min(due, clock() + GATHER_S) if facts else math.inf
                if any(isinstance(fact, Arrived) for fact in facts):
                    due = -math.inf
            much = unsaved_bytes > SAVE_POSITION_EVERY and listener.settled
            if clock() >= due or much or (self._all_taped and facts and not batch):
                await self._save(listener, facts)
                facts, due = [], math.inf
                unsaved_bytes = 0 if listener.settled else unsaved_bytes  # no position is saved while a gap is closed
            elif not batch:
                if self._all_taped:
                    return
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(due if facts else None):
                        await self._taped.wait()
                self._taped.clear()

    async def _tell(self, listener: Listener, batch: Sequence[Recorded]) -> list[Told]:
        """Return the facts that frames make; a long backlog lets others have their turn."""
        facts: list[Told] = []
        for number, recorded in enumerate(batch, 1):
            facts += self._interpret_one(listener, recorded)
            if number % GROUP == 0:
                await asyncio.sleep(0)
        return facts

    def _interpret_one(self, listener: Listener, recorded: Recorded) -> list[Told]:
        try:
            if (told := reading.read(recorded.raw)) is None:
                return []
            facts = listener.advance(told.event, recorded.at, recovered=told.recovered)
        except Exception:
            log.exception("frame_not_understood", tape=recorded.tape, end=recorded.end)
            return []
        return [*(facts if recorded.safe else self._marked(facts)), *listener.members.take()]

    def _marked(self, facts: list[Fact]) -> list[Fact]:
        """Say of each call, once, that this part of it is on no tape."""
        marked: list[Fact] = []
        for fact in facts:
            news = [] if fact.key in self._untaped else [Untaped(fact.key, fact.at or self._database.clock())]
            marked += [fact, *news] if isinstance(fact, Arrived) else [*news, fact]
            self._untaped.add(fact.key)
            if isinstance(fact, Ended):
                self._untaped.discard(fact.key)
        return marked

    async def _load(self) -> Listener:
        """Take up what this bridge knew, or when it is new, what any bridge of this PBX last knew."""
        line, siblings = self._config.line, f"bridge:{self._config.pbx.name}:"
        while True:
            try:
                async with self._database.reading() as reading:
                    own = await machine_room.state_of(reading, self.name)
                    listener, positions = self._remember(own or await machine_room.newest_state(reading, siblings))
                    rows = await saved_calls.in_progress(reading, line.pbx)
                    legs = await saved_calls.legs_by_call(reading, [row.id for row in rows])
                    for row in rows:
                        of_row = legs.get(row.id, [])
                        listener.adopt(_call(row, of_row), max([row.arrived_at, *(leg.from_at for leg in of_row)]))
                await self._rehearse()
                self._positions = positions if own is not None else {}  # a sibling's tapes are not ours
                if own is None:
                    await self._begin(listener)
                self._reel.start(self._positions)
                return listener  # noqa: TRY300  # the try is a loop's
            except DatabaseUnavailableError as error:
                log.warning("database_unavailable", why=str(error))
                await asyncio.sleep(RETRY_DATABASE_S)

    async def _begin(self, listener: Listener) -> None:
        """Be responsible from the first start on, before any log-in: rings until then are read from the PBX's logs."""
        if listener.heard.until is None:
            listener.heard.until = self._database.clock()
            with contextlib.suppress(LogsError):  # told at each connect
                listener.heard.marks = (await self._sessions.logs.ends()).texts()
        await self._save(listener, [])

    def _remember(self, text: str | None) -> tuple[Listener, dict[str, int]]:
        line = self._config.line
        if text is None:
            return Listener(line), {}
        try:
            return memory.read(text, line)
        except memory.ForgottenError as error:
            log.warning("state_not_understood", why=str(error))
            return Listener(line), {}

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
                await self._book(tx, heard[first:last])
            await machine_room.save_state(tx, self.name, "rehearsal")

    async def _save(self, listener: Listener, facts: list[Told]) -> None:
        """Save a batch, however long the database is down. A fact it cannot take is logged, and holds up no other."""
        while True:
            try:
                async with self._database.transaction() as tx:
                    await self._book(tx, facts)
                    if listener.settled:
                        known = memory.write(listener, self._positions | self._unsaved)
                        await machine_room.save_state(tx, self.name, known)
            except DeadlockError as error:
                log.info("deadlock", why=str(error))
            except DatabaseUnavailableError as error:
                log.warning("database_unavailable", why=str(error), facts_waiting=len(facts))
                await asyncio.sleep(RETRY_DATABASE_S)
            except Exception:
                log.exception("batch_refused", facts=len(facts), positions=self._unsaved)
                facts = await self._book_one_by_one(facts)
                await asyncio.sleep(RETRY_DATABASE_S)
            else:
                if listener.settled:
                    self._positions |= self._unsaved
                    self._unsaved.clear()
                return

    async def _book(self, tx: Transaction, facts: Sequence[Told]) -> None:
        await booking.book(tx, facts, self._config.timezone, self._config.public_url)

    async def _book_one_by_one(self, facts: list[Told]) -> list[Told]:
        for fact in facts:
            try:
                async with self._database.transaction() as tx:
                    await self._book(tx, [fact])
            except DatabaseUnavailableError:
                return facts
            except Exception:
                log.exception("fact_refused", fact=type(fact).__name__, call=getattr(fact, "key", None))
        return []

    # -- the heartbeat ------------------------------------------------------------------------------------------------

    def alarms(self) -> list[Alarm]:
        """Return what is wrong now, whether or not a database can be told of it."""
        own = alarms_of(self._reel, self._sessions, self._database.clock())
        return own + [alarm for of_one in self.beside for alarm in of_one()]

    async def _log_alarms(self) -> None:
        """Say each once when it begins. A heartbeat waits for the database; here it is read while that is away."""
        while True:
            alarms = self.alarms()
            for alarm in alarms:
                if alarm.code not in self._alarmed:
                    log.warning("alarm", bridge=self.name, code=alarm.code, message=alarm.message)
            self._alarmed = {alarm.code for alarm in alarms}
            await asyncio.sleep(BEAT_EVERY_S)

    async def _beat_once(self) -> None:
        sessions, reel, alarms = self._sessions, self._reel, self.alarms()
        figures = {
            "clock_offset_seconds": round(sessions.clock_offset_s, 6),
            "tape_bytes": float(reel.total_bytes()),
            "tape_unread_bytes": float(reel.unread_bytes()),
            **sessions.watch.figures(self._database.clock()),
            **{name: value for count in self.counted for name, value in count().items()},
            "calls": float(len(self._listener.calls) if self._listener is not None else 0),
        }
        told = (sessions.state, [alarm.code for alarm in alarms])
        async with self._database.transaction() as tx:
            await machine_room.beat(tx, self.name, sessions.state, sessions.detail, figures, alarms)
            if told != self._told:
                tx.tell("service", self.name)
        self._told = told

    async def _tidy(self) -> None:
        """Delete tapes whose time is over (at once when they fill), and forget long gone bridges of this PBX."""
        now = self._database.clock()
        if now - self._tidied_at < TIDY_EVERY and self._reel.fullness() < ALARM_AT:
            return
        self._tidied_at = now
        gone = await asyncio.to_thread(self._reel.expire, now, dict(self._positions))
        async with self._database.transaction() as tx:
            await machine_room.forget_services(tx, f"bridge:{self._config.pbx.name}:", now - SILENT_FOR)
        for tape in gone:
            self._positions.pop(tape, None)

    async def _beat(self) -> None:
        while True:
            self._changed.clear()
            try:
                await self._beat_once()
                await self._tidy()
            except DatabaseUnavailableError as error:
                log.warning("beat_not_saved", why=str(error))
            await rest(self._changed, BEAT_EVERY_S)


def _call(row: CallRow, legs: list[LegRow]) -> Call:
    """Return what the database shows of a call in progress."""
    kinds = {kind: kind for kind in get_args(LegKind)}
    phones = {
        leg.key: Phone(leg.device or "", leg.member, kinds[leg.kind], answered=leg.taken)
        for leg in legs
        if leg.kind in kinds and leg.to_at is None
    }
    return Call(
        key=CallKey(row.pbx, row.uniqueid),
        spells=sum(leg.kind == "queue" for leg in legs),
        waiting=row.stage == "queued",
        queued_at=max((leg.from_at for leg in legs if leg.kind == "queue"), default=None),
        taken=row.operator_device is not None,
        held=row.stage == "held",
        phones=phones,
        menu=any(leg.kind == "overflow" for leg in legs),
    )
