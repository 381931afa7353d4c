"""What the desk asked of the PBX, with the database, the rights or a second bridge in the way: once, and truly told."""

import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.acceptance.conftest import settings
from tests.acceptance.product import Product
from tests.faults.ledgers import agreed, rings, talked
from tests.faults.store import Store
from tests.faults.test_several import centre
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.need import need_real_asterisk
from tests.pbx.sipp import Caller, People
from tests.postgres import PostgresServer
from tests.waiting import until

pytestmark = pytest.mark.real
FEW: Final = "intake112-few"
ROUNDS = 10 if os.environ.get("INTAKE112_PROVE") else 2


@pytest.fixture
def pbx() -> Iterator[RealAsterisk]:
    """A real Asterisk, with one more AMI user, who may do less than the desk's hand."""
    need_real_asterisk()
    few = f"[{FEW}]\nsecret=only-a-test\nwrite=agent\npermit=127.0.0.1/255.255.255.255"
    with RealAsterisk(systemname="pbx-1", appended={"manager.conf": few}) as running:
        yield running


def hand(pbx: RealAsterisk, user: str = "intake112-control", secret: str | None = None) -> dict[str, str]:
    """The settings by which the desk acts on the PBX."""
    own = {"INTAKE112_CONTROL_USERNAME": user, "INTAKE112_CONTROL_SECRET": secret or pbx.control_secret}
    return settings(pbx) | own


def test_the_database_is_away_between_the_answer_and_its_saving(
    pbx: RealAsterisk, people: People, store: Store, tmp_path: Path
) -> None:
    with Product(store.url, tmp_path / "state", hand(pbx)) as product:
        product.start()
        until(product.can_act, "it can control calls")
        caller = people.call()
        (report,) = until(lambda: product.get("/calls")["calls"], "the ring is shown")
        assert pbx.pid is not None
        os.kill(pbx.pid, signal.SIGSTOP)
        asked = product.hang_up(report)
        until(lambda: product.get(f"/controls/{asked['id']}")["state"] == "begun", "it is sent")
        store.take_away()
        os.kill(pbx.pid, signal.SIGCONT)
        caller.wait()  # Asterisk did it
        store.give_back()
        product.until_ready()
        assert product.done(asked)["result"] == "done"
        (after,) = agreed({"pbx-1": pbx}, product)
        said = [entry["text"] for entry in product.report(after["number"])["entries"]]
        assert len([text for text in said if "atas permintaan" in text]) == 1


def test_a_user_with_fewer_rights_ends_nobodys_call(
    pbx: RealAsterisk, people: People, database_url: str, tmp_path: Path
) -> None:
    """Asterisk says no to each, the desk is told so, and the talk goes on; what the user may do is done."""
    with Product(database_url, tmp_path / "state", hand(pbx, FEW, "only-a-test")) as product:
        product.start()
        until(product.can_act, "it can control calls")
        people.operator(1, answer_ms=50)
        caller = people.call()
        talked(pbx, 1)
        (report,) = until(lambda: product.get("/calls")["calls"], "the call is there")
        until(lambda: product.report(report["number"])["call"]["operator"], "it is answered")
        refused = [product.hang_up(report)]
        for attended in (False, True):
            to = {"number": "+62328600113", "attended": attended}
            refused.append(product.post(f"/reports/{report['number']}/call/transfer", to))
        for asked in refused:
            ended = product.done(asked)
            assert (ended["state"], ended["result"]) == ("failed", "refused")
            assert "Permission denied" in ended["detail"]
        member = {"action": "add", "device": "PJSIP/op2", "name": "Budi Rekaan"}
        assert product.done(product.post("/queues/112/members", member))["result"] == "done"
        assert len(pbx.cli("core show channels concise").splitlines()) == 2, "they talk"
        caller.hang_up()
        caller.wait()
        (after,) = agreed({"pbx-1": pbx}, product)
        assert after["call"]["outcome"] == "answered"
        product.post(f"/reports/{after['number']}/call-back", {"device": "PJSIP/op1"})
        until(
            lambda: any("Telepon balik" in one["text"] for one in product.report(after["number"])["entries"]),
            "the call back has failed",
        )


@pytest.fixture
async def postgres_url(postgres: PostgresServer) -> AsyncIterator[str]:
    """A fresh database on PostgreSQL: on SQLite there is one process."""
    async with postgres.fresh(f"asked_{os.getpid()}", "intake112_template") as url:
        yield url


def test_two_bridges_asked_at_once_do_it_once(
    pbx: RealAsterisk, people: People, postgres_url: str, tmp_path: Path
) -> None:
    with centre(postgres_url, tmp_path, [hand(pbx)] * 2) as here:
        until(lambda: here.web.can_act(bridges=2), "both can control calls")
        called = people.carrier(answer_ms=50, hang_up_ms=100)
        desk = people.operator(1, answer_ms=50, log_in=False)
        for done in range(ROUNDS):
            callers = [people.call(Caller(f"+62812000{done:02d}{n:03d}")) for n in range(5)]
            waiting = until(
                lambda: found if len(found := here.web.get("/calls")["calls"]) == len(callers) else None,  # noqa: B023
                "all wait",
            )
            for asked in [here.web.hang_up(report) for report in waiting]:
                assert here.web.done(asked)["result"] == "done"
            for caller in callers:
                caller.wait()
            asked = here.web.post(f"/reports/{waiting[0]['number']}/call-back", {"device": "PJSIP/op1"})
            assert here.web.done(asked)["result"] == "done"
            until(lambda: pbx.cli("core show channels concise") == "", "the call back is over")
        reports = agreed({"pbx-1": pbx}, here.web)
        assert len(reports) == len(rings(pbx)) == 5 * ROUNDS
        for report in reports:
            said = [entry["text"] for entry in here.web.report(report["number"])["entries"]]
            assert len([text for text in said if "atas permintaan" in text]) == 1, said
        for phone in (desk, called):
            assert phone.invites() == ROUNDS, "one call back each"
