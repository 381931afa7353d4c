"""What every request passes before a route sees it: a bounded JSON body on the way in, safe headers on the way out.

What the database ended because it and another waited for each other is done again, before anybody is answered:
all that a route does it does in its transaction, of which nothing is left then. One that has committed anything is not.
"""

import re
import time
from collections.abc import Callable, MutableMapping
from typing import Any, Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from db.engine import DeadlockError, saved
from intake.api import errors

log = structlog.get_logger(__name__)
LONGEST_BODY: Final = 64 * 1024
LONGER_BODIES: Final = {"/api/v1/places/own": 4 * 1024 * 1024}  # a whole list: 20 000 places of some 150 bytes
TRIES: Final = 3  # of what met a deadlock; PostgreSQL looks for one after a second
WRITES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})
JSON_PATHS: Final = ("/api/", "/agency/")
FORM_PATHS: Final = ("/api/v1/aml",)  # takes forms beside JSON: what SMS gateways send
STREAMED: Final = re.compile(  # what `photo_body` and `map_store` bound
    r"/agency/v1/dispatches/[^/]+/photos|/a/[^/]+/foto|/api/v1/map/[^/]+"
)
FORM: Final = "application/x-www-form-urlencoded"
SECURITY: Final = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; "
    "object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


class Guard:
    """Refuses bodies that are too long or no JSON, adds headers, counts."""

    def __init__(self, app: ASGIApp, registry: CollectorRegistry) -> None:
        self._app = app
        self._requests = Counter(
            "intake112_http_requests_total", "Answered requests", ["method", "route", "status"], registry=registry
        )
        self._seconds = Histogram(
            "intake112_http_request_seconds", "Time until the answer began", ["route"], registry=registry
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
                self._count(scope, message["status"], time.perf_counter() - began)
            await send(message)

        if scope["method"] not in WRITES:
            await self._do(scope, lambda: receive, send_on)
            return
        if STREAMED.fullmatch(scope["path"]) is not None:
            await self._do(scope, lambda: receive, send_on, tries=1)  # its route reads the body, which is then gone
            return
        body, refused = await _body(scope, receive)
        if refused is not None:
            await refused(scope, receive, send_on)
        else:
            await self._do(scope, lambda: _again(body, receive), send_on)

    async def _do(self, scope: Scope, received: Callable[[], Receive], send: Send, tries: int = TRIES) -> None:
        before = saved.get()
        for left in reversed(range(tries)):
            try:
                await self._app(scope, received(), send)
            except DeadlockError as error:
                if left and saved.get() == before:
                    log.info("deadlock", path=scope["path"], why=str(error))
                    continue
                await errors.unavailable(error)(scope, received(), send)
            return

    def _count(self, scope: MutableMapping[str, Any], status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in WRITES | {"GET", "HEAD", "OPTIONS"} else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)


async def _body(scope: Scope, receive: Receive) -> tuple[bytes, ASGIApp | None]:
    """Return the whole body, or the answer that refuses it."""
    headers = Headers(scope=scope)
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = scope["path"].startswith(JSON_PATHS) and not (kind == FORM and scope["path"] in FORM_PATHS)
    said = headers.get("content-length", "0")
    if is_json and kind != "application/json" and (kind or said != "0" or "transfer-encoding" in headers):
        return b"", errors.answer(415, "not_json", "The body must be JSON: send Content-Type: application/json.")
    longest = LONGER_BODIES.get(scope["path"], LONGEST_BODY)
    too_long = errors.answer(413, "too_long", f"The body is longer than {longest} bytes. Send less.")
    if said.isdecimal() and int(said[:20]) > longest:
        return b"", too_long
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break  # the client is gone; the route will hear that too
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > longest:
            return b"", too_long
        if not message.get("more_body", False):
            break
    return b"".join(parts), None


def _again(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives the body first, and then whatever comes."""
    given = False

    async def receive_again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_again
