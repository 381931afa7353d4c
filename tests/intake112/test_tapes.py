"""`tape show` and `tape play`: a call as a story to read, frames to look at, and a tape to listen to again."""

import os
import re
import socket
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ami_bridge import frames, tape
from ami_bridge.tape import Tape
from intake.facts import Arrived, CallKey, Ended, Fact, Taken, Untaped
from intake112 import told
from tests.intake112.command import PROGRAM, environment, inside

TAPES = Path(__file__).parents[1] / "tapes"


def show(tmp_path: Path, *arguments: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run `tape show`."""
    return inside(environment(tmp_path, **settings), "tape", "show", *map(str, arguments))


def test_a_call_is_told_as_a_story(tmp_path: Path) -> None:
    shown = show(tmp_path, TAPES / "answered.tape", TIMEZONE="Asia/Makassar")
    first, *after = shown.stdout.splitlines()
    ring = next(one for one in tape.read_all(TAPES / "answered.tape") if one.raw.startswith(b"Event: Newchannel"))
    rang = datetime.fromtimestamp(float(frames.parse(ring.raw).get("Timestamp")), UTC)
    local = rang.astimezone(ZoneInfo("Asia/Makassar"))
    assert first.startswith(f'{local:%Y-%m-%d %H:%M:%S} WITA  +6281200000002 "Budi Rekaan" rings 112 over trunk  [')
    told_lines = [re.sub(r"^ +[+][0-9]+[.][0-9]{3} s  ", "", line) for line in after]
    assert told_lines[0].startswith("described: the number is shown, recording ")
    lived = ["waits in queue 112", "leaves queue 112", "PJSIP/op1 (op1) rings", "PJSIP/op2 (op2) rings"]
    assert set(lived) < set(told_lines)
    assert any(re.fullmatch(r"answered by op1 at PJSIP/op1 [(]waited [0-9.]+ s[)]", line) for line in told_lines)
    assert told_lines[-2:] == ["ended: answered, cause 16 Normal Clearing", ""]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("hold-and-resume", "put on hold by PJSIP/op1"),
        ("hold-and-resume", "the talk goes on"),
        ("two-callers-joined", r"talks to the caller of pbx-1-[0-9.]+"),
        ("attended-transfer-agency", "passed on by PJSIP/op1 to PJSIP/trunk, whom it had asked first"),
        ("attended-transfer-agency", r"answered by PJSIP/trunk [(]agency[)]"),
        ("late-ring", r".*[(]seen only in the queue: its ring was none of the line's[)].*"),
        ("abandoned-in-queue", "ended: abandoned, cause .*"),
        ("no-number", ".*a caller without a number.*"),
    ],
)
def test_what_happened_to_a_caller_is_a_sentence(tmp_path: Path, name: str, sentence: str) -> None:
    shown = show(tmp_path, TAPES / f"{name}.tape").stdout.splitlines()
    assert any(re.fullmatch(f"( +[+-][0-9.]+ s  )?{sentence}", line) for line in shown), shown


KEY = CallKey("pbx-1", "1.1")
RING = datetime(2026, 3, 14, 1, 59, 26, tzinfo=UTC)


def test_what_nobody_knows_is_said_and_not_guessed() -> None:
    facts: list[Fact] = [
        Arrived(KEY, RING, "1.1", None, "", None, None, recovered=True),
        Taken(KEY, None, "1.2", "PJSIP/op1", None),
        Untaped(KEY, RING + timedelta(seconds=5)),
        Ended(KEY, None, None, "ended while the bridge was not listening", recovered=True),
    ]
    assert [line.strip() for line in told.story(facts, ZoneInfo("Asia/Jakarta"))] == [
        "2026-03-14 08:59:26 WIB  a caller without a number rings (no number dialled)"
        " (learnt afterwards, not heard live)  [1.1]",
        "time not known  answered by PJSIP/op1",
        "+5.000 s  from here on a part of this call is on no tape: the disk took nothing",
        "time not known  ended: nobody knows how, ended while the bridge was not listening"
        " (learnt afterwards, not heard live)",
    ]


def test_one_story_lies_on_two_tapes_in_their_order_and_not_their_names(tmp_path: Path) -> None:
    recorded = tape.read_all(TAPES / "answered.tape")
    half = next(n for n, one in enumerate(recorded) if one.raw.startswith(b"Event: AgentConnect"))
    folder = tmp_path / "reel"
    for number, part in ((2, recorded[half:]), (1, recorded[:half])):
        made = Tape.create(folder, "bridge:pbx-1:0123abcd", RING - number * timedelta(days=1), number)
        made.append([(one.at, [one.raw]) for one in part])
        made.close()
    first, second = sorted(folder.glob("*.tape"), reverse=True)
    whole = show(tmp_path, TAPES / "answered.tape").stdout
    assert "ended: answered" in whole
    assert show(tmp_path, folder).stdout == whole
    assert show(tmp_path, second, first).stdout == whole
    assert "the call was not over where the tape ends" in show(tmp_path, first).stdout


def test_only_the_call_that_was_asked_for_is_shown(tmp_path: Path) -> None:
    both = TAPES / "two-callers-at-once.tape"
    first, second = re.findall(r"\[(pbx-1-[0-9.]+)\]", show(tmp_path, both).stdout)
    alone = show(tmp_path, both, "--call", second).stdout
    assert f"[{second}]" in alone
    assert f"[{first}]" not in alone
    frames_of = show(tmp_path, both, "--frames", "--call", second).stdout
    assert f"Uniqueid: {second}" in frames_of
    assert f"    Uniqueid: {first}\n" not in frames_of
    for more in ([], ["--frames"]):
        refused = show(tmp_path, both, "--call", "9.9", *more)
        assert refused.returncode == 1
        assert "there is no call 9.9 on two-callers-at-once.tape" in refused.stderr


def test_a_tape_without_a_call_says_so(tmp_path: Path) -> None:
    shown = show(tmp_path, TAPES / "answered.tape", LINE_CONTEXTS="other", LINE_QUEUES="other")
    assert shown.returncode == 0
    assert shown.stdout.startswith("No call of the 112 line (INTAKE112_LINE_…) is on answered.tape.")


def test_a_tape_that_was_cut_says_so_and_tells_the_rest(tmp_path: Path) -> None:
    cut = tmp_path / "cut.tape"
    cut.write_bytes((TAPES / "answered.tape").read_bytes() + b"TapeTime: 1.0\r\nEvent: New")
    shown = show(tmp_path, cut).stdout
    assert "ended: answered" in shown
    assert "cut.tape was cut: its last 25 bytes are no whole frame and were left out." in shown


def test_a_folder_without_a_tape_is_one_sentence(tmp_path: Path) -> None:
    refused = show(tmp_path, tmp_path)
    assert refused.returncode == 1
    assert refused.stderr == f"intake112: no tape is in {tmp_path}\n"


@pytest.mark.parametrize("arguments", [[], ["--frames"]], ids=["story", "frames"])
def test_nothing_on_a_tape_moves_a_terminal(tmp_path: Path, arguments: list[str]) -> None:
    recorded = [
        (one.at, [one.raw.replace(b"CallerIDName: Budi Rekaan", b"CallerIDName: \x1b[2J\x9b\xe2\x80\xa8x")])
        for one in tape.read_all(TAPES / "answered.tape")
    ]
    made = Tape.create(tmp_path, "b", RING)
    made.append(recorded)
    shown = show(tmp_path, made.path, *arguments)
    assert "\\x1b[2J" in shown.stdout
    assert all(c.isprintable() or c == "\n" for c in shown.stdout)


def test_frames_are_shown_each_with_its_time_and_headers(tmp_path: Path) -> None:
    shown = show(tmp_path, "--frames", TAPES / "name-u2028.tape")
    assert shown.returncode == 0
    assert re.search(r"^\S+\+00:00  Newchannel$", shown.stdout, re.MULTILINE)
    assert "\\u2028" in shown.stdout
    assert "\u2028" not in shown.stdout


def test_what_is_no_tape_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "x.tape").write_text("hello")
    for command in ("show", "play"):
        refused = inside(environment(tmp_path), "tape", command, str(tmp_path / "x.tape"))
        assert refused.returncode == 1
        assert "is not a tape" in refused.stderr


def test_play_is_heard_by_whoever_logs_in(tmp_path: Path) -> None:
    arguments = [str(PROGRAM), "tape", "play", str(TAPES / "answered.tape"), "--speed", "50"]
    with subprocess.Popen(arguments, env=environment(tmp_path), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(4)]
        said = dict(line.removeprefix("export INTAKE112_AMI_").strip().split("=", 1) for line in lines)
        with socket.create_connection((said["HOST"], int(said["PORT"])), timeout=10) as line:
            login = [("Action", "Login"), ("Username", said["USERNAME"]), ("Secret", said["SECRET"])]
            line.sendall(frames.encode(login))
            heard = b""
            while b"Event: AgentComplete" not in heard:
                heard += line.recv(65536)
        assert process.wait(20) == os.EX_OK
    assert b"Event: AgentConnect" in heard
