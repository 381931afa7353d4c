"""The pretend Asterisk in a thread of its own, so that a test may wait for the product's process meanwhile."""

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from exercise.pbx import DESKS, Clock, PretendAsterisk
from intake112.clock import SteadyClock

T = TypeVar("T")
CLOCK = SteadyClock()


class Pretend:
    """Use as a context manager; `do` runs a coroutine beside the PBX and gives its result."""

    def __init__(self, clock: Clock = CLOCK, members: Sequence[str] = DESKS) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="pretend-asterisk")
        self.pbx = PretendAsterisk(clock, members=members)

    def do(self, work: Coroutine[Any, Any, T], within_s: float = 60) -> T:
        """Run a coroutine in the PBX's loop and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(within_s)

    def say(self, *frames: bytes) -> None:
        """Say these frames, one behind the other."""

        async def speak() -> None:
            for raw in frames:
                self.pbx.say(raw)

        self.do(speak())

    def settings(self, port: int | None = None) -> dict[str, str]:
        """What joins the product to it, by another port if one is given."""
        return {
            "INTAKE112_PBX": "pbx-1",
            "INTAKE112_AMI_HOST": self.pbx.host,
            "INTAKE112_AMI_PORT": str(port or self.pbx.port),
            "INTAKE112_AMI_USERNAME": self.pbx.username,
            "INTAKE112_AMI_SECRET": self.pbx.secret,
        }

    def acting(self) -> dict[str, str]:
        """What lets the product act on it as well: members of the queue come and go."""
        return self.settings() | {
            "INTAKE112_CONTROL_USERNAME": self.pbx.control,
            "INTAKE112_CONTROL_SECRET": self.pbx.control_secret,
        }

    def __enter__(self) -> Self:
        self._thread.start()
        self.do(self.pbx.__aenter__())
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.do(self.pbx.__aexit__(None, None, None))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
