"""The whole product between a real Asterisk and a database, with a wire on either side that a test can cut."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.conftest import agency, settings
from tests.acceptance.product import Product
from tests.faults.store import Store
from tests.faults.wire import Wire
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.need import need_real_asterisk
from tests.pbx.sipp import People

__all__ = ["agency"]


@pytest.fixture
def pbx() -> Iterator[RealAsterisk]:
    """A real Asterisk; a phone whose sound stops is gone after a few seconds."""
    need_real_asterisk()
    with RealAsterisk(systemname="pbx-1", values={"RTP_TIMEOUT_S": "6"}) as running:
        yield running


@pytest.fixture
def people(pbx: RealAsterisk) -> Iterator[People]:
    """Callers and operators."""
    with People(pbx) as on_the_line:
        yield on_the_line


@pytest.fixture
def ami(pbx: RealAsterisk) -> Iterator[Wire]:
    """The product's way to Asterisk."""
    with Wire(pbx.ami_port) as wire:
        yield wire


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """The product's way to its database."""
    with Store.at(database_url) as found:
        yield found


@pytest.fixture
def product(pbx: RealAsterisk, ami: Wire, store: Store, tmp_path: Path) -> Iterator[Product]:
    """The whole product, running, with a wire to Asterisk and one to the database."""
    own = {"INTAKE112_AMI_PORT": str(ami.port), "INTAKE112_MENU_PORT": str(pbx.ports.menu)}
    with Product(store.url, tmp_path / "state", settings(pbx) | own) as running:
        running.start()
        yield running
        store.give_back()
