"""What the published test needs of a product, and the two products it can speak with: a foreign one, and ours.

A foreign product is one executable. It is given AMI_HOST, AMI_PORT, AMI_USERNAME and AMI_SECRET (and CEL_FILE,
QUEUE_LOG and STATE_DIR, a folder of its own that stays) in its environment, runs until it is killed, and writes one
line of JSON to stdout for every call that is over:

    {"id": "...", "number": "+62...", "outcome": "answered" | "abandoned" | ...}

A line with an `id` that was written before takes the place of the older one (after a restart a product may say all
again); without an `id` every line is one more call. Whatever it does behind that is its own affair.
"""

import contextlib
import json
import os
import sqlite3
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import httpx2

from tests.acceptance.product import Product


@dataclass(frozen=True, slots=True)
class Said:
    """A call that is over, as a product tells it."""

    number: str
    outcome: str


class UnderTest(Protocol):
    """A product under test. Use as a context manager: it is ended at the end."""

    def start(self) -> None:
        """Start it, for the first time or after `kill`; return when it listens, or as soon as that cannot be known."""

    def kill(self) -> None:
        """`kill -9`."""

    def take_away(self) -> None:
        """Take away where it keeps its calls; a product whose store is itself is killed."""

    def give_back(self) -> None:
        """Give that back; a product that was killed is started."""

    def calls(self) -> list[Said]:
        """Return every call that it says is over."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None: ...


class Foreign:
    """Any executable that prints its calls."""

    def __init__(self, command: list[str], environment: Mapping[str, str], folder: Path) -> None:
        self._command = command
        self._said = folder / "said.jsonl"
        self._log = folder / "log"
        self._environment = {**os.environ, **environment, "STATE_DIR": str(folder)}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; when it listens only the test's first call can show."""
        with self._said.open("ab") as out, self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdin=subprocess.DEVNULL, stdout=out, stderr=log
            )

    def kill(self) -> None:
        """`kill -9`."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def take_away(self) -> None:
        """Where it keeps its calls nobody outside knows: it is killed."""
        self.kill()

    def give_back(self) -> None:
        """Start it again."""
        self.start()

    def calls(self) -> list[Said]:
        """Return what it printed; a half-written last line is left for the next time."""
        found: dict[str, Said] = {}
        for number, line in enumerate(self._said.read_text("utf-8", "replace").split("\n")[:-1]):
            with contextlib.suppress(ValueError, KeyError, TypeError):  # something else it has to say
                said = json.loads(line)
                found[str(said.get("id", f"line {number}"))] = Said(str(said["number"]), str(said["outcome"]))
        return list(found.values())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()


class Ours:
    """`intake112 run` on SQLite, asked by its API."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self._file = folder / "intake112.db"
        self._held: sqlite3.Connection | None = None
        names = ("AMI_HOST", "AMI_PORT", "AMI_USERNAME", "AMI_SECRET", "CEL_FILE", "QUEUE_LOG")
        settings = {f"INTAKE112_{name}": environment[name] for name in names}
        self._product = Product(f"sqlite+aiosqlite:///{self._file}", folder / "state", settings)

    def start(self) -> None:
        """Start it, and wait until it is ready."""
        self._product.start()

    def kill(self) -> None:
        """`kill -9`."""
        self._product.kill()

    def take_away(self) -> None:
        """Hold its database, so that it can write nothing."""
        self._held = sqlite3.connect(self._file, timeout=30, isolation_level=None, check_same_thread=False)
        self._held.execute("BEGIN IMMEDIATE")

    def give_back(self) -> None:
        """Let the database go."""
        if self._held is not None:
            self._held.close()
            self._held = None

    def calls(self) -> list[Said]:
        """Return what its API says."""
        try:
            calls = [(report["caller"]["number_raw"], report["call"]) for report in self._product.reports()]
        except (httpx2.TransportError, AssertionError):  # it is down, or starting
            return []
        return [Said(str(number), str(call["outcome"])) for number, call in calls if call["stage"] == "ended"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.give_back()
        self._product.__exit__(kind, None, at)
