"""The mirror's door: what an INVITE tells of its caller's place is put onto the tape once; all else is left."""

import asyncio
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_bridge import frames, memory, reading
from ami_bridge.events import (
    CallerDescribed,
    CallEvent,
    CaughtUp,
    ChannelCreated,
    ChannelGone,
    Connected,
    PositionHeard,
    Settled,
)
from ami_bridge.listening import Listener
from ami_bridge.places import MOST_DIALOGS, MOST_WAITING, WAITS
from ami_bridge.position import MOST, WITHIN, Mirror, MirrorConfig, frame
from ami_bridge.threads import Threads
from intake.facts import Arrived, Located, Position
from tests.ami_bridge.mirrored import CALL_ID, CARRIER, CIRCLE, STRANGER, document, invite, packet
from tests.ami_bridge.test_threads import KEY, LINE, NOW, channel
from tests.conftest import SetClock
from tests.postgres import free_port

HOST = "127.0.0.1"
TRUNKS = {ip_network(CARRIER), ip_network("2001:db8::/32")}
HERE = Position(-7.0083, 113.8591, 150.0, "Cell", datetime.fromisoformat("2026-03-14T02:00:00Z"))
LOCATED = packet(invite(document(CIRCLE)))


class Tape(list[bytes]):
    """What was put onto it."""

    @property
    def positions(self) -> list[tuple[str, Position]]:
        """As the bridge reads them."""
        told = [reading.read(raw) for raw in self]
        return [(one.event.call_id, one.event.position) for one in told if one and isinstance(one.event, PositionHeard)]


@pytest.fixture
def tape() -> Tape:
    return Tape()


@pytest.fixture
def mirror(tape: Tape, clock: SetClock) -> Mirror:
    return Mirror(MirrorConfig(HOST, free_port(), TRUNKS), clock, tape.extend)


def codes(mirror: Mirror) -> list[str]:
    """The alarms."""
    return [alarm.code for alarm in mirror.alarms()]


# -- the door ----------------------------------------------------------------------------------------------------------


def test_a_position_is_put_onto_the_tape_once(mirror: Mirror, tape: Tape) -> None:
    for _ in range(7):  # SIP over UDP sends it again until it is answered
        mirror.hear(LOCATED, HOST)
    assert tape.positions == [(CALL_ID, HERE)]
    assert (mirror.figures()["mirrored_messages"], mirror.figures()["positions_heard"]) == (7, 1)
    moved = document(CIRCLE.replace("-7.0083", "-7.0084"))
    mirror.hear(packet(invite(moved, method="UPDATE")), HOST)
    assert [place.lat for _, place in tape.positions] == [-7.0083, -7.0084]


@pytest.mark.parametrize(
    "datagram",
    [
        packet(invite(geolocation="")),
        packet(b"SIP/2.0 200 OK\r\nGeolocation: <cid:x>\r\n\r\n"),
        packet(invite(document(CIRCLE), method="OPTIONS")),
        packet(invite(document(CIRCLE)), protocol=5),
        packet(invite(document(CIRCLE), call_id="")),
        packet(invite(document(CIRCLE), call_id="x" * 301)),
    ],
    ids=["no position", "an answer", "another request", "RTCP", "no Call-ID", "an endless Call-ID"],
)
def test_all_else_is_left(mirror: Mirror, tape: Tape, datagram: bytes) -> None:
    mirror.hear(datagram, HOST)
    assert (tape, codes(mirror)) == ([], [])


def test_only_what_a_trunk_sent_is_believed(mirror: Mirror, tape: Tape) -> None:
    """Asterisk mirrors what it refuses, too: a live call's Call-ID in strangers' INVITEs, many of them, and garbage."""
    for n in range(MOST + 1):
        elsewhere = document(CIRCLE.replace("150", str(n)))
        mirror.hear(packet(invite(elsewhere), source=STRANGER), HOST)
    mirror.hear(packet(invite("<torn"), source=STRANGER), HOST)
    assert (tape, codes(mirror), mirror.figures()["positions_unread"]) == ([], [], 0)
    mirror.hear(packet(invite(document(CIRCLE)), source="2001:db8::9"), HOST)
    assert tape.positions == [(CALL_ID, HERE)]


async def test_without_trunks_nobody_is_believed_and_that_is_an_alarm(tape: Tape, clock: SetClock) -> None:
    mirror = Mirror(MirrorConfig(HOST, free_port(), ()), clock, tape.extend)
    async with asyncio.timeout(10):
        await mirror.run(asyncio.Event())  # it does not even listen
    mirror.hear(LOCATED, HOST)
    assert (tape, codes(mirror)) == ([], ["mirror"])
    assert "INTAKE112_HEP_TRUNKS" in mirror.alarms()[0].message


def test_a_stranger_is_not_heard(mirror: Mirror, tape: Tape) -> None:
    for stranger in ("192.0.2.7", "2001:db8::7", "fe80::1%eth0"):
        mirror.hear(LOCATED, stranger)
    assert (tape, mirror.figures()["mirrored_messages"]) == ([], 0)
    mirror.hear(LOCATED, "::1")
    assert len(tape) == 1


def test_what_cannot_be_read_is_told_for_an_hour(mirror: Mirror, tape: Tape, clock: SetClock) -> None:
    mirror.hear(packet(invite("<torn")), HOST)
    mirror.hear(b"no packet", HOST)
    assert (tape, codes(mirror), mirror.figures()["positions_unread"]) == ([], ["position_unread"], 2)
    clock.now += timedelta(hours=1)
    assert codes(mirror) == []


def test_a_flood_is_not_read(mirror: Mirror, tape: Tape, clock: SetClock) -> None:
    for n in range(MOST + 50):
        mirror.hear(packet(invite(document(CIRCLE), call_id=f"{n}@flood")), HOST)
    assert (len(tape), codes(mirror)) == (MOST, ["position_flood"])
    clock.now += WITHIN
    mirror.hear(LOCATED, HOST)
    assert tape.positions[-1] == (CALL_ID, HERE)


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_forges_a_header(call_id: str, method: str) -> None:
    """A Call-ID is one line of the INVITE; the rest is JSON."""
    one_line = call_id.replace("\r", "").replace("\n", "")
    raw = frame(one_line, Position(1.0, 2.0, method=method))
    assert [name for name, _ in frames.parse(raw).headers] == ["Event", "CallId", "Position"]


async def listening(mirror: Mirror, until: Callable[[], bool], send: Callable[[], object]) -> None:
    """Run it, and send until it has heard."""
    stop = asyncio.Event()
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        tasks.create_task(mirror.run(stop))
        while not until():
            send()
            await asyncio.sleep(0.01)  # between two looks
        stop.set()


async def test_a_message_of_60_kb_comes_whole(tape: Tape, clock: SetClock) -> None:
    port = free_port()
    mirror = Mirror(MirrorConfig(HOST, port, TRUNKS), clock, tape.extend)
    large = packet(invite(document(f"<!--{'x' * 60_000}-->{CIRCLE}")))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as pbx:
        await listening(mirror, lambda: bool(tape), lambda: pbx.sendto(large, (HOST, port)))
    assert tape.positions == [(CALL_ID, HERE)]


async def test_a_port_that_is_taken_is_an_alarm_until_it_is_free(
    tape: Tape, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ami_bridge.position.RETRY_S", 0.01)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind((HOST, 0))
        port = other.getsockname()[1]
        mirror = Mirror(MirrorConfig(HOST, port, TRUNKS), clock, tape.extend)

        def send() -> None:
            if codes(mirror):
                assert f"port {port}" in mirror.alarms()[0].message
                other.close()
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as pbx:
                pbx.sendto(LOCATED, (HOST, port))

        await listening(mirror, lambda: bool(tape), send)
    assert codes(mirror) == []


# -- its call ----------------------------------------------------------------------------------------------------------

HEARD = PositionHeard(CALL_ID, HERE)


def described(uniqueid: str = "c.1", call_id: str = CALL_ID) -> CallerDescribed:
    """The dialplan's user event of a caller."""
    told = channel(uniqueid)
    return CallerDescribed(NOW, told, None, None, None, "112", None, {"sip_call_id": call_id} if call_id else {})


def listener() -> Listener:
    """One that hears a caller ring."""
    one = Listener(LINE)
    one.advance(ChannelCreated(NOW, channel()), NOW)
    return one


def located(*facts: object) -> list[Located]:
    """Those of these facts."""
    return [fact for fact in facts if isinstance(fact, Located)]


@pytest.mark.parametrize("first", ["position", "call"])
def test_a_position_is_its_calls_whichever_is_heard_first(first: str) -> None:
    one = listener()
    events: list[CallEvent] = [HEARD, described()] if first == "position" else [described(), HEARD]
    facts = [fact for event in events for fact in one.advance(event, NOW)]
    assert located(*facts) == [Located(KEY, NOW, HERE)]


def test_a_position_of_nobodys_call_waits_and_is_forgotten() -> None:
    one = listener()
    assert one.advance(HEARD, NOW) == []
    late = NOW + WAITS + timedelta(seconds=1)
    assert located(*one.advance(described(), late)) == []
    for n in range(MOST_WAITING + 20):
        one.advance(PositionHeard(f"{n}@flood", HERE), late)
    assert len(one.threads.places.waiting) == MOST_WAITING
    one.advance(PositionHeard("last", HERE), late + WAITS * 2)
    assert list(one.threads.places.waiting) == ["last"]


def test_a_call_without_a_call_id_is_described_as_ever() -> None:
    one = listener()
    one.advance(HEARD, NOW)
    assert located(*one.advance(described(call_id=""), NOW)) == []
    assert one.threads.places.dialogs == {}


def test_who_is_nobodys_call_has_no_place() -> None:
    one = listener()
    one.advance(HEARD, NOW)
    assert one.advance(described("c.99"), NOW) == []


def test_a_position_that_comes_after_the_end_is_still_its_calls() -> None:
    one = listener()
    one.advance(described(), NOW)
    one.advance(ChannelGone(NOW, "c.1", "16 Normal Clearing"), NOW)
    assert located(*one.advance(HEARD, NOW)) == [Located(KEY, NOW, HERE)]


def test_only_calls_that_are_there_are_kept() -> None:
    threads = Threads(LINE)
    for n in range(MOST_DIALOGS + 50):
        threads.advance(ChannelCreated(NOW, channel(f"c.{n}")), NOW)
        threads.advance(described(f"c.{n}", f"{n}@x"), NOW)
        if n != 7:
            threads.close(f"c.{n}", NOW)
            threads.ended.clear()
    assert "7@x" in threads.places.dialogs
    assert len(threads.places.dialogs) <= MOST_DIALOGS


def test_a_restart_between_the_two_forgets_neither() -> None:
    before = listener()
    before.advance(HEARD, NOW)
    after, _ = memory.read(memory.write(before, {}), LINE)
    assert located(*after.advance(described(), NOW)) == [Located(KEY, NOW, HERE)]
    again, _ = memory.read(memory.write(after, {}), LINE)
    assert located(*again.advance(HEARD, NOW)) == [Located(KEY, NOW, HERE)], "the call is known by its Call-ID still"


def test_a_position_in_a_gap_is_heard_at_once() -> None:
    one = Listener(LINE)
    one.advance(Connected("s1", None), NOW)
    one.advance(ChannelCreated(NOW, channel()), NOW)
    one.advance(HEARD, NOW)
    facts = one.advance(described(), NOW)
    assert located(*facts) == [Located(KEY, NOW, HERE)]
    more = [*one.advance(CaughtUp(True, True, {}, None), NOW), *one.advance(Settled(), NOW)]
    assert [fact for fact in more if isinstance(fact, Arrived | Located)] == []


def test_what_another_release_wrote_is_no_position() -> None:
    assert reading.read(b'Event: IntakePosition\r\nCallId: x\r\nPosition: {"lat":"north"}') is None
    assert reading.read(b"Event: IntakePosition\r\nCallId: x") is None
