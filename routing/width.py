"""How many tries of a lane may be in flight: four, and up to thirty-two while the agency answers fast.

An agency's server is often a small one, so four is what it gets from the start. With every try that it takes within
FAST_MS one more may be in flight: who answers thirty-two at once, each within a tenth of a second, is not strained. One
slower answer or failure, and it is four again. Dispatches are rare: only a heap (after an outage of ours, or theirs)
ever makes a lane wide, and then its envelopes are claimed and saved in sets.

Made narrow, a lane has more in flight than it may, and some of them may hang. No P1 waits for those: whenever a try
ends, the first try of a P1 may take its slot.
"""

from dataclasses import dataclass, field

IN_FLIGHT = 4
MOST_IN_FLIGHT = 32
FAST_MS = 100


@dataclass(slots=True)
class Width:
    """The slots of one lane; `most` of them for the first tries of P1."""

    slots: int = field(default_factory=lambda: IN_FLIGHT)
    most: int = field(default_factory=lambda: IN_FLIGHT)

    def ended(self, took_ms: int | None, in_flight: int) -> None:
        """Learn from a try that ended: the receiver took it after so long (None: it did not); so many still run."""
        fast = took_ms is not None and took_ms <= FAST_MS
        self.slots = min(self.slots + 1, MOST_IN_FLIGHT) if fast else IN_FLIGHT
        self.most = max(self.slots, in_flight + 1)
