"""Facts of the telephone line become rows: every ring its own report, before any click.

What is news in them is gathered first (`news`) and saved then, a statement for each table: the ring is on the screens
milliseconds after Asterisk said it, and a bridge that comes back reads its tape hundreds of calls a second. What is no
news changes no row and is told to nobody. What the machine tells never overwrites what a person wrote. Agencies that
have a report are owed the place that its caller's network tells later. A kind that a caller chose in the voice menu is
told like one that a person sets: it brings its priority, agencies are owed it, and automatic rules send the report
(`desk.send_by_itself`).
Locks in the desk's order: the day's counter first, so that the second of two bridges that hear one ring finds the call
of the first; then the reports that are there, with those joined to them, the lowest id first.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Final
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from db import callers, calls, duplicates, handsets, reports
from db.calls import Key
from db.engine import Transaction
from db.positions import NewPosition
from db.reports import ReportRow
from intake import by_kind, calling_back, desk, grouping, handset, numbers, on_duty, positions, unanswered
from intake.facts import (
    MACHINE,
    Arrived,
    CallBackFact,
    CallFact,
    Described,
    JoinedWith,
    Located,
    Told,
)
from intake.marks import of_position
from intake.news import OF_MENU, ON_LEGS, Columns, Story, clean, gather, key_of, new_call
from routing import hastening, rules

OF_CALL: Final = {"number": "caller_number", "number_raw": "caller_number_raw", "number_digits": "caller_digits"}


async def book(tx: Transaction, facts: Sequence[Told], timezone: ZoneInfo, public_url: str) -> None:
    """Save facts, in any number, of any calls; `timezone` gives the local day in a new report's number.

    `public_url` stands in what agencies are owed.
    """
    of_calls = [fact for fact in facts if isinstance(fact, CallFact)]
    told = [numbers.ending(fact.number_raw) for fact in of_calls if isinstance(fact, Arrived | Described)]
    await handsets.beside_rings(tx, {ending for ending in told if ending})
    stories = await _take_up(tx, of_calls, timezone)
    joined = {key_of(fact.other) for fact in of_calls if isinstance(fact, JoinedWith)}
    others = await calls.report_numbers(tx, joined)
    others |= {key: stories[key].number or others[key] for key in joined & stories.keys()}
    for fact in of_calls:
        gather(stories[key_of(fact.key)], fact, others)
    news = [story for story in stories.values() if story.news]
    await on_duty.bind(tx, news)
    await _save(tx, news, public_url)
    if len(of_calls) < len(facts):
        await calling_back.book(tx, [fact for fact in facts if isinstance(fact, CallBackFact)])
    await on_duty.book(tx, facts)


# -- the calls as they are ---------------------------------------------------------------------------------------------


async def _take_up(tx: Transaction, facts: Sequence[CallFact], timezone: ZoneInfo) -> dict[Key, Story]:
    """Return every call of a batch: as it is saved, or as its ring opens it."""
    rings: dict[Key, Arrived] = {}
    for fact in facts:
        if isinstance(fact, Arrived):
            rings.setdefault(key_of(fact.key), fact)
    days = {key: _day(ring, timezone) for key, ring in rings.items()}
    taken = Counter(days.values())
    last = {day: await calls.take_numbers(tx, day, number) for day, number in sorted(taken.items())}
    keys = dict.fromkeys(key_of(fact.key) for fact in facts)
    stories = {key: Story(row) for key, row in (await calls.by_keys(tx, keys)).items()}
    on_legs = {key_of(fact.key) for fact in facts if isinstance(fact, ON_LEGS)} & stories.keys()
    late = {key_of(fact.key) for fact in facts if isinstance(fact, OF_MENU)}
    wanted = [stories[key].call.id for key in on_legs if stories[key].call.ended_at is None or key in late]
    legs = await calls.legs_by_call(tx, wanted) if wanted else {}
    for story in stories.values():
        story.legs = {leg.key: leg for leg in legs.get(story.call.id, ())}
    first = {key_of(fact.key): fact for fact in reversed(facts)}
    new = {key: rings.get(key) or _lost_ring(first[key], tx.now) for key in keys if key not in stories}
    days |= {key: _day(ring, timezone) for key, ring in new.items() if key not in days}
    needed = Counter(days[key] for key in new)
    for day in sorted(taken.keys() | needed.keys()):
        if more := needed[day] - taken[day]:  # the ring was known: its number goes back; it was lost: one more
            last[day] = await calls.take_numbers(tx, day, more)
    next_of = {day: count(last[day] - needed[day] + 1) for day in needed}
    for key, ring in new.items():
        stories[key] = new_call(ring, reports.number_of(days[key], next(next_of[days[key]])))
    return stories


def _day(ring: Arrived, timezone: ZoneInfo) -> str:
    return f"{ring.at.astimezone(timezone):%Y%m%d}"


def _lost_ring(fact: CallFact, now: datetime) -> Arrived:
    """A call whose ring is not saved (a database from yesterday's backup) is a report all the same, marked."""
    return Arrived(fact.key, fact.at or now, "", None, "", None, None, recovered=True)


# -- one statement for each table --------------------------------------------------------------------------------------


async def _save(tx: Transaction, stories: Sequence[Story], public_url: str) -> None:
    await _read_numbers(tx, stories)
    known = [story.call.report_id for story in stories if story.number is None]
    # Before anything of them changes: like the desk, and with their groups.
    locked = await duplicates.lock_ids(tx, known) if known else {}
    versions = await _open(tx, [story for story in stories if story.number is not None])
    versions |= await _change(tx, [story for story in stories if story.number is None], locked)
    await _save_legs(tx, stories)
    for is_test in (True, False):
        if ids := [story.call.report_id for story in stories if story.is_test is is_test]:
            await calls.mark_tests(tx, ids, is_test=is_test)
    kinds = {story.call.report_id: story.kind for story in stories if story.kind is not None}
    chosen = await _save_kinds(tx, kinds, locked)
    await _save_positions(tx, stories, public_url)
    entries = [(story.call.report_id, words) for story in stories for words in story.entries]
    if entries:
        await calls.write_entries(tx, MACHINE, entries)
    for story in stories:
        number, version = versions[story.call.report_id]
        tx.tell("report", number, version)
        places = [_told(story.call.report_id, one) for one in story.positions]
        for action, detail in story.audits:
            more: dict[str, dict[str, str]] = {}
            if "located" in detail:
                one = places.pop(0)
                more["marks"] = await of_position(tx, one.report_id, one.lat, one.lon, one.radius_m, one.detail)
            tx.record(MACHINE, action, number, **detail, **more)
    await unanswered.book(tx, stories)
    for report_id in chosen:  # last: what is sent has the place, and follows the choice in the report
        await _tell_kind(tx, report_id, public_url)


async def _read_numbers(tx: Transaction, stories: Sequence[Story]) -> None:
    """Read callers' numbers as their trunk writes them, where the centre has said how it does; each call keeps its own.

    A person may write another number into the report: the one that rang stays with the call.
    """
    told = [story for story in stories if "caller_number_raw" in story.caller]
    trunks = (await callers.rules(tx))[0].trunks if told else {}
    for story in told:
        if (trunk := trunks.get(story.call.trunk or "")) is not None:
            raw = story.caller["caller_number_raw"]
            story.caller["caller_number"] = numbers.incoming(raw, trunk.strip, trunk.area)
        story.put(**{of_call: story.caller[of_report] for of_call, of_report in OF_CALL.items()})


async def _save_legs(tx: Transaction, stories: Sequence[Story]) -> None:
    changed = [(story.call.id, story.legs[key]) for story in stories for key in story.changed_legs]
    if new := [replace(leg, call_id=call_id) for call_id, leg in changed if not leg.call_id]:
        await calls.add_legs(tx, new)
    if known := [leg for _, leg in changed if leg.call_id]:
        await calls.change_legs(tx, known)


async def _save_kinds(tx: Transaction, chosen: Mapping[int, str], locked: Mapping[int, ReportRow]) -> list[int]:
    """A kind that a person set stays. Return the reports, in their order, that have a kind by this."""
    set_by_person = {id for id in chosen if id in locked and "kind" in locked[id].field_versions}
    open_to = {id: chosen[id] for id in sorted(chosen.keys() - set_by_person)}
    return await calls.choose_kinds(tx, open_to) if open_to else []


async def _tell_kind(tx: Transaction, report_id: int, public_url: str) -> None:
    was = await reports.lock(tx, report_id)
    row = await reports.derive(tx, was, {"priority": await by_kind.priority(tx, was, was.kind)})
    await by_kind.tell(tx, row, was.priority, MACHINE)
    if rules.accept_within_s(row.priority) < rules.accept_within_s(was.priority):
        await hastening.hasten(tx, row.id, row.priority, row.kind)
        head = await grouping.head(tx, row)
        if head.id != row.id and await grouping.raise_priority(tx, head, row):
            await desk.send_by_itself(tx, await reports.lock(tx, head.id), public_url)
    await grouping.owe(tx, [one.id for one in await duplicates.group(tx, row)], public_url)
    await desk.send_by_itself(tx, row, public_url)


async def _save_positions(tx: Transaction, stories: Sequence[Story], public_url: str) -> None:
    """Keep what the network said of where callers are, and what their handsets told before the ring was here."""
    told = [_told(story.call.report_id, one) for story in stories for one in story.positions]
    await positions.learn(tx, told, public_url)
    callers = {
        story.call.report_id: (str(number), story.call.arrived_at)
        for story in stories
        if (number := story.caller.get("caller_number")) is not None
    }
    await handset.join_waiting(tx, callers, public_url)


def _told(report_id: int, fact: Located) -> NewPosition:
    """Return the network's position as it is kept."""
    said = fact.position
    more = {"provided_by": said.provided_by, "civic": said.civic, "reference": said.reference}
    return NewPosition(
        report_id=report_id,
        at=fact.at,
        measured_at=said.measured_at,
        method=clean(said.method, 64),
        lat=said.lat,
        lon=said.lon,
        radius_m=said.radius_m,
        source="network",
        detail={name: clean(value) for name, value in more.items() if value is not None},
        by=MACHINE,
    )


async def _open(tx: Transaction, stories: Sequence[Story]) -> dict[int, tuple[str, int]]:
    """Insert reports and calls; return (number, version) by report id."""
    if not stories:
        return {}
    opened = {"status": "open", "classification": "normal", "source": "call", "exercise": False}
    ids = await calls.open_reports(
        tx, [opened | {"number": s.number, "opened_at": s.call.arrived_at} | s.caller for s in stories]
    )
    for story in stories:
        story.call = replace(story.call, report_id=ids[story.number or ""])
    call_ids = await calls.add(tx, [story.call for story in stories])
    for story in stories:
        story.call = replace(story.call, id=call_ids[story.call.report_id])
    return {story.call.report_id: (story.number or "", 1) for story in stories}


async def _change(
    tx: Transaction, stories: Sequence[Story], locked: Mapping[int, ReportRow]
) -> dict[int, tuple[str, int]]:
    """Change calls, and give their locked reports the next version; return (number, version) by report id."""
    if not stories:
        return {}
    if changed := [story.call for story in stories if story.changed]:
        await calls.change(tx, changed)
    if callers := {story.call.report_id: story.caller for story in stories if story.caller}:
        await calls.change_callers(tx, [_with_caller(locked[id], callers[id]) for id in sorted(callers)])
    return await calls.touch(tx, [story.call.report_id for story in stories])


def _with_caller(report: ReportRow, caller: Columns) -> ReportRow:
    """What a person set stays."""
    return replace(
        report, **{name: value for name, value in caller.items() if _leaf(name) not in report.field_versions}
    )


def _leaf(column: str) -> str:
    """The wire's name of a caller's column."""
    return "caller.name" if column == "caller_name" else "caller.number"
