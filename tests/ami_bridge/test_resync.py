"""A CEL file and a queue_log, as real Asterisk 22 wrote them, tell the calls that nobody heard."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ami_bridge import frames, logfile, queue_log, reading, resync, tape
from ami_bridge.listening import Listener
from ami_bridge.threads import Line, Threads
from intake.facts import Arrived, Ended, Fact, Queued, Rang, Taken

LINE = Line("pbx-1", frozenset({"line-112"}), frozenset(), frozenset({"112"}))
CEL = Path(__file__).with_name("recorded-cel.csv")
TAPES = Path(__file__).parents[1] / "tapes"
START = datetime(2026, 11, 24, tzinfo=UTC)


def play(raw_frames: list[bytes], threads: Threads) -> list[Fact]:
    """Return the facts of some frames."""
    facts: list[Fact] = []
    for told in map(reading.read, raw_frames):
        if told is not None:
            facts += threads.advance(told.event, START, recovered=told.recovered)
    return facts


def by_cel(cel: Path, since: datetime | None = START) -> list[bytes]:
    """Return the frames for a CEL file that was never read before."""
    return resync.told(cel, None, None, None, since).frames


def names(raw_frames: list[bytes]) -> str:
    """Return the events' names, joined by spaces."""
    return b" ".join(map(frames.event_name, raw_frames)).decode()


def test_three_calls_and_a_call_out_become_three_reports_with_their_true_ends() -> None:
    threads = Threads(LINE)
    facts = play(by_cel(CEL), threads)
    arrived = [fact for fact in facts if isinstance(fact, Arrived)]
    ended = [fact for fact in facts if isinstance(fact, Ended)]
    assert [(fact.number_raw, fact.dialled, fact.recovered) for fact in arrived] == [
        ("+6281200000001", "112", True),
        ("+6281200000002", "112", True),
        ("+6281200000003", "112", True),
    ]
    assert arrived[0].name == r"Evil, \"q\""
    assert [fact.outcome for fact in ended] == ["abandoned", "answered", "failed"]
    assert [fact.at.timestamp() for fact in ended if fact.at] == [1795487474.568, 1795487474.936, 1795487475.142]
    assert [fact.device for fact in facts if isinstance(fact, Taken)] == ["PJSIP/op1"]
    assert threads.calls == {}


def test_a_name_is_written_as_asterisk_writes_it_into_ami(tmp_path: Path) -> None:
    """Backslashes and quotes of a name are escaped there; the same name on the tape `name-quotes` came live."""
    cel, _ = story(tmp_path, "name-quotes")
    live = next(one.raw for one in tape.read_all(TAPES / "name-quotes.tape") if b": Newchannel\r\n" in one.raw)
    assert frames.parse(by_cel(cel)[0]).get("CallerIDName") == frames.parse(live).get("CallerIDName")


def test_told_twice_is_told_once() -> None:
    """A call that was heard until it waited is told from its start again: only what came after is new."""
    threads = Threads(LINE)
    told = by_cel(CEL)
    heard = play(told[:2], threads)
    assert len(heard) == 2
    again = play(told, threads)
    first_call = [fact for fact in again if fact.key == heard[0].key]
    assert [type(fact).__name__ for fact in first_call] == ["LegEnded", "Ended"]
    assert play(told, threads) == []


def test_only_what_happened_since_is_told() -> None:
    late = datetime.fromtimestamp(1795487475.108, UTC)
    facts = play(by_cel(CEL, late), Threads(LINE))
    assert [fact.number_raw for fact in facts if isinstance(fact, Arrived)] == ["+6281200000003"]
    assert by_cel(CEL, late + timedelta(days=1)) == []


def test_a_fresh_installation_does_not_import_years() -> None:
    told = resync.told(CEL, None, None, None, None)
    assert told.frames == []
    assert told.cel_mark == logfile.end_of(CEL)


def test_after_a_mark_only_what_is_new_is_told_whatever_its_time(tmp_path: Path) -> None:
    lines = CEL.read_bytes().splitlines(keepends=True)
    cel = tmp_path / "cel.csv"
    cel.write_bytes(b"".join(lines[:9]))
    first = resync.told(cel, None, None, None, None)
    with cel.open("ab") as file:
        file.writelines(lines[9:])
    cel.rename(tmp_path / "cel.csv-20261124")
    cel.write_bytes(lines[0].replace(b"795487474.0", b"795487999.9"))
    second = resync.told(cel, first.cel_mark, None, None, START + timedelta(days=9))
    facts = play(second.frames, Threads(LINE))
    assert [fact.key.uniqueid[-4:] for fact in facts if isinstance(fact, Arrived)] == ["74.1", "75.4", "99.9"]
    assert resync.told(cel, second.cel_mark, None, None, START) == resync.Told([], second.cel_mark, None)


def test_a_half_written_last_line_waits_for_the_next_time(tmp_path: Path) -> None:
    whole = CEL.read_bytes()
    cut = tmp_path / "cel.csv"
    cut.write_bytes(whole[: whole.rindex(b'"HANGUP"') + 90])
    first = resync.told(cut, None, None, None, START)
    cut.write_bytes(whole)
    rest = resync.told(cut, first.cel_mark, None, None, START)
    assert names(rest.frames) == "SoftHangupRequest Hangup"
    assert [*first.frames, *rest.frames] == by_cel(CEL)


GOOD = CEL.read_bytes().split(b"\n")[0] + b"\n"
BAD = {
    "another shape": b'"a","b"\n',
    "nonsense": b"nonsense\n",
    "a bare CR": b'"CHAN_START",a\rb,c\n',
    "a field without an end": b'"CHAN_START","1795487349.061","Evil\n',
    "a hole": b"\0" * 200_000 + b"\n",
    "a hole and no line's end": b"\0" * 200_000,
    "a time that is none": GOOD.replace(b"1795487474.549", b"NaN"),
    "a time that is endless": GOOD.replace(b"1795487474.549", b"9" * 400),
    **{f"{size} bytes of a line, then Asterisk was killed": GOOD[:size] for size in (1, 8, 13, 20, 40, len(GOOD) - 2)},
}


@pytest.mark.parametrize("name", BAD)
def test_a_line_that_cannot_be_read_takes_no_other_with_it(tmp_path: Path, name: str) -> None:
    cel = tmp_path / "cel.csv"
    cel.write_bytes(GOOD + BAD[name] + GOOD)
    assert names(by_cel(cel)) == "Newchannel Newchannel"


def test_two_whole_lines_without_an_end_between_them_are_two(tmp_path: Path) -> None:
    cel = tmp_path / "cel.csv"
    cel.write_bytes(GOOD.rstrip(b"\n") + GOOD)
    assert names(by_cel(cel)) == "Newchannel Newchannel"


def test_a_caller_cannot_forge_a_line_or_a_header(tmp_path: Path) -> None:
    """Asterisk doubles quotes in a name: what looks like a line's beginning inside it is none."""
    name = b'x"",""HANGUP"",""1795487474.9"",""'
    cel = tmp_path / "cel.csv"
    cel.write_bytes(GOOD.replace(b'Evil, \\""q\\""', name)[:-30] + GOOD)  # torn behind the name
    told = by_cel(cel)
    assert names(told) == "Newchannel"
    cel.write_bytes(GOOD.replace(b"Evil", b"a\rUniqueid: forged\r"))
    (frame,) = map(frames.parse, by_cel(cel))
    assert frame.all("Uniqueid") == ["pbx-1-1795487474.0"]


def test_a_name_in_latin_1_does_not_spoil_the_names_of_others(tmp_path: Path) -> None:
    cel = tmp_path / "cel.csv"
    cel.write_bytes(GOOD.replace(b"Evil", b"Jos\xe9") + GOOD.replace(b"Evil", "Bünyamin".encode()))
    said = [frames.parse(raw).get("CallerIDName") for raw in by_cel(cel)]
    assert [name.partition(",")[0] for name in said] == ["José", "Bünyamin"]


def test_a_log_that_is_not_there_tells_nothing_and_one_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    missing = tmp_path / "cel.csv"
    assert resync.told(missing, None, None, None, START) == resync.Told([], None, None)
    missing.mkdir()
    with pytest.raises(IsADirectoryError):
        resync.told(missing, None, None, None, START)


def test_a_call_whose_end_the_pbx_could_not_write_ends_with_the_snapshot() -> None:
    """Asterisk was killed: CEL has CHAN_START and never HANGUP, and the channel is not in the new list."""
    listener, facts = Listener(LINE), []
    told = [*by_cel(CEL)[:2], b"Event: IntakeCaughtUp\r\nLogs: read", b"Event: IntakeSettled"]
    for one in map(reading.read, [b"Event: IntakeConnected\r\nSession: s", *told]):
        assert one is not None
        facts += listener.advance(one.event, START, recovered=one.recovered)
    assert [type(fact).__name__ for fact in facts] == ["Arrived", "Queued", "Ended"]
    ended = facts[-1]
    assert isinstance(ended, Ended)
    assert (ended.at, ended.outcome) == (None, None)


def snapshot(listener: Listener, told: list[bytes], application: str) -> list[Fact]:
    """Return the facts of a session whose logs tell these frames, and whose list has their channel."""
    seen = frames.parse(told[0])
    listed = [(name, seen.get(name)) for name in ("Channel", "Context", "Exten", "Uniqueid", "Linkedid")]
    raw = frames.encode([("Event", "CoreShowChannel"), *listed, ("Application", application)])
    marks = [b"Event: IntakeCaughtUp\r\nLogs: read", raw.removesuffix(frames.END), b"Event: IntakeSettled"]
    facts: list[Fact] = []
    for one in map(reading.read, [b"Event: IntakeConnected\r\nSession: s", *told, *marks]):
        assert one is not None
        facts += listener.advance(one.event, START, recovered=one.recovered)
    return facts


@pytest.mark.parametrize("lines", [1, 2])
def test_a_call_out_by_the_console_is_no_ring_from_its_first_line_on(tmp_path: Path, lines: int) -> None:
    """Its first line is a ring's but for the `s`; the second says that we called, and before that the PBX's list."""
    cel, _ = story(tmp_path, "call-out-by-console")
    cel.write_bytes(b"".join(cel.read_bytes().splitlines(keepends=True)[:lines]))
    told = by_cel(cel)
    assert names(told) == "Newchannel"
    assert snapshot(Listener(LINE), told, "AppDial2" if lines == 1 else "Dial") == []


def test_a_caller_who_dialled_s_and_has_one_line_yet_is_a_ring_by_the_list(tmp_path: Path) -> None:
    cel, _ = story(tmp_path, "no-number")
    (arrived,) = (fact for fact in play(by_cel(cel), Threads(LINE)) if isinstance(fact, Arrived))
    cel.write_bytes(cel.read_bytes().splitlines(keepends=True)[0])
    told = by_cel(cel)
    assert play(told, Threads(LINE)) == []
    (listed,) = snapshot(Listener(LINE), told, "Answer")
    assert isinstance(listed, Arrived)
    assert (listed.key, listed.at) == (arrived.key, arrived.at), "at its true time"


def story(tmp_path: Path, name: str) -> tuple[Path, Path]:
    """Return copies of the logs of a recorded story."""
    cel, queues = tmp_path / "cel.csv", tmp_path / "queue_log"
    cel.write_bytes((TAPES / f"{name}.cel.csv").read_bytes())
    queues.write_bytes((TAPES / f"{name}.queue_log").read_bytes())
    return cel, queues


def test_queue_log_names_the_member_whose_phone_cel_knows(tmp_path: Path) -> None:
    cel, queues = story(tmp_path, "operator-lost-requeued")
    facts = play(resync.told(cel, None, queues, None, START).frames, Threads(LINE))
    taken = [fact for fact in facts if isinstance(fact, Taken)]
    assert [(fact.device, fact.member) for fact in taken] == [("PJSIP/op1", "op1"), ("PJSIP/op2", "op2")]
    assert [fact.member for fact in play(by_cel(cel), Threads(LINE)) if isinstance(fact, Taken)] == [None, None]


def test_at_a_pickup_the_member_who_was_only_rung_is_not_named(tmp_path: Path) -> None:
    cel, queues = story(tmp_path, "directed-pickup")
    facts = play(resync.told(cel, None, queues, None, START).frames, Threads(LINE))
    (taken,) = (fact for fact in facts if isinstance(fact, Taken))
    assert (taken.device, taken.member) == ("PJSIP/op2", None)


def test_without_cel_queue_log_tells_the_call_in_whole_seconds(tmp_path: Path) -> None:
    cel, queues = story(tmp_path, "hold-and-resume")
    true = play(by_cel(cel), Threads(LINE))
    cel.unlink()
    told = resync.told(cel, None, queues, None, START)
    facts = play(told.frames, Threads(LINE))
    assert [type(fact).__name__ for fact in facts] == [
        *("Arrived", "Queued", "Rang", "LegEnded", "Taken", "Ended"),
    ]
    for kind in (Arrived, Queued, Rang, Taken, Ended):
        (said,), (known,) = ([fact for fact in all_ if isinstance(fact, kind)] for all_ in (facts, true))
        assert said.key == known.key
        assert said.at is not None
        assert known.at is not None
        assert said.at.microsecond == 0
        assert abs(said.at - known.at) < timedelta(seconds=1)
    arrived, ended = facts[0], facts[-1]
    assert isinstance(arrived, Arrived)
    assert isinstance(ended, Ended)
    assert (arrived.late, arrived.recovered, arrived.dialled, arrived.trunk) == (True, True, "", None)
    assert ended.outcome == "answered"
    assert [fact.member for fact in facts if isinstance(fact, Taken | Rang)] == ["op1", "op1"]


def test_a_call_that_cel_has_lost_is_told_by_queue_log_among_the_others(tmp_path: Path) -> None:
    cel, queues = story(tmp_path, "two-callers-joined")
    entries = queue_log.read(queues.read_bytes().splitlines())
    first, second = dict.fromkeys(entry.call for entry in entries if entry.event == "CONNECT")
    lines = cel.read_bytes().splitlines(keepends=True)
    cel.write_bytes(b"".join(line for line in lines if f'"{second}"'.encode() not in line))
    facts = play(resync.told(cel, None, queues, None, START).frames, Threads(LINE))
    ended = {fact.key.uniqueid: fact for fact in facts if isinstance(fact, Ended)}
    assert {uniqueid: fact.outcome for uniqueid, fact in ended.items()} == {first: "answered", second: "answered"}
    at = {uniqueid: fact.at for uniqueid, fact in ended.items()}
    assert at[first] is not None
    assert at[second] is not None
    assert at[first].microsecond > 0  # type: ignore[union-attr]
    assert at[second].microsecond == 0  # type: ignore[union-attr]


def test_a_caller_who_left_the_queue_and_rings_on_has_no_end_by_queue_log(tmp_path: Path) -> None:
    queues = tmp_path / "queue_log"
    queues.write_text(
        "1795500179|p-1.0|112|NONE|ENTERQUEUE||+62812|1\n"
        "1795500239|p-1.0|112|NONE|EXITWITHTIMEOUT|1|1|60\n"
        "1795500240|p-1.4|112|NONE|ENTERQUEUE||<unknown>|1\n"
        "1795500250|p-1.4|112|NONE|ABANDON|1|1|10\n"
    )
    threads = Threads(LINE)
    facts = play(resync.told(None, None, queues, None, START).frames, threads)
    assert [(type(fact).__name__, fact.key.uniqueid) for fact in facts] == [
        *(("Arrived", "p-1.0"), ("Queued", "p-1.0"), ("LegEnded", "p-1.0")),
        *(("Arrived", "p-1.4"), ("Queued", "p-1.4"), ("LegEnded", "p-1.4"), ("Ended", "p-1.4")),
    ]
    assert list(threads.calls) == ["p-1.0"]


@pytest.mark.parametrize("cause", [4, 16])
def test_a_cause_of_cel_is_no_flag_of_the_pbx(tmp_path: Path, cause: int) -> None:
    cel, _ = story(tmp_path, "pbx-ends-waiting")
    cel.write_bytes(cel.read_bytes().replace(b'hangupcause"":0', b'hangupcause"":%d' % cause))
    (ended,) = (fact for fact in play(by_cel(cel), Threads(LINE)) if isinstance(fact, Ended))
    assert (ended.outcome, ended.cause) == ("failed", str(cause))


@pytest.mark.parametrize(
    ("name", "by_both"),
    [("pbx-ends-waiting", "failed"), ("abandoned-in-queue", "abandoned"), ("asterisk-shutdown-in-call", "answered")],
)
def test_who_ended_a_wait_is_not_guessed_from_queue_log_and_cel_tells_it(
    tmp_path: Path, name: str, by_both: str
) -> None:
    """ABANDON is written when the caller hangs up, and when the PBX does."""
    cel, queues = story(tmp_path, name)

    def outcomes() -> list[str | None]:
        facts = play(resync.told(cel, None, queues, None, START).frames, Threads(LINE))
        return [fact.outcome for fact in facts if isinstance(fact, Ended)]

    assert outcomes() == [by_both]
    cel.unlink()
    assert outcomes() == ["answered" if by_both == "answered" else None]


QUEUED = b"1795500179|p-1.0|112|NONE|ENTERQUEUE||+62812|1\n"


@pytest.mark.parametrize(
    "bad", [b"nonsense\n", b"\0" * 5000, b"17955|", QUEUED[:12], QUEUED[:30], b"1|2|3|4|CONNECT\n", b"x" + QUEUED[10:]]
)
def test_a_line_of_queue_log_that_cannot_be_read_takes_no_other_with_it(tmp_path: Path, bad: bytes) -> None:
    queues = tmp_path / "queue_log"
    queues.write_bytes(QUEUED + bad + QUEUED)
    assert names(resync.told(None, None, queues, None, START).frames) == "QueueCallerJoin QueueCallerJoin"


def test_a_separator_in_the_callers_number_stays_in_it(tmp_path: Path) -> None:
    queues = tmp_path / "queue_log"
    queues.write_bytes(QUEUED.replace(b"+62812", b"+62|9|1795500179|p-9.9|112|op1|ABANDON|1|1"))
    (frame,) = map(frames.parse, resync.told(None, None, queues, None, START).frames)
    assert (frame.get("Uniqueid"), frame.get("CallerIDNum")[:6]) == ("p-1.0", "+62|9|")
