"""Memory stays bounded over many calls: what a process keeps of a call should be gone when the call is over.

A leak is what raises the *least* that the process holds, so that is compared: in the sixth tenth of the calls, and in
the last one. The allocator's own comes and goes by some 5 MB.

What comes up before was counted up to the 4,000th call only: Python's own objects do not grow there (160,182 after the
1,000th, 160,445 after the 3,000th), nor does what tracemalloc sees (1 to 4 MB, with the load of the moment); SQLite's
page caches may take 10 MB (five connections of 2 MB), the rest is put down to the allocator. Not counted further on, so
neither bound rests on more than runs that stayed below it; some did not.
"""

import contextlib
import os
import sqlite3
from pathlib import Path

import pytest

from exercise import tapes
from exercise.story import Story
from tests.acceptance.product import Product
from tests.faults.pretend import CLOCK, Pretend
from tests.waiting import until

PROVE = bool(os.environ.get("INTAKE112_PROVE"))
CALLS = 100_000 if PROVE else 500
BATCH = 50  # calls that the product is behind at most: it is fed as fast as it can read
WARMS_UP_KB = 40 << 10  # since the first tenth
GROWS_KB = (4 if PROVE else 16) << 10  # 40,000 calls later: 100 bytes a call; the small count is still warming up
STORIES = ("answered", "abandoned-in-queue")


def until_ended(file: Path, first: int, calls: int) -> None:
    """Wait until so many of the calls after the `first` ones are over; looks at no older row, so it costs the same."""
    with contextlib.closing(sqlite3.connect(file, timeout=30, isolation_level=None)) as reading:
        asking = f"SELECT count(*) FROM calls WHERE id > {first} AND stage = 'ended'"  # noqa: S608  # a number of ours
        until(lambda: reading.execute(asking).fetchall() == [(calls,)], f"{first + calls} calls are over", within_s=60)


@pytest.mark.timeout(7200)
def test_memory_is_flat(sqlite_template: Path, tmp_path: Path) -> None:
    file = tmp_path / "intake112.db"
    file.write_bytes(sqlite_template.read_bytes())
    stories: list[Story] = [tapes.load(name) for name in STORIES]
    width = max(story.width for story in stories)
    url = f"sqlite+aiosqlite:///{file}"
    with Pretend() as pretend, Product(url, tmp_path / "state", pretend.settings()) as product:
        product.start()
        at: dict[int, int] = {}
        for first in range(0, CALLS, BATCH):
            for serial in range(first, first + BATCH):
                story = stories[serial % len(stories)]
                pretend.say(*tapes.with_new_ids(story, 1000 + serial * width, CLOCK()))
            until_ended(file, first, BATCH)
            at[first + BATCH] = product.memory_kb

    def least(tenth: int) -> int:
        return min(at[calls] for calls in at if CALLS * (tenth - 1) < calls * 10 <= CALLS * tenth)

    told = f"at least {least(1)} kB in the first tenth, {least(6)} kB in the sixth, {least(10)} kB in the last"
    print(f"figure: memory over {CALLS} calls: {told}")  # noqa: T201  # for docs/proof.md
    assert least(10) - least(1) < WARMS_UP_KB
    assert least(10) - least(6) < GROWS_KB
