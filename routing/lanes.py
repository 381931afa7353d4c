"""One lane per agency: claim, deliver, decide, record.

A lane exists while its agency has something due, and starts by catching up: after a restart, an outage or a quiet night
the code is the same. It claims under a lease in a short transaction, POSTs with no transaction open, and completes
behind a fence: a worker that slept past its lease (SIGSTOP, a lost database) finds the envelope no longer its own and
records nothing; whoever claimed it next has sent the same `webhook-id` again, which is how the receiver knows it. A few
tries of a lane run at a time (`width`), so a receiver that is slow takes only its own agency's slots. How they ended
`saving` saves, of all lanes together. The end of a try makes its lane claim again only when the last claim may have
left something; what waited for that very envelope is woken by the transaction that saves it.

`Lanes.run` opens lanes and wakes them: it looks at the outbox when a transaction wakes it, when the next try is due,
and at least once a second. When to try again is stored with the envelope, the agency's back-off and a pause with the
agency (`standing`), not kept in memory. A database that is away makes lanes wait, not end.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from db import agencies, envelopes, standings
from db.agencies import AgencyRow
from db.engine import Database, Transaction
from db.envelopes import EnvelopeRow
from db.ids import new_id
from db.wakeups import rest
from routing import answers, breaker, endings, letters, standing
from routing.breaker import Backoff, Share
from routing.delivery import Delivered, HttpReceiver, Receiver, Refused
from routing.outcomes import TOPIC, BookAnswer, End
from routing.retry import is_lasting
from routing.saving import Saver
from routing.tally import Tally
from routing.width import Width

log = structlog.get_logger(__name__)
POLL_S = 1.0
LINGER_S = 5.0  # how long a lane with nothing to do keeps its connections
LEASE_S = 30.0  # longer than a try's total deadline and the saving of its outcome
STOP_WITHIN_S = 14.0
LONGEST_REST_S = 5.0
MakeReceiver = Callable[[str, list[str], str | None], Receiver]
_random = random.SystemRandom().random


@dataclass(frozen=True, slots=True)
class _Means:
    """What every lane works with."""

    database: Database
    make_receiver: MakeReceiver
    lease_s: float
    tally: Tally
    stop: asyncio.Event
    saver: Saver


class Lanes:
    """All lanes of this process. `book_answer` is the use case that an answer in a 2xx body goes to."""

    def __init__(
        self,
        database: Database,
        book_answer: BookAnswer,
        *,
        make_receiver: MakeReceiver = HttpReceiver,
        lease_s: float = LEASE_S,
        jitter: Callable[[], float] = _random,
    ) -> None:
        self.tally = Tally()
        self.looked_at: float | None = None  # when the outbox was last read, by the loop's clock
        self._database = database
        self._made = (database, make_receiver, lease_s, self.tally)
        self._saves = (database, book_answer, jitter, self.tally)
        self._open: set[int] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until `stop` is set; then claim nothing more, finish what is in flight, and return within 15 s."""
        saver = Saver(*self._saves, stop)
        means = _Means(*self._made, stop, saver)
        wakeups = self._database.wakeups
        rest_s, is_near = POLL_S, False
        try:
            async with asyncio.timeout(None) as limit, saver.running(), asyncio.TaskGroup() as tasks:
                tasks.create_task(self._at_stop(stop, limit))
                while not stop.is_set():
                    ticket = wakeups.ticket(TOPIC)
                    try:
                        if not is_near:  # a process's own time only goes on: once is enough
                            await self._bring_near()
                            is_near = True
                        wait_s = await self._open_due(means, tasks)
                    except Exception as error:
                        self.tally.stumbled(error)
                        await rest(means.stop, rest_s)
                        rest_s = min(2 * rest_s, LONGEST_REST_S)
                    else:
                        rest_s = POLL_S
                        await wakeups.wait(TOPIC, ticket, wait_s)
        except TimeoutError:
            log.warning("lanes_cut_off", advice="their leases run out and the same envelopes are sent again")

    async def _bring_near(self) -> None:
        """Let no clock that was ahead, and set back before this start, hold anything up."""
        async with self._database.transaction() as tx:
            await envelopes.bring_near(tx)
            await standings.bring_near(tx, tx.now + envelopes.LONGEST_HOLD)

    async def _at_stop(self, stop: asyncio.Event, limit: asyncio.Timeout) -> None:
        await stop.wait()
        limit.reschedule(asyncio.get_running_loop().time() + STOP_WITHIN_S)
        self._database.wakeups.notify(TOPIC)
        for agency_id in self._open:
            self._database.wakeups.notify(_topic(agency_id))

    async def _open_due(self, means: _Means, tasks: asyncio.TaskGroup) -> float:
        """Open or wake the lanes of agencies with something due; return the seconds until the next is due."""
        async with self._database.reading() as reading:
            due = await envelopes.due_by_agency(reading)
        self.looked_at = asyncio.get_running_loop().time()
        wait_s = POLL_S
        for agency_id, at in due.items():
            if at > reading.now:
                wait_s = min(wait_s, (at - reading.now).total_seconds())
            elif agency_id in self._open:
                self._database.wakeups.notify(_topic(agency_id))
            else:
                self._open.add(agency_id)
                tasks.create_task(self._lane(means, agency_id))
        return wait_s

    async def _lane(self, means: _Means, agency_id: int) -> None:
        try:
            await _Lane(means, agency_id).run()
        except Exception as error:
            self.tally.stumbled(error)
        finally:
            self._open.discard(agency_id)


class _Lane:
    """The envelopes of one agency."""

    def __init__(self, means: _Means, agency_id: int) -> None:
        self._means = means
        self._agency_id = agency_id
        self._in_flight = 0
        self._left_some = False  # the last claim may not have taken all that is due
        self._width = Width()
        self._receiver: tuple[tuple[str, list[str], str | None], Receiver] | None = None

    async def run(self) -> None:
        """Deliver what is due; return when nothing was for LINGER_S, or at a stop when the last try has ended."""
        wakeups, topic = self._means.database.wakeups, _topic(self._agency_id)
        async with contextlib.AsyncExitStack() as connections, asyncio.TaskGroup() as tries:
            while not self._means.stop.is_set():
                ticket = wakeups.ticket(topic)
                try:
                    agency, claimed = await self._claim()
                except Exception as error:
                    self._means.tally.stumbled(error)
                    await rest(self._means.stop, POLL_S)
                    continue
                if agency is not None and claimed:
                    receiver = self._receiver_of(agency, connections)
                    for row in claimed:
                        self._in_flight += 1
                        tries.create_task(self._counted_try(row, agency, receiver))
                elif agency is not None and not agency.is_sent_to and not self._in_flight:
                    return
                woken = await wakeups.wait(topic, ticket, LINGER_S)
                if not woken and not self._in_flight and wakeups.ticket(topic) == ticket:
                    return

    async def _claim(self) -> tuple[AgencyRow | None, list[EnvelopeRow]]:
        """Claim what is due, and read the agency as it is now. What a removed or disabled one is owed is dead."""
        free = self._width.slots - self._in_flight
        limit = free if free > 0 else self._width.most - self._in_flight
        self._left_some = True  # for a try that ends meanwhile
        if limit <= 0:
            return None, []
        async with self._means.database.transaction() as tx:
            agency = await agencies.with_id(tx, self._agency_id)
            if agency is not None and agency.disabled_at is not None:
                await endings.at_disabled(tx, agency.id)
                return agency, []
            if agency is not None and not agency.has_system:
                await endings.at_no_system(tx, agency.id)
                return agency, []
            claim_id, lease_until = new_id(tx.now), tx.now + timedelta(seconds=self._means.lease_s)
            rows: list[EnvelopeRow] = []
            left_some = free <= 0
            shares = [Share("urgent", limit, 0)]
            if free > 0:
                shares = breaker.shares(await self._backoff(tx, agency), tx.now, limit)
            for share in shares:
                most = min(share.most, limit - share.spare - len(rows))
                found: list[EnvelopeRow] = []
                if most > 0:
                    found = await envelopes.claim(tx, self._agency_id, claim_id, lease_until, most, share.which)
                    if share.which == "retries" and found:
                        await standing.probing(tx, self._agency_id, lease_until)
                    rows += found
                left_some |= len(found) >= most
            if agency is None:
                for row in rows:
                    await envelopes.complete(tx, row.id, claim_id, {"state": "dead", "cause": endings.REMOVED})
                    tx.record("routing", "envelope.dead", row.id, reason="agency removed")
        self._left_some = left_some
        return agency, rows

    async def _backoff(self, tx: Transaction, agency: AgencyRow | None) -> Backoff:
        """Return the agency's back-off; locked while it fails, so that of two workers one sends the next retry."""
        if agency is None or not agency.failures_in_a_row:
            return Backoff()
        return await standing.backoff(tx, agency.id)

    def _receiver_of(self, agency: AgencyRow, connections: contextlib.AsyncExitStack) -> Receiver:
        """Return the receiver at the agency's URL; a new one when URL, networks or CA changed (the old ends last)."""
        reached = (agency.url, agency.allow_cidr, agency.ca_pem)
        if self._receiver is None or self._receiver[0] != reached:
            receiver = self._means.make_receiver(*reached)
            connections.push_async_callback(receiver.aclose)
            self._receiver = (reached, receiver)
        return self._receiver[1]

    async def _counted_try(self, row: EnvelopeRow, agency: AgencyRow, receiver: Receiver) -> None:
        self._means.tally.in_flight += 1
        took_ms = None
        try:
            took_ms = await self._try(row, agency, receiver)
        except Exception as error:
            self._means.tally.stumbled(error)
        finally:
            self._means.tally.in_flight -= 1
            self._in_flight -= 1
            self._width.ended(took_ms, self._in_flight)
            if self._left_some:
                self._means.database.wakeups.notify(_topic(self._agency_id))

    async def _try(self, row: EnvelopeRow, agency: AgencyRow, receiver: Receiver) -> int | None:
        """Send, and save how it ended; return after how many milliseconds the receiver took it, None: it did not."""
        at = self._means.database.clock()
        letter = letters.to_agency(agency, row.id, at, row.content_type, row.body)
        outcome = await receiver.deliver(letter)
        self._means.tally.outcomes[outcome.code] += 1
        if not isinstance(outcome, Delivered):
            lasting = isinstance(outcome, Refused) and is_lasting(outcome.status)
            say = log.error if lasting else log.warning
            say("not_delivered", agency=agency.code, webhook_id=row.id, code=outcome.code, tries=row.tries)
        answer = answers.parse(outcome.answer) if isinstance(outcome, Delivered) and outcome.answer else None
        await self._means.saver.save(End(row, agency, at, outcome, answer))
        return outcome.latency_ms if isinstance(outcome, Delivered) else None


def _topic(agency_id: int) -> str:
    return f"lane:{agency_id}"
