"""Many clients of `/live`, as cheap as can be: one thread and epoll; what came is kept with its time, and read later.

They share the machine's cores with the product that is measured: a reader that takes lines in Python spends as much on
an event as the product does.
"""

import re
import selectors
import socket
import threading
import time
from types import TracebackType
from typing import Self

REPORT = re.compile(rb"event: report\ndata: [^\n]*\n\n")
BIGGEST = 1 << 16


class Readers:
    """So many open streams; use as a context manager."""

    def __init__(self, port: int, token: str, clients: int) -> None:
        request = f"GET /api/v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
        self.came: dict[socket.socket, list[tuple[float, bytes]]] = {}
        self._ending = threading.Event()
        self._looking = selectors.DefaultSelector()
        for _ in range(clients):
            one = socket.create_connection(("127.0.0.1", port))
            self.came[one] = []
            self._looking.register(one, selectors.EVENT_READ, self.came[one])
            one.sendall(request)
        self._thread = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ending.set()
        self._thread.join()
        self._looking.close()
        for one in self.came:
            one.close()

    def _read(self) -> None:
        while not self._ending.is_set():
            for key, _ in self._looking.select(0.1):
                assert isinstance(key.fileobj, socket.socket)
                got = key.fileobj.recv(BIGGEST)
                key.data.append((time.perf_counter(), got))
                if not got:
                    self._looking.unregister(key.fileobj)

    def begun(self) -> bool:
        """Say whether each has had its first heartbeat."""
        return all(any(b"event: heartbeat" in got for _, got in pieces) for pieces in self.came.values())

    def told(self) -> list[list[float]]:
        """Return for each when the last byte of each event of a report was there (`perf_counter`)."""
        return [_times(pieces) for pieces in list(self.came.values())]


def _times(pieces: list[tuple[float, bytes]]) -> list[float]:
    ends = [found.end() for found in REPORT.finditer(b"".join(got for _, got in pieces))]
    times = list[float]()
    length = 0
    for at, got in pieces:
        length += len(got)
        while len(times) < len(ends) and ends[len(times)] <= length:
            times.append(at)
    return times
