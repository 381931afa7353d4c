"""A dispatch that nobody accepts: the operator is told, then the next agency has it too, and the supervisor is told.

With the first step the link of its phone page goes to the agency by SMS. One that was accepted and falls silent: the
operator is told, and the agency is asked how it stands. Who accepted and then says that they cannot is followed like
one that rejected; so is, without an answer, one that was disabled.

What is due is decided by `routing.escalation` and `routing.silence`; here it is done, in the transaction that says so:
the entries that the desk reads, the envelopes, the mark that takes the step. The report is locked first and the
dispatch looked at again: an answer that came in the same millisecond is before this or after it, and nothing is done
twice.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from db import agencies, answers, dispatches, duplicates, entries, reports
from db.dispatches import DispatchRow
from db.engine import Transaction
from db.reports import ReportRow
from db.states import AT_WORK, OVER, UNANSWERED
from intake import agency_links, grouping, placing
from intake.desk import Sending, called, is_past, send
from intake.visible import visible
from routing import escalation, outbox, rulebook, silence
from routing.escalation import REJECTED, TOLD_LATE, Plan
from routing.refusals import EscalatedAlreadyError, NotWaitingError, UnknownDispatchError

AUTHOR: Final = "eskalasi"
SINCE: Final = {"accepted": "menerima", "en_route": "berangkat", "on_scene": "tiba di lokasi"}


async def escalate(tx: Transaction, dispatch_id: str, public_url: str, *, has_gateway: bool = False) -> bool:
    """Take the step of a dispatch's ladder that is due now; False when none is (any more).

    `has_gateway`: the agency can be sent the link of its phone page by SMS.
    """
    report = await duplicates.lock_of_dispatch(tx, dispatch_id)
    if report is None:
        return False
    found = await dispatches.find(tx, dispatch_id)
    if found is None or found.escalate_at is None or found.escalate_at > tx.now:
        return False
    if report.status in OVER:
        await dispatches.change(tx, dispatch_id, {"escalate_at": None})
        return False
    gave_up = found.state in AT_WORK and await _gave_up(tx, found)
    if found.state in AT_WORK and not gave_up:
        return await _ask(tx, report, found, public_url)
    alone = not [one for one in await grouping.unfinished(tx, report) if not _is_cut_off(one)]
    state = REJECTED if gave_up or _is_cut_off(found) else found.state
    plan = escalation.plan(state, found.accept_by, found.accept_within, found.escalation, tx.now, alone=alone)
    followed = await _do(tx, report, found, plan, public_url)
    texted = has_gateway and await _text(tx, report, found, plan, public_url)
    next_at = None if followed and state == REJECTED else plan.next_at  # who follows has a ladder of their own
    if gave_up:
        next_at = silence.speaks_until(await grouping.priority(tx, report), tx.now)
    await dispatches.change(tx, dispatch_id, {"escalation": plan.done, "escalate_at": next_at})
    if texted:
        await reports.touch(tx, report.id)
    if not plan.words:
        return False
    words: list[str] = [*plan.words]
    tx.record(AUTHOR, "dispatch.escalated", dispatch_id, agency=found.agency, step=plan.done, words=words)
    await reports.touch(tx, report.id)
    tx.tell("escalation", dispatch_id)
    return True


async def at_once(
    tx: Transaction, dispatch_id: str, by: str, public_url: str, *, has_gateway: bool = False
) -> tuple[DispatchRow, bool]:
    """Take the second step of a ladder now, because somebody at the desk asks for it; and whether another has it.

    Raises UnknownDispatchError, NotWaitingError, EscalatedAlreadyError.
    """
    report = await duplicates.lock_of_dispatch(tx, dispatch_id)
    found = await dispatches.find(tx, dispatch_id)
    if report is None or found is None:
        raise UnknownDispatchError
    if found.state not in UNANSWERED or report.status in OVER:
        raise NotWaitingError
    if found.escalation >= 2:
        raise EscalatedAlreadyError
    plan = escalation.at_once(found.accept_by, found.accept_within)
    agency = await agencies.find(tx, found.agency)
    text = f"Diminta oleh {by} tanpa menunggu batas waktu: eskalasi {called(agency) if agency else found.agency}"
    await entries.add(tx, report.id, by, text, automatic=True)
    followed = await _do(tx, report, found, plan, public_url)
    if has_gateway:
        await _text(tx, report, found, plan, public_url)
    await dispatches.change(tx, dispatch_id, {"escalation": plan.done, "escalate_at": plan.next_at})
    tx.record(by, "dispatch.escalated", dispatch_id, agency=found.agency, step=plan.done, words=[*plan.words])
    await reports.touch(tx, report.id)
    tx.tell("escalation", dispatch_id)
    tx.wake("outbox")
    again = await dispatches.find(tx, dispatch_id)
    return again or found, followed


async def _text(tx: Transaction, report: ReportRow, found: DispatchRow, plan: Plan, public_url: str) -> bool:
    """Have an agency texted with the first step that is taken, and one without a system before; return whether."""
    is_time = found.escalation < 1 and (plan.done > 0 or found.agency_no_system)
    return is_time and await agency_links.text(tx, report, found, public_url)


def _is_cut_off(found: DispatchRow) -> bool:
    """Return whether an agency that has not answered was disabled: it cannot any more."""
    return found.agency_disabled and found.state in UNANSWERED


async def _gave_up(tx: Transaction, found: DispatchRow) -> bool:
    """Return whether an agency at work said last that it rejects, and nobody follows it yet."""
    said = await answers.of_dispatch(tx, found.id)
    return found.escalation < 2 and bool(said) and said[-1].answer == REJECTED


async def _ask(tx: Transaction, report: ReportRow, found: DispatchRow, public_url: str) -> bool:
    """Mark and ask an agency at work that has been silent for too long; False when it has not."""
    heard_at = found.heard_at or found.created_at
    plan = silence.plan(await grouping.priority(tx, report), heard_at, found.asked, tx.now)
    await dispatches.change(tx, found.id, {"asked": plan.asked, "escalate_at": plan.next_at})
    if not plan.asks:
        return False
    agency = await agencies.find(tx, found.agency)
    name = agency.name if agency else found.agency
    since = getattr(found, f"{found.state}_at") or heard_at
    said = f"{name} {SINCE[found.state]} {_minutes(tx.now - since)} menit lalu dan belum memberi kabar"
    lately = f" sejak {_minutes(tx.now - heard_at)} menit" if heard_at > since else ""
    how = "dinonaktifkan, tanyakan lewat telepon" if found.agency_disabled else "tanyakan"
    how = f"tanyakan lewat telepon {found.agency_phone}" if found.agency_no_system else how
    text = f"{said}{lately}: {how}{_late(plan.late, found, tx.now)}"
    await entries.add(tx, report.id, AUTHOR, text, automatic=True)
    if not found.agency_disabled:
        await outbox.ask(tx, found, await visible(tx, report), public_url)
    tx.record(AUTHOR, "dispatch.silent", found.id, agency=found.agency, asked=plan.asked)
    await reports.touch(tx, report.id)
    tx.tell("escalation", found.id)
    return True


def _minutes(time: timedelta) -> int:
    return int(time / timedelta(minutes=1))


def _late(late: timedelta, found: DispatchRow, now: datetime) -> str:
    """Say by how much somebody looked too late; not what became due by a deadline that was pulled forward."""
    late = min(late, now - (found.escalate_at or now))
    return f" (baru diperiksa {late.total_seconds():.0f} dtk terlambat)" if late > TOLD_LATE else ""


async def _do(tx: Transaction, report: ReportRow, found: DispatchRow, plan: Plan, public_url: str) -> bool:
    """Do what is due, and tell of it in the report; return whether another agency was sent it."""
    names = {agency.code: called(agency) for agency in await agencies.every(tx)}
    name = names.get(found.agency, found.agency)
    late = _late(plan.late, found, tx.now)

    async def tell(text: str) -> None:
        await entries.add(tx, report.id, AUTHOR, text, automatic=True)

    followed = False
    why = "belum menerima" if found.state in UNANSWERED else "menolak"
    why = "tidak dapat menjawab" if _is_cut_off(found) else why
    if "overdue" in plan.words:
        within_s = found.accept_within.total_seconds()
        await tell(f"{name} belum menerima dalam {within_s:.0f} dtk: hubungi lewat telepon{late}")
        late = ""
    if "next" in plan.words:
        followed = await _next(tx, report, found, f"{name} {why}{late}", public_url)
        if not followed:
            await tell(f"{name} {why} dan tidak ada instansi berikutnya: supervisor harus memutuskan{late}")
    if "again" in plan.words:
        waited = _minutes(tx.now - found.created_at)
        still = f"masih belum menerima setelah {waited} menit"
        if found.state == REJECTED or _is_cut_off(found):
            still = f"{why} dan belum ada instansi lain"
        await tell(f"{name} {still}: supervisor harus memutuskan{late}")
    return followed


async def _next(tx: Transaction, report: ReportRow, found: DispatchRow, because: str, public_url: str) -> bool:
    """Send the report to the next agency of the ladder, unless that ever had it; False when there is none.

    Whatever became of it there: two agencies whose rules name each other would send it to and fro for ever. Of joined
    reports it is the head that is sent.
    """
    had = {one.agency for one in await grouping.every(tx, report) if not is_past(report, one)}
    lies_in = await placing.codes(tx, report.location_place)
    args = report.kind, report.priority, found.agency, had, found.created_at, lies_in
    following = await rulebook.next_after(tx, *args)
    handed_on = found.created_by == AUTHOR and found.rule_number is not None and not found.caller_number
    if following is not None and following.caller_number is None and handed_on:
        following = replace(following, caller_number=False)  # however many hops ago a rule withheld it
    if following is not None:
        await send(
            tx, await grouping.head(tx, report), [Sending(following.agency, AUTHOR, following, because)], public_url
        )
    return following is not None
