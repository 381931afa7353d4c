"""What an AMI user is sent, byte for byte, with the time each frame arrived.

This is a witness, not our bridge: it shares no code with `ami_bridge`, knows nothing but CRLFCRLF, and keeps
everything, so that a test may say what Asterisk really sent.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

_END = b"\r\n\r\n"


@dataclass(frozen=True)
class Seen:
    """One frame: when it was read (seconds since 1970), and its bytes with the empty line at its end."""

    at: float
    raw: bytes

    def get(self, header: str) -> str | None:
        """The value of the first line `header: ...`, undecodable bytes kept as surrogates; None if absent."""
        start = f"{header}: ".encode()
        for line in self.raw.split(b"\r\n"):
            if line.startswith(start):
                return line[len(start) :].decode("utf-8", "surrogateescape")
        return None

    def matches(self, **headers: str) -> bool:
        """True if every header has exactly this value."""
        return all(self.get(name) == value for name, value in headers.items())


class AmiStream:
    """A logged-in AMI session that keeps every frame it is sent.

    Raises:
        ConnectionError: nobody listens, the log-in was refused, or the stream ended too early.
        TimeoutError: no answer within the time given.
    """

    def __init__(self, host: str, port: int, username: str, secret: str, *, timeout: float = 5.0) -> None:
        self._socket = socket.create_connection((host, port), timeout=timeout)
        self._frames: list[Seen] = []
        self._changed = threading.Condition()
        self._closed = False
        self._rest = b""
        try:
            while b"\r\n" not in self._rest:
                self._read()
            self._rest = self._rest.partition(b"\r\n")[2]
            self.send(Action="Login", Username=username, Secret=secret, ActionID="login")
            while not self._cut(stop_after_one=True):
                self._read()
            answer = self._frames.pop(0)
            _must_be_success(answer)
            self._cut()
        except BaseException:
            self._socket.close()
            raise
        self._socket.settimeout(None)
        self._thread = threading.Thread(target=self._listen, name=f"ami-{port}", daemon=True)
        self._thread.start()

    def send(self, **headers: str) -> None:
        """Send one action; its answer arrives among the frames."""
        self._socket.sendall("".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() + b"\r\n")

    @property
    def frames(self) -> list[Seen]:
        """A copy of all frames since the log-in, oldest first."""
        with self._changed:
            return list(self._frames)

    @property
    def closed(self) -> bool:
        """True once the other side ended the stream."""
        return self._closed

    def wait(self, wanted: Callable[[Seen], bool], *, timeout: float = 10.0, count: int = 1, after: int = 0) -> Seen:
        """The `count`-th frame from index `after` on for which `wanted` is true, as soon as it is there.

        Raises:
            TimeoutError: not within `timeout` seconds; the message lists the events that did arrive.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                found = [frame for frame in self._frames[after:] if wanted(frame)]
                if len(found) >= count:
                    return found[count - 1]
                left = deadline - time.monotonic()
                if left <= 0 or self._closed:
                    names = [frame.get("Event") or "Response" for frame in self._frames[after:]]
                    message = f"not seen in {timeout} s (stream closed: {self._closed}); seen: {names}"
                    raise TimeoutError(message)
                self._changed.wait(left)

    def wait_event(self, event: str, *, timeout: float = 10.0, count: int = 1, after: int = 0, **headers: str) -> Seen:
        """Like `wait`, for an event of this name whose headers have these values."""
        return self.wait(lambda frame: frame.matches(Event=event, **headers), timeout=timeout, count=count, after=after)

    def wait_closed(self, timeout: float = 10.0) -> None:
        """Until the other side has ended the stream.

        Raises:
            TimeoutError: it did not.
        """
        self._thread.join(timeout)
        if self._thread.is_alive():
            raise TimeoutError

    def close(self) -> None:
        """End the session. Twice is once."""
        with contextlib.suppress(OSError):  # the other side was first
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _read(self) -> None:
        piece = self._socket.recv(65536)
        if not piece:
            message = "AMI stream ended"
            raise ConnectionAbortedError(message)
        self._rest += piece

    def _cut(self, *, stop_after_one: bool = False) -> bool:
        now, found = time.time(), False
        while _END in self._rest and not (found and stop_after_one):
            frame, _, self._rest = self._rest.partition(_END)
            self._frames.append(Seen(now, frame + _END))
            found = True
        return found

    def _listen(self) -> None:
        try:
            while True:
                self._read()
                with self._changed:
                    self._cut()
                    self._changed.notify_all()
        except OSError:
            pass  # either side closed: what was sent is kept
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def _must_be_success(answer: Seen) -> None:
    if answer.get("Response") != "Success":
        message = f"AMI log-in refused: {answer.raw!r}"
        raise ConnectionRefusedError(message)
