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
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from tests.pbx import scenarios
from tests.pbx.asterisk import CARRIER_HOST, PBX_HOST
from tests.pbx.ports import PortBlock
from tests.pbx.scenarios import Caller

__all__ = ["Caller", "CallerProcess", "People", "Sipp"]

LIFE_S: Final = 600
_SILENCE: Final = b"\xd5" * 8000
"""One second of A-law."""


class Line(Protocol):
    """What `People` need of a PBX; a `RealAsterisk` has it."""

    @property
    def sip_port(self) -> int:
        """UDP on 127.0.0.1."""

    @property
    def ports(self) -> PortBlock:
        """Where everybody listens."""

    def cli(self, command: str) -> str:
        """What `asterisk -rx command` prints."""


class Sipp:
    """One SIPp process."""

    def __init__(self, name: str, folder: Path, arguments: list[str]) -> None:
        self.name = name
        self.messages = folder / f"{name}.messages"
        self._output = folder / f"{name}.out"
        command = ["sipp", *arguments, "-nostdin", "-timeout", str(LIFE_S)]
        command += ["-trace_msg", "-message_file", str(self.messages)]
        command += ["-trace_err", "-error_file", str(folder / f"{name}.errors")]
        with self._output.open("wb") as out:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """True until it has ended."""
        return self._process.poll() is None

    def wait(self, timeout: float = 15.0) -> None:
        """Until all its calls are over.

        Raises:
            TimeoutError: they are not.
            AssertionError: a call did not go as its scenario says; SIPp's own words are in the message.
        """
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            message = f"{self.name} goes on after {timeout} s:\n{self.trace()}"
            raise TimeoutError(message) from None
        if code != 0:
            message = f"{self.name} failed ({code}):\n{self.trace()}"
            raise AssertionError(message)

    def trace(self) -> str:
        """SIPp's errors and the end of the messages it sent and received."""
        errors = self.messages.with_suffix(".errors")
        texts = [file.read_bytes()[-3000:] for file in (errors, self.messages, self._output) if file.exists()]
        return b"\n".join(texts).decode("utf-8", "backslashreplace")

    def end(self) -> None:
        """SIGKILL: the phone is unplugged, nobody says BYE. Twice is once."""
        self._process.kill()
        self._process.wait()


class CallerProcess(Sipp):
    """One or several callers of one kind, from one SIPp process."""

    def __init__(self, name: str, folder: Path, arguments: list[str], port: int) -> None:
        super().__init__(name, folder, [*arguments, "-cid_str", f"%u-{name}@{CARRIER_HOST}"])
        self._port = port

    def hang_up(self, number: int = 1) -> None:
        """Make call `number` (from 1) of this process send BYE: now, or as soon as the PBX has answered it.

        Raises:
            TimeoutError: it was not answered within 5 s.
        """
        identity = f"{number}-{self.name}@{CARRIER_HOST}"
        deadline = time.monotonic() + 5
        while not self._acknowledged(identity):
            if time.monotonic() > deadline:
                message = f"{self.name}: call {number} was never answered:\n{self.trace()}"
                raise TimeoutError(message)
            time.sleep(0.01)  # between two looks
        text = (
            f"MESSAGE sip:now@{CARRIER_HOST} SIP/2.0\r\nVia: SIP/2.0/UDP {CARRIER_HOST}:9;branch=z9hG4bKnow\r\n"
            f"From: <sip:test@{CARRIER_HOST}>;tag=now\r\nTo: <sip:now@{CARRIER_HOST}>\r\nCall-ID: {identity}\r\n"
            "CSeq: 9 MESSAGE\r\nContent-Length: 0\r\n\r\n"
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.sendto(text.encode(), (CARRIER_HOST, self._port))

    def _acknowledged(self, identity: str) -> bool:
        """SIPp stands at its <recv> only behind the ACK; a MESSAGE before that would break the call off."""
        text = self.messages.read_bytes() if self.messages.exists() else b""
        return any(b"\nACK sip:" in part and f"Call-ID: {identity}".encode() in part for part in text.split(b"-" * 47))


class People:
    """Starts and ends everybody around one PBX (a `RealAsterisk`)."""

    def __init__(self, pbx: Line) -> None:
        self._pbx = pbx
        self.folder = Path(tempfile.mkdtemp(prefix="intake112-people-"))
        self._sound = self.folder / "silence.alaw"
        self._sound.write_bytes(_SILENCE)
        self._started: list[Sipp] = []

    def operator(
        self,
        desk: int,
        *,
        answer_ms: int | None = None,
        hang_up_ms: int | None = None,
        busy: bool = False,
        log_in: bool = True,
    ) -> Sipp:
        """The phone of desk 1 to 8 (`PJSIP/opN`). It rings; it answers after `answer_ms` (None: never, until CANCEL),
        and says BYE `hang_up_ms` later (None: waits for BYE). `log_in`: make it a member of queue 112."""
        text = scenarios.answer(sound=self._sound, answer_ms=answer_ms, hang_up_ms=hang_up_ms, busy=busy)
        phone = self._listener(f"op{desk}", PBX_HOST, self._pbx.ports.operator(desk), text)
        if log_in:
            self.log_in(desk)
        return phone

    def log_in(self, desk: int) -> None:
        """Make `PJSIP/opN` a member of queue 112, named `opN`, as a log-in does."""
        self._pbx.cli(f"queue add member PJSIP/op{desk} to 112 penalty 0 as op{desk}")

    def log_out(self, desk: int) -> None:
        """Take `PJSIP/opN` out of queue 112."""
        self._pbx.cli(f"queue remove member PJSIP/op{desk} from 112")

    def carrier(self, *, answer_ms: int | None = 200, hang_up_ms: int | None = None, busy: bool = False) -> Sipp:
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
        calls: int = 1,
        per_second: int | None = None,
    ) -> CallerProcess:
        """Dial `dialled` from the carrier's side, `calls` times at once, or evenly `per_second`.

        The call ends by `.hang_up()`, by the other side's BYE, by BYE `hang_up_ms` after the PBX's 200, or by a CANCEL
        sent right behind the INVITE (`cancel`). `rtp=False`: a caller whose sound never arrives.
        """
        name = f"caller{len(self._started)}"
        text = scenarios.call(
            caller or Caller(),
            dialled,
            sound=self._sound if rtp else None,
            hang_up_ms=hang_up_ms,
            cancel=cancel,
        )
        port = self._pbx.ports.next_caller()
        arguments = [f"{PBX_HOST}:{self._pbx.sip_port}", *self._common(name, CARRIER_HOST, port, text)]
        arguments += ["-m", str(calls), "-l", str(calls)]
        arguments += ["-r", str(per_second)] if per_second else ["-r", str(calls), "-rp", "100"]
        process = CallerProcess(name, self.folder, arguments, port)
        self._started.append(process)
        return process

    def unplug(self, name: str) -> None:
        """End the process `op1` .. `op8` or `carrier`: no BYE, no sound any more.

        Raises:
            KeyError: there is none of this name.
        """
        {process.name: process for process in self._started}[name].end()

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
        media = str(self._pbx.ports.next_media())
        return ["-sf", str(scenario), "-i", host, "-mi", host, "-p", str(port), "-mp", media, "-bind_local"]

    def _listener(self, name: str, host: str, port: int, text: bytes) -> Sipp:
        process = Sipp(name, self.folder, self._common(name, host, port, text))
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
