"""The tape: what is appended is read back in the same bytes, whatever the disk and `kill -9` do."""

import errno
import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ami_bridge import tape
from ami_bridge.frames import Splitter
from ami_bridge.tape import Tape, TapeError

AT = datetime(2026, 3, 14, 1, 59, 26, 535897, tzinfo=UTC)
LATER = AT.replace(year=2027)
FRAMES = [b"Event: Newchannel\r\nCallerIDName: Jos\xe9 \xe2\x80\xa8x", b"Event: Hangup\r\nCause: 16"]


def frames_of(reel: Tape, position: int = 0) -> list[bytes]:
    """Return the frames from a position on."""
    found: list[bytes] = []
    while batch := reel.read(position):
        found += [recorded.raw for recorded in batch]
        position = batch[-1].end
    return found


def test_frames_come_back_byte_for_byte_with_their_time(tmp_path: Path) -> None:
    reel = Tape.create(tmp_path, "bridge:pbx-1", AT)
    reel.append([(AT, FRAMES)])
    batch = reel.read(0)
    assert [recorded.raw for recorded in batch] == FRAMES
    assert [recorded.at for recorded in batch] == [AT, AT]
    assert {recorded.tape for recorded in batch} == {reel.id}
    assert batch[-1].end == reel.size == reel.path.stat().st_size


def test_only_the_owner_may_read_a_tape(tmp_path: Path) -> None:
    reel = Tape.create(tmp_path / "tapes", "b", AT)
    assert stat.S_IMODE(reel.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(reel.path.parent.stat().st_mode) == 0o700


def test_a_tape_is_a_valid_ami_stream(tmp_path: Path) -> None:
    reel = Tape.create(tmp_path, "b", AT)
    reel.append([(AT, FRAMES)])
    stream = Splitter().feed(reel.path.read_bytes())
    assert stream[0].startswith(b"Tape: " + reel.id.encode())
    assert [frame.partition(b"\r\n")[2] for frame in stream[1:]] == FRAMES


def test_appending_is_on_the_disk_before_it_returns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    real = os.fdatasync

    def watched(fd: int) -> None:
        real(fd)
        synced.append(fd)

    monkeypatch.setattr(os, "fdatasync", watched)
    reel = Tape.create(tmp_path, "b", AT)
    reel.append([(AT, FRAMES)])
    assert len(synced) == 2, "once for the first frame, once for the group"


def test_reading_goes_on_from_a_position_in_small_pieces(tmp_path: Path) -> None:
    reel = Tape.create(tmp_path, "b", AT)
    many = [b"Event: Newchannel\r\nUniqueid: %d" % n for n in range(500)]
    reel.append([(AT, many)])
    found, position = [], 0
    while batch := reel.read(position, limit=100):
        found += [recorded.raw for recorded in batch]
        position = batch[-1].end
    assert found == many


def test_a_frame_larger_than_a_piece_is_read_whole(tmp_path: Path) -> None:
    reel = Tape.create(tmp_path, "b", AT)
    reel.append([(AT, [b"Event: X\r\nBig: " + b"y" * 5000]), (AT, [FRAMES[1]])])
    (big,) = reel.read(0, limit=50)
    assert big.raw.endswith(b"y" * 5000)
    assert [recorded.raw for recorded in reel.read(big.end, limit=500)] == [FRAMES[1]]


def test_a_torn_last_frame_is_not_read_and_what_stands_before_it_is(tmp_path: Path) -> None:
    reel = Tape.create(tmp_path, "b", AT)
    reel.append([(AT, FRAMES)])
    reel.close()
    with reel.path.open("ab") as file:
        file.write(b"TapeTime: 1.0\r\nEvent: Newch")
    loaded = Tape.load(reel.path)
    assert frames_of(loaded) == FRAMES
    assert loaded.torn == len(b"TapeTime: 1.0\r\nEvent: Newch")
    assert loaded.size == reel.size, "its end is where reading ends: it can be deleted one day"


def test_a_tape_that_is_opened_again_knows_its_place_and_its_last_frame(tmp_path: Path) -> None:
    reel = Tape.create(tmp_path, "bridge:pbx-1:0123abcd", AT, number=7)
    empty = Tape.load(reel.path)
    assert (empty.number, empty.bridge, empty.until, empty.size) == (7, "bridge:pbx-1:0123abcd", None, reel.size)
    reel.append([(AT, [FRAMES[0]]), (LATER, [b"Event: X\r\nBig: " + b"y\r\n" * (tape.TAIL // 2)])])
    loaded = Tape.load(reel.path)
    assert (loaded.until, loaded.size, loaded.torn) == (LATER, reel.size, 0)


def test_what_the_disk_has_spoilt_is_passed_over(tmp_path: Path) -> None:
    reel = Tape.create(tmp_path, "b", AT)
    reel.append([(AT, FRAMES)])
    stored = reel.path.read_bytes()
    reel.path.write_bytes(stored.replace(b"TapeTime: 1773", b"TapeTime: \0\0\0\0", 1))
    batch = Tape.load(reel.path).read(0)
    assert [recorded.raw for recorded in batch] == [b"", FRAMES[1]]
    assert batch[-1].end == len(stored)


def test_a_full_disk_costs_the_evidence_and_no_ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reel = Tape.create(tmp_path, "b", AT)
    reel.append([(AT, [FRAMES[0]])])
    position = reel.size

    def full(fd: int, data: bytes, offset: int) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    reel.append([(AT, [FRAMES[1]])])
    reel.append([(AT, [b"Event: Shutdown"])])
    assert reel.failed is not None
    assert reel.failed.errno == errno.ENOSPC
    assert frames_of(reel, position) == [FRAMES[1], b"Event: Shutdown"]
    assert frames_of(reel) == [*FRAMES, b"Event: Shutdown"]
    assert [reel.read(at)[0].safe for at in (0, position)] == [True, False]


def test_a_folder_that_cannot_be_written_gives_a_tape_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    reel = Tape.create(tmp_path / "file" / "tapes", "b", AT)
    reel.append([(AT, [FRAMES[0]])])
    assert reel.failed is not None
    assert frames_of(reel) == [FRAMES[0]]


def test_what_is_no_tape_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "x.tape").write_bytes(b"Event: X\r\n\r\n")
    with pytest.raises(TapeError, match=r"x\.tape is not a tape"):
        tape.read_all(tmp_path / "x.tape")


def test_what_was_interpreted_leaves_the_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    reel = Tape.create(tmp_path / "file" / "tapes", "b", AT)
    reel.append([(AT, [FRAMES[0]])])
    position = reel.read(0)[-1].end
    reel.forget(position)
    reel.append([(AT, [FRAMES[1]])])
    assert frames_of(reel, position) == [FRAMES[1]]
    assert len(reel._memory) == reel.size - position
