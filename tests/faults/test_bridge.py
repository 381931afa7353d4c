"""What happens to the bridge: killed at the worst moments, away for a whole call, its folder lost, old or full."""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.acceptance.conftest import settings
from tests.acceptance.product import Product
from tests.faults.ledgers import agreed, epoch, rings, talked
from tests.faults.store import Store
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import Caller, People
from tests.waiting import until

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]
ROUNDS = 10 if os.environ.get("INTAKE112_PROVE") else 1
CEL_PRECISION_S = 0.05
SITI, BUDI, DEWI = (Caller(f"+628120000000{n}") for n in (1, 2, 3))


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A disk of its own of this size, mounted at `folder`; yields a file that fills it once `fill` has written it."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", folder], check=True)
    try:
        yield folder / "filler"
    finally:
        subprocess.run(["umount", folder], check=True)


def fill(filler: Path) -> None:
    """Write until the disk takes nothing more."""
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))


def until_taped(product: Product, words: str) -> None:
    """Wait until a tape holds these words."""
    tapes = product.state.rglob
    until(lambda: any(words.encode() in path.read_bytes() for path in tapes("*.tape")), f"{words} is on the tape")


def test_killed_between_tape_and_database(pbx: RealAsterisk, people: People, store: Store, product: Product) -> None:
    for done in range(ROUNDS):
        caller = Caller(f"+62812000001{done:02d}")
        store.take_away()
        call = people.call(caller)
        until_taped(product, f"CallerIDNum: {caller.number}")
        product.kill()
        store.give_back()
        product.start()
        until(lambda: product.get("/calls")["calls"], "the waiting caller is shown")
        call.hang_up()
        call.wait()
        reports = agreed({"pbx-1": pbx}, product)
        assert len(reports) == done + 1
        assert reports[0]["call"]["recovered"] is False, "it was heard, and is on the tape"


def test_killed_between_ring_and_answer(pbx: RealAsterisk, people: People, product: Product) -> None:
    people.operator(1, answer_ms=700)
    for done in range(ROUNDS):
        call = people.call(Caller(f"+62812000001{done:02d}"))
        until(lambda: product.get("/calls")["calls"], "the ring is shown")
        product.kill()
        product.start()
        talked(pbx, done + 1)
        call.hang_up()
        call.wait()
        reports = agreed({"pbx-1": pbx}, product)
        assert [report["call"]["operator"]["device"] for report in reports] == ["PJSIP/op1"] * (done + 1)
        assert reports[0]["call"]["recovered"] is False, "its ring was heard"


def test_away_for_the_whole_life_of_a_call(pbx: RealAsterisk, people: People, product: Product) -> None:
    """The call is there with its true times, and marked."""
    people.operator(1, answer_ms=300)
    product.kill()
    people.call(SITI, hang_up_ms=1500).wait()
    until(lambda: all(ring.ended_at for ring in rings(pbx).values()), "it is over")
    product.start()
    (report,) = agreed({"pbx-1": pbx}, product)
    (ring,) = rings(pbx).values()
    call = report["call"]
    assert ring.ended_at is not None
    assert call["recovered"] is True
    assert call["outcome"] == "answered"
    assert call["operator"]["device"] == "PJSIP/op1"
    assert report["caller"]["number"] == SITI.number
    assert epoch(call["arrived_at"]) == pytest.approx(ring.began_at, abs=CEL_PRECISION_S)
    assert epoch(call["ended_at"]) == pytest.approx(ring.ended_at, abs=CEL_PRECISION_S)
    assert 0.2 < epoch(call["answered_at"]) - ring.began_at < 1.4
    assert 0 <= epoch(call["queued_at"]) - ring.began_at < 1


def test_the_state_folder_is_lost(pbx: RealAsterisk, people: People, product: Product) -> None:
    people.call(SITI, hang_up_ms=50).wait()
    agreed({"pbx-1": pbx}, product)
    waits = people.call(BUDI)
    until(lambda: product.get("/calls")["calls"], "the waiting caller is shown")
    product.kill()
    shutil.rmtree(product.state)
    people.call(DEWI, hang_up_ms=50).wait()
    product.state.mkdir()
    product.start()
    waits.hang_up()
    waits.wait()
    assert len(agreed({"pbx-1": pbx}, product)) == 3


def test_the_state_folder_is_restored_from_yesterday(
    pbx: RealAsterisk, people: People, product: Product, tmp_path: Path
) -> None:
    people.call(SITI, hang_up_ms=50).wait()
    agreed({"pbx-1": pbx}, product)
    product.kill()
    yesterday = tmp_path / "yesterday"
    shutil.copytree(product.state, yesterday)
    product.start()
    people.call(BUDI, hang_up_ms=50).wait()
    agreed({"pbx-1": pbx}, product)
    product.kill()
    people.call(DEWI, hang_up_ms=50).wait()
    shutil.rmtree(product.state)
    shutil.copytree(yesterday, product.state)
    product.start()
    assert len(agreed({"pbx-1": pbx}, product)) == 3


def test_a_full_tape_disk_costs_no_ring(pbx: RealAsterisk, people: People, store: Store, tmp_path: Path) -> None:
    """A ring is worth more than its evidence."""
    state = tmp_path / "state"
    with (
        small_disk(state / "tapes", "256k") as filler,
        Product(store.url, state, settings(pbx)) as product,
    ):
        product.start()
        people.call(SITI, hang_up_ms=50).wait()
        agreed({"pbx-1": pbx}, product)
        fill(filler)
        people.operator(1, answer_ms=100)
        people.call(BUDI, calls=3, hang_up_ms=1500).wait()
        reports = agreed({"pbx-1": pbx}, product)
        assert len(reports) == 4
        assert all(report["call"]["recovered"] is False for report in reports)

        def alarm() -> bool:
            return any(alarm["code"] == "tape_failed" for alarm in product.readiness()["alarms"])

        until(alarm, "the desk is told of the tape", within_s=15)
        filler.unlink()
        people.call(DEWI, hang_up_ms=50).wait()
        until(lambda: not alarm(), "the tape goes on", within_s=30)
        agreed({"pbx-1": pbx}, product)
        product.kill()
