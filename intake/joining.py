"""Reports that are about one incident: which are proposed, joined with one key, and taken apart with one.

Each stays what it is: its own caller, call, entries and number. What a join changes is who is told what: the agency has
one dispatch, and sees all who called. Of two dispatches that one agency has of a group, the one that nobody there has
taken is cancelled (the agency hears nothing of it when no try was begun to send it), and made anew when the join is
undone. Use cases like those of `desk`: in the caller's open transaction, all reports of the group locked first.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Final

from db import agencies, dispatches, duplicates, entries, envelopes, reports
from db.dispatches import DispatchRow
from db.duplicates import NearRow
from db.engine import Reading, Transaction
from db.reports import ReportRow
from db.states import AT_WORK, FINISHED, NOT_LIVE, OVER, UNANSWERED
from intake import callers, desk, dispatching, grouping, placing
from intake.desk import Sending, called, is_past, send
from intake.duplicate_refusals import (
    AlreadyJoinedError,
    NotJoinableError,
    NotJoinedError,
    SameReportError,
    UnknownOtherError,
)
from intake.duplicates import MERGED, Limits, Match, Sighting, box, leaving, match, own_status
from intake.next_version import next_version
from intake.refusals import StaleRowError, UnknownReportError
from intake.visible import most_urgent
from routing import endings, hastening, rulebook, rules

MOST_NEAR: Final = 500  # reports that are looked at, the newest
MOST_PROPOSED: Final = 20


@dataclass(frozen=True, slots=True)
class Proposal:
    """A report to which another may be joined, why, and by which report of its group; `obstacle`: why not (yet)."""

    report: ReportRow
    match: Match
    by_way_of: str
    obstacle: NotJoinableError | None


@dataclass(frozen=True, slots=True)
class Duplicates:
    """The group of a report, its head first, and what is proposed, the best first; `cut`: not all were looked at."""

    group: list[ReportRow]
    proposed: list[Proposal]
    cut: bool


async def limits(reading: Reading) -> Limits:
    """Return the limits that hold."""
    return (await limits_seen(reading))[0]


async def limits_seen(reading: Reading) -> tuple[Limits, int]:
    """Return the limits that hold, and their version: 0 until somebody sets any."""
    row = await duplicates.limits(reading)
    if row is None:
        return Limits(), 0
    fits = tuple((one, other) for one, other in row.fits)
    return Limits(row.within_m, row.within_min, row.joinable_h, fits), row.version


async def set_limits(tx: Transaction, new: Limits, seen: int, by: str) -> None:
    """Set the limits; `seen` is the version that their writer had before them.

    Raises UnknownKindError, StaleRowError with both values of what differs (of `fits` as texts, as they are long).
    """
    for kind in {kind for pair in new.fits for kind in pair} - {"*"}:
        await desk.check_kind(tx, kind)
    fits = [list(pair) for pair in new.fits]
    values = {"within_m": new.within_m, "within_min": new.within_min, "joinable_h": new.joinable_h, "fits": fits}
    if not await duplicates.set_limits(tx, seen, values):
        there, version = await limits_seen(tx)
        raise StaleRowError(version, _differing(new, there))
    tx.record(by, "duplicates.limits", "duplicates", fields=sorted(values))
    tx.tell("rules", "duplicates")


def _differing(yours: Limits, theirs: Limits) -> dict[str, dict[str, object]]:
    def shown(limits: Limits, name: str) -> object:
        pairs = limits.fits
        return ", ".join("/".join(pair) for pair in pairs) if name == "fits" else getattr(limits, name)

    sides = {one.name: {"yours": shown(yours, one.name), "theirs": shown(theirs, one.name)} for one in fields(Limits)}
    return {name: both for name, both in sides.items() if both["yours"] != both["theirs"]}


async def found(reading: Reading, number: str) -> Duplicates:
    """Return what a report is joined with, and to which others it might be. Raises UnknownReportError."""
    row = await reports.find(reading, number)
    if row is None:
        raise UnknownReportError
    group = await duplicates.group(reading, row)
    if row.duplicate_of is not None or row.status == "closed":
        return Duplicates(group, [], cut=False)
    proposed, cut = await _proposed(reading, row)
    return Duplicates(group, proposed, cut)


async def _proposed(reading: Reading, row: ReportRow) -> tuple[list[Proposal], bool]:
    now, own = await limits(reading), _sighting(row)
    if own.point is None and not own.text and not own.place:
        return [], False
    around = None if own.point is None else box(own.point, now.within_m)
    near = await duplicates.near(reading, row, around, timedelta(minutes=now.within_min), MOST_NEAR + 1)
    best: dict[str, tuple[Match, str]] = {}
    for one in near[:MOST_NEAR]:
        why, head = match(own, _sighting(one), now), one.duplicate_of or one.number
        if why is not None and head != row.number and (head not in best or best[head][0].score < why.score):
            best[head] = why, one.number
    chosen = sorted(best, key=lambda head: (-best[head][0].score, head))[:MOST_PROPOSED]
    rows = await duplicates.by_numbers(reading, chosen) if chosen else {}
    proposed = [Proposal(rows[head], *best[head], obstacle(row, rows[head], now)) for head in chosen]
    return proposed, len(near) > MOST_NEAR


def _sighting(row: ReportRow | NearRow) -> Sighting:
    place = row.location_lat, row.location_lon, row.location_text, row.location_place
    return Sighting(row.kind, row.opened_at, *place)


def obstacle(row: ReportRow, head: ReportRow, limits: Limits) -> NotJoinableError | None:
    """Return why a report cannot be joined to a head, with what can be done; None: it can."""
    if row.exercise != head.exercise or "test" in (row.classification, head.classification):
        return NotJoinableError(
            "Exercises and test calls are kept apart from what is real: they are joined to nothing."
        )
    if row.status == "closed":
        return NotJoinableError(f"{row.number} is closed. Set it reopened first, then join it.")
    if head.status in OVER:
        return NotJoinableError(
            f"{head.number} is {head.status}. If the incident goes on, set that one reopened first, then join this; if "
            "this is another incident, leave it on its own."
        )
    apart = abs(_began(head) - _began(row))
    if apart > timedelta(hours=limits.joinable_h):
        return NotJoinableError(
            f"{head.number} is {apart / timedelta(hours=1):.0f} hours from this report; only reports within "
            f"{limits.joinable_h} hours are joined. Name it in an entry of this one, or, if it does go on still, have "
            "a supervisor raise `joinable_h` of /api/v1/duplicate-limits."
        )
    return None


def _began(row: ReportRow) -> datetime:
    return max(row.opened_at, row.reopened_at or row.opened_at)


async def join(tx: Transaction, number: str, of: str, by: str, public_url: str) -> None:
    """Join a report to another, or to the head of that one's group; twice is once. Who is joined to it comes along.

    Raises UnknownReportError, UnknownOtherError, SameReportError, AlreadyJoinedError, NotJoinableError.
    """
    one, other = await reports.find(tx, number), await reports.find(tx, of)
    if one is None:
        raise UnknownReportError
    if other is None:
        raise UnknownOtherError
    if one.id == other.id:
        raise SameReportError
    rows = await duplicates.lock(tx, one, other)
    row, other = rows[one.id], rows[other.id]
    head = next(it for it in rows.values() if it.number == (other.duplicate_of or other.number))
    if row.duplicate_of == head.number:
        return
    if row.duplicate_of is not None:
        raise AlreadyJoinedError(f"This report is joined to {row.duplicate_of} already. Undo that first.")
    if head.id == row.id:
        raise AlreadyJoinedError(f"{other.number} is joined to this report already. Undo that first.")
    allowed = await limits(tx)
    if (refused := obstacle(row, head, allowed)) is not None:
        raise refused
    moving = [it for it in rows.values() if it.duplicate_of == row.number]
    for it in moving:
        await next_version(tx, it, {}, by, more={"duplicate_of": head.number})
    joined: dict[str, object] = {"joined_to": head.number, "joined_at": tx.now, "joined": 0}
    await next_version(tx, row, {}, by, more=joined | {"duplicate_of": head.number})
    head = await next_version(tx, head, {}, by, more={"joined": (head.joined or 0) + 1 + len(moving)})
    why = match(_sighting(row), _sighting(other), allowed)
    reason = f": {why}" if why is not None else ", menurut operator"
    with_ = f" bersama {', '.join(it.number for it in moving)}" if moving else ""
    await entries.add(tx, row.id, by, f"Digabung dengan laporan {head.number}{reason}.", automatic=True)
    await entries.add(
        tx, head.id, by, f"Laporan {row.number} digabung{with_} dengan laporan ini{reason}.", automatic=True
    )
    tx.record(by, "IncidentMerge", row.number, of=head.number, moved=[it.number for it in moving])
    await _withdraw_twins(tx, head, by, public_url)
    head = await reports.lock(tx, head.id)
    most = min((row, *moving), key=lambda it: (rules.accept_within_s(it.priority), it.priority is None))
    raised = await grouping.raise_priority(tx, head, most)
    group = await duplicates.group(tx, head)
    await _hasten(tx, group)
    if head.status == "dispatched":
        for it in (row, *moving):
            await callers.proved(tx, it)
    await grouping.owe(tx, [it.id for it in group], public_url)
    if raised:
        await desk.send_by_itself(tx, await reports.lock(tx, head.id), public_url)


async def _hasten(tx: Transaction, group: list[ReportRow]) -> None:
    """Let nobody who has a report of a group be waited for longer than the most urgent of it gives."""
    most = most_urgent(group)
    for it in group:
        if rules.accept_within_s(it.priority) > rules.accept_within_s(most):
            await hastening.hasten(tx, it.id, most, it.kind)


async def _withdraw_twins(tx: Transaction, head: ReportRow, by: str, public_url: str) -> None:
    """Of the dispatches that one agency has of a group keep the best, and those that somebody there has taken."""
    of_agency: dict[int, list[DispatchRow]] = {}
    over = {it.number for it in await duplicates.group(tx, head) if it.status in OVER}
    for sent in await grouping.unfinished(tx, head):  # the head's come first: of equals the first is kept
        of_agency.setdefault(sent.agency_id, []).append(sent)
    for twins in of_agency.values():
        dead = {one.id for one in twins if any(it.state == "dead" for it in await envelopes.of_dispatch(tx, one.id))}
        kept = max(
            twins,
            key=lambda one: (
                one.id not in dead,  # what died is sent to nobody by itself
                one.state in AT_WORK,
                one.report not in over,  # nobody waits for an answer there
                one.delivered_at is not None,
                one.sent_at is not None,
            ),
        )
        gone = [one for one in twins if one.id != kept.id and one.state in UNANSWERED]
        for one in gone:
            await dispatching.cancel(tx, one.id, MERGED.format(kept.report), by, public_url)
        if kept.state in UNANSWERED:
            await _no_later(tx, kept, gone)


async def _no_later(tx: Transaction, kept: DispatchRow, gone: list[DispatchRow]) -> None:
    """Let an agency answer by the first of the deadlines it had, and go on where that one's ladder was."""
    first = min((kept, *gone), key=lambda one: one.accept_by)
    if first.id == kept.id or kept.escalate_at is None:
        return
    values: dict[str, object] = {
        "accept_by": first.accept_by,
        "accept_within_s": int(min(first.accept_within, kept.accept_within).total_seconds()),
        "escalation": max(first.escalation, kept.escalation),
        "escalate_at": max(first.accept_by, tx.now),
    }
    await dispatches.change(tx, kept.id, values)


async def undo(tx: Transaction, number: str, by: str, public_url: str) -> None:
    """Take a report out of the group it was joined to, with those that were joined by way of it.

    It has a life of its own again: the status that its own dispatches give it, its agencies told so, what was cancelled
    for the join sent anew, automatic rules asked. Raises UnknownReportError, NotJoinedError.
    """
    one = await reports.find(tx, number)
    if one is None:
        raise UnknownReportError
    rows = await duplicates.lock(tx, one)
    row = rows[one.id]
    if row.duplicate_of is None:
        raise NotJoinedError
    group = {it.number: it for it in rows.values() if row.duplicate_of in (it.number, it.duplicate_of)}
    head = group[row.duplicate_of]
    gone = leaving({it.number: it.joined_to for it in group.values()}, number)
    staying = group.keys() - gone
    ids = [it.id for it in group.values()]
    sent = await dispatches.of_reports(tx, ids)
    every = [it for many in sent.values() for it in many]
    cancelled = [it for it in every if it.state == "cancelled" and _since(row, it)]
    for it in sorted((group[name] for name in gone), key=lambda it: it.id):
        own: dict[str, object] = {"duplicate_of": None if it.id == row.id else number}
        if it.id == row.id:
            own |= {"joined_to": None, "joined_at": None, "joined": len(gone) - 1}
        await _alone(tx, await next_version(tx, it, {}, by, more=own), sent.get(it.id, []), by, head.number)
    head = await next_version(tx, head, {}, by, more={"joined": len(staying) - 1})
    await entries.add(tx, row.id, by, f"Tidak lagi digabung dengan laporan {head.number}.", automatic=True)
    await entries.add(tx, head.id, by, f"Laporan {number} tidak lagi digabung dengan laporan ini.", automatic=True)
    tx.record(by, "IncidentUnMerge", number, of=head.number, moved=sorted(gone - {number}))
    theirs = await grouping.every(tx, head)
    if head.status == "dispatched" and all(it.state in FINISHED for it in theirs):
        resolved = any(it.state not in NOT_LIVE and not is_past(head, it) for it in theirs)
        for it in await duplicates.group(tx, head):
            if it.status == "dispatched":
                await grouping.stepped(tx, it, "resolved" if resolved else "working", by, f"tanpa {number}")
    await grouping.owe(tx, ids, public_url)
    for report_id, ours, others in ((head.id, staying, gone), (row.id, gone, staying)):
        untold = {it.agency for it in every if it.report in ours and not it.caller_number}
        wanted = _of(cancelled, ours, others)
        await _send_anew(tx, await reports.lock(tx, report_id), wanted, untold, by, public_url)
    await desk.send_by_itself(tx, await reports.lock(tx, row.id), public_url)


def _since(row: ReportRow, cancelled: DispatchRow) -> bool:
    joined_at, at = row.joined_at, cancelled.cancelled_at
    return joined_at is not None and at is not None and at >= joined_at


def _of(cancelled: Iterable[DispatchRow], ours: Iterable[str], theirs: Iterable[str]) -> dict[str, str]:
    """Return the agencies whose dispatch of one of ours was cancelled for one of theirs, and for which."""
    why = {MERGED.format(name): name for name in theirs}
    mine = set(ours)
    return {it.agency: why[reason] for it in cancelled if it.report in mine and (reason := it.cancel_reason) in why}


async def _alone(tx: Transaction, row: ReportRow, sent: list[DispatchRow], by: str, head: str) -> None:
    """Give a report that left its group the status that is its own."""
    unfinished = any(one.state not in FINISHED for one in sent)
    resolved = any(one.state not in NOT_LIVE and not is_past(row, one) for one in sent)
    status = own_status(row.status, unfinished=unfinished, resolved=resolved)
    if status == row.status:
        return
    await grouping.stepped(tx, row, status, by, f"tidak lagi digabung dengan {head}")
    if row.status in OVER:
        await endings.reopen(tx, row.id, row.priority)


async def _send_anew(
    tx: Transaction, row: ReportRow, wanted: dict[str, str], untold: Collection[str], by: str, public_url: str
) -> None:
    """Send a report where its dispatch was cancelled only because the agency had the other.

    `untold`: the agencies from which its caller was withheld then: so he is now. Nothing is sent to a disabled agency,
    which the report says.
    """
    there = {agency.code: agency for agency in await agencies.every(tx)}
    have = {one.agency for one in await grouping.unfinished(tx, row)}
    lies_in = await placing.codes(tx, row.location_place)
    proposed = {one.agency: one for one in await rulebook.proposals(tx, row.kind, row.priority, lies_in)}
    to: list[Sending] = []
    for code, other in sorted(wanted.items()):
        if code not in there or code in have or row.status in OVER:
            continue
        because = f"tidak lagi digabung dengan laporan {other}"
        if there[code].disabled_at is None:
            to.append(Sending(code, by, proposed.get(code), because, withheld=code in untold))
        else:
            text = f"Tidak dikirim ulang ke {called(there[code])}, walau {because}"
            await entries.add(tx, row.id, by, text, automatic=True)
    if to:
        await send(tx, row, to, public_url)
