"""Bytes of one SIP request -> its method, headers and the parts of its body. Pure.

Only as much of SIP as tells where a caller is: nothing is answered, and what is no request is an error. Header names
are compared in lower case, the compact forms of RFC 3261 (7.3.3) are written out, folded lines are joined. A body may
be `multipart/*` (RFC 5621, RFC 2046), nested up to DEEPEST; line ends may be CR LF or LF alone.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from msgspec import Struct

from ami_bridge.frames import decode

DEEPEST: Final = 3  # multiparts within each other
MOST_PARTS: Final = 20
_COMPACT: Final = {"i": "call-id", "c": "content-type", "l": "content-length", "f": "from", "t": "to"}
_REQUEST: Final = re.compile(rb"([A-Z]{2,20}) \S+ SIP/2\.0")
_END: Final = re.compile(rb"\r?\n\r?\n")
_LINE: Final = re.compile(rb"\r?\n")
_FOLDED: Final = re.compile(rb"\r?\n[ \t]+")
_BOUNDARY: Final = re.compile(r';\s*boundary\s*=\s*(?:"([^"]{1,200})"|([^\s;"]{1,200}))', re.IGNORECASE)


class SipError(ValueError):
    """These bytes are no SIP request; the message says what is wrong, without its contents."""


class Part(Struct, frozen=True):
    """One part of a body: its media type in lower case without parameters, its Content-ID without brackets."""

    type: str
    id: str
    body: bytes


class Request(Struct, frozen=True):
    """A request: headers in their order, names in lower case."""

    method: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def get(self, name: str) -> str:
        """Return the first value under a name; empty: there is none."""
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> list[str]:
        """Return every value under a name."""
        return [value for key, value in self.headers if key == name]

    def parts(self) -> list[Part]:
        """Return the parts of the body, those of nested multiparts in their place; a plain body is one."""
        found: list[Part] = []
        for part in _parts(self.headers, self.body, 0):
            found.append(part)
            if len(found) == MOST_PARTS:
                break
        return found


def read(message: bytes) -> Request:
    """Return the request. Raises SipError."""
    head, body = _head(message)
    first, _, rest = head.partition(b"\n")
    asked = _REQUEST.fullmatch(first.rstrip(b"\r"))
    if asked is None:
        raise SipError("it does not begin with a request's line")
    return Request(asked[1].decode("ascii"), _headers(rest), body)


def _head(message: bytes) -> tuple[bytes, bytes]:
    end = _END.search(message)
    return (message, b"") if end is None else (message[: end.start()], message[end.end() :])


def _headers(lines: bytes) -> tuple[tuple[str, str], ...]:
    found = []
    for line in _LINE.split(_FOLDED.sub(b" ", lines)):
        name, colon, value = line.partition(b":")
        if colon:
            key = decode(name).strip().lower()
            found.append((_COMPACT.get(key, key), decode(value).strip()))
    return tuple(found)


def _parts(headers: tuple[tuple[str, str], ...], body: bytes, depth: int) -> Iterator[Part]:
    said = dict(reversed(headers))
    content = said.get("content-type", "")
    kind = content.partition(";")[0].strip().lower()
    if not kind.startswith("multipart/"):
        yield Part(kind, said.get("content-id", "").strip("<> \t"), body)
        return
    named = _BOUNDARY.search(content)
    if named is None or depth == DEEPEST:
        return
    for piece in _pieces(body, (named[1] or named[2]).encode()):
        if piece[:1] in (b"\r", b"\n"):  # a part without headers
            head, inner = b"", _LINE.sub(b"", piece, count=1)
        else:
            head, inner = _head(piece)
        yield from _parts(_headers(head), inner, depth + 1)


def _pieces(body: bytes, boundary: bytes) -> list[bytes]:
    """Return what stands between the boundary's lines; a last part that nothing ends is cut off, and left out."""
    line = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    marks = []
    for mark in line.finditer(body):
        marks.append(mark)
        if mark[1] or len(marks) > MOST_PARTS:
            break
    return [_LINE.sub(b"", body[one.end() : other.start()], count=1) for one, other in pairwise(marks)]
