"""What Asterisk recorded of a call is kept, as long as the call was, and can be heard."""

import io
import wave
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from tests.acceptance.conftest import settings
from tests.acceptance.product import Json, Product
from tests.faults.ledgers import agreed, talked
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import People
from tests.waiting import until

pytestmark = pytest.mark.real


@pytest.fixture
def product(pbx: RealAsterisk, database_url: str, tmp_path: Path) -> Iterator[Product]:
    """The whole product, which looks after recordings."""
    own = {"INTAKE112_RECORDINGS_DIR": str(pbx.recordings)}
    with Product(database_url, tmp_path / "state", settings(pbx) | own) as running:
        running.start()
        yield running


def recording(product: Product, number: str) -> Json:
    """Wait until the recording is looked after."""
    return until(lambda: product.report(number)["call"]["recording"], "the recording is kept")


def test_a_talk_is_kept_and_heard(pbx: RealAsterisk, people: People, product: Product) -> None:
    people.operator(1, answer_ms=500)
    call = people.call(hang_up_ms=3000)
    talked(pbx, 1)
    call.wait()
    (report,) = agreed({"pbx-1": pbx}, product)
    kept = recording(product, report["number"])
    assert (kept["heard"], kept["fault"]) == (True, None)
    lasted = datetime.fromisoformat(report["call"]["ended_at"]) - datetime.fromisoformat(report["call"]["arrived_at"])
    assert kept["seconds"] == pytest.approx(lasted.total_seconds(), abs=0.5)
    plays = f"/api/v1/reports/{report['number']}/recording/plays"
    heard = product.http.get(product.http.post(plays, json={"reason": "it is a test"}).json()["url"])
    assert heard.status_code == 200
    with wave.open(io.BytesIO(heard.content)) as sound:
        assert sound.getnframes() / sound.getframerate() == kept["seconds"]
    assert list(pbx.recordings.iterdir()) == []
    assert product.readiness()["alarms"] == []


def test_a_recording_that_broke_off_is_found_out(pbx: RealAsterisk, people: People, product: Product) -> None:
    people.operator(1, answer_ms=100)
    call = people.call(hang_up_ms=5000)
    with pbx.stream() as ami:
        talked(pbx, 1)
        channel = pbx.cli("core show channels concise").partition("!")[0]
        assert "trunk" in channel
        pbx.cli(f"mixmonitor stop {channel}")
        ami.wait_event("MixMonitorStop")
    call.wait()
    (report,) = product.all_ended(1)
    kept = recording(product, report["number"])
    assert (kept["heard"], kept["fault"]) == (True, "short")
    assert "recording_lost" in [alarm["code"] for alarm in product.readiness()["alarms"]]
