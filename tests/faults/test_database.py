"""What happens to the database while people call: no ring is lost, nothing is promised that is not kept."""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Sequence
from pathlib import Path

import asyncpg
import pytest

from db import migrate
from tests.acceptance.conftest import settings
from tests.acceptance.product import Json, Product
from tests.faults.ledgers import agreed, talked
from tests.faults.store import Store
from tests.faults.test_bridge import fill, small_disk, until_taped
from tests.faults.wire import lasts
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import Caller, People
from tests.postgres import PostgresServer
from tests.waiting import until

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]
AWAY_S = 30 if os.environ.get("INTAKE112_PROVE") else 3
SITI, BUDI, DEWI = (Caller(f"+628120000000{n}") for n in (1, 2, 3))
WALK_IN = {"source": "walk-in", "narrative": "Pohon tumbang di jalan"}


def test_away_in_a_call(pbx: RealAsterisk, people: People, store: Store, product: Product) -> None:
    """Who waited is answered meanwhile, one comes and goes, one comes and stays: all of it is there afterwards."""
    waited = people.call(SITI)
    until(lambda: product.get("/calls")["calls"], "the ring is shown")
    store.take_away()
    people.operator(1, answer_ms=50)
    talked(pbx, 1)
    people.call(BUDI, hang_up_ms=50).wait()
    stays = people.call(DEWI)
    until_taped(product, f"CallerIDNum: {DEWI.number}")
    lasts(AWAY_S)
    store.give_back()
    product.until_ready()
    until(lambda: len(product.get("/calls")["calls"]) == 2, "who is on the line is shown")
    for caller in (waited, stays):
        caller.hang_up()
        caller.wait()
    reports = agreed({"pbx-1": pbx}, product)
    assert {report["caller"]["number"]: report["call"]["outcome"] for report in reports} == {
        SITI.number: "answered",
        BUDI.number: "abandoned",
        DEWI.number: "abandoned",
    }
    assert all(report["call"]["recovered"] is False for report in reports), "all was heard"


def test_away_no_write_is_promised(store: Store, product: Product) -> None:
    assert product.post("/reports", WALK_IN)["number"]
    store.take_away()
    refused = product.http.post("/api/v1/reports", json=WALK_IN, timeout=30)
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    store.give_back()
    product.until_ready()
    until(lambda: product.http.post("/api/v1/reports", json=WALK_IN).status_code == 201, "it takes writes again")
    assert len(product.reports()) == 2


def test_a_full_disk_under_everything(pbx: RealAsterisk, people: People, sqlite_template: Path, tmp_path: Path) -> None:
    """Writes are refused with a word, reads work, calls wait in memory; with room again all is there, and sound."""
    disk = tmp_path / "disk"
    with small_disk(disk, "48m") as filler:
        (disk / "state").mkdir()
        (disk / "state" / "intake112.db").write_bytes(sqlite_template.read_bytes())
        url = f"sqlite+aiosqlite:///{disk / 'state' / 'intake112.db'}"
        with Product(url, disk / "state", settings(pbx)) as product:
            product.log = tmp_path / "log"
            product.start()
            people.call(SITI, hang_up_ms=50).wait()
            agreed({"pbx-1": pbx}, product)
            fill(filler)

            def refused() -> bool:  # what room SQLite had set aside is used up first
                answer = product.http.post("/api/v1/reports", json=WALK_IN)
                return answer.status_code == 503 and "disk of the database is full" in answer.json()["message"]

            until(refused, "writes are refused", within_s=30)
            taken = len(product.reports())
            people.call(BUDI, hang_up_ms=50).wait()
            filler.unlink()
            people.call(DEWI, hang_up_ms=50).wait()
            reports = agreed({"pbx-1": pbx}, product)
            assert len(reports) == taken + 2
            product.kill()
        with sqlite3.connect(disk / "state" / "intake112.db") as file:
            assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        file.close()


def test_a_full_disk_under_postgresql(pbx: RealAsterisk, people: People, tmp_path: Path) -> None:
    """First statements are refused; then there is no room for its log, and the server ends. Each time all is there
    afterwards: every ring, and every report that was promised.
    """
    disk, wal = tmp_path / "disk", ("min_wal_size=32MB", "max_wal_size=32MB")
    promised, message = set[str](), ""
    with small_disk(disk, "128m") as filler, PostgresServer.start(disk, *wal) as server:
        url = server.url("intake112")
        asyncio.run(server.create("intake112"))
        asyncio.run(migrate.migrate(url))

        def refused() -> bool:  # what room its tables have is used up first
            nonlocal message
            answer = product.http.post("/api/v1/reports", json=WALK_IN, timeout=30)
            if answer.status_code == 201:
                promised.add(answer.json()["number"])
            else:
                assert answer.status_code == 503
                message = answer.json()["message"]
            return bool(message)

        def told() -> bool:
            return "its disk is full" in str(product.readiness()["checks"])

        with Product(url, tmp_path / "state", settings(pbx)) as product:
            product.start()
            promised.add(product.post("/reports", WALK_IN)["number"])
            fill(filler)
            until(refused, "writes are refused", within_s=30)
            assert message.startswith("The disk of the database is full; nothing was saved.")
            people.call(SITI, hang_up_ms=50).wait()
            until_taped(product, f"CallerIDNum: {SITI.number}")
            until(told, "what is wrong is told", within_s=15)
            assert written(product.reports()) == promised, "reads work"
            filler.unlink()
            agreed({"pbx-1": pbx}, product)

            fill(filler)
            asyncio.run(fill_the_log(url))
            people.call(BUDI, hang_up_ms=50).wait()
            until_taped(product, f"CallerIDNum: {BUDI.number}")
            assert product.http.post("/api/v1/reports", json=WALK_IN, timeout=30).status_code == 503
            filler.unlink()
            server.process.wait(10)
            server.go_on()
            people.call(DEWI, hang_up_ms=50).wait()
            reports = agreed({"pbx-1": pbx}, product)
            assert {report["caller"]["number"] for report in reports if report["call"]} == {
                caller.number for caller in (SITI, BUDI, DEWI)
            }
            assert written(reports) == promised
            product.kill()


def written(reports: Sequence[Json]) -> set[str]:
    """Return the numbers of those that no ring opened."""
    return {report["number"] for report in reports if report["call"] is None}


async def fill_the_log(url: str) -> None:
    """Begin one piece of PostgreSQL's log after the other until there is no room for the next: it stops at once."""
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        try:
            while True:
                await connection.execute("SELECT pg_logical_emit_message(false, '', 'full'), pg_switch_wal()")
        finally:
            await connection.close(timeout=2)
