"""Which of machines' positions is the best: one table, whatever the order in which they came."""

import itertools
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from intake.best_position import best

NOON = datetime(2026, 3, 14, 5, tzinfo=UTC)


@dataclass(frozen=True)
class One:
    """A position: name, when it was measured (and heard, if nothing else is said) in seconds since noon, radius."""

    name: str
    measured_s: float | None
    radius_m: float | None
    heard_s: float | None = None
    n: int = 0
    lat: float | None = -7.0

    @property
    def at(self) -> datetime:
        """When it was heard."""
        return NOON + timedelta(seconds=self.heard_s if self.heard_s is not None else self.measured_s or 0)

    @property
    def measured_at(self) -> datetime | None:
        """When it was measured."""
        return None if self.measured_s is None else NOON + timedelta(seconds=self.measured_s)


TABLE = {
    "none of none": (None, []),
    "the only one": ("cell", [One("cell", 0, 2000)]),
    "satellites after a cell": ("gnss", [One("cell", 0, 2000), One("gnss", 10, 12)]),
    "a cell does not displace satellites of a minute ago": ("gnss", [One("gnss", 0, 12), One("cell", 60, 2000)]),
    "it displaces those of an hour ago": ("cell", [One("gnss", 0, 12), One("cell", 3600, 2000)]),
    "the newer of the same radius": ("second", [One("first", 0, 20), One("second", 1, 20)]),
    "the last that was learnt of equal ones": ("second", [One("first", 0, 20, n=1), One("second", 0, 20, n=2)]),
    "who was walking": ("here", [One("there", 0, 10), One("here", 100, 50)]),
    "who was not walking so far": ("there", [One("there", 0, 10), One("here", 10, 50)]),
    "no radius is a cell's": ("gnss", [One("gnss", 0, 100), One("nobody knows", 1, None)]),
    "no time is when it was heard": ("second", [One("first", 0, 20), One("second", None, 20, heard_s=5)]),
    "measured long before it was heard": ("fresh", [One("kept", -7200, 5, heard_s=10), One("fresh", 0, 1000)]),
    "a device whose clock is ahead": ("second", [One("ahead", 9999, 20, heard_s=0), One("second", 1, 20)]),
    "an address has no coordinates": ("cell", [One("cell", 0, 2000), One("address", 10, None, lat=None)]),
    "addresses alone are no position": (None, [One("address", 10, None, lat=None)]),
}


@pytest.mark.parametrize(("name", "positions"), TABLE.values(), ids=TABLE)
def test_the_best_one(name: str | None, positions: list[One]) -> None:
    for shuffled in itertools.permutations(positions):
        found = best(shuffled)
        assert (None if found is None else found.name) == name
