"""Deadlines that nobody keeps, with workers that die at the minute: each step once, by whoever is left."""

import os
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.acceptance.product import Json, Product
from tests.faults.clock import write
from tests.postgres import PostgresServer, free_port
from tests.waiting import until

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]
ROUNDS = 10 if os.environ.get("INTAKE112_PROVE") else 2
WORKERS = 4
BEGAN = datetime(2026, 3, 14, 2, 0, tzinfo=UTC)
FIRE = {"source": "walk-in", "kind": "kebakaran", "priority": "P1", "narrative": "Rumah terbakar"}


def enrol(product: Product) -> None:
    """Two agencies, one behind the other, whose receivers are not there."""
    for code, following in (("bpbd", []), ("damkar", ["--next", "bpbd"])):
        url = f"http://127.0.0.1:{free_port()}/hook"
        options = ("--name", code, "--url", url, "--allow-cidr", "127.0.0.0/8", "--kind", "kebakaran", *following)
        product.command("agency", "add", code, *options)


def sent(product: Product) -> Json:
    """A fire that damkar was sent."""
    report = product.post("/reports", FIRE)
    product.post(f"/reports/{report['number']}/dispatches", {"agencies": ["damkar"]})
    return report


def ladder(product: Product, report: Json) -> list[str]:
    """What the ladder told in the report."""
    whole = product.report(report["number"])
    return [entry["text"] for entry in whole["entries"] if entry["author"] == "eskalasi"]


OVERDUE = "damkar belum menerima dalam 60 dtk: hubungi lewat telepon"
NEXT = "Diteruskan ke bpbd karena damkar belum menerima"


@pytest.fixture
async def postgres_url(postgres: PostgresServer) -> AsyncIterator[str]:
    """A fresh database on PostgreSQL."""
    async with postgres.fresh(f"ladder_{os.getpid()}", "intake112_template") as url:
        yield url


def test_four_workers_and_one_killed_at_the_minute(postgres_url: str, tmp_path: Path) -> None:
    clock, now = tmp_path / "clock", BEGAN
    write(clock, now)
    settings = {"INTAKE112_TEST_CLOCK": str(clock)}
    with ExitStack() as stack:
        web = stack.enter_context(Product(postgres_url, tmp_path / "web", settings, room="web"))
        workers = [
            stack.enter_context(Product(postgres_url, tmp_path / f"routing-{n}", settings, room="routing"))
            for n in range(WORKERS)
        ]
        for worker in workers:
            worker.start(ready=False)
        web.start()
        enrol(web)
        for done in range(ROUNDS):
            reports = [sent(web) for _ in range(5)]
            killed = workers[done % WORKERS]
            for seconds, told in ((60, [OVERDUE]), (120, [OVERDUE, NEXT])):
                now += timedelta(seconds=seconds)
                write(clock, now)
                killed.kill()
                until(lambda: all(ladder(web, one) for one in reports), "each has a step", 30)  # noqa: B023
                until(lambda: all(ladder(web, one) == told for one in reports), "the step is taken", 30)  # noqa: B023
                killed.start(ready=False)
            for report in reports:
                agencies = [one["agency"] for one in web.report(report["number"])["dispatches"]]
                assert agencies == ["damkar", "bpbd"], "the next one once"
                for one in web.report(report["number"])["dispatches"]:
                    accepted = {"answer": "accepted", "by": "telephone"}
                    assert web.http.post(f"/api/v1/dispatches/{one['id']}/answers", json=accepted).status_code == 200
            now += timedelta(minutes=14)
            write(clock, now)
            assert all(ladder(web, one) == [OVERDUE, NEXT] for one in reports)
        web.command("audit", "verify")


def test_the_one_process_is_down_across_the_deadlines(database_url: str, tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    write(clock, BEGAN)
    with Product(database_url, tmp_path / "state", {"INTAKE112_TEST_CLOCK": str(clock)}) as product:
        product.start()
        enrol(product)
        report = sent(product)
        product.kill()
        write(clock, BEGAN + timedelta(seconds=200))
        product.start()
        told = until(lambda: ladder(product, report), "it is escalated", 20)
        assert told == [f"{OVERDUE} (baru diperiksa 20 dtk terlambat)", NEXT]
        dispatches = product.report(report["number"])["dispatches"]
        assert [(one["agency"], one["escalation"]) for one in dispatches] == [("damkar", 2), ("bpbd", 0)]
