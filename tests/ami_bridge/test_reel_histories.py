"""Any history of a reel: each frame comes once, in order, and nothing is deleted that nobody has saved as read."""

import os
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ami_bridge.reel import Reel
from tests.ami_bridge.reels import AT, DAY, SMALL, Disk, frame, numbers, tapes


class AnyHistory(RuleBasedStateMachine):
    """Any order of appending, reading, saving, expiring, restarts, and a disk that is full or not."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.disk = Disk()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(os, "pwrite", self.disk.pwrite)
        self.now = AT
        self.sent = 0
        self.in_memory: set[int] = set()  # at the next restart nobody has them any more, unless they were saved
        self.lost: set[int] = set()
        self.last = self.last_saved = -1
        self.last_on: dict[str, int] = {}  # the last number seen on each tape
        self.ends: dict[str, int] = {}
        self.positions: dict[str, int] = {}
        self.reel = Reel(self.folder, "pbx-1", self.now, SMALL)
        self.reel.start({})

    @rule(sizes=st.lists(st.integers(0, 400), min_size=1, max_size=6), later_s=st.integers(-4_000, 60_000))
    def append(self, sizes: list[int], later_s: int) -> None:
        self.now += timedelta(seconds=later_s)
        self.reel.append([(self.now, [frame(self.sent + n, size) for n, size in enumerate(sizes)])])
        if self.reel.failed is not None:
            self.in_memory |= set(range(self.sent, self.sent + len(sizes)))
        self.sent += len(sizes)

    @rule(limit=st.integers(50, 2000))
    def read_on(self, limit: int) -> None:
        self.read(limit)

    def read(self, limit: int) -> bool:
        """Read a batch and see that it is what must come now; False: there is none."""
        batch = self.reel.read(limit)
        for n, one in zip(numbers(batch), batch, strict=True):
            missing = set(range(self.last + 1, n)) - self.lost
            assert n > self.last, "a frame came twice, or out of order"
            assert not missing, "a frame did not come"
            assert one.safe or n in self.in_memory
            self.last = n
        if batch:
            assert len({one.tape for one in batch}) == 1
            self.ends[batch[-1].tape] = batch[-1].end
            self.last_on[batch[-1].tape] = self.last
        return bool(batch)

    @rule()
    def save(self) -> None:
        self.positions |= self.ends
        self.last_saved = self.last

    @rule(room=st.one_of(st.none(), st.just(0), st.integers(1, 2000)))
    def disk_changes(self, room: int | None) -> None:
        self.disk.room = room

    @rule(days=st.integers(0, 60))
    def expire(self, days: int) -> None:
        gone = self.reel.expire(self.now + days * DAY, self.positions)
        assert all(self.last_on.get(tape, -1) <= self.last_saved for tape in gone), "nobody has saved it"

    @rule()
    def restart(self) -> None:
        self.reel.close()
        self.lost |= self.in_memory
        self.in_memory.clear()
        self.last, self.ends, self.last_on = self.last_saved, {}, {}
        self.reel = Reel(self.folder, "pbx-1", self.now, SMALL)
        self.reel.start(self.positions)

    @invariant()
    def numbers_add_up(self) -> None:
        if hasattr(self, "reel"):
            assert self.reel.unread_bytes() >= 0
            assert self.reel.total_bytes() >= 0

    def teardown(self) -> None:
        if not hasattr(self, "reel"):
            return
        try:
            while self.read(100_000):
                pass
            assert set(range(self.last + 1, self.sent)) <= self.lost, "the last frames did not come"
            assert self.reel.unread_bytes() == 0
            on_disk = sum(path.stat().st_size for path in tapes(self.folder))
            assert self.reel.total_bytes() <= on_disk, "what was read is still in memory"
        finally:
            self.reel.close()
            self.patch.undo()
            shutil.rmtree(self.folder)


TestAnyHistory = AnyHistory.TestCase
TestAnyHistory.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
