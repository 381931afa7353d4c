"""A dispatch as an EIDO: NENA's names and obligatory fields, references that lead somewhere, words that stay words."""

import json
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing import eido
from routing.clipping import REPLACED
from routing.kinds import KINDS
from routing.markup import html_text
from routing.visible import EnvelopeType, Flags, VisibleEntry, VisibleReport
from tests.routing.eido_schema import OURS, PARTS, differences
from tests.routing.eido_schema import TYPES as SCHEMAS
from tests.routing.every_dispatch import OWN_KIND, every_body
from tests.routing.visible import (
    ACCEPT_BY,
    AT,
    DISPATCH,
    EMPTY,
    FLAGS,
    HOSTILE,
    LATER,
    LONG,
    REPORT,
    REPORTS,
    TYPES,
    URL,
    parsed,
    shown,
)

Json = dict[str, Any]
PIDF = "{urn:ietf:params:xml:ns:pidf}"
COMMENT = "{urn:ietf:params:xml:ns:EmergencyCallData:Comment}"


def references(value: object) -> Iterator[str]:
    """Yield what is referred to anywhere in a value."""
    if isinstance(value, dict):
        if value.keys() == {"$ref"}:
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def valid(found: Json) -> None:
    """Check an EIDO against NENA's schema, and that every reference leads somewhere."""
    OURS.validate(found)
    components = [part for name in PARTS for part in listed(found, name)]
    components += listed(found["incidentComponent"], "dispositionComponent")
    ids = [part["$id"] for part in components]
    assert len(ids) == len(set(ids))
    assert set(references(found)) <= set(ids)


def listed(found: Json, name: str) -> list[Json]:
    """Return a component as a list; it is never an empty one."""
    if name not in found:
        return []
    parts = found[name] if isinstance(found[name], list) else [found[name]]
    assert parts
    return parts


def sent(report: VisibleReport = REPORT, type: EnvelopeType = "dispatch.created", sequence: int = 1) -> Json:
    """Return the EIDO of a report, read back and checked."""
    found: Json = json.loads(eido.body(type, AT, DISPATCH, URL, ACCEPT_BY, sequence, report))
    valid(found)
    return found


def extra(found: Json) -> Json:
    """Return the additional data: what the standard has no field for."""
    (data,) = found["additionalDataComponent"]
    root = parsed(data["additionalDataByValue"])
    assert root.tag == f"{COMMENT}EmergencyCallData.Comment"
    assert [child.tag for child in root] == [f"{COMMENT}DataProviderReference", f"{COMMENT}Comment"]
    value: Json = json.loads(root[1].text or "")
    return value


def notes(found: Json) -> dict[str, str]:
    """Return the notes' texts by the last part of their ids, in the order in which the incident refers to them."""
    texts = {part["$id"]: part["notesActionComments"] for part in found["notesComponent"]}
    order = [one["$ref"] for one in found["incidentComponent"]["notesReference"]]
    assert set(order) == set(texts)
    return {id.partition(":note:")[2]: texts[id] for id in order}


def place(found: Json, name: str) -> Json | None:
    """Return the geodetic or the civic location."""
    return next((part for part in found.get("locationComponent", []) if part["$id"].endswith(name)), None)


def test_the_incident() -> None:
    found = sent()
    incident = "urn:emergency:uid:incidentid:112202603140001:112.example"
    assert found["$id"] == incident
    assert found["eidoVersion"] == "1.0"
    assert found["issuingElementIdentification"] == "112.example"
    assert found["lastUpdateTimeStamp"] == "2026-03-14T01:59:26.535897Z"
    assert found["incidentComponent"] == {
        "$id": f"{incident}:incident",
        "lastUpdateTimeStamp": "2026-03-14T01:59:26.535897Z",
        "updatedByAgencyReference": {"$ref": "112.example"},
        "incidentTypeCommonRegistryText": "FUNK",
        "incidentTypeInternalCode": "kebakaran",
        "incidentTypeInternalText": "Kebakaran",
        "incidentStatusInternalText": ["dispatched"],
        "incidentPriorityInternalText": "P1",
        "incidentCommonPriorityNumber": 10,
        "internalIncidentId": "112-20260314-0001",
        "locationReference": [{"$ref": f"{incident}:location:geodetic"}, {"$ref": f"{incident}:location:civic"}],
        "personReference": [{"$ref": f"{incident}:person:caller"}],
        "notesReference": [
            {"$ref": f"{incident}:note:{name}"} for name in ("dispatch", "narrative", "20260314T015926535897Z")
        ],
    }


def test_the_call_and_the_caller() -> None:
    found = sent()
    (call,), (person,), (callback,) = found["callComponent"], found["personComponent"], found["callbackComponent"]
    assert call["$id"] == "urn:emergency:uid:callid:112202603140001:112.example"
    assert call["callStartTimestamp"] == "2026-03-14T01:57:26.535897Z"
    assert call["personReference"] == [{"$ref": person["$id"]}]
    assert call["callBackReference"] == person["callBackReference"] == {"$ref": callback["$id"]}
    assert callback["callBackInformationUri"] == ["tel:+6281234567890"]
    assert person["ncPersonComponent"] == {"name": [{"personFullName": [{"value": "Ibu Sri"}]}]}
    assert person["callIdentifier"] == [call["$id"]]
    assert call["additionalDataReference"] == [{"$ref": found["additionalDataComponent"][0]["$id"]}]


def test_a_report_that_was_no_call_has_none() -> None:
    found = sent(replace(REPORT, source="silapor"))
    assert "callComponent" not in found
    (person,) = found["personComponent"]
    assert person["additionalDataReference"] == [{"$ref": found["additionalDataComponent"][0]["$id"]}]


def test_what_the_standard_has_no_field_for_is_additional_data() -> None:
    found = sent(sequence=4, type="report.updated")
    assert found["additionalDataComponent"][0]["urlPurpose"] == "EmergencyCallData.Comment"
    assert extra(found) == {
        "type": "report.updated",
        "dispatch": {
            "id": DISPATCH,
            "answer_url": URL,
            "page_url": None,
            "accept_by": "2026-03-14T02:00:26.535897Z",
            "sequence": 4,
            "asks": None,
        },
        "report": {
            "number": "112-20260314-0001",
            "version": 3,
            "class": "normal",
            "source": "call",
            "exercise": False,
            "flags": FLAGS,
            "opened_at": "2026-03-14T01:57:26.535897Z",
            "number_raw": "081234567890",
            "number_typed": None,
            "withheld_by_centre": False,
            "omitted": None,
        },
    }


def test_people_find_the_answer_url_in_the_dispatchs_note() -> None:
    found = sent()
    (dispatch,) = found["dispatchComponent"]
    assert dispatch["notesReference"][0]["$ref"].endswith(":note:dispatch")
    assert notes(found) == {
        "dispatch": "Penugasan baru dari pusat 112 112-20260314-0001.<br>Jawab sebelum 2026-03-14T02:00:26.535897Z."
        f"<br>Jawaban dengan POST ke {URL}",
        "narrative": "Dapur terbakar, ada orang di dalam.",
        "20260314T015926535897Z": "<b>rina</b>: asap tebal",
    }


def test_where_it_is() -> None:
    found = sent()
    geodetic, civic = place(found, "geodetic"), place(found, "civic")
    assert geodetic is not None
    assert civic is not None
    root = parsed(geodetic["locationByValue"])
    assert root.tag == f"{PIDF}presence"
    assert root.findtext(".//{http://www.opengis.net/gml}pos") == "-7 113.86"
    address = {e.tag.rpartition("}")[2]: e.text for e in parsed(civic["locationByValue"]).iter()}
    assert (address["country"], address["LOC"]) == ("ID", "Jl. Trunojoyo 4, Sumenep")
    assert civic["locationDescriptionText"] == "Jl. Trunojoyo 4, Sumenep"


@pytest.mark.parametrize("type", TYPES)
def test_what_has_ended_has_a_disposition(type: EnvelopeType) -> None:
    ends = {"dispatch.cancelled": "Penugasan dibatalkan", "report.closed": "Laporan ditutup"}
    parts = sent(type=type)["incidentComponent"].get("dispositionComponent", [])
    assert [part["dispositionDescriptionText"] for part in parts] == ([ends[type]] if type in ends else [])


def test_how_a_report_ended_is_the_centres_word() -> None:
    [ending] = sent(replace(REPORT, disposition="not_ours"), "report.closed")["incidentComponent"][
        "dispositionComponent"
    ]
    assert ending["dispositionCategoryText"] == "not_ours"
    assert "disposition" not in sent(replace(REPORT, disposition="not_ours"))["incidentComponent"]


@pytest.mark.parametrize(("word", "about"), [("LATIHAN", {"exercise": True}), ("UJI COBA", {"classification": "test"})])
def test_an_exercise_or_a_test_says_so_three_times(word: str, about: dict[str, Any]) -> None:
    found = sent(replace(REPORT, **about))
    assert found["incidentComponent"]["incidentTypeInternalText"] == f"{word}: Kebakaran"
    assert notes(found)["dispatch"].startswith(f"{word}: bukan kejadian nyata.<br>")
    said = extra(found)["report"]
    assert (said["exercise"], said["class"]) == ("exercise" in about, about.get("classification", "normal"))


def test_every_dispatch_is_what_nenas_schema_describes() -> None:
    types = set()
    for type, report, raw in every_body("eido"):
        found = json.loads(raw)
        valid(found)
        assert 0 <= found["incidentComponent"].get("incidentCommonPriorityNumber", 0) <= 10
        types.add((report.kind, found["incidentComponent"]["incidentTypeCommonRegistryText"]))
        assert ("dispositionComponent" in found["incidentComponent"]) == (type in eido.ENDS)
    assert types == {  # codes of APCO 2.103.2-2019 (and of 2.103.1-2012), in which there is no OTHER
        ("kebakaran", "FUNK"), ("ambulans", "SICK"), ("laka", "MVAUNK"), ("laka", "MVAINJY"), ("laka", "MVA"),
        ("odgj", "EDP"), ("hewan", "ANIMAL"), ("pohon", "PUBWKS"), ("pju", "PUBWKS"), ("banjir", "WATER"),
        ("laut", "WATER"), ("kriminal", "SUSP"), ("sosial", "CITASST"), ("lain", "TROUBLE"), (OWN_KIND, "TROUBLE"),
        (None, "TROUBLE"),
    }  # fmt: skip
    assert {kind for kind, _ in types} == {*KINDS, OWN_KIND, None}


@pytest.mark.parametrize(("hurt", "code"), [(True, "MVAINJY"), (False, "MVA"), (None, "MVAUNK")])
def test_whether_anybody_is_hurt_is_in_an_accidents_code(hurt: bool | None, code: str) -> None:
    found = sent(replace(REPORT, kind="laka", flags=Flags(hurt=hurt)))
    assert found["incidentComponent"]["incidentTypeCommonRegistryText"] == code


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("incidentComponent", "incidentTypeCommonRegistryText"), ["FUNK"]),
        (("incidentComponent", "incidentStatusInternalText"), "dispatched"),
        (("incidentComponent", "incidentCommonPriorityNumber"), "10"),
        (("incidentComponent", "incidentTypeInternalTxt"), "Kebakaran"),
        (("callComponent", 0, "direction"), "inbound"),
        (("callComponent", 0, "callStartTimestamp"), "14 March"),
        (("personComponent", 0, "ncPersonComponent"), {"name": [{"personFullName": "Ibu Sri"}]}),
        (("agencyComponent", 0, "updatedByAgencyReference"), "112.example"),
        (("eidoVersion",), "1.1"),
    ],
)
def test_what_the_schema_refuses_is_seen(path: tuple[str | int, ...], value: object) -> None:
    found = part = sent()
    for step in path[:-1]:
        part = part[step]  # type: ignore[index]
    part[path[-1]] = value  # type: ignore[index]
    assert not OURS.is_valid(found)


def test_a_schema_that_changed_is_seen() -> None:
    def theirs() -> Json:
        return {
            name: {
                "description": "prose",
                "properties": {field.rstrip("!"): {**shape, "description": "prose"} for field, shape in fields.items()},
                "required": [field[:-1] for field in fields if field.endswith("!")],
            }
            for name, fields in SCHEMAS.items()
        }

    assert differences(theirs()) == []
    other = theirs()
    other["NotesType"]["required"].append("agentReference")
    other["CallbackType"]["properties"]["callBackInformationUri"] = {"type": "string"}
    assert [line.partition(":")[0] for line in differences(other)] == [
        "CallbackType.callBackInformationUri",
        "NotesType",
    ]


def test_nothing_known_is_an_eido_too() -> None:
    found = sent(EMPTY)
    assert not {"locationComponent", "callComponent", "callbackComponent"} & found.keys()
    assert found["incidentComponent"]["incidentTypeInternalText"] == "Belum diketahui"
    assert list(notes(found)) == ["dispatch"]


def test_a_component_keeps_its_id_when_others_go() -> None:
    first, second, third = (VisibleEntry(at, "rina", text) for at, text in ((AT, "a"), (LATER, "b"), (LATER, "c")))
    assert list(notes(sent(replace(REPORT, entries=(first, second, third)))))[2:] == [
        "20260314T015926535897Z", "20260314T020426535897Z", "20260314T020426535897Z.2",
    ]  # fmt: skip
    assert list(notes(sent(replace(REPORT, entries=(second,)))))[2:] == ["20260314T020426535897Z"]


def test_what_was_left_out_is_said() -> None:
    found = sent(LONG)
    omitted = extra(found)["report"]["omitted"]
    assert omitted["entries"] == 9 - (len(notes(found)) - 2)
    assert omitted["cut"] == ["narrative", "location.text", "caller.name", "caller.number_raw", "entries.text"]


@pytest.mark.parametrize("words", HOSTILE)
def test_nobodys_words_become_markup(words: str) -> None:
    hostile = replace(
        REPORT, caller_name=words, caller_number_raw=words, location_text=words, narrative=words,
        entries=(VisibleEntry(AT, words[:128], words),),
    )  # fmt: skip
    found = sent(hostile)
    assert extra(found)["dispatch"]["answer_url"] == URL
    for text in notes(found).values():
        assert "<" not in text.replace("<br>", "").replace("<b>", "").replace("</b>", "")
    civic = place(found, "civic")
    assert civic is not None
    usual = place(sent(), "civic")
    assert usual is not None
    tags = [e.tag for e in parsed(usual["locationByValue"]).iter()]
    assert [e.tag for e in parsed(civic["locationByValue"]).iter()] == tags


def kept(text: str | None) -> str | None:
    """Return a text as JSON in UTF-8 keeps it: all but halves of surrogate pairs."""
    return None if text is None else text.encode("utf-8", "replace").decode()


@given(REPORTS, st.sampled_from(TYPES))
def test_any_report_reads_back(report: VisibleReport, type: EnvelopeType) -> None:
    found = sent(report, type)
    more = extra(found)
    omitted = more["report"]["omitted"] or {"entries": 0, "cut": []}
    cut = omitted["cut"]
    if "caller.number_raw" not in cut:
        raw = kept(report.caller_number_raw)  # in JSON in XML: JSON has a spelling for control characters
        expected = None if raw is None else raw.replace("\ufffe", REPLACED).replace("\uffff", REPLACED)
        assert more["report"]["number_raw"] == expected
    if "caller.name" not in cut and report.caller_name is not None:
        [name] = found["personComponent"][0]["ncPersonComponent"]["name"]
        assert name == {"personFullName": [{"value": kept(report.caller_name)}]}
    if "location.text" not in cut and report.location_text:
        civic = place(found, "civic")
        assert civic is not None
        assert civic["locationDescriptionText"] == kept(report.location_text)
        locs = [e.text for e in parsed(civic["locationByValue"]).iter() if e.tag.endswith("}LOC")]
        assert locs == [shown(report.location_text)]
    told = notes(found)
    if "narrative" not in cut and report.narrative:
        assert unescape(told["narrative"]) == unescape(html_text(report.narrative))
    if "entries.text" not in cut:
        entries = report.entries[omitted["entries"] :]
        lines = [f"<b>{html_text(entry.author)}</b>: {html_text(entry.text)}" for entry in entries]
        assert [text for name, text in told.items() if name[0].isdigit()] == lines
