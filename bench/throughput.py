"""How many envelopes a second one process delivers to one prompt agency, beside a bare loop of its HTTP client and
procrastinate.

All three send the same bytes by the same client, MOST_IN_FLIGHT at once, to the same receiver in a process of its own.
Ours counts until the last outcome is saved; procrastinate until its queue is empty.
"""

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import procrastinate
from procrastinate.types import JSONDict

from bench.agency import Receivers
from bench.figures import moods
from bench.owed import NETWORK, bare, drained, heap_up, lanes, url
from db.engine import Database
from intake112.clock import SteadyClock
from routing.delivery import HttpReceiver, Letter
from routing.width import MOST_IN_FLIGHT

ROUNDS = 3
COUNT = 600
GOAL = 0.6
BARE = "limit: bare loop"
PEER = "procrastinate 3.10, PostgreSQL"


@dataclass(frozen=True, slots=True)
class Speed:
    """Envelopes a second, and the processor time for each, in milliseconds: of this process, of the whole machine."""

    rate: float
    cpu_ms: float
    machine_ms: float


def busy() -> float:
    """Return the processor time that the whole machine has used, in seconds (proc(5), `/proc/stat`)."""
    user, nice, system, _, _, irq, softirq, *_ = map(int, Path("/proc/stat").read_text().splitlines()[0].split()[1:])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


class Watch:
    """Measures from its making on."""

    def __init__(self) -> None:
        self._began, self._used, self._busy = time.monotonic(), time.process_time(), busy()

    def speed(self) -> Speed:
        """Return how fast COUNT envelopes were."""
        took, used, of_all = time.monotonic() - self._began, time.process_time() - self._used, busy() - self._busy
        return Speed(COUNT / took, 1000 * used / COUNT, 1000 * of_all / COUNT)


async def ours(address: str, receivers: Receivers, name: str) -> tuple[Speed, bytes]:
    """Return how fast the lanes are, and the body of one envelope."""
    async with Database.open(address, SteadyClock(), service=True) as database:
        body = await heap_up(database, name, receivers.prompt[0], COUNT)
        watch = Watch()
        async with lanes(database):
            await drained(database, 120)
            speed = watch.speed()
    assert len({got.id for got in receivers.take()}) == COUNT
    return speed, body


async def of_the_bare_loop(receivers: Receivers, body: bytes) -> Speed:
    """Return how fast the client alone is."""
    letters = [Letter(f"bare-{number}", datetime.now(UTC), "v1,AAAA", body) for number in range(COUNT)]  # noqa: TID251
    watch = Watch()
    await bare(HttpReceiver(url(receivers.prompt[0]), [NETWORK]), letters, MOST_IN_FLIGHT)
    speed = watch.speed()
    assert len(receivers.take()) == COUNT
    return speed


async def of_procrastinate(address: str, receivers: Receivers, body: bytes) -> Speed:
    """Return how fast its worker is whose jobs are the same POST."""
    connector = procrastinate.PsycopgConnector(conninfo=address.replace("postgresql+asyncpg", "postgresql"))
    app = procrastinate.App(connector=connector)
    receiver = HttpReceiver(url(receivers.prompt[0]), [NETWORK])

    @app.task(name="post")
    async def post(webhook_id: str, body: str) -> None:
        letter = Letter(webhook_id, datetime.now(UTC), "v1,AAAA", body.encode())  # noqa: TID251
        assert (await receiver.deliver(letter)).status == 204

    async with app.open_async():
        if not await app.check_connection_async():
            await app.schema_manager.apply_schema_async()
        jobs: list[JSONDict] = [{"webhook_id": f"job-{number}", "body": body.decode()} for number in range(COUNT)]
        await post.batch_defer_async(*jobs)
        watch = Watch()
        await app.run_worker_async(concurrency=MOST_IN_FLIGHT, wait=False, install_signal_handlers=False)
        speed = watch.speed()
    await receiver.aclose()
    assert len(receivers.take()) == COUNT
    return speed


async def measure(urls: dict[str, str], peers: str, receivers: Receivers) -> tuple[list[str], float]:
    """Return the table, and what the bare loop did; `peers` is an empty PostgreSQL database for procrastinate."""
    speeds: dict[str, list[Speed]] = {}
    for number in range(ROUNDS):
        body = b""
        for kind, address in urls.items():
            speed, body = await ours(address, receivers, f"fast-{number}")
            speeds.setdefault(f"ours, {kind}", []).append(speed)
        speeds.setdefault(PEER, []).append(await of_procrastinate(peers, receivers, body))
        speeds.setdefault(BARE, []).append(await of_the_bare_loop(receivers, body))
    best = {name: max(one.rate for one in rounds) for name, rounds in speeds.items()}
    used = {name: min(one.cpu_ms for one in rounds) for name, rounds in speeds.items()}
    of_all = {name: min(one.machine_ms for one in rounds) for name, rounds in speeds.items()}
    cores = os.cpu_count() or 1

    def met(name: str) -> str:
        if not name.startswith("ours"):
            return ""
        return "goal met" if best[name] >= max(GOAL * best[BARE], best[PEER]) else "**goal missed**"

    lines = [
        "### Throughput",
        "",
        f"{COUNT} envelopes to one prompt agency, {MOST_IN_FLIGHT} at once, one process; PostgreSQL with fsync. All by",
        "the same HTTP client to the same receiver; ours until the last outcome is saved. The best of "
        f"{ROUNDS} rounds in turns.",
        f"Goal: >= {GOAL} of the bare loop, and above procrastinate. CPU is of this process; that of the machine is",
        f"the receiver's and PostgreSQL's too, and {1000 * cores} ms a second is all that its {cores} processors have.",
        "",
        "| what | envelopes/s | of three rounds | x bare loop | x procrastinate | CPU ms each | of the machine | |",
        "|---|---:|---|---:|---:|---:|---:|---|",
        *(
            f"| {name} | {rate:,.0f} | {moods([one.rate for one in speeds[name]])} | {rate / best[BARE]:.2f} "
            f"| {rate / best[PEER]:.2f} | {used[name]:.2f} | {of_all[name]:.2f} | {met(name)} |"
            for name, rate in best.items()
        ),
        "",
    ]
    return lines, best[BARE]
