"""A CEL file, as real Asterisk 22 wrote it, tells the calls that nobody heard."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ami_bridge import events, frames, resync
from ami_bridge.events import ChannelsComplete, Connected
from ami_bridge.threads import Line, Threads
from intake.facts import Arrived, Ended, Fact, Taken

LINE = Line("pbx-1", frozenset({"line-112"}), frozenset(), frozenset({"112"}))
CEL = Path(__file__).with_name("recorded-cel.csv")
START = datetime(2026, 11, 24, tzinfo=UTC)


def play(raw_frames: list[bytes], threads: Threads) -> list[Fact]:
    """Return the facts of some frames."""
    facts: list[Fact] = []
    for frame in map(frames.parse, raw_frames):
        event = events.read(frame)
        if event is not None:
            facts += threads.advance(event, START, recovered=events.is_recovered(frame))
    return facts


def test_three_calls_and_a_call_out_become_three_reports_with_their_true_ends() -> None:
    threads = Threads(LINE)
    facts = play(resync.from_cel(CEL, START), threads)
    arrived = [fact for fact in facts if isinstance(fact, Arrived)]
    ended = [fact for fact in facts if isinstance(fact, Ended)]
    assert [(fact.number_raw, fact.dialled, fact.recovered) for fact in arrived] == [
        ("+6281200000001", "112", True),
        ("+6281200000002", "112", True),
        ("+6281200000003", "112", True),
    ]
    assert arrived[0].name == 'Evil, "q"'.replace('"', '\\"')
    assert [fact.outcome for fact in ended] == ["abandoned", "answered", "failed"]
    assert [fact.at.timestamp() for fact in ended if fact.at] == [1795487474.568, 1795487474.936, 1795487475.142]
    assert [fact.device for fact in facts if isinstance(fact, Taken)] == ["PJSIP/op1"]
    assert threads.calls == {}


def test_told_twice_is_told_once() -> None:
    """A call that was heard until it waited is told from its start again: only its end is new."""
    threads = Threads(LINE)
    told = resync.from_cel(CEL, START)
    heard = play(told[:2], threads)
    assert len(heard) == 2
    again = play(told, threads)
    first_call = [fact for fact in again if fact.key == heard[0].key]
    assert [type(fact).__name__ for fact in first_call] == ["LegEnded", "Ended"]


def test_only_what_happened_since_is_told() -> None:
    late = datetime.fromtimestamp(1795487475.108, UTC)
    facts = play(resync.from_cel(CEL, late), Threads(LINE))
    assert [fact.number_raw for fact in facts if isinstance(fact, Arrived)] == ["+6281200000003"]
    assert resync.from_cel(CEL, late + timedelta(days=1)) == []


def test_a_half_written_last_line_waits_for_the_next_time(tmp_path: Path) -> None:
    cut = tmp_path / "cel.csv"
    cut.write_bytes(CEL.read_bytes()[:-20])
    assert len(resync.from_cel(cut, START)) == len(resync.from_cel(CEL, START))


GOOD = CEL.read_bytes().split(b"\n")[0] + b"\n"
BAD = {
    "another shape": b'"a","b"\n',
    "nonsense": b"nonsense\n",
    "a bare CR": b'"CHAN_START",a\rb,c\n',
    "a field without an end": b'"CHAN_START","1795487349.061","Evil\n',
    "a hole": b"\0" * 200_000 + b"\n",
    "half a line, then Asterisk was killed": GOOD[:40],
}


@pytest.mark.parametrize("name", BAD)
def test_a_line_that_cannot_be_read_takes_no_other_with_it(tmp_path: Path, name: str) -> None:
    cel = tmp_path / "cel.csv"
    cel.write_bytes(GOOD + BAD[name] + GOOD)
    assert len(resync.from_cel(cel, START)) == 2


def test_a_name_in_latin_1_does_not_spoil_the_names_of_others(tmp_path: Path) -> None:
    cel = tmp_path / "cel.csv"
    cel.write_bytes(GOOD.replace(b"Evil", b"Jos\xe9") + GOOD.replace(b"Evil", "Bünyamin".encode()))
    names = [frames.parse(raw).get("CallerIDName") for raw in resync.from_cel(cel, START)]
    assert [name.partition(",")[0] for name in names] == ["José", "Bünyamin"]


def test_a_missing_file_is_an_error_for_the_bridge_to_tell(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="cel"):
        resync.from_cel(tmp_path / "cel.csv", START)


def test_a_call_whose_end_the_pbx_could_not_write_ends_with_the_snapshot() -> None:
    """Asterisk was killed: CEL has CHAN_START and never HANGUP, and the channel is not in the new list."""
    threads = Threads(LINE)
    threads.advance(Connected(), START)
    facts = play(resync.from_cel(CEL, START)[:2], threads)
    assert [type(fact).__name__ for fact in facts] == ["Arrived", "Queued"]
    (ended,) = threads.advance(ChannelsComplete(), START)
    assert isinstance(ended, Ended)
    assert (ended.at, ended.outcome) == (None, None)
