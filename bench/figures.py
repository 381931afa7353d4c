"""Numbers and how they are written down."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """Quantiles of some times, in milliseconds."""

    count: int
    p50: float
    p95: float
    p99: float
    worst: float


def spread(seconds: Sequence[float]) -> Spread:
    """Return the quantiles (nearest rank) of some durations. Raises ValueError for none."""
    if not seconds:
        raise ValueError("nothing was measured")
    ordered = sorted(seconds)

    def rank(q: float) -> float:
        return 1000 * ordered[math.ceil(q * len(ordered)) - 1]

    return Spread(len(ordered), rank(0.50), rank(0.95), rank(0.99), 1000 * ordered[-1])


def row(name: str, it: Spread, note: str = "") -> str:
    """Return a line of a Markdown table: name, n, p50, p95, p99, worst, note."""
    return f"| {name} | {it.count} | {it.p50:.1f} | {it.p95:.1f} | {it.p99:.1f} | {it.worst:.1f} | {note} |"


HEAD = "| what | n | p50 ms | p95 ms | p99 ms | worst ms | |\n|---|---:|---:|---:|---:|---:|---|"


def moods(rounds: Sequence[float]) -> str:
    """Return the least and the most of some rounds: how much the machine's mood does."""
    digits = 0 if max(rounds) >= 100 else 1
    return f"{min(rounds):,.{digits}f} to {max(rounds):,.{digits}f}"
