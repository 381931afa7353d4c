"""What rules would do with a report, and why: the same functions that decide, with words."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal, assert_never

from routing.rules import DAY, EVERY_DAY, Case, Condition, Hours, Proposal, Rule, automatic, chosen, fit, propose

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True, slots=True)
class Explained:
    """Whether a rule fits (`possible`: something is not known yet), which conditions fail or are not known, and why."""

    rule: int
    fits: Literal["yes", "no", "possible"]
    failed: tuple[Condition, ...]
    unknown: tuple[Condition, ...]
    why: str
    removed: tuple[str, ...]
    disabled: tuple[str, ...] = ()


def explain(rules: Sequence[Rule], case: Case) -> list[Explained]:
    """Return of each rule, in their order, whether it fits a report and why (not)."""
    told: list[Explained] = []
    for rule in rules:
        found = fit(rule, case)
        fits: Literal["yes", "no", "possible"] = "no" if found.failed else "possible" if found.unknown else "yes"
        reasons = [_reason(rule, case, condition) for condition in (*found.failed, *found.unknown)] or [
            "all it asks holds"
        ]
        if rule.removed:
            reasons.append(f"{_listed(rule.removed)}: removed, skipped")
        if rule.disabled:
            reasons.append(f"WARNING: {_listed(rule.disabled)}: disabled, skipped")
        if not rule.agencies:
            reasons.append("nobody is left to send to")
        why, gone = "; ".join(reasons), (rule.removed, rule.disabled)
        told.append(Explained(rule.number, fits, found.failed, found.unknown, why, *gone))
    return told


def sentence(rules: Sequence[Rule], case: Case, untold: Collection[str] = ()) -> str:
    """Return in one sentence where a report would go; `untold` are the agencies that are not told who called."""
    by_itself = {(one.agency, one.rule) for one in automatic(rules, case)}
    going = chosen(propose(rules, case))
    if not going:
        return "This report would go to nobody: no rule fits. The desk must name an agency."
    parts = [_part(one, (one.agency, one.rule) in by_itself, one.agency in untold) for one in going]
    return f"This report would go to {'; '.join(parts)}."


def _part(one: Proposal, by_itself: bool, untold: bool) -> str:
    version = "" if one.version is None else f" of version {one.version}"
    doubt = "" if one.certain else ", if it fits: see below what is not known"
    how = ", automatically" if by_itself else ""
    caller = ", without the caller's number and name" if untold else ""
    return f"{one.agency} ({one.accept_within_s} s, by rule {one.rule}{version}{how}{caller}{doubt})"


def _reason(rule: Rule, case: Case, condition: Condition) -> str:
    match condition:
        case "kind":
            return f"it is for {_listed(rule.kinds)}, the report is {case.kind or 'of no kind yet'}"
        case "priority":
            return f"it is for {_listed(rule.priorities)}, the report is {case.priority or 'not judged yet'}"
        case "place":
            places = f"in {_listed(sorted(case.places))}" if case.places else "at a place nobody knows yet"
            return f"it is for {_listed(rule.places)}, the report is {places}"
        case "hours":
            now = case.local_time
            return f"it holds {'; '.join(map(hours_words, rule.hours))}, now is {DAYS[now.weekday()]} {now:%H:%M}"
        case _:
            assert_never(condition)


def hours_words(hours: Hours) -> str:
    """Return hours as people write them, such as `Mon,Tue 22:00-06:00`."""
    days = "" if hours.days == EVERY_DAY else ",".join(DAYS[day - 1] for day in sorted(hours.days)) + " "
    return f"{days}{clock_words(hours.start)}-{clock_words(hours.end)}"


def clock_words(minute: int) -> str:
    """Return a minute of the day as HH:MM; the end of the day is 24:00."""
    return "24:00" if minute == DAY else f"{minute // 60:02d}:{minute % 60:02d}"


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words)
