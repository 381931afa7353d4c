"""Wake-ups between those who write and those who wait.

The wake-up is a courtesy, the poll is the guarantee: a waiter always gives a timeout of at most a second, and reads the
database again whether it was woken or not. A waiter takes a ticket *before* it reads, so that a wake-up which comes
between its reading and its waiting is not slept through.
"""

import asyncio
import contextlib
from collections import defaultdict


async def rest(event: asyncio.Event, seconds: float) -> None:
    """Wait for so long, unless the event is set before."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


class Wakeups:
    """Named topics in one process. Not thread-safe: use it from the event loop only."""

    def __init__(self) -> None:
        self._generation: defaultdict[str, int] = defaultdict(int)
        self._waiting: defaultdict[str, set[asyncio.Future[None]]] = defaultdict(set)

    def ticket(self, topic: str) -> int:
        """Return the topic's present generation; take it before reading what the topic is about."""
        return self._generation[topic]

    def notify(self, topic: str) -> None:
        """Wake everyone who waits for the topic."""
        self._generation[topic] += 1
        for future in self._waiting.pop(topic, ()):
            if not future.done():
                future.set_result(None)

    async def wait(self, topic: str, ticket: int, timeout_s: float) -> bool:
        """Return True when the topic was notified since `ticket`, False after `timeout_s` seconds without."""
        if self._generation[topic] != ticket:
            return True
        future = asyncio.get_running_loop().create_future()
        self._waiting[topic].add(future)
        try:
            async with asyncio.timeout(timeout_s):
                await future
        except TimeoutError:
            return False
        finally:
            if topic in self._waiting:
                self._waiting[topic].discard(future)
        return True
