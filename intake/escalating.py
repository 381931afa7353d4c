"""A dispatch that nobody accepts: the operator is told, then the next agency has it too, and the supervisor is told.

One that was accepted and falls silent: the operator is told, and the agency is asked how it stands.

What is due is decided by `routing.escalation` and `routing.silence`; here it is done, in the transaction that says so:
the entries that the desk reads, the envelopes, the mark that takes the step. The report is locked first and the
dispatch looked at again: an answer that came in the same millisecond is before this or after it, and nothing is done
twice.
"""

from datetime import timedelta
from typing import Final

from db import agencies, dispatches, entries, reports
from db.dispatches import DispatchRow
from db.engine import Transaction
from db.reports import ReportRow
from intake.visible import visible
from routing import escalation, outbox, rulebook, silence
from routing.escalation import Plan

AUTHOR: Final = "eskalasi"
OVER: Final = ("resolved", "closed")
AT_WORK: Final = {"accepted": "menerima", "en_route": "berangkat", "on_scene": "tiba di lokasi"}


async def escalate(tx: Transaction, dispatch_id: str, public_url: str) -> bool:
    """Take the step of a dispatch's ladder that is due now; False when none is (any more)."""
    report_id = await dispatches.report_of(tx, dispatch_id)
    if report_id is None:
        return False
    report = await reports.lock(tx, report_id)
    found = await dispatches.find(tx, dispatch_id)
    if found is None or found.escalate_at is None or found.escalate_at > tx.now:
        return False
    if report.status in OVER:
        await dispatches.change(tx, dispatch_id, {"escalate_at": None})
        return False
    if found.state in silence.AT_WORK:
        return await _ask(tx, report, found, public_url)
    plan = escalation.plan(found.state, found.created_at, found.accept_by, found.escalation, tx.now)
    await dispatches.change(tx, dispatch_id, {"escalation": plan.done, "escalate_at": plan.next_at})
    if not plan.words:
        return False
    for text in await _do(tx, report, found, plan, public_url):
        await entries.add(tx, report.id, AUTHOR, text, automatic=True)
    words: list[str] = [*plan.words]
    tx.record(AUTHOR, "dispatch.escalated", dispatch_id, agency=found.agency, step=plan.done, words=words)
    await reports.touch(tx, report.id)
    tx.tell("escalation", dispatch_id)
    return True


async def _ask(tx: Transaction, report: ReportRow, found: DispatchRow, public_url: str) -> bool:
    """Mark and ask an agency at work that has been silent for too long; False when it has not."""
    heard_at = found.heard_at or found.created_at
    plan = silence.plan(report.priority, heard_at, found.asked, tx.now)
    await dispatches.change(tx, found.id, {"asked": plan.asked, "escalate_at": plan.next_at})
    if not plan.asks:
        return False
    agency = await agencies.find(tx, found.agency)
    name = agency.name if agency else found.agency
    since = getattr(found, f"{found.state}_at") or heard_at
    said = f"{name} {AT_WORK[found.state]} {_minutes(tx.now - since)} menit lalu dan belum memberi kabar"
    lately = f" sejak {_minutes(tx.now - heard_at)} menit" if heard_at > since else ""
    late = f" (baru diperiksa {plan.late.total_seconds():.0f} dtk terlambat)" if plan.late else ""
    await entries.add(tx, report.id, AUTHOR, f"{said}{lately}: tanyakan{late}", automatic=True)
    await outbox.ask(tx, found, await visible(tx, report), public_url)
    tx.record(AUTHOR, "dispatch.silent", found.id, agency=found.agency, asked=plan.asked)
    await reports.touch(tx, report.id)
    tx.tell("escalation", found.id)
    return True


def _minutes(time: timedelta) -> int:
    return int(time / timedelta(minutes=1))


async def _do(tx: Transaction, report: ReportRow, found: DispatchRow, plan: Plan, public_url: str) -> list[str]:
    """Do what is due, and return what the report tells of it."""
    names = {agency.code: agency.name for agency in await agencies.every(tx)}
    name = names.get(found.agency, found.agency)
    within = (found.accept_by - found.created_at).total_seconds()
    late = f" (baru diperiksa {plan.late.total_seconds():.0f} dtk terlambat)" if plan.late else ""
    told: list[str] = []
    if "overdue" in plan.words:
        told.append(f"{name} belum menerima dalam {within:.0f} dtk: hubungi lewat telepon{late}")
        late = ""
    if "next" in plan.words:
        following = await _next(tx, report, found, public_url)
        why = "menolak" if found.state == escalation.REJECTED else "belum menerima"
        if following is not None:
            told.append(f"Diteruskan ke {names.get(following, following)} karena {name} {why}{late}")
        else:
            told.append(f"{name} {why} dan tidak ada instansi berikutnya: supervisor harus memutuskan{late}")
    if "again" in plan.words:
        waited = (tx.now - found.created_at).total_seconds() / 60
        told.append(f"{name} masih belum menerima setelah {waited:.0f} menit: supervisor harus memutuskan{late}")
    return told


async def _next(tx: Transaction, report: ReportRow, found: DispatchRow, public_url: str) -> str | None:
    """Send the report to the next agency of the ladder, and return its code; None when there is none."""
    have = {one.agency for one in await outbox.live(tx, report.id)} | {found.agency}
    following = await rulebook.next_after(tx, report.kind, report.priority, found.agency, have, found.created_at)
    if following is None:
        return None
    seen = await visible(tx, report)
    await outbox.put(
        tx,
        report_id=report.id,
        report=seen,
        agency_code=following.agency,
        by=AUTHOR,
        public_url=public_url,
        proposal=following,
    )
    return following.agency
