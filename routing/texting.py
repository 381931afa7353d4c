"""Sends the SMS that are owed, to callers and agencies, by the centre's gateway, an HTTP service; nobody waits for it.

The gateway is dialled through the same door as agencies, so its address is vetted at each dial. A try that fails is
made again (`retry`, the schedule of P1) until the SMS is of no use any more; an answer that trying again does not mend
(a wrong token, a number that the gateway does not take) ends it at once, so that the desk sees it and reads the link
aloud. A try that broke off after it was sent may arrive twice: an SMS too many is better than none. What became of an
agency's is told in the report, with the tone of an escalation if it did not go; it is dropped once nobody waits for it.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import structlog

from db import dispatches, reports, sms
from db.engine import Database, DatabaseUnavailableError
from db.machine_room import Alarm
from db.sms import SmsRow
from db.states import OVER
from routing import agency_texts, retry, sms_body
from routing.delivery import Delivered, HttpReceiver, Letter, Outcome, Receiver, Refused

log = structlog.get_logger(__name__)
POLL_S: Final = 1.0
AT_ONCE: Final = 8
LEASE: Final = timedelta(seconds=30)  # longer than a try can take
TROUBLE_FOR: Final = timedelta(minutes=15)
AUTHOR: Final = "SMS"
TOO_LATE: Final = "too late"
OF_THE_GATEWAY: Final = frozenset({401, 403, 404})  # answers of one that would not take any SMS of ours


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where SMS are posted; `allow_cidr` names its network if that is no public one."""

    url: str
    token: str = ""
    template: str = sms_body.DEFAULT
    allow_cidr: Sequence[str] = ()

    def letter(self, row: SmsRow, at: datetime) -> Letter:
        """Return what is posted for an SMS."""
        in_body = sms_body.has_token(self.template)
        body, content_type = sms_body.fill(self.template, row.to, row.text or "", self.token)
        bearer = "" if in_body or not self.token else f"Bearer {self.token}"
        return Letter(row.id, at, None, body, content_type, authorization=bearer, hidden=[self.token])


class Texting:
    """Sends what is due until it is told to stop."""

    def __init__(self, database: Database, gateway: Gateway, receiver: Receiver | None = None) -> None:
        self._database = database
        self._gateway = gateway
        self._receiver = receiver or HttpReceiver(gateway.url, gateway.allow_cidr)
        self._sent = self._failed = 0
        self._trouble: tuple[datetime, str] | None = None  # the last try, if it went wrong, and its code

    def figures(self) -> dict[str, float]:
        """Return what it counts."""
        return {"sms_sent": self._sent, "sms_failed": self._failed}

    def alarms(self) -> list[Alarm]:
        """Return what is wrong now."""
        if self._trouble is None or self._database.clock() - self._trouble[0] > TROUBLE_FOR:
            return []
        said = f"The SMS gateway did not take the last SMS ({self._trouble[1]}). Callers and agencies get no link: "
        return [
            Alarm("sms", f"{said}read it aloud, telephone. Check INTAKE112_SMS_URL, _TOKEN and _BODY, and the gateway.")
        ]

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set."""
        try:
            while not stop.is_set():
                ticket, wait_s = self._database.wakeups.ticket(sms.TOPIC), POLL_S
                try:
                    wait_s = await self.look()
                except DatabaseUnavailableError as error:
                    log.warning("database_unavailable", why=str(error))
                except Exception:
                    log.exception("texting_stumbled")
                await self._wait(stop, ticket, wait_s)
        finally:
            await self._receiver.aclose()

    async def look(self) -> float:
        """Send all that is due; return for how long nothing will be, in seconds. Raises DatabaseUnavailableError."""
        async with self._database.reading() as reading:
            is_due, soonest, now = await sms.is_due(reading), await sms.next_due(reading), reading.now
        if not is_due:
            return POLL_S if soonest is None else min(POLL_S, max(0.01, (soonest - now).total_seconds()))
        async with self._database.transaction() as tx:
            rows = await sms.claim(tx, AT_ONCE, LEASE)
        async with asyncio.TaskGroup() as tasks:
            for row in rows:
                tasks.create_task(self._send(row))
        return 0.0

    async def _send(self, row: SmsRow) -> None:
        try:
            if await self._dropped(row):
                return
            now = self._database.clock()
            outcome = None if now >= row.give_up_at else await self._receiver.deliver(self._gateway.letter(row, now))
            await self._save(row, outcome)
        except DatabaseUnavailableError as error:  # those beside it go on; its lease runs out, and it is tried again
            log.warning("sms_not_saved", sms=row.id, why=str(error))

    async def _dropped(self, row: SmsRow) -> bool:
        """Drop an agency's whose dispatch waits for nobody any more; tell whether. Raises DatabaseUnavailableError."""
        if row.dispatch_id is None:
            return False
        async with self._database.reading() as reading:
            found = await dispatches.find(reading, row.dispatch_id)
            about = (await reports.by_ids(reading, [row.report_id]))[row.report_id]
        if found is not None and found.is_waiting and about.status not in OVER:
            return False
        async with self._database.transaction() as tx:
            report = await reports.lock(tx, row.report_id)
            if await sms.end(tx, row, "dropped", None):
                tx.record(AUTHOR, "sms.dropped", report.number, sms=row.id, tries=row.tries)
                await agency_texts.tell(tx, row, "dropped", None)
                await reports.touch(tx, row.report_id)
        log.info("sms_dropped", sms=row.id)
        return True

    async def _save(self, row: SmsRow, outcome: Outcome | None) -> None:
        """Book how a try ended; None: it is too late for one. Raises DatabaseUnavailableError."""
        again_at: datetime | None = None
        async with self._database.transaction() as tx:
            report = await reports.lock(tx, row.report_id)
            if isinstance(outcome, Delivered):
                state, reason = "sent", None
            else:
                state, reason = "failed", _why(outcome) if outcome is not None else row.reason or TOO_LATE
                again_at = _again_at(row, outcome, tx.now)
            if again_at is not None and reason is not None:
                saved = await sms.put_off(tx, row, reason, again_at)
            else:
                saved = await sms.end(tx, row, state, reason)
                if saved:
                    tx.record(AUTHOR, f"sms.{state}", report.number, sms=row.id, tries=row.tries)
            if saved:
                await agency_texts.tell(tx, row, "queued" if again_at else state, reason)
                await reports.touch(tx, row.report_id)
        code = TOO_LATE if outcome is None else None if isinstance(outcome, Delivered) else outcome.code
        if code is None:
            self._trouble = None
            self._sent += 1
        else:
            self._failed += saved and again_at is None
            if not _is_the_callers(outcome):
                self._trouble = (self._database.clock(), code)
        log.info("sms_tried", sms=row.id, state="queued" if again_at else state, code=code)

    async def _wait(self, stop: asyncio.Event, ticket: int, wait_s: float) -> None:
        """Wait for a wake-up, the end, or so long."""
        if stop.is_set() or wait_s <= 0:
            return
        async with asyncio.TaskGroup() as tasks:
            woken = tasks.create_task(self._database.wakeups.wait(sms.TOPIC, ticket, wait_s))
            ended = tasks.create_task(stop.wait())
            await asyncio.wait([woken, ended], return_when=asyncio.FIRST_COMPLETED)
            for task in (woken, ended):
                task.cancel()


def _again_at(row: SmsRow, outcome: Outcome | None, now: datetime) -> datetime | None:
    """Return when to try again, or None: it is over."""
    if outcome is None or (isinstance(outcome, Refused) and retry.is_lasting(outcome.status)):
        return None
    at = retry.next_try("P1", row.created_at, now, asked_s=outcome.retry_after_s)
    return at if at < row.give_up_at else None


def _is_the_callers(outcome: Outcome | None) -> bool:
    """Tell whether a gateway that is well refuses this one number, or text."""
    if not isinstance(outcome, Refused):
        return False
    return retry.is_lasting(outcome.status) and outcome.status not in OF_THE_GATEWAY


def _why(outcome: Outcome) -> str:
    """Return why a try did not go well: its code, and what the gateway said of it, which may be the caller's number.

    It stands in the report alone; alarms and logs have the code.
    """
    said = " ".join(outcome.excerpt.split())[:200]
    return f"{outcome.code}: {said}" if said else outcome.code
