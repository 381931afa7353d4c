"""Memory stays bounded over many calls: what a process keeps of a call should be gone when the call is over.

A leak is what raises the *least* that the process holds, so that is compared: in the sixth tenth of the calls, and in
the last one. Counted over 100,000 calls: Python's own objects stay (159,300 after 7,000 calls, 159,200 at the end), and
so does what the C library has lent out (30.5 MB, 30.9 MB: SQLite's page caches are the difference). Free memory between
blocks in use grew by 4.9 MB beside other load until `intake112.heap` kept large pieces away from small ones.
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
WARMS_UP_KB = 10 << 10  # since the first tenth: SQLite's page caches (4 MB), and as much again torn between them
GROWS_KB = (4 if PROVE else 10) << 10  # 40,000 calls later: 100 bytes a call; its key and a time, kept, are 143
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
