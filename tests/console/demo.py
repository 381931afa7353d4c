"""`make run` as a newcomer starts it, for tests that look at it in a browser."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.product import INTAKE112
from tests.postgres import free_port
from tests.waiting import until


@dataclass(frozen=True)
class Demo:
    """A running demo: the page's address, each person's password, the process, its database."""

    address: str
    passwords: dict[str, str]
    process: subprocess.Popen[bytes]
    database: Path

    @property
    def password(self) -> str:
        """Return the operator's."""
        return self.passwords["operator"]


@contextmanager
def running(folder: Path) -> Iterator[Demo]:
    """Run it on a fresh state folder."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("INTAKE112_")}
    environment |= {"INTAKE112_STATE_DIR": str(folder / "state"), "INTAKE112_HTTP_PORT": str(port)}
    out = folder / "out"
    with out.open("wb") as file:
        process = subprocess.Popen(
            [INTAKE112, "run", "--demo"], env=environment, stdout=file, stderr=file, stdin=subprocess.DEVNULL
        )
    try:
        until(lambda: "log in as admin" in out.read_text(), "the log-ins", 30)
        passwords = dict(re.findall(r"log in as (\S+) +password (\S+)", out.read_text()))
        yield Demo(f"http://127.0.0.1:{port}", passwords, process, folder / "state" / "intake112.db")
    finally:
        process.send_signal(signal.SIGCONT)
        process.terminate()
        assert process.wait(20) == 0, out.read_text()
