"""What is wrong with a set of rules, said so that its maker can mend it: each fault names its rule."""

from collections.abc import Collection, Iterator, Sequence

from routing.rules import DAY, EVERY_DAY, Hours, Rule


def faults(rules: Sequence[Rule], kinds: Collection[str], agencies: Collection[str]) -> list[str]:
    """Return a sentence for each fault, in the order of the rules; none when the rules may hold."""
    told: list[str] = []
    seen: dict[object, int] = {}
    for rule in rules:
        told += [f"Rule {rule.number}: {text}" for text in _of_rule(rule, kinds, agencies)]
        same = (
            frozenset(rule.kinds),
            frozenset(rule.priorities),
            frozenset(rule.places),
            frozenset(rule.hours),
            tuple(one.agency for one in rule.agencies),
        )
        if (first := seen.setdefault(same, rule.number)) != rule.number:
            told.append(f"Rule {rule.number}: it asks and sends the same as rule {first}. Leave one of them out.")
    return told


def _of_rule(rule: Rule, kinds: Collection[str], agencies: Collection[str]) -> Iterator[str]:
    for kind in rule.kinds:
        if kind not in kinds:
            yield f"there is no kind {kind!r}. GET /api/v1/kinds lists the kinds."
    if not rule.agencies:
        yield "it names no agency. Say where such reports go, or leave the rule out."
    named = [one.agency for one in rule.agencies]
    for code in dict.fromkeys(named):
        if named.count(code) > 1:
            yield f"it names {code!r} twice. Name each agency once."
    for code in dict.fromkeys([*named, *(one.next_agency for one in rule.agencies if one.next_agency)]):
        if code not in agencies:
            yield f"there is no agency {code!r}. GET /api/v1/agencies lists the agencies."
    for hours in rule.hours:
        if (text := _of_hours(hours)) is not None:
            yield text
    if (loop := _loop(rule)) is not None:
        yield f"its ladder goes round: {' → '.join(loop)}. Let one of them have no next, or another."


def _of_hours(hours: Hours) -> str | None:
    if not hours.days or not hours.days <= EVERY_DAY:
        return "its hours have no day, or one that is none. Days are 1 (Monday) to 7 (Sunday)."
    if hours.start == hours.end:
        return "its hours begin and end at the same minute. Say 00:00 to 24:00 for a whole day."
    if not (0 <= hours.start < DAY and 0 < hours.end <= DAY):
        return "its hours are none of a day. Say 00:00 to 23:59, and 24:00 for the end of a day."
    return None


def _loop(rule: Rule) -> list[str] | None:
    following = {one.agency: one.next_agency for one in rule.agencies}
    for first in following:
        way = [first]
        while (step := following.get(way[-1])) is not None:
            way.append(step)
            if step in way[:-1]:
                return way[way.index(step) :]
    return None
