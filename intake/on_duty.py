"""What the line tells of who is on duty: members of queues, who talks to a caller, who was bound to a telephone when.

A call is frozen to who was bound to the telephone that answered at that moment, also when a log tells it hours later.

Locks: a call and its report first, then queue members, then shifts in the order of their telephones. A shift names its
report by number, for a key would lock the report behind the shift.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec.structs import replace

from db import queue_members, shifts
from db.engine import Transaction
from db.queue_members import QueueMemberRow
from db.shifts import ShiftRow
from intake import duty
from intake.facts import (
    MACHINE,
    CallBackOver,
    CallBackTaken,
    Ended,
    LegEnded,
    Member,
    MemberFact,
    MemberGone,
    MemberIs,
    MembersAre,
    Taken,
    Told,
)
from intake.news import Story

LATE: Final = timedelta(minutes=1)  # two bridges are never further apart; what is older: the PBX's clock was set back
OF_TALKS: Final = (Taken, LegEnded, Ended, CallBackTaken, CallBackOver)
Key = tuple[str, str]
Members = dict[Key, QueueMemberRow]  # by queue and interface


async def bind(tx: Transaction, stories: Sequence[Story]) -> None:
    """Put into answers that are news who was bound to the telephone at that moment; who is not known is nobody."""
    legs = [(story, story.legs[key]) for story in stories for key in sorted(story.answered)]
    answers = [(s, leg, leg.device, leg.answered_at) for s, leg in legs if leg.kind == "operator" and leg.user is None]
    at = [answered_at for _, _, _, answered_at in answers if answered_at is not None]
    if not at:
        return
    devices = {device for _, _, device, _ in answers if device}
    rows = await shifts.bound(tx, devices, min(at), max(at))
    for story, leg, device, answered_at in answers:
        who = [row.user for row in rows if _is_bound(row, story.call.pbx, device, answered_at)]
        if not who:
            continue
        story.put_leg(replace(leg, user=who[0]))
        call = story.call
        if call.operator_user is None and (call.operator_device, call.answered_at) == (device, answered_at):
            story.put(operator_user=who[0])


async def who(tx: Transaction, pbx: str, device: str | None, at: datetime | None) -> str | None:
    """Return who was bound to a telephone at a moment, or None."""
    if device is None or at is None:
        return None
    return next((row.user for row in await shifts.bound(tx, [device], at, at) if _is_bound(row, pbx, device, at)), None)


def _is_bound(row: ShiftRow, pbx: str, device: str | None, at: datetime | None) -> bool:
    there = at is not None and row.begun_at <= at and (row.ended_at is None or at < row.ended_at)
    return there and (row.pbx, row.device) == (pbx, device)


async def book(tx: Transaction, facts: Sequence[Told]) -> None:
    """Show at their desks what facts say of telephones: who is rung, who talks, who talks no more."""
    talks: dict[str, datetime] = {}
    for fact in facts:
        if isinstance(fact, OF_TALKS):
            talks[fact.key.pbx] = max(fact.at or tx.now, talks.get(fact.key.pbx, fact.at or tx.now))
    members = [fact for fact in facts if isinstance(fact, MemberFact)]
    changed: dict[tuple[str, str], datetime] = {}  # by PBX and telephone
    for pbx in sorted({fact.pbx for fact in members}):
        changed |= await _book_members(tx, pbx, [fact for fact in members if fact.pbx == pbx])
    for pbx, at in talks.items():
        changed |= {(pbx, device): at for device in await _other_talks(tx, pbx)}
    for (pbx, device), at in sorted(changed.items()):
        await _follow_device(tx, pbx, device, at)


async def _book_members(tx: Transaction, pbx: str, facts: Sequence[MemberFact]) -> dict[tuple[str, str], datetime]:
    """Save what is news of members; return the telephones of which something is."""
    before = {(row.queue, row.interface): row for row in await queue_members.of_pbx(tx, pbx)}
    after = dict(before)
    for fact in facts:
        _take_up(after, fact)
    changed = [row for key, row in sorted(after.items()) if before.get(key) is not row]
    await queue_members.save(tx, changed)
    devices = sorted({row.device for row in changed})
    for device in devices:
        tx.tell("shift", device)
    return {(pbx, device): max(row.at for row in changed) for device in devices}


def _take_up(rows: Members, fact: MemberFact) -> None:
    match fact:
        case MemberIs(pbx, at, member):
            _put(rows, _row(pbx, member, at))
        case MemberGone(_, at, queue, interface):
            _remove(rows, (queue, interface), at)
        case MembersAre(pbx, at, members):
            listed = [_row(pbx, member, at) for member in members]
            for row in listed:
                _put(rows, row)
            for key in rows.keys() - {(row.queue, row.interface) for row in listed}:
                _remove(rows, key, at)


def _remove(rows: Members, key: Key, at: datetime) -> None:
    if key in rows:
        _put(rows, replace(rows[key], there=False, at=at))


def _put(rows: Members, row: QueueMemberRow) -> None:
    """Take what is news, unless something later is known: of two bridges one may be behind."""
    known = rows.get((row.queue, row.interface))
    if known is None or (replace(known, at=row.at) != row and not timedelta() < known.at - row.at < LATE):
        rows[row.queue, row.interface] = row


def _row(pbx: str, member: Member, at: datetime) -> QueueMemberRow:
    m = member
    return QueueMemberRow(
        *(pbx, _kept(m.queue, 80), _kept(m.interface), _kept(m.device), _kept(m.name), _kept(m.membership, 16)),
        *(True, m.paused, _kept(m.reason), m.reachable, at),
    )


def _kept(text: str, most: int = 128) -> str:
    """Text as every database keeps it: PostgreSQL has no NUL, and a column has its width."""
    return text.replace("\0", "\ufffd")[:most]


async def _other_talks(tx: Transaction, pbx: str) -> list[str]:
    """Return the telephones whose shift does not show the talk that there is, or shows one that there is not."""
    open_now = await shifts.every_open(tx, pbx)
    talks = await shifts.talks(tx, pbx, [row.device for row in open_now]) if open_now else {}
    return [
        row.device
        for row in open_now
        if (row.state == "talking") != ((talk := talks.get(row.device)) is not None)
        or (talk is not None and talk.report != row.report)
    ]


async def _follow_device(tx: Transaction, pbx: str, device: str, at: datetime) -> None:
    seen = await shifts.at_device(tx, pbx, device)
    row = None if seen is None else await shifts.find(tx, seen.id)
    if row is not None and row.ended_at is None:
        await follow(tx, row, MACHINE, at)


async def follow(
    tx: Transaction, row: ShiftRow, by: str, at: datetime | None = None, *, wrapped: bool = False
) -> ShiftRow:
    """Bring a locked open shift to what is so now, since `at` (None: this moment); `wrapped`: its wrap-up is over."""
    members = await queue_members.of_device(tx, row.pbx, row.device)
    talk = (await shifts.talks(tx, row.pbx, [row.device])).get(row.device)
    now = duty.at_pbx(members)
    state = duty.following(row.state, now, talking=talk is not None, wrapped=wrapped)
    report = talk.report if talk is not None else row.report if state == "wrap-up" else None
    reason = duty.reason_of(members) if state == "break" else None
    news: dict[str, object] = {}
    if row.confirmed_at is None and duty.fulfils(row.wished, now):
        news = {"confirmed_at": tx.now, "owed": False}
    if (state, reason, report) != (row.state, row.reason, row.report):
        told_at = talk.since if talk is not None and talk.since is not None else at
        since = max(row.since, min(tx.now, told_at or tx.now))
        news |= {"state": state, "reason": reason, "report": report, "since": since}
        await shifts.next_state(tx, row.id, state, reason, report, since, by)
        note(tx, by, row, state)
        tx.wake(shifts.TOPIC)
    if news:
        await shifts.change(tx, row.id, **news)
        tx.tell("shift", row.device)
    return replace(row, **news)


def note(tx: Transaction, by: str, row: ShiftRow, state: str, **more: str) -> None:
    """Have it in the record, and tell the screens."""
    tx.record(by, "AgentStateChange", f"user:{row.user}", state=state, shift=row.id, device=row.device, **more)
    tx.tell("shift", row.device)
