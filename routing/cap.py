"""A dispatch as an alert of the Common Alerting Protocol: OASIS CAP 1.2, `application/cap+xml`.

For agencies whose warning or command system takes CAP. One envelope is one alert: its identifier is the dispatch's id
and the sequence, its sender the centre's host name (`clipping.centre`). A creation is an Alert; what follows is an
Update that `references` earlier messages of the same dispatch; a cancelled dispatch is a Cancel. A closed report is an
Update too, with urgency Past and response AllClear: CAP's Cancel would say that the alert should not have been.

Never Public: Private with `addresses` when the agency's code is known, else Restricted. Priority becomes urgency and
severity; certainty is Likely, since a caller says so and nobody of ours saw it. The narrative and the entries are the
`description` (`routing.prose`), the caller is the `contact`, and what CAP has no element for is in `parameter`s named
by the native envelope's paths (`dispatch.answer_url`, `report.version`, ...); `web` is the phone page. What was
shortened or left out is in `report.omitted.entries` and `report.omitted.cut`.

An exercise has the status Exercise and its number in `note`. A report of class `test` stays Actual, and says in words
that it is a test: a person may call a real alert a test later, and who takes alerts by the standard passes over all
that is Test, so the Update that ends the alert would never be read.

Times of CAP's own elements have whole seconds and a numeric offset; UTC is `-00:00`, never `Z` (section 3.3.2 and the
schema's pattern). The parameters are spelt as in the native envelope. Order and values after the schema of CAP 1.2;
`tests/routing/test_cap.py` holds them against a table of it (docs/forms.md says how that was compared).
"""

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, assert_never

from routing import prose
from routing.clipping import ENTRIES_CUT, LIMIT, centre, clipped, degrees, in_words, newest, position, utc
from routing.kinds import named
from routing.markup import element, group, xml_text
from routing.visible import Asks, EnvelopeType, VisibleEntry, VisibleReport

CONTENT_TYPE = "application/cap+xml"
NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
RADIUS_KM = "0.1"  # of the circle where nobody said it: a place told by telephone is no surveyed point
REFERENCES = 5  # at most so many earlier messages are named, the newest ones
JUDGED = {  # priority: urgency, severity, certainty
    "P1": ("Immediate", "Severe", "Likely"),
    "P2": ("Expected", "Moderate", "Likely"),
    "P3": ("Future", "Minor", "Likely"),
}
NOT_JUDGED = ("Unknown", "Unknown", "Unknown")
HEADINGS: dict[EnvelopeType, str] = {
    "dispatch.created": "",
    "report.updated": "PEMBARUAN: ",
    "dispatch.cancelled": "DIBATALKAN: ",
    "report.closed": "SELESAI: ",
}
_NOT_AN_ID = re.compile(r"[^A-Za-z0-9._:-]")  # stricter than CAP, which forbids space, comma, < and &


def body(
    type: EnvelopeType,
    timestamp: datetime,
    dispatch_id: str,
    answer_url: str,
    accept_by: datetime,
    sequence: int,
    report: VisibleReport,
    *,
    agency: str | None = None,
    earlier: Sequence[tuple[int, datetime]] = (),
    page_url: str | None = None,
    asks: Asks | None = None,
) -> bytes:
    """Return the exact bytes to sign and send.

    `agency` is the code of the addressed agency. `earlier` are sequence and timestamp of the dispatch's earlier
    messages; without it the first one is named, whose second a UUIDv7 dispatch id tells (both are made at once).
    Raises ValueError for coordinates that are no place on earth.
    """
    short = clipped(report, _size)
    message = _message(type, answer_url, accept_by, sequence)
    asked = "Belum ada kabar: bagaimana keadaannya? " if asks else ""
    sender = centre(answer_url)
    unreal = prose.unreal(report)
    refers = "" if message.type == "Alert" else _references(sender, dispatch_id, sequence, earlier)
    head = (
        element("identifier", _identifier(dispatch_id, sequence))
        + element("sender", sender)
        + element("sent", cap_time(timestamp))
        + element("status", "Exercise" if report.exercise else "Actual")
        + element("msgType", message.type)
        + element("source", report.source)
        + _scope(agency)
        + (element("note", f"{unreal} {report.number}: bukan kejadian nyata.") if unreal else "")
        + (element("references", refers) if refers else "")
        + element("incidents", _NOT_AN_ID.sub("-", report.number))
    )
    words = in_words(report, short.texts["location_text"])
    about = _about(message, report, _headline(type, report, words))
    contact = " ".join(filter(None, (short.texts["caller_name"], report.caller_number)))
    if report.caller_withheld:
        contact = prose.WITHHELD
    known = _parameters(type, dispatch_id, answer_url, accept_by, sequence, report, short.texts)
    known |= {"dispatch.asks": asks}
    area = _area(words, position(report), report.location_radius_m)

    def whole(entries: list[VisibleEntry], cut: list[str]) -> bytes:
        description = prose.told(short.texts["narrative"], entries)
        left_out = len(report.entries) - len(entries)
        said = known | {
            "report.omitted.entries": str(left_out) if left_out else None,
            "report.omitted.cut": " ".join(cut) or None,
        }
        info = group(
            "info",
            about,
            element("description", description) if description else "",
            element("instruction", asked + message.instruction),
            element("web", page_url) if page_url else "",
            element("contact", contact) if contact else "",
            *(group("parameter", *_named_value(name, value)) for name, value in said.items() if value is not None),
            area,
        )
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n<alert xmlns="{NAMESPACE}">{head}{info}</alert>\n'
        return text.encode()

    room = LIMIT - len(whole([], [*short.cut, ENTRIES_CUT])) - len("<description></description>") - 16
    entries, cut = newest(report.entries, room, _size, lambda entry: _size(prose.line(entry)) + 1)
    return whole(entries, short.cut + cut)


def cap_time(at: datetime) -> str:
    """Return an aware instant as CAP writes it: `2026-03-14T01:59:26-00:00`, the second in which it lies."""
    return prose.second(at).replace(tzinfo=None).isoformat() + "-00:00"


@dataclass(frozen=True, slots=True)
class _Message:
    """What a message is to its reader; `urgency` and `response` (CAP's responseType) only where the type decides."""

    type: Literal["Alert", "Update", "Cancel"]
    instruction: str
    urgency: str | None = None
    response: str | None = None


def _message(type: EnvelopeType, answer_url: str, accept_by: datetime, sequence: int) -> _Message:
    later: Literal["Alert", "Update"] = "Update" if sequence > 1 else "Alert"
    match type:
        case "dispatch.created":
            return _Message("Alert", f"Jawab sebelum {utc(accept_by)} dengan POST ke {answer_url}")
        case "report.updated":
            return _Message(later, f"Keterangan berubah. Jawaban tetap dengan POST ke {answer_url}")
        case "dispatch.cancelled":
            return _Message("Cancel", "Penugasan ini dibatalkan; tidak perlu tindakan.", "Past", "None")
        case "report.closed":
            return _Message(later, "Laporan ini ditutup; tidak perlu tindakan lagi.", "Past", "AllClear")
        case _:
            assert_never(type)


def _about(message: _Message, report: VisibleReport, headline: str) -> str:
    """Return the first elements of `info`, up to the headline."""
    kind = named(report.kind, report.kind_name)
    urgency, severity, certainty = JUDGED.get(report.priority or "", NOT_JUDGED)
    return (
        element("language", "id-ID")
        + "".join(element("category", category) for category in kind.categories)
        + element("event", kind.name)
        + (element("responseType", message.response) if message.response else "")
        + element("urgency", message.urgency or urgency)
        + element("severity", severity)
        + element("certainty", certainty)
        + (group("eventCode", *_named_value("intake112.kind", report.kind)) if report.kind else "")
        + element("senderName", "Pusat panggilan darurat 112")
        + element("headline", headline)
    )


def _size(text: str) -> int:
    return len(xml_text(prose.words(text)).encode())


def _identifier(dispatch_id: str, sequence: int) -> str:
    return f"{_NOT_AN_ID.sub('-', dispatch_id)}.{sequence}"


def _references(sender: str, dispatch_id: str, sequence: int, earlier: Sequence[tuple[int, datetime]]) -> str:
    """Return `sender,identifier,sent` of earlier messages, parted by spaces; "" when the time of none is known."""
    known = sorted((number, at) for number, at in earlier if number < sequence)[-REFERENCES:]
    if not known and sequence > 1 and (made := _made_at(dispatch_id)):
        known = [(1, made)]
    return " ".join(f"{sender},{_identifier(dispatch_id, number)},{cap_time(at)}" for number, at in known)


def _made_at(dispatch_id: str) -> datetime | None:
    """Return when a UUIDv7 was made (its first 48 bits are Unix milliseconds), None for any other id."""
    try:
        value = uuid.UUID(dispatch_id)
        return datetime.fromtimestamp((value.int >> 80) // 1000, UTC) if value.version == 7 else None
    except (ValueError, OverflowError):  # no UUID, or one from beyond the year 9999
        return None


def _scope(agency: str | None) -> str:
    if agency:
        return element("scope", "Private") + element("addresses", _NOT_AN_ID.sub("-", agency))
    return element("scope", "Restricted") + element("restriction", "Hanya untuk instansi yang menerima pesan ini.")


def _headline(type: EnvelopeType, report: VisibleReport, where: str | None) -> str:
    """Return one line of at most 160 characters, CAP's hint."""
    unreal = prose.unreal(report)
    before = f"{unreal}: " if unreal else ""
    kind = named(report.kind, report.kind_name).name
    parts = [" ".join(filter(None, (report.priority, kind))), " ".join((where or "").split())]
    return (before + HEADINGS[type] + ", ".join(filter(None, parts)))[:160]


def _parameters(
    type: EnvelopeType,
    dispatch_id: str,
    answer_url: str,
    accept_by: datetime,
    sequence: int,
    report: VisibleReport,
    texts: dict[str, str | None],
) -> dict[str, str | None]:
    return {
        "type": type,
        "dispatch.id": dispatch_id,
        "dispatch.answer_url": answer_url,
        "dispatch.accept_by": utc(accept_by),
        "dispatch.sequence": str(sequence),
        "report.number": report.number,
        "report.version": str(report.version),
        "report.status": report.status,
        "report.class": report.classification,
        "report.priority": report.priority,
        "report.disposition": report.disposition,
        "report.flags": " ".join(report.flags.raised()) or None,
        "report.opened_at": utc(report.opened_at),
        "report.location.method": report.location_method,
        "report.location.radius_m": None if report.location_radius_m is None else degrees(report.location_radius_m),
        "report.location.measured_at": None
        if report.location_measured_at is None
        else utc(report.location_measured_at),
        "report.caller.name": texts["caller_name"],
        "report.caller.number": report.caller_number,
        "report.caller.number_raw": texts["caller_number_raw"],
        "report.caller.typed": texts["caller_typed"],
        "report.caller.withheld_by_centre": "true" if report.caller_withheld else None,
    }


def _named_value(name: str, value: str) -> tuple[str, str]:
    return element("valueName", name), element("value", value)


def _area(where: str | None, place: tuple[float, float] | None, radius_m: float | None) -> str:
    radius = f"{max(radius_m / 1000, 0.001):.3f}" if radius_m is not None else RADIUS_KM
    circle = element("circle", f"{degrees(place[0])},{degrees(place[1])} {radius}") if place else ""
    return group("area", element("areaDesc", where or "Lokasi belum diketahui"), circle)
