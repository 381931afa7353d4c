"""A shift on a real Asterisk: what the desk wishes happens there, and what happens there the desk shows."""

from typing import Self

import httpx2
import pytest

from db.engine import Database
from intake import access
from intake.access import COOKIE
from tests.acceptance.product import Json, Product
from tests.faults.ledgers import agreed, talked
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import Caller, People
from tests.waiting import until

pytestmark = pytest.mark.real
SITI, PASSWORD = Caller("+6281200000001"), "kuda laut biru tua"


async def _add_rina(database: Database) -> None:
    async with database.transaction() as tx:
        await access.create_user(tx, "rina", "operator", PASSWORD)


class Desk:
    """The desk of Rina, who is logged in; a context manager."""

    def __init__(self, product: Product) -> None:
        product.beside(_add_rina)
        url = f"http://127.0.0.1:{product.port}"
        entered = httpx2.post(f"{url}/masuk", data={"username": "rina", "password": PASSWORD}, trust_env=False)
        assert entered.status_code == 303, entered.text
        cookie = entered.headers["Set-Cookie"].partition(";")[0]
        assert cookie.startswith(COOKIE)
        self._http = httpx2.Client(base_url=f"{url}/api/v1", headers={"Cookie": cookie}, trust_env=False, timeout=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def post(self, path: str, body: Json) -> Json:
        """POST; it must be done."""
        answer = self._http.post(path, json=body)
        assert answer.status_code in (200, 201), answer.text
        return dict(answer.json())

    def shows(self, state: str) -> Json:
        """Wait until it shows a state."""

        def look() -> Json | None:
            found = dict(self._http.get("/shift").json())
            return found if found["state"] == state else None

        return until(look, f"the desk shows {state}")


def test_a_shift(pbx: RealAsterisk, people: People, acting: Product) -> None:
    people.operator(1, answer_ms=50, log_in=False)
    with Desk(acting) as desk:
        desk.post("/shift", {"device": "PJSIP/op1"})
        assert desk.shows("ready")["difference"] is None
        assert "rina (PJSIP/op1)" in pbx.cli("queue show 112")
        goes_on_break_and_is_called_back_by_the_console(pbx, desk)
        talks_and_wraps_up(pbx, people, acting, desk)
        pbx.restart()
        until(acting.can_act, "it can again", within_s=20)
        assert desk.shows("ready")["difference"] is None, "the queue's members survive a restart"
        desk.post("/shift/end", {})
    until(lambda: "rina" not in pbx.cli("queue show 112"), "the telephone is out of the queue")
    until(lambda: acting.get("/desks")["desks"] == [], "no desk is shown")


def goes_on_break_and_is_called_back_by_the_console(pbx: RealAsterisk, desk: Desk) -> None:
    desk.post("/shift/state", {"state": "break", "reason": "makan"})
    assert desk.shows("break")["reason"] == "makan"
    assert "paused:makan" in pbx.cli("queue show 112").replace(" ", "")
    pbx.cli("queue unpause member PJSIP/op1 queue 112")
    assert desk.shows("ready")["difference"]["code"] == "changed_at_pbx"


def talks_and_wraps_up(pbx: RealAsterisk, people: People, acting: Product, desk: Desk) -> None:
    caller = people.call(SITI)
    talked(pbx, 1)
    talking = desk.shows("talking")
    caller.hang_up()
    caller.wait()
    assert desk.shows("wrap-up")["report"] == talking["report"]
    (report,) = agreed({"pbx-1": pbx}, acting)
    assert report["number"] == talking["report"]
    assert report["call"]["operator"] == {"user": "rina", "member": "rina", "device": "PJSIP/op1"}
    desk.post("/shift/state", {"state": "ready"})
    desk.shows("ready")
