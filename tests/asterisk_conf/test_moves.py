"""What the dialplan promises to a caller who is moved: nobody but he or who talks with him ends his call.

Each story is told on real Asterisk, with phones whose sound stops when they are unplugged.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.asterisk_conf.test_conf import CONF, items, read
from tests.pbx.asterisk import DESKS, PBX_HOST, RealAsterisk
from tests.pbx.moves import TEST_MANAGER
from tests.pbx.need import need_real_asterisk
from tests.pbx.sipp import Caller, CallerProcess, People
from tests.pbx.stream import AmiStream, Seen
from tests.waiting import until

AGENCY = "+62328600113"


def applications(context: str) -> list[str]:
    """What every step of a context runs."""
    return [re.sub(r"^(?:[^,]*,)?(?:1|n)(?:\(\w+\))?,", "", value) for _, value in items("extensions.conf", context)]


def test_a_desk_dials_desks_and_nothing_else() -> None:
    assert applications("desks") == ["Dial(PJSIP/op${EXTEN},30,t)", "PickupChan(PJSIP/op${EXTEN:2})", "Hangup(21)"]


def test_nothing_goes_over_the_trunk_but_by_the_way_out() -> None:
    used = [
        one.name for one in read(CONF / "extensions.conf").categories if "@trunk" in " ".join(applications(one.name))
    ]
    assert used == ["intake-out"]
    assert "Goto(intake-out,${EXTEN},1)" in applications("transfer")


def test_what_goes_out_over_the_trunk_is_a_number() -> None:
    steps = applications("intake-out")
    (out,) = [place for place, step in enumerate(steps) if "@trunk" in step]
    assert steps[0].startswith('GotoIf(${REGEX("${OUT_ALLOWED}" ${EXTEN})}?:')
    assert steps[1].startswith('GotoIf(${REGEX("${OUT_REFUSED}" ${EXTEN})}?')
    assert out > 1


@pytest.mark.parametrize(
    ("number", "dialled"),
    [
        *[(number, True) for number in ("+6281200000001", "081200000001", "0328661113", "+62328661113", "110", "119")],
        *[(number, False) for number in ("112", "0809123456", "+62809123456", "+4930123456", "1", "*110", "")],
        *[(number, False) for number in ("+6281200000001&PJSIP/op1", "0062812000001", "08120000000123456", "+620812")],
    ],
)
def test_which_numbers_are_dialled(number: str, dialled: bool) -> None:
    written = dict(items("extensions.conf", "globals"))
    allowed = re.search(written["OUT_ALLOWED"], number) is not None
    assert (allowed and re.search(written["OUT_REFUSED"], number) is None) is dialled


def test_desks_transfer_by_the_context_of_transfers_and_the_carrier_not_at_all() -> None:
    for desk in DESKS:
        assert ("set_var", "TRANSFER_CONTEXT=transfer") in items("pjsip.conf", f"op{desk}")
    assert ("allow_transfer", "no") in items("pjsip.conf", "trunk")


@pytest.fixture(scope="module")
def pbx() -> Iterator[RealAsterisk]:
    need_real_asterisk()
    with RealAsterisk(values={"RTP_TIMEOUT_S": "2"}, appended=TEST_MANAGER) as running:
        yield running


@dataclass(frozen=True)
class Talk:
    """A caller who talks to desk 1; desk 2 answers after 200 ms once it is logged in."""

    people: People
    ami: AmiStream
    call: CallerProcess
    channel: str

    def seen(self, event: str) -> list[Seen]:
        """All events of this name about the caller's channel."""
        return [frame for frame in self.ami.frames if frame.matches(Event=event, Channel=self.channel)]

    def talks_again(self) -> None:
        """Until the caller is in a second talk."""
        self.ami.wait_event("BridgeEnter", Channel=self.channel, count=2)

    def returned(self) -> Seen:
        """Until the caller is in the queue for the second time."""
        return self.ami.wait_event("QueueCallerJoin", Channel=self.channel, count=2)

    def over(self, joined: int = 1) -> None:
        """Until the call has ended, by who talked with him; he was in the queue so often."""
        self.ami.wait_event("Hangup", Channel=self.channel)
        self.call.wait()
        assert len(self.seen("QueueCallerJoin")) == joined

    def attended_to_desk_2(self) -> None:
        """Desk 1 asks desk 2 and hands the caller over."""
        self.people.phone("op1").hold()
        asked = self.people.dial(1, "2")
        self.ami.wait_event("BridgeEnter", count=4)
        self.people.phone("op1").transfer(asked)
        self.ami.wait_event("AttendedTransfer", Result="Success")
        asked.wait()


@pytest.fixture
def talk(pbx: RealAsterisk) -> Iterator[Talk]:
    with People(pbx) as people, pbx.stream() as ami:
        people.operator(1, answer_ms=200)
        people.operator(2, answer_ms=200, log_in=False)
        call = people.call()
        channel = ami.wait_event("Newchannel", Context="line-112", ChannelState="4").get("Channel") or ""
        ami.wait_event("BridgeEnter", Channel=channel)
        yield Talk(people, ami, call, channel)
        for desk in (1, 2):
            if f"PJSIP/op{desk})" in pbx.cli("queue show 112"):
                people.log_out(desk)
        pbx.cli("channel request hangup all")
        until(lambda: "0 active channels" in pbx.cli("core show channels count"), "no call is left")


@pytest.mark.real
def test_who_is_taken_out_of_the_queue_comes_back(pbx: RealAsterisk) -> None:
    """QueueWithdrawCaller needs no right at all: the user who only listens may send it."""
    with People(pbx) as people, pbx.stream() as ami:
        call = people.call()
        channel = ami.wait_event("QueueCallerJoin").get("Channel") or ""
        ami.send(Action="QueueWithdrawCaller", Queue="112", Caller=channel)
        ami.wait_event("QueueCallerLeave", Channel=channel)
        ami.wait_event("QueueCallerJoin", Channel=channel, count=2)
        call.hang_up()
        call.wait()


@pytest.mark.real
def test_an_operator_who_hangs_up_ends_the_call(talk: Talk) -> None:
    talk.people.phone("op1").hang_up()
    talk.over()


@pytest.mark.real
def test_a_caller_who_hangs_up_does_not_come_back(talk: Talk) -> None:
    talk.call.hang_up()
    talk.over()


@pytest.mark.real
def test_who_lost_his_operator_is_first_in_the_queue(talk: Talk) -> None:
    """Another caller waits already; desk 2 logs in when both wait and takes the one who was lost."""
    talk.people.call(Caller("+6281200000002"))
    talk.ami.wait_event("QueueCallerJoin", CallerIDNum="+6281200000002")
    talk.people.unplug("op1")
    again = talk.returned()
    assert (again.get("Position"), again.get("Count")) == ("1", "2")
    talk.people.log_in(2)
    assert talk.ami.wait_event("AgentConnect", count=2).get("Channel") == talk.channel
    talk.call.hang_up()
    talk.over(joined=2)


@pytest.mark.real
def test_the_second_operator_can_hang_up_although_the_first_was_lost(talk: Talk) -> None:
    """The caller's HANGUPCAUSE says 44 for ever once a phone was lost: it is no rule."""
    talk.people.log_in(2)
    talk.people.unplug("op1")
    talk.talks_again()
    talk.people.phone("op2").hang_up()
    talk.over(joined=2)


@pytest.mark.real
def test_a_hang_up_of_the_operators_leg_from_outside_keeps_the_caller(talk: Talk, pbx: RealAsterisk) -> None:
    leg = talk.ami.wait_event("AgentConnect").get("DestChannel")
    pbx.cli(f"channel request hangup {leg}")
    talk.returned()


@pytest.mark.real
def test_who_was_joined_with_a_caller_who_has_gone_comes_back(talk: Talk, pbx: RealAsterisk) -> None:
    """His own operator had been lost before, so that Queue() has said CONTINUE once."""
    pbx.cli(f"channel request hangup {talk.ami.wait_event('AgentConnect').get('DestChannel')}")
    talk.talks_again()
    talk.people.log_in(2)
    other = talk.people.call(Caller("+6281200000002"))
    rung = talk.ami.wait_event("Newchannel", Context="line-112", ChannelState="4", count=2).get("Channel") or ""
    talk.ami.wait_event("BridgeEnter", Channel=rung)
    with AmiStream(PBX_HOST, pbx.ami_port, "test", "only-for-tests") as hand:
        hand.send(Action="Bridge", Channel1=rung, Channel2=talk.channel, Tone="no")
        talk.ami.wait_event("BridgeEnter", Channel=talk.channel, count=3)
        talk.ami.wait_event("BridgeEnter", Channel=rung, count=2)
    other.hang_up()
    talk.ami.wait_event("QueueCallerJoin", Channel=talk.channel, count=3)


@pytest.mark.real
@pytest.mark.parametrize("target", ["2", AGENCY])
def test_the_call_is_over_when_who_took_the_transfer_hangs_up(talk: Talk, target: str) -> None:
    carrier = talk.people.carrier(answer_ms=100)
    talk.people.phone("op1").transfer(target)
    talk.talks_again()
    (talk.people.phone("op2") if target == "2" else carrier).hang_up()
    talk.over()


@pytest.mark.real
@pytest.mark.parametrize("target", ["2", AGENCY])
def test_who_is_lost_behind_a_transfer_gives_the_caller_back(talk: Talk, target: str) -> None:
    talk.people.carrier(answer_ms=100)
    talk.people.phone("op1").transfer(target)
    talk.talks_again()
    talk.people.unplug("op2" if target == "2" else "carrier")
    talk.returned()


@pytest.mark.real
@pytest.mark.parametrize("target", [AGENCY, "3", "1a", "08113*9"])
def test_a_transfer_that_reaches_nobody_leads_back_to_the_queue(talk: Talk, target: str) -> None:
    """Busy, nobody there, no number."""
    talk.people.carrier(busy=True)
    talk.people.operator(3, busy=True, log_in=False)
    talk.people.phone("op1").transfer(target)
    talk.returned()
    out = [
        frame for frame in talk.ami.frames if frame.matches(Event="Newchannel", ChannelState="0", Context="line-112")
    ]
    assert len(out) == (target == AGENCY)


@pytest.mark.real
def test_a_phones_transfer_into_a_gap_leaves_the_caller_with_us(talk: Talk, pbx: RealAsterisk) -> None:
    """Asterisk hangs up who comes to an application that is not loaded, or to a context that is not there."""
    talk.people.carrier(busy=True)
    talk.people.operator(3, busy=True, log_in=False)
    talks = 1
    for gap, target in (("app_dial", AGENCY), ("app_dial", "3"), ("[intake-out]", AGENCY), ("[again]", "3")):
        with pbx.without(gap):
            talk.people.phone("op1").transfer(target)
            talks += 1
            talk.ami.wait_event("BridgeEnter", Channel=talk.channel, count=talks)
    talk.people.phone("op1").hang_up()
    talk.over(joined=talks)


@pytest.mark.real
def test_nobody_answers_and_there_is_no_app_dial(pbx: RealAsterisk) -> None:
    with People(pbx) as people, pbx.stream() as ami, pbx.without("app_dial"):
        pbx.cli("dialplan set global OVERFLOW_EMPTY_S 1")
        call = people.call()
        ami.wait_event("QueueCallerJoin", count=2)
        call.hang_up()
        call.wait()
        pbx.cli("dialplan set global OVERFLOW_EMPTY_S 15")


@pytest.mark.real
@pytest.mark.parametrize("target", ["trunk", "+"])
def test_a_transfer_to_what_is_no_extension_leaves_both_where_they_are(talk: Talk, target: str) -> None:
    phone = talk.people.phone("op1")
    phone.transfer(target)
    phone.hold()
    phone.resume()
    phone.hang_up()
    talk.over()
    assert talk.seen("BridgeEnter")[1:] == []


@pytest.mark.real
@pytest.mark.parametrize(
    ("end", "returns"),
    [(lambda people: people.phone("op2").hang_up(), False), (lambda people: people.unplug("op2"), True)],
    ids=["hangs-up", "lost"],
)
def test_an_attended_transfer_ends_like_any_talk(talk: Talk, end: Callable[[People], None], returns: bool) -> None:
    talk.attended_to_desk_2()
    end(talk.people)
    if returns:
        talk.returned()
    else:
        talk.over()


@pytest.mark.real
def test_a_phone_takes_the_call_that_rings_at_another_desk(pbx: RealAsterisk) -> None:
    with People(pbx) as people, pbx.stream() as ami:
        people.operator(1)
        call = people.call()
        ami.wait_event("DialState", DialStatus="RINGING")
        with pytest.raises(AssertionError):  # nothing rings there
            people.dial(2, "*83").wait()
        people.dial(2, "*81")
        taken = ami.wait_event("AgentConnect")
        assert (taken.get("MemberName"), (taken.get("DestChannel") or "")[:10]) == ("op1", "PJSIP/op2-")
        call.hang_up()
        call.wait()
        people.log_out(1)


@pytest.mark.real
def test_a_phone_plugged_in_again_does_in_its_own_call_what_it_is_told(pbx: RealAsterisk) -> None:
    """Asterisk goes on asking it about the call for which it rang when it was unplugged, and calls that off."""
    with People(pbx) as people, pbx.stream() as ami:
        people.operator(1)
        people.unplug("op1")
        lost = people.call()
        ami.wait_event("DialBegin")
        lost.hang_up()
        ami.wait_event("Hangup", Context="line-112")
        phone = people.operator(1, answer_ms=50, log_in=False)
        call = people.call(Caller("+6281200000002"))
        ami.wait_event("BridgeEnter")
        until(lambda: "487 Request Terminated" in phone.trace(), "the lost call was called off")
        phone.hang_up()
        call.wait()
        people.log_out(1)


@pytest.mark.real
@pytest.mark.parametrize("number", ["112", AGENCY, "0811234567", "9", "0", "*8", "*89", "op2", "s", "trunk", "after"])
def test_no_phone_finds_a_way_out(pbx: RealAsterisk, number: str) -> None:
    with People(pbx) as people, pbx.stream() as ami:
        with pytest.raises(AssertionError):
            people.dial(1, number).wait()
        rung = [frame.get("Channel") for frame in ami.frames if frame.matches(Event="Newchannel")]
        assert all((channel or "").startswith("PJSIP/op1-") for channel in rung)
