"""Which agencies a report goes to, and how long each has to accept it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

ACCEPT_WITHIN_S = {"P1": 60, "P2": 300, "P3": 900}
UNKNOWN_PRIORITY = "P2"  # nobody has judged it yet: neither a minute's alarm nor a quarter of an hour's silence


@dataclass(frozen=True, slots=True)
class Rule:
    """Reports of `kind` (None: of every kind) go to `agency`, who accept within a time (None: their priority's).

    When they do not, `next_agency` gets the report too.
    """

    id: int
    kind: str | None
    agency: str
    accept_within_s: int | None = None
    next_agency: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """An agency that should have the report, its time to accept, and the rule that says so."""

    agency: str
    accept_within_s: int
    rule: int


def accept_within_s(priority: str | None) -> int:
    """Return how many seconds an agency has to accept a report of this priority."""
    return ACCEPT_WITHIN_S[priority or UNKNOWN_PRIORITY]


def propose(rules: Sequence[Rule], kind: str | None, priority: str | None) -> list[Proposal]:
    """Return who should have a report, in the order of the rules; the first rule that names an agency counts.

    A report without a kind fits only the rules for every kind.
    """
    proposals: dict[str, Proposal] = {}
    for rule in rules:
        if rule.kind is None or rule.kind == kind:
            within = accept_within_s(priority) if rule.accept_within_s is None else rule.accept_within_s
            proposals.setdefault(rule.agency, Proposal(rule.agency, within, rule.id))
    return list(proposals.values())


def next_after(rules: Sequence[Rule], kind: str | None, agency: str, have: Collection[str]) -> str | None:
    """Return who gets a report of this kind when `agency` does not accept it, None when nobody is left.

    The first rule of the report that names the agency says so; whoever has the report already (`have`) is passed over,
    and the ladder goes on from there.
    """
    following = {rule.agency: rule.next_agency for rule in reversed(rules) if rule.kind is None or rule.kind == kind}
    seen = {agency}
    while (found := following.get(agency)) is not None and found not in seen:
        if found not in have:
            return found
        seen.add(found)
        agency = found
    return None
