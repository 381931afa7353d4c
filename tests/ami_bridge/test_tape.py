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
FRAMES = [b"Event: Newchannel\r\nCallerIDName: Jos\xe9 \xe2\x80\xa8x", b"Event: Hangup\r\nCause: 16"]


def frames_of(reel: Tape, position: int = 0) -> list[bytes]:
    """Return the frames from a position on, without the tape's first."""
    found: list[bytes] = []
    while batch := reel.read(position):
        found += [recorded.raw for recorded in batch if recorded.raw]
        position = batch[-1].end
    return found


def test_frames_come_back_byte_for_byte_with_their_time(tmp_path: Path) -> None:
    reel = Tape.create(tmp_path, "bridge:pbx-1", AT)
    reel.append([(AT, raw) for raw in FRAMES])
    batch = reel.read(0)
    assert [recorded.raw for recorded in batch[1:]] == FRAMES
    assert [recorded.at for recorded in batch[1:]] == [AT, AT]
    assert batch[-1].end == reel.size == reel.path.stat().st_size


def test_only_the_owner_may_read_a_tape(tmp_path: Path) -> None:
    reel = Tape.create(tmp_path / "tapes", "b", AT)
    assert stat.S_IMODE(reel.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(reel.path.parent.stat().st_mode) == 0o700


def test_a_tape_is_a_valid_ami_stream(tmp_path: Path) -> None:
    reel = Tape.create(tmp_path, "b", AT)
    reel.append([(AT, raw) for raw in FRAMES])
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
    reel.append([(AT, raw) for raw in FRAMES])
    assert len(synced) == 2, "once for the first frame, once for the group"


def test_reading_goes_on_from_a_position_in_small_pieces(tmp_path: Path) -> None:
    reel = Tape.create(tmp_path, "b", AT)
    many = [b"Event: Newchannel\r\nUniqueid: %d" % n for n in range(500)]
    reel.append([(AT, raw) for raw in many])
    found, position = [], 0
    while batch := reel.read(position, limit=100):
        found += [recorded.raw for recorded in batch if recorded.raw]
        position = batch[-1].end
    assert found == many


def test_a_frame_larger_than_a_piece_is_read_whole(tmp_path: Path) -> None:
    reel = Tape.create(tmp_path, "b", AT)
    reel.append([(AT, b"Event: X\r\nBig: " + b"y" * 5000), (AT, FRAMES[1])])
    position = reel.read(0, limit=50)[-1].end
    assert reel.read(position, limit=50)[0].raw.endswith(b"y" * 5000)


def test_a_torn_last_frame_is_not_read_and_what_stands_before_it_is(tmp_path: Path) -> None:
    reel = Tape.create(tmp_path, "b", AT)
    reel.append([(AT, raw) for raw in FRAMES])
    reel.close()
    with reel.path.open("ab") as file:
        file.write(b"TapeTime: 1.0\r\nEvent: Newch")
    assert frames_of(Tape.load(reel.path)) == FRAMES


def test_unread_tapes_come_oldest_first_each_with_its_position(tmp_path: Path) -> None:
    first = Tape.create(tmp_path, "b", AT)
    first.append([(AT, FRAMES[0])])
    second = Tape.create(tmp_path, "b", AT.replace(year=2027))
    second.append([(AT, FRAMES[1])])
    read = Tape.create(tmp_path, "b", AT.replace(year=2028))
    (tmp_path / "not-one.tape").write_bytes(b"hello")
    found = tape.unread(tmp_path, {second.id: 7, read.id: read.size})
    assert [(reel.id, position) for reel, position in found] == [(first.id, 0), (second.id, 7)]


def test_a_full_disk_costs_the_evidence_and_no_ring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reel = Tape.create(tmp_path, "b", AT)
    reel.append([(AT, FRAMES[0])])
    position = reel.size

    def full(fd: int, data: bytes, offset: int) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    reel.append([(AT, FRAMES[1])])
    reel.append([(AT, b"Event: Shutdown")])
    assert reel.failed is not None
    assert reel.failed.errno == errno.ENOSPC
    assert frames_of(reel, position) == [FRAMES[1], b"Event: Shutdown"]
    assert frames_of(reel) == [*FRAMES, b"Event: Shutdown"]


def test_a_folder_that_cannot_be_written_gives_a_tape_in_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    reel = Tape.create(tmp_path / "file" / "tapes", "b", AT)
    reel.append([(AT, FRAMES[0])])
    assert reel.failed is not None
    assert frames_of(reel) == [FRAMES[0]]


def test_what_is_no_tape_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "x.tape").write_bytes(b"Event: X\r\n\r\n")
    with pytest.raises(TapeError, match=r"x\.tape is not a tape"):
        tape.read_all(tmp_path / "x.tape")


def stamped(at: datetime) -> bytes:
    """Return an event with the PBX's time."""
    return f"Event: Hangup\r\nTimestamp: {at.timestamp():.6f}\r\nCause: 16".encode()


LATER = AT.replace(year=2027)


@pytest.mark.parametrize(
    ("raw", "heard"),
    [
        (stamped(AT), AT),
        (b"Event: Hangup\r\nCause: 16", LATER),
        (b"Event: FullyBooted\r\nStatus: Fully Booted", None),
        (b"Event: QueueMember\r\nActionID: 7\r\nName: op1", None),
        (b"Event: Hangup\r\nTimestamp: 1.0\r\nRecovered: cel", None),
        (tape.CONNECTED, None),
        (b"Response: Success", None),
    ],
    ids=["stamped", "no stamp", "greeting", "answer to an action", "from CEL", "our mark", "response"],
)
def test_until_when_a_frame_shows_that_we_listened(raw: bytes, heard: datetime | None) -> None:
    assert tape.heard_at(raw, LATER) == heard


def test_a_session_that_did_not_catch_up_leaves_the_gap_open(tmp_path: Path) -> None:
    """A bridge that starts again and again beside a dead PBX, or is killed before it read CEL, has heard nothing."""
    assert tape.last_heard(tmp_path) is None
    heard = Tape.create(tmp_path, "b", AT)
    heard.append([(AT, tape.CONNECTED), (AT, tape.CAUGHT_UP), (AT, stamped(AT))])
    deaf = Tape.create(tmp_path, "b", LATER)
    deaf.append([(LATER, tape.CONNECTED), (LATER, stamped(LATER))])
    assert tape.last_heard(tmp_path) == AT
    deaf.append([(LATER, tape.CAUGHT_UP)])
    assert tape.last_heard(tmp_path) == LATER, "a quiet line is heard as well"


def test_only_the_end_of_a_long_tape_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tape, "TAIL", 200)
    reel = Tape.create(tmp_path, "b", AT)
    reel.append([(AT, b"Event: Shutdown\r\nNote: " + b"x" * 60)] * 50 + [(AT, stamped(LATER))])
    assert tape.last_heard(tmp_path) == LATER


def test_a_tape_that_cannot_be_opened_does_not_keep_the_others_from_being_read(tmp_path: Path) -> None:
    (tmp_path / "0.tape").mkdir()
    reel = Tape.create(tmp_path, "b", AT)
    reel.append([(AT, FRAMES[0])])
    assert [found.id for found, _ in tape.unread(tmp_path, {})] == [reel.id]
    assert tape.last_heard(tmp_path) == AT


def test_what_was_interpreted_leaves_the_memory(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    reel = Tape.create(tmp_path / "file" / "tapes", "b", AT)
    reel.append([(AT, FRAMES[0])])
    position = reel.read(0)[-1].end
    reel.forget(position)
    reel.append([(AT, FRAMES[1])])
    assert frames_of(reel, position) == [FRAMES[1]]
    assert len(reel._memory) == reel.size - position
