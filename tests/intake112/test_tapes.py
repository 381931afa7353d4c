"""`tape show` and `tape play`: a tape is something to look at, and to listen to again."""

import os
import re
import socket
import subprocess
from pathlib import Path

from ami_bridge import frames
from tests.intake112.command import PROGRAM, environment, inside

TAPES = Path(__file__).parents[1] / "tapes"


def test_show_prints_each_frame_and_nothing_that_moves_a_terminal(tmp_path: Path) -> None:
    shown = inside(environment(tmp_path), "tape", "show", str(TAPES / "name-u2028.tape"))
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
            while b"Event: Hangup" not in heard:
                heard += line.recv(65536)
        assert process.wait(20) == os.EX_OK
    assert b"Event: AgentConnect" in heard
