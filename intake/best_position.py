"""Which of the positions that machines told is the best one.

A position is doubted by its radius, and by how far a walker may have come since it was measured: of two, the better is
the one whose circle, grown at walking pace up to the same moment, is smaller. So a newer position of the same radius
wins, a cell's two kilometres do not displace a satellite's ten metres of a minute ago, and an hour-old satellite fix
gives way to a new cell. The moment cancels out: the choice depends on nothing but the positions, in any order.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Final, Protocol, TypeVar

WALKING_M_S: Final = 1.5
UNKNOWN_RADIUS_M: Final = 2000.0  # of who does not say: a cell's


class Located(Protocol):
    """What is asked of a position; times are aware."""

    @property
    def n(self) -> int:
        """Its place in the order in which positions were learnt."""

    @property
    def at(self) -> datetime:
        """When it was heard."""

    @property
    def measured_at(self) -> datetime | None:
        """When it was measured, if that was said."""

    @property
    def lat(self) -> float | None:
        """Latitude; None: it has no coordinates."""

    @property
    def radius_m(self) -> float | None:
        """Its radius, if that was said."""


T = TypeVar("T", bound=Located)


def best(positions: Iterable[T]) -> T | None:
    """Return the best of those that have coordinates, of equal ones the last that was learnt; None of none."""
    return max((one for one in positions if one.lat is not None), key=_merit, default=None)


def _merit(one: Located) -> tuple[float, int]:
    """Nobody measures in the future: a device whose clock is ahead measured when it was heard."""
    measured_at = one.at if one.measured_at is None else min(one.measured_at, one.at)
    radius_m = UNKNOWN_RADIUS_M if one.radius_m is None else one.radius_m
    return measured_at.timestamp() * WALKING_M_S - radius_m, one.n
