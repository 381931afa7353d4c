"""Several bridges: two on one PBX for standby, one on each of two PBXs. PostgreSQL: SQLite is one process."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.conftest import settings
from tests.acceptance.product import Product
from tests.faults.ledgers import agreed, talked
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import Caller, People
from tests.postgres import PostgresServer
from tests.waiting import until

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]
ROUNDS = 5 if os.environ.get("INTAKE112_PROVE") else 1


@dataclass(frozen=True)
class Centre:
    """Every process of a centre that runs its rooms apart."""

    web: Product
    bridges: list[Product]


@pytest.fixture
async def postgres_url(postgres: PostgresServer) -> AsyncIterator[str]:
    """A fresh database on PostgreSQL."""
    async with postgres.fresh(f"several_{os.getpid()}", "intake112_template") as url:
        yield url


@contextmanager
def centre(url: str, folder: Path, pbxs: list[dict[str, str]]) -> Iterator[Centre]:
    """Run one web, one routing, and a bridge for each of `pbxs` (settings)."""
    with ExitStack() as stack:

        def room(name: str, of: dict[str, str], state: str) -> Product:
            return stack.enter_context(Product(url, folder / state, of, room=name))

        bridges = [room("bridge", of, f"bridge-{number}") for number, of in enumerate(pbxs)]
        web = room("web", pbxs[0], "web")
        room("routing", {}, "routing").start(ready=False)
        for bridge in bridges:
            start(bridge)
        web.start()
        yield Centre(web, bridges)


def start(bridge: Product) -> None:
    """Start a bridge, and wait until it says that it is connected."""
    before = bridge.log.stat().st_size if bridge.log.exists() else 0
    bridge.start(ready=False)
    until(lambda: b'"state": "connected"' in bridge.log.read_bytes()[before:], "it is connected", within_s=20)


def test_two_bridges_on_one_pbx(pbx: RealAsterisk, people: People, postgres_url: str, tmp_path: Path) -> None:
    """The same call seen twice is one report; either may be killed at any moment."""
    with centre(postgres_url, tmp_path, [settings(pbx)] * 2) as here:
        people.operator(1, answer_ms=200)
        for done in range(ROUNDS):
            for number, bridge in enumerate(here.bridges):
                caller = Caller(f"+6281200{done:04d}{number}")
                call = people.call(caller)
                until(lambda: here.web.get("/calls")["calls"], "the ring is shown")
                bridge.kill()
                talked(pbx, 2 * done + number + 1)
                people.call(Caller(f"+6281201{done:04d}{number}"), calls=2, hang_up_ms=80).wait()
                call.hang_up()
                call.wait()
                agreed({"pbx-1": pbx}, here.web)
                start(bridge)
        reports = agreed({"pbx-1": pbx}, here.web)
        assert len(reports) == 6 * ROUNDS
        assert all(report["call"]["recovered"] is False for report in reports), "one of the two always listened"


def test_two_pbxs(pbx: RealAsterisk, people: People, postgres_url: str, tmp_path: Path) -> None:
    """Each has its bridge; one PBX restarted, and one bridge killed, are nothing to the other."""
    with RealAsterisk(systemname="pbx-2") as other, People(other) as elsewhere:
        both = {"pbx-1": pbx, "pbx-2": other}
        with centre(postgres_url, tmp_path, [settings(pbx), settings(other) | {"INTAKE112_PBX": "pbx-2"}]) as here:
            for where in (people, elsewhere):
                where.operator(1, answer_ms=100)
                where.call(Caller("+6281200000001"), hang_up_ms=1200).wait()
            here.bridges[1].kill()
            for where in (people, elsewhere):
                where.call(Caller("+6281200000002"), hang_up_ms=60).wait()
            start(here.bridges[1])
            other.restart()
            people.call(Caller("+6281200000003"), hang_up_ms=60).wait()
            elsewhere.call(Caller("+6281200000003"), hang_up_ms=60).wait()
            reports = agreed(both, here.web)
            assert len(reports) == 6
            assert sum(report["call"]["pbx"] == "pbx-2" for report in reports) == 3
