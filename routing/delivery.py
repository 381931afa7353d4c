"""The door to the agencies: one POST becomes one outcome. Nothing of the HTTP client leaves this file.

The client's own timeouts are per operation (a receiver that drips a byte a second outlives any of them), so the total
deadline is `asyncio.timeout` around everything. We speak to the client's transport and not to the client: so there are
no redirects, cookies, proxies of the environment or decoding of compressed bodies to be switched off, and the 194 KB
that would become 200 MB stay what they are. Of a body the first 64 KiB are read, then the connection is closed; so it
is when the headers are longer than that.

A status is a statement: once `200` has arrived in time the envelope is delivered, even when the body after it drips
past the deadline or is cut off, or the headers have no end; only an answer in such a body is not believed.
"""

import asyncio
import contextlib
import functools
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import httpx2
import structlog

from routing import authority, egress
from routing.redaction import redacted
from routing.refusals import ForbiddenUrlError
from routing.retry import retry_after

log = structlog.get_logger(__name__)
DEADLINE_S = 10.0
CONNECT_S = 3.0
LARGEST_BODY = 64 * 1024
EXCERPT = 4096
_CERTIFICATE_CODES = {10: "tls_expired", 62: "tls_wrong_host", 64: "tls_wrong_host"}  # OpenSSL's X509_V_ERR_…


@dataclass(frozen=True, slots=True)
class Letter:
    """What one POST carries; `at` is the present time (its seconds were signed), `keys` signed it: no log shows one.

    An agency's letter is signed; an SMS gateway knows us by `authorization`, and `signature` is None. `hidden` are
    secrets that it carries: no log shows one of these, however short.
    """

    id: str
    at: datetime
    signature: str | None
    body: bytes
    content_type: str = "application/json"
    keys: Sequence[str] = ()
    authorization: str = ""
    hidden: Sequence[str] = ()

    def proof(self) -> dict[str, str]:
        """Return the headers that say who we are, and which letter this is."""
        if self.signature is None:
            return {"idempotency-key": self.id} | ({"authorization": self.authorization} if self.authorization else {})
        return {
            "webhook-id": self.id,
            "webhook-timestamp": str(int(self.at.timestamp())),
            "webhook-signature": self.signature,
        }


@dataclass(frozen=True, slots=True)
class Delivered:
    """The receiver has it: 2xx. `answer` is the body when all of it came."""

    status: int
    latency_ms: int
    code: str
    excerpt: str
    answer: bytes = b""
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The receiver answered, and not with 2xx."""

    status: int
    latency_ms: int
    code: str
    excerpt: str
    retry_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Unreachable:
    """No answer. `sent` tells whether the request had begun to go out: then the receiver may have it all the same."""

    latency_ms: int
    code: str
    excerpt: str
    sent: bool
    status: int | None = None
    retry_after_s: float | None = None


Outcome = Delivered | Refused | Unreachable


class Receiver(Protocol):
    """One agency's inbox, as a lane sees it."""

    async def deliver(self, letter: Letter) -> Outcome:
        """POST the letter; whatever happens is an outcome."""

    async def aclose(self) -> None:
        """Close the connections."""


class _Transport(httpx2.AsyncHTTPTransport):
    """The client's transport over one connection of ours: the parent maps errors and streams."""

    def __init__(self, guard: egress.Guard, tls: ssl.SSLContext) -> None:
        self._pool = egress.guarded_connection(guard, tls)


@functools.cache
def _public_authorities() -> ssl.SSLContext:
    return ssl.create_default_context()


class _Progress:
    """How far one request came; the client calls it by the name of each step."""

    def __init__(self) -> None:
        self.dialled = self.sent = False

    async def __call__(self, event: str, _: object) -> None:
        self.dialled |= event == "connection.connect_tcp.started"
        self.sent |= event == "http11.send_request_headers.started"


class HttpReceiver:
    """An agency's URL with its own connections, one for each request that is open at one time; the caller bounds those.

    Make a new one when the URL, the allowed networks or the pinned authority change. One pool of many connections looks
    at each of them, and asks the kernel about the idle ones, whenever a request begins or ends: with thirty-two that
    was a quarter of the processor time of an envelope.
    """

    def __init__(
        self,
        url: str,
        allow_cidr: Sequence[str] = (),
        ca_pem: str | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        resolve: egress.Resolve = egress.system_resolve,
        deadline_s: float = DEADLINE_S,
        connect_s: float = CONNECT_S,
    ) -> None:
        self._url = url
        self._allow_cidr = allow_cidr
        plain = not url.lower().startswith("https:")
        self._guard = egress.Guard(egress.networks_of(allow_cidr), plain=plain, resolve=resolve)
        self._tls = tls or authority.trusting(ca_pem) or _public_authorities()
        self._free: list[_Transport] = []
        self._deadline_s = deadline_s
        self._connect_s = connect_s

    async def aclose(self) -> None:
        """Close the connections."""
        while self._free:
            await self._free.pop().aclose()

    async def deliver(self, letter: Letter) -> Outcome:
        """POST the letter within the deadline; whatever happens is an outcome."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        progress = _Progress()

        def ms() -> int:
            return round((loop.time() - began) * 1000)

        try:
            egress.check_url(self._url, self._allow_cidr)
            deadline = began + self._deadline_s
            async with self._answer(letter, progress, deadline) as response:
                body, is_whole = await _read(response, deadline)
                status, asked = response.status_code, response.headers.get("retry-after")
        except egress.LongHeadError as error:
            status, asked, body, is_whole = error.status, None, str(error).encode(), False
        except Exception as error:
            code = _code(error)
            if code == "error":
                log.exception("delivery_failed_strangely", webhook_id=letter.id)
            return Unreachable(ms(), code, _excerpt(_words(error).encode("utf-8", "replace"), letter), progress.sent)
        code = f"status_{status}"
        if 200 <= status < 300:
            return Delivered(status, ms(), code, _excerpt(body, letter), body if is_whole else b"")
        wait_s = retry_after(asked, letter.at)
        return Refused(status, ms(), code, _excerpt(body, letter), wait_s)

    @contextlib.asynccontextmanager
    async def _answer(self, letter: Letter, progress: _Progress, deadline: float) -> AsyncIterator[httpx2.Response]:
        transport = self._free.pop() if self._free else _Transport(self._guard, self._tls)
        try:
            async with asyncio.timeout_at(deadline):
                response = await self._send(transport, letter, progress)
            try:
                yield response
            finally:
                await response.aclose()
        finally:
            self._free.append(transport)

    async def _send(self, transport: _Transport, letter: Letter, progress: _Progress) -> httpx2.Response:
        """Send, and send once more when it was a kept connection that turned out to be closed."""
        request = httpx2.Request(
            "POST",
            self._url,
            headers={
                "accept": "application/json",
                "accept-encoding": "identity",
                "content-type": letter.content_type,
                "user-agent": "intake112",
            }
            | letter.proof(),
            content=letter.body,
            extensions={"timeout": {"connect": self._connect_s}, "trace": progress},
        )
        try:
            return await transport.handle_async_request(request)
        except (httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError):
            if progress.dialled:
                raise
        return await transport.handle_async_request(request)


async def _read(response: httpx2.Response, deadline: float) -> tuple[bytes, bool]:
    """Return the first LARGEST_BODY bytes as they came over the wire, and whether that is all of it, in time."""
    body = bytearray()
    try:
        async with asyncio.timeout_at(deadline):
            async for part in response.aiter_raw():
                body += part
                if len(body) > LARGEST_BODY:
                    return bytes(body[:LARGEST_BODY]), False
    except (TimeoutError, httpx2.TransportError):
        return bytes(body), False
    return bytes(body), True


def _code(error: BaseException) -> str:
    """Name what went wrong: the first of the error and its causes that has a name."""
    for cause in _causes(error):
        match cause:
            case egress.UnresolvedError():
                return cause.code
            case egress.ForbiddenAddressError() | ForbiddenUrlError():
                return "forbidden_address"
            case ssl.SSLCertVerificationError():
                return _CERTIFICATE_CODES.get(cause.verify_code, "tls_untrusted")
            case ssl.SSLError():
                return "tls"
            case ConnectionRefusedError():
                return "refused"
            case ConnectionResetError() | BrokenPipeError():
                return "reset"
            case httpx2.ConnectTimeout():
                return "connect_timeout"
            case httpx2.RemoteProtocolError():
                return "disconnected" if "disconnected" in str(cause) else "protocol"
            case TimeoutError():
                return "timeout"
            case _:
                pass
    if isinstance(error, httpx2.ConnectError):
        return "no_route"
    return "reset" if isinstance(error, httpx2.NetworkError) else "error"


def _causes(error: BaseException) -> list[BaseException]:
    """Return the error, what caused it, what caused that …; of a group its first."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        nested = cause.exceptions[0] if isinstance(cause, BaseExceptionGroup) else None
        cause = nested or cause.__cause__ or cause.__context__
    return chain


def _words(error: BaseException) -> str:
    return next((str(cause) for cause in reversed(_causes(error)) if str(cause)), type(error).__name__)


def _excerpt(raw: bytes, letter: Letter) -> str:
    """Return the first 4 kB as text that every database can keep (no NUL), without secrets."""
    text = raw[: 2 * EXCERPT].decode("utf-8", "replace").replace("\0", "\ufffd")  # one across the end is found whole
    shown = redacted(text, letter.keys, letter.signature or "", letter.hidden)
    return shown.encode()[:EXCERPT].decode("utf-8", "ignore")
