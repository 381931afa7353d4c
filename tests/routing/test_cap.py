"""A dispatch as a CAP alert: valid by the schema's order and values, and nobody's words become elements.

The numbers of sections are those of the OASIS Standard CAP 1.2 of 1 July 2010; docs/forms.md says what was compared.
"""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing import cap, prose
from routing.kinds import KINDS
from routing.visible import EnvelopeType, VisibleEntry, VisibleReport
from tests.routing.every_dispatch import every_body
from tests.routing.visible import (
    ACCEPT_BY,
    AT,
    DISPATCH,
    EMPTY,
    HOSTILE,
    LATER,
    LONG,
    REPORT,
    REPORTS,
    TYPES,
    URL,
    parsed,
    shown,
)  # fmt: skip

ANY, ONE, SOME, OPTIONAL = (0, 999), (1, 1), (1, 999), (0, 1)
ALERT = {
    "identifier": ONE, "sender": ONE, "sent": ONE, "status": ONE, "msgType": ONE, "source": OPTIONAL, "scope": ONE,
    "restriction": OPTIONAL, "addresses": OPTIONAL, "code": ANY, "note": OPTIONAL, "references": OPTIONAL,
    "incidents": OPTIONAL, "info": ANY,
}  # fmt: skip
INFO = {
    "language": OPTIONAL, "category": SOME, "event": ONE, "responseType": ANY, "urgency": ONE, "severity": ONE,
    "certainty": ONE, "audience": OPTIONAL, "eventCode": ANY, "effective": OPTIONAL, "onset": OPTIONAL,
    "expires": OPTIONAL, "senderName": OPTIONAL, "headline": OPTIONAL, "description": OPTIONAL,
    "instruction": OPTIONAL, "web": OPTIONAL, "contact": OPTIONAL, "parameter": ANY, "resource": ANY, "area": ANY,
}  # fmt: skip
AREA = {"areaDesc": ONE, "polygon": ANY, "circle": ANY, "geocode": ANY, "altitude": OPTIONAL, "ceiling": OPTIONAL}
PAIR = {"valueName": ONE, "value": ONE}
CONTENTS = {"alert": ALERT, "info": INFO, "area": AREA, "parameter": PAIR, "eventCode": PAIR}
VALUES = {
    "status": {"Actual", "Exercise", "System", "Test", "Draft"},
    "msgType": {"Alert", "Update", "Cancel", "Ack", "Error"},
    "scope": {"Public", "Restricted", "Private"},
    "category": {"Geo", "Met", "Safety", "Security", "Rescue", "Fire", "Health", "Env", "Transport", "Infra", "CBRNE",
                 "Other"},
    "responseType": {"Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None"},
    "urgency": {"Immediate", "Expected", "Future", "Past", "Unknown"},
    "severity": {"Extreme", "Severe", "Moderate", "Minor", "Unknown"},
    "certainty": {"Observed", "Likely", "Possible", "Unlikely", "Unknown"},
}  # fmt: skip
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d-00:00"  # 3.3.2: whole seconds, no `Z`, and UTC is `-00:00` (not `+00:00`)
NAME = r"[^\s,<&]+"  # 3.2.1, identifier and sender: no spaces, commas, `<` and `&`
PAIR_OF_DEGREES = r"-?\d+(\.\d+)?,-?\d+(\.\d+)?"  # 3.3.1: WGS 84, latitude first, decimal degrees
PATTERNS = {
    "sent": TIME,
    "identifier": NAME,
    "sender": NAME,
    "incidents": NAME,  # 3.2.1: separated by whitespace, so one has none
    "addresses": NAME,
    "references": rf"{NAME},{NAME},{TIME}( {NAME},{NAME},{TIME})*",  # 3.2.1: sender,identifier,sent
    "language": "id-ID",  # 3.2.2: RFC 3066
    "web": r"https?://\S+",  # 3.2.2: a full, absolute URI
    "circle": rf"{PAIR_OF_DEGREES} \d+(\.\d+)?",  # 3.2.4: a pair, a space, a radius in kilometres
    "polygon": rf"({PAIR_OF_DEGREES} ){{3,}}{PAIR_OF_DEGREES}",  # 3.2.4: at least four; the last is the first
}


def valid(element: ET.Element) -> None:
    """Check an element against the schema of CAP 1.2: names, order, number, values."""
    space, _, name = element.tag.rpartition("}")
    assert space == "{" + cap.NAMESPACE
    assert not element.attrib
    if name not in CONTENTS:
        assert not len(element), f"{name} holds elements"
        assert (element.text or "") in VALUES.get(name, {element.text or ""})
        assert re.fullmatch(PATTERNS.get(name, r"(?s).*"), element.text or ""), name
        return
    names = [child.tag.rpartition("}")[2] for child in element]
    order = list(CONTENTS[name])
    assert names == sorted(names, key=order.index)
    for child, (least, most) in CONTENTS[name].items():
        assert least <= names.count(child) <= most, child
    for part in element:
        valid(part)
    if name == "alert":
        coherent(element)


def coherent(alert: ET.Element) -> None:
    """Check what the standard says of elements that depend on one another (3.2.1, 3.2.4)."""
    has = {child.tag.rpartition("}")[2] for child in alert}
    assert ("restriction" in has) == (text(alert, "scope") == "Restricted")
    assert ("addresses" in has) == (text(alert, "scope") == "Private")
    assert "references" not in has or text(alert, "msgType") in ("Update", "Cancel")
    if text(alert, "status") == "Exercise":  # "exercise identifier SHOULD appear in <note>"
        assert (text(alert, "incidents") or "-") in (text(alert, "note") or "")
    for circle in alert.iter(f"{{{cap.NAMESPACE}}}circle"):
        latitude, longitude = (circle.text or "").partition(" ")[0].split(",")
        assert abs(float(latitude)) <= 90
        assert abs(float(longitude)) <= 180
    for polygon in alert.iter(f"{{{cap.NAMESPACE}}}polygon"):
        first, *_, last = (polygon.text or "").split(" ")
        assert first == last


def alert(
    report: VisibleReport = REPORT, type: EnvelopeType = "dispatch.created", sequence: int = 1, **more: Any
) -> ET.Element:
    """Return the alert of a report, read back and checked."""
    at = AT if sequence == 1 else LATER
    root = parsed(cap.body(type, at, DISPATCH, URL, ACCEPT_BY, sequence, report, **more))
    valid(root)
    return root


def text(root: ET.Element, path: str) -> str | None:
    """Return the text of one element, found by its names."""
    return root.findtext("/".join(f"{{{cap.NAMESPACE}}}{name}" for name in path.split("/")))


def parameters(root: ET.Element) -> dict[str, str]:
    """Return the parameters by name; no name comes twice."""
    pairs = [("".join(e[0].itertext()), "".join(e[1].itertext())) for e in root.iter(f"{{{cap.NAMESPACE}}}parameter")]
    assert len(pairs) == len(dict(pairs))
    return dict(pairs)


def test_the_whole_alert() -> None:
    raw = cap.body("dispatch.created", AT, "d", "https://112.example/a", ACCEPT_BY, 1, REPORT, agency="damkar").decode()
    assert re.sub(r"(</?info>|<area>|<parameter>)", r"\n\1", raw) == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2">'
        "<identifier>d.1</identifier><sender>112.example</sender><sent>2026-03-14T01:59:26-00:00</sent>"
        "<status>Actual</status><msgType>Alert</msgType><source>call</source><scope>Private</scope>"
        "<addresses>damkar</addresses><incidents>112-20260314-0001</incidents>"
        "\n<info><language>id-ID</language><category>Fire</category><event>Kebakaran</event>"
        "<urgency>Immediate</urgency><severity>Severe</severity><certainty>Likely</certainty>"
        "<eventCode><valueName>intake112.kind</valueName><value>kebakaran</value></eventCode>"
        "<senderName>Pusat panggilan darurat 112</senderName>"
        "<headline>P1 Kebakaran, Jl. Trunojoyo 4, Sumenep</headline>"
        "<description>Dapur terbakar, ada orang di dalam.\n\n[2026-03-14T01:59:26Z rina] asap tebal</description>"
        "<instruction>Jawab sebelum 2026-03-14T02:00:26.535897Z dengan POST ke https://112.example/a</instruction>"
        "<contact>Ibu Sri +6281234567890</contact>"
        "\n<parameter><valueName>type</valueName><value>dispatch.created</value></parameter>"
        "\n<parameter><valueName>dispatch.id</valueName><value>d</value></parameter>"
        "\n<parameter><valueName>dispatch.answer_url</valueName><value>https://112.example/a</value></parameter>"
        "\n<parameter><valueName>dispatch.accept_by</valueName><value>2026-03-14T02:00:26.535897Z</value></parameter>"
        "\n<parameter><valueName>dispatch.sequence</valueName><value>1</value></parameter>"
        "\n<parameter><valueName>report.number</valueName><value>112-20260314-0001</value></parameter>"
        "\n<parameter><valueName>report.version</valueName><value>3</value></parameter>"
        "\n<parameter><valueName>report.status</valueName><value>dispatched</value></parameter>"
        "\n<parameter><valueName>report.class</valueName><value>normal</value></parameter>"
        "\n<parameter><valueName>report.priority</valueName><value>P1</value></parameter>"
        "\n<parameter><valueName>report.flags</valueName><value>trapped</value></parameter>"
        "\n<parameter><valueName>report.opened_at</valueName><value>2026-03-14T01:57:26.535897Z</value></parameter>"
        "\n<parameter><valueName>report.caller.name</valueName><value>Ibu Sri</value></parameter>"
        "\n<parameter><valueName>report.caller.number</valueName><value>+6281234567890</value></parameter>"
        "\n<parameter><valueName>report.caller.number_raw</valueName><value>081234567890</value></parameter>"
        "\n<area><areaDesc>Jl. Trunojoyo 4, Sumenep</areaDesc><circle>-7,113.86 0.1</circle></area>"
        "\n</info></alert>\n"
    )


@pytest.mark.parametrize(
    ("type", "sequence", "message", "urgency", "response", "refers"),
    [
        pytest.param("dispatch.created", 1, "Alert", "Immediate", None, False, id="created"),
        pytest.param("report.updated", 2, "Update", "Immediate", None, True, id="updated"),
        pytest.param("report.updated", 1, "Alert", "Immediate", None, False, id="updated-before-anything"),
        pytest.param("dispatch.cancelled", 2, "Cancel", "Past", "None", True, id="cancelled"),
        pytest.param("report.closed", 3, "Update", "Past", "AllClear", True, id="closed"),
    ],
)
def test_what_a_message_is(
    type: EnvelopeType, sequence: int, message: str, urgency: str, response: str | None, refers: bool
) -> None:
    root = alert(type=type, sequence=sequence)
    assert text(root, "msgType") == message
    assert text(root, "info/urgency") == urgency
    assert text(root, "info/responseType") == response
    first = f"112.example,{DISPATCH}.1,2026-03-14T01:59:26-00:00"
    assert text(root, "references") == (first if refers else None)


def test_the_first_message_is_referred_to_as_it_was_sent() -> None:
    first = alert()
    named = f"{text(first, 'sender')},{text(first, 'identifier')},{text(first, 'sent')}"
    assert text(alert(type="report.updated", sequence=2), "references") == named


def test_the_newest_earlier_messages_are_referred_to() -> None:
    earlier = [(n, AT + timedelta(minutes=n)) for n in range(1, 9)]
    refers = text(alert(type="report.updated", sequence=8, earlier=earlier), "references")
    assert refers is not None
    assert [one.split(",")[1] for one in refers.split(" ")] == [f"{DISPATCH}.{n}" for n in range(3, 8)]


def test_without_a_known_time_nothing_is_referred_to() -> None:
    raw = cap.body("report.updated", AT, "ffffffff-ffff-7fff-bfff-ffffffffffff", URL, ACCEPT_BY, 2, REPORT)
    assert text(parsed(raw), "references") is None
    assert text(parsed(cap.body("report.updated", AT, "d", URL, ACCEPT_BY, 2, REPORT)), "references") is None


@pytest.mark.parametrize("priority", ["P1", "P2", "P3", None])
def test_priority_is_urgency_and_severity(priority: str | None) -> None:
    root = alert(replace(REPORT, priority=priority))
    expected = cap.JUDGED.get(priority or "", ("Unknown",) * 3)
    assert tuple(text(root, f"info/{name}") for name in ("urgency", "severity", "certainty")) == expected


@pytest.mark.parametrize("kind", [*KINDS, None, "angin-puting"])
def test_every_kind_has_a_category(kind: str | None) -> None:
    root = alert(replace(REPORT, kind=kind))
    assert text(root, "info/category")
    assert text(root, "info/eventCode/value") == kind


def test_every_dispatch_is_an_alert_by_the_standard() -> None:
    seen = set()
    for _, report, raw in every_body("cap"):
        root = parsed(raw)
        valid(root)
        assert text(root, "info/eventCode/value") == report.kind
        assert parameters(root).get("report.disposition") == report.disposition
        seen |= {(name, text(root, name)) for name in ("status", "msgType", "scope")}
    assert seen == {
        ("status", "Actual"), ("status", "Exercise"), ("msgType", "Alert"), ("msgType", "Update"),
        ("msgType", "Cancel"), ("scope", "Private"), ("scope", "Restricted"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("-00:00</sent>", "Z</sent>"),
        ("-00:00</sent>", "+00:00</sent>"),
        (":26-00:00</sent>", ":26.5-00:00</sent>"),
        (" 0.1</circle>", ",0.1</circle>"),
        ("<circle>-7,113.86", "<circle>113.86,-7"),
        ("</circle>", "</circle><polygon>1,1 2,2 3,3 4,4</polygon>"),
        ("<addresses>damkar</addresses>", " "),
        ("<status>Actual</status>", "<status>Real</status>"),
        ("<event>", "<event/><event>"),
        ("<language>id-ID", "<language>in"),
        ("<scope>", "<note>x</note><scope>"),
    ],
)
def test_what_the_standard_refuses_is_seen(right: str, wrong: str) -> None:
    raw = cap.body("dispatch.created", AT, DISPATCH, URL, ACCEPT_BY, 1, REPORT, agency="damkar").decode()
    valid(parsed(raw))
    assert right in raw
    with pytest.raises(AssertionError):
        valid(parsed(raw.replace(right, wrong, 1)))


def test_an_exercise_says_so_three_times() -> None:
    root = alert(replace(REPORT, exercise=True))
    assert text(root, "status") == "Exercise"
    assert text(root, "note") == "LATIHAN 112-20260314-0001: bukan kejadian nyata."
    assert (text(root, "info/headline") or "").startswith("LATIHAN: ")


def test_a_test_says_so_in_words_and_ends_what_it_began() -> None:
    root = alert(replace(REPORT, classification="test"), "report.closed", 2)
    assert text(root, "status") == "Actual", "an alert that was Actual is ended by one that is"
    assert text(root, "note") == "UJI COBA 112-20260314-0001: bukan kejadian nyata."
    assert (text(root, "info/headline") or "").startswith("UJI COBA: ")


def test_without_a_known_agency_the_alert_is_restricted() -> None:
    root = alert()
    assert (text(root, "scope"), text(root, "addresses")) == ("Restricted", None)
    assert text(root, "restriction")
    root = alert(agency="damkar kota, <x>")
    assert (text(root, "scope"), text(root, "addresses"), text(root, "restriction")) == (
        "Private", "damkar-kota---x-", None,
    )  # fmt: skip


def test_nothing_known_is_a_valid_alert_too() -> None:
    root = alert(EMPTY)
    assert text(root, "info/area/areaDesc") == "Lokasi belum diketahui"
    assert text(root, "info/area/circle") is None
    assert text(root, "info/description") is None
    assert text(root, "info/contact") is None


def test_what_was_left_out_is_said() -> None:
    said = parameters(alert(LONG))
    assert int(said["report.omitted.entries"]) > 0
    assert set(said["report.omitted.cut"].split()) == {
        "narrative", "location.text", "caller.name", "caller.number_raw", "entries.text",
    }  # fmt: skip
    assert not any(name.startswith("report.omitted") for name in parameters(alert()))


@pytest.mark.parametrize("words", HOSTILE)
def test_nobodys_words_become_elements(words: str) -> None:
    hostile = replace(
        REPORT, caller_name=words, caller_number_raw=words, location_text=words, narrative=words, kind=words[:32],
        entries=(VisibleEntry(AT, words[:128], words),),
    )  # fmt: skip
    root, usual = alert(hostile), alert()
    assert [e.tag for e in root.iter()] == [e.tag for e in usual.iter()]
    assert parameters(root)["report.caller.name"] == shown(words)
    assert text(root, "status") == "Actual"
    assert parameters(root)["dispatch.answer_url"] == URL


def test_no_narrative_passes_for_an_entry() -> None:
    told = text(alert(replace(REPORT, narrative="[2026-03-14T01:59:26Z rina] padam\n[x] y\r\n[z]")), "info/description")
    assert told is not None
    assert [line for line in told.splitlines() if line.startswith("[")] == [prose.line(REPORT.entries[0])]


@given(REPORTS, st.sampled_from(TYPES), st.integers(1, 9))
def test_any_report_is_valid_and_reads_back(report: VisibleReport, type: EnvelopeType, sequence: int) -> None:
    root = alert(report, type, sequence)
    said = parameters(root)
    cut = said.get("report.omitted.cut", "").split()
    assert said["dispatch.answer_url"] == URL
    assert said["dispatch.sequence"] == str(sequence)
    assert said["report.number"] == report.number
    assert text(root, "status") == ("Exercise" if report.exercise else "Actual")
    for name, value, wire in (
        ("report.caller.name", report.caller_name, "caller.name"),
        ("report.caller.number_raw", report.caller_number_raw, "caller.number_raw"),
    ):
        if wire not in cut:
            assert said.get(name) == (None if value is None else shown(value))
    if report.location_text and "location.text" not in cut:
        assert text(root, "info/area/areaDesc") == shown(report.location_text)
    circle = text(root, "info/area/circle")
    assert (circle is None) == (report.location_lat is None or report.location_lon is None)
    if circle and report.location_lat is not None and report.location_lon is not None:
        lat, lon = circle.split(" ")[0].split(",")
        assert abs(float(lat) - report.location_lat) < 1e-7
        assert abs(float(lon) - report.location_lon) < 1e-7
    if not cut and "report.omitted.entries" not in said:
        assert (text(root, "info/description") or "") == shown(prose.told(report.narrative, list(report.entries)))
