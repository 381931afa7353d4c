"""Say it and owe it in one transaction: a dispatch, its envelope and its audit row are saved together or not at all.

These functions never commit; the caller's `database.transaction()` does, once. The body of an envelope is built here,
from the value the desk hands over, and stored as bytes: what was true at that moment is what every try sends.
"""

import hashlib
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import replace as with_fields
from datetime import timedelta
from typing import Final

from msgspec.structs import replace

from db import agencies, dispatches, envelopes, people, reports
from db.agencies import AgencyRow
from db.choices import kinds as saved_kinds
from db.dispatches import DispatchRow
from db.engine import Reading, Transaction
from db.ids import new_id
from db.states import FINISHED, NOT_LIVE
from routing import egress, formats, rulebook, signing
from routing.formats import Format
from routing.refusals import (
    AgencyDisabledError,
    AgencyExistsError,
    AlreadyDispatchedError,
    NoDutyNumberError,
    UnknownAgencyError,
    UnknownKindError,
)
from routing.rules import Proposal, Recipient, Rule
from routing.visible import Asks, EnvelopeType, VisibleReport

DISABLED: Final = "agency_disabled"  # cause of an envelope's end: nothing goes to its agency
TOKEN_PREFIX = "i112_"  # noqa: S105 the beginning of every token, no secret


@dataclass(frozen=True, slots=True)
class NewAgency:
    """What is shown once, when an agency is added: the secret that signs to it, the token it answers with."""

    agency: AgencyRow
    secret: str
    token: str


async def put(
    tx: Transaction,
    *,
    report_id: int,
    report: VisibleReport,
    agency_code: str,
    by: str,
    public_url: str,
    proposal: Proposal | None = None,
    withheld: bool = False,
) -> DispatchRow:
    """Dispatch a report to an agency. The caller tells the report's new version.

    `proposal`: what a rule says of this agency; None: none does, and the time to accept is its kind's or priority's.
    Whether the agency is told who called is decided here, for all that this dispatch will ever say; `withheld`: it is
    not, whatever the rules say now.
    Raises UnknownAgencyError, AgencyDisabledError, AlreadyDispatchedError.
    """
    agency = await agencies.find(tx, agency_code)
    if agency is None:
        raise UnknownAgencyError
    if agency.disabled_at is not None:
        raise AgencyDisabledError(f"{agency_code}: {AgencyDisabledError.__doc__}")
    await reports.lock(tx, report_id)
    if any(row.agency_id == agency.id for row in await unfinished(tx, report_id)):
        raise AlreadyDispatchedError
    told_caller = proposal.tells_caller(agency.caller_number) if proposal else agency.caller_number
    told_caller = told_caller and not withheld
    if proposal:
        accept_within_s = proposal.accept_within_s
    else:
        accept_within_s = await rulebook.accept_within_s(tx, report.kind, report.priority)
    version, number = (proposal.version, proposal.rule) if proposal else (None, None)
    dispatch_id, accept_by = new_id(tx.now), tx.now + timedelta(seconds=accept_within_s)
    values = {
        "id": dispatch_id,
        "report_id": report_id,
        "agency_id": agency.id,
        "created_by": by[:128],
        "accept_by": accept_by,
        "accept_within_s": accept_within_s,
        "escalate_at": accept_by if agency.has_system else tx.now,  # people there are texted at once
        "rule_version": version,
        "rule_number": number,
        "caller_number": told_caller,
    }
    await dispatches.add(tx, values)
    row = await dispatches.find(tx, dispatch_id)
    if row is None:
        raise AssertionError("a dispatch that was just inserted is not there")
    ruled = {"rules": version, "rule": number}
    tx.record(
        by, "dispatch.created", dispatch_id, report=row.report, agency=agency_code, caller_number=told_caller, **ruled
    )
    return await enclose(tx, row, "dispatch.created", report, public_url)


async def update(
    tx: Transaction, *, report_id: int, report: VisibleReport, public_url: str, before: VisibleReport | None = None
) -> list[DispatchRow]:
    """Owe every agency that has the report a `report.updated`, and return those dispatches.

    The caller decides that something visible changed (`VisibleReport.looks_like`) since `before`; an agency that is not
    told who called may see nothing of that, and is owed nothing then.
    """
    await reports.lock(tx, report_id)
    owed = [row for row in await live(tx, report_id) if before is None or _differ(report, before, row)]
    return [await enclose(tx, row, "report.updated", report, public_url) for row in owed]


def _differ(after: VisibleReport, before: VisibleReport, row: DispatchRow) -> bool:
    told = row.caller_number, row.agency
    return not after.shown_to(*told).looks_like(before.shown_to(*told))


async def ask(tx: Transaction, row: DispatchRow, report: VisibleReport, public_url: str) -> DispatchRow:
    """Owe an agency that has fallen silent a `report.updated` that asks how it stands. The report is locked already."""
    return await enclose(tx, row, "report.updated", report, public_url, asks="status")


async def live(reading: Reading, report_id: int) -> list[DispatchRow]:
    """Return the dispatches of a report that agencies have: neither rejected nor cancelled."""
    return [row for row in await every(reading, report_id) if row.state not in NOT_LIVE]


async def unfinished(reading: Reading, report_id: int) -> list[DispatchRow]:
    """Return the dispatches of a report that agencies still have something to do with: live, and not resolved."""
    return [row for row in await every(reading, report_id) if row.state not in FINISHED]


async def every(reading: Reading, report_id: int) -> list[DispatchRow]:
    """Return all dispatches of a report, whatever became of them, the oldest first."""
    return (await dispatches.of_reports(reading, [report_id])).get(report_id, [])


async def add_agency(
    tx: Transaction,
    code: str,
    name: str,
    url: str,
    allow_cidr: Sequence[str],
    kinds: Sequence[str],
    by: str = "admin",
    *,
    next_code: str | None = None,
    format: Format = "native",
    jurisdiction_id: str | None = None,
    caller_number: bool | None = None,
    is_centre: bool = False,
    ca_pem: str | None = None,
    phone: str | None = None,
) -> NewAgency:
    """Add an agency, its keys, its token (role `agency`, named as the agency) and a rule for `kinds`.

    `next_code` names who gets those reports too when this one does not accept. `format` is the form in which it
    receives them; `jurisdiction_id` is Open311's. `is_centre`: it is the 112 centre of a neighbour. `caller_number`:
    whether it is told who called where no rule says; None: yes, unless it is Open311's, whose platforms serve citizens
    and may show what they get. `ca_pem`: what `authority.read` made of its own authority's certificate.
    `url` empty: it has no computer system, and people telephone `phone`, its duty number.
    Raises ForbiddenUrlError, NoDutyNumberError, AgencyExistsError, UnknownAgencyError, UnknownKindError.
    Ask `egress.check_url_resolved` before the transaction: DNS is not asked in here.
    """
    if url:
        egress.check_url(url, allow_cidr)
    elif not phone:
        raise NoDutyNumberError
    if not {kind.code for kind in await saved_kinds.every(tx)} >= set(kinds):
        raise UnknownKindError
    there = {row.code for row in await agencies.every(tx)}
    if code in there:
        raise AgencyExistsError
    if next_code is not None and next_code not in there:
        raise UnknownAgencyError
    secret, key = signing.make_secret(os.urandom(32)), signing.make_key(os.urandom(signing.KEY_BYTES))
    reached = {"code": code, "name": name, "url": url, "allow_cidr": list(allow_cidr)}
    written: dict[str, object] = {"format": format, "jurisdiction_id": jurisdiction_id, "is_centre": is_centre}
    written |= {"ca_pem": ca_pem, "phone": phone}
    written["caller_number"] = format != "open311" if caller_number is None else caller_number
    agency = await agencies.add(tx, {**reached, **written, "secret": secret, "ed25519_key": key})
    token = new_token()
    taken = await people.is_taken(tx, code)  # in the record, people, machines and agencies are only names
    if taken or not await people.add_token(tx, code, "agency", token_hash(token), agency.id):
        raise AgencyExistsError
    if kinds:
        rule = Rule(0, (Recipient(code, None, next_code),), tuple(dict.fromkeys(kinds)))
        await rulebook.append(tx, rule, by, f"agency {code} was added")
    tx.record(by, "agency.added", code, kinds=list(kinds))
    return NewAgency(agency, secret, token)


def new_token() -> str:
    """Return a fresh token: `i112_` and 256 random bits."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def page_url(public_url: str, token: str) -> str:
    """Return the address of a dispatch's page for telephones: who has it sees the report and answers."""
    return f"{public_url.rstrip('/')}/a/{token}"


async def enclose(
    tx: Transaction,
    row: DispatchRow,
    type: EnvelopeType,
    report: VisibleReport,
    public_url: str,
    *,
    asks: Asks | None = None,
    reason: str | None = None,
) -> DispatchRow:
    """Put the dispatch's next envelope into the outbox, in the form its agency takes, without what it is not told.

    What follows a dead envelope is dead too: nobody is sent what happened to a dispatch they were never sent. So is
    what is owed to a disabled agency. An agency without a computer system is owed nothing: the dispatch has its phone
    page, and people telephone. When it gets a system, what it hears first of a dispatch is that there is one.
    """
    earlier = await envelopes.of_dispatch(tx, row.id)
    dead = next((one for one in earlier if one.state == "dead"), None)
    agency = await agencies.find(tx, row.agency)
    page_token = row.page_token or secrets.token_urlsafe(32)
    if agency and not agency.has_system:
        await dispatches.change(tx, row.id, {"page_token": page_token})
        return replace(row, page_token=page_token)
    if type == "report.updated" and row.sequence == 0:
        type = "dispatch.created"
    cause = dead.cause if dead else DISABLED if agency and agency.disabled_at is not None else None
    sequence = row.sequence + 1
    answer_url = f"{public_url.rstrip('/')}/agency/v1/dispatches/{row.id}/answers"
    form = (agency and formats.known(agency.format)) or "native"
    if form != "native" and report.kind and (kind := await saved_kinds.find(tx, report.kind)):
        report = with_fields(report, kind_name=kind.name_id)
    written = formats.body_in(
        form,
        type,
        tx.now,
        row.id,
        answer_url,
        row.accept_by,
        sequence,
        report.shown_to(row.caller_number, row.agency),
        agency=row.agency,
        jurisdiction_id=agency.jurisdiction_id if agency else None,
        earlier=[(one.sequence, one.created_at) for one in earlier],
        reason=reason,
        page_url=page_url(public_url, page_token),
        asks=asks,
    )
    values = {
        "id": new_id(tx.now),
        "dispatch_id": row.id,
        "agency_id": row.agency_id,
        "sequence": sequence,
        "type": type,
        "priority": report.priority,
        "content_type": written.content_type,
        "body": written.content,
    } | ({"state": "dead", "cause": cause} if cause else {})
    await envelopes.add(tx, values)
    await dispatches.change(tx, row.id, {"sequence": sequence, "page_token": page_token})
    tx.wake("outbox")
    return replace(row, sequence=sequence, page_token=page_token)
