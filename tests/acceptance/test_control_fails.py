"""What the desk asks for, and the PBX lacks a part, nobody is reached, somebody leaves, or the bridge is killed.

Whatever it is: the caller talks on or is back in the queue, the row ends and says why, and nothing is done twice. One
Asterisk and one product for the file. The database is SQLite: each case is made by the PBX, a telephone or a process
that ends; what a row becomes then is tested on both kinds (tests/ami_bridge/test_control_calls.py, test_transfer.py).
"""

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Final

import pytest

from tests.acceptance.conftest import settings
from tests.acceptance.product import Json, Product
from tests.acceptance.test_call_back import SITI, ask
from tests.acceptance.test_transfer import AGENCY, all_three, answered, consultation, hears, taken, talk, told, transfer
from tests.faults.ledgers import agreed
from tests.pbx.asterisk import CARRIER_HOST, RealAsterisk
from tests.pbx.need import need_real_asterisk
from tests.pbx.sipp import CallerProcess, People
from tests.waiting import until

pytestmark = pytest.mark.real
SHORTLY: Final = {"extensions.conf": "[globals](+)\nOUT_RINGS_S=2"}


@pytest.fixture(scope="module")
def pbx() -> Iterator[RealAsterisk]:
    """The Asterisk of this file."""
    need_real_asterisk()
    with RealAsterisk(systemname="pbx-1", appended=SHORTLY) as running:
        yield running


@pytest.fixture(scope="module")
def acting(pbx: RealAsterisk, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product of this file, which may act on the PBX."""
    folder = tmp_path_factory.mktemp("acting")
    shutil.copyfile(sqlite_template, folder / "intake112.db")
    user = {"INTAKE112_CONTROL_USERNAME": "intake112-control", "INTAKE112_CONTROL_SECRET": pbx.control_secret}
    with Product(f"sqlite+aiosqlite:///{folder}/intake112.db", folder / "state", settings(pbx) | user) as running:
        running.start()
        until(running.can_act, "it can control calls")
        yield running


@pytest.fixture
def people(pbx: RealAsterisk, acting: Product) -> Iterator[People]:
    """Callers and operators of one test, who leave nothing behind."""
    with People(pbx) as on_the_line:
        yield on_the_line
    pbx.cli("channel request hangup all")
    pbx.cli("queue remove member PJSIP/op1 from 112")
    until(lambda: not acting.get("/calls")["calls"], "nobody is on the line")


@contextmanager
def without_features(pbx: RealAsterisk) -> Iterator[None]:
    """Take the keys away from the calls that begin now: what a PBX does that finds no features.conf."""
    file = pbx.folder / "etc/features.conf"
    text = file.read_text()
    file.write_text("[general]\n")
    pbx.cli("module reload features")
    try:
        yield
    finally:
        file.write_text(text)
        pbx.cli("module reload features")


@contextmanager
def frozen(pbx: RealAsterisk) -> Iterator[None]:
    """SIGSTOP: what it is asked meanwhile it does afterwards."""
    assert pbx.pid is not None
    os.kill(pbx.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pbx.pid, signal.SIGCONT)


@contextmanager
def no_trunk(pbx: RealAsterisk) -> Iterator[None]:
    """Take the carrier's address away."""
    file = pbx.folder / "etc/pjsip.conf"
    text = file.read_text()
    file.write_text(text.replace(f"contact=sip:{CARRIER_HOST}:{pbx.ports.carrier}", ""))
    pbx.cli("module reload res_pjsip.so")
    until(lambda: CARRIER_HOST not in pbx.cli("pjsip show contacts"), "the trunk is gone")
    try:
        yield
    finally:
        file.write_text(text)
        pbx.cli("module reload res_pjsip.so")
        until(lambda: CARRIER_HOST in pbx.cli("pjsip show contacts"), "the trunk is there again")


def asks(product: Product, report: Json, action: str) -> Json:
    """Ask for something, and return the request."""
    ways: dict[str, tuple[str, Json]] = {
        "hang-up": ("hang-up", {}),
        "transfer": ("transfer", {"number": AGENCY, "attended": False}),
        "consult": ("transfer", {"number": AGENCY, "attended": True}),
        "consult-join": ("consultation", {"step": "join"}),
    }
    path, body = ways[action]
    return product.post(f"/reports/{report['number']}/call/{path}", body)


def refused(product: Product, report: Json, action: str, mend: str) -> None:
    """Ask for something that is not done: the row and the report say why, and how that is mended."""
    ended = product.done(asks(product, report, action))
    assert (ended["state"], ended["result"]) == ("failed", "refused"), (action, mend)
    assert mend in ended["detail"]
    assert mend in told(product, report)[-1]


def over(pbx: RealAsterisk, product: Product, call: CallerProcess, report: Json) -> None:
    """The caller hangs up; the ledgers agree on all calls so far, and this one was answered once and for all."""
    call.hang_up()
    call.wait()
    was_answered(pbx, product, report)


def was_answered(pbx: RealAsterisk, product: Product, report: Json) -> None:
    """The ledgers agree on all calls so far, and this one was answered."""
    (after,) = [one for one in agreed({"pbx-1": pbx}, product) if one["number"] == report["number"]]
    assert after["call"]["outcome"] == "answered"


# -- the PBX lacks a part ---------------------------------------------------------------------------------------------


def test_a_way_with_a_gap_is_not_gone(pbx: RealAsterisk, people: People, acting: Product) -> None:
    """Asterisk hangs up who is sent into such a gap."""
    agency = people.carrier()
    call, report = talk(pbx, people, acting)
    for part in ("func_dialplan", "app_dial", "[transfer]", "[intake-out]", "[again]"):
        with pbx.without(part):
            for action in ("consult", "transfer"):
                refused(acting, report, action, f"load={part}.so" if part == "app_dial" else "`intake112 doctor`")
    hears(pbx, 2)
    assert acting.report(report["number"])["call"]["stage"] == "talking"
    assert agency.invites() == 0
    over(pbx, acting, call, report)


def test_no_third_can_join(pbx: RealAsterisk, people: People, acting: Product) -> None:
    """Without the one module Asterisk throws all three out of their talk; without the other nobody presses the keys."""
    people.carrier()
    call, report = talk(pbx, people, acting)
    with pbx.stream() as ami:
        assert transfer(acting, report, attended=True) == "done"
        answered(ami)
    for part in ("bridge_softmix", "app_senddtmf"):
        with pbx.without(part):
            refused(acting, report, "consult-join", f"load={part}.so")
    assert consultation(acting, report, "cancel") == "done"
    hears(pbx, 2)
    over(pbx, acting, call, report)


def test_a_pbx_without_features_asks_nobody(pbx: RealAsterisk, people: People, acting: Product) -> None:
    """What the desk is told to do is enough, from the next call on."""
    people.carrier()
    with without_features(pbx):
        call, report = talk(pbx, people, acting)
        refused(acting, report, "consult", "atxfer=*7")
        hears(pbx, 2)
    call.hang_up()
    call.wait()
    until(lambda: not acting.get("/calls")["calls"], "it is over")
    call = people.call(SITI)
    (report,) = until(lambda: [one for one in acting.get("/calls")["calls"] if one["call"]["operator"]], "it is seen")
    with pbx.stream() as ami:
        assert transfer(acting, report, attended=True) == "done"
        answered(ami)
    over(pbx, acting, call, report)


def test_nobody_is_called_back(pbx: RealAsterisk, people: People, acting: Product) -> None:
    """The desk's telephone does not ring for nothing."""
    people.call(SITI, hang_up_ms=300).wait()
    (report,) = until(
        lambda: [one for one in acting.reports() if one["call"]["outcome"] == "abandoned"], "it is seen that he gave up"
    )
    desk = people.operator(1, log_in=False)
    for part, says in (("app_dial", "load=app_dial.so"), ("[intake-out]", "Extension does not exist")):
        with pbx.without(part):
            ended = acting.done(ask(acting, report))
            assert (ended["state"], ended["result"]) == ("failed", "refused"), part
            assert says in ended["detail"]
    assert desk.invites() == 0


# -- nobody is reached, or somebody leaves ----------------------------------------------------------------------------


@pytest.mark.parametrize("trunk", [True, False], ids=["no answer", "no trunk"])
def test_an_agency_that_is_not_reached(pbx: RealAsterisk, people: People, acting: Product, *, trunk: bool) -> None:
    """Asked first, it leaves the caller with the desk; sent there, he comes back and the desk's telephone rings."""
    people.carrier(answer_ms=None)
    call, report = talk(pbx, people, acting)
    with pbx.stream() as ami, nullcontext() if trunk else no_trunk(pbx):
        assert transfer(acting, report, attended=True) == "done"
        ami.wait(lambda frame: frame.matches(Event="Hangup") and "Local/" in str(frame.get("Channel")), timeout=20)
        hears(pbx, 2)
        assert transfer(acting, report) == "done"
        taken(acting, report, "operator", 2)
        hears(pbx, 2)
    over(pbx, acting, call, report)


@pytest.mark.parametrize("leaves", ["the agency", "the caller"])
def test_one_of_three_leaves(pbx: RealAsterisk, people: People, acting: Product, leaves: str) -> None:
    call, report, agency = all_three(pbx, people, acting)
    if leaves == "the agency":
        agency.hang_up()
        hears(pbx, 2)
        assert acting.report(report["number"])["call"]["stage"] == "talking"
        over(pbx, acting, call, report)
    else:
        over(pbx, acting, call, report)
        hears(pbx, 2)
        agency.hang_up()
    until(lambda: pbx.cli("core show channels concise") == "", "nobody is on the line")


# -- the bridge is killed ---------------------------------------------------------------------------------------------


def again(product: Product) -> None:
    """Start what was killed."""
    product.start()
    until(product.can_act, "it can control calls")


@pytest.mark.parametrize("action", ["hang-up", "transfer", "consult", "consult-join"])
def test_the_bridge_is_killed_while_it_asks(pbx: RealAsterisk, people: People, acting: Product, action: str) -> None:
    """It ends as unknown and is never done again. A hang-up was said already: whom it was for is gone, once."""
    agency = people.carrier()
    call, report = talk(pbx, people, acting)
    if action == "consult-join":
        with pbx.stream() as ami:
            assert transfer(acting, report, attended=True) == "done"
            answered(ami)
    with frozen(pbx):
        asked = asks(acting, report, action)
        until(lambda: acting.get(f"/controls/{asked['id']}")["state"] == "begun", "it is begun")
        acting.kill()
    again(acting)
    ended = acting.done(asked)
    assert (ended["state"], ended["result"]) == ("failed", "unknown")
    assert "look whether it happened before you ask again" in ended["detail"]
    assert len([text for text in told(acting, report) if text.endswith("periksa dahulu sebelum meminta lagi")]) == 1
    if action == "hang-up":
        call.wait()
        was_answered(pbx, acting, report)
        return
    if action == "consult-join":  # asked again it is done
        assert consultation(acting, report, "join") == "done"
    hears(pbx, 3 if action == "consult-join" else 2)
    assert agency.invites() == (action == "consult-join")
    over(pbx, acting, call, report)


@pytest.mark.parametrize("attended", [False, True], ids=["blind", "attended"])
def test_the_bridge_is_killed_while_the_agency_rings(
    pbx: RealAsterisk, people: People, acting: Product, *, attended: bool
) -> None:
    """Asterisk goes on alone, and the desk goes on when the bridge is there again."""
    agency = people.carrier(answer_ms=1000)
    call, report = talk(pbx, people, acting)
    with pbx.stream() as ami:
        assert transfer(acting, report, attended=attended) == "done"
        ami.wait_event("DialBegin", DestContext="line-112")
        acting.kill()
        answered(ami)
    again(acting)
    if attended:
        assert consultation(acting, report, "complete") == "done"
    taken(acting, report, "agency")
    hears(pbx, 2)
    assert agency.invites() == 1
    over(pbx, acting, call, report)
