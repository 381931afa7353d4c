"""What a report is told of an SMS to an agency: that the gateway has it, that it did not go, that nobody needs it."""

from typing import Final

from db import agencies, dispatches, entries
from db.engine import Transaction
from db.sms import SmsRow

AUTHOR: Final = "SMS"
SAID: Final = {
    "sent": "diterima gateway SMS, belum tentu dibaca",
    "queued": "belum terkirim ({reason}) dan dicoba lagi: hubungi lewat telepon",
    "failed": "gagal ({reason}): hubungi lewat telepon",
    "dropped": "tidak dikirim: tidak ada lagi yang menunggu jawabannya",
}


async def tell(tx: Transaction, row: SmsRow, state: str, reason: str | None) -> None:
    """Tell in the locked report what became of a try, if it was an agency's; what failed again, once it is over."""
    if row.dispatch_id is None or (state == "queued" and row.tries > 1):
        return
    found = await dispatches.find(tx, row.dispatch_id)
    if found is None:
        return
    agency = await agencies.find(tx, found.agency)
    name = agency.name if agency else found.agency
    text = f"SMS ke {name} ({row.to}) {SAID[state].format(reason=reason)}"
    await entries.add(tx, row.report_id, AUTHOR, text, automatic=True)
    if state in ("queued", "failed"):
        tx.tell("escalation", found.id)
