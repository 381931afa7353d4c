"""How fast a heap of overdue envelopes is gone after a start, and whether P1 goes first.

Out of order is an envelope that came behind one of a lower priority of the same agency, though more of those came
before it than tries can be in flight.
"""

import time
from collections.abc import Sequence

from bench.agency import Receivers
from bench.owed import drained, heap_up, lanes, webhook_ids
from db.engine import Database
from intake112.clock import SteadyClock
from routing.width import MOST_IN_FLIGHT

HEAP = 10_000
AGENCIES = 4
WITHIN_S = 600


def out_of_order(priorities: Sequence[str]) -> int:
    """Return how many came behind MOST_IN_FLIGHT or more of a lower priority."""
    wrong = 0
    before = {"P1": 0, "P2": 0, "P3": 0}
    for priority in priorities:
        wrong += sum(count for other, count in before.items() if other > priority) >= MOST_IN_FLIGHT
        before[priority] += 1
    return wrong


async def measure(urls: dict[str, str], receivers: Receivers, bare_rate: float) -> list[str]:
    """Return the table; `bare_rate` is what a bare loop did in this run, POSTs a second."""
    lines, met = [], "met"
    for kind, address in urls.items():
        async with Database.open(address, SteadyClock(), service=True) as database:
            for number in range(AGENCIES):
                await heap_up(database, f"heap-{number}", receivers.prompt[number], HEAP // AGENCIES, seed=number)
            began = time.monotonic()
            async with lanes(database):
                await drained(database, WITHIN_S)
                took = time.monotonic() - began
            ids, got = await webhook_ids(database), receivers.take()
            assert len({one.id for one in got}) == len(got) == HEAP
            orders = [[ids[one.id][1] or "P3" for one in got if one.port == port] for port in receivers.prompt]
            wrong = sum(map(out_of_order, orders))
            met = "**missed**" if wrong else met
            third = HEAP // 3
            ends = [third / (part[-1].at - part[0].at) for part in (got[:third], got[-third:])]
            rate = HEAP / took
            lines.append(
                f"| {kind} | {HEAP} | {took:.1f} | {rate:,.0f} | {ends[0]:,.0f}, {ends[1]:,.0f} "
                f"| {rate / bare_rate:.2f} | {wrong} |"
            )
    return [
        "### A heap after a start",
        "",
        f"{HEAP} overdue envelopes to {AGENCIES} agencies, of all priorities, then the lanes of one process start. Out",
        f"of order: came behind more of a lower priority of its agency than can be in flight. Goal: none ({met}).",
        "",
        "| what | n | seconds | envelopes/s | of the first, the last third | x bare loop | out of order |",
        "|---|---:|---:|---:|---|---:|---:|",
        *lines,
        "",
    ]
