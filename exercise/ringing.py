"""A centre's day: one caller after the other, most of them answered, some who give up, one without a number."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Final

from exercise import people, tapes
from exercise.pbx import DESKS, Pause, PretendAsterisk
from exercise.story import NOBODY, Story

FIRST_RING_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Kind:
    """A story, how often it comes compared to the others, and how long (from, to; seconds) people wait and talk."""

    story: str
    weight: int
    waits: tuple[float, float] = (3, 9)
    talks: tuple[float, float] = (10, 25)


MIX: Final = (
    Kind("answered", 10),
    Kind("answered-operator-hangs-up", 4, talks=(6, 12)),
    Kind("all-ring-one-takes", 4),
    Kind("withheld", 2),
    Kind("no-number", 1, talks=(4, 8)),
    Kind("abandoned-in-queue", 4, waits=(6, 15)),
    Kind("abandoned-before-queue", 2),
    Kind("abandoned-before-queue-cancel", 1),
)


async def ring_forever(
    pbx: PretendAsterisk,
    every_s: float,
    *,
    random: Random,
    pause: Pause = asyncio.sleep,
    mix: Sequence[Kind] = MIX,
    desks: Sequence[str] = DESKS,
) -> None:
    """Let invented callers ring, `every_s` seconds apart, until this is cancelled.

    The first one rings a second after somebody has logged in, and is answered. A desk plays in one call at a time, and
    in none while the queue does not ring it; when too few are free for a story, the caller of that turn gives up before
    he reaches the queue.
    Raises tapes.NoStoryError when a tape of the mix is missing.
    """
    stories = {kind.story: tapes.load(kind.story) for kind in mix}
    free = list(desks)

    def rung() -> list[str]:
        return [desk for desk in free if pbx.switch.rings(desk)]

    async def call(story: Story, playing: Sequence[str]) -> None:
        number, name = people.caller(random)
        known = story.callers[0]
        try:
            await pbx.play(
                story,
                number=None if known[0] in NOBODY else number,
                name=None if known[1] in NOBODY else name,
                desks=dict(zip(story.desks, playing, strict=True)),
            )
        finally:
            free.extend(playing)

    await pbx.logged_in.wait()
    await pause(FIRST_RING_S)
    kind = mix[0]
    async with asyncio.TaskGroup() as calls:
        while True:
            story = stories[kind.story].paced(waits=_between(random, kind.waits), talks=_between(random, kind.talks))
            if len(story.desks) <= len(rung()):
                playing = rung()[: len(story.desks)]
                for desk in playing:
                    free.remove(desk)
                calls.create_task(call(story, playing))
            await pause(every_s)
            fitting = [kind for kind in mix if len(stories[kind.story].desks) <= len(rung())] or [mix[-1]]
            (kind,) = random.choices(fitting, [kind.weight for kind in fitting])


def _between(random: Random, seconds: tuple[float, float]) -> timedelta:
    return timedelta(seconds=round(random.uniform(*seconds), 3))
