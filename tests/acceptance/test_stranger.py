"""The stranger's test: docs/pbx.md, followed to the letter on somebody else's Asterisk, ends with a report of a call.

The commands are the page's own. Only what the page itself says is to be set is set: folders, names, ports.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.product import INTAKE112, Product
from tests.pbx.asterisk import CARRIER_HOST, DESKS, PBX_HOST
from tests.pbx.need import need_real_asterisk
from tests.pbx.sipp import Caller, People
from tests.pbx.stranger import StrangersAsterisk
from tests.waiting import until

pytestmark = pytest.mark.real
PAGE = Path(__file__).resolve().parents[2] / "docs/pbx.md"
COMMANDS = re.compile(r"^```sh\n# run\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SITI = Caller("+6281200000001")


def commands() -> str:
    """Every block of the page that is to be typed."""
    blocks = COMMANDS.findall(PAGE.read_text("utf-8"))
    assert len(blocks) == PAGE.read_text("utf-8").count("```sh\n") == 4
    return "".join(blocks)


@pytest.fixture
def stranger() -> Iterator[StrangersAsterisk]:
    need_real_asterisk()
    with StrangersAsterisk() as running:
        yield running


def answers(pbx: StrangersAsterisk, database_url: str) -> dict[str, str]:
    """What the page asks its reader for."""
    first, last = pbx.ports.rtp
    ports = pbx.ports
    more = {"AMI_PORT": ports.ami, "SIP_PORT": ports.sip, "MENU_PORT": ports.menu, "HEP_PORT": ports.hep}
    more |= {"RTP_START": first, "RTP_END": last}
    contacts = {f"OP{desk}_CONTACT": f"sip:op{desk}@{PBX_HOST}:{pbx.ports.operator(desk)}" for desk in DESKS}
    return {
        "ETC": str(pbx.etc),
        "LOG": str(pbx.log),
        "SPOOL": str(pbx.spool),
        "PROMPTS": str(pbx.folder / "sounds"),
        "OWNER": "root",
        "NAME": "pbx-9",
        "CARRIER": f"{CARRIER_HOST}/32",
        "CARRIER_SIP": f"sip:{CARRIER_HOST}:{pbx.ports.carrier}",
        "SETTINGS": str(pbx.folder / "environment"),
        "STATE": str(pbx.folder / "state"),
        "MORE": " ".join(
            [f"--sip-bind {PBX_HOST}", *(f"--set {name}={value}" for name, value in {**more, **contacts}.items())]
        ),
        "AS": "",
        "PATH": f"{pbx.folder / 'bin'}:{INTAKE112.parent}:{pbx.environment['PATH']}",
        "INTAKE112_DATABASE_URL": database_url,
    }


def test_a_stranger_follows_the_page(stranger: StrangersAsterisk, database_url: str) -> None:
    assert "systemname" not in (stranger.etc / "asterisk.conf").read_text()
    with People(stranger) as people:
        people.carrier()
        said = stranger.shell(commands(), **answers(stranger, database_url))
        lines = said.splitlines()
        assert lines[-1].endswith(" 0 wrong"), said
        assert [line for line in lines if line.startswith("ok      test call")], said
        assert "Answer()" in stranger.cli("dialplan show 100@office"), "the stranger's own dialplan is still there"
        environment = dict(line.split("=", 1) for line in (stranger.folder / "environment").read_text().splitlines())
        assert (stranger.folder / "environment").stat().st_mode & 0o777 == 0o600
        with Product(database_url, stranger.folder / "state", environment) as product:
            product.start()
            people.operator(1, answer_ms=50, hang_up_ms=200)
            stranger.cli("pjsip qualify op1")  # here it does not register, so Asterisk would look later
            until(lambda: "Not in use" in stranger.cli("pjsip show endpoint op1"), "its telephone is seen")
            people.call(SITI).wait()
            (listed,) = product.all_ended(1)
            report = product.report(listed["number"])
        assert (report["caller"]["number"], report["call"]["outcome"]) == (SITI.number, "answered")
        assert (report["call"]["pbx"], report["call"]["trunk"]) == ("pbx-9", "trunk")
