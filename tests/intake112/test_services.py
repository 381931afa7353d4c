"""The service as a process: it starts on nothing, stops when told, and does not stand in its own way."""

import contextlib
import json
import signal
import socket
import sqlite3
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from tests.intake112.command import environment, intake112, service, status, text, until
from tests.postgres import free_port


def test_run_makes_its_database_serves_and_ends_at_sigterm(tmp_path: Path) -> None:
    port = free_port()
    env = environment(tmp_path, HTTP_PORT=str(port))
    with service(env, "run") as process:
        until(lambda: status(port, "/healthz") == 200, process)
        beside = intake112(env, "token", "create", "--name", "beside", "--role", "operator")
        assert (beside.returncode, beside.stderr) == (0, "")
        until(lambda: "\nintake112_heartbeat_seconds " in text(port, "/metrics"), process)
        until(lambda: '"audit_heads"' in text(port, "/metrics"), process)
        asked = Request(f"http://127.0.0.1:{port}/api/v1/reports")
        asked.add_header("Authorization", f"Bearer {beside.stdout.strip()}")
        with urlopen(asked, timeout=10) as answer:  # noqa: S310
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        out, log = process.communicate(timeout=15)
    assert (process.returncode, out) == (0, ""), log
    events = [json.loads(line) for line in log.splitlines()]
    assert events[-1]["event"] == "stopped"
    assert not [line for line in events if line["level"] in {"error", "critical"}]
    assert beside.stdout.strip() not in log
    with contextlib.closing(sqlite3.connect(tmp_path / "intake112.db")) as file:
        rows = file.execute("SELECT actor FROM audit WHERE action = 'reports.searched'").fetchall()
    assert rows == [("beside",)], "what was read in the last moment is in the record"


def test_run_ends_at_ctrl_c(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    with service(environment(tmp_path, DATABASE_URL=database_url, HTTP_PORT=str(port)), "run") as process:
        until(lambda: status(port, "/healthz") == 200, process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=15)
    assert process.returncode == 0


def test_a_second_service_on_the_same_file_names_the_first(tmp_path: Path) -> None:
    port = free_port()
    with service(environment(tmp_path, HTTP_PORT=str(port)), "run") as process:
        until(lambda: status(port, "/healthz") == 200, process)
        for command in ("run", "migrate"):
            second = intake112(environment(tmp_path, HTTP_PORT=str(free_port())), command)
            assert (second.returncode, second.stdout) == (1, "")
            assert f"process {process.pid}" in second.stderr
            assert second.stderr.count("\n") == 1
        assert status(port, "/healthz") == 200


@pytest.mark.parametrize("command", ["bridge", "web", "routing"])
def test_one_room_alone_refuses_sqlite(tmp_path: Path, command: str) -> None:
    done = intake112(environment(tmp_path), command)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"intake112: `intake112 {command}` needs PostgreSQL (INTAKE112_DATABASE_URL)")
    assert done.stderr.count("\n") == 1


def test_a_taken_port_is_one_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = intake112(environment(tmp_path, HTTP_PORT=str(port)), "run")
    assert done.returncode == 1
    assert f"port {port}" in done.stderr
    assert "INTAKE112_HTTP_PORT" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.real
@pytest.mark.parametrize("database_kind", ["postgresql"])
def test_rooms_of_their_own_on_postgresql(database_url: str, tmp_path: Path) -> None:
    port = free_port()
    env = environment(tmp_path, DATABASE_URL=database_url, HTTP_PORT=str(port))
    with service(env, "web") as web, service(env, "routing") as routing:
        until(lambda: status(port, "/healthz") == 200, web)
        missing = intake112(env, "bridge")
        assert (missing.returncode, missing.stderr.count("\n")) == (1, 1)
        assert "INTAKE112_AMI_HOST" in missing.stderr
        for process in (web, routing):
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=15)
            assert process.returncode == 0


@pytest.mark.real
def test_web_waits_for_postgresql_and_still_ends_when_told(tmp_path: Path) -> None:
    env = environment(
        tmp_path, DATABASE_URL="postgresql+asyncpg://u:s3cret-word@127.0.0.1:1/x", HTTP_PORT=str(free_port())
    )
    with service(env, "web") as process:
        assert process.stderr is not None
        assert "database_unavailable" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=15)
    assert process.returncode == 0
    assert "s3cret-word" not in log


@pytest.mark.real
def test_the_bridge_does_not_wait_for_postgresql(tmp_path: Path) -> None:
    pbx = {"AMI_HOST": "127.0.0.1", "AMI_PORT": "1", "AMI_USERNAME": "u", "AMI_SECRET": "s3cret-word"}
    env = environment(tmp_path, DATABASE_URL="postgresql+asyncpg://u:s3cret-word@127.0.0.1:1/x", **pbx)
    with service(env, "bridge") as process:
        assert process.stderr is not None
        heard = ""
        while "bridge_started" not in heard:
            heard += (line := process.stderr.readline())
            assert line, heard
        assert list((tmp_path / "tapes" / "pbx").glob("*.tape"))
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=15)
    assert process.returncode == 0, heard + log
    assert "s3cret-word" not in heard + log
