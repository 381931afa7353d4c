"""A real Asterisk, people on the line, and the whole product on each kind of database."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.product import Product
from tests.acceptance.receiver import Receiver, receiver
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.need import need_real_asterisk
from tests.pbx.sipp import People
from tests.waiting import until

pytestmark = pytest.mark.real


@pytest.fixture
def pbx(request: pytest.FixtureRequest) -> Iterator[RealAsterisk]:
    """A real Asterisk on ports of its own; a test may give other values for its files, or lines behind them."""
    need_real_asterisk()
    changed: dict[str, dict[str, str]] = getattr(request, "param", {})
    with RealAsterisk(systemname="pbx-1", values=changed.get("values"), appended=changed.get("appended")) as running:
        yield running


@pytest.fixture
def people(pbx: RealAsterisk) -> Iterator[People]:
    """Callers and operators."""
    with People(pbx) as on_the_line:
        yield on_the_line


def settings(pbx: RealAsterisk) -> dict[str, str]:
    """The settings that join the product to a PBX."""
    return {
        "INTAKE112_PBX": "pbx-1",
        "INTAKE112_AMI_HOST": pbx.ami_host,
        "INTAKE112_AMI_PORT": str(pbx.ami_port),
        "INTAKE112_AMI_USERNAME": pbx.ami_username,
        "INTAKE112_AMI_SECRET": pbx.ami_secret,
        "INTAKE112_CEL_FILE": str(pbx.cel_file),
        "INTAKE112_QUEUE_LOG": str(pbx.queue_log),
    }


@pytest.fixture
def product(pbx: RealAsterisk, database_url: str, tmp_path: Path) -> Iterator[Product]:
    """The whole product, running and joined to the PBX."""
    with Product(database_url, tmp_path / "state", settings(pbx)) as running:
        running.start()
        yield running


@pytest.fixture
def acting(pbx: RealAsterisk, database_url: str, tmp_path: Path) -> Iterator[Product]:
    """The whole product, which may act on the PBX."""
    user = {"INTAKE112_CONTROL_USERNAME": "intake112-control", "INTAKE112_CONTROL_SECRET": pbx.control_secret}
    with Product(database_url, tmp_path / "state", settings(pbx) | user) as running:
        running.start()
        until(running.can_act, "it can control calls")
        yield running


@pytest.fixture
def agency() -> Iterator[Receiver]:
    """An agency's receiver."""
    with receiver() as running:
        yield running
