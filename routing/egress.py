"""Which addresses we may dial, asked at the moment of dialling.

An agency's URL is text that somebody typed, and the name in it belongs to somebody else's DNS: what was harmless when
it was saved can point at our own database a minute later. So the guard sits where the connection is made: it resolves
the name, refuses when *any* of its addresses is forbidden, and dials the very addresses it vetted. The name stays in
the URL, so Host, SNI and the certificate check are the name's.

Forbidden is what is no public unicast address, whatever its spelling: the lists below are our own, because
`ipaddress.is_global` passes NAT64 and 6to4 forms of private addresses, multicast, and 192.0.0.192. IPv6 forms that
carry an IPv4 address are judged by it (mapped, NAT64) or refused altogether (6to4, Teredo, compatible, translated:
nobody receives webhooks there). A network allowed for the agency lifts the ban for its addresses; plain http goes only
there.
"""

import asyncio
import contextlib
import re
import socket
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Final
from urllib.parse import urlsplit

import httpcore2

from routing.refusals import ForbiddenUrlError

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]

NOT_PUBLIC_4 = [
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",  # "this network": Linux dials itself
        "10.0.0.0/8",
        "100.64.0.0/10",  # CGNAT; a cloud's metadata too
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's machine service, at a public address
        "169.254.0.0/16",  # link-local; metadata
        "172.16.0.0/12",
        "192.0.0.0/24",  # IETF; a cloud's metadata at .192
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",  # measurements
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # class E, broadcast
    )
]
PUBLIC_6 = IPv6Network("2000::/3")
NOT_PUBLIC_6 = [
    IPv6Network(text)
    for text in (
        "2001::/23",  # IETF: Teredo, ORCHID, benchmarking
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
]
NAT64 = IPv6Network("64:ff9b::/96")
MOST_DIALLED = 4
IDLE_S = 5.0  # a connection kept longer would keep us from asking again

LONGEST_HEAD: Final = 64 * 1024  # of an answer: the HTTP client's own bound is above it
_STATUS_LINE: Final = re.compile(rb"HTTP/[0-9]\.[0-9] ([1-9][0-9]{2})(?: [^\r\n]*)?\r?\n")
_END_OF_HEAD: Final = re.compile(rb"\n\r?\n")


class ForbiddenAddressError(Exception):
    """The agency's address is one we may not dial."""


class UnresolvedError(Exception):
    """The name has no address; `code` is `dns` (no such name) or `dns_failed` (its servers do not answer)."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class LongHeadError(Exception):
    """An answer said its `status`, and then more headers than anybody reads."""

    def __init__(self, status: int) -> None:
        super().__init__(f"headers of more than {LONGEST_HEAD} bytes; only the status was read")
        self.status = status


def is_public(address: Address) -> bool:
    """Return whether this is a public unicast address, looking into the forms that carry another one."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in NOT_PUBLIC_4)
    if address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    if address in NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    return address in PUBLIC_6 and not any(address in network for network in NOT_PUBLIC_6)


def may_dial(address: Address, networks: Sequence[Network], *, plain: bool) -> bool:
    """Return whether we may dial an address for an agency with these allowed networks; `plain` is http without TLS."""
    return any(address in network for network in networks) or (not plain and is_public(address))


def networks_of(allow_cidr: Sequence[str]) -> list[Network]:
    """Return the networks. Raises ForbiddenUrlError naming the first that is none."""
    networks: list[Network] = []
    for text in allow_cidr:
        try:
            networks.append(ip_network(text))
        except ValueError as error:
            raise ForbiddenUrlError(f"{text!r} is no network like 10.20.0.0/16: {error}") from error
    return networks


def check_url(url: str, allow_cidr: Sequence[str]) -> None:
    """Check an agency's URL as far as that goes without asking DNS. Raises ForbiddenUrlError."""
    _check(url, networks_of(allow_cidr))


async def check_url_resolved(url: str, allow_cidr: Sequence[str], resolve: Resolve | None = None) -> list[str]:
    """Check an agency's URL and every address its name has now; return the addresses.

    Raises ForbiddenUrlError. A name that does not resolve now is no error (the lane tells it): the list is empty.
    """
    networks = networks_of(allow_cidr)
    host, port, plain = _check(url, networks)
    try:
        addresses = await vetted(host, port, networks, plain=plain, resolve=resolve or system_resolve)
    except UnresolvedError:
        return []
    except ForbiddenAddressError as error:
        raise ForbiddenUrlError(str(error)) from error
    return [str(address) for address in addresses]


def _check(url: str, networks: Sequence[Network]) -> tuple[str, int, bool]:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ForbiddenUrlError(f"the URL cannot be read: {error}") from error
    if parts.scheme not in ("http", "https") or not host:
        raise ForbiddenUrlError("the URL must begin with https:// (or http://) and a host name")
    if not url.isascii() or any(c <= " " or c in '\\"<>^`{|}\x7f' for c in url):
        raise ForbiddenUrlError("the URL must be plain ASCII without spaces (write a host name in its xn-- form)")
    if "@" in parts.netloc:
        raise ForbiddenUrlError("the URL must not hold a user name or password; the signature says who we are")
    plain = parts.scheme == "http"
    if plain and not networks:
        raise ForbiddenUrlError("http without TLS is only for an allowed network: use https, or give --allow-cidr")
    address = literal(host)
    if address is not None and not may_dial(address, networks, plain=plain):
        raise ForbiddenUrlError(_no(host, address, plain=plain))
    return host, port or (80 if plain else 443), plain


def literal(host: str) -> Address | None:
    """Return the address a host *is*, in any spelling the system understands (decimal, hexadecimal, octal, short)."""
    with contextlib.suppress(ValueError):
        return ip_address(host)
    with contextlib.suppress(OSError):
        return IPv4Address(socket.inet_aton(host))
    return None


async def system_resolve(host: str, port: int) -> list[str]:
    """Return the addresses the system's resolver knows for a name. Raises UnresolvedError."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        known = error.errno in (socket.EAI_NONAME, socket.EAI_NODATA)
        raise UnresolvedError("dns" if known else "dns_failed", f"{host}: {error.strerror}") from error
    except UnicodeError as error:
        raise UnresolvedError("dns", f"{host}: {error}") from error
    return list(dict.fromkeys(str(info[4][0]) for info in found))


async def vetted(host: str, port: int, networks: Sequence[Network], *, plain: bool, resolve: Resolve) -> list[Address]:
    """Return the addresses of a host, every one of which we may dial. Raises ForbiddenAddressError, UnresolvedError."""
    own = literal(host)
    addresses = [own] if own is not None else [ip_address(text) for text in await resolve(host, port)]
    if not addresses:
        raise UnresolvedError("dns", f"{host}: no address")
    for address in addresses:
        if not may_dial(address, networks, plain=plain):
            raise ForbiddenAddressError(_no(host, address, plain=plain))
    return addresses


def _no(host: str, address: Address, *, plain: bool) -> str:
    if plain and is_public(address):
        return f"{host} ({address}) is outside the allowed networks: http without TLS goes only there"
    return f"{host} ({address}) is not a public address: allow its network for this agency if that is meant"


class Guard(httpcore2.AsyncNetworkBackend):
    """Makes connections for the HTTP client: asks who the name is, vets, and dials what it vetted."""

    def __init__(self, networks: Sequence[Network], *, plain: bool, resolve: Resolve) -> None:
        self._networks, self._plain, self._resolve = networks, plain, resolve
        self._dialler = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 the client's interface
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to the first of the host's addresses that answers; each gets its share of the time."""
        try:
            async with asyncio.timeout(timeout):
                found = await vetted(host, port, self._networks, plain=self._plain, resolve=self._resolve)
        except TimeoutError as error:
            raise UnresolvedError("dns_failed", f"{host}: no answer from DNS") from error
        addresses = found[:MOST_DIALLED]
        share = None if timeout is None else timeout / len(addresses)
        for address in addresses[:-1]:
            with contextlib.suppress(httpcore2.ConnectError, httpcore2.ConnectTimeout):
                return _Line(await self._dialler.connect_tcp(str(address), port, share, local_address, socket_options))
        return _Line(await self._dialler.connect_tcp(str(addresses[-1]), port, share, local_address, socket_options))


class _Line(httpcore2.AsyncNetworkStream):
    """A connection that reads no endless head: once there is a status and too much behind it, LongHeadError says it.

    The client would give such an answer up without a word of its status.
    """

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream
        self._head: bytearray | None = None  # what has come of the answer's head; None: all of it, or nothing is asked

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 the client's interface
        """Read what comes. Raises LongHeadError."""
        data = await self._stream.read(max_bytes, timeout)
        if self._head is not None:
            self._head += data
            self._look(self._head)
        return data

    def _look(self, head: bytearray) -> None:
        while (end := _END_OF_HEAD.search(head)) is not None:
            status = _STATUS_LINE.match(head)
            if status is None or not status[1].startswith(b"1"):
                self._head = None
                return
            del head[: end.end()]  # 1xx: the answer itself comes behind it
        if len(head) > LONGEST_HEAD:
            self._head = None
            if (status := _STATUS_LINE.match(head)) is not None:
                raise LongHeadError(int(status[1]))

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 the client's interface
        """Write a part of a request; an answer will begin."""
        self._head = bytearray()
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        """Close it."""
        await self._stream.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 the client's interface
    ) -> httpcore2.AsyncNetworkStream:
        """Return the same with TLS."""
        return _Line(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        """Return what the client asks of the connection."""
        return self._stream.get_extra_info(info)


def guarded_connection(guard: Guard, tls: ssl.SSLContext) -> httpcore2.AsyncConnectionPool:
    """Return a pool of one connection, made again when it has ended or was idle for IDLE_S seconds; each passes the
    guard.
    """
    return httpcore2.AsyncConnectionPool(
        ssl_context=tls,
        max_connections=1,
        max_keepalive_connections=1,
        keepalive_expiry=IDLE_S,
        network_backend=guard,
    )
