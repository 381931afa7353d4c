"""`intake112 doctor` without a PBX: each check stands alone, says what to do, and what hangs is ended."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from intake112 import on_disk
from intake112.findings import Verdict
from tests.intake112.command import environment, inside, intake112


def lines(done: subprocess.CompletedProcess[str]) -> dict[str, str]:
    """The printed lines by the names of their checks."""
    return {line[8:].partition(":")[0]: line for line in done.stdout.splitlines()[:-1]}


def test_an_empty_installation_is_told_what_it_lacks_line_by_line(tmp_path: Path) -> None:
    done = inside(environment(tmp_path), "doctor")
    said = lines(done)
    assert done.returncode == 1
    assert said["database"].startswith("wrong ")
    assert said["database"].endswith("-> `intake112 migrate`")
    assert "INTAKE112_AMI_HOST=127.0.0.1" in said["AMI"]
    assert [said[name][:8] for name in ("CEL file", "queue_log", "recordings")] == ["warning "] * 3
    assert said["disk of state"][:8].strip() in {"ok", "warning", "wrong"}
    assert done.stdout.splitlines()[-1].startswith(f"{len(said)} checks: ")
    assert list(tmp_path.iterdir()) == []  # it left nothing


def test_the_order_is_the_same_each_time(tmp_path: Path) -> None:
    names = [list(lines(inside(environment(tmp_path), "doctor"))) for _ in range(2)]
    assert names[0] == names[1]
    assert names[0][0] == "database"


def test_a_database_of_another_release_is_told(sqlite_template: Path, tmp_path: Path) -> None:
    (tmp_path / "intake112.db").write_bytes(sqlite_template.read_bytes())
    assert lines(inside(environment(tmp_path), "doctor"))["database"].startswith("ok ")
    (tmp_path / "intake112.db").write_bytes(b"")
    said = lines(inside(environment(tmp_path), "doctor"))["database"]
    assert said.startswith("wrong ")
    assert "intake112 migrate" in said


def test_a_database_that_is_away_does_not_end_the_others(tmp_path: Path) -> None:
    url = "postgresql+asyncpg://intake112:very-secret-word@127.0.0.1:1/intake112"
    done = inside(environment(tmp_path, DATABASE_URL=url), "doctor")
    assert lines(done)["database"].startswith("wrong ")
    assert "disk of state" in lines(done)
    assert "very-secret-word" not in done.stdout + done.stderr


def test_what_hangs_is_ended_and_the_others_go_on(tmp_path: Path) -> None:
    """A log on a disk that does not answer (here: a pipe that nobody writes to), and an AMI that says nothing."""
    os.mkfifo(tmp_path / "queue_log")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        env = environment(
            tmp_path,
            AMI_HOST="127.0.0.1",
            AMI_PORT=str(silent.getsockname()[1]),
            AMI_USERNAME="intake112",
            AMI_SECRET="very-secret-word",
            QUEUE_LOG=str(tmp_path / "queue_log"),
        )
        done = intake112(env, "doctor")
    said = lines(done)
    assert done.returncode == 1
    assert "no answer within 8 s" in said["AMI"]
    assert "no answer within 8 s" in said["queue_log"]
    assert "disk of state" in said
    assert "very-secret-word" not in done.stdout + done.stderr


def test_a_log_that_is_never_written_is_wrong_once_there_were_calls(tmp_path: Path) -> None:
    path = tmp_path / "cel" / "intake112.csv"
    assert "install -d" in on_disk.cel_file(path, 0, None).mend
    path.parent.mkdir()
    assert on_disk.cel_file(path, 0, None).verdict is Verdict.OK
    assert on_disk.cel_file(path, None, None).verdict is Verdict.OK
    assert "cel_custom.so" in on_disk.cel_file(path, 3, None).mend
    path.with_name("intake112.csv.1").write_text("rotated a moment ago")
    assert on_disk.cel_file(path, 3, None).verdict is Verdict.OK


def test_a_log_that_is_written_no_more_is_told_by_the_other_one(tmp_path: Path) -> None:
    path, queue_log = tmp_path / "intake112.csv", tmp_path / "queue_log"
    path.write_text("a line")
    os.utime(path, (1_800_000_000, 1_800_000_000))
    queue_log.write_text(
        "1800000030|pbx-1-1800000000.1|112|NONE|ENTERQUEUE||+62811|1\n1800009999|CLI|112|PJSIP/op1|ADDMEMBER|\n"
    )
    assert on_disk.cel_file(path, 1, queue_log).verdict is Verdict.OK, "a log-in is no call"
    with queue_log.open("a") as file:
        file.write("1800001000|pbx-1-1800000990.7|112|NONE|ABANDON|1|1|10\n")
    said = on_disk.cel_file(path, 1, queue_log)
    assert (said.verdict, "2027-01-15T08:16:40" in said.found) == (Verdict.WRONG, True), said


def test_a_queue_log_comes_with_the_first_call(tmp_path: Path) -> None:
    path = tmp_path / "queue_log"
    assert on_disk.queue_log(path, 0).verdict is Verdict.OK
    for calls in (None, 1):
        assert "logger.conf" in on_disk.queue_log(path, calls).mend
    assert on_disk.queue_log(tmp_path / "gone" / "queue_log", 0).verdict is Verdict.WRONG


@pytest.mark.parametrize("mode", [0o755, 0o757])
def test_a_folder_that_everybody_may_read_is_a_warning(tmp_path: Path, mode: int) -> None:
    tmp_path.chmod(mode)
    assert on_disk.state(tmp_path).mend == f"`chmod o= {tmp_path}`"
    tmp_path.chmod(0o750)
    assert on_disk.state(tmp_path).verdict is Verdict.OK


def test_a_file_where_a_folder_should_be_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    for look in (on_disk.state, on_disk.store, on_disk.recordings):
        assert look(file / "below").verdict is Verdict.WRONG
