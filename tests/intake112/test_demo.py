"""`run --demo`: callers ring, agencies accept, people may log in; and a second start finds what the first one left."""

import json
import signal
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.intake112.command import environment, inside, service, status, until
from tests.postgres import free_port

AGENCY = ("agency", "add", "damkar", "--name", "The real one", "--url", "http://127.0.0.1:9/real")


def ask(port: int, token: str, method: str, path: str, body: object = None) -> Any:
    """Ask the API as a machine."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    found = json.loads(connection.getresponse().read())
    connection.close()
    return found


def start(env: dict[str, str], port: int) -> tuple[list[str], str]:
    """Run the demo until a caller rang and an agency accepted a report; return its log-ins and its log."""
    with service(env, "run", "--demo") as process:
        until(lambda: status(port, "/readyz") == 200, process)
        name = f"machine {port} {len(list(Path(env['INTAKE112_STATE_DIR']).glob('tapes/*/*.tape')))}"
        token = inside(env, "token", "create", "--name", name, "--role", "operator").stdout.strip()
        until(lambda: any(r["call"] for r in ask(port, token, "GET", "/api/v1/reports")["reports"]), process)
        report = ask(port, token, "POST", "/api/v1/reports", {"source": "walk-in", "kind": "laka", "priority": "P1"})
        path = f"/api/v1/reports/{report['number']}"
        ask(port, token, "POST", f"{path}/dispatches", {"agencies": ["psc119"]})
        until(lambda: ask(port, token, "GET", path)["dispatches"][0]["state"] == "accepted", process)
        assert ask(port, token, "POST", f"{path}/location-link", {"to": "081200000001"})["sms"]["state"] == "queued"
        until(lambda: ask(port, token, "GET", path)["location"]["links"][0]["sms"]["state"] == "sent", process)
        process.send_signal(signal.SIGTERM)
        out, log = process.communicate(timeout=15)
    assert process.returncode == 0, log
    assert f"http://127.0.0.1:{port}" in out
    return [line for line in out.splitlines() if "log in as" in line], log


@pytest.mark.timeout(180)
def test_the_demo_twice(tmp_path: Path) -> None:
    port = free_port()
    env = environment(tmp_path, HTTP_PORT=str(port))
    assert inside(env, "migrate").returncode == 0
    assert inside(env, *AGENCY, "--allow-cidr", "127.0.0.0/8").returncode == 0
    first, log = start(env, port)
    assert [line.split()[3] for line in first] == ["operator", "supervisor", "admin"]
    again, log_again = start(env, port)
    assert again == first
    assert (tmp_path / "demo-logins.json").stat().st_mode & 0o777 == 0o600
    for line in first:
        assert line.split()[-1] not in log + log_again
    agencies = inside(env, "agency", "list").stdout.splitlines()
    assert "damkar\tThe real one\thttp://127.0.0.1:9/real\t127.0.0.0/8\tnative" in agencies
    assert len(agencies) == 7
