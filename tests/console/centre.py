"""A small centre for tests of the console: the whole product, a pretend Asterisk that the test leads, an agency."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from playwright.sync_api import Page

from db.engine import Database
from intake import access
from tests.acceptance.product import Product
from tests.acceptance.receiver import Receiver, receiver
from tests.console.desk import Windows
from tests.console.lines import PretendCall
from tests.faults.pretend import Pretend
from tests.waiting import until

PASSWORD: Final = "kuda laut biru tua"
STAFF: Final = {"siti": "operator", "budi": "operator", "wati": "supervisor", "dewi": "admin"}


async def add_staff(database: Database) -> None:
    """Add people who may log in."""
    async with database.transaction() as tx:
        for name, role in STAFF.items():
            await access.create_user(tx, name, role, PASSWORD)


def enrol(product: Product, agency: Receiver) -> None:
    """Add people who may log in, and the fire brigade, which gets reports of fires."""
    product.beside(add_staff)
    add = ("agency", "add", "damkar", "--name", "Pemadam Kebakaran", "--kind", "kebakaran")
    said = product.command(*add, "--url", agency.url, "--allow-cidr", "127.0.0.0/8")
    agency.secret = dict(line.split(": ", 1) for line in said.splitlines() if ": " in line)["secret"]


@dataclass(frozen=True)
class Centre:
    """What runs."""

    pretend: Pretend
    product: Product
    agency: Receiver

    @property
    def address(self) -> str:
        """Of the console."""
        return f"http://127.0.0.1:{self.product.port}"

    def enter(self, windows: Windows, user: str) -> Page:
        """Log one of the staff in, in a window of their own."""
        return windows.enter(self.address, user, PASSWORD)

    def call(self, number: str, desk: int = 1) -> PretendCall:
        """Return a caller who has not dialled yet."""
        return PretendCall(self.pretend, number, desk)

    def listeners(self) -> float:
        """How many streams of live events are open."""
        told = self.product.http.get("/metrics").text
        return next(
            float(line.split()[1]) for line in told.splitlines() if line.startswith("intake112_live_listeners ")
        )


@contextmanager
def centre(folder: Path, template: Path) -> Iterator[Centre]:
    """Run one on a copy of a migrated SQLite database."""
    shutil.copyfile(template, folder / "intake112.db")
    url = f"sqlite+aiosqlite:///{folder / 'intake112.db'}"
    with (
        receiver() as agency,
        Pretend(members=()) as pretend,
        Product(url, folder / "state", pretend.acting()) as product,
    ):
        enrol(product, agency)
        product.start()
        until(product.can_act, "it can control calls")
        yield Centre(pretend, product, agency)
