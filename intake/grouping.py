"""What the desk does to one report of a group concerns the others: which follow it, and whose agencies are owed it.

The head governs. It is sent, resolved, closed and reopened for all that are joined to it; a joined report keeps the
dispatches it had, and as long as an agency has something to do with one of them, the group is not over; a neighbouring
centre that took any of them may be left all. Agencies see all reports of a group, so each is owed what changes in any.
"""

from dataclasses import replace
from typing import Final

from db import dispatches, duplicates, entries, reports
from db.dispatches import DispatchRow
from db.engine import Reading, Transaction
from db.reports import ReportRow
from db.states import AT_WORK, FINISHED, NOT_LIVE, OVER
from intake import callers, dispositions, report, steps
from intake.duplicate_refusals import JoinedReportError
from intake.next_version import next_version
from intake.refusals import IllegalStepError
from intake.report import Value
from intake.steps import Step
from intake.visible import most_urgent, visible
from routing import endings, hastening, outbox, rules
from routing.visible import VisibleReport

AUTHOR: Final = "gabungan"
FOLLOWED: Final = ("resolved", "closed", "reopened")  # steps of the head that those joined to it take with it


async def every(reading: Reading, row: ReportRow) -> list[DispatchRow]:
    """Return all dispatches of a report and of those joined with it, whatever became of them."""
    group = await duplicates.group(reading, row)
    found = await dispatches.of_reports(reading, [one.id for one in group])
    return [sent for one in group for sent in found.get(one.id, [])]


async def unfinished(reading: Reading, row: ReportRow) -> list[DispatchRow]:
    """Return those of them that agencies still have something to do with."""
    return [one for one in await every(reading, row) if one.state not in FINISHED]


async def head(reading: Reading, row: ReportRow) -> ReportRow:
    """Return the head of a report's group: itself when it is joined to none."""
    return (await duplicates.group(reading, row))[0]


def check(row: ReportRow, step: Step | None) -> None:
    """Raise IllegalStepError unless this very report may take a step; JoinedReportError where that is its head's.

    `step` None: one of the group's, whatever status this one has.
    """
    if row.duplicate_of is not None and step not in steps.may(row.status, joined=True):
        raise JoinedReportError(row.duplicate_of, row.status)
    if step is not None:
        steps.check(row.status, step)


def of_patch(row: ReportRow, to: str) -> Step:
    """Return the step that takes a report to another status. Raises IllegalStepError, JoinedReportError."""
    if row.duplicate_of is not None:
        check(row, steps.BY_PATCH.get(steps.known(to)))
    return steps.of_patch(row.status, to)


async def may_be_closed(reading: Reading, row: ReportRow) -> None:
    """Raise IllegalStepError (JoinedReportError) unless a report may be closed, as far as agencies go.

    While nobody called it resolved, none may have anything to do with it: who had it when it was reopened has it still,
    which its status does not tell.
    """
    check(row, "close")
    if have := await _hold_open(reading, row):
        raise IllegalStepError(
            f"Agencies still have something to do with this: {', '.join(have)}. Set it resolved when they say so, or "
            "cancel those dispatches first.",
            await may(reading, row),
            held_by=have,
        )


async def may_be_left(reading: Reading, row: ReportRow, centre: str) -> None:
    """Raise IllegalStepError (NotTakenOverError) unless a group, by its head, may be left to a centre."""
    sent = await every(reading, row)
    taken_over = any(one.agency == centre and one.state in (*AT_WORK, "resolved") for one in sent)
    others = [f"{one.agency} ({one.report})" for one in sent if one.state not in FINISHED and one.agency != centre]
    now = "dispatched" if await _is_sent(reading, row) else row.status
    steps.check_not_ours(now, taken_over=taken_over, others=others)


async def may(reading: Reading, row: ReportRow) -> list[Step]:
    """Return the steps that people may take with this very report now."""
    left = list(steps.may(row.status, joined=row.duplicate_of is not None))
    if "not_ours" not in left and await _is_sent(reading, row):
        left.append("not_ours")
    held = "close" in left and bool(await _hold_open(reading, row))
    return [step for step in left if step != "close" or not held]


async def _is_sent(reading: Reading, row: ReportRow) -> bool:
    """Tell whether this report, or one that is joined to it, is dispatched."""
    group = await duplicates.group(reading, row) if row.duplicate_of is None else []
    return any(one.status == "dispatched" for one in group)


async def _hold_open(reading: Reading, row: ReportRow) -> list[str]:
    if row.status == "resolved":
        return []
    return [f"{one.agency} ({one.report})" for one in await unfinished(reading, row)]


async def priority(reading: Reading, row: ReportRow) -> str | None:
    """Return the priority of the most urgent report of a report's group."""
    return most_urgent(await duplicates.group(reading, row))


async def proved(tx: Transaction, head: ReportRow) -> None:
    """Let the callers of those joined to a head that was sent have what a real report gives: it was for them, too."""
    for one in await duplicates.group(tx, head):
        if one.id != head.id:
            await callers.proved(tx, one)


async def stepped(
    tx: Transaction, row: ReportRow, status: str, by: str, because: str, as_: str = dispositions.DUPLICATE
) -> ReportRow:
    """Give a locked report another status, with what that brings, and tell why in it.

    Closed with its head, an emergency ends `as_` a duplicate or as not ours, anything else as its class does.
    `caller_told` stays what it was: that the head's caller was told is nobody's word to this one.
    """
    changes: dict[str, Value] = {}
    if status == "closed":
        ends: str | None = as_
        if row.classification != "normal":
            ends = await dispositions.decided(tx, row.classification, None, row.disposition)
        changes = dispositions.differing(row, {"disposition": ends})
    elif status in ("resolved", "reopened"):
        changes = dispositions.brought(row, "resolve" if status == "resolved" else "reopen", {})
    changes["status"] = status
    tx.record(by, report.log_event(changes), row.number, state=status, group=True)
    return await next_version(tx, row, changes, AUTHOR, because)


async def follow(
    tx: Transaction, old: ReportRow, new: ReportRow, before: VisibleReport, after: VisibleReport, public_url: str
) -> int | None:
    """Let those who are joined with a report that a person changed follow it, and owe their agencies what they see.

    Return the id of the head if it became more urgent by this: rules may send it now.
    Raises JoinedReportError when it is joined and what was done is the head's to do; IllegalStepError when the head is
    closed and an agency still has one of the others.
    """
    if new.is_alone:
        return None
    others = [one for one in await duplicates.group(tx, new) if one.id != new.id]
    told: set[int] = set()
    if before.status != after.status and after.status in FOLLOWED:
        if new.duplicate_of is not None:
            raise JoinedReportError(new.duplicate_of, old.status)
        told = {one.id for one in others if await _step(tx, one, new, old.status, public_url)}
    owed, raised = _told_of_it(before) != _told_of_it(after), None
    if rules.accept_within_s(new.priority) < rules.accept_within_s(old.priority):
        for other in others:
            await hastening.hasten(tx, other.id, new.priority, other.kind)
            if new.duplicate_of == other.number and await raise_priority(tx, other, new):
                owed, raised = True, other.id
    if owed:
        only_caller = _less_caller(_told_of_it(after)) == _less_caller(_told_of_it(before))
        await owe(tx, [one.id for one in others if one.id not in told], public_url, before if only_caller else None)
    return raised


async def owe(tx: Transaction, report_ids: list[int], public_url: str, caller_was: VisibleReport | None = None) -> None:
    """Owe the agencies that have one of these locked reports what they now see of it, unless it is closed.

    `caller_was`: all that has changed is this one's caller, so whoever is not told that one is owed nothing.
    """
    rows = await reports.by_ids(tx, report_ids)
    sent = await dispatches.of_reports(tx, report_ids)
    for id in report_ids:
        if rows[id].status != "closed" and any(one.state not in NOT_LIVE for one in sent.get(id, [])):
            seen = await visible(tx, rows[id])
            before = None if caller_was is None else _as_called(seen, caller_was)
            await outbox.update(tx, report_id=id, report=seen, public_url=public_url, before=before)


async def raise_priority(tx: Transaction, row: ReportRow, joined: ReportRow) -> bool:
    """Make a head as urgent as a report that is joined to it, and say so; False: it was so, or more, already."""
    if joined.priority is None or rules.accept_within_s(joined.priority) >= rules.accept_within_s(row.priority):
        return False
    tx.record(AUTHOR, "report.changed", row.number, fields=["priority"])
    await next_version(tx, row, {"priority": joined.priority}, AUTHOR, f"dari laporan {joined.number}")
    await hastening.hasten(tx, row.id, joined.priority, row.kind)
    return True


async def _step(tx: Transaction, row: ReportRow, head: ReportRow, before: str, public_url: str) -> bool:
    """Let a joined report take the step that its head took, and owe it its agencies; False: it is none for this one."""
    status, is_left = head.status, head.status == "closed" and head.disposition == dispositions.NOT_OURS
    if status == "closed" and row.status == "dispatched" and not is_left:
        raise IllegalStepError(
            f"An agency has {row.number}, which is joined to this report. Set this one resolved when they say so, then "
            "close it.",
            [step for step in steps.MAY[steps.known(before)] if step != "close"],
            now=before,
        )
    is_a_step = {"resolved": row.status not in OVER, "closed": row.status != "closed", "reopened": row.status in OVER}
    if not is_a_step[status]:
        return False
    because = f"duplikat dari {head.number}" if status == "closed" else f"bersama {head.number}"
    as_ = dispositions.NOT_OURS if is_left else dispositions.DUPLICATE
    new = await stepped(tx, row, status, AUTHOR, because, as_)
    seen = await visible(tx, new)
    if status == "closed":
        await close(tx, new, seen, public_url)
        return True
    if status == "reopened":
        await endings.reopen(tx, new.id, await priority(tx, new))
    await outbox.update(tx, report_id=new.id, report=seen, public_url=public_url)
    return True


async def close(tx: Transaction, row: ReportRow, seen: VisibleReport, public_url: str) -> None:
    """Owe the agencies of a locked report that was closed its closing; tell of those whom it never reached."""
    for dead in await endings.close(tx, report_id=row.id, report=seen, public_url=public_url):
        text = f"Belum sampai ke {dead.agency} saat laporan ditutup; tidak dicoba lagi."
        await entries.add(tx, row.id, "pengiriman", text, automatic=True)


def _less_caller(seen: VisibleReport) -> VisibleReport:
    return replace(seen, caller_number=None, caller_number_raw=None, caller_typed=None, caller_name=None)


def _as_called(seen: VisibleReport, was: VisibleReport) -> VisibleReport:
    number, raw, typed, name = was.caller_number, was.caller_number_raw, was.caller_typed, was.caller_name
    callers = (
        replace(one, number=number, number_raw=raw, typed=typed, name=name) if one.report == was.number else one
        for one in seen.callers
    )
    return replace(seen, callers=tuple(callers))


def _told_of_it(seen: VisibleReport) -> VisibleReport:
    """Return of a report what agencies of the others see, too."""
    seen = replace(seen, location_method=None, location_radius_m=None, location_measured_at=None)
    return replace(seen, version=0, status="", classification="", callers=())
