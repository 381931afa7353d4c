"""The forms in which an agency may receive a dispatch: the native envelope, EIDO, CAP or Open311.

One front door for whoever stores and sends: the same values, exact bytes, and the content type they go under.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypedDict, assert_never, get_args

from routing import cap, eido, envelope, open311
from routing.visible import Asks, EnvelopeType, VisibleReport

Format = Literal["native", "eido", "cap", "open311"]
FORMATS: tuple[Format, ...] = get_args(Format)


class _ToPeople(TypedDict):
    """What the forms that people read say to them."""

    page_url: str | None
    asks: Asks | None


def known(value: object) -> Format | None:
    """Return the value if it is one of the four forms."""
    return next((format for format in FORMATS if format == value), None)


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent: the value of `Content-Type`, and the bytes to sign."""

    content_type: str
    content: bytes


def with_key(content_type: str, content: bytes, api_key: str | None) -> bytes:
    """Return a stored body as it goes out: Open311's with the api_key that its platform wants.

    The key is a secret, so nothing is stored with it: each try adds the one that the agency has then.
    """
    return open311.with_key(content, api_key) if api_key and content_type == open311.CONTENT_TYPE else content


def body_in(
    format: Format,
    type: EnvelopeType,
    timestamp: datetime,
    dispatch_id: str,
    answer_url: str,
    accept_by: datetime,
    sequence: int,
    report: VisibleReport,
    *,
    agency: str | None = None,
    jurisdiction_id: str | None = None,
    earlier: Sequence[tuple[int, datetime]] = (),
    page_url: str | None = None,
    asks: Asks | None = None,
    reason: str | None = None,
) -> Body:
    """Return a dispatch's body in one of the forms, less than `clipping.LIMIT` bytes.

    The native envelope needs none of the next three. `agency`, the addressed agency's code, makes CAP Private and is
    named in EIDO. `jurisdiction_id` is Open311's. `earlier` are sequence and timestamp of the dispatch's earlier
    messages, which CAP refers to. `page_url` is the page on which people at the agency answer by hand, a secret while
    the dispatch lasts. `asks`: the agency accepted and says nothing, so it is asked. `reason` says why the dispatch was
    cancelled; only the native envelope has a field for it, so it is to be among the report's entries, too.
    Raises ValueError for coordinates that are not finite.
    """
    values = (type, timestamp, dispatch_id, answer_url, accept_by, sequence, report)
    to_people: _ToPeople = {"page_url": page_url, "asks": asks}
    match format:
        case "native":
            return Body("application/json", envelope.body(*values, **to_people, reason=reason))
        case "eido":
            return Body(eido.CONTENT_TYPE, eido.body(*values, agency=agency, **to_people))
        case "cap":
            return Body(cap.CONTENT_TYPE, cap.body(*values, agency=agency, earlier=earlier, **to_people))
        case "open311":
            return Body(open311.CONTENT_TYPE, open311.body(*values, jurisdiction_id=jurisdiction_id, asks=asks))
        case _:
            assert_never(format)
