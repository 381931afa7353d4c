"""The rules as they are saved: which version holds, what it says of a report, and how a new version is made.

A version is written once. It holds from its date on, until one of a newer date does; nobody has to do anything at that
moment. Of versions of one date the one made last holds, so a version that waits is replaced by another of its date.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from db import agencies
from db import rules as saved
from db.choices import kinds
from db.engine import Reading, Transaction
from db.rules import HoursJson, RecipientJson, RuleRow, VersionRow
from routing import rules
from routing.refusals import StaleRulesError, UnfitRulesError, UnknownRulesVersionError
from routing.rule_faults import faults
from routing.rules import Case, Hours, Proposal, Recipient, Rule

NO_HOURS = "UTC"  # the zone of a version that was made before any rule had hours


@dataclass(frozen=True, slots=True)
class Book:
    """A version as it can be used: rules without agencies that are no more or disabled. None: there is none yet."""

    version: VersionRow | None
    rules: tuple[Rule, ...]

    def case(
        self,
        kind: str | None,
        priority: str | None,
        at: datetime,
        places: frozenset[str],
        within_s: int | None = None,
    ) -> Case:
        """Return what the rules ask of a report at this time; `within_s` is its kind's own (`accept_within_s`)."""
        zone = ZoneInfo(self.version.timezone if self.version else NO_HOURS)
        return Case(kind, priority, at.astimezone(zone), places, within_s)


async def in_force(reading: Reading, at: datetime | None = None, *, keep: str | None = None) -> Book:
    """Return what holds at a time (None: now); `keep`: with this agency, whatever became of it."""
    return await _opened(reading, await saved.in_force(reading, reading.now if at is None else at), keep)


async def of_version(reading: Reading, number: int) -> Book:
    """Return a version, old ones too. Raises UnknownRulesVersionError."""
    found = await saved.version(reading, number)
    if found is None:
        raise UnknownRulesVersionError
    return await _opened(reading, found)


async def written(reading: Reading, number: int) -> list[Rule]:
    """Return the rules of a version as they were written, removed and disabled agencies included."""
    return [_rule(row) for row in await saved.rules(reading, number)]


async def proposals(
    reading: Reading, kind: str | None, priority: str | None, places: frozenset[str], at: datetime | None = None
) -> list[Proposal]:
    """Return who should have a report of this kind and priority at a time (None: now).

    `places`: codes of all that it lies in.
    """
    book = await in_force(reading, at)
    within_s = await accept_within_s(reading, kind, priority)
    return rules.propose(book.rules, book.case(kind, priority, at or reading.now, places, within_s))


async def accept_within_s(reading: Reading, kind: str | None, priority: str | None) -> int:
    """Return how many seconds agencies have to accept such a report: what its kind says of its priority, else all."""
    row = None if kind is None else await kinds.find(reading, kind)
    own = None if row is None else row.accept_within_s.get(priority or rules.UNKNOWN_PRIORITY)
    return rules.accept_within_s(priority) if own is None else own


async def automatic(reading: Reading, kind: str | None, priority: str | None, places: frozenset[str]) -> list[Proposal]:
    """Return to whom a report of this kind and priority goes now without anybody's word; `places` as above."""
    book = await in_force(reading)
    within_s = await accept_within_s(reading, kind, priority)
    return rules.automatic(book.rules, book.case(kind, priority, reading.now, places, within_s))


async def next_after(
    reading: Reading,
    kind: str | None,
    priority: str | None,
    agency: str,
    have: Collection[str],
    since: datetime,
    places: frozenset[str],
) -> Proposal | None:
    """Return who gets a report when an agency that has had it `since` then does not accept it; see `rules`.

    The rules are those that hold now, so that a mended ladder counts at once; their hours are judged as of the
    dispatch, so that the change of a shift breaks no ladder; nor does it when that agency was disabled meanwhile.
    """
    book = await in_force(reading, keep=agency)
    within_s = await accept_within_s(reading, kind, priority)
    return rules.next_after(book.rules, book.case(kind, priority, since, places, within_s), agency, have)


async def make(
    tx: Transaction,
    new: Sequence[Rule],
    *,
    based_on: int,
    by: str,
    timezone: str,
    effective_from: datetime | None = None,
    note: str = "",
) -> VersionRow:
    """Write a whole new version that holds from `effective_from` on (None: from now on).

    `based_on` is the number of the newest version its maker had before them. Raises StaleRulesError, UnfitRulesError.
    """
    if effective_from is not None and effective_from < tx.now:
        raise UnfitRulesError("effective_from is in the past. What held then is written; leave it out for now.")
    await check(tx, new)
    if await saved.newest(tx) != based_on:
        raise StaleRulesError
    since = effective_from or await _now(tx)
    row = await _add(tx, based_on + 1, new, since, by, note, timezone, based_on)
    if row is None:
        raise StaleRulesError
    return row


async def append(tx: Transaction, rule: Rule, by: str, note: str) -> None:
    """Put a rule behind all others, from now on: a new version of what holds now, and of each that waits."""
    while True:
        number = await saved.newest(tx) + 1  # first: a version that is made meanwhile takes this number
        since = await _now(tx)
        if await _append(tx, number, await saved.in_force(tx, since), since, rule, by, note):
            break
    for later in await saved.waiting(tx, since):
        number += 1
        await _append(tx, number, later, later.effective_from, rule, by, note)


async def check(reading: Reading, new: Sequence[Rule]) -> None:
    """Raise UnfitRulesError, which says all that is wrong with rules."""
    known = {one.code for one in await kinds.every(reading)}
    there = {one.code for one in await agencies.every(reading)}
    if found := faults(new, known, there):
        raise UnfitRulesError(" ".join(found))


async def present(reading: Reading, new: Sequence[Rule], keep: str | None = None) -> list[Rule]:
    """Return rules without agencies that are no more or disabled (but for `keep`), with their names beside them."""
    every = await agencies.every(reading)
    disabled = {one.code for one in every if one.disabled_at is not None} - {keep}
    there = {one.code for one in every} - disabled | ({keep} if keep else set())
    return rules.of_present(new, there, disabled)


async def _now(tx: Transaction) -> datetime:
    """Return the date of what holds from now on: not before the last such, which a faster clock may have made."""
    return max(tx.now, await saved.last_from_its_making(tx) or tx.now)


async def _append(
    tx: Transaction, number: int, base: VersionRow | None, since: datetime, rule: Rule, by: str, note: str
) -> bool:
    before = await written(tx, base.number) if base else []
    zone = base.timezone if base else NO_HOURS
    return await _add(tx, number, [*before, rule], since, by, note, zone, base.number if base else 0) is not None


async def _add(
    tx: Transaction,
    number: int,
    new: Sequence[Rule],
    since: datetime,
    by: str,
    note: str,
    timezone: str,
    based_on: int,
) -> VersionRow | None:
    values = {"effective_from": since, "made_by": by[:128], "note": note, "timezone": timezone}
    row = await saved.add(tx, number, values, [_values(rule) for rule in new])
    if row is not None:
        own = [str(n) for n, rule in enumerate(new, 1) if rule.automatic]
        holds = since.isoformat()
        tx.record(by, "rules.made", f"rules:{number}", based_on=based_on, effective_from=holds, automatic=own)
        tx.tell("rules", str(number))
    return row


async def _opened(reading: Reading, version: VersionRow | None, keep: str | None = None) -> Book:
    if version is None:
        return Book(None, ())
    return Book(version, tuple(await present(reading, await written(reading, version.number), keep)))


def _rule(row: RuleRow) -> Rule:
    return Rule(
        number=row.number,
        agencies=tuple(
            Recipient(one["agency"], one["accept_within_s"], one["next"], one.get("caller_number"))
            for one in row.agencies
        ),
        kinds=tuple(row.kinds),
        priorities=tuple(row.priorities),
        places=tuple(row.places),
        hours=tuple(Hours(one["start"], one["end"], frozenset(one["days"])) for one in row.hours),
        automatic=row.automatic,
        note=row.note,
        version=row.version,
    )


def _values(rule: Rule) -> dict[str, object]:
    hours: list[HoursJson] = [{"days": sorted(one.days), "start": one.start, "end": one.end} for one in rule.hours]
    recipients: list[RecipientJson] = [
        {
            "agency": one.agency,
            "accept_within_s": one.accept_within_s,
            "next": one.next_agency,
            "caller_number": one.caller_number,
        }
        for one in rule.agencies
    ]
    return {
        "kinds": list(rule.kinds),
        "priorities": list(rule.priorities),
        "places": list(rule.places),
        "hours": hours,
        "agencies": recipients,
        "automatic": rule.automatic,
        "note": rule.note,
    }
