"""The voice menu of callers whom nobody can answer: a FastAGI server on pyst2. The only file that speaks AGI.

The caller says by a digit what is the matter, and leaves a message; a call back is owed to him. What the menu learns it
tells in the PBX's own words, as an event and as a line of CEL: so it reaches the desk by the tape like everything else,
also when the bridge hears it later, and this server touches no database.

Asterisk waits for us without a limit; so the dialplan rings us (`overflow` in extensions.conf: 3 seconds to answer,
then so many in all) and goes on with the caller whatever becomes of us. The library blocks: a thread for each caller.
"""

import asyncio
import contextlib
import re
import socket
import socketserver
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import TracebackType
from typing import Final, Self

import structlog
from asterisk.agi import AGI, AGIAppError, AGIException  # noqa: TID251  # here, and nowhere else

from db.machine_room import Alarm
from db.wakeups import rest

log = structlog.get_logger(__name__)
KINDS: Final = {
    "1": "kebakaran",
    "2": "ambulans",
    "3": "laka",
    "4": "kriminal",
    "5": "banjir",
    "6": "laut",
    "0": "lain",
}
"""What a digit means, as `asterisk-conf/prompts/*/menu.txt` says it; codes of the desk's kinds."""
OTHER_LANGUAGE: Final = "9"
FIRST, OTHER = "id", "en"
AT_ONCE: Final = 60  # callers; one more waits on in the queue at once
DIGIT_WITHIN_MS: Final = 4_000  # after the menu
MESSAGE_MS: Final = 45_000
SILENCE_S: Final = 8  # ends a message: who cannot speak need not press a key
SERVED_S: Final = 180.0  # longer than the dialplan leaves a caller with us: then the connection is cut
BEGINS_S: Final = 5.0  # to say who it is
LONGEST_LINE: Final = 4096
TROUBLE_FOR_S: Final = 3600.0  # for so long is told that a sound was missing, or that there were too many
RETRY_S: Final = 5.0
UP: Final = 6  # the state of a channel that somebody is on
_UNIQUEID: Final = re.compile(r"[A-Za-z0-9_.-]{1,150}")


@dataclass(frozen=True, slots=True)
class MenuConfig:
    """Where Asterisk finds the menu: OVERFLOW_MENU in extensions.conf names the same."""

    host: str
    port: int


class _Troubles:
    """What went wrong lately, by the code of its alarm; threads write it, the loop reads."""

    def __init__(self) -> None:
        self._since: dict[str, tuple[float, Alarm]] = {}

    def note(self, alarm: Alarm) -> None:
        """Keep the last of each code."""
        self._since[alarm.code] = (time.monotonic(), alarm)

    def alarms(self) -> list[Alarm]:
        """Return those of the last hour."""
        now = time.monotonic()
        return [alarm for _, (at, alarm) in sorted(self._since.items()) if now - at < TROUBLE_FOR_S]


class Overflow:
    """Serves the menu until it is told to stop."""

    def __init__(self, config: MenuConfig) -> None:
        self._config = config
        self._why = ""  # why nobody can be served now
        self._troubles = _Troubles()

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set; who is in the menu then waits on in the queue."""
        while not stop.is_set():
            try:
                server = await asyncio.to_thread(_Server, self._config, self._troubles)
            except OSError as error:
                self._say(error.strerror or str(error))
                await rest(stop, RETRY_S)
                continue
            self._say("")
            with server:
                threading.Thread(target=server.serve_forever, name="menu", daemon=True).start()
                try:
                    await stop.wait()
                finally:
                    server.shutdown()  # half a second at most; without it the thread would spin on a closed socket

    def alarms(self) -> Sequence[Alarm]:
        """Return what is wrong now."""
        if not self._why:
            return self._troubles.alarms()
        where = f"{self._config.host} port {self._config.port}"
        advice = (
            "Stop what is there, or set INTAKE112_MENU_PORT, and OVERFLOW_MENU in extensions.conf. Where another "
            "bridge of this machine serves it, set no INTAKE112_MENU_PORT here."
        )
        return [Alarm("menu", f"Callers whom nobody answers get no voice menu: {where}: {self._why}. {advice}")]

    def _say(self, why: str) -> None:
        if why and why != self._why:
            log.error("menu_not_served", host=self._config.host, port=self._config.port, why=why)
        self._why = why


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = AT_ONCE

    def __init__(self, config: MenuConfig, troubles: _Troubles) -> None:
        self.troubles = troubles
        self._places = threading.BoundedSemaphore(AT_ONCE)
        super().__init__((config.host, config.port), _Caller)

    def process_request(self, request: object, client_address: object) -> None:
        """Take a caller, if there is a place; else the end of the connection tells Asterisk so at once."""
        if not self._places.acquire(blocking=False):
            said = f"A caller found no place in the voice menu, which takes {AT_ONCE}, and waits on in the queue."
            log.warning("menu_full", callers=AT_ONCE)
            self.troubles.note(Alarm("menu_full", said))
            self.shutdown_request(request)  # type: ignore[arg-type]
            return
        try:
            super().process_request(request, client_address)  # type: ignore[arg-type]
        except BaseException:  # no thread could be started
            self._places.release()
            raise

    def process_request_thread(self, request: object, client_address: object) -> None:
        """Serve a caller, and give the place back."""
        try:
            super().process_request_thread(request, client_address)  # type: ignore[arg-type]
        finally:
            self._places.release()


class _Caller(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        """Serve one caller. That he hangs up is no error; whatever is one, Asterisk goes on with him."""
        connection: socket.socket = self.request
        server = self.server
        try:
            with _Lines(connection) as lines, _until(connection, SERVED_S):
                with _until(connection, BEGINS_S):
                    wire = _Wire(lines)
                _serve(wire, server.troubles if isinstance(server, _Server) else _Troubles())
        except (AGIException, OSError) as error:
            log.info("menu_left", why=f"{type(error).__name__}: {error}")
        except Exception:
            log.exception("menu_failed")


@contextlib.contextmanager
def _until(connection: socket.socket, seconds: float) -> Iterator[None]:
    """Cut the connection after so long, however it drips."""
    timer = threading.Timer(seconds, lambda: _cut(connection))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _cut(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Lines:
    """The lines of a connection, as pyst2 wants them; its end is an error, which pyst2 would read for ever."""

    def __init__(self, connection: socket.socket) -> None:
        self._wire = connection.makefile("rwb")

    def readline(self) -> str:
        """Return the next line. Raises ConnectionError at the end, or when it is longer than LONGEST_LINE."""
        line = self._wire.readline(LONGEST_LINE)
        if not line.endswith(b"\n"):
            raise ConnectionError("Asterisk ended the connection" if not line else "an endless line")
        return line.decode("utf-8", "replace")

    def write(self, text: str) -> None:
        """Put a command into the buffer."""
        self._wire.write(text.encode("utf-8", "replace"))

    def flush(self) -> None:
        """Send what is in the buffer."""
        self._wire.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with contextlib.suppress(OSError):
            self._wire.close()


class _Wire(AGI):
    """pyst2's AGI on a socket: without the signal handler, and without a line in the log for each of the caller's."""

    def __init__(self, wire: _Lines) -> None:
        # Not pyst2's own: that one installs a handler of SIGHUP, which only the main thread may.
        self.stdin = self.stdout = wire
        self.stderr = _Nowhere()
        self.env = {}
        self._got_sighup = False
        self._get_agi_env()


class _Nowhere:
    def write(self, text: str) -> None:
        """Forget the text."""


@dataclass(frozen=True, slots=True)
class _Call:
    wire: AGI
    uniqueid: str
    prompts: PurePosixPath
    recordings: PurePosixPath
    troubles: _Troubles

    def tell(self, step: str, value: str = "") -> None:
        """Say what happened, to who reads later and then to who listens now: what anybody heard stands written."""
        self.wire.appexec("CELGenUserEvent", f"INTAKE112,{self.uniqueid} {step} {value}")
        self.wire.appexec("UserEvent", f"Intake112Menu,Call: {self.uniqueid},Step: {step},Value: {value}")

    def play(self, name: str, digits: str = "") -> str:
        """Play a sound, `id/menu`; return the digit that cut it short, or nothing. One that is missing is left out."""
        sound = str(self.prompts / name)
        try:
            return self.wire.stream_file(sound, digits)
        except AGIAppError:
            if self.wire.channel_status() != UP:
                raise
        log.error("menu_sound_missing", sound=sound)
        said = (
            f"The voice menu has no sound {sound}: its callers hear nothing there. `intake112 prompts {self.prompts}`."
        )
        self.troubles.note(Alarm("menu_prompts", said))
        return ""


def _serve(wire: AGI, troubles: _Troubles) -> None:
    call = _call_of(wire, troubles)
    wire.answer()
    call.tell("answered")
    language, digit = _choose(call)
    if digit:
        call.tell("kind", KINDS[digit])
    call.play(f"{language}/message")
    name = f"{call.uniqueid}-message"
    call.tell("message", f"{name}.wav")
    wire.record_file(str(call.recordings / name), "wav", "#", MESSAGE_MS, 0, "beep", SILENCE_S)
    call.play(f"{language}/saved")
    log.info("menu_served", call=call.uniqueid, kind=KINDS.get(digit))


def _call_of(wire: AGI, troubles: _Troubles) -> _Call:
    """Return whom the dialplan sends us. Raises AGIException when it is not the one of asterisk-conf."""
    uniqueid, prompts, recordings = (wire.env.get(f"agi_arg_{n}", "") for n in (1, 2, 3))
    if not _UNIQUEID.fullmatch(uniqueid) or not prompts.startswith("/") or not recordings.startswith("/"):
        raise AGIException("the dialplan gives no uniqueid, no folder of prompts, or no folder of recordings")
    return _Call(wire, uniqueid, PurePosixPath(prompts), PurePosixPath(recordings), troubles)


def _choose(call: _Call) -> tuple[str, str]:
    """Return the caller's language, and the digit of KINDS he pressed, if any."""
    digits = "".join(KINDS)
    digit = call.play(f"{FIRST}/menu", digits + OTHER_LANGUAGE)
    digit = digit or call.play(f"{OTHER}/other", digits + OTHER_LANGUAGE)
    digit = digit or call.wire.wait_for_digit(DIGIT_WITHIN_MS)
    language = FIRST
    if digit == OTHER_LANGUAGE:
        language = OTHER
        digit = call.play(f"{OTHER}/menu", digits) or call.wire.wait_for_digit(DIGIT_WITHIN_MS)
    return language, digit if digit in KINDS else ""
