"""Callers who are a nuisance, fairly: a strike needs two people, expires, is lifted by one real report, and says why.

It marks the number on the operator's screen and does nothing else: the call rings like any other. The first strike of a
number holds `first_strike_h` hours, each further one `strike_h`, counted in the days of the history.
"""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType

from msgspec.structs import replace

from db import callers, entries, reports, seals, strikes
from db.engine import Transaction
from db.strikes import StrikeRow
from intake.caller_refusals import (
    NobodysNumberError,
    NoNuisanceError,
    SamePersonError,
    StrikeOverError,
    StruckError,
    UnknownStrikeError,
)
from intake.refusals import UnknownReportError

NUISANCES = ("prank", "ghost")
MACHINE = "aturan otomatis"


async def ask(tx: Transaction, number: str, note: str | None, by: str) -> StrikeRow:
    """Ask for a strike because of a report; nothing is marked until another person confirms it.

    Raises UnknownReportError, NobodysNumberError, NoNuisanceError, StruckError.
    """
    found = await reports.find(tx, number)
    if found is None:
        raise UnknownReportError
    row = await reports.lock(tx, found.id)
    caller = (await callers.of_reports(tx, [row.id]))[row.id]
    if caller.one is None or caller.exercise:
        raise NobodysNumberError
    if row.classification not in NUISANCES:
        raise NoNuisanceError
    made = await strikes.ask(tx, caller.one, row.id, note, by)
    if made is None:
        raise StruckError
    await entries.add(tx, row.id, by, "Teguran untuk nomor ini diusulkan; menunggu orang kedua", automatic=True)
    await _told(tx, made, "strike.asked", by, {} if note is None else {"note": note})
    return made


async def confirm(tx: Transaction, strike_id: str, by: str) -> StrikeRow:
    """Confirm another person's strike: it holds from now on.

    Raises UnknownStrikeError, SamePersonError, StrikeOverError.
    """
    found = await _found(tx, strike_id)
    if found.asked_by == by:
        raise SamePersonError
    if found.confirmed_at is not None or found.lifted_at is not None:
        raise StrikeOverError
    rules, _ = await callers.rules(tx)
    since = tx.now - timedelta(days=rules.history_days)
    before = [one for one in await strikes.of_number(tx, found.number, since) if one.confirmed_at and not one.lifted_at]
    hours = rules.strike_h if before else rules.first_strike_h
    values = {"confirmed_at": tx.now, "confirmed_by": by, "expires_at": tx.now + timedelta(hours=hours)}
    await strikes.change(tx, [found.id], values)
    text = f"Teguran untuk nomor ini disahkan; berlaku {hours} jam, dan panggilan tetap berdering"
    await entries.add(tx, found.report_id, by, text, automatic=True)
    await _told(tx, found, "strike.confirmed", by)
    return replace(found, **values)


async def lift(tx: Transaction, strike_id: str, because: str, by: str) -> StrikeRow:
    """Lift a strike, confirmed or not. Raises UnknownStrikeError, StrikeOverError."""
    found = await _found(tx, strike_id)
    if found.lifted_at is not None or (found.confirmed_at is not None and not found.holds(tx.now)):
        raise StrikeOverError
    return await _lift(tx, found, because, by)


async def lift_all(tx: Transaction, number: str, report: str) -> None:
    """Lift what is held or asked against a number, because one of its reports was real."""
    rules, _ = await callers.rules(tx)
    since = tx.now - timedelta(days=rules.history_days)
    for seen in sorted(await strikes.of_number(tx, number, since), key=lambda one: one.report_id):
        if seen.lifted_at is None and (seen.confirmed_at is None or seen.holds(tx.now)):
            one = await _found(tx, seen.id)  # locked like for people: the report before its strike
            if one.lifted_at is None:
                await _lift(tx, one, f"laporan nyata {report}", MACHINE)


async def _lift(tx: Transaction, found: StrikeRow, because: str, by: str) -> StrikeRow:
    values = {"lifted_at": tx.now, "lifted_by": by, "lifted_because": because}
    await strikes.change(tx, [found.id], values)
    await entries.add(tx, found.report_id, by, f"Teguran untuk nomor ini dicabut: {because}", automatic=True)
    await _told(tx, found, "strike.lifted", by, {"because": because})
    return replace(found, **values)


async def _found(tx: Transaction, strike_id: str) -> StrikeRow:
    """Return a strike, locked after its report."""
    seen = await strikes.look(tx, strike_id)
    if seen is None:
        raise UnknownStrikeError
    await reports.lock(tx, seen.report_id)
    found = await strikes.find(tx, strike_id)
    if found is None:
        raise UnknownStrikeError
    return found


async def _told(
    tx: Transaction, found: StrikeRow, action: str, by: str, said: Mapping[str, str] = MappingProxyType({})
) -> None:
    tx.record(by, action, found.id, marks=await seals.marks(tx, found.report_id, said))
    tx.tell("caller", found.id)
    await reports.touch(tx, found.report_id)
