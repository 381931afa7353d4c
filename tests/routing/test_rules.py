"""Which agencies a report goes to."""

import pytest

from routing.rules import Proposal, Rule, accept_within_s, propose

FIRE = Rule(1, "kebakaran", "damkar")
FIRE_TOO = Rule(2, "kebakaran", "bpbd", accept_within_s=120)
TREE = Rule(3, "pohon", "dlh")
ALL = Rule(4, None, "satpol")
FIRE_AGAIN = Rule(5, "kebakaran", "damkar", accept_within_s=10)
RULES = [FIRE, FIRE_TOO, TREE, ALL, FIRE_AGAIN]


@pytest.mark.parametrize(
    ("kind", "priority", "expected"),
    [
        pytest.param("kebakaran", "P1", [("damkar", 60, 1), ("bpbd", 120, 2), ("satpol", 60, 4)], id="kind-and-all"),
        pytest.param("pohon", "P2", [("dlh", 300, 3), ("satpol", 300, 4)], id="another-kind"),
        pytest.param("pohon", "P3", [("dlh", 900, 3), ("satpol", 900, 4)], id="slow-priority"),
        pytest.param("laka", "P1", [("satpol", 60, 4)], id="kind-without-rule"),
        pytest.param(None, None, [("satpol", 300, 4)], id="nothing-known-yet"),
    ],
)
def test_proposal(kind: str | None, priority: str | None, expected: list[tuple[str, int, int]]) -> None:
    assert propose(RULES, kind, priority) == [Proposal(*item) for item in expected]


def test_no_rules_propose_nobody() -> None:
    assert propose([], "kebakaran", "P1") == []


@pytest.mark.parametrize(("priority", "seconds"), [("P1", 60), ("P2", 300), ("P3", 900), (None, 300)])
def test_time_to_accept(priority: str | None, seconds: int) -> None:
    assert accept_within_s(priority) == seconds
