"""Facts of the telephone line become rows: every ring its own report, before any click.

Many facts of many calls are booked in one transaction, and any fact may come twice (two bridges on one PBX, a tape read
again): what is saved already stays as it is, a call that has ended takes no more facts, and the outcome never changes.
What the machine tells never overwrites what a person wrote: a field that a person set keeps its value.

A batch is gathered first and saved then, each row once: the ring is on the screens milliseconds after Asterisk said it.
The report tells its own history: answer and end are automatic entries, in the centre's language.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never
from zoneinfo import ZoneInfo

from db import calls, entries, reports
from db.calls import CallRow, Key
from db.engine import Transaction
from intake import numbers
from intake.facts import Arrived, Described, Ended, Fact, LegEnded, Queued, Rang, Taken

MACHINE = "PBX"  # the author of the line's automatic entries
OUTCOMES = {
    "answered": "selesai, dijawab",
    "abandoned": "penelepon menutup sebelum dijawab",
    "overflow": "hanya dijawab menu suara",
    "failed": "terputus oleh PBX atau trunk sebelum dijawab",
    None: "berakhir saat sistem tidak mendengarkan; hasilnya tidak diketahui",
}
Columns = dict[str, object]


@dataclass(slots=True)
class _Leg:
    """What a batch says of one leg: `values` for a new or known leg, `ended` for one that must be there already."""

    values: Columns = field(default_factory=dict)
    ended: Columns = field(default_factory=dict)


@dataclass(slots=True)
class _Gathered:
    """A call while its facts of one batch are gathered; `row` is None for a ring that is not saved yet."""

    row: CallRow | None
    arrived: Arrived | None = None
    call: Columns = field(default_factory=dict)
    report: Columns = field(default_factory=dict)
    legs: dict[str, _Leg] = field(default_factory=dict)
    entries: list[str] = field(default_factory=list)
    audits: list[tuple[str, Mapping[str, str | bool | None]]] = field(default_factory=list)
    end: Ended | None = None
    changed: bool = False

    def now(self, column: str) -> object:
        """Return a column of the call as it will be after this batch."""
        return self.call.get(column) or (getattr(self.row, column) if self.row is not None else None)

    def leg(self, key: str) -> _Leg:
        """Return what is gathered of a leg."""
        return self.legs.setdefault(key, _Leg())


async def book(
    tx: Transaction, facts: Sequence[Fact], timezone: ZoneInfo, states: Mapping[Key, Columns] | None = None
) -> None:
    """Save facts, and the call machine's `states` of calls in progress by their keys.

    `timezone` gives the local day in a new report's number.
    """
    states = dict(states or {})
    keys = list(dict.fromkeys((fact.key.pbx, fact.key.uniqueid) for fact in facts))
    known = await calls.by_keys(tx, keys) if keys else {}
    gathered = {key: _Gathered(row) for key, row in known.items()}
    for fact in facts:
        key = (fact.key.pbx, fact.key.uniqueid)
        if key not in gathered:
            gathered[key] = _arrive(fact if isinstance(fact, Arrived) else _lost_ring(fact, tx.now))
        found = gathered[key]
        if not isinstance(fact, Arrived) and found.now("stage") != "ended":
            found.changed = True
            _gather(found, fact)
    for key, found in gathered.items():
        state = states.pop(key, None)
        if found.arrived is not None or found.changed:
            await _save(tx, found, state, timezone)
    await calls.save_states(tx, states)


def _lost_ring(fact: Fact, now: datetime) -> Arrived:
    """A call whose ring is not saved (a database from yesterday's backup) is a report all the same, marked."""
    return Arrived(fact.key, fact.at or now, "", None, "", None, None, recovered=True)


def _arrive(fact: Arrived) -> _Gathered:
    found = _Gathered(None, fact)
    found.report = {
        "status": "open",
        "classification": "normal",
        "source": "call",
        "exercise": False,
        "opened_at": fact.at,
        **_caller(fact.number_raw, fact.name),
    }
    found.call = {
        "pbx": fact.key.pbx,
        "uniqueid": fact.key.uniqueid,
        "linkedid": fact.linkedid or None,
        "trunk": _clean(fact.trunk),
        "dialled": _clean(fact.dialled),
        "stage": "arrived",
        "arrived_at": fact.at,
        "recovered": fact.recovered,
    }
    found.audits.append(("CallStart", {"call": fact.key.uniqueid, "recovered": fact.recovered}))
    return found


def _gather(found: _Gathered, fact: Described | Queued | Rang | Taken | LegEnded | Ended) -> None:
    match fact:
        case Described():
            found.report |= _caller(fact.number_raw, fact.name)
            if fact.withheld is not None:
                found.report["caller_withheld"] = fact.withheld
            if fact.recording:
                found.call["recording"] = _clean(fact.recording)
            if fact.metadata:
                found.call["metadata"] = {name: _clean(value) for name, value in fact.metadata.items()}
        case Queued():
            if not found.now("queued_at"):
                found.call["queued_at"] = fact.at
            if not found.now("operator_device"):
                found.call["stage"] = "queued"
            found.leg(fact.leg).values = {"kind": "queue", "device": _clean(fact.queue), "from_at": fact.at}
        case Rang():
            phone = {"device": _clean(fact.device), "member": _clean(fact.member)}
            found.leg(fact.leg).values = {"kind": "operator", "from_at": fact.at, **phone}
        case Taken():
            _take(found, fact)
        case LegEnded():
            found.leg(fact.leg).ended = {"to_at": fact.at, "cause": fact.cause}
        case Ended():
            found.end = fact
            found.call |= {"stage": "ended", "ended_at": fact.at, "outcome": fact.outcome, "hangup_cause": fact.cause}
            found.entries.append(f"Panggilan {OUTCOMES[fact.outcome]}")
            found.audits.append(("CallEnd", {"outcome": fact.outcome, "recovered": fact.recovered}))
        case _:
            assert_never(fact)


def _take(found: _Gathered, fact: Taken) -> None:
    """The first human answer is the call's; a later one (another operator after a lost phone) is a leg."""
    device, member = _clean(fact.device), _clean(fact.member)
    leg = found.leg(fact.leg)
    began = leg.values.get("from_at") or fact.at
    leg.values |= {"kind": "operator", "device": device, "member": member, "answered_at": fact.at}
    if began is not None:
        leg.values["from_at"] = began
    if not found.now("operator_device"):
        found.call |= {"operator_device": device, "operator_member": member, "answered_at": fact.at}
        found.entries.append(f"Dijawab oleh {member} ({device})" if member else f"Dijawab oleh {device}")
    found.call["stage"] = "talking"
    found.audits.append(("CallStateChange", {"stage": "talking", "device": device}))


async def _save(tx: Transaction, found: _Gathered, state: Columns | None, timezone: ZoneInfo) -> None:
    if found.end is not None or state is not None:
        found.call["state"] = None if found.end is not None else state
    if found.row is None:
        call_id, report_id, number = await _insert(tx, found, timezone)
    else:
        call_id, report_id = found.row.id, found.row.report_id
        if found.call:
            await calls.change(tx, call_id, found.call)
        number = await _change_report(tx, found, report_id)
    for key, leg in found.legs.items():
        if leg.values:
            since = {"from_at": tx.now} | leg.values
            # the time it began to ring stays, when the leg is there already
            await calls.put_leg(tx, call_id, key, since | leg.ended, keep=("from_at",))
        else:
            await calls.change_leg(tx, call_id, key, leg.ended)
    if found.end is not None:
        await calls.close_legs(tx, call_id, found.end.at)
    for words in found.entries:
        await entries.add(tx, report_id, MACHINE, words, automatic=True)
    for action, detail in found.audits:
        tx.record(MACHINE, action, number, **detail)


async def _insert(tx: Transaction, found: _Gathered, timezone: ZoneInfo) -> tuple[int, int, str]:
    opened = found.arrived.at if found.arrived is not None else tx.now
    number = await reports.take_number(tx, f"{opened.astimezone(timezone):%Y%m%d}")
    report = await reports.add(tx, number, found.report)
    call = await calls.add(tx, report.id, found.call)
    tx.tell("report", number, report.version)
    return call.id, report.id, number


async def _change_report(tx: Transaction, found: _Gathered, report_id: int) -> str:
    if not found.report:
        return await reports.touch(tx, report_id)
    report = await reports.lock(tx, report_id)
    by_people = report.field_versions
    values = {column: value for column, value in found.report.items() if _leaf(column) not in by_people}
    changed = await reports.change(tx, report, values, [])
    tx.tell("report", changed.number, changed.version)
    return changed.number


def _leaf(column: str) -> str:
    """The wire's name of a caller's column."""
    return "caller.name" if column == "caller_name" else "caller.number"


def _caller(number_raw: str | None, name: str | None) -> Columns:
    values: Columns = {}
    if number_raw is not None:
        values["caller_number_raw"] = _clean(number_raw)
        values["caller_number"] = numbers.e164(number_raw)
        values["caller_digits"] = numbers.digits(number_raw)[:64] or None
    if name is not None:
        values["caller_name"] = _clean(name)
    return values


def _clean(text: str | None) -> str | None:
    """Text as every database keeps it: PostgreSQL has no NUL."""
    return None if text is None else text.replace("\0", "\ufffd")
