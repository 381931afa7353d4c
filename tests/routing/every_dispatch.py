"""Dispatches as they leave the house: every kind, type, way to know a place, state, priority, source and class."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, product
from typing import Any, get_args

from intake.report import Classification
from intake.steps import Status
from routing.formats import Format, body_in
from routing.kinds import KINDS
from routing.visible import EnvelopeType, Flags, VisibleReport
from tests.routing.visible import ACCEPT_BY, AT, DISPATCH, REPORT, TYPES, URL

PAGE = f"https://112.example/a/{'x' * 43}"
OWN_KIND = "angin-puting"  # one that a centre added
PLACES: tuple[dict[str, Any], ...] = (
    {},
    {"location_text": None},
    {"location_lat": None, "location_lon": None},
    {"location_text": None, "location_lat": None, "location_lon": None},
    {"location_lat": None, "location_place": "99.01.02.2001", "location_place_name": "Desa Mandalan"},
    {"location_lat": -0.0000001, "location_lon": -180.0},
    {"location_lat": 90.0, "location_lon": 1e-9},
)


def every_report() -> Iterator[VisibleReport]:
    """Yield a report of each kind in each place; all else takes turns."""
    states, priorities = cycle(get_args(Status)), cycle(("P1", "P2", "P3", None))
    classes, sources = cycle((*get_args(Classification), *["normal"] * 6)), cycle(("call", "walk-in", "silapor"))
    flags = cycle((Flags(), Flags(hurt=True), Flags(hurt=False, weapon=True), Flags(trapped=True)))
    callers = cycle(("told", "withheld", "number only", "name only", "nobody"))
    for kind, place in product((*KINDS, OWN_KIND, None), PLACES):
        caller = next(callers)
        number, name = caller in ("told", "withheld", "number only"), caller in ("told", "withheld", "name only")
        report = replace(
            REPORT,
            kind=kind,
            kind_name=None if kind is None else f"Nama {kind}",
            status=next(states),
            priority=next(priorities),
            classification=next(classes),
            source=next(sources),
            flags=next(flags),
            exercise=caller == "name only",
            disposition="not_ours" if caller == "nobody" else None,
            caller_number=REPORT.caller_number if number else None,
            caller_number_raw=REPORT.caller_number_raw if number else None,
            caller_name=REPORT.caller_name if name else None,
            **place,
        )
        yield report.shown_to(False) if caller == "withheld" else report


def every_body(format: Format) -> Iterator[tuple[EnvelopeType, VisibleReport, bytes]]:
    """Yield the body of each of these reports in each type of envelope."""
    for report, (sequence, type) in product(every_report(), enumerate(TYPES, 1)):
        made = body_in(
            format,
            type,
            AT,
            DISPATCH,
            URL,
            ACCEPT_BY,
            sequence,
            report,
            agency="damkar" if report.source == "call" else None,
            jurisdiction_id="sumenepkab.go.id",
            earlier=[(n, AT) for n in range(1, sequence)],
            page_url=PAGE,
            asks="status" if type == "report.updated" else None,
            reason="Salah alamat" if type == "dispatch.cancelled" else None,
        )
        yield type, report, made.content
