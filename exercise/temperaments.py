"""How the people and the machine of a pretend agency behave: a table, from the best to the worst that a centre meets.

What the people do is a row of steps; how the machine hears is its `door`. `exercise.agency` plays both.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final

DRIP_EVERY_S: Final = 1.0
LONGEST_DRIP: Final = 3600  # drops


class Door(Enum):
    """How the agency's machine hears the centre."""

    OPEN = "it takes what is signed, and answers at once"
    SHUT = "it refuses connections"
    DRIPS = "it takes the connection and dribbles an HTTP answer that never ends"


@dataclass(frozen=True, slots=True)
class Step:
    """What the people there answer, and when: `after_s` seconds after the step before.

    With `of_deadline` the seconds count from the time to accept instead (negative: before it). `sequence` is the
    agency's own count when it is not that of the row, `age_s` how long ago it was by the agency's clock.
    """

    answer: str
    after_s: float
    note: str | None = None
    of_deadline: bool = False
    sequence: int | None = None
    age_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Temperament:
    """What an agency does with a dispatch. With `wrong_token` it signs its answers with a token that is not its own."""

    steps: tuple[Step, ...] = ()
    door: Door = Door.OPEN
    wrong_token: bool = False


GOES: Final = Temperament((Step("accepted", 4), Step("en_route", 8), Step("on_scene", 20), Step("resolved", 45)))
PROMPT: Final = Temperament((Step("accepted", 3),))
JUST_IN_TIME: Final = Temperament((Step("accepted", -2, of_deadline=True),))
LATE: Final = Temperament((Step("accepted", 10, of_deadline=True), Step("en_route", 15)))
SILENT: Final = Temperament()
REJECTS: Final = Temperament((Step("rejected", 15, "Bukan wewenang kami (rekaan)"),))
TWICE: Final = Temperament((Step("accepted", 5), Step("accepted", 1, sequence=1), Step("en_route", 20, sequence=2)))
OUT_OF_ORDER: Final = Temperament((Step("en_route", 10, sequence=2), Step("accepted", 5, sequence=1, age_s=12)))
WRONGLY_SIGNED: Final = Temperament((Step("accepted", 3),), wrong_token=True)
DOWN: Final = Temperament(door=Door.SHUT)
SLOW_LORIS: Final = Temperament((Step("accepted", 3),), door=Door.DRIPS)

TEMPERAMENTS: Final[Mapping[str, Temperament]] = MappingProxyType(
    {
        "goes": GOES,
        "prompt": PROMPT,
        "just-in-time": JUST_IN_TIME,
        "late": LATE,
        "silent": SILENT,
        "rejects": REJECTS,
        "twice": TWICE,
        "out-of-order": OUT_OF_ORDER,
        "wrongly-signed": WRONGLY_SIGNED,
        "down": DOWN,
        "slow-loris": SLOW_LORIS,
    }
)


async def dribble(writer: asyncio.StreamWriter, pause: Callable[[float], Awaitable[None]]) -> None:
    """Begin an HTTP answer and give a byte of it now and then, until the other side has had enough."""
    with contextlib.suppress(OSError):
        writer.write(b"HTTP/1.1 200 OK\r\nx-slow: ")
        for _ in range(LONGEST_DRIP):
            await writer.drain()
            await pause(DRIP_EVERY_S)
            if writer.is_closing():
                return
            writer.write(b"x")
