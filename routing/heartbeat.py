"""Once a minute a letter goes the whole way out to a loop-back agency of this very process, and must arrive.

A quiet night and a way out that is broken look alike from the outbox: nothing is owed. So the statements of a dispatch
(agency, report, envelope, claim, completion) are run in a transaction that is always rolled back, what they made is
signed and sent by the door that every envelope goes through, and the loop-back agency checks signature and bytes. The
lanes must have read the outbox in the meantime. Nothing of it stays: no report, no number, no audit row
(docs/decisions/0020-heartbeat.md).

Who watches is outside this process: `intake112_heartbeat_seconds` in `/metrics`, where no data is an alarm, too.
"""

import asyncio
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog

from db import agencies, delivery_log, envelopes, reports
from db.engine import Database, DatabaseUnavailableError
from db.ids import new_id
from db.machine_room import Alarm
from db.wakeups import rest
from routing import outbox, outcomes, signing, trial
from routing.delivery import Delivered, HttpReceiver, Letter
from routing.outcomes import End

log = structlog.get_logger(__name__)
EVERY_S: Final = 60.0
AGAIN_S: Final = 5.0  # after one that went wrong
LATE_S: Final = 180.0
LONGEST: Final = 64 * 1024
LOOPBACK: Final = "127.0.0.0/8"
HOST: Final = "127.0.0.1"
FIGURE: Final = "heartbeat_seconds"


class Heartbeat:
    """Sends and receives; `looked_at` says when the lanes last read the outbox, by the loop's clock."""

    def __init__(self, database: Database, looked_at: Callable[[], float | None], every_s: float = EVERY_S) -> None:
        self._database = database
        self._looked_at = looked_at
        self._every_s = every_s
        self._secret = signing.make_secret(os.urandom(32))
        self._code = f"heartbeat-{os.urandom(4).hex()}"  # of this process: others roll back beside it
        self._arrived: str | None = None  # the webhook-id of the last letter whose signature fitted
        self._arrived_at: float | None = None
        self._began_at: float | None = None
        self._why = "it has not been sent yet"
        self._server: asyncio.Server | None = None

    def age_s(self) -> float:
        """Return the seconds since a letter last went the whole way; before the first, since we began."""
        since = self._arrived_at if self._arrived_at is not None else self._began_at
        return 0.0 if since is None else asyncio.get_running_loop().time() - since

    def figures(self) -> dict[str, float]:
        """Return what it counts."""
        return {FIGURE: round(self.age_s(), 1)}

    def alarms(self) -> list[Alarm]:
        """Return what is wrong now."""
        if self.age_s() <= LATE_S:
            return []
        said = f"No test letter went the way of a dispatch for {self.age_s() / 60:.0f} minutes: {self._why}."
        return [Alarm("heartbeat", f"{said} Dispatch by telephone; look at this process's log; start it again.")]

    async def run(self, stop: asyncio.Event) -> None:
        """Send once a minute until `stop` is set, and sooner again what went wrong."""
        loop = asyncio.get_running_loop()
        self._began_at = loop.time()
        try:
            while not stop.is_set():
                went = await self._beat()
                await rest(stop, self._every_s if went else min(AGAIN_S, self._every_s))
        finally:
            if self._server is not None:
                self._server.close()

    async def _beat(self) -> bool:
        """Send one letter; tell whether it went the whole way."""
        loop = asyncio.get_running_loop()
        try:
            url = await self._listening()
            letter = await self._letter(url)
            receiver = HttpReceiver(url, [LOOPBACK])
            try:
                outcome = await receiver.deliver(letter)
            finally:
                await receiver.aclose()
        except DatabaseUnavailableError as error:
            self._why = f"the database does not answer ({error})"
        except Exception as error:
            log.exception("heartbeat_failed")
            self._why = f"it broke ({type(error).__name__}: {error})"
        else:
            looked_at = self._looked_at()
            if not isinstance(outcome, Delivered) or self._arrived != letter.id:
                self._why = f"it did not arrive ({outcome.code})"
            elif looked_at is None or loop.time() - looked_at > EVERY_S:
                self._why = "the lanes do not read the outbox"
            else:
                self._arrived_at = loop.time()
                return True
        log.warning("heartbeat_missing", why=self._why)
        return False

    async def _listening(self) -> str:
        """Return the loop-back agency's URL; open its port first, unless that went well before. Raises OSError."""
        if self._server is None:
            self._server = await asyncio.start_server(self._receive, HOST, 0, limit=LONGEST)
        return f"http://{HOST}:{self._server.sockets[0].getsockname()[1]}/"

    async def _letter(self, url: str) -> Letter:
        """Run the statements of a dispatch, and undo them; return the letter they made."""
        key = self._secret
        async with self._database.rehearsal() as tx:
            about = {"code": self._code, "name": self._code, "url": url, "allow_cidr": [LOOPBACK], "secret": key}
            agency = await agencies.add(tx, about)
            seen = trial.exercise(tx.now)
            values = {
                "status": "closed",
                "classification": "test",
                "disposition": "test",
                "source": "heartbeat",
                "exercise": True,
            }
            report = await reports.add(tx, self._code, {**values, "opened_at": tx.now, "priority": seen.priority})
            await outbox.put(
                tx, report_id=report.id, report=seen, agency_code=self._code, by="heartbeat", public_url=url
            )
            [row] = await envelopes.claim(tx, agency.id, new_id(tx.now), tx.now + timedelta(seconds=30), 1)
            await outcomes.together(tx, [End(row, agency, tx.now, Delivered(204, 0, "status_204", ""))])
            await delivery_log.envelopes(tx, agency.id, None, 1)
            signature = signing.sign([key], row.id, int(tx.now.timestamp()), row.body)
            return Letter(row.id, tx.now, signature, row.body, row.content_type, [key])

    async def _receive(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take one letter as an agency does: 204 when its signature fits, else 401."""
        try:
            async with asyncio.timeout(10):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                given = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in head.split("\r\n")[1:])}
                body = await reader.readexactly(min(int(given.get("content-length", "0")), LONGEST))
                id, at, signature = (given.get(f"webhook-{name}") for name in ("id", "timestamp", "signature"))
                try:
                    signing.verify([self._secret], id, at, signature, body, self._database.clock().timestamp())
                    self._arrived, status = id, b"204 No Content"
                except signing.BadSignatureError:
                    status = b"401 Unauthorized"
                writer.write(b"HTTP/1.1 " + status + b"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
                await writer.drain()
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()
