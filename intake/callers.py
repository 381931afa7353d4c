"""What the desk knows of a caller by the number: what it has done before, whether it is one caller's, and the rules.

A number takes part in history, links and strikes only when it is surely one caller's: it has an E.164 form, and nobody
has marked it as many people's (a hospital's switchboard). Of all others the operator is told to ask for a number.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from db import callers, calls, links, reports, seals, strikes, worklist
from db.callers import Caller, CallerRules, History, PilotRow
from db.engine import Reading, Transaction
from db.links import LinkRow
from db.reports import ReportRow
from db.strikes import StrikeRow
from db.worklist import ItemRow
from intake import nuisance, numbers, unanswered
from intake.caller_refusals import PilotKnownError, RulesChangedError, UnfitPilotError, UnknownPilotError

ASK: Final = "No call back possible: ask for a number."
Why = Literal["no_number", "pilot", "test"]


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a report's caller; `why`: why the number takes part in nothing, `advice` what to do then."""

    number: str | None
    why: Why | None
    advice: str | None
    pilot: PilotRow | None
    since: datetime
    history: History
    links: list[LinkRow]
    strikes: list[StrikeRow]
    item: ItemRow | None


async def known(reading: Reading, row: ReportRow) -> Known:
    """Return what is known of a report's caller by the number."""
    rules, _ = await callers.rules(reading)
    since = reading.now - timedelta(days=rules.history_days)
    linked = await links.of_report(reading, row.id)
    nothing = History(0, dict.fromkeys(callers.COUNTED, 0), 0, 0, [])
    number = (await callers.of_reports(reading, [row.id]))[row.id].number
    if row.classification == "test" or row.exercise:
        return Known(number, "test", None, None, since, nothing, linked, [], None)
    held = await worklist.of_report(reading, row.id)
    if number is None:
        return Known(None, "no_number", ASK, None, since, nothing, linked, [], held)
    if (pilot := await callers.pilot(reading, number)) is not None:
        return Known(number, "pilot", ASK, pilot, since, nothing, linked, [], held)
    history = await callers.history(reading, number, since, but=row.id)
    struck = await strikes.of_number(reading, number, since)
    item = held or await worklist.open_of(reading, number)
    return Known(number, None, None, None, since, history, linked, struck, item)


@dataclass(frozen=True, slots=True)
class Ringing:
    """What the queue shows of a caller beside the number; `history` None: the number takes part in nothing."""

    caller: Caller
    why: Why | None
    since: datetime
    history: History | None
    marked: bool


async def ringing(reading: Reading) -> list[Ringing]:
    """Return what is known of everybody on the line, the first caller first: one look at the index for each number."""
    since = reading.now - timedelta(days=(await callers.rules(reading))[0].history_days)
    ids = [call.report_id for call in await calls.in_progress(reading)]
    found = await callers.of_reports(reading, ids) if ids else {}
    marked = await strikes.marked(reading, [one.one for one in found.values() if one.one is not None])
    shown = []
    for caller in (found[report_id] for report_id in ids):
        why = _why(caller)
        history = None
        if why is None and caller.one is not None:
            history = await callers.history(reading, caller.one, since, but=caller.report_id, most=1)
        shown.append(Ringing(caller, why, since, history, caller.one in marked))
    return shown


def _why(caller: Caller) -> Why | None:
    if caller.classification == "test" or caller.exercise:
        return "test"
    if caller.pilot:
        return "pilot"
    return "no_number" if caller.number is None else None


async def changed(tx: Transaction, was: ReportRow, row: ReportRow) -> ReportRow:
    """Follow what a locked report has become, and return it as it is then.

    Silent callers must be called back, and a real report lifts strikes.
    """
    number = (await callers.of_reports(tx, [row.id]))[row.id].number if is_real(was, row) else None
    if was.classification == row.classification and number is None:
        return row
    if was.classification != row.classification:
        await unanswered.classed(tx, row, was.classification)
    if number is not None:
        await nuisance.lift_all(tx, number, row.number)
    return await reports.lock(tx, row.id)


async def proved(tx: Transaction, row: ReportRow) -> None:
    """Lift strikes of a locked report's number: it was sent, as an emergency, with the one to which it is joined."""
    if row.classification == "normal" and not row.exercise and row.caller_number is not None:
        await nuisance.lift_all(tx, row.caller_number, row.number)


def is_real(was: ReportRow, row: ReportRow) -> bool:
    """Tell whether a report has just proved to be one: it was sent, resolved, or closed, as an emergency."""
    if row.classification != "normal" or row.exercise:
        return False
    return row.status != was.status and row.status in ("dispatched", "resolved", "closed")


async def mark(tx: Transaction, raw: str, name: str, by: str) -> PilotRow:
    """Mark a number as many people's. Raises UnfitPilotError, PilotKnownError."""
    number = numbers.e164(raw)
    if number is None:
        raise UnfitPilotError
    made = await callers.mark(tx, number, name, by)
    if made is None:
        raise PilotKnownError
    await _record(tx, made, "pilot.marked", by)
    return made


async def unmark(tx: Transaction, pilot_id: str, by: str) -> None:
    """Take a mark away. Raises UnknownPilotError."""
    gone = await callers.unmark(tx, pilot_id)
    if gone is None:
        raise UnknownPilotError
    await _record(tx, gone, "pilot.unmarked", by)


async def _record(tx: Transaction, pilot: PilotRow, action: str, by: str) -> None:
    said = await seals.marks(tx, pilot.id, {"number": pilot.number, "name": pilot.name})
    tx.record(by, action, pilot.id, marks=said)
    tx.tell("caller", pilot.id)


async def change_rules(tx: Transaction, new: CallerRules, based_on: int, by: str) -> int:
    """Save the centre's rules as the version after `based_on`, and return its number. Raises RulesChangedError."""
    old, version = await callers.rules(tx)
    if version != based_on:
        raise RulesChangedError
    changed = [name for name in CallerRules.__struct_fields__ if getattr(old, name) != getattr(new, name)]
    await callers.save_rules(tx, new, version + 1, by)
    tx.record(by, "caller_rules.changed", "caller-rules", fields=changed, version=version + 1)
    tx.tell("caller", "caller-rules", version + 1)
    return version + 1
