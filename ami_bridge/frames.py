"""Bytes <-> frames of the Asterisk Manager Interface.

A frame is what stands between two empty lines: header lines `Key: value`, each ended by CR LF. A caller writes the
value of CallerIDName and must not write headers, so lines are cut on CR LF *bytes* and decoded afterwards: U+2028,
U+0085 and the like stay inside their value, as Asterisk sent them. (`str.splitlines` cuts there: a caller could forge
headers.)

Text that is not UTF-8 is read as Latin-1, the other thing telephones send; no byte is lost and nothing is refused.
Source of the format: Asterisk documentation, "AMI v2 specification".
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

END = b"\r\n\r\n"
# One frame larger than this is no frame: its bytes are dropped up to the next empty line. (Asterisk's own limit for one
# header is far below; a line that never ends must not eat the memory.)
MAX_FRAME = 1 << 20
# How Asterisk writes names, and only names, into its own headers (ast_escape_c).
_ESCAPES = dict(zip("\a\b\f\n\r\t\v\\'\"?", "abfnrtv\\'\"?", strict=True))
_TO_ESCAPED = str.maketrans({char: f"\\{letter}" for char, letter in _ESCAPES.items()})
_FROM_ESCAPED = {letter: char for char, letter in _ESCAPES.items()}
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class FrameError(ValueError):
    """A header to be sent holds a line break, or has no name; nothing was sent."""


class Splitter:
    """Cuts a stream of bytes into frames, wherever the network cut it.

    >>> splitter = Splitter()
    >>> splitter.feed(b"Event: Hangup\\r\\nUniq")
    []
    >>> splitter.feed(b"ueid: 1.1\\r\\n\\r\\n")
    [b'Event: Hangup\\r\\nUniqueid: 1.1']
    """

    def __init__(self) -> None:
        self._rest = b""
        self._skipping = False
        self.dropped = 0  # frames that were larger than MAX_FRAME

    def feed(self, data: bytes) -> list[bytes]:
        """Return the frames that `data` completes, without their empty lines."""
        pieces = (self._rest + data if self._rest else data).split(END)
        self._rest = pieces.pop()
        if len(self._rest) > MAX_FRAME:
            self._rest = self._rest[-3:]  # an end that is cut in two must still be found
            self.dropped += not self._skipping
            self._skipping = True
        if self._skipping and pieces:
            self._skipping = False
            del pieces[0]
        if pieces and min(pieces)[:1] > b"\r":  # the least of all begins with a letter, so all do
            return pieces
        stripped = [piece.lstrip(b"\r\n") for piece in pieces]
        return [piece for piece in stripped if piece]  # extra line ends between frames are no frames


@dataclass(frozen=True, slots=True)
class Frame:
    """The headers of one frame, in their order; a name may come more than once."""

    headers: tuple[tuple[str, str], ...]

    def get(self, name: str, default: str = "") -> str:
        """Return the first value under `name` (exact case, as Asterisk writes it)."""
        for key, value in self.headers:
            if key == name:
                return value
        return default

    def all(self, name: str) -> list[str]:
        """Return every value under `name`."""
        return [value for key, value in self.headers if key == name]

    @property
    def event(self) -> str:
        """The event's name, empty for a response."""
        return self.get("Event")


def parse(raw: bytes) -> Frame:
    """Return the frame in `raw` (without its empty line); a line without a colon is left out."""
    text = decode(raw)
    headers = []
    for line in text.split("\r\n"):
        key, colon, value = line.partition(":")
        if colon:
            headers.append((key, value[1:] if value.startswith(" ") else value))
    return Frame(tuple(headers))


def decode(raw: bytes) -> str:
    """Return the text of `raw`: UTF-8, or Latin-1 when it is not UTF-8."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def event_name(raw: bytes) -> bytes:
    """Return the event's name without parsing the frame; empty for what is not an event.

    Asterisk writes `Event:` first. A tape puts its `TapeTime:` line in front: cut that off before asking.
    """
    if raw[:7] != b"Event: ":
        return b""
    end = raw.find(b"\r\n", 7)
    return raw[7:end] if end >= 0 else raw[7:]


def encode(headers: Iterable[tuple[str, str]]) -> bytes:
    """Return the bytes of one frame, empty line included. Raises FrameError for CR or LF in a name or a value."""
    lines = []
    for name, value in headers:
        if not name or any(c in "\r\n" for c in name + value) or ":" in name:
            raise FrameError(f"a line break or no name in an AMI header ({name!r}): it would forge other headers")
        lines.append(f"{name}: {value}\r\n")
    return "".join(lines).encode() + b"\r\n"


def escaped(name: str) -> str:
    """Write a caller's name as Asterisk does in an event: `O'Brien` is O\\'Brien."""
    return name.translate(_TO_ESCAPED)


def unescaped(name: str) -> str:
    """Undo what Asterisk does to a name in an event, and to nothing else: `O\\'Brien` is O'Brien."""
    return _ESCAPED.sub(lambda found: _FROM_ESCAPED.get(found[1], found[1]), name) if "\\" in name else name
