"""A log is read on from a mark through everything that rotates it: nothing twice, nothing left out."""

import gzip
import os
import shutil
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ami_bridge import logfile
from ami_bridge.logfile import Log, Mark, end_of, lines_after


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the log is; nothing is there yet."""
    return tmp_path / "cel.csv"


def write(path: Path, *lines: str) -> None:
    """Append whole lines, as Asterisk does."""
    with path.open("a") as file:
        file.writelines(f"{line}\n" for line in lines)


def behind(path: Path, lines: int) -> Mark:
    """Return the mark of one who has read so many lines."""
    log = Log(path, None)
    reading = iter(log)
    for _ in range(lines):
        next(reading)
    assert log.mark is not None
    return log.mark


def aged(path: Path, days: int) -> Path:
    """Make it so many days old."""
    os.utime(path, (1_800_000_000 - days * 86400,) * 2)
    return path


def after(path: Path, mark: Mark | None) -> str:
    """Return what is read after a mark, its lines joined by spaces."""
    return b" ".join(line.rstrip() for line in lines_after(path, mark)).decode()


def pack(path: Path) -> None:
    """Do what logrotate's `compress` does: another file, the same time."""
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    packed = path.with_name(f"{path.name}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    os.utime(packed, ns=times)
    path.unlink()


def test_reading_goes_on_where_it_stood(path: Path) -> None:
    write(path, "a", "b")
    log = Log(path, None)
    assert list(log) == [b"a\n", b"b\n"]
    assert log.mark == end_of(path)
    write(path, "c")
    assert after(path, log.mark) == "c"


def test_a_mark_is_a_text_and_back() -> None:
    assert Mark.parse(str(Mark(17, 4096, 5))) == Mark(17, 4096, 5)
    assert [Mark.parse(text) for text in ("", "17", "17:1:", "x:1:2", "1:-2:3")] == [None] * 5


def test_the_end_is_behind_the_last_whole_line(path: Path) -> None:
    assert end_of(path) is None
    for text, offset in (("", 0), ("half", 0), ("a\n" + "half" * logfile.BLOCK, 2), ("a\nb\n", 4)):
        path.write_text(text)
        end = end_of(path)
        assert end is not None
        assert end.offset == offset


def test_a_half_written_line_comes_when_it_is_whole(path: Path) -> None:
    path.write_text("a\nhal")
    log = Log(path, None)
    assert list(log) == [b"a\n"]
    with path.open("a") as file:
        file.write("f\n")
    assert after(path, log.mark) == "half"


def test_a_line_completed_while_we_read_is_not_taken_for_a_new_one(path: Path) -> None:
    path.write_text("a\nhal")
    log = Log(path, None)
    reading = iter(log)
    assert next(reading) == b"a\n"
    with path.open("a") as file:
        file.write("f\nb\n")
    assert [*reading, *lines_after(path, log.mark)] in ([b"half\n", b"b\n"], [b"half\n", b"b\n"])


def test_rotated_by_rename_twice_the_rest_and_all_that_followed_are_read(path: Path) -> None:
    write(path, "a", "b")
    mark = behind(path, 1)
    path.rename(aged(path, 2).with_name("cel.csv.2"))
    write(path, "c")
    path.rename(aged(path, 1).with_name("cel.csv.1"))
    write(path, "d")
    assert after(path, mark) == "b c d"
    assert after(path, None) == "a b c d"


@pytest.mark.parametrize("name", ["cel.csv.1", "cel.csv-20260314", "cel.csv-20260314-1773446400", "cel.1.csv"])
def test_names_of_rotated_files(path: Path, name: str) -> None:
    write(path, "a", "b")
    mark = behind(path, 1)
    path.rename(path.with_name(name))
    write(path, "c")
    write(path.with_name("cel.csv.old"), "not a log of ours")
    write(path.with_name("other.csv.1"), "another")
    assert after(path, mark) == "b c"


def test_files_restored_with_one_time_are_in_the_order_of_their_names(path: Path) -> None:
    for name, line in (("cel.csv.1", "c"), ("cel.csv.2", "b"), ("cel.csv.10", "a"), ("cel.csv", "d")):
        write(path.with_name(name), line)
        aged(path.with_name(name), 1)
    assert after(path, None) == "a b c d"
    for name in ("cel.csv.1", "cel.csv.2", "cel.csv.10"):
        path.with_name(name).unlink()
    for day, line in (("20260314", "b"), ("20260313", "a")):
        write(path.with_name(f"cel.csv-{day}"), line)
        aged(path.with_name(f"cel.csv-{day}"), 1)
    assert after(path, None) == "a b d"


def test_asterisk_writes_on_under_the_old_name_until_it_reopens(path: Path) -> None:
    """logrotate renames and creates; Asterisk holds the old file open until it is told."""
    write(path, "a")
    held_open = path.rename(path.with_name("cel.csv.1"))
    path.touch()
    log = Log(path, None)
    assert list(log) == [b"a\n"]
    write(held_open, "b")
    write(path, "c")
    assert after(path, log.mark) == "b c"


def test_packed_files_are_read_and_a_mark_in_one_of_them_is_found(path: Path) -> None:
    write(path, "a")
    path.rename(aged(path, 2).with_name("cel.csv.2"))
    pack(path.with_name("cel.csv.2"))
    write(path, "b", "c")
    mark = behind(path, 2)
    path.rename(aged(path, 1).with_name("cel.csv.1"))
    pack(path.with_name("cel.csv.1"))
    write(path, "d")
    assert after(path, None) == "a b c d"
    assert after(path, mark) == "c d"


def test_a_file_that_is_just_being_packed_is_read_once(path: Path) -> None:
    write(path, "a")
    path.rename(path.with_name("cel.csv.1"))
    path.with_name("cel.csv.1.gz").write_bytes(gzip.compress(b"a\n")[:9])
    write(path, "b")
    assert after(path, None) == "a b"


def test_a_damaged_packed_file_costs_only_itself(path: Path) -> None:
    for name in ("cel.csv.3", "cel.csv.2", "cel.csv.1"):
        write(path.with_name(name), *(f"{name}-{n}" for n in range(2000)))
        aged(path.with_name(name), int(name[-1]))
    pack(path.with_name("cel.csv.2"))
    packed = path.with_name("cel.csv.2.gz")
    whole = packed.read_bytes()
    packed.write_bytes(whole[: len(whole) // 2])
    aged(packed, 2)
    write(path, "last")
    read = after(path, None).split()
    assert [line for line in read if line.startswith("cel.csv.3")] == [f"cel.csv.3-{n}" for n in range(2000)]
    assert read[-1] == "last"


def test_emptied_in_place_after_a_copy_the_rest_is_in_the_copy(path: Path) -> None:
    """copytruncate: the file keeps its inode, and may be as long as before by the time that we look."""
    write(path, "a", "b", "c")
    early, late = behind(path, 1), end_of(path)
    shutil.copyfile(path, path.with_name("cel.csv.1"))
    os.truncate(path, 0)
    assert after(path, early) == "b c"
    assert after(path, late) == ""
    write(path, "d", "e", "f", "g")
    log = Log(path, late)
    assert list(log) == [b"d\n", b"e\n", b"f\n", b"g\n"]
    assert log.mark == end_of(path)
    assert after(path, early) == "b c d e f g"


def test_a_mark_in_a_file_that_was_emptied_for_good_is_not_believed(path: Path) -> None:
    write(path, "a", "b", "c")
    mark = end_of(path)
    os.truncate(path, 0)
    write(path, "d", "e", "f", "g")
    log = Log(path, mark)
    assert not log.resumed
    assert list(log) == [b"d\n", b"e\n", b"f\n", b"g\n"]


def test_the_mark_of_a_deleted_file_reads_all_files_that_may_hold_what_came_since(path: Path) -> None:
    for name, days in (("cel.csv.2", 20), ("cel.csv.1", 10), ("cel.csv", 1)):
        write(path.with_name(name), name)
        aged(path.with_name(name), days)
    log = Log(path, Mark(1, 2, 3), datetime.fromtimestamp(1_800_000_000 - 15 * 86400, UTC))
    assert not log.resumed
    assert list(log) == [b"cel.csv.1\n", b"cel.csv\n"]


def test_a_torn_end_of_a_rotated_file_is_left_out(path: Path) -> None:
    path.with_name("cel.csv.1").write_text("a\nb\ntor")
    write(path, "c")
    assert after(path, None) == "a b c"


def test_a_file_that_is_not_there_has_no_lines(path: Path) -> None:
    assert after(path, None) == ""
    assert after(path.parent / "no-such-folder" / "cel.csv", Mark(1, 1, 1)) == ""
    assert Log(path, None).mark is None


def test_a_file_that_may_not_be_read_is_an_error(path: Path) -> None:
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        after(path, None)


def test_a_line_without_an_end_does_not_eat_the_memory(path: Path) -> None:
    with path.open("wb") as file:
        for _ in range(20):
            file.write(b"\0" * logfile.LONGEST)
        file.write(b"x\nb\n")
    tracemalloc.start()
    assert list(lines_after(path, None)) == [b"x\n", b"b\n"]
    assert tracemalloc.get_traced_memory()[1] < 4 * logfile.LONGEST
    tracemalloc.stop()


def test_a_long_file_is_not_held_in_memory(path: Path) -> None:
    lines = 200_000
    with path.open("wb") as file:
        file.writelines(b'"CHAN_START","%d",' % n + b"x" * 80 + b"\n" for n in range(lines))
    tracemalloc.start()
    assert sum(1 for _ in lines_after(path, None)) == lines
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(["write", "read", "rename", "rename-late", "copytruncate"]), max_size=30))
def test_whatever_rotates_it_every_line_is_read_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, steps: list[str]
) -> None:
    path = tmp_path_factory.mktemp("any") / "queue_log"
    path.touch()
    written = rotated = 0
    pen = path.open("a")
    mark: Mark | None = None
    read: list[int] = []

    def rotate(move: object) -> None:
        nonlocal rotated
        rotated += 1
        assert callable(move)
        move(path, path.with_name(f"queue_log-{20260000 + rotated}"))

    def take() -> None:
        nonlocal mark
        log = Log(path, mark)
        read.extend(int(line) for line in log)
        mark = log.mark

    for step in steps:
        match step:
            case "write":
                written += 1
                pen.write(f"{written}\n")
                pen.flush()
            case "read":
                take()
            case "rename":  # and Asterisk is told at once
                pen.close()
                rotate(os.rename)
                pen = path.open("a")
            case "rename-late":  # Asterisk writes on under the old name, until the next rotation
                rotate(os.rename)
                path.touch()
            case _:
                take()  # what is read by then; the other case has a test of its own
                if os.fstat(pen.fileno()).st_ino == path.stat().st_ino:
                    rotate(shutil.copyfile)
                    os.truncate(path, 0)
    take()
    pen.close()
    assert read == list(range(1, written + 1))
