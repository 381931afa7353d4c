"""The whole call of `tests/console/story.py`, by keyboard alone, with a real Asterisk and SIPp at both ends."""

import pytest

from tests.acceptance.product import Product
from tests.acceptance.receiver import Receiver
from tests.console.centre import PASSWORD, enrol
from tests.console.desk import windows
from tests.console.story import another_told, from_the_ring_to_closed
from tests.faults.ledgers import agreed
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import Caller, CallerProcess, People

pytestmark = pytest.mark.real
RINGS_MS = 2500  # long enough to be looked at


class RealCall:
    """A caller behind the trunk, and the telephone on desk 1."""

    number = "+6281200000001"

    def __init__(self, people: People) -> None:
        self._people = people
        self._caller: CallerProcess | None = None
        people.operator(1, answer_ms=RINGS_MS, log_in=False)

    def rings(self) -> None:
        """Dial 112."""
        self._caller = self._people.call(Caller(self.number))

    def answers(self) -> None:
        """The telephone does that by itself."""

    def hangs_up(self) -> None:
        """The caller hangs up."""
        assert self._caller is not None
        self._caller.hang_up()
        self._caller.wait()


def test_from_the_ring_to_closed_by_keyboard_alone(
    pbx: RealAsterisk, people: People, acting: Product, agency: Receiver
) -> None:
    enrol(acting, agency)
    earlier = another_told(acting)
    with windows() as browser:
        page = browser.enter(f"http://127.0.0.1:{acting.port}", "siti", PASSWORD)
        number = from_the_ring_to_closed(browser, page, RealCall(people), agency, earlier)
    (report,) = (one for one in agreed({"pbx-1": pbx}, acting) if one["call"])
    assert (report["number"], report["status"]) == (number, "closed")
    assert acting.report(earlier)["caller_told"] == "told"
    assert report["call"]["operator"] == {"user": "siti", "member": "siti", "device": "PJSIP/op1"}
