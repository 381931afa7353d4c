"""What happened while the bridge was not listening, from the PBX's own logs, told as the frames it would have sent.

CEL leads: it has every channel, by the millisecond. queue_log gives the names of members; a call of which CEL holds no
line (its folder was missing, its disk full, there is no CEL at all) is told by queue_log alone, in whole seconds.
Neither holds everything; what neither holds stays unknown, it is not guessed.

What is told may have been heard already: the frames are marked `Recovered` and telling them twice changes nothing.
"""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ami_bridge import cel as cel_lines
from ami_bridge import queue_log as queue_lines
from ami_bridge.logfile import Log, Mark, end_of

Timed = tuple[float, bytes]


@dataclass(frozen=True, slots=True)
class Told:
    """The frames (without their empty line) in the order of time, and how far each log was read."""

    frames: list[bytes]
    cel_mark: Mark | None
    queue_mark: Mark | None


def told(
    cel: Path | None, cel_mark: Mark | None, queue_log: Path | None, queue_mark: Mark | None, since: datetime | None
) -> Told:
    """Tell what the logs hold after the marks. A log that is not there tells nothing. Raises OSError.

    Where a mark is None, or its file gone, `since` bounds what is told; None: nothing is (a fresh installation does not
    import years).
    """
    # queue_log first: what it holds of a call, CEL holds by the time that it is read.
    queue, entries = _log(queue_log, queue_mark, since), []
    if queue is not None:
        earliest = _earliest(queue, since)
        entries = [entry for entry in queue_lines.read(queue) if entry.at >= int(earliest)]
    known: set[str] = set()
    lines = _log(cel, cel_mark, since)
    by_cel = (
        list(_by_cel(lines, _earliest(lines, since), queue_lines.members(entries), known)) if lines is not None else []
    )
    by_queue = [
        (float(entry.at), raw) for entry in entries if entry.call not in known for raw in queue_lines.tell(entry)
    ]
    frames = [raw for _, raw in heapq.merge(by_cel, by_queue, key=lambda timed: timed[0])]
    return Told(frames, _mark(lines, cel), _mark(queue, queue_log))


def _log(path: Path | None, mark: Mark | None, since: datetime | None) -> Log | None:
    """Return the log from where it is to be read; None: nothing of it is to be told."""
    log = Log(path, mark, since) if path is not None else None
    return log if log is not None and (log.resumed or since is not None) else None


def _earliest(log: Log, since: datetime | None) -> float:
    return 0.0 if log.resumed or since is None else since.timestamp()


def _mark(log: Log | None, path: Path | None) -> Mark | None:
    if log is not None:
        return log.mark
    return end_of(path) if path is not None else None


def _by_cel(log: Log, earliest: float, members: Mapping[str, str], known: set[str]) -> Iterator[Timed]:
    """Yield the frames of CEL in the file's order, and add to `known` the calls it holds lines of."""
    teller = cel_lines.Teller(members)
    latest = 0.0  # lines of the same moment may stand a millisecond out of order: the file's order is the truth
    for line in cel_lines.read(log):
        at = float(line["time"])
        if at >= earliest:
            latest = max(latest, at)
            known |= {line["uniqueid"], line["linkedid"]}
            yield from ((latest, raw) for raw in teller.tell(line))
    yield from ((latest, raw) for raw in teller.rest())
