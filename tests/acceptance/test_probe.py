"""A test call goes out over the trunk of a real Asterisk, comes back, and is a report that rang nobody."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx2
import pytest

from tests.acceptance.conftest import settings
from tests.acceptance.product import Product
from tests.faults.ledgers import agreed
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import Caller, People
from tests.waiting import until

pytestmark = pytest.mark.real
NUMBER: Final = "+62328662112"  # leads to us
CALLER: Final = "+62328662000"  # ours, as the carrier writes it
probed = pytest.mark.parametrize(
    "pbx", [{"appended": {"extensions.conf": f"[globals](+)\nTEST_CALLER={CALLER}"}}], indirect=True, ids=["tested"]
)


@pytest.fixture
def acting(pbx: RealAsterisk, database_url: str, tmp_path: Path) -> Iterator[Product]:
    """The whole product, which makes test calls."""
    own = {
        "INTAKE112_CONTROL_USERNAME": "intake112-control",
        "INTAKE112_CONTROL_SECRET": pbx.control_secret,
        "INTAKE112_TEST_NUMBER": NUMBER,
    }
    with Product(database_url, tmp_path / "state", settings(pbx) | own) as running:
        yield running


def metric(product: Product, name: str) -> float | None:
    """A figure of the bridge, from /metrics."""
    text = httpx2.get(f"http://127.0.0.1:{product.port}/metrics", timeout=10, trust_env=False).text
    lines = [line for line in text.splitlines() if f'figure="{name}"' in line]
    return float(lines[0].rpartition(" ")[2]) if lines else None


@probed
def test_it_comes_back_over_the_trunk(pbx: RealAsterisk, people: People, acting: Product) -> None:
    people.operator(1, answer_ms=100)
    carrier = people.carrier(answer_ms=500)
    acting.start()
    until(lambda: f"INVITE sip:{NUMBER}@" in carrier.trace(), "it goes out", 60)
    back = people.call(Caller(CALLER), hang_up_ms=300)  # the carrier brings it to us
    back.wait()
    (report,) = agreed({"pbx-1": pbx}, acting)
    assert (report["class"], report["status"]) == ("test", "closed")
    whole = acting.report(report["number"])
    assert whole["call"]["legs"] == [], "nobody was rung, and it waited nowhere"
    took = until(lambda: metric(acting, "test_call_seconds"), "it is timed", 15)
    assert 0 < took < 15
    assert acting.readiness()["alarms"] == []
    carrier.hang_up()
    until(lambda: pbx.cli("core show channels concise") == "", "nobody is on the line")


@probed
def test_its_number_is_anybodys_while_no_test_call_is_out(pbx: RealAsterisk, people: People, product: Product) -> None:
    people.operator(1, answer_ms=100)
    people.call(Caller(CALLER), hang_up_ms=500).wait()
    (report,) = agreed({"pbx-1": pbx}, product)
    assert (report["class"], report["status"], report["call"]["outcome"]) == ("normal", "open", "answered")


@probed
def test_who_stays_on_the_line_waits_for_an_operator(pbx: RealAsterisk, people: People, acting: Product) -> None:
    people.operator(1, answer_ms=100)
    carrier = people.carrier(answer_ms=500)
    acting.start()
    until(lambda: f"INVITE sip:{NUMBER}@" in carrier.trace(), "it goes out", 60)
    caller = people.call(Caller(CALLER))
    until(lambda: acting.get("/calls")["calls"], "the ring is shown")
    with pbx.stream() as ami:
        ami.wait_event("AgentConnect", timeout=20)
    caller.hang_up()
    caller.wait()
    (report,) = agreed({"pbx-1": pbx}, acting)
    assert (report["class"], report["call"]["outcome"]) == ("normal", "answered")


@probed
def test_who_only_looks_like_it_waits_for_an_operator(pbx: RealAsterisk, people: People, acting: Product) -> None:
    """Beside the number nothing counts: not a name, not a part of the number."""
    people.operator(1, answer_ms=100)
    people.carrier(busy=True)
    acting.start()
    for caller in (Caller(CALLER[:-1]), Caller(None, CALLER.encode()), Caller(f"{CALLER}9")):
        people.call(caller, hang_up_ms=500).wait()
    assert [one["class"] for one in agreed({"pbx-1": pbx}, acting)] == ["normal"] * 3


def test_where_there_is_no_test_caller_nobody_is_one(pbx: RealAsterisk, people: People, acting: Product) -> None:
    people.operator(1, answer_ms=100)
    people.carrier(busy=True)
    acting.start()
    people.call(Caller(None), hang_up_ms=500).wait()
    (report,) = agreed({"pbx-1": pbx}, acting)
    assert (report["class"], report["call"]["outcome"]) == ("normal", "answered")
