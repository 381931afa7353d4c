"""The pretend operator takes answered calls that nobody has touched, and speaks the wire of the design."""

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any

from exercise.operator import INCIDENTS, operate_forever
from tests.exercise.clients import Time


def listed(number: str, *, kind: str | None = None, answered: str | None = "2026-03-14T02:00:00Z") -> dict[str, Any]:
    return {"number": number, "version": 3, "kind": kind, "call": {"answered_at": answered}}


async def test_it_takes_the_newest_untouched_answered_call_and_sends_it() -> None:
    said: list[tuple[str, str, str | None, Any]] = []
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    reports = [
        listed("5", kind="hewan"),
        listed("4", answered=None),
        {**listed("3"), "call": None},
        listed("2"),
        listed("1"),
    ]

    class Centre(BaseHTTPRequestHandler):
        def _answer(self, status: int, words: Any) -> None:
            body = json.dumps(words).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _heard(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            assert self.headers["Authorization"] == "Bearer tok"
            said.append((self.command, self.path, self.headers["If-Match"], body))

        def do_GET(self) -> None:
            self._answer(503 if not said and not tried else 200, {"reports": reports})
            tried.append(True)

        def do_PATCH(self) -> None:
            self._heard()
            self._answer(200, {})

        def do_POST(self) -> None:
            self._heard()
            self._answer(201, {"dispatches": []})
            loop.call_soon_threadsafe(done.set)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    tried: list[bool] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Centre)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        async with asyncio.TaskGroup() as tasks:
            url = f"http://127.0.0.1:{server.server_address[1]}"
            working = tasks.create_task(
                operate_forever(url, "tok", random=Random(1), pause=Time().pause, incidents=INCIDENTS[:1])  # noqa: S311
            )
            async with asyncio.timeout(5):
                await done.wait()
            working.cancel()
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    incident = INCIDENTS[0]
    words = {"kind": incident.kind, "location": {"text": incident.where}, "narrative": incident.what}
    assert said[:2] == [
        ("PATCH", "/api/v1/reports/2", '"3"', words),
        ("POST", "/api/v1/reports/2/dispatches", None, {"agencies": ["damkar", "psc119"]}),
    ]
