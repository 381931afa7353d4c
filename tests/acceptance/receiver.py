"""An agency's receiver that knows nothing of us: Python's HTTP server and the published `standardwebhooks` package."""

import contextlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook


@dataclass
class Receiver:
    """What came in, verified; `secret` is set once the agency is registered. It answers while `gate` is set."""

    host: str = "127.0.0.1"
    port: int = 0
    secret: str = ""
    gate: threading.Event = field(default_factory=threading.Event)
    envelopes: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)  # the address of who sent each
    refused: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.host}:{self.port}/hook"


@contextmanager
def receiver(host: str = "127.0.0.1") -> Iterator[Receiver]:
    """Run a receiver on a free port of this address."""
    it = Receiver(host)
    it.gate.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            body = self.rfile.read(length)
            if len(body) < length:  # who sent it was killed in the middle: no receiver has a request
                return
            try:
                verified = Webhook(it.secret).verify(body, dict(self.headers.items()))
            except Exception as error:
                it.refused.append(repr(error))
                self.answer(401)
            else:
                assert verified == json.loads(body)
                it.envelopes.append(verified)
                it.senders.append(self.client_address[0])
                it.ids.append(self.headers["webhook-id"])
                it.gate.wait()
                self.answer(204)

        def answer(self, status: int) -> None:
            with contextlib.suppress(ConnectionError):  # who asked was killed
                self.send_response(status)
                self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer((host, 0), Handler)
    it.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield it
    finally:
        it.gate.set()
        server.shutdown()
        thread.join()
        server.server_close()
