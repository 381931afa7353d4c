"""What the desk asked of the PBX is done, on a session of its own with a user of its own: the ear is never the hand.

A request is begun in one transaction, done, and ended in another. What broke off between the two (the line was lost,
this process was killed) may have happened or not: it is ended as `unknown` and never done again. What nobody began in
time is not done at all. Whatever fails here, the caller's call goes on.

A call back lasts longer than an answer: the hand has the PBX begin it, under a channel that has the request's id, and
the ear tells how it ends (`call_backs`). What nobody told of it in CALLING_WITHIN is unknown.
"""

import asyncio
import contextlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from msgspec.structs import replace

from ami_bridge.call_backs import channel_of
from ami_bridge.line import Line, LineError, RefusedError
from ami_bridge.session import RECONNECT_AFTER_S, Pbx
from db import controls, machine_room
from db.controls import TOPIC, ControlRow, End
from db.engine import Database, DatabaseUnavailableError
from db.machine_room import Alarm
from db.wakeups import rest
from intake import control, numbers
from intake.control import ASKED_WITHIN, CALL_BACK, DESK, SERVICE

log = structlog.get_logger(__name__)
POLL_S = 1.0
BEAT_EVERY_S = 5.0
RETRY_DATABASE_S = 0.5
GIVEN_UP_AFTER = timedelta(minutes=1)  # what another bridge began: by then no answer is awaited any more
END_WITHIN_S = 3.0  # for so long a stop waits for what is under way
CALLING_WITHIN = timedelta(minutes=2)  # the desk rings for 30 s, then the caller for 60
DESK_RINGS_MS = 30_000
NOBODY_THERE = frozenset(
    {"No such channel", "Channel does not exist", "Channel specified does not exist", "Channel not found"}
)
ALREADY_THERE = "Already there"  # a member is added that is one
THREE_WAY = "*3"  # atxferthreeway in features.conf
TRANSFER = "transfer"  # where a caller is sent; whoever is not reached there comes back to the queue
WAY_OUT = "intake-out"  # the only context by which the desk reaches the trunk
BACK = "again", "112"  # where a caller goes whom nobody answers there
DIALS, THREE_TALK = "app_dial", "bridge_softmix"  # without them a caller is hung up, or thrown out of his talk
ASKED_FOR = DIALS, THREE_TALK  # parts of the PBX that are asked for before anything is done; `doctor` asks, too
TEST_LASTS_S, TEST_RINGS_MS = "1", "30000"
HANG_UP = "16"  # normal clearing (ITU-T Q.850)
MEANWHILE = "Use the telephone"
MENDS = {
    "No attended transfer feature code found": (
        "features.conf, [featuremap]: `atxfer=*7`, then `asterisk -rx 'module reload features'`, for later calls"
    ),
    "Invalid/unknown command: PlayDTMF": (
        "modules.conf: `load=app_senddtmf.so`, then `asterisk -rx 'module load app_senddtmf.so'`"
    ),
}
"""How what Asterisk refuses is mended, by the beginning of what it says."""
LOST = "the line to the PBX was lost meanwhile; look whether it happened before you ask again"
UNTOLD = "nobody heard how it ended; look whether it happened before you ask again"
KILLED = "the bridge ended meanwhile; look whether it happened before you ask again"


@dataclass(frozen=True, slots=True)
class ControlConfig:
    """The PBX with its second user, the queues that may be changed, and the desks whose telephones may be asked for."""

    pbx: Pbx
    queues: frozenset[str]
    desks: frozenset[str]  # names of PJSIP endpoints


@dataclass(frozen=True, slots=True)
class _Outcome:
    state: End
    result: str
    detail: str = ""


class Control:
    """Does what the desk asks of one PBX until it is told to stop. `bridge` names whose hand it is."""

    def __init__(self, database: Database, config: ControlConfig, bridge: str) -> None:
        self._database = database
        self._config = config
        self._name = SERVICE + bridge.removeprefix("bridge:")
        self._state, self._detail = "connecting", ""
        self._changed = asyncio.Event()
        self._told = ""  # the state that `/live` was told

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set."""
        async with asyncio.TaskGroup() as tasks:
            beat = tasks.create_task(self._beat())
            sessions = tasks.create_task(self._sessions(stop))
            await stop.wait()
            self._database.wakeups.notify(TOPIC)
            await asyncio.wait([sessions], timeout=END_WITHIN_S)
            sessions.cancel()  # what is under way ends as unknown at the next start
            beat.cancel()
        self._say("stopped", "")
        with contextlib.suppress(DatabaseUnavailableError):
            await self._beat_once()

    # -- the session --------------------------------------------------------------------------------------------------

    async def _sessions(self, stop: asyncio.Event) -> None:
        tries = 0
        while not stop.is_set():
            before = self._state
            try:
                why = await self._session(stop)
            except RefusedError as error:
                why = f"{error} (check INTAKE112_CONTROL_USERNAME and INTAKE112_CONTROL_SECRET)"
            except LineError as error:
                why = str(error)
            except Exception as error:
                log.exception("control_failed", pbx=self._config.pbx.name)
                why = f"{type(error).__name__}, see the log"
            tries = tries + 1 if self._state == before else 0
            if not stop.is_set():
                self._say("disconnected", why)
                await rest(stop, RECONNECT_AFTER_S[min(tries, len(RECONNECT_AFTER_S) - 1)])

    async def _session(self, stop: asyncio.Event) -> str:
        """Hold one session until it ends, or we are to stop; return why it ended. Raises LineError."""
        pbx = self._config.pbx
        async with Line(pbx.host, pbx.port, ping_s=pbx.ping_s, deliver=_unheard) as line:
            await line.login(pbx.username, pbx.secret)
            self._say("connected", f"{pbx.host}:{pbx.port}")
            async with asyncio.TaskGroup() as tasks:
                work = tasks.create_task(self._work(line, stop))
                alive = tasks.create_task(line.keep_alive(self._database.clock, _unasked))
                await asyncio.wait([work, alive], return_when=asyncio.FIRST_COMPLETED)
                if alive.done():
                    line.end(alive.result())  # the work ends by it
                else:
                    alive.cancel()
            return line.closed.result() if line.closed.done() else "told to stop"

    async def _work(self, line: Line, stop: asyncio.Event) -> None:
        """Do one request after the other; return when the line is lost."""
        wakeups = self._database.wakeups
        while not stop.is_set() and not line.closed.done():
            ticket = wakeups.ticket(TOPIC)
            try:
                row = await self._next()
            except DatabaseUnavailableError as error:
                log.warning("database_unavailable", why=str(error))
                await asyncio.sleep(RETRY_DATABASE_S)
                continue
            if row is None:
                await wakeups.wait(TOPIC, ticket, POLL_S)
                continue
            if (outcome := await self._do(line, row)) is not None:
                await self._end(row, outcome)

    # -- the requests -------------------------------------------------------------------------------------------------

    async def _next(self) -> ControlRow | None:
        """Begin the oldest request that can still be done, and return it; end those that cannot."""
        async with self._database.glance() as reading:
            if not await controls.unfinished(reading, self._config.pbx.name):
                return None
        async with self._database.transaction() as tx:
            for row in await controls.unfinished(tx, self._config.pbx.name):
                if row.begun_at is not None and row.action == CALL_BACK:
                    if tx.now - row.begun_at > CALLING_WITHIN:
                        await control.end(tx, row, "failed", "unknown", UNTOLD)
                elif row.begun_at is not None:
                    if row.begun_by == self._name or tx.now - row.begun_at > GIVEN_UP_AFTER:
                        await control.end(tx, row, "failed", "unknown", KILLED)
                elif tx.now - row.asked_at > ASKED_WITHIN:
                    late = f"nobody could do it within {ASKED_WITHIN.total_seconds():.0f} s, so it was not done"
                    await control.end(tx, row, "failed", "too_late", late)
                elif await controls.begin(tx, row.id, self._name):
                    return row
        return None

    async def _do(self, line: Line, row: ControlRow) -> _Outcome | None:
        """Do one request; None: it is under way, and the ear tells how it ends."""
        if (why := self._forbidden(row)) is not None:
            return _Outcome("failed", "refused", why)
        for name, headers in actions_of(row):
            try:
                answer = await line.action(name, **headers)
            except RefusedError as error:
                said = str(error).removeprefix(f"{name}: ")
                if row.action == "member-ready" and ALREADY_THERE in said:
                    continue
                mend = next((f". {MEANWHILE}; {how}" for what, how in MENDS.items() if said.startswith(what)), "")
                return _Outcome("failed", "call_over" if said in NOBODY_THERE else "refused", said + mend)
            except LineError:
                return None if row.action == CALL_BACK else _Outcome("failed", "unknown", LOST)
            if name == "Getvar" and (why := _refusal(headers["Variable"], answer.keys.get("Value", ""))):
                return _Outcome("failed", "refused", why)
        return None if row.action == CALL_BACK else _Outcome("done", "done")

    def _forbidden(self, row: ControlRow) -> str | None:
        """Return why this may not be asked of this PBX, whoever asks."""
        queue, device, number = (row.arguments.get(name) for name in ("queue", "device", "number"))
        if queue is not None and queue not in self._config.queues:
            return f"{queue} is none of INTAKE112_LINE_QUEUES"
        if device is not None and device.removeprefix(DESK) not in self._config.desks:
            return f"{device} is the telephone of none of INTAKE112_DESKS"
        if number is not None and not (_is_passed_on(row, number) or numbers.diallable(number)):
            return f"{number} is no telephone number"
        return None

    async def _end(self, row: ControlRow, outcome: _Outcome) -> None:
        log.info("control_ended", id=row.id, action=row.action, result=outcome.result, detail=outcome.detail)
        while True:
            try:
                async with self._database.transaction() as tx:
                    await control.end(tx, row, outcome.state, outcome.result, outcome.detail)
            except DatabaseUnavailableError as error:
                log.warning("database_unavailable", why=str(error))
                await asyncio.sleep(RETRY_DATABASE_S)
            else:
                return

    # -- what it says of itself ---------------------------------------------------------------------------------------

    def _say(self, state: str, detail: str) -> None:
        if (state, detail) != (self._state, self._detail):
            log.info("control_state", pbx=self._config.pbx.name, state=state, detail=detail)
            self._state, self._detail = state, detail
            self._changed.set()

    def alarms(self) -> Sequence[Alarm]:
        """Return what is wrong now."""
        if self._state != "disconnected":
            return ()
        return (Alarm("control", f"The desk cannot control calls: {self._detail}. Calls go on; use the telephone."),)

    async def _beat_once(self) -> None:
        async with self._database.transaction() as tx:
            state = self._state
            await machine_room.beat(tx, self._name, state, self._detail, {}, self.alarms())
            if state != self._told:
                tx.tell("service", self._name)
        self._told = state

    async def _beat(self) -> None:
        while True:
            self._changed.clear()
            try:
                await self._beat_once()
            except DatabaseUnavailableError as error:
                log.warning("beat_not_saved", why=str(error))
            await rest(self._changed, BEAT_EVERY_S)


def actions_of(row: ControlRow) -> list[tuple[str, dict[str, str]]]:
    """Return the AMI actions that do what was asked, one after the other, and their headers."""
    said = row.arguments
    member = {"Queue": said.get("queue", ""), "Interface": said.get("interface", said.get("device", ""))}
    leg = {"Channel": said.get("leg", "")}
    match row.action:
        case "hang-up":
            return [("Hangup", {"Channel": said["uniqueid"], "Cause": HANG_UP})]
        case "transfer":
            to = {"Context": TRANSFER, "Exten": said["number"], "Priority": "1"}
            return [*_passes_on(said["number"]), ("Redirect", {"Channel": said["uniqueid"]} | to)]
        case "consult":
            number = numbers.keys(said["number"])  # Asterisk presses them
            return [*_passes_on(number), ("Atxfer", leg | {"Context": TRANSFER, "Exten": number})]
        case "consult-cancel":
            return [_asks(leg), ("CancelAtxfer", leg)]
        case "consult-join":
            keys = (("PlayDTMF", leg | {"Digit": digit, "Receive": "true"}) for digit in THREE_WAY)
            return [_asks(leg), _is_loaded(THREE_TALK), *keys]
        case "consult-complete":
            return [_asks(leg), ("Hangup", leg | {"Cause": HANG_UP})]
        case control.CALL_BACK:
            ours = channel_of(row.id)
            desk = {"Channel": said["device"], "CallerID": said["number"], "Timeout": str(DESK_RINGS_MS)}
            to = {"Context": WAY_OUT, "Exten": said["number"], "Priority": "1"}
            how = {"Async": "true", "ChannelId": ours, "ActionID": ours}
            return [_is_loaded(DIALS), ("Originate", desk | to | how)]
        case control.TEST_CALL:
            to = {"Channel": f"Local/{said['number']}@{WAY_OUT}/n", "Application": "Wait", "Data": TEST_LASTS_S}
            how = {"Variable": "__INTAKE112=test", "Async": "true", "Timeout": TEST_RINGS_MS}
            return [_there_is(WAY_OUT, said["number"]), ("Originate", to | how)]
        case "member-add":
            return [("QueueAdd", member | {"MemberName": said["name"], "StateInterface": said["device"]})]
        case "member-ready":
            parts = (replace(row, action=action) for action in ("member-add", "member-unpause"))
            return [one for part in parts for one in actions_of(part)]
        case "member-remove":
            return [("QueueRemove", member)]
        case "member-pause":
            reason = {"Reason": said["reason"]} if "reason" in said else {}
            return [("QueuePause", member | {"Paused": "true"} | reason)]
        case "member-unpause":
            return [("QueuePause", member | {"Paused": "false"})]
        case unknown:
            raise ValueError(f"no such action: {unknown}")


def _is_passed_on(row: ControlRow, number: str) -> bool:
    """A caller may be passed on to another desk, which has one digit; nobody else is dialled by that."""
    return row.action in ("transfer", "consult") and re.fullmatch(numbers.PASSED_ON, number) is not None


def _refusal(variable: str, value: str) -> str:
    """Return why what was asked first forbids the rest; empty: it does not."""
    if variable == "BRIDGEPEER":
        return "" if value.startswith("Local/") else "the desk asks nobody at this moment; nothing was done"
    if variable.startswith("IFMODULE("):  # "": it cannot say
        module = variable.removeprefix("IFMODULE(").removesuffix(")")
        mend = f"{MEANWHILE}; modules.conf: `load={module}`, then `asterisk -rx 'module load {module}'`"
        return f"the PBX has not loaded {module}; nothing was done. {mend}" if value == "0" else ""
    mend = f"{MEANWHILE}; `intake112 doctor` says what the PBX lacks"
    return "" if value == "1" else f"the PBX has no {variable}; nothing was done. {mend}"


def _asks(leg: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Ask first: a desk that talks to its caller would lose them, and nobody would have been asked anything."""
    return "Getvar", leg | {"Variable": "BRIDGEPEER"}


def _there_is(context: str, exten: str) -> tuple[str, dict[str, str]]:
    """Ask first: a channel that is redirected to where there is nothing is hung up by Asterisk."""
    return "Getvar", {"Variable": f"DIALPLAN_EXISTS({context},{exten},1)"}


def loaded(module: str) -> str:
    """Return the variable that is 1 where a module is loaded, 0 where not, and empty where the PBX cannot say."""
    return f"IFMODULE({module}.so)"


def _is_loaded(module: str) -> tuple[str, dict[str, str]]:
    return "Getvar", {"Variable": loaded(module)}


def _passes_on(number: str) -> list[tuple[str, dict[str, str]]]:
    """Ask first for each step of the way, the one back included: at one that is missing the caller is hung up."""
    way = (TRANSFER, number), (WAY_OUT, number), BACK
    return [*(_there_is(context, exten) for context, exten in way), _is_loaded(DIALS)]


def _unheard(_: list[bytes]) -> None:
    """The other session hears."""


async def _unasked(_asked: datetime, _answered: datetime, _pbx_said: str) -> None:
    """The other session compares the clocks."""
