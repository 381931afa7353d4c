"""A caller's position in the INVITE (PIDF-LO, RFC 6442) must never harm the PBX."""

from collections.abc import Iterator

import pytest

from tests.asterisk_conf.test_conf import CONF
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.need import need_real_asterisk
from tests.pbx.sipp import Caller, People

CIRCLE = """<gp:location-info><gs:Circle srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>-7.0083 113.8591</gml:pos>
<gs:radius uom="urn:ogc:def:uom:EPSG::9001">150</gs:radius></gs:Circle></gp:location-info>"""


@pytest.fixture(scope="module")
def pbx() -> Iterator[RealAsterisk]:
    need_real_asterisk()
    with RealAsterisk() as running:
        yield running


@pytest.mark.real
@pytest.mark.parametrize(
    "document",
    [
        f"{CIRCLE}<gp:usage-rules/><gp:method>Cell</gp:method>",
        f"{CIRCLE}<gp:method>Cell</gp:method>",  # ends Asterisk 22.10 with res_pjsip_geolocation
        CIRCLE,
        "<gp:location-info></gp:location-info>",
        "<gp:location-info>torn",
    ],
    ids=["whole", "without usage rules", "without method", "empty", "torn"],
)
def test_no_document_ends_a_call_or_the_pbx(pbx: RealAsterisk, document: str) -> None:
    with People(pbx) as people, pbx.stream() as ami:
        people.operator(1, answer_ms=50)
        call = people.call(Caller(position=document))
        ami.wait_event("BridgeEnter", count=2)
        call.hang_up()
        call.wait()
        people.log_out(1)
    assert pbx.running


def test_what_reads_positions_is_not_loaded() -> None:
    assert "res_pjsip_geolocation" not in (CONF / "modules.conf").read_text()
