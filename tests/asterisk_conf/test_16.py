"""Asterisk 16.28 (Debian 11) is no target of asterisk-conf, but centres run it: it starts with the same files and tells
a call by the same events. Its tapes are in `tests/tapes/16/`."""

import pytest

from tests.asterisk_conf.test_conf import COMPLAINT
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.need import need_real_asterisk
from tests.pbx.record import SITI
from tests.pbx.root import AsteriskRoot
from tests.pbx.sipp import People


@pytest.mark.real
def test_asterisk_16_tells_a_call_as_22_does() -> None:
    need_real_asterisk()
    with RealAsterisk(AsteriskRoot.ensure(16)) as pbx, People(pbx) as people, pbx.stream() as ami:
        assert pbx.cli("core show version").startswith("Asterisk 16.28")
        people.operator(1, answer_ms=100)
        call = people.call(SITI)
        rung = ami.wait_event("Newchannel", Context="line-112", ChannelState="4")
        uniqueid = rung.get("Uniqueid") or ""
        assert (rung.get("CallerIDNum"), rung.get("CallerIDName")) == ("+6281200000001", "Siti Fiktif")
        assert ami.wait_event("UserEvent", Uniqueid=uniqueid).get("CallerName") == "Siti%20Fiktif"
        assert ami.wait_event("QueueCallerJoin", Uniqueid=uniqueid).get("Position") == "1"
        taken = ami.wait_event("AgentConnect", Uniqueid=uniqueid)
        ami.wait_event("BridgeEnter", Uniqueid=uniqueid)
        call.hang_up()
        call.wait()
        gone = ami.wait_event("Hangup", Uniqueid=uniqueid)
        assert ((taken.get("DestChannel") or "")[:10], gone.get("Cause")) == ("PJSIP/op1-", "16")
        assert all(frame.get("Timestamp") for frame in (rung, taken, gone))
        assert COMPLAINT.findall(pbx.log) == []
        assert pbx.cel_file.read_text().count('"HANGUP"') == 2
