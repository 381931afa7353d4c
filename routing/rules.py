"""Which agencies a report goes to: who, how long each has to accept it, and who is next when they do not.

A rule has conditions (kinds, priorities, places, hours of the centre); an empty one always holds. A report without a
kind fits only rules for every kind. Priority and place are often not known yet. A rule that hangs on one of those is
then *possible*: it is proposed behind the rules that fit, and marked; a desk that sends without naming agencies sends
by it only when no rule fits (rather one engine too many than none); and it never sends by itself
(`docs/decisions/0021-rules.md`).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Literal

ACCEPT_WITHIN_S = {"P1": 60, "P2": 300, "P3": 900}
UNKNOWN_PRIORITY = "P2"  # nobody has judged it yet: neither a minute's alarm nor a quarter of an hour's silence
DAY: Final = 24 * 60  # minutes
EVERY_DAY: Final = frozenset(range(1, 8))

Condition = Literal["kind", "priority", "place", "hours"]


@dataclass(frozen=True, slots=True)
class Hours:
    """From minute `start` of these local days (1 Monday … 7 Sunday) to before minute `end`, if earlier the day after's.

    `start` is 0 to 1439, `end` 1 to 1440. 22:00 to 06:00 on a Friday ends on Saturday morning.
    """

    start: int
    end: int
    days: frozenset[int] = EVERY_DAY

    def hold(self, local: datetime) -> bool:
        """Return whether this wall-clock time is within."""
        minute, day = local.hour * 60 + local.minute, local.isoweekday()
        if self.start < self.end:
            return day in self.days and self.start <= minute < self.end
        before = day - 1 or 7
        return (day in self.days and minute >= self.start) or (before in self.days and minute < self.end)


@dataclass(frozen=True, slots=True)
class Recipient:
    """An agency a rule sends to, its time to accept (None: the priority's), and who gets it too when it does not.

    `caller_number`: whether it is told who called; None: as the agency's own setting says.
    """

    agency: str
    accept_within_s: int | None = None
    next_agency: str | None = None
    caller_number: bool | None = None

    def passed_to(self, following: str, own: "Recipient | None" = None) -> "Recipient":
        """Return the next of the ladder as this rule's, `own` being what a rule says of it in its own right.

        What was withheld from the first is not told to the next, unless a rule says so of that one.
        """
        found = own or Recipient(following)
        if found.caller_number is None and self.caller_number is False:
            return replace(found, caller_number=False)
        return found


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `number` is its place in its version, from 1. `automatic`: it sends without anybody's word.

    `removed`: agencies it names that are no more, `disabled`: those to which nothing is sent, once `of_present` has
    taken them out. `version` None: a draft.
    """

    number: int
    agencies: tuple[Recipient, ...]
    kinds: tuple[str, ...] = ()
    priorities: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    hours: tuple[Hours, ...] = ()
    automatic: bool = False
    note: str = ""
    version: int | None = None
    removed: tuple[str, ...] = ()
    disabled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """What rules ask of a report. `places`: codes of all that it lies in, empty while nobody knows. Time is local."""

    kind: str | None
    priority: str | None
    local_time: datetime
    places: frozenset[str] = frozenset()
    accept_within_s: int | None = None  # its kind's own time for this priority; None: everybody's


@dataclass(frozen=True, slots=True)
class Fit:
    """Which conditions of a rule a report fails, and on which nobody can say yet; neither: the rule fits."""

    failed: tuple[Condition, ...] = ()
    unknown: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """An agency that should have the report, its time to accept, and the rule that says so.

    Not `certain`: the rule hangs on something that nobody knows of the report yet.
    """

    agency: str
    accept_within_s: int
    rule: int
    version: int | None = None
    certain: bool = True
    caller_number: bool | None = None

    def tells_caller(self, own: bool) -> bool:
        """Return whether the agency is told who called; `own`, its own setting, holds where no rule says."""
        return own if self.caller_number is None else self.caller_number


def accept_within_s(priority: str | None) -> int:
    """Return how many seconds an agency has to accept a report of this priority."""
    return ACCEPT_WITHIN_S[priority or UNKNOWN_PRIORITY]


def most_urgent(first: str | None, *others: str | None) -> str | None:
    """Return the priority of joined reports, the main one's first; a joined one that nobody has judged says nothing."""
    return min([first, *filter(None, others)], key=lambda one: (accept_within_s(one), one is None))


def fit(rule: Rule, case: Case) -> Fit:
    """Return how a report fits a rule."""
    held: dict[Condition, bool | None] = {
        "kind": not rule.kinds or case.kind in rule.kinds,
        "priority": not rule.priorities or (None if case.priority is None else case.priority in rule.priorities),
        "place": not rule.places or (bool(case.places & set(rule.places)) if case.places else None),
        "hours": not rule.hours or any(one.hold(case.local_time) for one in rule.hours),
    }
    return Fit(
        tuple(name for name, holds in held.items() if holds is False),
        tuple(name for name, holds in held.items() if holds is None),
    )


def propose(rules: Sequence[Rule], case: Case) -> list[Proposal]:
    """Return who should have a report, in the order of the rules; the first rule that names an agency counts.

    What is certain comes before what is only possible.
    """
    found: dict[str, Proposal] = {}
    for rule, one, certain in _named(rules, case):
        found.setdefault(one.agency, _proposal(one, rule, case, certain))
    return list(found.values())


def chosen(proposals: Sequence[Proposal]) -> list[Proposal]:
    """Return to whom a desk sends that names no agencies: where it is certain; if nowhere, wherever it is possible."""
    return [one for one in proposals if one.certain] or list(proposals)


def automatic(rules: Sequence[Rule], case: Case) -> list[Proposal]:
    """Return to whom a report goes without anybody's word: only by what is certain."""
    return [one for one in propose([rule for rule in rules if rule.automatic], case) if one.certain]


def next_after(rules: Sequence[Rule], case: Case, agency: str, have: Collection[str]) -> Proposal | None:
    """Return who gets a report when `agency` does not accept it, None when nobody is left.

    The first rule of the report that names the agency says so; whoever has the report already (`have`) is passed over,
    and the ladder goes on from there.
    """
    named: dict[str, tuple[Rule, Recipient, bool]] = {}
    for rule, one, certain in _named(rules, case):
        named.setdefault(one.agency, (rule, one, certain))
    seen = {agency}
    while agency in named:
        rule, one, certain = named[agency]
        following = one.next_agency
        if following is None or following in seen:
            return None
        if following not in have:
            own = one.passed_to(following, named[following][1] if following in named else None)
            return _proposal(own, rule, case, certain)
        seen.add(following)
        agency = following
    return None


def removed(rules: Sequence[Rule], case: Case) -> list[str]:
    """Return the agencies that are no more, of all rules that a report fits or may fit."""
    return list(dict.fromkeys(code for rule in rules if not fit(rule, case).failed for code in rule.removed))


def disabled(rules: Sequence[Rule], case: Case) -> list[str]:
    """Return the agencies to which nothing is sent, of all rules that a report fits or may fit."""
    return list(dict.fromkeys(code for rule in rules if not fit(rule, case).failed for code in rule.disabled))


def of_present(rules: Sequence[Rule], there: Collection[str], disabled: Collection[str] = ()) -> list[Rule]:
    """Return the rules without the agencies that are not `there`.

    Who was next after one stands in its place, and ladders pass over it. Those of them that are `disabled` are told
    apart from those that are no more.
    """
    return [_of_present(rule, there, disabled) for rule in rules]


def _of_present(rule: Rule, there: Collection[str], disabled: Collection[str]) -> Rule:
    named = {one.agency: one for one in rule.agencies}
    gone = dict.fromkeys(
        code for one in rule.agencies for code in (one.agency, one.next_agency) if code and code not in there
    )
    if not gone:
        return rule
    kept: dict[str, Recipient] = {}
    for one in rule.agencies:
        following = _next_there(one, named, there)
        if one.agency in there:
            kept[one.agency] = replace(one, next_agency=following)
        elif following is not None and following not in named:
            kept.setdefault(following, replace(one.passed_to(following), accept_within_s=one.accept_within_s))
    removed = tuple(code for code in gone if code not in disabled)
    skipped = tuple(code for code in gone if code in disabled)
    return replace(rule, agencies=tuple(kept.values()), removed=removed, disabled=skipped)


def _next_there(one: Recipient, named: Mapping[str, Recipient], there: Collection[str]) -> str | None:
    """Return who follows an agency in a rule, passing over those that are not there."""
    code, seen = one.next_agency, {one.agency}
    while code is not None and code not in there:
        if code in seen:
            return None
        seen.add(code)
        code = named[code].next_agency if code in named else None
    return code


def _named(rules: Sequence[Rule], case: Case) -> Iterator[tuple[Rule, Recipient, bool]]:
    """Go through all that rules say of a report, the certain first."""
    fits = [(rule, fit(rule, case)) for rule in rules]
    for certain in (True, False):
        for rule, found in fits:
            if not found.failed and certain is not bool(found.unknown):
                for one in rule.agencies:
                    yield rule, one, certain


def _proposal(one: Recipient, rule: Rule, case: Case, certain: bool) -> Proposal:
    return Proposal(one.agency, _within(one, case), rule.number, rule.version, certain, one.caller_number)


def _within(one: Recipient, case: Case) -> int:
    if one.accept_within_s is not None:
        return one.accept_within_s
    return accept_within_s(case.priority) if case.accept_within_s is None else case.accept_within_s
