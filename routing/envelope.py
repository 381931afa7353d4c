"""The body of an envelope: what an agency may see of a report, as canonical JSON under 20 kB.

A report can be longer than an agency's inbox should be. Then texts are shortened and the oldest entries left out, and
`report.omitted` says so in numbers and names; nothing is left out in silence. The newest entries always have room: what
changed last is what the crew on the road needs.
"""

import json
from dataclasses import asdict
from datetime import datetime

from routing.clipping import (
    CALLER_LIMIT,
    CALLERS_LIMIT,
    LIMIT,
    REASON_LIMIT,
    clip,
    clipped,
    newest,
    utc,
)
from routing.visible import Asks, EnvelopeType, VisibleCaller, VisibleEntry, VisibleReport

__all__ = ["LIMIT", "EnvelopeType", "VisibleCaller", "VisibleEntry", "VisibleReport", "body", "canonical"]


def body(
    type: EnvelopeType,
    timestamp: datetime,
    dispatch_id: str,
    answer_url: str,
    accept_by: datetime,
    sequence: int,
    report: VisibleReport,
    *,
    reason: str | None = None,
    page_url: str | None = None,
    asks: Asks | None = None,
) -> bytes:
    """Return the exact bytes to sign and send; `reason`, why it was cancelled, is `dispatch.reason`."""
    short = clipped(report, _size)
    if len(report.callers) > CALLERS_LIMIT:
        short.cut.append("callers")
    dispatch = {
        "id": dispatch_id,
        "answer_url": answer_url,
        "page_url": page_url,
        "accept_by": utc(accept_by),
        "sequence": sequence,
        "asks": asks,
        "reason": None if reason is None else clip(reason, REASON_LIMIT, _size),
    }

    def whole(entries: list[VisibleEntry], cut: list[str]) -> bytes:
        left_out = len(report.entries) - len(entries)
        omitted = {"entries": left_out, "cut": cut} if left_out or cut else None
        shown = {"entries": [_entry(entry) for entry in entries], "omitted": omitted}
        data = {"dispatch": dispatch, "report": _report(report, short.texts) | shown}
        return canonical({"type": type, "timestamp": utc(timestamp), "data": data})

    room = LIMIT - len(whole([], [*short.cut, "entries.text"])) - 16
    entries, cut = newest(report.entries, room, _size, lambda entry: len(canonical(_entry(entry))) + 1)
    return whole(entries, short.cut + cut)


def canonical(value: object) -> bytes:
    """Return the one spelling of a value: keys sorted, no spaces, no escapes that UTF-8 does not need.

    Raises ValueError when it holds a number that JSON cannot (NaN, infinite).
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace")


def _report(report: VisibleReport, texts: dict[str, str | None]) -> dict[str, object]:
    return {
        "number": report.number,
        "version": report.version,
        "status": report.status,
        "class": report.classification,
        "kind": report.kind,
        "priority": report.priority,
        "source": report.source,
        "exercise": report.exercise,
        "opened_at": utc(report.opened_at),
        "caller": {
            "number": report.caller_number,
            "number_raw": texts["caller_number_raw"],
            "typed": texts["caller_typed"],
            "name": texts["caller_name"],
            "withheld_by_centre": report.caller_withheld,
        },
        "callers": [_caller(one) for one in report.callers[:CALLERS_LIMIT]],
        "duplicate_of": report.duplicate_of,
        "location": {
            "text": texts["location_text"],
            "lat": report.location_lat,
            "lon": report.location_lon,
            "method": report.location_method,
            "radius_m": report.location_radius_m,
            "measured_at": None if report.location_measured_at is None else utc(report.location_measured_at),
            "place": report.location_place,
            "place_name": report.location_place_name,
        },
        "narrative": texts["narrative"],
        "flags": asdict(report.flags),
        "disposition": report.disposition,
    }


def _caller(caller: VisibleCaller) -> dict[str, object]:
    said = (caller.number_raw, caller.typed, caller.name)
    raw, typed, name = (None if text is None else clip(text, CALLER_LIMIT, _size) for text in said)
    return {"report": caller.report, "number": caller.number, "number_raw": raw, "typed": typed, "name": name}


def _entry(entry: VisibleEntry) -> dict[str, object]:
    return {"at": utc(entry.at), "author": entry.author, "text": entry.text}


def _size(text: str) -> int:
    return len(canonical(text))
