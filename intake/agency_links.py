"""The link of a dispatch's phone page, by SMS to its agency's duty phone: when nobody there has accepted in time.

An agency without a computer system gets it at once: nothing else of ours reaches it by itself
([0061](../docs/decisions/0061-the-link-by-sms.md)). Owed in the transaction that takes the step, so once, whoever takes
it; `routing.texting` sends it unless somebody has answered by then, and tells in the report what became of it.
"""

import re
from datetime import timedelta
from typing import Final

from db import agencies, entries, sms
from db.choices import kinds
from db.dispatches import DispatchRow
from db.engine import Reading, Transaction
from db.reports import ReportRow
from db.states import UNANSWERED
from intake import numbers
from routing import outbox, prose

AUTHOR: Final = "eskalasi"
OF_USE: Final = timedelta(minutes=30)
ONE_PART: Final = 160  # septets of an SMS that is not split
_GSM: Final = re.compile(r"[ -Z_a-z]*")  # of its alphabet what ASCII has, too; any other letter makes a text dearer


async def text(tx: Transaction, report: ReportRow, found: DispatchRow, public_url: str) -> bool:
    """Owe a dispatch's agency the SMS with the link, and tell it in the locked report; or why there is none.

    Once, and once more after the report was reopened. False: it was texted, or the dispatch waits for nobody.
    """
    if found.state not in UNANSWERED or found.agency_disabled or found.page_token is None:
        return False
    since = report.reopened_at or found.created_at
    owed = [one for one in await sms.of_report(tx, report.id) if one.dispatch_id == found.id]
    if any(one.created_at >= since for one in owed):
        return False
    agency = await agencies.find(tx, found.agency)
    name = agency.name if agency else found.agency
    to = numbers.textable(found.agency_phone)
    if to:
        written = await _message(tx, report, outbox.page_url(public_url, found.page_token))
        rows = [await sms.queue(tx, report.id, one, written, AUTHOR, tx.now + OF_USE, found.id) for one in to]
        tx.record(AUTHOR, "link.texted", found.id, agency=found.agency, sms=[one.id for one in rows])
        said = f"SMS dengan tautan halaman ponsel untuk {name} disiapkan ke {' dan '.join(to)}"
    else:
        phone = found.agency_phone
        why = f"nomor piketnya ({phone}) bukan nomor ponsel" if phone else "nomor piketnya belum diisi"
        said = f"{name} tidak dapat dikirimi tautan lewat SMS, {why}: sampaikan lewat telepon atau obrolan"
    await entries.add(tx, report.id, AUTHOR, said, automatic=True)
    return True


async def _message(reading: Reading, report: ReportRow, url: str) -> str:
    """Return the SMS: what it is about, if one part has room for it, and the link; nothing of the caller.

    Without the kind it is one part as long as the public address has at most 60 characters.
    """
    kind = None if report.kind is None else await kinds.find(reading, report.kind)
    unreal = prose.word_of(report.classification, exercise=report.exercise)
    before = f"{unreal} 112" if unreal else "112"
    rest = f"{report.number} belum dijawab. Jawab di {url}"
    about = " ".join(filter(None, (report.priority, kind.name_id if kind else None)))
    whole = f"{before}: {about}, {rest}" if about else f"{before}: {rest}"
    if len(whole) <= ONE_PART and _GSM.fullmatch(whole):
        return whole
    return f"{before}: {report.priority}, {rest}" if report.priority else f"{before}: {rest}"
