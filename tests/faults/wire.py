"""A wire between the product and a server, for everything that happens to wires: cut, cut in a frame, dead, slow.

Threads and plain sockets: the tests around it wait for processes, not for a loop.
"""

import contextlib
import socket
import struct
import threading
from types import TracebackType
from typing import Final, Self

from tests.waiting import until

_ABORT: Final = struct.pack("ii", 1, 0)
_PIECE: Final = 65536


class Wire:
    """A TCP port on loopback that leads to another one. Use as a context manager.

    `connections` counts those that were taken, ever.
    """

    def __init__(self, to_port: int) -> None:
        self.connections = 0
        self.piece = _PIECE  # bytes handed on at once
        self._to_port = to_port
        self._open = threading.Event()
        self._open.set()
        self._closing = False
        self._pairs: list[_Pair] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._take, name=f"wire-{self.port}")

    def cut(self) -> None:
        """Reset every connection; new ones are taken at once."""
        for pair in self._pairs:
            pair.end()
        self._pairs = []

    def cut_in_a_frame(self, marker: bytes) -> None:
        """Reset every connection as soon as a frame holding `marker` comes: behind the marker, not behind the frame."""
        for pair in self._pairs:
            pair.until = marker

    def go_dead(self) -> None:
        """Let the present connections carry nothing more, and say nothing of it; new ones work."""
        for pair in self._pairs:
            pair.dead = True

    def shut(self) -> None:
        """Reset every connection and every new one, until `open`."""
        self._open.clear()
        self.cut()

    def open(self) -> None:
        """Take connections again."""
        self._open.set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closing = True
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", self.port), timeout=5).close()  # wakes accept()
        self._thread.join()
        self._listener.close()
        self.cut()

    def _take(self) -> None:
        while True:
            near = self._listener.accept()[0]
            if self._closing:
                near.close()
                return
            self.connections += 1
            try:
                far = socket.create_connection(("127.0.0.1", self._to_port), timeout=5)
            except OSError:
                _abort(near)
                continue
            pair = _Pair(self, near, far)
            self._pairs = [one for one in self._pairs if not one.ended] + [pair]
            if not self._open.is_set():
                pair.end()


class _Pair:
    """One connection: a socket to either side and a thread for each direction."""

    def __init__(self, wire: Wire, near: socket.socket, far: socket.socket) -> None:
        self.until: bytes | None = None
        self.dead = False
        self.ended = False
        self._wire = wire
        self._sockets = (near, far)
        for one in self._sockets:
            one.settimeout(None)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for source, target in ((near, far), (far, near)):
            threading.Thread(target=self._carry, args=(source, target), daemon=True).start()

    def end(self) -> None:
        """Reset both sides. Twice is once."""
        self.ended = True
        for one in self._sockets:
            _abort(one)

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(_PIECE):
                if self.dead:
                    continue
                if self.until is not None and self.until in data:
                    target.sendall(data[: data.index(self.until) + len(self.until)])
                    break
                for start in range(0, len(data), self._wire.piece):
                    target.sendall(data[start : start + self._wire.piece])
        self.end()


def _abort(one: socket.socket) -> None:
    with contextlib.suppress(OSError):  # closed already
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
        one.shutdown(socket.SHUT_RDWR)
    one.close()


def reached(wire: Wire, connections: int, what: str, within_s: float) -> None:
    """Wait until the wire has taken so many connections."""
    until(lambda: wire.connections >= connections, what, within_s)


def lasts(seconds: float) -> None:
    """Let a fault last: not to wait for anything, but because its length is what is tried."""
    threading.Event().wait(seconds)
