"""A worker that is told to stop with twenty tries in flight, and one that slept past its lease."""

import os
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.acceptance.product import Product
from tests.acceptance.receiver import receiver
from tests.faults.clock import Wrong
from tests.faults.owed import LEASE_S, enrol, outbox, pending, sent, times
from tests.waiting import until

pytestmark = pytest.mark.real
PROVE = bool(os.environ.get("INTAKE112_PROVE"))
EXIT_WITHIN_S = 15
AGENCIES, EACH, IN_FLIGHT = 5, 6, 20


def test_sigterm_with_twenty_in_flight(database_url: str, tmp_path: Path) -> None:
    """Nothing more is claimed; what is answered is saved, what is not (full count only) is given back."""
    with ExitStack() as stack:
        product = stack.enter_context(Product(database_url, tmp_path / "state", {}))
        product.start(ready=False)
        product.until_ready(60)
        receivers = {f"agency-{n}": stack.enter_context(receiver()) for n in range(AGENCIES)}
        enrol(product, receivers)
        for one in receivers.values():
            one.gate.clear()
        for _ in range(EACH):
            sent(product, list(receivers))
        until(lambda: sum(len(one.ids) for one in receivers.values()) == IN_FLIGHT, "twenty are in flight", 30)
        began = time.monotonic()
        product.terminate()
        until(lambda: refused(product.port), "it is stopping", 30)
        silent = list(receivers.values())[:1] if PROVE else []
        for one in receivers.values():
            if one not in silent:
                one.gate.set()
        assert product.ended(EXIT_WITHIN_S) == 0
        took = time.monotonic() - began
        end = outbox(database_url, list(receivers.values()))
    assert end.received.total() == IN_FLIGHT, "nothing more was claimed"
    delivered = IN_FLIGHT - 4 * len(silent)
    assert end.taken.total() == delivered
    assert end.saved.total() == IN_FLIGHT
    assert end.cut_off == 0
    assert pending(database_url) == pending(database_url, unclaimed=True) == AGENCIES * EACH - delivered
    if PROVE:
        kind = "SQLite" if database_url.startswith("sqlite") else "PostgreSQL"
        print(  # noqa: T201  # for docs/proof.md
            f"figure: SIGTERM with {IN_FLIGHT} in flight, 4 of them never answered, on {kind}: "
            f"{delivered} finished, the rest given back, exit 0 after {took:.1f} s"
        )


def refused(port: int) -> bool:
    """Tell whether nobody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.mark.parametrize("database_kind", ["postgresql"], indirect=True)
def test_frozen_past_its_lease(database_url: str, tmp_path: Path) -> None:
    """SIGSTOP in a try; another delivers when the lease is over; after SIGCONT the first one's outcome is refused."""
    with (
        Wrong(tmp_path / "clock", ahead=0) as clock,
        receiver() as agency,
        Product(database_url, tmp_path / "web", settings := {"INTAKE112_TEST_CLOCK": str(clock.file)}, "web") as web,
        Product(database_url, tmp_path / "first", settings, "routing") as first,
        Product(database_url, tmp_path / "second", settings, "routing") as second,
    ):
        first.start(ready=False)
        web.start(ready=False)
        web.until_ready(60)
        enrol(web, {"damkar": agency})
        agency.gate.clear()
        promised = sent(web, ["damkar"])
        until(lambda: len(agency.ids) == 1, "it is in flight", 30)
        first.freeze()
        second.start(ready=False)
        clock.ahead += LEASE_S + 1
        until(lambda: len(agency.ids) == 2, "the other sends it", 30)
        agency.gate.set()
        until(lambda: not pending(database_url), "it is delivered", 30)
        first.thaw()
        until(lambda: times(first.log.read_bytes(), "fence_lost") == 1, "its outcome is refused", 30)
        end = outbox(database_url, [agency])
    assert end.kept(promised)
    assert end.saved.total() == 1
    assert end.again == 1
    assert times(second.log.read_bytes(), "fence_lost") == 0
