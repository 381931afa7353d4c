"""One SIPp process, and what a test may tell it to do in the calls it talks in."""

import socket
import subprocess
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Final

from tests.pbx.scenarios import REFUSED

__all__ = ["LIFE_S", "CallerProcess", "Handset", "Sipp"]

LIFE_S: Final = 600
_READY_S: Final = 5.0


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

    def invites(self) -> int:
        """How often it was called, or called."""
        asked = self._seen(b"\nINVITE sip:")
        return len({_header(one, "Call-ID") for one in asked})

    def _seen(self, *parts: bytes) -> list[bytes]:
        """Every message sent or received that holds all of these, oldest first."""
        text = self.messages.read_bytes() if self.messages.exists() else b""
        return [message for message in text.split(b"-" * 47) if all(part in message for part in parts)]


class Handset(Sipp):
    """A phone that does what it is told, in the call that began last, as soon as that is answered.

    Every method raises TimeoutError when nobody talks within 5 s, or when what was told was not done within 5 s.
    """

    def __init__(self, name: str, folder: Path, arguments: list[str], address: tuple[str, int]) -> None:
        super().__init__(name, folder, arguments)
        self._address = address
        self._told = count(1)

    @property
    def talks(self) -> bool:
        """True while the call that began last is answered and not over."""
        trace = self._seen()
        begun = next((_header(one, "Call-ID") for one in reversed(trace) if b"\nINVITE sip:" in one), None)
        own = [one for one in trace if begun is not None and f"Call-ID: {begun}".encode() in one]
        over = any(end in one for one in own for end in (b"\nBYE sip:", b"\nCANCEL sip:", b"\nSIP/2.0 486"))
        return not over and any(b"\nACK sip:" in one for one in own)

    def hang_up(self) -> None:
        """Say BYE."""
        self._tell("HANGUP", self._call_id())

    def hold(self) -> None:
        """Lay the call on hold: a new offer, `sendonly`."""
        self._tell("HOLD", self._call_id(), done=(b"\nACK sip:",))

    def resume(self) -> None:
        """Take it back: a new offer, `sendrecv`."""
        self._tell("RESUME", self._call_id(), done=(b"\nACK sip:",))

    def press(self, key: str) -> None:
        """Press a key of the telephone."""
        self._tell("PRESS", self._call_id(), f"X-Key: {key}\r\n", done=(b"\nSIP/2.0 200", b" INFO"))

    def transfer(self, target: "str | Handset") -> None:
        """Send REFER: blind to a number, or attended to whom another talk of this desk (`People.dial`) speaks with."""
        refer_to = f"<sip:{target}@pbx>" if isinstance(target, str) else target.replaces()
        self._tell("TRANSFER", self._call_id(), f"Refer-To: {refer_to}\r\n", done=(b"\nSIP/2.0 202", b" REFER"))

    def replaces(self) -> str:
        """The Refer-To that transfers somebody to the other end of this talk; `to-tag` is the PBX's."""
        call_id = self._call_id()
        answer = self._seen(b"\nSIP/2.0 200", f"Call-ID: {call_id}".encode(), b" INVITE")[-1]
        uri = _header(answer, "To").partition("<")[2].partition(">")[0]
        theirs, own = (_header(answer, name).partition("tag=")[2] for name in ("To", "From"))
        return f"<{uri}?Replaces={call_id.replace('@', '%40')}%3Bto-tag%3D{theirs}%3Bfrom-tag%3D{own}>"

    def _call_id(self, wanted: str = "") -> str:
        """Of the call that began last and was not called off. SIPp listens to us only behind its ACK; before that we
        would break it off. Called off is, for example, what the PBX still sends for a phone unplugged while it rang."""

        ours = f"Call-ID: {wanted}".encode()

        def acknowledged() -> list[bytes]:
            trace = self._seen()
            begun = [_header(one, "Call-ID") for one in trace if b"\nINVITE sip:" in one and ours in one]
            off = {_header(one, "Call-ID") for one in trace if b"\nSIP/2.0 487" in one}
            last = next((f"Call-ID: {one}".encode() for one in reversed(begun) if one not in off), None)
            acks = [one for one in trace if b"\nACK sip:" in one and REFUSED.strip() not in one]
            return [one for one in acks if last is not None and last in one]

        return _header(self._until(acknowledged)[-1], "Call-ID")

    def _tell(self, what: str, call_id: str, headers: str = "", *, done: tuple[bytes, ...] = ()) -> None:
        """Send what the scenario waits for; `done` stands in the trace when it can be told the next thing."""
        parts = (*done, f"Call-ID: {call_id}".encode())
        before = len(self._seen(*parts))
        host, _ = self._address
        text = (
            f"{what} sip:now@{host} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:9;branch=z9hG4bKnow{next(self._told)}\r\n"
            f"From: <sip:test@{host}>;tag=now\r\nTo: <sip:now@{host}>\r\nCall-ID: {call_id}\r\n{headers}"
            f"CSeq: 9 {what}\r\nContent-Length: 0\r\n\r\n"
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
            out.sendto(text.encode(), self._address)
        if done:
            self._until(lambda: self._seen(*parts)[before:])

    def _until(self, look: Callable[[], list[bytes]]) -> list[bytes]:
        deadline = time.monotonic() + _READY_S
        while not (seen := look()):
            if time.monotonic() > deadline:
                message = f"{self.name} was never answered, or did not do as told:\n{self.trace()}"
                raise TimeoutError(message)
            time.sleep(0.01)  # between two looks
        return seen


class CallerProcess(Handset):
    """One or several callers of one kind, from one SIPp process."""

    def __init__(self, name: str, folder: Path, arguments: list[str], address: tuple[str, int]) -> None:
        super().__init__(name, folder, [*arguments, "-cid_str", f"%u-{name}@{address[0]}"], address)

    def hang_up(self, number: int = 1) -> None:
        """Make call `number` (from 1) of this process send BYE: now, or as soon as the PBX has answered it."""
        self._tell("HANGUP", self._call_id(f"{number}-{self.name}@"))


def _header(message: bytes, name: str) -> str:
    for line in message.decode("utf-8", "backslashreplace").splitlines():
        if line.startswith(f"{name}:"):
            return line.partition(":")[2].strip()
    raise LookupError(f"no {name} in {message!r}")
