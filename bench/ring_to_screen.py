"""How long after the ring a screen knows: real Asterisk, SIPp, the whole product, a bare AMI socket as the limit.

The clock starts when a bare AMI socket in this process has read `Newchannel`, and stops when this process has read the
report's first event on `/live`: tape fsynced, facts committed (fsynced on SQLite), event sent. Limits of the same run:
one `fdatasync` of 4 KiB on the same disk (the product needs one for the tape and one for the commit), and one empty
round trip to the product over HTTP.
"""

import asyncio
import json
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from bench.figures import HEAD, Spread, row, spread
from tests.acceptance.conftest import settings
from tests.acceptance.product import Product
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import Caller, People
from tests.postgres import PostgresServer
from tests.waiting import until

CALLS = 200
PER_SECOND = 8
GOAL_P99_MS = 25.0


class Watcher:
    """A client of `/live` that notes when it first heard of each report."""

    def __init__(self, product: Product) -> None:
        self.first: dict[str, float] = {}
        self._product = product
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._open = threading.Event()
        self._thread.start()
        assert self._open.wait(10), "/live did not open"

    def _read(self) -> None:
        seq = self._product.get("/state")["seq"]
        with self._product.http.stream("GET", f"/api/v1/live?after={seq}", timeout=None) as answer:
            self._open.set()
            try:
                for line in answer.iter_lines():
                    at = time.time()
                    if line.startswith("data: ") and '"report"' in line:
                        self.first.setdefault(json.loads(line[6:])["subject"], at)
            except httpx2.TransportError:
                return


def fsyncs(folder: Path, count: int = 200) -> Spread:
    """Return how long one `fdatasync` of 4 KiB takes here."""
    taken = []
    with (folder / "fsync").open("wb", buffering=0) as file:
        for _ in range(count):
            file.write(os.urandom(4096))
            before = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - before)
    return spread(taken)


def round_trips(product: Product, count: int = 200) -> Spread:
    """Return how long an empty request takes."""
    taken = []
    product.http.get("/healthz")  # the first one opens the connection
    for _ in range(count):
        before = time.perf_counter()
        product.http.get("/healthz")
        taken.append(time.perf_counter() - before)
    return spread(taken)


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, str]]:
    """Give an SQLite and a PostgreSQL URL; PostgreSQL with fsync, as a centre runs it."""
    with PostgresServer.start(folder / "postgres", "fsync=on", "full_page_writes=on") as server:
        asyncio.run(server.create("bench"))
        yield {"SQLite": f"sqlite+aiosqlite:///{folder / 'bench.db'}", "PostgreSQL": server.url("bench")}


def measure(url: str, folder: Path) -> tuple[Spread, Spread]:
    """Return (ring -> seen on /live, empty round trip) for one database."""
    with (
        RealAsterisk(systemname="bench") as pbx,
        People(pbx) as people,
        Product(url, folder, settings(pbx) | {"INTAKE112_PBX": "bench"}) as product,
    ):
        product.start()
        empty = round_trips(product)
        people.operator(1)
        watcher = Watcher(product)
        with pbx.stream() as bare:
            people.call(Caller(), hang_up_ms=100, calls=CALLS, per_second=PER_SECOND)
            until(lambda: len(watcher.first) >= CALLS, f"{CALLS} reports", within_s=120)
            rung = {
                frame.get("Uniqueid"): frame.at
                for frame in bare.frames
                if frame.matches(Event="Newchannel", ChannelState="4", Context="line-112")
            }
        reports = product.all_ended(CALLS, within_s=60)
        assert len(reports) == len(rung) == CALLS
        taken = [watcher.first[report["number"]] - rung[report["call"]["uniqueid"]] for report in reports]
    return spread(taken), empty


def run(folder: Path) -> str:
    """Measure on both databases and return the section for docs/performance.md."""
    lines = [
        "## Ring to screen",
        "",
        f"Real Asterisk 22, {CALLS} SIPp calls, {PER_SECOND} a second, each hanging up after 100 ms; times from a bare",
        "AMI socket's `Newchannel` to the report's first event on `/live`. Goal on SQLite: p99 <= 25 ms.",
        "",
        HEAD,
    ]
    disk = fsyncs(folder)
    with databases(folder) as urls:
        for name, url in urls.items():
            state = Path(tempfile.mkdtemp(dir=folder))
            ring, empty = measure(url, state)
            met = " goal met" if ring.p99 <= GOAL_P99_MS else " **goal missed**"
            lines.append(row(f"ring -> `/live`, {name}", ring, met if name == "SQLite" else ""))
            lines.append(row(f"limit: empty HTTP round trip, {name}", empty))
    lines.append(row("limit: one fdatasync of 4 KiB (two are needed)", disk))
    return "\n".join(lines) + "\n"
