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
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final, TextIO

import structlog
from asterisk.agi import AGI, AGIException  # noqa: TID251  # here, and nowhere else

from db.machine_room import Alarm

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
SAYS_NOTHING_S: Final = 120.0  # longer than the dialplan leaves a caller with us
RETRY_S: Final = 5.0
_UNIQUEID: Final = re.compile(r"[A-Za-z0-9_.-]{1,150}")


@dataclass(frozen=True, slots=True)
class MenuConfig:
    """Where Asterisk finds the menu: OVERFLOW_MENU in extensions.conf names the same."""

    host: str
    port: int


class Overflow:
    """Serves the menu until it is told to stop."""

    def __init__(self, config: MenuConfig) -> None:
        self._config = config
        self._why = ""  # why nobody can be served now

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set; who is in the menu then waits on in the queue."""
        while not stop.is_set():
            try:
                server = _Server((self._config.host, self._config.port))
            except OSError as error:
                self._say(error.strerror or str(error))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(RETRY_S):
                        await stop.wait()
                continue
            self._say("")
            with server:
                serving = threading.Thread(target=server.serve_forever, name="menu", daemon=True)
                serving.start()
                await stop.wait()
                await asyncio.to_thread(server.shutdown)

    def alarms(self) -> Sequence[Alarm]:
        """Return what is wrong now."""
        if not self._why:
            return []
        where = f"{self._config.host} port {self._config.port}"
        advice = "Stop what is there, or set INTAKE112_MENU_PORT, and OVERFLOW_MENU in extensions.conf."
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

    def __init__(self, address: tuple[str, int]) -> None:
        self._places = threading.BoundedSemaphore(AT_ONCE)
        super().__init__(address, _Caller)

    def process_request(self, request: object, client_address: object) -> None:
        """Take a caller, if there is a place; else the end of the connection tells Asterisk so at once."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)  # type: ignore[arg-type]
        else:
            log.warning("menu_full", callers=AT_ONCE)
            self.shutdown_request(request)  # type: ignore[arg-type]

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
        connection.settimeout(SAYS_NOTHING_S)
        try:
            with connection.makefile("rw", encoding="utf-8", errors="replace", newline="\n") as wire:
                _serve(_Wire(wire))
        except (AGIException, OSError) as error:
            log.info("menu_left", why=f"{type(error).__name__}: {error}")
        except Exception:
            log.exception("menu_failed")


class _Wire(AGI):
    """pyst2's AGI on a socket: without the signal handler, and without a line in the log for each of the caller's."""

    def __init__(self, wire: TextIO) -> None:
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

    def tell(self, step: str, value: str = "") -> None:
        """Say what happened, to who listens now and to who reads later."""
        self.wire.appexec("UserEvent", f"Intake112Menu,Call: {self.uniqueid},Step: {step},Value: {value}")
        self.wire.appexec("CELGenUserEvent", f"INTAKE112,{self.uniqueid} {step} {value}")

    def play(self, name: str, digits: str = "") -> str:
        """Play a sound, `id/menu`; return the digit that cut it short, or nothing."""
        return self.wire.stream_file(str(self.prompts / name), digits)


def _serve(wire: AGI) -> None:
    call = _call_of(wire)
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


def _call_of(wire: AGI) -> _Call:
    """Return whom the dialplan sends us. Raises AGIException when it is not the one of asterisk-conf."""
    uniqueid, prompts, recordings = (wire.env.get(f"agi_arg_{n}", "") for n in (1, 2, 3))
    if not _UNIQUEID.fullmatch(uniqueid) or not prompts.startswith("/") or not recordings.startswith("/"):
        raise AGIException("the dialplan gives no uniqueid, no folder of prompts, or no folder of recordings")
    return _Call(wire, uniqueid, PurePosixPath(prompts), PurePosixPath(recordings))


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
