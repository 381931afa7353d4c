"""How many envelopes a second one process delivers to one prompt agency, beside a bare loop of its HTTP client and
procrastinate.

All three send the same bytes by the same client, MOST_IN_FLIGHT at once, to the same receiver in a process of its own.
Ours counts until the last outcome is saved; procrastinate until its queue is empty.
"""

import time
from datetime import UTC, datetime

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


async def ours(address: str, receivers: Receivers, name: str) -> tuple[float, bytes]:
    """Return envelopes a second, and the body of one."""
    async with Database.open(address, SteadyClock(), service=True) as database:
        body = await heap_up(database, name, receivers.prompt[0], COUNT)
        began = time.monotonic()
        async with lanes(database):
            await drained(database, 120)
            took = time.monotonic() - began
    assert len({got.id for got in receivers.take()}) == COUNT
    return COUNT / took, body


async def of_the_bare_loop(receivers: Receivers, body: bytes) -> float:
    """Return POSTs a second."""
    letters = [Letter(f"bare-{number}", datetime.now(UTC), "v1,AAAA", body) for number in range(COUNT)]  # noqa: TID251
    began = time.monotonic()
    await bare(HttpReceiver(url(receivers.prompt[0]), [NETWORK]), letters, MOST_IN_FLIGHT)
    took = time.monotonic() - began
    assert len(receivers.take()) == COUNT
    return COUNT / took


async def of_procrastinate(address: str, receivers: Receivers, body: bytes) -> float:
    """Return jobs a second, each the same POST."""
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
        began = time.monotonic()
        await app.run_worker_async(concurrency=MOST_IN_FLIGHT, wait=False, install_signal_handlers=False)
        took = time.monotonic() - began
    await receiver.aclose()
    assert len(receivers.take()) == COUNT
    return COUNT / took


async def measure(urls: dict[str, str], peers: str, receivers: Receivers) -> tuple[list[str], float]:
    """Return the table, and what the bare loop did; `peers` is an empty PostgreSQL database for procrastinate."""
    rates: dict[str, list[float]] = {}
    for number in range(ROUNDS):
        body = b""
        for kind, address in urls.items():
            rate, body = await ours(address, receivers, f"fast-{number}")
            rates.setdefault(f"ours, {kind}", []).append(rate)
        rates.setdefault(PEER, []).append(await of_procrastinate(peers, receivers, body))
        rates.setdefault(BARE, []).append(await of_the_bare_loop(receivers, body))
    best = {name: max(rounds) for name, rounds in rates.items()}

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
        f"Goal: >= {GOAL} of the bare loop, and above procrastinate.",
        "",
        "| what | envelopes/s | of three rounds | x bare loop | x procrastinate | |",
        "|---|---:|---|---:|---:|---|",
        *(
            f"| {name} | {rate:,.0f} | {moods(rates[name])} | {rate / best[BARE]:.2f} | {rate / best[PEER]:.2f} "
            f"| {met(name)} |"
            for name, rate in best.items()
        ),
        "",
    ]
    return lines, best[BARE]
