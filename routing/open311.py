"""A dispatch as the body of Open311 GeoReport v2's `POST requests`: `application/x-www-form-urlencoded`.

For complaint platforms such as SilaPoR. The standard knows citizens who report a pothole, so much has no field of its
own: `description` (plain text, at most 4,000 characters, no HTML) begins with what the message is and holds narrative
and entries (`routing.prose`); the dispatch, priority, status and times are `attribute[...]`s. A platform that checks
attributes against its service definitions must define these codes, or it may refuse or drop them.

- `service_code` is the report's kind, `lain` while it has none: the platform names its services so, or translates.
- `jurisdiction_id` is the platform's, and is sent when given (it serves several regencies).
- The standard has no update: every envelope is a new request, and `attribute[report_number]` says which belong
  together. Whoever cannot follow that should be sent creations only.
- `first_name` is the whole name: Indonesian names need no family name. `phone` is E.164, else what the carrier sent.
- Left out: `address_id`, `email`, `device_id`, `account_id`, `last_name`, `media_url` (nothing to put there), and the
  carrier's spelling of a number that is known in E.164.
- No secret is in here. The standard's `api_key` is a secret and also a form field: `with_key` adds it to what goes out
  (`letters`), and it is not stored with the envelope. The answer URL opens nothing without the agency's token; the
  phone page's does, so it is left out.

GET requests of such platforms are often open to all, descriptions included. An agency that takes this form sees what
an agency may see; that it does not publish it must be agreed with it.

`<` and `>` become `‹` and `›`, since no HTML is allowed, and control characters but line ends U+FFFD. What was
shortened or left out is said in `attribute[omitted_entries]` and `attribute[omitted_cut]`. Field names after
wiki.open311.org/GeoReport_v2, "POST Service Request".
"""

import re
from datetime import datetime
from urllib.parse import quote_plus, urlencode

from routing import prose
from routing.clipping import ENTRIES_CUT, LIMIT, REPLACED, clipped, degrees, in_words, newest, position, utc
from routing.kinds import named
from routing.visible import Asks, EnvelopeType, VisibleEntry, VisibleReport

CONTENT_TYPE = "application/x-www-form-urlencoded; charset=utf-8"
DESCRIPTION_LIMIT = 4_000  # characters, says the standard
LONGEST_KEY = 128
KEY_ROOM = 3 * LONGEST_KEY + len("&api_key=")
NO_PLACE = "Lokasi belum diketahui"  # some location is obligatory
HEADINGS: dict[EnvelopeType, str] = {
    "dispatch.created": "Laporan 112",
    "report.updated": "Pembaruan laporan 112",
    "dispatch.cancelled": "DIBATALKAN: laporan 112",
    "report.closed": "SELESAI: laporan 112",
}
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_BYTES_PER_CHARACTER = 4  # LIMIT allows the description about so many: a text is measured by what is scarcer


def body(
    type: EnvelopeType,
    timestamp: datetime,
    dispatch_id: str,
    answer_url: str,
    accept_by: datetime,
    sequence: int,
    report: VisibleReport,
    *,
    jurisdiction_id: str | None = None,
    asks: Asks | None = None,
) -> bytes:
    """Return the exact bytes to sign and send.

    Raises ValueError for coordinates that are no place on earth.
    """
    place = position(report)
    short = clipped(report, _size)
    where = in_words(report, short.texts["location_text"])
    fields: dict[str, str | None] = {
        "jurisdiction_id": jurisdiction_id,
        "service_code": report.kind or "lain",
        "lat": degrees(place[0]) if place else None,
        "long": degrees(place[1]) if place else None,
        "address_string": where or (None if place else NO_PLACE),
        "first_name": short.texts["caller_name"] or None,
        "phone": report.caller_number or short.texts["caller_typed"] or short.texts["caller_number_raw"] or None,
    }
    attributes: dict[str, str | None] = {
        "type": type,
        "sent_at": utc(timestamp),
        "dispatch_id": dispatch_id,
        "answer_url": answer_url,
        "accept_by": utc(accept_by),
        "sequence": str(sequence),
        "asks": asks,
        "report_number": report.number,
        "report_version": str(report.version),
        "status": report.status,
        "class": report.classification,
        "priority": report.priority,
        "disposition": report.disposition,
        "flags": " ".join(report.flags.raised()) or None,
        "source": report.source,
        "exercise": "true" if report.exercise else "false",
        "caller_withheld_by_centre": "true" if report.caller_withheld else None,
        "opened_at": utc(report.opened_at),
    }
    unreal = prose.unreal(report)
    before = f"{unreal}, bukan kejadian nyata. " if unreal else ""
    asked = ". Belum ada kabar: bagaimana keadaannya?" if asks else ""
    heading = f"{before}{HEADINGS[type]} {report.number}: {named(report.kind, report.kind_name).name}{asked}"
    if report.caller_withheld:
        heading += f"\n{prose.WITHHELD}"

    def described(entries: list[VisibleEntry]) -> str:
        return "\n\n".join(filter(None, (heading, prose.told(short.texts["narrative"], entries))))

    def whole(entries: list[VisibleEntry], cut: list[str]) -> bytes:
        left_out = len(report.entries) - len(entries)
        said = attributes | {
            "omitted_entries": str(left_out) if left_out else None,
            "omitted_cut": " ".join(cut) or None,
        }
        pairs = fields | {"description": described(entries)} | {f"attribute[{name}]": said[name] for name in said}
        return urlencode([(name, _plain(value)) for name, value in pairs.items() if value is not None]).encode("ascii")

    characters = (DESCRIPTION_LIMIT - len(described([])) - 4) * _BYTES_PER_CHARACTER
    room = min(characters, LIMIT - KEY_ROOM - len(whole([], [*short.cut, ENTRIES_CUT])) - 16)
    entries, cut = newest(report.entries, room, _size, lambda entry: _size(prose.line(entry) + "\n"))
    return whole(entries, short.cut + cut)


def with_key(body: bytes, api_key: str) -> bytes:
    """Return a body with the key by which the platform knows the centre."""
    return body + b"&" + urlencode({"api_key": api_key}).encode("ascii")


def _plain(text: str) -> str:
    """Return a text without HTML and without what is not text."""
    return _CONTROL.sub(REPLACED, text.translate({ord("<"): "‹", ord(">"): "›"}))


def _size(text: str) -> int:
    text = _plain(prose.words(text))
    return max(len(quote_plus(text)), len(text) * _BYTES_PER_CHARACTER)
