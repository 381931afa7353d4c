"""The body of an envelope: what an agency may see of a report, as canonical JSON under 20 kB.

A report can be longer than an agency's inbox should be. Then texts are shortened and the oldest entries left out, and
`report.omitted` says so in numbers and names; nothing is left out in silence. The newest entries always have room: what
changed last is what the crew on the road needs.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

LIMIT = 20_000  # bytes of the whole body, which stays below
ENTRY_LIMIT = 4_000  # bytes of one entry's text
TEXT_LIMITS = {
    "narrative": 8_000,
    "location_text": 1_000,
    "caller_name": 500,
    "caller_number_raw": 500,
}
WIRE_NAMES = {
    "location_text": "location.text",
    "caller_name": "caller.name",
    "caller_number_raw": "caller.number_raw",
}
EnvelopeType = Literal["dispatch.created", "report.updated"]


@dataclass(frozen=True, slots=True)
class VisibleEntry:
    """An entry an agency may see (the desk leaves out what was struck)."""

    at: datetime
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class VisibleReport:
    """What agencies see of a report; a change of any of these but `version` owes them a `report.updated`."""

    number: str
    version: int
    status: str
    classification: str
    kind: str | None
    priority: str | None
    source: str
    exercise: bool
    opened_at: datetime
    caller_number: str | None
    caller_number_raw: str | None
    caller_name: str | None
    location_text: str | None
    location_lat: float | None
    location_lon: float | None
    narrative: str | None
    entries: tuple[VisibleEntry, ...] = ()

    def looks_like(self, other: "VisibleReport") -> bool:
        """Return whether an agency would see no difference (the version alone is none)."""
        return replace(self, version=0) == replace(other, version=0)


def body(
    type: EnvelopeType,
    timestamp: datetime,
    dispatch_id: str,
    answer_url: str,
    accept_by: datetime,
    sequence: int,
    report: VisibleReport,
) -> bytes:
    """Return the exact bytes to sign and send."""
    texts, cut = _clipped(report)

    def whole(entries: list[dict[str, object]], cut: list[str]) -> bytes:
        left_out = len(report.entries) - len(entries)
        omitted = {"entries": left_out, "cut": cut} if left_out or cut else None
        dispatch = {"id": dispatch_id, "answer_url": answer_url, "accept_by": _utc(accept_by), "sequence": sequence}
        data = {"dispatch": dispatch, "report": _report(report, texts) | {"entries": entries, "omitted": omitted}}
        return _canonical({"type": type, "timestamp": _utc(timestamp), "data": data})

    entries, cut_entries = _newest(report.entries, LIMIT - len(whole([], [*cut, "entries.text"])) - 16)
    return whole(entries, cut + cut_entries)


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
        "opened_at": _utc(report.opened_at),
        "caller": {
            "number": report.caller_number,
            "number_raw": texts["caller_number_raw"],
            "name": texts["caller_name"],
        },
        "location": {"text": texts["location_text"], "lat": report.location_lat, "lon": report.location_lon},
        "narrative": texts["narrative"],
    }


def _clipped(report: VisibleReport) -> tuple[dict[str, str | None], list[str]]:
    """Return the long texts within their limits, and the wire names of those that were shortened."""
    texts: dict[str, str | None] = {}
    cut = []
    for name, limit in TEXT_LIMITS.items():
        text: str | None = getattr(report, name)
        texts[name] = None if text is None else _clip(text, limit)
        if texts[name] != text:
            cut.append(WIRE_NAMES.get(name, name))
    return texts, cut


def _newest(entries: tuple[VisibleEntry, ...], room: int) -> tuple[list[dict[str, object]], list[str]]:
    """Return the newest entries that fit into `room` bytes, oldest first, and ["entries.text"] if one was shortened."""
    kept: list[dict[str, object]] = []
    cut: list[str] = []
    for entry in reversed(entries):
        text = _clip(entry.text, ENTRY_LIMIT)
        item: dict[str, object] = {"at": _utc(entry.at), "author": entry.author, "text": text}
        room -= len(_canonical(item)) + 1
        if room < 0:
            break
        kept.append(item)
        if text != entry.text:
            cut = ["entries.text"]
    return kept[::-1], cut


def _clip(text: str, limit: int) -> str:
    """Return the longest handy beginning of a text whose JSON has at most `limit` bytes."""
    size: Callable[[str], int] = lambda part: len(_canonical(part))  # noqa: E731
    while (bytes_now := size(text)) > limit:
        text = text[: min(len(text) - 1, len(text) * limit // bytes_now)]
    return text


def _canonical(value: object) -> bytes:
    """Return the one spelling of a value: keys sorted, no spaces, no escapes that UTF-8 does not need."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "replace")


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
