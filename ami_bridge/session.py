"""One AMI session at a time, and what it owes to the tape: every event, and where the gap before it ends.

A session begins with a mark (`IntakeConnected`). Beside listening it closes the gap since the last one: once all that
was on the tape before is interpreted, it is known how far we had listened; what the PBX's logs hold from there on goes
onto the tape, then the mark `IntakeCaughtUp`, then the PBX's lists of channels and waiting callers, and, when all that
was under way while it wrote them is here, `IntakeSettled`. Events that arrive meanwhile are on the tape already; who
interprets it puts them behind (`listening`).

Each answer to a ping proves that all was heard until it was asked. So the places where the logs ended one ping earlier
go onto the tape (`IntakeListened`): from there the logs are read after the next gap, whatever the clocks do. Its
timestamp tells how far the PBX's clock is ahead of ours.
"""

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from ami_bridge import frames
from ami_bridge.events import MARK
from ami_bridge.line import Line, LineError, RefusedError
from ami_bridge.listening import Heard
from ami_bridge.logs import Logs, LogsError, Marks
from ami_bridge.watch import Watch

log = structlog.get_logger(__name__)
RECONNECT_AFTER_S = (0.2, 0.5, 1.0, 2.0, 5.0)
BOOT_WITHIN_S = 30.0  # before it has booted a PBX lists nothing
UNDER_WAY_S = 0.3  # for so long events of what the lists no longer hold may be under way
OFFSET_NOISE_S = 0.05
LOGS_AGAIN_AFTER = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Pbx:
    """Where a PBX is, and its logs on this host (None: what happened in a gap is only known from the snapshot)."""

    name: str
    host: str
    port: int
    username: str
    secret: str = field(repr=False)
    cel_file: Path | None = None
    queue_log: Path | None = None
    ping_s: float = 3.0
    trunks: frozenset[str] = frozenset()  # PJSIP endpoints whose state is asked for at every ping


class Sessions:
    """Holds a session with one PBX, a new one when it is lost, until it is cancelled.

    `put` takes frames for the tape, `gap` waits until the named session's beginning is interpreted and returns what was
    heard before; `changed` is called when `state`, `detail` or an alarm is another one.
    """

    def __init__(
        self,
        pbx: Pbx,
        clock: Callable[[], datetime],
        *,
        put: Callable[[Sequence[bytes]], None],
        gap: Callable[[str], Awaitable[Heard]],
        changed: Callable[[], None],
    ) -> None:
        self.state, self.detail = "connecting", ""
        self.clock_offset_s = 0.0
        self.logs_unread = ""  # why the logs could not be read in this session
        self.logs = Logs(pbx.cel_file, pbx.queue_log)
        self.watch = Watch()
        self._pbx = pbx
        self._clock = clock
        self._put = put
        self._gap = gap
        self._changed = changed
        self._booted = asyncio.Event()
        self._alive_at: datetime | None = None  # by the PBX's clock
        self._ends: Marks | None = None  # where the logs ended at the last ping; None: the gap is open
        self._told: Marks | None = None
        self._told_offset_s = 0.0
        self._line: Line | None = None
        self._asked_logs_at: datetime | None = None

    async def run(self) -> None:
        """Listen, session after session."""
        tries = 0
        while True:
            reached = False
            try:
                reached, why = await self._session()
            except RefusedError as error:
                why = f"{error} (check INTAKE112_AMI_USERNAME and INTAKE112_AMI_SECRET)"
            except LineError as error:
                why = str(error)
            tries = 0 if reached else tries + 1
            self._say("disconnected", why)
            await asyncio.sleep(RECONNECT_AFTER_S[min(tries, len(RECONNECT_AFTER_S) - 1)])

    def stopped(self) -> None:
        """Say that nobody listens any more."""
        self._say("stopped", "")

    def _say(self, state: str, detail: str) -> None:
        if (state, detail) != (self.state, self.detail):
            log.info("bridge_state", pbx=self._pbx.name, state=state, detail=detail)
            self.state, self.detail = state, detail
            self._changed()

    def _deliver(self, batch: list[bytes]) -> None:
        self._put(batch)
        if not self._booted.is_set() and any(frames.event_name(raw) == b"FullyBooted" for raw in batch):
            self._booted.set()

    def _watched(self, batch: list[bytes]) -> None:
        self.watch.hear(batch, self._clock())

    async def _ask_trunks(self, line: Line) -> None:
        """Ask the PBX, once it has booted, how its trunks are; empty: it cannot say (no func_devstate)."""
        for trunk in sorted(self._pbx.trunks) if self._booted.is_set() else ():
            try:
                answer = await line.action("Getvar", Variable=f"DEVICE_STATE(PJSIP/{trunk})")
                state = answer.keys.get("Value", "")
            except RefusedError:
                state = ""
            if self.watch.say(trunk, state):
                log.warning("trunk_state", pbx=self._pbx.name, trunk=trunk, state=state or "not known")
                self._changed()
        with contextlib.suppress(RefusedError):  # a PBX that registers nowhere
            await line.action("PJSIPShowRegistrationsOutbound")

    async def _session(self) -> tuple[bool, str]:
        """Hold one session until it ends; return whether its gap was closed, and why it ended. Raises LineError."""
        pbx, name = self._pbx, uuid.uuid4().hex[:12]
        self._booted.clear()
        self._ends = self._told = None
        async with Line(pbx.host, pbx.port, ping_s=pbx.ping_s, deliver=self._deliver, watched=self._watched) as line:
            self._line = line
            alive = [] if self._alive_at is None else [("Alive", f"{self._alive_at.timestamp():.6f}")]
            self._put([_mark("IntakeConnected", ("Session", name), *alive)])
            await line.login(pbx.username, pbx.secret)
            self._say("catching up", f"{pbx.host}:{pbx.port}")
            async with asyncio.TaskGroup() as tasks:
                closing = tasks.create_task(self._close_gap(line, name))
                why = await line.keep_alive(self._clock, self._pong)
                closing.cancel()
            log.warning("line_lost", pbx=pbx.name, why=why)
        return self.state == "connected", why

    async def _close_gap(self, line: Line, name: str) -> None:
        """Tell what nobody heard, then what the PBX says of now; a line that ends meanwhile ends this."""
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BOOT_WITHIN_S):
                    await self._booted.wait()
            await self._read_logs(await self._gap(name))
            await line.action("QueueStatus")
            await line.action("CoreShowChannels")
            await asyncio.sleep(UNDER_WAY_S)
            await line.action("Ping")
            self._put([_mark("IntakeSettled", ("Session", name))])
        except LineError as error:
            line.end(str(error))
        else:
            self._say("connected", f"{self._pbx.host}:{self._pbx.port}")

    async def _read_logs(self, heard: Heard) -> None:
        offset = ("ClockOffset", f"{self.clock_offset_s:.6f}")
        try:
            told = await self.logs.told(heard)
        except LogsError as error:
            log.error("logs_not_read", pbx=self._pbx.name, why=str(error))  # noqa: TRY400  # one line tells it
            self.logs_unread = str(error)
            self._asked_logs_at = self._clock()
            self._put([_mark("IntakeCaughtUp", ("Gap", "open"), offset)])
            self._changed()
            return
        self.logs_unread = ""
        ends = Marks(told.cel_mark, told.queue_mark)
        log.info("logs_read", pbx=self._pbx.name, frames=len(told.frames))
        read = [("Logs", "read")] if any(ends) else []
        self._put([*told.frames, _mark("IntakeCaughtUp", *read, *_places(ends), offset)])
        self._ends = self._told = ends
        self._told_offset_s = self.clock_offset_s

    async def _pong(self, asked: datetime, answered: datetime, pbx_said: str) -> None:
        with contextlib.suppress(ValueError, OverflowError, OSError):
            self._alive_at = datetime.fromtimestamp(float(pbx_said), UTC)
            halfway = asked + (answered - asked) / 2
            self.clock_offset_s = (self._alive_at - halfway).total_seconds()
        if self._line is not None:
            await self._ask_trunks(self._line)
        if self.logs_unread and self.state == "connected":  # else they are being read now
            await self._ask_logs_again(answered)
        if self._ends is None:
            return
        ends = self._ends
        try:
            self._ends = await self.logs.ends()
        except LogsError as error:
            log.warning("logs_not_seen", pbx=self._pbx.name, why=str(error))
        if ends != self._told or abs(self.clock_offset_s - self._told_offset_s) > OFFSET_NOISE_S:
            self._told, self._told_offset_s = ends, self.clock_offset_s
            self._put([_mark("IntakeListened", *_places(ends), ("ClockOffset", f"{self.clock_offset_s:.6f}"))])

    async def _ask_logs_again(self, now: datetime) -> None:
        """Begin a new session, which closes the gap, once the logs can be read again."""
        if self._asked_logs_at is not None and now - self._asked_logs_at < LOGS_AGAIN_AFTER:
            return
        self._asked_logs_at = now
        with contextlib.suppress(LogsError):
            await self.logs.ends()
            if self._line is not None:
                self._line.end("the logs can be read again")


def _places(ends: Marks) -> list[tuple[str, str]]:
    return [(f"{MARK}{name}", text) for name, text in ends.texts().items()]


def _mark(event: str, *headers: tuple[str, str]) -> bytes:
    return frames.encode([("Event", event), *headers]).removesuffix(frames.END)
