"""The desk: what people and machines do with a report.

Each function is one use case in the caller's open transaction, and never commits. Locks are taken in one order: the
day's counter, calls, the report, its dispatches. Every change of a report is its next version, told on `/live`; every
change has an audit row with ids and field names, and an entry in the report itself, written in pen. Agencies that have
a report are owed an update when something they see has changed (`VisibleReport.looks_like`), in the same transaction.

An open report becomes `working` with the first thing a person writes on it (an answered call alone is not work: most
callers need none); one that is sent becomes `dispatched`; when every agency that has it says `resolved`, it becomes so;
when none has it any more, `working` again. `closed` is only ever a person's word.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from db import agencies, duplicates, entries, reports, seals
from db.agencies import AgencyRow
from db.choices import kinds as saved_kinds
from db.dispatches import DispatchRow
from db.engine import Reading, Transaction
from db.entries import EntryRow
from db.reports import ReportRow
from db.states import FINISHED, NOT_LIVE, OVER
from intake import by_kind, dispositions, grouping, numbers, placing, positions, report
from intake.next_version import NOTHING, next_version
from intake.positions import TYPED, Written
from intake.refusals import (
    ConflictError,
    FutureVersionError,
    KindDisabledError,
    NobodyProposedError,
    UnknownEntryError,
    UnknownKindError,
    UnknownReportError,
)
from intake.report import Priority, Value
from intake.steps import Step
from intake.visible import visible
from routing import endings, hastening, outbox, rulebook, rules
from routing.envelope import VisibleReport
from routing.refusals import AlreadyDispatchedError
from routing.rules import Proposal

ASKED = {"kind", "priority", "class", *report.POSITION, "location.text", report.PLACE}
SENT, TASKED = "Dikirim ke", "Tugas untuk"  # nothing is sent to an agency without a system
AUTOMATIC = "aturan otomatis (aturan {0.rule}, versi {0.version})"


@dataclass(frozen=True, slots=True)
class NewReport:
    """A report that did not come by telephone line: somebody at the door, another system."""

    source: str
    external_id: str | None = None
    caller_number: str | None = None
    caller_name: str | None = None
    kind: str | None = None
    priority: Priority | None = None
    location_text: str | None = None
    location_lat: float | None = None
    location_lon: float | None = None
    location_place: str | None = None
    narrative: str | None = None


@dataclass(frozen=True, slots=True)
class Sending:
    """To whom a report goes, who sends it, by which rule (None: by none), and why the ladder does, if it does."""

    agency: str
    by: str
    proposal: Proposal | None
    because: str = ""
    withheld: bool = False  # it was not told who called when it had the report before


async def open_report(
    tx: Transaction, new: NewReport, by: str, timezone: tzinfo, public_url: str
) -> tuple[ReportRow, bool]:
    """Open a report and return it with True; one that came before (source, external_id) is returned with False.

    Automatic rules send it. Raises UnknownKindError, KindDisabledError, UnknownPlaceError.
    """
    await check_kind(tx, new.kind)
    place = await placing.named(tx, {report.PLACE: new.location_place})
    day = f"{tx.now.astimezone(timezone):%Y%m%d}"
    if new.external_id is not None:
        await reports.hold_day(tx, day)
        if (known := await reports.find_external(tx, new.source, new.external_id)) is not None:
            return known, False
    values = {
        "status": "open",
        "classification": "normal",
        "source": new.source,
        "external_id": new.external_id,
        "exercise": False,
        "opened_at": tx.now,
        "kind": new.kind,
        "priority": new.priority or await by_kind.of(tx, new.kind),
        "caller_number": numbers.e164(new.caller_number),
        "caller_number_raw": new.caller_number,
        "caller_digits": numbers.digits(new.caller_number) or None,
        "caller_name": new.caller_name,
        "location_text": new.location_text,
        "location_lat": new.location_lat,
        "location_lon": new.location_lon,
        **report.columns(place),
        "narrative": new.narrative,
    }
    row = await reports.add(
        tx, await reports.take_number(tx, day), values, [] if new.priority is None else ["priority"]
    )
    if new.location_lat is not None:
        row = await positions.write(tx, row, by, TYPED)
    row = await positions.choose(tx, row, by, place)
    await entries.add(tx, row.id, by, f"Laporan dibuka ({new.source}).", automatic=True)
    await by_kind.tell(tx, row, new.priority, by)
    said = {leaf: value for leaf, value in report.leaves(row).items() if value is not None}
    tx.record(by, "report.opened", row.number, source=new.source, marks=await seals.marks(tx, row.id, said))
    tx.tell("report", row.number, row.version)
    return await send_by_itself(tx, row, public_url), True


async def write_entry(tx: Transaction, number: str, text: str, by: str, public_url: str) -> EntryRow:
    """Write an entry; agencies that have the report will receive it. Raises UnknownReportError."""
    row = await locked(tx, number)
    before = await visible(tx, row)
    entry = await entries.add(tx, row.id, by, text, automatic=False)
    tx.record(by, "entry.written", number, entry=entry.id, marks=await seals.marks(tx, row.id, {"text": text}))
    await _tell_version(tx, row, before, by, public_url)
    return entry


async def strike_entry(tx: Transaction, number: str, entry_id: str, by: str, public_url: str) -> EntryRow:
    """Strike an entry: it stays, with a line through it; twice is once.

    Raises UnknownReportError, UnknownEntryError.
    """
    row = await locked(tx, number)
    before = await visible(tx, row)
    written = next((one for one in await entries.of_report(tx, row.id) if one.id == entry_id), None)
    entry = await entries.strike(tx, row.id, entry_id, by)
    if entry is None or written is None:
        raise UnknownEntryError
    if written.struck_at is None:
        tx.record(by, "entry.struck", number, entry=entry_id)
        await _tell_version(tx, row, before, by, public_url)
    return entry


async def edit(
    tx: Transaction,
    number: str,
    seen: int,
    yours: Mapping[str, Value],
    by: str,
    public_url: str,
    written: Written = TYPED,
) -> ReportRow:
    """Change fields of a report whose version `seen` the writer had before them; see `report.merge`.

    `written` says how coordinates were set, if they are among the fields. A change of what rules ask of (`ASKED`) lets
    automatic rules send it.
    Raises UnknownReportError, UnknownKindError, KindDisabledError, UnknownPlaceError, FutureVersionError,
    ConflictError, IllegalStepError.
    """
    row = await locked(tx, number)
    if seen > row.version:
        raise FutureVersionError
    merged = report.merge(report.changed_since(row.field_versions, seen), report.leaves(row), yours)
    if merged.conflicts:
        raise ConflictError(row.version, merged.conflicts)
    changes = merged.changes
    if "status" in changes:
        step = grouping.of_patch(row, str(changes["status"]))
        if step == "close":
            await grouping.may_be_closed(tx, row)
        changes = await dispositions.taken(tx, row, step, changes)
    if "kind" in changes:
        await check_kind(tx, changes["kind"])
    if changes:
        row = await alter(tx, row, changes, by, public_url, written=written)
    confirms = yours.keys() >= report.POSITION and not report.POSITION & changes.keys() and row.location_lat is not None
    if confirms and not await positions.is_persons(tx, row):
        return await confirm(tx, row, by, public_url, written)
    return row


async def confirm(tx: Transaction, row: ReportRow, by: str, public_url: str, written: Written) -> ReportRow:
    """Take the place that a locked report shows for a person's, who set the same."""
    before = await visible(tx, row)
    row = await positions.write(tx, row, by, written)
    await reports.touch(tx, row.id)
    said = {leaf: value for leaf, value in report.leaves(row).items() if leaf in report.POSITION}
    tx.record(by, "report.changed", row.number, fields=list(said), marks=await seals.marks(tx, row.id, said))
    row = await reports.lock(tx, row.id)
    after = await visible(tx, row)
    if row.status != "closed" and not after.looks_like(before):
        await outbox.update(tx, report_id=row.id, report=after, public_url=public_url, before=before)
    return row


async def alter(
    tx: Transaction,
    row: ReportRow,
    changes: Mapping[str, Value],
    by: str,
    public_url: str,
    note: str = "",
    written: Written = TYPED,
) -> ReportRow:
    """Change fields of a locked report, with what its writer has to say of it, and tell whoever has to know.

    Automatic rules send the report where they ask of what has changed.
    """
    before = await visible(tx, row)
    if note:
        entry = await entries.add(tx, row.id, by, note, automatic=False)
        said = await seals.marks(tx, row.id, {"text": note})
        tx.record(by, "entry.written", row.number, entry=entry.id, marks=said)
    marks = await seals.marks(tx, row.id, changes)
    tx.record(by, report.log_event(changes), row.number, fields=list(changes), marks=marks)
    named = await placing.named(tx, changes)
    if report.POSITION & changes.keys():
        beside = positions.columns(changes["location.lat"], written)
        row = await _tell_version(tx, row, before, by, public_url, named, beside)
        row = await positions.write(tx, row, by, written)
        row = await positions.choose(tx, row, by, named)
    else:
        row = await positions.choose(tx, row, by, named)
        row = await _tell_version(tx, row, before, by, public_url, named)
    asks = ASKED & changes.keys() or changes.get("status") == "reopened"  # what it became while it was over counts now
    return await send_by_itself(tx, row, public_url) if asks else row


async def dispatch(
    tx: Transaction, number: str, codes: Sequence[str] | None, by: str, public_url: str
) -> list[DispatchRow]:
    """Send a report to agencies; None: to those the rules choose (`rules.chosen`). Who has it already is left out.

    AlreadyDispatchedError: all of them have, or have a report that is joined to this one. Also raises
    UnknownReportError, IllegalStepError, JoinedReportError, NobodyProposedError, UnknownAgencyError,
    AgencyDisabledError.
    """
    row = await locked(tx, number)
    grouping.check(row, "dispatch")
    lies_in = await placing.codes(tx, row.location_place)
    proposed = {one.agency: one for one in await rulebook.proposals(tx, row.kind, row.priority, lies_in)}
    if codes is None:
        codes = [one.agency for one in rules.chosen(list(proposed.values()))]
        if not codes:
            raise NobodyProposedError
    have = {one.agency for one in await grouping.unfinished(tx, row)}
    to = [Sending(code, by, proposed.get(code)) for code in dict.fromkeys(codes) if code not in have]
    if not to:
        raise AlreadyDispatchedError
    return (await send(tx, row, to, public_url))[1]


async def ended(tx: Transaction, row: ReportRow, dispatch: DispatchRow, by: str) -> ReportRow:
    """Give a locked report the status that follows from the end of one of its dispatches, when that is another.

    Somebody still has something to do: none. All who have it call it resolved: so is it, unless this one rejected it,
    since somebody has to say who goes instead. Else people work on it again. Joined reports are so together.
    """
    sent, group = await grouping.every(tx, row), await duplicates.group(tx, row)
    if all(one.status in OVER for one in group) or any(one.state not in FINISHED for one in sent):
        return row
    resolved = [one for one in sent if one.state not in NOT_LIVE and not is_past(row, one)]
    status = "resolved" if resolved and dispatch.state != "rejected" else "working"
    for one in group:
        if one.status in OVER or (status == "working" != one.status and one.status != "dispatched"):
            continue
        tx.record(by, "IncidentStateChange", one.number, state=status)
        changes: dict[str, Value] = {"status": status}
        step: Step = "resolve" if status in OVER else "work"
        new = await next_version(tx, one, dispositions.brought(one, step, changes), by)
        row = new if new.id == row.id else row
    return row


def is_past(row: ReportRow, dispatch: DispatchRow) -> bool:
    """Return whether an agency resolved a dispatch before its report was reopened: that is no end of it now."""
    return dispatch.resolved_at is not None and row.reopened_at is not None and dispatch.resolved_at < row.reopened_at


def called(agency: AgencyRow) -> str:
    """Return how reports call an agency with a task: to a disabled or paused one, or without a system, nothing goes."""
    if agency.disabled_at is not None:
        return f"{agency.name} (dinonaktifkan: telepon)"
    if not agency.has_system:
        return f"{agency.name} (tanpa sistem: telepon {agency.phone})"
    return agency.name if agency.paused_at is None else f"{agency.name} (dijeda: telepon)"


async def locked(tx: Transaction, number: str) -> ReportRow:
    """Return a report's row, locked. Raises UnknownReportError."""
    found = await reports.find(tx, number)
    if found is None:
        raise UnknownReportError
    return await duplicates.lock_one(tx, found)


async def _tell_version(
    tx: Transaction,
    row: ReportRow,
    before: VisibleReport,
    by: str,
    public_url: str,
    changes: Mapping[str, Value] | None = None,
    beside: Mapping[str, object] = NOTHING,
) -> ReportRow:
    """Make the next version, and owe it to the agencies that have the report when they see a difference.

    A head that became more urgent by this is sent where automatic rules say.
    """
    new = await next_version(tx, row, changes or {}, by, more=beside)
    after = await visible(tx, new)
    if rules.accept_within_s(new.priority) < rules.accept_within_s(row.priority):
        await hastening.hasten(tx, new.id, new.priority, new.kind)
    if "closed" == after.status != before.status:
        await grouping.close(tx, new, after, public_url)
    elif not after.looks_like(before):
        if "reopened" == after.status != before.status:
            await endings.reopen(tx, new.id, new.priority)
        await outbox.update(tx, report_id=new.id, report=after, public_url=public_url, before=before)
    head = await grouping.follow(tx, row, new, before, after, public_url)
    if head is not None:
        await send_by_itself(tx, await reports.lock(tx, head), public_url)
    return new


async def send(
    tx: Transaction, row: ReportRow, to: Sequence[Sending], public_url: str
) -> tuple[ReportRow, list[DispatchRow]]:
    """Send a locked report, as its next version: the one way to an agency, for people, rules and the ladder.

    Raises UnknownAgencyError, AgencyDisabledError, AlreadyDispatchedError.
    """
    leaves: dict[str, Value] = {} if row.status == "dispatched" else {"status": "dispatched"}
    row = await next_version(tx, row, leaves, to[0].by)
    every = await agencies.every(tx)
    names = {agency.code: called(agency) for agency in every}
    reached = {agency.code for agency in every if agency.has_system}
    seen = await visible(tx, row)
    sent: list[DispatchRow] = []
    for one in to:
        dispatched = await outbox.put(
            tx,
            report_id=row.id,
            report=seen,
            agency_code=one.agency,
            by=one.by,
            public_url=public_url,
            proposal=one.proposal,
            withheld=one.withheld,
        )
        name = names[one.agency]
        text = (
            f"Diteruskan ke {name} karena {one.because}"
            if one.because
            else f"{SENT if one.agency in reached else TASKED} {name}."
        )
        await entries.add(tx, row.id, one.by, text, automatic=True)
        sent.append(dispatched)
    await grouping.proved(tx, row)
    return row, sent


async def send_by_itself(tx: Transaction, row: ReportRow, public_url: str) -> ReportRow:
    """Send a locked report where automatic rules say, if it is an open emergency and the agency never had it."""
    if row.classification != "normal" or row.status in OVER or row.duplicate_of is not None:
        return row
    had = {one.agency for one in await grouping.every(tx, row)}
    found = await rulebook.automatic(tx, row.kind, row.priority, await placing.codes(tx, row.location_place))
    to = [Sending(one.agency, AUTOMATIC.format(one), one) for one in found if one.agency not in had]
    return (await send(tx, row, to, public_url))[0] if to else row


async def check_kind(reading: Reading, kind: object) -> None:
    """Raise UnknownKindError, or KindDisabledError, unless this kind can be chosen; None is no kind yet."""
    if kind is None:
        return
    found = await saved_kinds.find(reading, str(kind))
    if found is None:
        raise UnknownKindError
    if found.disabled_at is not None:
        raise KindDisabledError
