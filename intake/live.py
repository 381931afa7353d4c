"""Server-sent events: which report or service changed, and its number in the order of commits. Never contents.

Events are rows, so a reader that comes back with the last number it saw misses nothing, after a restart of ours too.
All streams of a process share one tail of the table: whatever number of screens is open, a commit costs one reading,
and what it found is written down once for all who stand at the same number. A reading that began before a wake-up does
not answer it. The wake-up is a courtesy, a poll every second the guarantee; the streams share that too.

A reader who leaves while the database is read is waited for: cut off in the middle, the connection would be thrown
away, and one reload of a page cost one.

A heartbeat is an event that scripts can see (a comment is not). It comes only when the database was really read, within
the last second: a page that hears none for 12 s must say that what it shows is old. The pages that a restart brought
back in one moment do not go on beating in one moment.
"""

import asyncio
import json
import random
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from itertools import takewhile
from typing import Final

from anyio import CancelScope

from db import live
from db.engine import Database, DatabaseUnavailableError
from db.live import LiveRow
from routing.clipping import utc

POLL_S: Final = 1.0
HEARTBEAT_S: Final = 5.0
KEPT: Final = 2000  # events kept in memory for all streams
PAGE: Final = 500
TOPIC: Final = "live"
NEVER: Final = -1  # a number no event has: who begins there must read the snapshot


class _Look:
    """One reading of the table for all who ask meanwhile; `error` once it failed."""

    def __init__(self, ticket: int, at: float) -> None:
        self.ticket = ticket
        self.at = at
        self.ended = asyncio.Event()
        self.error: DatabaseUnavailableError | None = None
        self.answered = False

    def answers(self, ticket: int, since: float) -> bool:
        """Tell whether it began late enough to answer who asks."""
        return self.answered and self.ticket >= ticket and self.at > since


class Tail:
    """The newest events, read once for all streams of this process."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.listeners = 0
        self._rows: deque[LiveRow] = deque(maxlen=KEPT)
        self._newest = -1  # not read yet
        self._look = _Look(-1, 0.0)  # the last one
        self._looking = False
        self._written = (-1, -1, b"")  # (after this number, up to this one, as it is sent): most stand at the same

    @property
    def old_at(self) -> float:
        """When what is known is too old, by the loop's clock (s)."""
        return self._look.at + POLL_S

    async def after(self, seq: int, ticket: int) -> tuple[int, bytes]:
        """Return the next events after `seq`, in order, none left out, with the last one's number; or (`seq`, nothing).

        Read again if nobody has since the wake-up of `ticket`, or for POLL_S. Raises DatabaseUnavailableError.
        """
        await self._read_since(ticket)
        if self._newest <= seq:
            return seq, b""
        if self._rows and self._rows[0].seq <= seq + 1:
            if self._written[:2] != (seq, self._newest):
                new = takewhile(lambda row: row.seq > seq, reversed(self._rows))
                self._written = (seq, self._newest, b"".join(reversed([_told(row) for row in new])))
            return self._newest, self._written[2]
        with CancelScope(shield=True):
            async with self.database.reading() as reading:
                rows = await live.after(reading, seq, PAGE)
        return (rows[-1].seq if rows else seq), b"".join(map(_told, rows))

    async def begin(self, after: int | None) -> tuple[int, bool]:
        """Return where a stream begins, and whether its reader must read the snapshot again."""
        async with self.database.reading() as reading:
            oldest, newest = await live.span(reading)
        if after is None:
            return newest, False
        if max(0, oldest - 1) <= after <= newest:
            return after, False
        return newest, True

    async def _read_since(self, ticket: int) -> None:
        loop = asyncio.get_running_loop()
        since = loop.time() - POLL_S
        while not self._look.answers(ticket, since):
            if self._looking:
                look = self._look
                await look.ended.wait()
                if look.error is not None:
                    raise DatabaseUnavailableError(*look.error.args) from look.error
                continue
            look = self._look = _Look(self.database.wakeups.ticket(TOPIC), loop.time())
            self._looking = True
            try:
                with CancelScope(shield=True):
                    await self._read()
                look.answered = True
            except DatabaseUnavailableError as error:
                look.error = error
                raise
            finally:
                self._looking = False
                look.ended.set()

    async def _read(self) -> None:
        async with self.database.reading() as reading:
            if self._newest < 0:
                _, self._newest = await live.span(reading)
                return
            while rows := await live.after(reading, self._newest, PAGE):
                self._rows.extend(rows)
                self._newest = rows[-1].seq
                if len(rows) < PAGE:
                    return


async def stream(
    tail: Tail, after: int | None, stop: asyncio.Event, still_welcome: Callable[[], Awaitable[bool]]
) -> AsyncGenerator[bytes, None]:
    """Yield events after `after` (None: from now on) until `stop` is set or the reader is no longer welcome."""
    database = tail.database
    loop = asyncio.get_running_loop()
    began: tuple[int, bool] | None = None
    while began is None:
        ticket = database.wakeups.ticket(TOPIC)
        try:
            with CancelScope(shield=True):
                began = await tail.begin(after)
        except DatabaseUnavailableError:  # the answer has begun: who waits here is told of nothing until it is back
            if stop.is_set():
                return
            await database.wakeups.wait(TOPIC, ticket, POLL_S)
    seq, reset = began
    if reset:
        yield _event("reset", seq, {"at": utc(database.clock())})
    tail.listeners += 1
    beat_at = loop.time()
    try:
        while not stop.is_set():
            ticket = database.wakeups.ticket(TOPIC)
            try:
                if due := loop.time() >= beat_at:
                    with CancelScope(shield=True):
                        if not await still_welcome():
                            return
                seq, text = await tail.after(seq, ticket)
            except DatabaseUnavailableError:
                await database.wakeups.wait(TOPIC, ticket, POLL_S)
                continue
            if text:
                yield text
            if due:
                beat_at = loop.time() + HEARTBEAT_S * random.uniform(0.8, 1)  # noqa: S311 - not all in one moment
                yield _event("heartbeat", seq, {"at": utc(database.clock())})
            elif not text:
                await database.wakeups.wait(TOPIC, ticket, min(tail.old_at, beat_at) - loop.time())
    finally:
        tail.listeners -= 1


def _told(row: LiveRow) -> bytes:
    return _event(
        row.kind, row.seq, {"kind": row.kind, "subject": row.subject, "version": row.version, "at": utc(row.at)}
    )


def _event(name: str, seq: int, data: dict[str, str | int | None]) -> bytes:
    text = json.dumps({"seq": seq, **data}, separators=(",", ":"))
    return f"id: {seq}\nevent: {name}\ndata: {text}\n\n".encode()
