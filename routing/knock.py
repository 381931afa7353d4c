"""Knocking at an agency's door without a word: which addresses it has, how fast each opens, its certificate's end."""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from routing import egress
from routing.delivery import CONNECT_S


@dataclass(frozen=True, slots=True)
class Opened:
    """One address: in how many milliseconds it was there, TLS included (None: it was not), and why not.

    `certificate_until` is None without TLS.
    """

    address: str
    ms: int | None = None
    certificate_until: datetime | None = None
    why: str = ""


async def knock(
    url: str,
    allow_cidr: Sequence[str],
    *,
    tls: ssl.SSLContext | None = None,
    resolve: egress.Resolve = egress.system_resolve,
) -> list[Opened]:
    """Connect to each address that a delivery may dial, and hang up.

    Raises ForbiddenUrlError, ForbiddenAddressError, UnresolvedError: DNS may say something else than it did before.
    """
    egress.check_url(url, allow_cidr)
    parts = urlsplit(url)
    host, plain = parts.hostname or "", parts.scheme == "http"
    port = parts.port or (80 if plain else 443)
    networks = egress.networks_of(allow_cidr)
    addresses = await egress.vetted(host, port, networks, plain=plain, resolve=resolve)
    context = None if plain else tls or ssl.create_default_context()
    return [await _open(str(address), host, port, context) for address in addresses[: egress.MOST_DIALLED]]


async def _open(address: str, host: str, port: int, tls: ssl.SSLContext | None) -> Opened:
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        async with asyncio.timeout(CONNECT_S):
            name = host if tls else None
            _, writer = await asyncio.open_connection(address, port, ssl=tls, server_hostname=name)
    except (OSError, TimeoutError) as error:
        return Opened(address, why=str(error) or f"no answer within {CONNECT_S:g} s")
    ms = round((loop.time() - began) * 1000)
    certificate = writer.get_extra_info("peercert") or {}
    writer.transport.abort()
    ends = certificate.get("notAfter")
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if isinstance(ends, str) else None
    return Opened(address, ms, until)
