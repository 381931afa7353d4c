"""What a PBX says of itself, asked on a session of one of our two users, beside the bridge's own sessions.

Only actions that read: what a user may do is told by ListCommands, so nothing that is forbidden is ever tried (each
try would be a line in the security log, and a fail2ban may shut the door upon it). `trial` is what acts.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from ami_bridge import frames
from ami_bridge.frames import Frame
from ami_bridge.line import Line, RefusedError
from ami_bridge.reading import KEPT
from ami_bridge.session import Pbx

PING_S = 5.0  # nobody pings here: a session that says nothing for three times as long has ended
PINGS = 5
LOGGED_IN, STEP, STEPS_TOLD = "SuccessfulAuth", "ListDialplan", "ShowDialPlanComplete"
MORE = frozenset(name.encode() for name in (LOGGED_IN, STEP, STEPS_TOLD))  # than a bridge listens to


@dataclass(frozen=True, slots=True)
class Core:
    """An Asterisk: its version, its systemname, and how many calls it has had since its start."""

    version: str
    systemname: str
    calls: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the dialplan: an application with its arguments."""

    application: str
    data: str


class Asked:
    """A logged-in session to ask on; `heard` holds every event since the log-in, as far as the user is sent them."""

    def __init__(self, line: Line, user: str, heard: list[Frame], news: asyncio.Event) -> None:
        self.line = line
        self.user = user
        self.heard = heard
        self._news = news

    async def actions(self) -> frozenset[str]:
        """Return the names of the actions that this user may send. Raises LineError."""
        return frozenset((await self.line.action("ListCommands")).keys)

    async def value(self, variable: str) -> str:
        """Return a variable's or a function's value; empty too when the PBX does not know it. Raises LineError."""
        return str((await self.line.action("Getvar", Variable=variable)).keys.get("Value", ""))

    async def core(self) -> Core:
        """Return what the PBX says it is. Raises LineError; RefusedError: the user has no right to ask."""
        settings = (await self.line.action("CoreSettings")).keys
        status = (await self.line.action("CoreStatus")).keys
        calls = status.get("CoreProcessedCalls", "0")
        version, name = settings.get("AsteriskVersion", ""), settings.get("SystemName", "")
        return Core(version, name, int(calls) if calls.isdigit() else 0)

    async def clock_ahead_s(self, clock: Callable[[], datetime]) -> float | None:
        """Return by how many seconds the PBX's clock is ahead of `clock`; None: it does not tell its time.

        Of a few answers the fastest counts. Raises LineError.
        """
        told: list[tuple[float, float]] = []
        for _ in range(PINGS):
            asked = clock()
            said = (await self.line.action("Ping")).keys.get("Timestamp", "")
            took = (clock() - asked).total_seconds()
            with contextlib.suppress(ValueError):
                told.append((took, float(said) - asked.timestamp() - took / 2))
        return min(told)[1] if told else None

    async def steps(self, context: str) -> list[Step]:
        """Return the steps of one context of the dialplan, in order. Raises LineError, RefusedError, TimeoutError."""
        before = len(self.heard)
        try:
            await self.line.action("ShowDialPlan", Context=context)
        except RefusedError as error:
            if "context" not in str(error):
                raise
            return []  # there is none
        await self.until(lambda one: one.event == STEPS_TOLD, before)
        told = [one for one in self.heard[before:] if one.event == STEP and one.get("Application")]
        return [Step(one.get("Application"), one.get("AppData")) for one in told]

    async def until(self, wanted: Callable[[Frame], bool], after: int = 0, within_s: float = 5.0) -> Frame:
        """Return the first event from index `after` of `heard` that is wanted. Raises TimeoutError."""
        async with asyncio.timeout(within_s):
            while True:
                self._news.clear()
                if (found := next(filter(wanted, self.heard[after:]), None)) is not None:
                    return found
                await self._news.wait()


@asynccontextmanager
async def asked(pbx: Pbx) -> AsyncIterator[Asked]:
    """Log in as the user that `pbx` names. Raises LineError; RefusedError when the log-in is refused."""
    heard: list[Frame] = []
    news = asyncio.Event()

    def deliver(batch: list[bytes]) -> None:
        heard.extend(map(frames.parse, batch))
        news.set()

    async with Line(pbx.host, pbx.port, ping_s=PING_S, deliver=deliver, kept=KEPT | MORE) as line:
        await line.login(pbx.username, pbx.secret)
        yield Asked(line, pbx.username, heard, news)
