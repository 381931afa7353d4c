"""The stories of `tests/pbx/stories.py` told live: real Asterisk, SIPp, the product; and the ledgers agree after each.

Each caller ends once, at the very moment that Asterisk says: his channel's Hangup, and no other's. Left out are those
that another test of this folder tells with the product's own part in them: of the voice menu (test_overflow), and what
the desk begins (test_call_back, test_transfer). `make prove` tells all others on both databases, `make test` those in
which a call moves.
"""

import os
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import pytest

from tests.acceptance.conftest import fresh_database, settings
from tests.acceptance.product import Product
from tests.faults.ledgers import agreed, audit_rows, epoch, rings
from tests.pbx.asked import ASKED
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.menus import MENUS
from tests.pbx.moves import AGENCY_BY_HAND, LOCAL_MEMBERS, MENU, MOVES, TEST_MANAGER
from tests.pbx.need import need_real_asterisk
from tests.pbx.sipp import People
from tests.pbx.stage import Stage
from tests.pbx.stories import STORIES
from tests.waiting import until

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]
PROVE: Final = bool(os.environ.get("INTAKE112_PROVE"))
MOVED: Final = [*MOVES, "members-come-and-go", "pbx-ends-waiting", "pbx-ends-talk", "rtp-timeout-caller"]
TOLD: Final = [name for name in STORIES if name not in {*MENUS, *ASKED}] if PROVE else MOVED
NO_RING: Final = {"call-out-over-trunk", "call-out-by-console"}
AS_CEL_SAYS_S: Final = 0.5  # another thread of Asterisk's reads the clock for CEL: a millisecond apart, more under load


@dataclass(frozen=True)
class Centre:
    """One for all stories: its Asterisk has what each of them needs."""

    pbx: RealAsterisk
    product: Product

    @contextmanager
    def stage(self) -> Iterator[Stage]:
        """Nobody is logged in and nobody is on the line, before and after."""
        with People(self.pbx) as people, self.pbx.stream() as ami:
            try:
                yield Stage(self.pbx, people, ami)
            finally:
                if not self.pbx.running:
                    self.pbx.start()
                for member in re.findall(r"\(((?:PJSIP|Local)/[^ )]+)", self.pbx.cli("queue show 112")):
                    self.pbx.cli(f"queue remove member {member} from 112")
                self.pbx.cli("channel request hangup all")
                until(lambda: self.pbx.cli("core show channels concise") == "", "nobody is on the line")


def appended() -> dict[str, str]:
    """What stands behind the rendered files, of all stories together."""
    wanted = (LOCAL_MEMBERS, AGENCY_BY_HAND, TEST_MANAGER, MENU)
    return {name: "\n".join(one[name] for one in wanted if name in one) for one in wanted for name in one}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"] if PROVE else ["sqlite"])
def centre(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """Asterisk and the product of this module, once for each kind of database."""
    need_real_asterisk()
    folder = tmp_path_factory.mktemp("stories")
    with (
        fresh_database(request, folder) as url,
        RealAsterisk(systemname="pbx-1", values={"RTP_TIMEOUT_S": "2"}, appended=appended()) as pbx,
        Product(url, folder / "state", settings(pbx)) as product,
    ):
        product.start()
        yield Centre(pbx, product)


@pytest.mark.parametrize("name", TOLD)
def test_a_story(centre: Centre, name: str) -> None:
    earlier = rings(centre.pbx).keys()
    with centre.stage() as stage:
        STORIES[name].prepare(stage.people)
        STORIES[name].tell(stage)
        frames = stage.ami.frames
    reports = {report["call"]["uniqueid"]: report for report in agreed({"pbx-1": centre.pbx}, centre.product)}
    told = {own: ring for own, ring in rings(centre.pbx).items() if own not in earlier}
    assert bool(told) is (name not in NO_RING)
    hung_up = {frame.get("Uniqueid"): frame.get("Timestamp") for frame in frames if frame.matches(Event="Hangup")}
    ends = Counter(audit_rows(centre.product.environment["INTAKE112_DATABASE_URL"]))
    for own, ring in told.items():
        ended_at = epoch(reports[own]["call"]["ended_at"])
        assert ends["CallEnd", reports[own]["number"]] == 1
        assert f"{ended_at:.6f}" == hung_up[own]
        assert ended_at == pytest.approx(ring.ended_at, abs=AS_CEL_SAYS_S)
    menus = [frame.raw for frame in frames if (frame.get("Channel") or "").startswith("Local/menu")]
    assert menus == [], "nobody who can be answered is sent to the voice menu"
