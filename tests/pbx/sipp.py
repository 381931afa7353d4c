"""People on the line: callers, operators and the carrier, each a SIPp child process.

    with RealAsterisk() as pbx, People(pbx) as people, pbx.stream() as ami:
        people.operator(1, answer_ms=300)
        call = people.call(Caller("+6281200000001"), "112")
        ami.wait_event("AgentConnect")
        call.hang_up()
        call.wait()

Leaving `People` ends every process it started, by its pid. Every process also ends by itself after `LIFE_S`.
"""

import shutil
import socket
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from tests.pbx import scenarios
from tests.pbx.asterisk import CARRIER_HOST, PBX_HOST
from tests.pbx.handset import CallerProcess, Handset, Sipp
from tests.pbx.ports import PortBlock
from tests.pbx.scenarios import Caller

__all__ = ["Caller", "CallerProcess", "Handset", "People", "Sipp"]

_SILENCE: Final = b"\xd5" * 8000
"""One second of A-law."""
_VOICE: Final = (b"\x2a" * 8 + b"\xaa" * 8) * 500
"""One second of A-law, loud, 500 Hz."""


class Line(Protocol):
    """What `People` need of a PBX; a `RealAsterisk` has it."""

    @property
    def sip_port(self) -> int:
        """UDP on 127.0.0.1."""

    @property
    def ports(self) -> PortBlock:
        """Where everybody listens."""

    def desk_secret(self, desk: int) -> str:
        """With which the phone of this desk logs in."""

    def cli(self, command: str) -> str:
        """What `asterisk -rx command` prints."""


class People:
    """Starts and ends everybody around one PBX (a `RealAsterisk`)."""

    def __init__(self, pbx: Line) -> None:
        self._pbx = pbx
        self.folder = Path(tempfile.mkdtemp(prefix="intake112-people-"))
        self._sound = self.folder / "silence.alaw"
        self._sound.write_bytes(_SILENCE)
        self._voice = self.folder / "voice.alaw"
        self._voice.write_bytes(_VOICE)
        self._started: list[Handset] = []

    def operator(
        self,
        desk: int,
        *,
        answer_ms: int | None = None,
        hang_up_ms: int | None = None,
        busy: bool = False,
        log_in: bool = True,
    ) -> Handset:
        """The phone of desk 1 to 8 (`PJSIP/opN`). It rings; it answers after `answer_ms` (None: never, until CANCEL),
        and says BYE `hang_up_ms` later (None: waits for BYE). `log_in`: make it a member of queue 112."""
        text = scenarios.answer(sound=self._sound, answer_ms=answer_ms, hang_up_ms=hang_up_ms, busy=busy)
        phone = self._listener(f"op{desk}", PBX_HOST, self._pbx.ports.operator(desk), text)
        if log_in:
            self.log_in(desk)
        return phone

    def log_in(self, desk: int, interface: str | None = None) -> None:
        """Make `PJSIP/opN` a member of queue 112, named `opN`, as a log-in does. `interface`: it is rung by this one,
        for example a Local channel as FreePBX has it."""
        device = f"PJSIP/op{desk}"
        rung, state = (device, "") if interface is None else (interface, f" state_interface {device}")
        self._pbx.cli(f"queue add member {rung} to 112 penalty 0 as op{desk}{state}")

    def log_out(self, desk: int) -> None:
        """Take `PJSIP/opN` out of queue 112."""
        self._pbx.cli(f"queue remove member PJSIP/op{desk} from 112")

    def carrier(self, *, answer_ms: int | None = 200, hang_up_ms: int | None = None, busy: bool = False) -> Handset:
        """Where calls out over the trunk arrive; answers like an operator's phone."""
        text = scenarios.answer(sound=self._sound, answer_ms=answer_ms, hang_up_ms=hang_up_ms, busy=busy)
        return self._listener("carrier", CARRIER_HOST, self._pbx.ports.carrier, text)

    def call(
        self,
        caller: Caller | None = None,
        dialled: str = "112",
        *,
        hang_up_ms: int | None = None,
        cancel: bool = False,
        rtp: bool = True,
        speaks: bool = False,
        calls: int = 1,
        per_second: int | None = None,
        host: str = CARRIER_HOST,
    ) -> CallerProcess:
        """Dial `dialled` from the carrier's side (or another `host`), `calls` times at once, or evenly `per_second`.

        The call ends by `.hang_up()`, by the other side's BYE, by BYE `hang_up_ms` after the PBX's 200, or by a CANCEL
        sent right behind the INVITE (`cancel`). `rtp=False`: a caller whose sound never arrives. `speaks`: one who is
        heard.
        """
        text = scenarios.call(
            caller or Caller(),
            dialled,
            sound=(self._voice if speaks else self._sound) if rtp else None,
            hang_up_ms=hang_up_ms,
            cancel=cancel,
        )
        rate = ["-r", str(per_second)] if per_second else ["-r", str(calls), "-rp", "100"]
        return self._caller("caller", host, text, ["-m", str(calls), "-l", str(calls), *rate])

    def dial(self, desk: int, number: str) -> CallerProcess:
        """Take up the phone of a desk and dial: another desk, a pickup code. Its owner need not be idle: it is a second
        line of the same phone (another SIPp process, logged in as the same desk)."""
        text = scenarios.call(Caller(f"op{desk}"), number, sound=self._sound, password=self._pbx.desk_secret(desk))
        return self._caller(f"op{desk}-dials", PBX_HOST, text, ["-m", "1"])

    def phone(self, name: str) -> Handset:
        """The process `op1` .. `op8` or `carrier`.

        Raises:
            KeyError: there is none of this name.
        """
        return {process.name: process for process in self._started}[name]

    def unplug(self, name: str) -> None:
        """End the process `op1` .. `op8` or `carrier`: no BYE, no sound any more. Raises KeyError, as `phone`."""
        self.phone(name).end()

    def call_out(self, number: str, desk: int = 1) -> None:
        """Ring the desk's phone and, when it answers, dial `number` through `intake-out` over the trunk."""
        self._pbx.cli(f"channel originate PJSIP/op{desk} extension {number}@intake-out")

    def close(self) -> None:
        """End every process and remove their files. Twice is once."""
        for process in reversed(self._started):
            process.end()
        self._started.clear()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _common(self, name: str, host: str, port: int, text: bytes) -> list[str]:
        scenario = self.folder / f"{name}.xml"
        scenario.write_bytes(text)
        media = str(self._pbx.ports.next_media(host))
        return ["-sf", str(scenario), "-i", host, "-mi", host, "-p", str(port), "-mp", media, "-bind_local"]

    def _caller(self, name: str, host: str, text: bytes, more: list[str]) -> CallerProcess:
        name = f"{name}{len(self._started)}"
        port = self._pbx.ports.next_caller()
        arguments = [f"{PBX_HOST}:{self._pbx.sip_port}", *self._common(name, host, port, text), *more]
        process = CallerProcess(name, self.folder, arguments, (host, port))
        self._started.append(process)
        return process

    def _listener(self, name: str, host: str, port: int, text: bytes) -> Handset:
        process = Handset(name, self.folder, self._common(name, host, port, text), (host, port))
        self._started.append(process)
        deadline = time.monotonic() + 5
        while not _listens(host, port):
            if not process.running or time.monotonic() > deadline:
                message = f"{name} does not listen:\n{process.trace()}"
                raise RuntimeError(message)
            time.sleep(0.02)  # between two looks
        return process


def _listens(host: str, port: int) -> bool:
    wanted = f"{int.from_bytes(socket.inet_aton(host), 'little'):08X}:{port:04X}"
    return any(wanted in line for line in Path("/proc/net/udp").read_text().splitlines())
