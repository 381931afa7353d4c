"""Record the tapes of `tests/tapes/` from real Asterisk 22: `.venv/bin/python -m tests.pbx.record [NAME ...]`; those of
`tests/tapes/16/` from 16.28 (`16/NAME`).

Each story has an Asterisk of its own. The stream is what the manager user `intake112` gets with its shipped rights and
filters: the answers of QueueStatus, CoreShowChannels and CoreStatus asked once after log-in, then every event. Beside
`NAME.tape` lie the two files that the same Asterisk wrote meanwhile: `NAME.cel.csv` and `NAME.queue_log`.
All numbers and names are invented.
"""

import sys
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.pbx.asterisk import AsteriskRoot, RealAsterisk
from tests.pbx.sipp import People
from tests.pbx.stage import BUDI, SITI, Stage
from tests.pbx.stories import STORIES
from tests.pbx.stream import AmiStream, Seen

__all__ = ["BUDI", "FROM_16", "SITI", "STORIES", "TAPES", "Recorded", "Stage", "record", "tape"]

TAPES: Final = Path(__file__).resolve().parents[1] / "tapes"
FROM_16: Final = (
    *("answered", "answered-operator-hangs-up", "abandoned-in-queue", "abandoned-before-queue", "withheld"),
    *("name-quotes", "name-u2028", "two-callers-at-once", "hold-and-resume", "operator-lost-requeued"),
    *("directed-pickup", "local-members", "blind-transfer-agency", "blind-transfer-fails", "attended-transfer-desk"),
)
_QUIET_S: Final = 0.3


@dataclass(frozen=True)
class Recorded:
    """What Asterisk said, and what it wrote."""

    frames: list[Seen]
    cel: bytes
    queue_log: bytes

    def save(self, name: str) -> None:
        """Write the three files of this story."""
        (TAPES / f"{name}.tape").write_bytes(tape(self.frames))
        (TAPES / f"{name}.cel.csv").write_bytes(self.cel)
        (TAPES / f"{name}.queue_log").write_bytes(self.queue_log)


def tape(frames: Iterable[Seen]) -> bytes:
    """A tape file: its head, then every frame with a `TapeTime` line (epoch, microseconds) in front."""
    head = f"Tape: {uuid.uuid4()}\r\nTapeVersion: 1\r\nBridge: recorded\r\n\r\n".encode()
    return head + b"".join(f"TapeTime: {frame.at:.6f}\r\n".encode() + frame.raw for frame in frames)


def record(name: str) -> Recorded:
    """Play one story of `STORIES`, or `16/` and its name.

    Raises:
        TimeoutError, AssertionError: the story did not go as told.
    """
    version, _, told = name.rpartition("/")
    story, root = STORIES[told], AsteriskRoot.ensure(int(version or 22))
    values = {"RTP_TIMEOUT_S": "2"}
    with RealAsterisk(root, systemname="pbx-1", values=values, appended=story.appended) as pbx, People(pbx) as people:
        story.prepare(people)
        with pbx.stream() as ami:
            for action in ("QueueStatus", "CoreShowChannels", "CoreStatus"):
                ami.send(Action=action, ActionID=f"snapshot-{action}")
            ami.wait_event("QueueStatusComplete")
            ami.wait_event("CoreShowChannelsComplete")
            ami.wait(lambda frame: frame.matches(ActionID="snapshot-CoreStatus"))
            story.tell(Stage(pbx, people, ami))
            frames = _settled(ami)
        return Recorded(frames, pbx.cel_file.read_bytes(), pbx.queue_log.read_bytes())


def _settled(ami: AmiStream) -> list[Seen]:
    """All frames, once none has come for a while."""
    frames = ami.frames
    while not ami.closed and (not frames or time.time() - frames[-1].at < _QUIET_S):
        time.sleep(0.05)  # between two looks
        frames = ami.frames
    return frames


def main(names: list[str]) -> None:
    """Record these stories, or all."""
    (TAPES / "16").mkdir(parents=True, exist_ok=True)
    for name in names or [*STORIES, *(f"16/{name}" for name in FROM_16)]:
        recorded = record(name)
        recorded.save(name)
        sys.stderr.write(f"{name}: {len(recorded.frames)} frames\n")


if __name__ == "__main__":
    main(sys.argv[1:])
