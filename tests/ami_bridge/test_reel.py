"""The reel: every frame once and in order, whatever disk, clock and process do, and nothing unread is deleted."""

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ami_bridge.reel import ALARM_AT, TRY_DISK_EVERY, Reel, ReelTakenError
from ami_bridge.tape import Tape
from tests.ami_bridge.reels import AT, DAY, SMALL, Disk, drained, frame, numbers, tapes
from tests.waiting import until


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """The disk under all tapes of a test."""
    found = Disk()
    monkeypatch.setattr(os, "pwrite", found.pwrite)
    return found


def test_frames_come_back_with_their_tape_and_only_after_start(tmp_path: Path) -> None:
    reel = Reel(tmp_path, "pbx-1", AT)
    reel.append([(AT, [frame(1)]), (AT, [frame(2)])])
    assert reel.read() == []
    reel.start({})
    assert reel.unread_bytes() > 0
    batch = reel.read()
    assert numbers(batch) == [1, 2]
    assert [(one.at, one.tape, one.safe) for one in batch] == [(AT, Tape.load(reel.path).id, True)] * 2
    assert reel.unread_bytes() == 0
    reel.append([(AT, [frame(3)])])
    assert drained(reel) == [3]


def test_a_new_tape_begins_with_each_day_and_when_one_is_full(tmp_path: Path) -> None:
    reel = Reel(tmp_path, "pbx-1", AT, SMALL)
    reel.start({})
    midnight = datetime(2026, 3, 15, tzinfo=UTC)
    reel.append([(midnight - timedelta(seconds=1), [frame(1)]), (midnight, [frame(2)])])
    for n in range(3, 40):
        reel.append([(midnight, [frame(n)])])
    sizes = [path.stat().st_size for path in tapes(tmp_path)]
    assert len(sizes) > 3
    assert max(sizes) < SMALL.tape_bytes + 200
    assert {path.name[:8] for path in tapes(tmp_path)} == {"20260314", "20260315"}
    batches = [numbers(batch) for batch in iter(reel.read, [])]
    assert batches[0] == [1], "the frame of the day before stands alone"
    assert sum(batches, []) == list(range(1, 40))  # noqa: RUF017  # short


def test_a_batch_is_of_one_tape(tmp_path: Path) -> None:
    reel = Reel(tmp_path, "pbx-1", AT, SMALL)
    reel.start({})
    for n in range(60):
        reel.append([(AT, [frame(n)])])
    batches = list(iter(reel.read, []))
    assert all(len({one.tape for one in batch}) == 1 for batch in batches)
    assert len({batch[0].tape for batch in batches}) == len(tapes(tmp_path))


def test_the_next_process_reads_on_from_each_position(tmp_path: Path) -> None:
    first = Reel(tmp_path, "pbx-1", AT, SMALL)
    first.start({})
    for n in range(40):
        first.append([(AT, [frame(n)])])
    positions: dict[str, int] = {}
    seen: list[int] = []
    for _ in range(2):
        batch = first.read(limit=300)
        seen += numbers(batch)
        positions[batch[-1].tape] = batch[-1].end
    first.close()
    second = Reel(tmp_path, "pbx-1", AT, SMALL)
    second.append([(AT, [frame(40)])])
    second.start(positions)
    assert seen + drained(second) == list(range(41))


def test_the_order_of_tapes_is_not_the_clocks(tmp_path: Path) -> None:
    for n, at in enumerate((AT + DAY, AT, AT - DAY, AT)):
        reel = Reel(tmp_path, "pbx-1", at)
        reel.append([(at, [frame(n)])])
        reel.close()
    last = Reel(tmp_path, "pbx-1", AT - 2 * DAY)
    last.start({})
    assert drained(last) == [0, 1, 2, 3]


def test_a_bridge_is_the_same_as_long_as_its_folder_is(tmp_path: Path) -> None:
    names = []
    for folder in ("a", "a", "b"):
        reel = Reel(tmp_path / folder, "pbx-1", AT)
        names.append(reel.bridge)
        reel.close()
    assert names[0] == names[1] != names[2]
    assert all(name.startswith("bridge:pbx-1:") and len(name) == len("bridge:pbx-1:") + 8 for name in names)
    assert stat.S_IMODE((tmp_path / "a" / "bridge-id").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o700


@pytest.mark.parametrize("torn", [b"", b"0123", b"\xff" * 8, b"../../etc"])
def test_a_torn_identity_is_written_anew(tmp_path: Path, torn: bytes) -> None:
    (tmp_path / "bridge-id").write_bytes(torn)
    reel = Reel(tmp_path, "pbx-1", AT)
    assert (tmp_path / "bridge-id").read_text().strip() == reel.bridge.removeprefix("bridge:pbx-1:")


def test_two_bridges_never_share_a_folder(tmp_path: Path) -> None:
    first = Reel(tmp_path, "pbx-1", AT)
    with pytest.raises(ReelTakenError, match="INTAKE112_STATE_DIR"):
        Reel(tmp_path, "pbx-1", AT)
    first.close()
    Reel(tmp_path, "pbx-1", AT).close()


def test_the_tapes_of_another_pbx_are_left_alone(tmp_path: Path) -> None:
    """Whoever gives the PBX another name shall not get all calls of a month twice."""
    other = Reel(tmp_path, "old-name", AT)
    other.append([(AT, [frame(1)])])
    other.close()
    reel = Reel(tmp_path, "pbx-1", AT)
    reel.append([(AT, [frame(2)])])
    reel.start({})
    assert drained(reel) == [2]
    assert reel.expire(AT + 60 * DAY, {}) == []


def test_what_is_no_tape_keeps_no_other_from_being_read(tmp_path: Path) -> None:
    (tmp_path / "0.tape").mkdir()
    (tmp_path / "1.tape").write_bytes(b"hello")
    reel = Reel(tmp_path, "pbx-1", AT)
    reel.append([(AT, [frame(1)])])
    reel.start({})
    assert drained(reel) == [1]


def test_a_full_disk_loses_no_frame_and_is_left_behind_when_there_is_room_again(tmp_path: Path, disk: Disk) -> None:
    reel = Reel(tmp_path, "pbx-1", AT)
    reel.start({})
    reel.append([(AT, [frame(1)])])
    disk.room = 30
    reel.append([(AT, [frame(2)])])
    assert reel.failed is not None
    assert reel.failed.errno == errno.ENOSPC
    batch = reel.read() + reel.read()
    assert [(n, one.safe) for n, one in zip(numbers(batch), batch, strict=True)] == [(1, True), (2, False)]
    disk.room = None
    reel.append([(AT + TRY_DISK_EVERY / 2, [frame(3)])])
    assert reel.failed is not None, "not tried with every frame"
    reel.append([(AT + TRY_DISK_EVERY, [frame(4)])])
    assert reel.failed is None
    batch = reel.read() + reel.read()
    assert [(n, one.safe) for n, one in zip(numbers(batch), batch, strict=True)] == [(3, False), (4, True)]


def test_a_disk_that_stays_full_gets_no_new_files(tmp_path: Path, disk: Disk) -> None:
    reel = Reel(tmp_path, "pbx-1", AT)
    reel.start({})
    reel.append([(AT, [frame(0)])])
    before = list(tmp_path.iterdir())
    for n in range(1, 50):
        disk.room = 200  # enough for a tape's head
        reel.append([(AT + n * TRY_DISK_EVERY, [frame(n, 200)])])
    assert list(tmp_path.iterdir()) == before
    assert drained(reel) == list(range(50))


def test_a_folder_that_comes_late_is_used_then(tmp_path: Path) -> None:
    """The disk of the state folder is mounted after us; what an earlier process left there comes first, next time."""
    old = Reel(tmp_path / "kept", "pbx-1", AT)
    old.append([(AT, [frame(1)])])
    old.close()
    state = tmp_path / "state"
    state.write_text("not a folder")
    reel = Reel(state / "tapes", "pbx-1", AT)
    reel.start({})
    reel.append([(AT, [frame(2)])])
    assert reel.failed is not None
    name = reel.bridge
    state.unlink()
    shutil.copytree(tmp_path / "kept", state / "tapes")
    reel.append([(AT + DAY, [frame(3)])])
    assert reel.failed is None
    assert reel.bridge == name
    assert drained(reel) == [2, 3]
    reel.close()
    again = Reel(state / "tapes", "pbx-1", AT)
    again.start({})
    assert again.bridge == old.bridge
    assert drained(again) == [1, 3]


def test_what_was_read_leaves_the_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    reel = Reel(tmp_path / "file" / "tapes", "pbx-1", AT)
    reel.start({})
    for n in range(50):
        reel.append([(AT, [frame(n, 1000)])])
    assert reel.total_bytes() > 50_000
    assert drained(reel) == list(range(50))
    assert reel.total_bytes() == 0


def test_a_tape_that_vanished_holds_up_no_other(tmp_path: Path) -> None:
    first = Reel(tmp_path, "pbx-1", AT)
    first.append([(AT, [frame(1)])])
    first.close()
    reel = Reel(tmp_path, "pbx-1", AT)
    reel.append([(AT, [frame(2)])])
    first.path.unlink()
    reel.start({})
    assert drained(reel) == [2]


@pytest.fixture
def filled(tmp_path: Path) -> Iterator[tuple[Reel, dict[str, int]]]:
    """A reel with ten days of one tape each, all read; and their positions."""
    reel = Reel(tmp_path, "pbx-1", AT, SMALL)
    reel.start({})
    for n in range(10):
        reel.append([(AT + n * DAY, [frame(n)])])
    positions: dict[str, int] = {}
    assert drained(reel, positions) == list(range(10))
    yield reel, positions
    reel.close()


def test_a_tape_goes_when_it_is_old(tmp_path: Path, filled: tuple[Reel, dict[str, int]]) -> None:
    reel, positions = filled
    assert reel.expire(AT + SMALL.keep, positions) == []
    gone = reel.expire(AT + SMALL.keep + 3.5 * DAY, positions)
    assert gone == list(positions)[:4]
    assert [path.name[:8] for path in tapes(tmp_path)] == [f"202603{day}" for day in range(18, 24)]


def test_a_tape_that_is_not_wholly_interpreted_is_never_deleted(
    tmp_path: Path, filled: tuple[Reel, dict[str, int]]
) -> None:
    reel, positions = filled
    kept = list(positions)[2]
    positions[kept] -= 1
    gone = reel.expire(AT + 400 * DAY, positions)
    assert kept not in gone
    assert len(gone) == 8, "nor is the present one"
    assert len(tapes(tmp_path)) == 2


def test_the_oldest_goes_while_there_is_too_much_and_the_alarm_means_the_unread(tmp_path: Path) -> None:
    reel = Reel(tmp_path, "pbx-1", AT, SMALL)
    reel.start({})
    positions: dict[str, int] = {}
    for n in range(1000):
        reel.append([(AT, [frame(n)])])
        assert drained(reel, positions) == [n]
        reel.expire(AT, positions)
        assert reel.fullness() < ALARM_AT
    on_disk = sum(path.stat().st_size for path in tapes(tmp_path))
    assert reel.total_bytes() == on_disk < SMALL.max_bytes
    for n in range(1000):
        reel.append([(AT, [frame(n)])])
    reel.expire(AT, positions)
    assert reel.fullness() > 1, "nothing unread is deleted, however much there is"
    assert drained(reel) == list(range(1000))


def test_a_tape_cut_by_a_kill_expires_like_others(tmp_path: Path) -> None:
    first = Reel(tmp_path, "pbx-1", AT)
    first.append([(AT, [frame(1)])])
    first.close()
    with first.path.open("ab") as file:
        file.write(b"TapeTime: 1.0\r\nEvent: Newch")
    reel = Reel(tmp_path, "pbx-1", AT)
    reel.append([(AT, [frame(2)])])
    reel.start({})
    positions: dict[str, int] = {}
    assert drained(reel, positions) == [1, 2]
    assert len(reel.expire(AT + 60 * DAY, positions)) == 1


def test_a_process_that_heard_nothing_leaves_no_tape(tmp_path: Path) -> None:
    reel = Reel(tmp_path, "pbx-1", AT)
    assert tapes(tmp_path) == [reel.path]
    reel.close()
    assert tapes(tmp_path) == []


def test_reading_while_another_thread_writes_misses_nothing(tmp_path: Path, disk: Disk) -> None:
    reel = Reel(tmp_path, "pbx-1", AT, SMALL)
    reel.start({})
    count = 400

    def write() -> None:
        for n in range(count):
            disk.room = None if n % 100 < 70 else 0
            reel.append([(AT + n * TRY_DISK_EVERY / 4, [frame(n)])])

    writer = threading.Thread(target=write)
    writer.start()
    found: list[int] = []

    def all_came() -> bool:
        found.extend(drained(reel))
        return len(found) == count

    until(all_came, "all frames")
    writer.join()
    assert found == list(range(count))


KILLED = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from ami_bridge.reel import Limits, Reel

at = datetime.fromtimestamp(1_773_453_566, UTC)
reel = Reel(Path(sys.argv[1]), "pbx-1", at, Limits(tape_bytes=2_000))
for n in range(1_000_000):
    reel.append([(at, [b"Event: X\\r\\nN: %d" % n])])
    print(n, flush=True)
"""


def test_what_append_returned_for_survives_kill_9(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        while (line := process.stdout.readline()) and int(line) < 150:
            pass
        process.send_signal(signal.SIGKILL)
        promised = int((line + process.stdout.read()).split()[-1])
    assert promised >= 150
    reel = Reel(tmp_path, "pbx-1", AT)
    reel.start({})
    found = drained(reel)
    assert found == list(range(len(found)))
    assert len(found) in (promised + 1, promised + 2)
