"""What a caller meets when nobody can answer, on a real Asterisk: the voice menu, whatever becomes of its server."""

import io
import math
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.acceptance.conftest import settings
from tests.acceptance.product import Json, Product
from tests.faults.ledgers import agreed
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import CallerProcess, People
from tests.pbx.stream import AmiStream
from tests.waiting import until

pytestmark = pytest.mark.real
AFTER_S, EMPTY_S, MENU_S = 3, 1, 8
GLOBALS: Final = f"[globals](+)\nOVERFLOW_AFTER_S={AFTER_S}\nOVERFLOW_EMPTY_S={EMPTY_S}\nOVERFLOW_MENU_S={MENU_S}\n"
soon = pytest.mark.parametrize("pbx", [{"appended": {"extensions.conf": GLOBALS}}], indirect=True, ids=["soon"])
sees_who_is_gone = pytest.mark.parametrize(
    "pbx", [{"appended": {"extensions.conf": GLOBALS}, "values": {"QUALIFY_S": "1"}}], indirect=True, ids=["qualified"]
)
DUTY_OFFICER: Final = "+6281200000099"
has_an_officer = pytest.mark.parametrize(
    "pbx",
    [{"appended": {"extensions.conf": f"{GLOBALS}OVERFLOW_NUMBER={DUTY_OFFICER}\n"}}],
    indirect=True,
    ids=["duty officer"],
)
MORE_BEFORE_S: Final = 5.0  # at most so much longer than without a hanging server: it never answered
MORE_AFTER_S: Final = MENU_S + 1.0  # it had answered


@pytest.fixture
def acting(pbx: RealAsterisk, database_url: str, tmp_path: Path) -> Iterator[Product]:
    """The whole product, with its menu and its hand, which looks after recordings."""
    own = {
        "INTAKE112_RECORDINGS_DIR": str(pbx.recordings),
        "INTAKE112_MENU_PORT": str(pbx.ports.menu),
        "INTAKE112_CONTROL_USERNAME": "intake112-control",
        "INTAKE112_CONTROL_SECRET": pbx.control_secret,
    }
    with Product(database_url, tmp_path / "state", settings(pbx) | own) as running:
        running.start()
        until(running.can_act, "it can control calls")
        yield running


@pytest.fixture
def ami(pbx: RealAsterisk) -> Iterator[AmiStream]:
    """What Asterisk says meanwhile."""
    with pbx.stream() as stream:
        yield stream


def menu(ami: AmiStream, step: str) -> float:
    """Wait until the menu tells this step, and return when."""
    return ami.wait_event("UserEvent", timeout=20, UserEvent="Intake112Menu", Step=step).at


def in_queue(ami: AmiStream, spell: int) -> float:
    """Wait until the caller is put into the queue for the `spell`-th time, and return when."""
    return ami.wait_event("QueueCallerJoin", timeout=30, count=spell).at


def out_of_queue(ami: AmiStream) -> float:
    """Wait until the caller has left the queue, and return when."""
    return ami.wait_event("QueueCallerLeave", timeout=30).at


def over(pbx: RealAsterisk, product: Product, call: CallerProcess, outcome: str) -> Json:
    """The caller hangs up; one report, and the ledgers agree."""
    call.hang_up()
    call.wait()
    (report,) = agreed({"pbx-1": pbx}, product)
    assert report["call"]["outcome"] == outcome
    whole: Json = product.report(report["number"])
    return whole


def sound(product: Product, report: Json) -> io.BytesIO:
    """Hear the message."""
    asked = {"reason": "somebody must be called back", "part": "message"}
    play = product.http.post(f"/api/v1/reports/{report['number']}/recording/plays", json=asked)
    heard = product.http.get(play.json()["url"])
    assert heard.status_code == 200, heard.text
    return io.BytesIO(heard.content)


def leave_a_message(pbx: RealAsterisk, product: Product, ami: AmiStream, call: CallerProcess) -> Json:
    """Say in the menu that it burns, and two seconds more; what was said can be played, and a call back is owed."""
    menu(ami, "answered")
    call.press("1")
    began = menu(ami, "message")
    shown = until(lambda: product.get("/calls")["calls"], "it is seen")[0]
    assert (shown["call"]["stage"], shown["kind"]) == ("overflow", "kebakaran")
    until(lambda: time.time() - began > 2, "two seconds are said")
    call.press("#")
    in_queue(ami, 2)
    report = over(pbx, product, call, "overflow")
    message = until(lambda: product.report(report["number"])["call"]["message"], "the message is kept")
    assert (message["heard"], message["fault"]) == (True, None)
    with wave.open(sound(product, report)) as heard:
        frames = heard.readframes(heard.getnframes())
        assert heard.getnframes() / heard.getframerate() == message["seconds"] > 1
    samples = memoryview(frames).cast("h")
    assert math.sqrt(sum(one * one for one in samples) / len(samples)) > 3000, "it is the caller who is heard"
    assert report["kind"] == "kebakaran"
    assert [leg["kind"] for leg in report["call"]["legs"]] == ["queue", "overflow", "queue"]
    assert all(leg["to"] for leg in report["call"]["legs"])
    assert product.report(report["number"])["call"]["call_back_owed"] is True
    return report


@soon
def test_a_message_is_left_and_played_and_a_call_back_owed(
    pbx: RealAsterisk, people: People, acting: Product, ami: AmiStream
) -> None:
    call = people.call(speaks=True)
    left = out_of_queue(ami)
    assert menu(ami, "answered") - left < MORE_BEFORE_S
    report = leave_a_message(pbx, acting, ami, call)
    assert acting.readiness()["alarms"] == []
    people.operator(1, answer_ms=100, log_in=False)
    people.carrier(answer_ms=100, hang_up_ms=300)
    asked = acting.post(f"/reports/{report['number']}/call-back", {"device": "PJSIP/op1"})
    assert acting.done(asked)["result"] == "done"
    assert acting.report(report["number"])["call"]["call_back_owed"] is False


@soon
def test_who_hangs_up_in_the_message_has_left_it(
    pbx: RealAsterisk, people: People, acting: Product, ami: AmiStream
) -> None:
    call = people.call(speaks=True)
    began = menu(ami, "message")
    until(lambda: time.time() - began > 1.5, "something is said")
    report = over(pbx, acting, call, "overflow")
    message = until(lambda: acting.report(report["number"])["call"]["message"], "the message is kept")
    assert (message["heard"], message["fault"]) == (True, None)
    assert message["seconds"] > 0.5
    assert report["kind"] is None


@soon
def test_an_operator_who_comes_answers_the_caller_after_the_menu(
    pbx: RealAsterisk, people: People, acting: Product, ami: AmiStream
) -> None:
    call = people.call()
    menu(ami, "message")
    people.operator(1, answer_ms=100)
    call.press("#")
    ami.wait_event("AgentConnect", timeout=20)
    report = over(pbx, acting, call, "answered")
    assert report["call"]["call_back_owed"] is False
    assert [leg["kind"] for leg in report["call"]["legs"]] == ["queue", "overflow", "queue", "operator"]


@sees_who_is_gone
def test_all_phones_are_unplugged(pbx: RealAsterisk, people: People, acting: Product, ami: AmiStream) -> None:
    for desk in (1, 2):
        people.operator(desk)
        people.unplug(f"op{desk}")
    until(lambda: pbx.cli("queue show 112").count("(Unavailable)") == 2, "Asterisk sees that they are gone", 20)
    call = people.call(speaks=True)
    waited = out_of_queue(ami) - in_queue(ami, 1)
    assert waited < EMPTY_S + 1, "there is nobody to wait for"
    leave_a_message(pbx, acting, ami, call)


@soon
def test_phones_that_only_ring(pbx: RealAsterisk, people: People, acting: Product, ami: AmiStream) -> None:
    people.operator(1)
    call = people.call()
    waited = out_of_queue(ami) - in_queue(ami, 1)
    assert AFTER_S - 1 < waited < AFTER_S + 1
    menu(ami, "answered")
    over(pbx, acting, call, "overflow")


@soon
def test_a_server_that_stands_still_before_it_answers(
    pbx: RealAsterisk, people: People, acting: Product, ami: AmiStream
) -> None:
    acting.freeze()
    call = people.call()
    left = out_of_queue(ami)
    people.operator(1, answer_ms=100)
    talks = ami.wait_event("AgentConnect", timeout=20).at
    assert talks - left < MORE_BEFORE_S
    acting.thaw()
    report = over(pbx, acting, call, "answered")
    assert "overflow" not in [leg["kind"] for leg in report["call"]["legs"]], "nobody heard the menu"
    until(lambda: pbx.cli("core show channels concise") == "", "what hung is cleared")


@soon
def test_a_server_that_stands_still_after_it_answered(
    pbx: RealAsterisk, people: People, acting: Product, ami: AmiStream
) -> None:
    call = people.call()
    left = out_of_queue(ami)
    menu(ami, "answered")
    acting.freeze()
    people.operator(1, answer_ms=100)
    talks = ami.wait_event("AgentConnect", timeout=30).at
    assert talks - left < MORE_AFTER_S + 1
    acting.thaw()
    over(pbx, acting, call, "answered")
    until(lambda: pbx.cli("core show channels concise") == "", "what hung is cleared")


@soon
def test_a_server_that_is_killed(pbx: RealAsterisk, people: People, acting: Product, ami: AmiStream) -> None:
    call = people.call()
    menu(ami, "answered")
    acting.kill()
    assert in_queue(ami, 2) - menu(ami, "answered") < MORE_BEFORE_S
    acting.start()
    over(pbx, acting, call, "overflow")


@has_an_officer
def test_the_duty_officer_is_rung_after_the_menu(
    pbx: RealAsterisk, people: People, acting: Product, ami: AmiStream
) -> None:
    officer = people.carrier(answer_ms=100)
    call = people.call()
    menu(ami, "message")
    call.press("#")
    ami.wait_event("DialEnd", timeout=20, DialStatus="ANSWER", DestContext="line-112")
    report = over(pbx, acting, call, "answered")
    assert f"To: <sip:{DUTY_OFFICER}@" in officer.trace()
    assert report["call"]["operator"]["device"] == "PJSIP/trunk"


@soon
def test_nobody_is_asked_twice(pbx: RealAsterisk, people: People, acting: Product, ami: AmiStream) -> None:
    call = people.call()
    menu(ami, "message")
    call.press("#")
    in_queue(ami, 3)
    report = over(pbx, acting, call, "overflow")
    assert [leg["kind"] for leg in report["call"]["legs"]].count("overflow") == 1
