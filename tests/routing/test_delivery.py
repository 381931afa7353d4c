"""One POST, one outcome: receivers on real sockets, each misbehaving in its own way."""

import asyncio
import functools
import gc
import gzip
import socket
import ssl
import tracemalloc
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
import trustme

from routing import egress
from routing.delivery import Delivered, HttpReceiver, Letter, Outcome, Refused, Unreachable
from routing.egress import UnresolvedError
from tests.postgres import free_port
from tests.routing.receivers import (
    Behaviour,
    answers,
    answers_in_order,
    closes,
    drips,
    hangs,
    pours,
    receiving,
    resets,
    resets_in_the_body,
)

AT = datetime(2026, 3, 14, 1, 59, 26, tzinfo=UTC)
LETTER = Letter(
    "0195923c-0000-7000-8000-000000000001", AT, "v1,AAAA", '{"desa":"Pangarangan №1"}'.encode(), "application/cap+xml"
)
LOOPBACK = ["127.0.0.0/8"]
there = functools.partial(HttpReceiver, allow_cidr=LOOPBACK)
hasty = functools.partial(HttpReceiver, allow_cidr=LOOPBACK, deadline_s=0.5, connect_s=0.3)  # for what never ends


async def deliver(receiver: HttpReceiver, letter: Letter = LETTER) -> Outcome:
    """Deliver one letter and close."""
    try:
        return await receiver.deliver(letter)
    finally:
        await receiver.aclose()


async def outcome_of(behaviour: Behaviour, make: Callable[..., HttpReceiver] = there) -> Outcome:
    """Deliver one letter to a receiver that behaves so."""
    async with receiving(behaviour) as pretend:
        outcome = await deliver(make(pretend.url))
        await pretend.until(lambda: pretend.open == 0)  # the connection is given up, whatever happened
        return outcome


async def test_what_the_receiver_gets() -> None:
    async with receiving(answers(202, b'{"answer":"accepted"}')) as pretend:
        outcome = await deliver(there(pretend.url))
    [got] = pretend.got
    assert got.line == "POST /hook HTTP/1.1"
    assert got.body == LETTER.body
    assert got.headers == {
        "host": f"127.0.0.1:{pretend.port}",
        "accept": "application/json",
        "accept-encoding": "identity",
        "content-type": "application/cap+xml",
        "user-agent": "intake112",
        "webhook-id": LETTER.id,
        "webhook-timestamp": "1773453566",
        "webhook-signature": "v1,AAAA",
        "content-length": str(len(LETTER.body)),
    }
    assert isinstance(outcome, Delivered)
    assert (outcome.status, outcome.code, outcome.answer) == (202, "status_202", b'{"answer":"accepted"}')
    assert outcome.latency_ms >= 0


@pytest.mark.parametrize("status", [300, 304, 400, 401, 404, 410, 422, 500, 503])
async def test_refused(status: int) -> None:
    outcome = await outcome_of(answers(status, b"" if status == 304 else "tidak ✗".encode()))
    assert isinstance(outcome, Refused)
    assert (outcome.status, outcome.code, outcome.retry_after_s) == (status, f"status_{status}", None)
    assert outcome.excerpt == ("" if status == 304 else "tidak ✗")


@pytest.mark.parametrize(
    ("header", "expected"),
    [("5", 5.0), ("86400", 900.0), ("-1", None), ("x", None), ("Sat, 14 Mar 2026 01:59:33 GMT", 7.0)],
)
async def test_retry_after(header: str, expected: float | None) -> None:
    outcome = await outcome_of(answers(503, retry_after=header))
    assert outcome.retry_after_s == expected


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("place", ["http://169.254.169.254/latest/meta-data/", "own"])
async def test_a_redirect_is_not_followed(status: int, place: str) -> None:
    async with receiving(answers(200)) as other:
        outcome = await outcome_of(answers(status, location=other.url if place == "own" else place))
    assert isinstance(outcome, Refused)
    assert outcome.status == status
    assert other.connections == 0


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        pytest.param(hangs, "timeout", id="hangs"),
        pytest.param(drips(b"HTTP/1.1 200 OK\r\nx: ", b"x"), "timeout", id="slow-loris-header"),
        pytest.param(resets, "reset", id="reset"),
        pytest.param(closes, "disconnected", id="closes"),
        pytest.param(pours(b"x" * 1000, b"x" * 1000, 1000), "protocol", id="1-MB-without-a-status"),
        pytest.param(pours(b"SSH-2.0-OpenSSH_9.2\r\n", b"\r\n", 1), "protocol", id="another-protocol"),
    ],
)
async def test_no_answer(behaviour: Behaviour, code: str) -> None:
    outcome = await outcome_of(behaviour, hasty if code == "timeout" else there)
    assert isinstance(outcome, Unreachable)
    assert (outcome.code, outcome.sent, outcome.status) == (code, True, None)
    assert outcome.latency_ms < 5000


CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
HEAD, PART = b"HTTP/1.1 200 OK\r\nx: ", b"x" * 1000
LONG_HEAD = pours(HEAD, PART, 1000)
BOMB = gzip.compress(bytes(50_000_000))


@pytest.mark.parametrize(
    "behaviour",
    [
        pytest.param(drips(CHUNKED, b"1\r\nx\r\n"), id="slow-loris-body"),
        pytest.param(pours(CHUNKED, b"2710\r\n" + b"x" * 10_000 + b"\r\n", None), id="endless-chunks"),
        pytest.param(pours(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n", b"x" * 10_000, 1000), id="10-MB"),
        pytest.param(LONG_HEAD, id="1-MB-header"),
        pytest.param(pours(b"HTTP/1.1 103 Hints\r\nx: y\r\n\r\n" * 3 + HEAD, PART, 1000), id="1-MB-header-after-hints"),
        pytest.param(resets_in_the_body, id="reset-in-the-body"),
        pytest.param(
            pours(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n", b'{"answer":"accepted"}', 1), id="body-too-short"
        ),
    ],
)
async def test_a_status_in_time_counts_and_half_a_body_is_no_answer(behaviour: Behaviour) -> None:
    async with receiving(behaviour) as pretend:
        receiver = there(pretend.url, deadline_s=1.0)
        outcome = await receiver.deliver(LETTER)
        await pretend.until(lambda: pretend.open == 0)  # the connection is given up at once, not when the lane ends
        await receiver.aclose()
    assert isinstance(outcome, Delivered)
    assert (outcome.status, outcome.answer) == (200, b"")
    assert len(outcome.excerpt) <= 4096
    assert outcome.latency_ms < 5000


async def test_a_gzip_bomb_stays_small() -> None:
    assert len(BOMB) < 64 * 1024
    head = f"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {len(BOMB)}\r\n\r\n"
    outcome = await outcome_of(pours(head.encode(), BOMB, 1))
    assert isinstance(outcome, Delivered)
    assert outcome.answer == BOMB
    assert "\0" not in outcome.excerpt


@pytest.mark.parametrize("end", ["", "\r\n\r\n"], ids=["that-does-not-end", "that-ends"])
async def test_a_refusal_with_a_header_of_1_mb_is_a_refusal(end: str) -> None:
    head = f"HTTP/1.1 503 Busy\r\nretry-after: 5\r\nx: {'x' * 1_000_000}{end}"
    outcome = await outcome_of(pours(head.encode(), b"", 1))
    assert isinstance(outcome, Refused)
    assert (outcome.status, outcome.code, outcome.retry_after_s) == (503, "status_503", None)
    assert "only the status was read" in outcome.excerpt


async def test_headers_of_60_kb_are_read() -> None:
    outcome = await outcome_of(answers(503, b"", retry_after="5", x="x" * 60_000))
    assert outcome.retry_after_s == 5.0


@pytest.mark.parametrize(
    "huge",
    [
        pytest.param(pours(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000\r\n\r\n", b"x" * 100_000, 100), id="10-MB"),
        pytest.param(
            pours(
                f"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {len(BOMB)}\r\n\r\n".encode(), BOMB, 1
            ),
            id="gzip-bomb",
        ),
        pytest.param(pours(CHUNKED, b"2710\r\n" + b"x" * 10_000 + b"\r\n", None), id="endless-chunks"),
        pytest.param(LONG_HEAD, id="1-MB-header"),
    ],
)
async def test_what_is_huge_does_not_stay_in_memory(huge: Behaviour) -> None:
    async with receiving(huge) as pretend:
        receiver = there(pretend.url)
        tracemalloc.start()
        try:
            assert (await receiver.deliver(LETTER)).code == "status_200"
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
            await receiver.aclose()
    assert peak < 5_000_000


async def test_refused_connection() -> None:
    outcome = await deliver(there(f"http://127.0.0.1:{free_port()}/"))
    assert isinstance(outcome, Unreachable)
    assert (outcome.code, outcome.sent) == ("refused", False)
    assert "refused" in outcome.excerpt.lower() or "111" in outcome.excerpt


async def test_a_connection_that_is_never_made() -> None:
    with socket.socket() as full:  # a listening queue of one that nobody empties
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        outcome = await deliver(hasty(f"http://127.0.0.1:{full.getsockname()[1]}/"))
        for each in waiting:
            each.close()
    assert isinstance(outcome, Unreachable)
    assert (outcome.code, outcome.sent) == ("connect_timeout", False)


async def test_no_such_name() -> None:
    outcome = await deliver(HttpReceiver("https://no-such-name.invalid/"))
    assert isinstance(outcome, Unreachable)
    assert outcome.code in ("dns", "dns_failed")  # this machine may have no DNS at all
    assert not outcome.sent


class Dns:
    """A resolver that gives one answer after the other, the last one for ever."""

    def __init__(self, *turns: Sequence[str] | Exception | float) -> None:
        self.turns = list(turns)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        """Return, raise or wait."""
        turn = self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]
        if isinstance(turn, Exception):
            raise turn
        if isinstance(turn, float):
            await asyncio.sleep(turn)
            return ["127.0.0.1"]
        return turn


@pytest.mark.parametrize(
    ("dns", "code"),
    [
        pytest.param(Dns(UnresolvedError("dns", "x")), "dns", id="NXDOMAIN"),
        pytest.param(Dns(UnresolvedError("dns_failed", "x")), "dns_failed", id="SERVFAIL"),
        pytest.param(Dns(30.0), "dns_failed", id="DNS-hangs"),
        pytest.param(Dns(["127.0.0.1", "169.254.169.254"]), "forbidden_address", id="mixed"),
        pytest.param(Dns(["10.0.0.1"]), "forbidden_address", id="private"),
    ],
)
async def test_names_that_lead_nowhere(dns: Dns, code: str) -> None:
    async with receiving(answers()) as pretend:
        outcome = await deliver(hasty(f"http://agency.test:{pretend.port}/", resolve=dns))
    assert isinstance(outcome, Unreachable)
    assert (outcome.code, outcome.sent, pretend.connections) == (code, False, 0)


async def test_a_name_is_asked_again_for_every_connection() -> None:
    dns = Dns(["127.0.0.1"], ["127.0.0.1", "192.168.0.1"])
    async with receiving(answers(200, connection="close")) as pretend:
        receiver = there(f"http://agency.test:{pretend.port}/", resolve=dns)
        assert (await receiver.deliver(LETTER)).code == "status_200"
        assert (await deliver(receiver)).code == "forbidden_address"
    assert pretend.got[0].headers["host"] == f"agency.test:{pretend.port}"
    assert pretend.connections == 1


async def test_the_second_address_is_dialled_when_the_first_is_dead() -> None:
    async with receiving(answers()) as pretend:
        dns = Dns(["127.0.0.2", "127.0.0.1"])  # nobody listens on 127.0.0.2
        outcome = await deliver(there(f"http://agency.test:{pretend.port}/", resolve=dns))
    assert outcome.code == "status_200"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "https://127.0.0.1:1/",
        "https://0x7f.1:1/",
        "https://[::1]:1/",
        "http://9.9.9.9/",
        "x",
        "https://[",
    ],
)
async def test_without_a_network_no_forbidden_address_is_dialled(url: str) -> None:
    outcome = await deliver(HttpReceiver(url, []))
    assert (outcome.code, outcome.latency_ms < 2000) == ("forbidden_address", True)


# -- TLS ---------------------------------------------------------------------------------------------------------------


def certificate(authority: trustme.CA, name: str, not_after: datetime | None = None) -> ssl.SSLContext:
    """Return a server's TLS with a certificate for a name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name, not_after=not_after, not_before=AT - timedelta(days=900)).configure_cert(context)
    return context


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """An authority of our own."""
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """A client's TLS that trusts it."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.mark.parametrize(
    ("name", "not_after", "trusted", "code"),
    [
        pytest.param("agency.test", None, True, "status_200", id="good"),
        pytest.param("agency.test", None, False, "tls_untrusted", id="unknown-authority"),
        pytest.param("other.test", None, True, "tls_wrong_host", id="wrong-host"),
        pytest.param("agency.test", AT - timedelta(days=400), True, "tls_expired", id="expired"),
    ],
)
async def test_certificates(
    authority: trustme.CA,
    trusting: ssl.SSLContext,
    name: str,
    not_after: datetime | None,
    trusted: bool,
    code: str,
) -> None:
    async with receiving(answers(), certificate(authority, name, not_after)) as pretend:
        url, dns = f"https://agency.test:{pretend.port}/", Dns(["127.0.0.1"])
        receiver = there(url, resolve=dns, tls=trusting) if trusted else there(url, resolve=dns)
        outcome = await deliver(receiver)
    assert outcome.code == code
    assert len(pretend.got) == (code == "status_200")


async def test_https_to_a_port_that_speaks_http() -> None:
    async with receiving(answers()) as pretend:
        outcome = await deliver(hasty(f"https://127.0.0.1:{pretend.port}/"))
    assert outcome.code in ("tls", "timeout", "connect_timeout")
    assert pretend.got == []


# -- connections -------------------------------------------------------------------------------------------------------


async def test_a_connection_is_used_again() -> None:
    async with receiving(answers()) as pretend:
        receiver = there(pretend.url)
        await receiver.deliver(LETTER)
        await deliver(receiver)
    assert [got.connection for got in pretend.got] == [1, 1]


@pytest.mark.parametrize("end", [closes, resets])
async def test_a_kept_connection_that_ends_under_us_is_tried_again_at_once(end: Behaviour) -> None:
    async with receiving(answers_in_order(answers(), end, answers())) as pretend:
        receiver = there(pretend.url)
        await receiver.deliver(LETTER)
        outcome = await deliver(receiver)
    assert outcome.code == "status_200"
    assert [got.connection for got in pretend.got] == [1, 1, 2]


async def test_a_new_connection_that_ends_is_not_tried_again_at_once() -> None:
    async with receiving(answers_in_order(closes, answers())) as pretend:
        assert (await deliver(there(pretend.url))).code == "disconnected"
    assert len(pretend.got) == 1


async def test_a_connection_that_was_idle_for_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    assert egress.IDLE_S <= 5
    monkeypatch.setattr(egress, "IDLE_S", 0.0)
    async with receiving(answers()) as pretend:
        receiver = there(pretend.url)
        await receiver.deliver(LETTER)
        await deliver(receiver)
    assert [got.connection for got in pretend.got] == [1, 2]


async def test_cookies_are_not_kept() -> None:
    async with receiving(answers(200, set_cookie="session=1; Path=/")) as pretend:
        receiver = there(pretend.url)
        await receiver.deliver(LETTER)
        await deliver(receiver)
    assert "cookie" not in pretend.got[1].headers


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving(answers(500)) as proxy, receiving(answers()) as pretend:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert (await deliver(there(pretend.url))).code == "status_200"
    assert proxy.connections == 0


async def test_slots_are_free_again_after_timeouts() -> None:
    async with receiving(answers_in_order(*[hangs] * 8, answers())) as pretend:
        receiver = hasty(pretend.url)
        for _ in range(2):
            codes = [o.code for o in await asyncio.gather(*(receiver.deliver(LETTER) for _ in range(4)))]
            assert codes == ["timeout"] * 4
        assert (await deliver(receiver)).code == "status_200"
        await pretend.until(lambda: pretend.open == 0)
    gc.collect()  # a socket left open would warn here, and warnings are errors
