"""How long after a dispatch's commit its bytes are at the agency's socket, when there is nothing else to do.

SQLite: this process commits and delivers, as `intake112 run` does. PostgreSQL: this process commits, as `web` does, and
a process of `intake112 routing` delivers, woken by the database. The agency's receiver is a process of its own. Beside
it, measured the same way: a bare POST by the same HTTP client.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from bench.agency import Receivers
from bench.figures import spread
from bench.owed import NETWORK, lanes, url, webhook_ids
from db.engine import Database
from intake112.clock import SteadyClock
from routing.delivery import HttpReceiver, Letter
from routing.lanes import LINGER_S
from tests.acceptance.product import Product
from tests.routing import cases

ROUNDS = 3
KEPT = 60  # dispatches a round to an agency whose connection is open
ANEW = 30  # dispatches a round, each to an agency of its own, whose lane has ended
PAUSE_S = 0.02
GOAL_P99_MS = 50.0
HEAD = "| what | n | p50 ms | p99 ms | of three rounds: p50, worst ms | |\n|---|---:|---:|---:|---|---|"
Rounds = list[list[float]]


@asynccontextmanager
async def delivering(database: Database, folder: Path) -> AsyncIterator[None]:
    """Deliver here on SQLite, in a process of its own on PostgreSQL."""
    if database.is_sqlite:
        async with lanes(database):
            yield
        return
    with Product(database.url, folder / "routing", {}, room="routing") as routing:
        routing.start(ready=False)
        yield


async def of_dispatches(database: Database, receivers: Receivers, folder: Path) -> tuple[Rounds, Rounds]:
    """Return (by a kept connection, by a new one), seconds for every dispatch of each round."""
    kept, anew = Rounds(), Rounds()
    codes = [f"agency-{number}" for number in range(ANEW)]
    for code in ("kept", *codes):
        await cases.add_agency(database, code, url(receivers.prompt[0]), NETWORK)
    committed: dict[str, float] = {}

    async def send(code: str) -> str:
        async with database.transaction() as tx:
            row = await cases.put(tx, await cases.add_report(tx), code)
        committed[row.id] = time.monotonic()
        await asyncio.sleep(PAUSE_S)
        return row.id

    async with delivering(database, folder):
        await arrived(receivers, await send("kept"), database)
        for _ in range(ROUNDS):
            new = [await send(code) for code in codes]
            old = [await send("kept") for _ in range(KEPT)]
            await asyncio.sleep(LINGER_S + 1)
            ids = await webhook_ids(database)
            first = {ids[got.id][0]: got.at for got in reversed(receivers.take())}
            taken = {dispatch: at - committed[dispatch] for dispatch, at in first.items()}
            anew.append([taken[one] for one in new])
            kept.append([taken[one] for one in old])
            await arrived(receivers, await send("kept"), database)  # opens its lane
    return kept, anew


async def arrived(receivers: Receivers, dispatch: str, database: Database) -> None:
    """Wait for the first one: the other process starts."""
    async with asyncio.timeout(20):
        seen: set[str] = set()
        while dispatch not in seen:
            await asyncio.sleep(PAUSE_S)
            ids = await webhook_ids(database)
            seen |= {ids[got.id][0] for got in receivers.take() if got.id in ids}


async def of_bare_posts(receivers: Receivers) -> tuple[Rounds, Rounds]:
    """Return the same of the HTTP client alone."""
    kept, anew = Rounds(), Rounds()
    address = url(receivers.prompt[0])
    for _ in range(ROUNDS):
        for rounds, count in ((anew, ANEW), (kept, KEPT)):
            began: dict[str, float] = {}
            async with contextlib.AsyncExitStack() as stack:
                made = [HttpReceiver(address, [NETWORK]) for _ in range(count if rounds is anew else 1)]
                for receiver in made:
                    stack.push_async_callback(receiver.aclose)
                for number in range(count):
                    letter = Letter(f"bare-{number}", datetime.now(UTC), "v1,AAAA", b"{}" * 600)  # noqa: TID251
                    began[letter.id] = time.monotonic()
                    await made[number % len(made)].deliver(letter)
                    await asyncio.sleep(PAUSE_S)
            rounds.append([got.at - began[got.id] for got in receivers.take()])
    return kept, anew


def row(name: str, rounds: Rounds, note: str = "") -> str:
    """Return a line of the table."""
    whole, each = spread([one for part in rounds for one in part]), [spread(part) for part in rounds]
    moods = ", ".join(f"{one.p50:.1f} {one.worst:.1f}" for one in each)
    return f"| {name} | {whole.count} | {whole.p50:.1f} | {whole.p99:.1f} | {moods} | {note} |"


async def measure(urls: dict[str, str], receivers: Receivers, folder: Path) -> list[str]:
    """Return the table."""
    lines = [HEAD]
    for kind, address in urls.items():
        async with Database.open(address, SteadyClock(), service=True) as database:
            for how, rounds in zip(("kept", "new"), await of_dispatches(database, receivers, folder), strict=True):
                met = spread([one for part in rounds for one in part]).p99 <= GOAL_P99_MS
                lines.append(row(f"{kind}, {how} connection", rounds, "goal met" if met else "**goal missed**"))
    for how, rounds in zip(("kept", "new"), await of_bare_posts(receivers), strict=True):
        lines.append(row(f"limit: bare POST, {how} connection", rounds))
    return [
        "### Hand-over",
        "",
        "From a dispatch's commit to its first bytes at the agency's socket, idle. SQLite: one process, as `run`.",
        "PostgreSQL: committed here, delivered by a process of `intake112 routing`. The new connection is of a lane",
        f"that had ended. Goal: p99 <= {GOAL_P99_MS:.0f} ms. The limit is a bare POST by the same HTTP client.",
        "",
        *lines,
        "",
    ]
