"""Two workers on hosts of their own (network namespaces), one cut off in the middle of its work: the other finishes it.

PostgreSQL, the desk and the agency are on this side of both cables.
"""

import asyncio
import tempfile
from collections.abc import Iterator
from itertools import compress
from pathlib import Path

import pytest

from db import migrate
from tests.acceptance.product import Product
from tests.acceptance.receiver import receiver
from tests.faults.clock import Wrong
from tests.faults.namespaces import Lan, lan
from tests.faults.owed import LEASE_S, enrol, outbox, pending, sent, times
from tests.postgres import PostgresServer
from tests.waiting import until

pytestmark = pytest.mark.real
EACH = 4  # in flight in one worker's lane


@pytest.fixture
def here() -> Iterator[Lan]:
    """A network with two hosts."""
    with lan(2) as made:
        yield made


@pytest.fixture
def server(here: Lan) -> Iterator[PostgresServer]:
    """A PostgreSQL that both can reach."""
    with tempfile.TemporaryDirectory(prefix="intake112-postgres-") as folder:
        hba = Path(folder) / "hba"
        hba.write_text(f"host all all 127.0.0.1/32 trust\nhost all all {here.network} trust\n")
        hba.chmod(0o644)
        settings = (f"listen_addresses=127.0.0.1,{here.address}", f"hba_file={hba}")
        with PostgresServer.start(Path(folder) / "cluster", *settings) as running:
            asyncio.run(running.create("cut"))
            asyncio.run(migrate.migrate(running.url("cut")))
            yield running


def test_one_of_two_workers_is_cut_off(here: Lan, server: PostgresServer, tmp_path: Path) -> None:
    url = server.url("cut")
    from_there = url.replace("127.0.0.1", here.address)
    with (
        Wrong(tmp_path / "clock", ahead=0) as clock,
        receiver(here.address) as agency,
        Product(url, tmp_path / "web", settings := {"INTAKE112_TEST_CLOCK": str(clock.file)}, "web") as web,
        Product(from_there, tmp_path / "one", settings, "routing", within=here.hosts[0].within) as one,
        Product(from_there, tmp_path / "two", settings, "routing", within=here.hosts[1].within) as two,
    ):
        for worker in (one, two):
            worker.start(ready=False)
        web.start(ready=False)
        web.until_ready(60)
        enrol(web, {"damkar": agency}, here.network)
        agency.gate.clear()
        promised = [dispatch for _ in range(2 * EACH) for dispatch in sent(web, ["damkar"])]
        until(lambda: len(agency.ids) == 2 * EACH, "both have all they may have in flight", 30)
        assert sorted(agency.senders) == [host.address for host in here.hosts for _ in range(EACH)]
        of_one = [sender == here.hosts[0].address for sender in agency.senders]
        cut_off = set(compress(agency.ids, of_one))

        here.hosts[0].cut()
        agency.gate.set()
        until(lambda: pending(url) == EACH, "the other saves its own", 30)
        clock.ahead += LEASE_S + 1
        until(lambda: not pending(url), "the other sends what was cut off, once the lease is over", 30)
        assert times(one.log.read_bytes(), "fence_lost") == 0

        here.hosts[0].mend()
        until(lambda: times(one.log.read_bytes(), "fence_lost") == EACH, "each of its outcomes is refused", 30)
        assert set(agency.ids[2 * EACH :]) == cut_off
        assert set(agency.senders[2 * EACH :]) == {here.hosts[1].address}
        more = sent(web, ["damkar"])
        until(lambda: not pending(url), "and it goes on", 30)
        web.command("audit", "verify")
        end = outbox(url, [agency])
        told = end.kept(promised + more)
        assert end.again == EACH
        assert times(two.log.read_bytes(), "fence_lost") == 0
    print(  # noqa: T201  # for docs/proof.md
        f"figure: one of two routing processes cut off (network namespaces, PostgreSQL) with {EACH} in flight: {told}; "
        f"{end.again} sent again by the other, {EACH} late outcomes refused and counted"
    )
