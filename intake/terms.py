"""On what terms an agency is with the centre: whether it is sent reports at all, and whether it is told who called.

Disabled, an agency is proposed by no rule and sent nothing, what it was owed is dead (red, and due again by hand once
it is enabled), and its token, its signatures and its phone pages are refused. Nothing is deleted, and nobody is
forgotten: of every open report that it has people are told to telephone, and what it has not answered goes on to the
next of the ladder at once. Who is on the way already stays so: the centre books by telephone what they say.

In the caller's open transaction. Locked in the desk's order: the reports, their dispatches, their envelopes, the
agency.
"""

from collections.abc import Mapping

from db import agencies, dispatches, entries, reports, standings
from db.agencies import AgencyRow
from db.engine import Transaction
from db.states import UNANSWERED
from intake.refusals import StaleRowError
from routing import endings, outbox
from routing.refusals import NoDutyNumberError
from routing.standing import agency_of

GONE = "dinonaktifkan dan tidak dapat menjawab lewat sistem: hubungi lewat telepon"
OF_A_SYSTEM = ("failing_since", "retry_after", "paused_at", "paused_by", "pause_reason")  # without one, it has none


async def disable(tx: Transaction, code: str, reason: str, by: str) -> None:
    """Send nothing to an agency and hear nothing from it until somebody enables it. Raises NoSuchAgencyError.

    Disabled twice, the first time and reason stay.
    """
    agency = await agency_of(tx, code)
    if agency.disabled_at is not None:
        return
    for report_id in await dispatches.open_at(tx, agency.id):
        await _tell(tx, report_id, agency, by, GONE)
    await endings.at_disabled(tx, agency.id)
    values = {"disabled_at": tx.now, "disabled_by": by[:128], "disable_reason": reason}
    await standings.save(tx, agency.id, values)
    tx.record(by, "agency.disabled", code)
    _announce(tx, code)


async def enable(tx: Transaction, code: str, by: str) -> None:
    """Let an agency be sent reports and be heard again; what died stays dead. Raises NoSuchAgencyError.

    Of what it has and has not answered its ladder goes on.
    """
    agency = await agency_of(tx, code)
    if agency.disabled_at is None:
        return
    for report_id in await dispatches.open_at(tx, agency.id):
        await reports.lock(tx, report_id)
        for one in await outbox.unfinished(tx, report_id):
            if one.agency_id == agency.id and one.state in UNANSWERED and one.escalate_at is None:
                await dispatches.change(tx, one.id, {"escalate_at": max(one.accept_by, tx.now)})
    values = dict.fromkeys(("disabled_at", "disabled_by", "disable_reason", "failing_since", "retry_after"))
    await standings.save(tx, agency.id, values | {"failures_in_a_row": 0})
    tx.record(by, "agency.enabled", code)
    _announce(tx, code)


async def tell_caller(tx: Transaction, code: str, told: bool, by: str) -> None:
    """Let an agency be told the caller's number and name, or not, where no rule says otherwise.

    Dispatches that were sent go on as they began. Raises NoSuchAgencyError.
    """
    agency = await agency_of(tx, code)
    if agency.caller_number is not told:
        await standings.save(tx, agency.id, {"caller_number": told})
        tx.record(by, "agency.caller_number", code, told=told)
        tx.tell("agency", code)


async def change(tx: Transaction, code: str, seen: int, values: Mapping[str, object], by: str) -> AgencyRow:
    """Change an agency's name, URL, ranges that may be dialled or own authority; every try from now on goes there.

    `seen` is the version that its writer had before them. Ask `egress.check_url_resolved`, and
    `authority.read` for `ca_pem`, before the transaction.
    Without a URL it has no computer system any more: what it was owed is withdrawn, and people are told to telephone.
    Raises NoSuchAgencyError, NoDutyNumberError, StaleRowError.
    """
    agency = await agency_of(tx, code)
    url, phone = values.get("url", agency.url), values.get("phone", agency.phone)
    if not url and not phone:
        raise NoDutyNumberError
    if agency.has_system and not url:
        for report_id in await dispatches.open_at(tx, agency.id):
            await _tell(tx, report_id, agency, by, f"tidak lagi punya sistem: hubungi lewat telepon {phone}")
        await dispatches.look_now(tx, agency.id)  # to be texted
        await endings.at_no_system(tx, agency.id)
        values = {**values, **dict.fromkeys(OF_A_SYSTEM), "failures_in_a_row": 0}
    if not await agencies.change(tx, agency.id, seen, values):
        raise StaleRowError(agency.version)
    tx.record(by, "agency.changed", code, fields=sorted(values.keys() - {*OF_A_SYSTEM, "failures_in_a_row"}))
    _announce(tx, code)
    return await agency_of(tx, code)


async def _tell(tx: Transaction, report_id: int, agency: AgencyRow, by: str, what: str) -> None:
    """Tell in a report what became of an agency which has it."""
    await reports.lock(tx, report_id)
    for one in await outbox.unfinished(tx, report_id):
        if one.agency_id == agency.id:
            text = f"{agency.name} {what}"
            await entries.add(tx, report_id, by, text, automatic=True)
            tx.tell("escalation", one.id)
    await reports.touch(tx, report_id)


def _announce(tx: Transaction, code: str) -> None:
    tx.tell("agency", code)
    tx.wake("outbox")
