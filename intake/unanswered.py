"""Nobody talked to a caller: who rang must be called back, once for each number however often it rang.

Items are born where a call's end is booked, in the same transaction, also when a log tells it late. A call is held
once, a number has one open item (an index says so to two bridges at once). What closes one by itself: a desk answers a
later call of the number, which is linked to it; a call back reaches the caller. Calls that were shorter than
`short_call_s` are held and listed, but owed a call back only when there are `short_calls_owed` of them. Our own test
calls, exercises, and callers whose number is nobody's own are left out; of the last only those whom the voice menu
promised a call back are held, each by itself.

Most calls are the only one of their number, of which nothing is held and to which nobody has talked since: the items
of all of those that a batch tells are one statement (`_owe_first`). Every other call is taken up by itself, in order.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, get_args

from db import callers, calls, links, worklist
from db.callers import Caller, CallerRules
from db.calls import CallRow, LegRow
from db.controls import ControlRow, End
from db.engine import Reading, Transaction
from db.links import LinkRow
from db.machine_room import Alarm
from db.reports import ReportRow
from db.worklist import FirstRing, ItemRow
from intake import linking
from intake.facts import MACHINE
from intake.news import Story
from intake.report import Classification

TRIED: Final = ("busy", "no_answer", "unreachable")  # the caller's side was rung, or would have been
DAY: Final = timedelta(days=1)


class _Told(NamedTuple):
    """A call that the line has told of, and why its caller must be called back, if that is so."""

    caller: Caller
    call: CallRow
    legs: list[LegRow]
    reason: str | None


async def book(tx: Transaction, stories: Sequence[Story]) -> None:
    """Take up what the line has told: calls that nobody answered, and answers."""
    told = [story for story in stories if story.call.stage == "ended" or _taken_now(story)]
    if not told:
        return
    found = await callers.of_reports(tx, [story.call.report_id for story in told])
    unread = [story.call.id for story in told if not story.legs and story.number is None]
    legs = await calls.legs_by_call(tx, unread) if unread else {}
    rules, _ = await callers.rules(tx)
    since = tx.now - timedelta(hours=rules.link_within_h)
    numbers = {caller.one for caller in found.values() if caller.one is not None}
    held = await worklist.numbers_of(tx, numbers, since) if numbers else set()
    of_callers: list[_Told] = []
    for story in sorted(told, key=lambda one: (one.call.arrived_at, one.call.report_id)):
        caller = found[story.call.report_id]
        if not caller.exercise and caller.classification != "test":
            of_call = list(story.legs.values()) or legs.get(story.call.id, [])
            of_callers.append(_Told(caller, story.call, of_call, why_owed(story.call, of_call)))
    times = Counter(one.caller.one for one in of_callers)
    alone = [one for one in of_callers if times[one.caller.one] == 1 and one.caller.one not in held]
    done = await _owe_first(tx, [one for one in alone if one.reason is not None and one.caller.item is None], rules)
    for caller, call, its_legs, reason in of_callers:
        if caller.report_id in done:
            continue
        if reason is not None and caller.item is None:
            await _owe(tx, caller, call, reason, rules)
            held |= {caller.one} if caller.one is not None else set()
        elif reason == "overflow" and caller.item is not None:
            await _promise(tx, caller.item)
        elif reason is None and caller.one in held and (talked(its_legs) or call.outcome == "answered"):
            await _answered(tx, caller, call, since)


def promised(call: CallRow, legs: Sequence[LegRow]) -> bool:
    """Tell whether the voice menu promised to call back, and no operator has talked to the caller since.

    An agency's leg proves nothing: the duty officer's telephone may have a mailbox.
    """
    menu = call.stage == "ended" and any(leg.kind == "overflow" for leg in legs)
    return menu and not any(leg.taken and leg.kind in ("operator", "callback") for leg in legs)


def talked(legs: Sequence[LegRow]) -> bool:
    """Tell whether a desk answered."""
    return any(leg.taken and leg.kind == "operator" for leg in legs)


def why_owed(call: CallRow, legs: Sequence[LegRow]) -> str | None:
    """Return why the caller must be called back, or None: it lasts, or somebody has answered."""
    if call.stage != "ended":
        return None
    if promised(call, legs):
        return "overflow"
    if talked(legs) or call.outcome == "answered" or call.operator_device is not None:
        return None
    return call.outcome or "unknown"


async def classed(tx: Transaction, row: ReportRow, was: str) -> None:
    """Follow the class that a person gave a locked report: `ghost` of an answered call is a silent caller."""
    caller = (await callers.of_reports(tx, [row.id]))[row.id]
    held = await worklist.of_report(tx, row.id)
    if row.classification == "ghost" and held is None and caller.one is not None and not row.exercise:
        call = (await calls.by_reports(tx, [row.id])).get(row.id)
        if call is not None and call.operator_device is not None:
            await _owe(tx, caller, call, "silent", (await callers.rules(tx))[0])
    elif held is not None and held.closed_at is None and held.rings == 1:
        no_more = row.classification == "test" or (was == "ghost" and held.reason == "silent")
        item = await worklist.find(tx, held.id) if no_more else None
        if item is not None and item.closed_at is None:
            await linking.tick_off(tx, item, None, row.classification, MACHINE)
    elif held is not None and held.closed_because in get_args(Classification):
        await _owe_again(tx, held, row.classification)


async def _owe_again(tx: Transaction, held: ItemRow, now: str) -> None:
    """Take up again what a class closed that a person has taken back, unless the number is owed a call back anyway."""
    if now == "test" or (held.reason == "silent" and now != "ghost"):
        return
    if held.number is not None and await worklist.open_of(tx, held.number) is not None:
        return
    item = await worklist.find(tx, held.id)
    if item is not None and item.closed_at is not None:
        await worklist.change(tx, item.id, closed_at=None, closed_by=None, closed_because=None)
        tx.record(MACHINE, "worklist.reopened", item.id)
        tx.tell("worklist", item.id)


async def asked_back(tx: Transaction, report_id: int, asked: ControlRow) -> None:
    """Write the step of a call back that somebody asked for, of a locked report."""
    item = await _item(tx, report_id)
    if item is not None:
        if item.owner is None:
            await worklist.change(tx, item.id, owner=asked.asked_by, taken_at=tx.now)
        await worklist.add_step(tx, item.id, "call_back", asked.asked_by, control_id=asked.id)
        tx.record(asked.asked_by, "worklist.step", item.id, step="call_back", control=asked.id)
        tx.tell("worklist", item.id)


async def called_back(tx: Transaction, report_id: int, asked: ControlRow, state: End, result: str) -> None:
    """Take up how a call back ended, of a locked report: who answers needs no other."""
    await worklist.end_step(tx, asked.id, result)
    item = await _item(tx, report_id)
    if item is None:
        return
    if state == "done":
        await linking.tick_off(tx, item, None, "called_back", asked.asked_by)
    else:
        if result in TRIED:
            await worklist.change(tx, item.id, tries=item.tries + 1)
        tx.tell("worklist", item.id)


async def alarms(reading: Reading) -> list[Alarm]:
    """Return what a supervisor must know of the worklist now: more callers are owed a call back than a day can bear."""
    rules, _ = await callers.rules(reading)
    owed = await worklist.owed_since(reading, reading.now - DAY)
    if owed <= rules.daily_cap:
        return []
    waiting = (await worklist.totals(reading)).owed
    said = (
        f"{owed} callers became owed a call back within 24 hours, more than {rules.daily_cap}; {waiting} of all wait."
    )
    advice = "Put more people on the worklist; nothing is left out of it."
    return [Alarm("worklist_long", f"{said} {advice}", {"owed": owed, "cap": rules.daily_cap, "waiting": waiting})]


async def _owe_first(tx: Transaction, told: Sequence[_Told], rules: CallerRules) -> set[int]:
    """Hold calls of numbers of which nothing was seen to be held, one of each; return the reports of which that is so.

    Left out: a number to which somebody may have talked since, and one of which another transaction was first.
    """
    first = {one.caller.one: one for one in told if one.caller.one is not None}
    if not first:
        return set()
    talked_to = await callers.answered_since(tx, first.keys(), min(one.call.arrived_at for one in first.values()))
    shorts: dict[int, bool] = {}
    items = []
    for number, (caller, call, _, reason) in sorted(first.items()):
        if number not in talked_to:
            short = shorts[caller.report_id] = _is_short(call, reason or "", rules)
            owed_at = None if short and rules.short_calls_owed > 1 else call.ended_at or tx.now
            items.append(FirstRing(caller.report_id, number, reason or "", short, call.arrived_at, owed_at))
    made = await worklist.add_first(tx, items) if items else {}
    if made:
        await worklist.add_calls(tx, [(item, report_id, shorts[report_id]) for report_id, item in made.items()])
    for one in told:
        if (item_id := made.get(one.caller.report_id)) is not None:
            tx.record(MACHINE, "worklist.opened", item_id, report=one.caller.report, reason=one.reason)
            tx.tell("worklist", item_id)
    return set(made)


async def _owe(tx: Transaction, caller: Caller, call: CallRow, reason: str, rules: CallerRules) -> None:
    """Hold a call: in its number's open item, or in a new one."""
    number = caller.one
    if number is None and reason != "overflow":
        return
    later, mended = None, None
    if number is not None and reason != "silent":
        later = await callers.answered_after(tx, number, call.arrived_at)
        if later is not None:  # mended already: a log is late, or a second telephone of the number was quicker
            mended = await _link(tx, later, caller.report_id)
            if await worklist.open_of(tx, number) is not None:
                return
    short = _is_short(call, reason, rules)
    at = call.arrived_at
    item = await _open(tx, number, at - timedelta(hours=rules.short_calls_forgotten_h)) if number is not None else None
    born, before = item is None, None
    if item is None:
        since = tx.now - timedelta(hours=rules.link_within_h)
        before = await worklist.last_of(tx, number, since) if number is not None else None
        item = await worklist.add(tx, caller.report_id, number, reason, at, None)
    if item is None and number is not None:  # another transaction was first
        item, born = await _open(tx, number, None), False
    if item is None:
        raise RuntimeError(f"the worklist takes no item for {caller.report}")
    await worklist.add_calls(tx, [(item.id, caller.report_id, short)])
    rings = item.rings + 1
    is_owed = item.owed_at is not None or not short or rings >= rules.short_calls_owed
    await worklist.change(
        tx,
        item.id,
        rings=rings,
        short=item.short + short,
        reason="overflow" if reason == "overflow" else item.reason,
        first_at=min(item.first_at, at),
        last_at=max(item.last_at, at),
        owed_at=item.owed_at or ((call.ended_at or tx.now) if is_owed else None),
    )
    tx.record(MACHINE, "worklist.opened" if born else "worklist.repeated", item.id, report=caller.report, reason=reason)
    tx.tell("worklist", item.id)
    if later is not None:
        if mended is not None:  # else a person has undone that
            await linking.tick_off(tx, item, mended, "answered", MACHINE)
    elif not born or before is not None:
        await _link(tx, caller.report_id, item.report_id if before is None else before.report_id)


async def _promise(tx: Transaction, item_id: str) -> None:
    """Owe a call back that the voice menu promised, of a call that is held already."""
    item = await worklist.find(tx, item_id)
    if item is not None and item.closed_at is None and item.reason != "overflow":
        await worklist.change(tx, item.id, reason="overflow", owed_at=item.owed_at or tx.now)
        tx.record(MACHINE, "worklist.promised", item.id)
        tx.tell("worklist", item.id)


async def _link(tx: Transaction, one_id: int, other_id: int) -> LinkRow | None:
    """Link two reports of a number; the one that was opened later may have been told first. None: somebody undid it."""
    await calls.lock_reports(tx, [one_id, other_id])
    return await _link_locked(tx, one_id, other_id)


async def _link_locked(tx: Transaction, one_id: int, other_id: int) -> LinkRow | None:
    later, earlier = max(one_id, other_id), min(one_id, other_id)
    return await linking.link_by_rule(tx, later, earlier) or await links.between(tx, later, earlier)


async def _answered(tx: Transaction, caller: Caller, call: CallRow, since: datetime) -> None:
    """Link an answered call to the calls of its number that nobody answered, and close what is held of them."""
    last = await worklist.last_of(tx, caller.one or "", since)
    if last is None or call.arrived_at < last.last_at or (caller.item == last.id and caller.classification == "ghost"):
        return
    await calls.lock_reports(tx, [last.report_id])
    item = await worklist.find(tx, last.id)
    if item is None:
        return
    link = await _link_locked(tx, caller.report_id, item.report_id)
    if item.closed_at is None and (link is not None or caller.item == item.id):  # else a person has undone it
        await linking.tick_off(tx, item, link, "answered", MACHINE)


async def _open(tx: Transaction, number: str, since: datetime | None) -> ItemRow | None:
    """Return the open item of a number, locked after its report; short calls from before `since` are forgotten."""
    seen = await worklist.open_of(tx, number)
    if seen is None:
        return None
    await calls.lock_reports(tx, [seen.report_id])
    item = await worklist.find(tx, seen.id)
    if item is None or item.closed_at is not None:
        return None
    if since is not None and item.owed_at is None and item.last_at < since:
        await linking.tick_off(tx, item, None, "not_repeated", MACHINE)
        return None
    return item


async def _item(tx: Transaction, report_id: int) -> ItemRow | None:
    """Return the open item of a locked report's call, or of its number, locked."""
    seen = await worklist.of_report(tx, report_id)
    if seen is None or seen.closed_at is not None:
        number = (await callers.of_reports(tx, [report_id]))[report_id].one
        seen = await worklist.open_of(tx, number) if number is not None else None
    item = await worklist.find(tx, seen.id) if seen is not None else None
    return None if item is None or item.closed_at is not None else item


def _taken_now(story: Story) -> bool:
    legs = (story.legs[key] for key in story.changed_legs)
    return any(leg.taken and leg.kind == "operator" for leg in legs)


def _is_short(call: CallRow, reason: str, rules: CallerRules) -> bool:
    return reason in ("abandoned", "failed") and _lasted_s(call) < rules.short_call_s


def _lasted_s(call: CallRow) -> float:
    """Return how long the caller rang; a call whose end nobody knows was not short."""
    return float("inf") if call.ended_at is None else (call.ended_at - call.arrived_at).total_seconds()
