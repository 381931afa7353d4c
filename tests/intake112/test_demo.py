"""`run --demo`: callers ring, agencies accept, people may log in; and a second start finds what the first one left."""

import json
import re
import signal
from http.client import HTTPConnection
from pathlib import Path
from subprocess import Popen
from typing import Any
from urllib.parse import urlencode

import pytest

from exercise import opening
from tests.intake112.command import environment, inside, service, status, until
from tests.postgres import free_port

AGENCY = ("agency", "add", "damkar", "--name", "The real one", "--url", "http://127.0.0.1:9/real")


def ask(port: int, who: str | dict[str, str], method: str, path: str, body: object = None) -> Any:
    """Ask the API, with a machine's token or a person's cookie."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Authorization": f"Bearer {who}"} if isinstance(who, str) else who
    headers = headers | {"Content-Type": "application/json"}
    connection.request(method, path, json.dumps(body) if body is not None else None, headers)
    found = json.loads(connection.getresponse().read())
    connection.close()
    return found


def works_a_shift(port: int, folder: Path, process: Popen[str]) -> None:
    """Log in, begin a shift at a telephone, go on a break, come back, and end it: the PBX does each."""
    password = json.loads((folder / "demo-logins.json").read_text())["operator"]
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/masuk", urlencode({"username": "operator", "password": password}), form)
    entered = connection.getresponse()
    entered.read()
    connection.close()
    cookie = {"Cookie": entered.headers["Set-Cookie"].partition(";")[0]}

    def post(path: str, body: object) -> None:
        assert not ask(port, cookie, "POST", f"/api/v1/shift{path}", body).get("error")

    def so(at_pbx: str) -> bool:
        found = ask(port, cookie, "GET", "/api/v1/shift")
        return bool(found["at_pbx"] == at_pbx and found["difference"] is None)

    post("", {"device": "PJSIP/op1"})
    until(lambda: so("ready"), process)
    post("/state", {"state": "break", "reason": "makan"})
    until(lambda: so("break"), process)
    post("/state", {"state": "ready"})
    until(lambda: so("ready"), process)
    post("/end", {})

    def gone() -> bool:
        return "PJSIP/op1" not in [one["device"] for one in ask(port, cookie, "GET", "/api/v1/desks")["desks"]]

    until(gone, process)


def sends_a_photo(port: int, agency: str, dispatch: str, folder: Path) -> None:
    """Accept, and send a photo, by the agency's token; it lies in the state folder."""
    path = f"/agency/v1/dispatches/{dispatch}"
    assert ask(port, agency, "POST", f"{path}/answers", {"answer": "accepted"})["applied"]
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    headers = {"Authorization": f"Bearer {agency}", "Content-Type": "image/png"}
    connection.request("POST", f"{path}/photos", b"\x89PNG\r\n\x1a\n" + dispatch.encode(), headers)
    assert connection.getresponse().status == 201
    connection.close()
    assert dispatch.encode() in b"".join(file.read_bytes() for file in (folder / "photos").glob("*.png"))


def start(env: dict[str, str], port: int, agency: str) -> tuple[list[str], str]:
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
        (ours,) = ask(port, token, "POST", f"{path}/dispatches", {"agencies": ["damkar"]})["dispatches"]
        sends_a_photo(port, agency, ours["id"], Path(env["INTAKE112_STATE_DIR"]))
        assert ask(port, token, "POST", f"{path}/location-link", {"to": "081200000001"})["sms"]["state"] == "queued"
        until(lambda: ask(port, token, "GET", path)["location"]["links"][0]["sms"]["state"] == "sent", process)
        works_a_shift(port, Path(env["INTAKE112_STATE_DIR"]), process)
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
    added = inside(env, *AGENCY, "--allow-cidr", "127.0.0.0/8")
    agency = dict(line.split(": ", 1) for line in added.stdout.splitlines() if ": " in line)["token"]
    first, log = start(env, port, agency)
    assert [line.split()[3] for line in first] == ["operator", "operator2", "supervisor", "admin"]
    again, log_again = start(env, port, agency)
    assert again == first
    assert (tmp_path / "demo-logins.json").stat().st_mode & 0o777 == 0o600
    for line in first:
        assert line.split()[-1] not in log + log_again
    agencies = inside(env, "agency", "list").stdout.splitlines()
    assert "damkar\tThe real one\thttp://127.0.0.1:9/real\t127.0.0.0/8\tnative" in agencies
    assert len(agencies) == 7


@pytest.mark.timeout(120)
def test_a_fresh_demo_has_a_story(tmp_path: Path) -> None:
    """A pair to join, an agency paused, one that rejects, one that is texted, a position, an agency's link."""
    port = free_port()
    env = environment(tmp_path, HTTP_PORT=str(port))
    with service(env, "run", "--demo") as process:
        until(lambda: status(port, "/readyz") == 200, process)
        token = inside(env, "token", "create", "--name", "watcher", "--role", "supervisor").stdout.strip()

        def told() -> dict[str, list[str]]:
            found: dict[str, list[str]] = {}
            for one in ask(port, token, "GET", "/api/v1/reports?limit=100")["reports"]:
                if one["source"] == "walk-in":
                    found.setdefault(one["kind"], []).append(one["number"])
            return found

        until(lambda: sum(map(len, told().values())) == len(opening.REPORTS), process)
        second, first = told()["kebakaran"]
        (proposed,) = ask(port, token, "GET", f"/api/v1/reports/{second}/duplicates")["proposed"]
        assert proposed["number"] == first
        (lamp,) = told()["pju"]
        until(
            lambda: ask(port, token, "GET", f"/api/v1/reports/{lamp}")["dispatches"][0]["state"] == "rejected", process
        )
        (break_in,) = told()["kriminal"]
        sent = ask(port, token, "GET", f"/api/v1/reports/{break_in}")["dispatches"][0]
        ask(port, token, "POST", f"/api/v1/dispatches/{sent['id']}/escalate")  # nobody waits here until it is late

        def texted() -> bool:
            entries = ask(port, token, "GET", f"/api/v1/reports/{break_in}")["entries"]
            return any("SMS ke Polres (+6281200000500) diterima gateway" in one["text"] for one in entries)

        until(texted, process)
        alarms = {one["code"]: one["values"] for one in ask(port, token, "GET", "/readyz")["alarms"]}
        assert alarms["agency_paused"]["agency"] == "Satpol PP"
        until(lambda: "joined" in [m["state"] for m in ask(port, token, "GET", "/api/v1/aml")["messages"]], process)
        process.send_signal(signal.SIGTERM)
        out, log = process.communicate(timeout=15)
    assert process.returncode == 0, log
    assert re.search(rf"phone: http://127.0.0.1:{port}/a/[\w-]{{43}}\n", out)
    assert re.search(rf"SMS ke / to \+6281200000500: .*{break_in} .*http://127.0.0.1:{port}/a/[\w-]{{43}}\n", out)
