"""A real Asterisk, people on the line, and the whole product on each kind of database."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
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


def may_act(pbx: RealAsterisk) -> dict[str, str]:
    """The settings with which the product may act on a PBX."""
    return {"INTAKE112_CONTROL_USERNAME": "intake112-control", "INTAKE112_CONTROL_SECRET": pbx.control_secret}


@pytest.fixture
def product(pbx: RealAsterisk, database_url: str, tmp_path: Path) -> Iterator[Product]:
    """The whole product, running and joined to the PBX."""
    with Product(database_url, tmp_path / "state", settings(pbx)) as running:
        running.start()
        yield running


@pytest.fixture
def acting(pbx: RealAsterisk, database_url: str, tmp_path: Path) -> Iterator[Product]:
    """The whole product, which may act on the PBX."""
    with Product(database_url, tmp_path / "state", settings(pbx) | may_act(pbx)) as running:
        running.start()
        until(running.can_act, "it can control calls")
        yield running


@contextmanager
def one_centre(request: pytest.FixtureRequest, folder: Path) -> Iterator[tuple[RealAsterisk, Product]]:
    """An Asterisk and a product that may act on it, for all tests of a file; `request.param` is the kind of database.

    What a test leaves behind the next one finds: `nobody_is_left` stands between them.
    """
    need_real_asterisk()
    with (
        fresh_database(request, folder) as url,
        RealAsterisk(systemname="pbx-1") as pbx,
        Product(url, folder / "state", settings(pbx) | may_act(pbx)) as product,
    ):
        product.start()
        until(product.can_act, "it can control calls")
        yield pbx, product


@contextmanager
def fresh_database(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """The URL of a fresh database of the kind `request.param`, for longer than one test."""
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), folder / "intake112.db")
        yield f"sqlite+aiosqlite:///{folder / 'intake112.db'}"
    else:
        server, name = request.getfixturevalue("postgres"), f"{folder.name}_{os.getpid()}"
        asyncio.run(server.create(name, "intake112_template"))
        yield server.url(name)
        asyncio.run(server.drop(name))


def nobody_is_left(pbx: RealAsterisk, product: Product) -> None:
    """End every call, and log the desks out."""
    pbx.cli("channel request hangup all")
    for desk in (1, 2):
        pbx.cli(f"queue remove member PJSIP/op{desk} from 112")
    until(lambda: pbx.cli("core show channels concise") == "", "nobody is on the line")
    until(lambda: not product.get("/calls")["calls"], "every call is over")


@pytest.fixture
def agency() -> Iterator[Receiver]:
    """An agency's receiver."""
    with receiver() as running:
        yield running
