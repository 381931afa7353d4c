"""Which addresses we may dial."""

from collections.abc import Sequence
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.egress import (
    ForbiddenAddressError,
    UnresolvedError,
    check_url,
    check_url_resolved,
    is_public,
    literal,
    networks_of,
    system_resolve,
    vetted,
)
from routing.refusals import ForbiddenUrlError

SPELLINGS = [
    "0.0.0.0",  # noqa: S104 we bind to nothing
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.1", "0X7F.0.0.1",
    "0177.0.0.1", "017700000001", "0177.0x0.0.1", "0", "00.0x0", "10.0.0.1", "10.1", "0xa.0.0.1", "172.16.0.1",
    "172.31.255.255", "192.168.1.1", "192.168.257", "3232235777", "169.254.169.254", "0xa9fea9fe", "2852039166",
    "0251.0376.0251.0376", "169.254.43518", "100.64.0.1", "100.100.100.200", "168.63.129.16", "192.0.0.192",
    "192.0.2.1", "198.51.100.7", "203.0.113.9", "198.18.0.1", "192.88.99.1", "224.0.0.1", "239.255.255.250",
    "240.0.0.1", "255.255.255.255",
]  # fmt: skip
SPELLINGS_6 = [
    "::", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "::ffff:7f00:1", "::ffff:169.254.169.254", "::ffff:10.0.0.1",
    "::127.0.0.1", "::a00:1", "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1",
    "64:ff9b:1::1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2001::1", "2001:0:7f00:1::", "2001:db8::1", "3fff::1",
    "fe80::1", "fe80::1%1", "febf::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "ff0e::1", "100::1", "5f00::1",
    "4000::1",
]  # fmt: skip
PUBLIC = ["9.9.9.9", "202.43.164.1", "::ffff:9.9.9.9", "64:ff9b::909:909", "2620:fe::fe", "2001:4860:4860::8888"]


@pytest.mark.parametrize("host", SPELLINGS)
def test_forbidden_spellings(host: str) -> None:
    address = literal(host)
    assert address is not None
    assert not is_public(address)
    with pytest.raises(ForbiddenUrlError, match="not a public address"):
        check_url(f"https://{host}/hook", [])


@pytest.mark.parametrize("host", SPELLINGS_6)
def test_forbidden_spellings_of_ipv6(host: str) -> None:
    assert not is_public(ip_address(host))
    with pytest.raises(ForbiddenUrlError):
        check_url(f"https://[{host}]/hook", [])


@pytest.mark.parametrize("host", PUBLIC)
def test_public_addresses(host: str) -> None:
    assert is_public(ip_address(host))
    check_url(f"https://[{host}]/hook" if ":" in host else f"https://{host}/hook", [])


@given(st.ip_addresses())
def test_what_python_calls_private_we_never_dial(address: object) -> None:
    known = ip_address(str(address))
    assert known.is_global or not is_public(known)


@pytest.mark.parametrize(
    ("url", "allow_cidr", "sentence"),
    [
        pytest.param("ftp://agency.example/", [], "must begin with https", id="scheme"),
        pytest.param("agency.example/hook", [], "must begin with https", id="no-scheme"),
        pytest.param("https://", [], "must begin with https", id="no-host"),
        pytest.param("https:///hook", [], "must begin with https", id="no-host-but-a-path"),
        pytest.param("https://agency.example:99999/", [], "cannot be read", id="port"),
        pytest.param("https://[::1/", [], "cannot be read", id="bracket"),
        pytest.param("https://user:word@agency.example/", [], "user name or password", id="password"),
        pytest.param("https://agency.example\\@127.0.0.1/", [], "plain ASCII", id="backslash"),
        pytest.param("https://①②⑦.⓪.⓪.①/", [], "plain ASCII", id="circled-digits"),
        pytest.param("https://127。0。0。1/", [], "plain ASCII", id="ideographic-dots"),
        pytest.param("https://agency.example/a b", [], "plain ASCII", id="space"),
        pytest.param("https://agency.example/\r\nx: y", [], "plain ASCII", id="line-break"),
        pytest.param("http://agency.example/", [], "http without TLS", id="plain"),
        pytest.param("http://9.9.9.9/", ["10.0.0.0/8"], "outside the allowed networks", id="plain-outside"),
        pytest.param("http://10.0.0.1/", ["10.1.0.0/16"], "not a public address", id="another-network"),
        pytest.param("https://agency.example/", ["10.0.0.1/8"], "is no network", id="host-bits"),
        pytest.param("https://agency.example/", ["loopback"], "is no network", id="no-network"),
    ],
)
def test_urls_that_cannot_be_saved(url: str, allow_cidr: list[str], sentence: str) -> None:
    with pytest.raises(ForbiddenUrlError, match=sentence) as caught:
        check_url(url, allow_cidr)
    assert caught.value.status == 422


@pytest.mark.parametrize(
    ("url", "allow_cidr"),
    [
        pytest.param("https://agency.example/hook?x=1", [], id="name"),
        pytest.param("HTTPS://Agency.Example:8443", [], id="capitals"),
        pytest.param("http://127.0.0.1:8000/", ["127.0.0.0/8"], id="loopback-allowed"),
        pytest.param("http://[::1]:8000/", ["::1/128"], id="loopback-6-allowed"),
        pytest.param("https://10.20.0.5/", ["10.20.0.0/16"], id="private-allowed"),
        pytest.param("https://9.9.9.9/", ["10.20.0.0/16"], id="public-with-tls-beside-a-network"),
        pytest.param("http://dinas.lan/", ["10.20.0.0/16"], id="plain-name-is-vetted-when-dialled"),
    ],
)
def test_urls_that_can_be_saved(url: str, allow_cidr: list[str]) -> None:
    check_url(url, allow_cidr)


class FakeDns:
    """A resolver that knows some names."""

    def __init__(self, **names: list[str]) -> None:
        self.names = names
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return the addresses of a name."""
        self.asked.append(host)
        if host not in self.names:
            raise UnresolvedError("dns", f"{host}: no such name")
        return self.names[host]


@pytest.mark.parametrize(
    ("answer", "allow_cidr", "plain", "allowed"),
    [
        pytest.param(["9.9.9.9", "2620:fe::fe"], [], False, True, id="all-public"),
        pytest.param(["9.9.9.9", "10.0.0.1"], [], False, False, id="public-and-private"),
        pytest.param(["9.9.9.9", "::1"], [], False, False, id="public-and-loopback-6"),
        pytest.param(["9.9.9.9", "64:ff9b::7f00:1"], [], False, False, id="public-and-nat64"),
        pytest.param(["10.20.0.5", "9.9.9.9"], ["10.20.0.0/16"], False, True, id="allowed-and-public-with-tls"),
        pytest.param(["10.20.0.5", "9.9.9.9"], ["10.20.0.0/16"], True, False, id="allowed-and-public-plain"),
        pytest.param(["10.20.0.5", "10.21.0.5"], ["10.20.0.0/16"], True, False, id="inside-and-outside"),
        pytest.param(["10.20.0.5"], ["10.20.0.0/16"], True, True, id="inside-plain"),
    ],
)
async def test_every_address_of_a_name_counts(
    answer: list[str], allow_cidr: list[str], plain: bool, allowed: bool
) -> None:
    dns, networks = FakeDns(a=answer), networks_of(allow_cidr)
    if allowed:
        found = await vetted("a", 443, networks, plain=plain, resolve=dns)
        assert [str(address) for address in found] == answer
    else:
        with pytest.raises(ForbiddenAddressError):
            await vetted("a", 443, networks, plain=plain, resolve=dns)


async def test_a_literal_is_not_asked_of_dns() -> None:
    dns = FakeDns()
    assert [str(a) for a in await vetted("0x09090909", 443, [], plain=False, resolve=dns)] == ["9.9.9.9"]
    assert dns.asked == []


async def test_a_name_without_address() -> None:
    with pytest.raises(UnresolvedError):
        await vetted("a", 443, [], plain=False, resolve=FakeDns(a=[]))


async def test_saving_asks_dns_too() -> None:
    dns = FakeDns(good=["9.9.9.9"], bad=["9.9.9.9", "127.0.0.1"])
    assert await check_url_resolved("https://good/hook", [], dns) == ["9.9.9.9"]
    assert await check_url_resolved("https://unknown/hook", [], dns) == []
    with pytest.raises(ForbiddenUrlError, match=r"bad \(127.0.0.1\) is not a public address"):
        await check_url_resolved("https://bad/hook", [], dns)


@pytest.mark.parametrize("host", ["no-such-name.invalid", "a" * 64 + ".example", "..", "xn--\udcff"])
async def test_the_systems_resolver_on_names_that_are_none(host: str) -> None:
    with pytest.raises(UnresolvedError):
        await system_resolve(host, 443)


async def test_the_systems_resolver() -> None:
    assert "127.0.0.1" in await system_resolve("localhost", 443)
