"""What one agency that takes connections and never answers costs the other five: the hand-over of theirs beside it.

Rounds in turns, with it and with a sixth one that is prompt. A try is given up after DEADLINE_S instead of the
product's ten seconds, so that ten times as many tries of the dead one end, are logged and planned anew meanwhile.
"""

import asyncio
import time

from bench.agency import Receivers
from bench.figures import Spread, moods, spread
from bench.owed import NETWORK, forgive, lanes, url, webhook_ids
from db.engine import Database
from intake112.clock import SteadyClock
from tests.routing import cases

ROUNDS = 3
OTHERS = 5
EACH = 12  # dispatches a round to each agency
EVERY_S = 0.04
DEADLINE_S = 1.0
GOAL = 1.1


async def measure_one(database: Database, receivers: Receivers, sixth: str) -> list[float]:
    """Return the hand-over of every dispatch to the other five, in seconds."""
    codes = [*(f"other-{number}" for number in range(OTHERS)), sixth]
    committed: dict[str, float] = {}
    async with lanes(database, DEADLINE_S):
        due = time.monotonic()
        for number in range(EACH * len(codes)):
            due += EVERY_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            code = codes[number % len(codes)]
            async with database.transaction() as tx:
                row = await cases.put(tx, await cases.add_report(tx), code)
            if code != sixth:
                committed[row.id] = time.monotonic()
        await asyncio.sleep(5 * EVERY_S)
    ids = await webhook_ids(database)
    await forgive(database)
    taken = {ids[got.id][0]: got.at for got in reversed(receivers.take())}
    return [taken[dispatch] - at for dispatch, at in committed.items()]


async def measure(urls: dict[str, str], receivers: Receivers) -> list[str]:
    """Return the table; `receivers` has six prompt ones and a dead one."""
    lines = []
    for kind, address in urls.items():
        async with Database.open(address, SteadyClock(), service=True) as database:
            for number, port in enumerate(receivers.prompt[:OTHERS]):
                await cases.add_agency(database, f"other-{number}", url(port), NETWORK)
            await cases.add_agency(database, "prompt", url(receivers.prompt[OTHERS]), NETWORK)
            await cases.add_agency(database, "dead", url(receivers.dead[0]), NETWORK)
            rounds: dict[str, list[list[float]]] = {"prompt": [], "dead": []}
            await measure_one(database, receivers, "prompt")  # statements are compiled, connections made
            for _ in range(ROUNDS):
                for sixth, found in rounds.items():
                    found.append(await measure_one(database, receivers, sixth))
            both = {sixth: spread([one for part in found for one in part]) for sixth, found in rounds.items()}
            ratio = both["dead"].p95 / both["prompt"].p95
            for sixth, whole in both.items():
                each = moods([spread(part).p95 for part in rounds[sixth]])
                note = "" if sixth == "prompt" else f"{ratio:.2f}, goal {'met' if ratio <= GOAL else '**missed**'}"
                lines.append(row(f"{kind}, the sixth is {sixth}", whole, each, note))
    return [
        "### One dead agency of six",
        "",
        f"Hand-over of dispatches to five prompt agencies, {1 / EVERY_S:.0f} dispatches a second to six; the sixth is",
        f"prompt, or takes connections and never answers (a try of it lasts {DEADLINE_S:.0f} s here). One process "
        "commits and delivers.",
        f"Goal: p95 <= {GOAL} x that without it.",
        "",
        "| what | n | p50 ms | p95 ms | p95 of each round | x without |",
        "|---|---:|---:|---:|---|---|",
        *lines,
        "",
    ]


def row(name: str, it: Spread, each: str, note: str) -> str:
    """Return a line of the table."""
    return f"| {name} | {it.count} | {it.p50:.1f} | {it.p95:.1f} | {each} | {note} |"
