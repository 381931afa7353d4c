"""`intake112 doctor` on a real Asterisk: nothing is wrong with what we ship; each sabotage is told, and how to mend it.

Its test calls make no report, ring no telephone, hold up no caller, and leave nothing in the folder of recordings.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ami_bridge.trial import NOBODY
from tests.acceptance.conftest import settings
from tests.acceptance.forked import run
from tests.acceptance.product import Product
from tests.pbx.asterisk import CARRIER_HOST, PBX_HOST, RealAsterisk
from tests.pbx.sipp import People
from tests.pbx.stream import AmiStream
from tests.waiting import until

pytestmark = pytest.mark.real
EAR = "[intake112](+)\n"


class Doctor:
    """Runs `intake112 doctor` on one PBX, with settings that a test may change."""

    def __init__(self, pbx: RealAsterisk, database_url: str, state: Path) -> None:
        state.mkdir(mode=0o750, exist_ok=True)
        kept = {name: value for name, value in os.environ.items() if not name.startswith("INTAKE112_")}
        self.environment = kept | settings(pbx)
        self.set(
            CONTROL_USERNAME="intake112-control",
            CONTROL_SECRET=pbx.control_secret,
            DATABASE_URL=database_url,
            STATE_DIR=state,
            RECORDINGS_DIR=pbx.recordings,
        )
        self.code = 0

    def set(self, **changed: str | Path) -> None:
        """Change settings; names without their prefix."""
        self.environment |= {f"INTAKE112_{name}": str(value) for name, value in changed.items()}

    def __call__(self, *arguments: str) -> dict[str, str]:
        """Run it, and return the printed lines by their checks."""
        done = run(["doctor", *arguments], self.environment, timeout=90)
        assert done.stderr == ""
        self.code = done.returncode
        return {line[8:].partition(":")[0]: line for line in done.stdout.splitlines()[:-1]}

    def wrong(self, *arguments: str) -> dict[str, str]:
        """Run it and return only what is wrong; its exit code must say so too."""
        said = {check: line for check, line in self(*arguments).items() if line.startswith("wrong")}
        assert self.code == bool(said)
        return said


def not_ok(said: dict[str, str]) -> list[str]:
    """The checks that found something; SQLite's version is this machine's, not ours."""
    return [check for check, line in said.items() if not line.startswith("ok ") and check != "SQLite"]


@pytest.fixture
def doctor(pbx: RealAsterisk, sqlite_template: Path, tmp_path: Path) -> Doctor:
    """The doctor of an installation that is in order."""
    state = tmp_path / "state"
    state.mkdir(mode=0o750)
    shutil.copyfile(sqlite_template, state / "intake112.db")
    return Doctor(pbx, f"sqlite+aiosqlite:///{state}/intake112.db", state)


def test_nothing_is_wrong_with_what_we_ship(pbx: RealAsterisk, database_url: str, tmp_path: Path) -> None:
    doctor = Doctor(pbx, database_url, tmp_path / "state")
    pbx.cli("queue add member PJSIP/op1 to 112")
    assert not_ok(doctor()) == ["places", "positions", "test call", "voice menu"]
    assert doctor.code == 0
    assert not pbx.cel_file.exists(), "without --call nobody calls"
    doctor.set(MENU_PORT=str(pbx.ports.menu), HEP_PORT=str(pbx.ports.hep), HEP_TRUNKS=CARRIER_HOST)
    with socket.create_server((PBX_HOST, pbx.ports.menu)):
        said = doctor("--call")
    assert (doctor.code, not_ok(said)) == (0, ["places"]), "a first start brings the names of places"
    forms = [f"test call {form} in [line-112]" for form in ("112", "0328112", "+62112", "s")]
    assert [check for check in said if check in forms] == forms


def test_a_test_call_is_nobodys(pbx: RealAsterisk, people: People, acting: Product) -> None:
    """No report, no ringing telephone, no recording that stays; and nobody who waits, waits behind it."""
    acting.environment["INTAKE112_RECORDINGS_DIR"] = str(pbx.recordings)
    desk = people.operator(1, answer_ms=50)
    with pbx.stream() as ami:
        acting.command("doctor", "--call")
        assert "INVITE" not in desk.trace()
        assert len([one for one in ami.frames if one.matches(Event="QueueCallerJoin")]) == 4
        assert not [one for one in ami.frames if one.get("Event") in ("AgentCalled", "AgentConnect")]
        people.log_out(1)
        caller = people.call()
        until(lambda: acting.get("/calls")["calls"], "the caller waits")
        heard = len(ami.frames)
        acting.command("doctor", "--call")
        assert ami.wait_event("QueueCallerJoin", after=heard).get("Position") == "2"
        people.log_in(1)
        ami.wait_event("AgentConnect", after=heard)
        caller.hang_up()
        caller.wait()
    (report,) = acting.all_ended(1)
    assert report["call"]["outcome"] == "answered"
    assert [file.stem for file in pbx.recordings.iterdir()] == [report["call"]["uniqueid"]]
    by_cel = "1 rings by CEL, 1 reports, difference 0"
    until(lambda: acting.command("reconcile").startswith(by_cel), "CEL has one ring, and its report is there")


def test_a_caller_who_comes_after_a_test_call_stands_before_it(pbx: RealAsterisk, people: People) -> None:
    people.operator(1, answer_ms=50)
    with pbx.stream() as ami, AmiStream(PBX_HOST, pbx.ami_port, "intake112-control", pbx.control_secret) as hand:
        waits = {"Channel": "Local/112@line-112", "Application": "Wait", "Data": "60", "Variable": NOBODY}
        hand.send(Action="Originate", Async="true", **waits)
        ami.wait_event("QueueCallerJoin", Position="1")
        caller = people.call()
        joined = ami.wait_event("QueueCallerJoin", count=2)
        assert joined.get("Position") == "1"
        assert ami.wait_event("AgentConnect").get("Uniqueid") == joined.get("Uniqueid"), "and is answered, not it"
        caller.hang_up()
        caller.wait()


def test_a_voice_menu_that_nobody_serves(pbx: RealAsterisk, doctor: Doctor) -> None:
    assert "INTAKE112_MENU_PORT=4573" in doctor()["voice menu"]
    doctor.set(MENU_PORT=str(pbx.ports.menu))
    assert "systemctl start intake112" in doctor()["voice menu"]


@pytest.mark.parametrize("pbx", [{"appended": {"modules.conf": "noload=res_hep_pjsip.so"}}], indirect=True)
def test_a_pbx_that_mirrors_nothing(pbx: RealAsterisk, doctor: Doctor) -> None:
    assert "INTAKE112_HEP_PORT=9060" in doctor()["positions"]
    doctor.set(HEP_PORT=str(pbx.ports.hep), HEP_TRUNKS=CARRIER_HOST)
    assert "`load=res_hep_pjsip.so`" in doctor.wrong()["positions"]


def test_a_wrong_secret(doctor: Doctor) -> None:
    doctor.set(AMI_SECRET="not-the-secret")
    said = doctor()
    assert (doctor.code, said["log-in of the ear"][:5]) == (1, "wrong")
    assert "[intake112]: `secret=`" in said["log-in of the ear"]
    assert said["PBX"].startswith("warning PBX: not asked"), "what cannot be made says so"
    assert said["disk of state"].startswith("ok"), "the others go on"
    assert "not-the-secret" not in "".join(said.values())


def test_a_wrong_secret_of_the_hand(doctor: Doctor) -> None:
    doctor.set(CONTROL_SECRET="not-the-secret")
    said = doctor("--call")
    assert (doctor.code, said["log-in of the hand"][:5]) == (1, "wrong")
    assert "INTAKE112_CONTROL_SECRET" in said["log-in of the hand"]
    assert said["hearing"].startswith("ok")
    assert said["test call"].startswith("warning")


def test_an_ami_port_that_is_closed(pbx: RealAsterisk, doctor: Doctor) -> None:
    pbx.stop()
    (line,) = doctor.wrong().values()
    assert f"AMI: 127.0.0.1:{pbx.ami_port}" in line
    assert "systemctl status asterisk" in line


@pytest.mark.parametrize(
    ("pbx", "check", "mend"),
    [
        pytest.param(
            {"appended": {"modules.conf": f"noload={module}.so"}}, "modules", f"load={module}.so", id=f"no {module}"
        )
        for module in ("app_mixmonitor", "func_uri", "func_dialplan", "app_confbridge")
    ]
    + [
        pytest.param(
            {"appended": {"manager.conf": f"{EAR}write=reporting,originate"}},
            "rights of the ear",
            "`write=reporting`",
            id="an ear that acts",
        ),
        pytest.param(
            {"appended": {"manager.conf": f"{EAR}write="}},
            "rights of the ear",
            "`write=reporting`",
            id="no right to ask",
        ),
        pytest.param(
            {"appended": {"manager.conf": "[intake112-control](+)\nwrite=call,agent,originate,command"}},
            "rights of the hand",
            "`write=call,agent,originate`",
            id="a hand that commands",
        ),
        pytest.param(
            {"appended": {"manager.conf": f"{EAR}read=call,agent,user,system"}},
            "hearing",
            "`read=call,agent,user,system,security`",
            id="deaf for refusals",
        ),
        pytest.param(
            {"appended": {"manager.conf": "[general](+)\ntimestampevents=no"}},
            "timestampevents",
            "`timestampevents=yes`",
            id="no timestamps",
        ),
        pytest.param({"values": {"SYSTEMNAME": "pbx-2"}}, "systemname", "`systemname=pbx-1`", id="another systemname"),
        pytest.param(
            {"values": {"QUALIFY_S": "1"}}, "trunk trunk", "pjsip show endpoint trunk", id="an unplugged trunk"
        ),
    ],
    indirect=["pbx"],
)
def test_what_is_wrong_in_asterisks_files(pbx: RealAsterisk, doctor: Doctor, check: str, mend: str) -> None:
    if check == "trunk trunk":
        until(lambda: "Unavail" in pbx.cli("pjsip show contacts"), "Asterisk has seen that nobody answers", 20)
    said = doctor.wrong()
    assert mend in said[check]


def test_an_ear_that_is_deaf_for_restarts(pbx: RealAsterisk, doctor: Doctor) -> None:
    conf = pbx.folder / "etc/manager.conf"
    conf.write_text(f"{conf.read_text()}\n{EAR}read=call,agent,user,security\n")
    pbx.cli("manager reload")
    assert "does not hear `system`" in doctor.wrong()["hearing"]


NO_FUNCTION = "app_dial", "bridge_softmix", "app_userevent"


@pytest.mark.parametrize(
    "pbx", [{"appended": {"modules.conf": "".join(f"noload={one}.so\n" for one in NO_FUNCTION)}}], indirect=True
)
def test_modules_that_bring_nothing_that_could_be_asked(doctor: Doctor) -> None:
    (line,) = doctor.wrong().values()
    assert f"wrong   modules: not loaded: {', '.join(NO_FUNCTION)}" in line
    assert all(f"load={one}.so" in line for one in NO_FUNCTION)
    assert "not heard: UserEvent" in doctor.wrong("--call")["test call 112 in [line-112]"]


@pytest.mark.parametrize("pbx", [{"appended": {"manager.conf": f"{EAR}eventfilter=!Event: VarSet"}}], indirect=True)
def test_a_filter_that_hides_a_caller(doctor: Doctor) -> None:
    assert doctor.wrong() == {}
    (line,) = doctor.wrong("--call").values()
    assert "hides UserEvent, QueueCallerJoin, Hangup of a caller" in line
    assert "`eventfilter=!^Event: (" in line


@pytest.mark.parametrize(
    ("gone", "check"),
    [
        ("overflow", "dialplan [overflow]"),
        ("again", "dialplan [again]"),
        ("transfer", "dialplan [transfer]"),
        ("intake-out", "dialplan [intake-out]"),
    ],
)
def test_a_context_that_is_gone(pbx: RealAsterisk, doctor: Doctor, gone: str, check: str) -> None:
    conf = pbx.folder / "etc/extensions.conf"
    conf.write_text(conf.read_text().replace(f"[{gone}]", f"[{gone}-away]"))
    pbx.cli("dialplan reload")
    said = doctor.wrong()
    assert list(said) == [check]
    assert f"extensions.conf: [{gone}]" in said[check]


def test_a_test_caller_whom_the_dialplan_does_not_know(pbx: RealAsterisk, doctor: Doctor) -> None:
    doctor.set(TEST_NUMBER="+62328112")
    said = doctor.wrong()
    assert list(said) == ["test caller"]
    assert "`TEST_CALLER=`" in said["test caller"]
    conf = pbx.folder / "etc/extensions.conf"
    conf.write_text(conf.read_text().replace("\nTEST_CALLER=", "\nTEST_CALLER=+62328999"))
    pbx.cli("dialplan reload")
    assert doctor()["test caller"] == "ok      test caller: +62328999"


def test_a_line_that_takes_112_alone(pbx: RealAsterisk, doctor: Doctor) -> None:
    conf = pbx.folder / "etc/extensions.conf"
    conf.write_text(conf.read_text().replace("exten => _[!-~]!,1,UserEvent", "exten => 112,1,UserEvent"))
    pbx.cli("dialplan reload")
    said = doctor.wrong()
    assert list(said) == ["dialplan [line-112]"]
    assert "sent here as 0328112, +62112, s gets 404" in said["dialplan [line-112]"]


def test_a_line_without_user_event_or_recording_is_weaker(pbx: RealAsterisk, doctor: Doctor) -> None:
    conf = pbx.folder / "etc/extensions.conf"
    shipped = conf.read_text()
    conf.write_text(shipped.replace("UserEvent(Intake112,", "UserEvent(Other,"))
    pbx.cli("dialplan reload")
    assert doctor()["dialplan [line-112]"].startswith("warning dialplan [line-112]: no UserEvent(Intake112")
    conf.write_text(shipped.replace("n,MixMonitor(", "n,NoOp("))
    pbx.cli("dialplan reload")
    assert doctor()["dialplan [line-112]"].startswith("warning dialplan [line-112]: no MixMonitor")


def test_names_that_the_pbx_does_not_know(doctor: Doctor) -> None:
    doctor.set(LINE_QUEUES="112,911", TRUNKS="trunk,carrier-2", DESKS="op1,op9", LINE_CONTEXTS="line-112,from-gsm")
    said = doctor()
    assert {check for check, line in said.items() if line.startswith("wrong")} == {
        *("queue 911", "trunk carrier-2", "dialplan [from-gsm]")
    }
    assert "Asterisk has no op9" in said["desks"]
    assert said["queue 112"].startswith("warning queue 112: nobody is logged in")


def test_folders_of_the_pbx_that_are_gone(pbx: RealAsterisk, doctor: Doctor) -> None:
    pbx.cel_file.parent.rmdir()
    pbx.recordings.rmdir()
    said = doctor.wrong()
    assert sorted(said) == ["CEL file", "recordings"]
    assert f"-m 2750 {pbx.cel_file.parent}" in said["CEL file"]
    assert f"-m 2770 {pbx.recordings}" in said["recordings"]
    assert "test call in CEL" in doctor.wrong("--call")


def test_another_file_than_asterisk_writes(pbx: RealAsterisk, doctor: Doctor) -> None:
    elsewhere = pbx.cel_file.with_name("other.csv")
    elsewhere.write_text("")
    doctor.set(CEL_FILE=elsewhere, QUEUE_LOG=elsewhere.with_name("queue_log"))
    assert list(doctor.wrong("--call")) == ["test call in CEL", "test call in queue_log", "queue_log"]


@contextmanager
def mounted(place: Path, *how: str) -> Iterator[None]:
    """Mount something at a place for a while."""
    place.mkdir(exist_ok=True)
    for step in how:
        subprocess.run(["mount", *step.split(), str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_recordings_that_cannot_be_taken_away(pbx: RealAsterisk, doctor: Doctor, tmp_path: Path) -> None:
    place = tmp_path / "read-only"
    with mounted(place, f"--bind {pbx.recordings}", "-o remount,bind,ro"):
        doctor.set(RECORDINGS_DIR=place)
        said = doctor.wrong()
        assert list(said) == ["recordings"]
        assert "usermod -aG asterisk intake112" in said["recordings"]
        assert list(doctor.wrong("--call")) == ["test call's recording", "recordings"]


def test_a_disk_that_is_nearly_full(doctor: Doctor, tmp_path: Path) -> None:
    place = tmp_path / "small"
    with mounted(place, "-t tmpfs -o size=64m,mode=750 tmpfs"):
        doctor.set(STATE_DIR=place)
        said = doctor.wrong()
        assert list(said) == ["disk of state"]
        assert "67 MB free of 67 (100%)" in said["disk of state"]


@pytest.mark.parametrize("ahead_s", [-90, 90])
def test_a_clock_that_is_off(doctor: Doctor, tmp_path: Path, ahead_s: int) -> None:
    (tmp_path / "now").write_text(str(time.time() + ahead_s))
    doctor.set(TEST_CLOCK=tmp_path / "now")
    (line,) = doctor.wrong().values()
    told_ms = int(line.partition("the PBX's is ")[2].partition(" ms")[0])
    assert abs(told_ms + ahead_s * 1000) < 30_000
    assert "`chronyc tracking`" in line
