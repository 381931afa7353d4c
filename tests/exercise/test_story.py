"""Stories: read from every tape, renamed as a bijection, moved in time, slowed down."""

import re
from datetime import timedelta
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ami_bridge import reading
from ami_bridge.events import CallerDescribed, ChannelCreated
from ami_bridge.frames import FrameError, escaped, event_name, parse, unescaped
from exercise import story, tapes
from exercise.story import NOTHING, Cue, Story, headers, joined, new_ids, with_new_ids
from tests.conftest import START

NAMES = tapes.names()
ID = re.compile(rb"\d{10}\.\d+|-[0-9a-f]{8}(?![0-9a-f])|[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
SAFE = "-_.!~*'()"
BRIDGE = re.compile(rb"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
every_story = pytest.mark.parametrize("name", NAMES)


def ids(frames: list[bytes]) -> set[bytes]:
    """All that looks like an id, wherever it stands; times are none."""
    lines = (line for raw in frames for line in raw.split(b"\r\n") if not line.startswith(b"Timestamp"))
    return {found for line in lines for found in ID.findall(line)}


def without_bridges(frames: list[bytes]) -> list[bytes]:
    """Bridges by their place in the story: their ids are random, and made from others by a digest."""
    places: dict[bytes, bytes] = {}
    return [BRIDGE.sub(lambda found: places.setdefault(found[0], b"bridge %d" % len(places)), one) for one in frames]


def raw(one: Story) -> list[bytes]:
    return [cue.raw for cue in one.cues]


@every_story
def test_a_story_holds_events_only_and_begins_with_the_first(name: str) -> None:
    found = tapes.load(name)
    assert found.cues[0].after == NOTHING
    assert all(event_name(cue.raw) not in (b"", b"FullyBooted", b"QueueParams") for cue in found.cues)
    assert all(b"\r\nActionID" not in cue.raw for cue in found.cues)
    assert event_name(found.cues[0].raw) in (b"Newchannel", b"QueueMemberPause"), "a call, or who will take one"
    lists = {b"FullyBooted", b"QueueParams", b"QueueStatusComplete", b"CoreShowChannelsComplete"}
    assert lists <= {event_name(one) for one in found.snapshot}
    assert [cue.after for cue in found.cues] == sorted(cue.after for cue in found.cues)


@every_story
def test_the_same_ids_at_the_same_time_give_the_same_bytes(name: str) -> None:
    found = tapes.load(name)
    assert without_bridges(with_new_ids(found, 0, found.began)) == without_bridges(raw(found))
    assert [joined(headers(one)) for one in raw(found)] == raw(found)


@every_story
@settings(deadline=None, max_examples=15)
@given(serial=st.integers(1 << 20, 1 << 30), later=st.timedeltas(timedelta(days=-9000), timedelta(days=9000)))
def test_the_mapping_of_ids_is_a_bijection_and_leaves_none_behind(name: str, serial: int, later: timedelta) -> None:
    found = tapes.load(name)
    at = found.began + later
    mapping = new_ids(found, serial, at)
    assert len(set(mapping.values())) == len(mapping)
    played = with_new_ids(found, serial, at)
    assert ids(played)
    assert not ids(played) & ids(raw(found))
    back = with_new_ids(Story(name, at, tuple(Cue(NOTHING, one) for one in played)), 0, found.began)
    assert without_bridges(back) == without_bridges(raw(found))


@every_story
def test_two_playings_share_no_id(name: str) -> None:
    found = tapes.load(name)
    first = with_new_ids(found, 7, START)
    second = with_new_ids(found, 7 + found.width, START)
    assert ids(first)
    assert not ids(first) & ids(second)


@every_story
def test_time_moves_as_a_block(name: str) -> None:
    found = tapes.load(name)
    for old, new in zip(raw(found), with_new_ids(found, 3, START), strict=True):
        before, after = reading.read(old), reading.read(new)
        assert (before and type(before.event)) is (after and type(after.event))
        moved = float(parse(new).get("Timestamp")) - float(parse(old).get("Timestamp"))
        assert moved == pytest.approx((START - found.began).total_seconds(), abs=1e-5)


@pytest.mark.parametrize("name", [name for name in NAMES if len(tapes.load(name).callers) == 1])
def test_another_caller_takes_the_part_everywhere(name: str) -> None:
    found = tapes.load(name)
    number, who = found.callers[0]
    for new_number, new_name, old in (("+6281200009876", None, number), (None, 'Nur "Ani": Ö, 9?', who)):
        new = new_number or new_name or ""
        if old in story.NOBODY:
            with pytest.raises(ValueError, match="not one caller"):
                with_new_ids(found, 0, START, new_number, new_name)
            continue
        played = b"\r\n\r\n".join(with_new_ids(found, 0, START, new_number, new_name))
        was = b"\r\n\r\n".join(raw(found))
        described = any(event_name(one) == b"UserEvent" for one in raw(found))  # not who came through a menu
        said = unescaped(old.decode()) if new_name else old.decode()
        encoded = (quote(said, safe=SAFE).encode(), quote(new, safe=SAFE).encode())
        written = (escaped(new) if new_name else new).encode()  # Asterisk escapes names in AMI's own headers
        for (before, after), told in (((old, written), True), (encoded, described)):
            at_end, at_end_now = b": " + before + b"\r\n", b": " + after + b"\r\n"
            assert at_end not in played
            assert played.count(at_end_now) == was.count(at_end)
            assert told == (at_end in was)


@pytest.mark.parametrize("name", ["O'Brien", 'Siti \\ "Lain"?', "\\'"])
@pytest.mark.parametrize("tape", ["answered", "name-quotes"])
def test_a_name_that_asterisk_escapes_is_read_as_it_was_given(tape: str, name: str) -> None:
    told = [reading.read(one) for one in with_new_ids(tapes.load(tape), 0, START, name=name)]
    events = [one.event for one in told if one is not None]
    described = [event.caller_name for event in events if isinstance(event, CallerDescribed)]
    rung = [event.channel.caller_name for event in events if isinstance(event, ChannelCreated)]
    assert (described, rung[0]) == ([name], name)


def test_a_withheld_caller_is_another_in_the_asserted_identity_too() -> None:
    played = with_new_ids(tapes.load("withheld"), 0, START, "+6281200001234", "Orang Lain")
    (asserted,) = (parse(one).get("AssertedIdentity") for one in played if event_name(one) == b"UserEvent")
    assert asserted == "%22Orang%20Lain%22%20%3Csip%3A%2B6281200001234%40127.0.0.2%3E"


@pytest.mark.parametrize("name", ["a\r\nUniqueid: 9", "a\nb", "a\0"])
def test_a_line_break_forges_nothing(name: str) -> None:
    with pytest.raises(FrameError):
        with_new_ids(tapes.load("answered"), 0, START, name=name)


def test_two_callers_have_no_single_part_to_take() -> None:
    with pytest.raises(ValueError, match="not one caller"):
        with_new_ids(tapes.load("two-callers-at-once"), 0, START, number="+6281200009999")


def test_other_desks_play_the_operators() -> None:
    found = tapes.load("answered")
    assert found.desks == ("op1", "op2")
    played = b"\r\n\r\n".join(with_new_ids(found, 0, START, desks={"op1": "op5", "op2": "op1"}))
    was = b"\r\n\r\n".join(raw(found))
    for old, new in ((b"op1", b"op5"), (b"op2", b"op1"), (b"Desk 1", b"Desk 5"), (b"Desk 2", b"Desk 1")):
        assert played.count(new) == was.count(old) > 0
    assert b"op2" not in played
    with pytest.raises(ValueError, match="the same one"):
        with_new_ids(found, 0, START, desks={"op1": "op2"})


def test_a_patient_caller_waits_and_talks() -> None:
    found = tapes.load("answered")
    slow = found.paced(waits=timedelta(seconds=7), talks=timedelta(minutes=2))
    frames = [parse(one) for one in with_new_ids(slow, 0, START)]
    when = {frame.event: float(frame.get("Timestamp")) for frame in reversed(frames)}
    assert 7 < when["AgentConnect"] - when["QueueCallerJoin"] < 9
    assert 120 < when["AgentComplete"] - when["AgentConnect"] < 122
    figures = {name: frame.get(name) for frame in frames for name in ("HoldTime", "TalkTime") if frame.get(name)}
    assert {name: int(value) >= {"HoldTime": 7, "TalkTime": 120}[name] for name, value in figures.items()} == {
        "HoldTime": True,
        "TalkTime": True,
    }
    assert (slow.cues[-1].after - found.cues[-1].after) == timedelta(seconds=127)


def test_who_gives_up_waits_longer_and_never_talks() -> None:
    found = tapes.load("abandoned-in-queue")
    slow = found.paced(waits=timedelta(seconds=30), talks=timedelta(minutes=2))
    assert slow.cues[-1].after - found.cues[-1].after == timedelta(seconds=30)
    first_moved = next(cue for cue in slow.cues if cue.delayed)
    assert event_name(first_moved.raw) == b"HangupRequest"
    before_queue = tapes.load("abandoned-before-queue")
    assert before_queue.paced(waits=timedelta(minutes=1), talks=timedelta(minutes=1)) == before_queue


def test_speed_moves_the_timestamps_with_the_pauses() -> None:
    found = tapes.load("answered")
    half = found.at_speed(0.5)
    assert half.cues[-1].after == 2 * found.cues[-1].after
    last = parse(with_new_ids(half, 0, START)[-1])
    lasted = float(last.get("Timestamp")) - START.timestamp()
    assert lasted == pytest.approx(half.cues[-1].after.total_seconds(), abs=0.05)


def test_what_is_no_story_says_so() -> None:
    with pytest.raises(tapes.NoStoryError, match="no story"):
        tapes.load("../tapes/answered")
