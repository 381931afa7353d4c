"""What happens to the line between Asterisk and the bridge, with calls on it: no ring is lost, none counts twice."""

import os
import time
from pathlib import Path

import pytest

from tests.acceptance.conftest import settings
from tests.acceptance.product import Product
from tests.faults.ledgers import agreed, epoch, rings, talked
from tests.faults.store import Store
from tests.faults.wire import Wire, lasts, reached
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import Caller, People
from tests.waiting import until

pytestmark = pytest.mark.real
QUIET_S = 60 if os.environ.get("INTAKE112_PROVE") else 6
NOTICED_WITHIN_S = 10
SITI, BUDI, DEWI = (Caller(f"+628120000000{n}") for n in (1, 2, 3))


def waiting(product: Product, caller: Caller = SITI) -> None:
    """Wait until a caller is seen in the queue."""
    until(
        lambda: (
            ("queued", caller.number)
            in [(one["call"]["stage"], one["caller"]["number"]) for one in product.get("/calls")["calls"]]
        ),
        f"{caller.number} waits",
    )


def test_cut_in_the_middle_of_a_frame_in_a_call(pbx: RealAsterisk, people: People, ami: Wire, product: Product) -> None:
    caller = people.call(SITI)
    waiting(product)
    ami.cut_in_a_frame(b"\r\nDestChannelStateDesc: ")  # in what tells of the operator's phone
    people.operator(1, answer_ms=50)
    reached(ami, 2, "the line is made again", within_s=NOTICED_WITHIN_S)
    talked(pbx, 1)
    caller.hang_up()
    caller.wait()
    (report,) = agreed({"pbx-1": pbx}, product)
    assert report["call"]["operator"]["device"] == "PJSIP/op1"


def test_a_half_open_line_is_noticed(pbx: RealAsterisk, people: People, ami: Wire, product: Product) -> None:
    stays = people.call(SITI)
    waiting(product)
    ami.go_dead()
    began = time.monotonic()
    stays.hang_up()  # unheard
    stays.wait()
    people.call(BUDI, hang_up_ms=100).wait()  # came and went unheard
    waits = people.call(DEWI)
    reached(ami, 2, "the dead line is noticed", within_s=NOTICED_WITHIN_S + 2)
    assert time.monotonic() - began <= NOTICED_WITHIN_S
    waiting(product, DEWI)
    waits.hang_up()
    waits.wait()
    reports = agreed({"pbx-1": pbx}, product)
    assert [report["call"]["outcome"] for report in reports] == ["abandoned"] * 3


def test_a_quiet_line_is_one_connection(pbx: RealAsterisk, people: People, ami: Wire, product: Product) -> None:
    lasts(QUIET_S)
    people.call(SITI, hang_up_ms=50).wait()
    (report,) = agreed({"pbx-1": pbx}, product)
    assert ami.connections == 1
    assert report["call"]["recovered"] is False


def test_a_wrong_secret_is_an_alarm_and_never_in_the_log(
    pbx: RealAsterisk, people: People, ami: Wire, store: Store, tmp_path: Path
) -> None:
    wrong = "certainly-not-this-one"
    joined = settings(pbx) | {"INTAKE112_AMI_PORT": str(ami.port)}
    with Product(store.url, tmp_path / "state", joined | {"INTAKE112_AMI_SECRET": wrong}) as product:
        began = time.monotonic()
        product.start(ready=False)
        reached(ami, 5, "it tries again", within_s=30)
        assert time.monotonic() - began > 3, "it backs off"
        (said,) = [check for check in product.readiness()["checks"] if check["name"] == "bridge:pbx-1"]
        assert said["ok"] is False
        assert "INTAKE112_AMI_SECRET" in said["message"]
        people.call(SITI, hang_up_ms=50).wait()
        product.kill()
        log = product.log.read_text()
        assert "INTAKE112_AMI_SECRET" in log
        assert wrong not in log
        assert pbx.ami_secret not in log
        product.environment["INTAKE112_AMI_SECRET"] = pbx.ami_secret
        product.start()
        people.call(BUDI, hang_up_ms=50).wait()
        agreed({"pbx-1": pbx}, product)


@pytest.mark.parametrize("answer_ms", [50, None], ids=["answered", "it rings still"])
@pytest.mark.parametrize("deaf", [False, True], ids=["heard", "found in the list"])
def test_a_call_out_by_the_console_is_no_ring(
    pbx: RealAsterisk, people: People, ami: Wire, product: Product, deaf: bool, answer_ms: int | None
) -> None:
    """In the line's context, the first of its call; the list shows Wait once it is answered."""
    carrier = people.carrier(answer_ms=answer_ms)
    if deaf:
        ami.shut()
    pbx.cli("channel originate PJSIP/+6281200000009@trunk application Wait 60")
    state = "Up" if answer_ms is not None else "Ringing"
    until(lambda: f"!{state}!" in pbx.cli("core show channels concise"), f"the call out is {state}")
    ami.open()
    product.until_ready()
    people.call(SITI, hang_up_ms=50).wait()
    until(
        lambda: [report["call"]["stage"] for report in product.reports()] == ["ended"], "one call was heard, and ended"
    )
    for channel in pbx.cli("core show channels concise").split():
        pbx.cli(f"channel request hangup {channel.partition('!')[0]}")
    until(lambda: "!" not in pbx.cli("core show channels concise"), "it is over")
    carrier.end()
    assert [report["caller"]["number"] for report in agreed({"pbx-1": pbx}, product)] == [SITI.number]


@pytest.mark.parametrize("deaf", [False, True], ids=["heard", "told by CEL"])
def test_asterisk_restarted_with_calls_up(
    pbx: RealAsterisk, people: People, ami: Wire, product: Product, deaf: bool
) -> None:
    people.operator(1, answer_ms=50)
    people.call(SITI)
    talked(pbx, 1)
    people.call(BUDI)
    waiting(product, BUDI)
    if deaf:
        ami.shut()
    pbx.restart()
    ami.open()
    product.until_ready()
    people.call(DEWI, hang_up_ms=0).wait()
    newest, *cut = agreed({"pbx-1": pbx}, product)
    assert newest["caller"]["number"] == DEWI.number
    assert newest["call"]["outcome"] == "abandoned"
    ended = {report["caller"]["number"]: report["call"] for report in cut}
    assert {number: call["outcome"] for number, call in ended.items()} == {
        SITI.number: "answered",
        BUDI.number: "failed",
    }
    assert {call["hangup_cause"] for call in ended.values()} == {"pbx restarted"}


def test_asterisk_killed_with_calls_up(pbx: RealAsterisk, people: People, product: Product) -> None:
    """CEL holds no end: it is not later than the last sign of life, and not before the caller came."""
    people.operator(1, answer_ms=50)
    people.call(SITI)
    talked(pbx, 1)
    people.call(BUDI)
    waiting(product, BUDI)
    killed_at = time.time()
    pbx.kill()
    pbx.start()
    until(lambda: not product.get("/calls")["calls"], "the lost calls are over", within_s=30)
    people.call(DEWI, hang_up_ms=50).wait()
    reports = {report["caller"]["number"]: report["call"] for report in agreed({"pbx-1": pbx}, product)}
    assert {number: call["outcome"] for number, call in reports.items()} == {
        SITI.number: "answered",
        BUDI.number: "failed",
        DEWI.number: "abandoned",
    }
    for number in (SITI.number, BUDI.number):
        call = reports[number]
        assert call["hangup_cause"] == "pbx restarted"
        began = next(ring.began_at for ring in rings(pbx).values() if ring.number == number)
        assert began <= epoch(call["ended_at"]) <= killed_at + 1


def test_logs_on_a_disk_that_hangs_hold_up_no_ring(
    pbx: RealAsterisk, people: People, store: Store, tmp_path: Path
) -> None:
    """Whoever opens them waits, as on a network disk that is away: an alarm until it answers."""
    hangs, gone = tmp_path / "cel.csv", tmp_path / "gone"
    os.mkfifo(hangs)
    with Product(store.url, tmp_path / "state", settings(pbx) | {"INTAKE112_CEL_FILE": str(hangs)}) as product:
        product.start(ready=False)
        until(lambda: b'"state": "catching up"' in product.log.read_bytes(), "it listens", within_s=20)
        people.operator(1, answer_ms=50)
        caller = people.call(SITI)
        until(lambda: [one["call"]["stage"] for one in product.get("/calls")["calls"]] == ["talking"], "it is shown")
        caller.hang_up()
        caller.wait()
        people.call(BUDI, hang_up_ms=50).wait()
        assert {one["call"]["outcome"] for one in product.all_ended(2)} == {"answered", "abandoned"}
        assert [alarm["code"] for alarm in product.readiness()["alarms"]] == ["logs"]
        hangs.rename(gone)
        hangs.symlink_to(pbx.cel_file)
        os.close(os.open(gone, os.O_WRONLY | os.O_NONBLOCK))  # the disk answers whoever waits
        until(lambda: not product.readiness()["alarms"], "the logs are read", within_s=30)
        agreed({"pbx-1": pbx}, product)


def test_a_pbx_that_refuses_its_lists_costs_no_ring(store: Store, tmp_path: Path) -> None:
    """The bridge's user lacks `write=reporting`: it says so, tries again, and reads from CEL what came in between."""
    rights = "read=call,agent,user,system,security"
    weak = f"[weak]\nsecret=only-a-test\n{rights}\nwrite=agent\npermit=127.0.0.1/255.255.255.255"
    with RealAsterisk(systemname="pbx-1", appended={"manager.conf": weak}) as pbx, People(pbx) as people:
        joined = settings(pbx) | {"INTAKE112_AMI_USERNAME": "weak", "INTAKE112_AMI_SECRET": "only-a-test"}
        with Product(store.url, tmp_path / "state", joined) as product:
            product.start(ready=False)

            def said() -> str:
                checks = product.readiness()["checks"]
                return next(str(check["message"]) for check in checks if check["name"] == "bridge:pbx-1")

            until(lambda: b"Permission denied" in product.log.read_bytes(), "it has tried", within_s=20)
            people.operator(1, answer_ms=50)
            for caller in (SITI, BUDI, DEWI):
                people.call(caller, hang_up_ms=1500).wait()
            until(lambda: "Permission denied" in said(), "it says what is missing", within_s=30)
            reports = agreed({"pbx-1": pbx}, product, within_s=60)
            assert {one["call"]["outcome"] for one in reports} == {"answered"}
