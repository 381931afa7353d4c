"""The codec: whatever the network cuts and callers write, the same frames, and no header a caller invented."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ami_bridge import frames
from ami_bridge.frames import FrameError, Splitter

WIRE = (
    b"Event: Newchannel\r\nChannel: PJSIP/trunk-1\r\n"
    b"CallerIDName: Evil\xe2\x80\xa8Channel: PJSIP/x\xc2\x85Exten: 999\r\n"
    b"Uniqueid: s-1.1\r\n\r\nResponse: Success\r\nPing: Pong\r\n\r\nEvent: Hangup\r\nCause: 16\r\n\r\n"
)
FRAMES = [piece for piece in WIRE.split(b"\r\n\r\n") if piece]


def check_every_cut(wire: bytes, expected: list[bytes]) -> None:
    """Whole, byte by byte, and cut in two at every place: always the same frames."""
    assert Splitter().feed(wire) == expected
    splitter = Splitter()
    assert [frame for i in range(len(wire)) for frame in splitter.feed(wire[i : i + 1])] == expected
    for cut in range(len(wire)):
        splitter = Splitter()
        assert splitter.feed(wire[:cut]) + splitter.feed(wire[cut:]) == expected


def test_every_cut_gives_the_same_frames() -> None:
    check_every_cut(WIRE, FRAMES)


LINE_ENDS = ["\r ", "\n", "\x85", "\u2028", "\nChannel: x"]  # all that are none; Asterisk lets no CR LF into a value
VALUES = st.lists(st.sampled_from([*LINE_ENDS, "Ani", "é", ": ", ""]), max_size=4).map("".join)
FRAMES_SENT = st.lists(
    st.lists(st.tuples(st.sampled_from(["Channel", "CallerIDName", "Uniqueid"]), VALUES), min_size=1, max_size=4).map(
        lambda headers: "\r\n".join(f"{name}: {value}" for name, value in headers).encode()
    ),
    max_size=5,
)


@given(FRAMES_SENT, st.data())
def test_frames_come_out_as_they_were_sent_wherever_the_network_cuts(sent: list[bytes], data: st.DataObject) -> None:
    wire = b"".join(frame + b"\r\n\r\n" for frame in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=10)))
    splitter = Splitter()
    pieces = [wire[start:end] for start, end in zip([0, *cuts], [*cuts, len(wire)], strict=True)]
    assert [frame for piece in pieces for frame in splitter.feed(piece)] == sent


def test_extra_line_ends_between_frames_are_no_frames() -> None:
    check_every_cut(b"\r\n\r\n" + WIRE + b"\r\n\r\n", FRAMES)


def test_a_caller_writes_no_headers() -> None:
    frame = frames.parse(FRAMES[0])
    assert frame.get("Channel") == "PJSIP/trunk-1"
    assert frame.get("CallerIDName") == "Evil\u2028Channel: PJSIP/x\x85Exten: 999"
    assert frame.get("Exten", "none") == "none"


def test_latin_1_is_read_and_nothing_refused() -> None:
    assert frames.parse(b"Event: X\r\nCallerIDName: Jos\xe9").get("CallerIDName") == "José"


def test_repeated_headers_are_all_kept_and_lines_without_a_colon_left_out() -> None:
    frame = frames.parse(b"Event: X\r\nVariable: a=1\r\nno colon here\r\nVariable: b=2\r\nEmpty:")
    assert frame.all("Variable") == ["a=1", "b=2"]
    assert frame.headers[-1] == ("Empty", "")


@pytest.mark.parametrize("value", ["a\r\nAction: Originate", "a\n", "\r"], ids=repr)
def test_line_breaks_are_refused_before_anything_is_sent(value: str) -> None:
    with pytest.raises(FrameError):
        frames.encode([("Channel", value)])
    with pytest.raises(FrameError):
        frames.encode([(value, "x")])


def test_a_line_that_never_ends_is_dropped_and_what_follows_is_heard() -> None:
    splitter = Splitter()
    for _ in range(40):
        assert splitter.feed(b"x" * 65536) == []
    assert splitter.feed(b"x\r\n\r\nEvent: Hangup\r\n\r\n") == [b"Event: Hangup"]
    assert splitter.dropped == 1


@given(st.lists(st.tuples(st.text("abcXYZ-", min_size=1), st.text().filter(lambda t: "\r" not in t and "\n" not in t))))
def test_what_is_encoded_is_read_back(headers: list[tuple[str, str]]) -> None:
    wire = frames.encode([("Event", "Test"), *headers])
    frame = frames.parse(wire.removesuffix(b"\r\n\r\n"))
    assert frame.headers == (("Event", "Test"), *headers)
    firsts = dict(reversed(frame.headers))
    assert {name: frame.get(name) for name in firsts} == firsts
