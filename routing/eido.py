"""A dispatch as an Emergency Incident Data Object: the JSON of NENA-STA-021.1 (version 1.0), conveyed after STA-024.

For agencies with a dispatch system made for next generation 112/911. Names and obligatory fields are those of NENA's
schema (openapi.yaml, version 1.0.0, of the repository that STA-021 points to). `$id`s are ours: the incident's and the
call's in the form of STA-010 (`urn:emergency:uid:incidentid:...`), the rest below the incident's; the centre's is the
host name its agencies answer to. The same component keeps its `$id` from one message to the next.

What the standard has no field for is carried where it lets additional data in: one `additionalDataComponent`, by value,
of the registered kind EmergencyCallData.Comment (RFC 7852, section 4.5), referenced by the call, or by the caller when
the report was no call. Its comment is JSON: `type` and `dispatch` as in the native envelope (`answer_url`, `accept_by`,
`sequence`, `id`; a cancellation's reason is a note) and the rest of `report` (`version`, `class`, `source`, `exercise`,
`opened_at`, `number_raw`, `withheld_by_centre`, `omitted`). People find the answer URL in the note of the
`dispatchComponent`, too. Schema and standard allow further properties and registered `eidoExtensionId`s; we use
neither, since nobody registered ours.

- Notes are HTML5: texts are escaped, line ends `<br>`, an entry begins with its author in bold. Nothing is an agent
  (`agentComponent`), since an entry's author may be a person, a machine or an agency.
- Texts of a place are a civic location (`LOC`, RFC 4776) and `locationDescriptionText`; coordinates a geodetic one.
- Registries: the incident type is a code of APCO's list (`routing.kinds`; of an accident whether anybody is hurt is in
  the code). Of the others no list is public. We write what NENA's own sample and the code made from STA-021.1a show:
  `psap`, `CallReceiving`, `Caller`, `emergency`, `callBegin` (all that a report proves of its call), `CurrentIncident`.
  Not confirmed: the disposition `OTHER` (APCO 1.111.2). Our own words are beside them: `incidentTypeInternalCode`,
  `incidentStatusInternalText`, `dispositionCategoryText` and `dispositionDescriptionText`.
- A NIEM person is as in NENA's nc.yaml: each property a list, each text an object with `value`.
- `application/json` is what NENA's schema declares; whether STA-024 wants a type of its own was not to be seen.
- Priority is 0 to 10, 10 the highest: P1 10, P2 6, P3 2.
- An exercise or a test has no field: `incidentTypeInternalText`, the first note and the additional data say it.

What all of this was compared with, and how to do it again: docs/forms.md.
"""

import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from routing import prose
from routing.clipping import ENTRIES_CUT, LIMIT, centre, clipped, degrees, in_words, newest, position, utc
from routing.envelope import canonical
from routing.kinds import named
from routing.markup import element, html_text, xml_text
from routing.visible import Asks, EnvelopeType, VisibleEntry, VisibleReport

CONTENT_TYPE = "application/json"
CONTEXT = {"@vocab": "./JSON-LD_Contexts/EmergencyIncidentDataObjectType.jsonld"}
PRIORITIES = {"P1": 10, "P2": 6, "P3": 2}
ACCIDENTS = {True: "MVAINJY", False: "MVA", None: "MVAUNK"}  # incident type of `laka`, by the flag `hurt`
BY_HAND = dict.fromkeys(("pin", "coordinates", "plus-code", "typed", "gazetteer"), "Manual")
METHODS: dict[str, str | None] = {"gnss": "GPS", "wifi": "802.11", "cell": "Cell", "browser": None, "unknown": None}
METHODS |= BY_HAND
"""IANA's method tokens for our words; the network's own word stays as it is."""
_SHAPES = 'xmlns:gml="http://www.opengis.net/gml" srsName="urn:ogc:def:crs:EPSG::4326"'
HEADINGS: dict[EnvelopeType, str] = {
    "dispatch.created": "Penugasan baru dari pusat 112",
    "report.updated": "Pembaruan laporan",
    "dispatch.cancelled": "Penugasan dibatalkan",
    "report.closed": "Laporan ditutup",
}
ENDS = ("dispatch.cancelled", "report.closed")
CALLER = "person:caller"
EXTRA = "additional-data"

Component = dict[str, object]


@dataclass(frozen=True, slots=True)
class _Writer:
    """Makes components: each has an `$id`, and says when and by which agency it was changed last."""

    our: str
    at: datetime
    incident_id: str

    def component(self, id: str, at: datetime, **fields: object) -> Component:
        """Return a component with those of the fields that are known."""
        known = {name: value for name, value in fields.items() if value is not None}
        return {"$id": id, "lastUpdateTimeStamp": utc(at), "updatedByAgencyReference": _ref(self.our)} | known

    def part(self, name: str, **fields: object) -> Component:
        """Return a component of this incident that is as new as the message."""
        return self.component(f"{self.incident_id}:{name}", self.at, **fields)

    def note(self, entry: VisibleEntry, name: str) -> Component:
        """Return an entry as a note."""
        text = f"<b>{html_text(entry.author)}</b>: {html_text(entry.text)}"
        return self.component(f"{self.incident_id}:note:{name}", entry.at, notesActionComments=text)


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
    page_url: str | None = None,
    asks: Asks | None = None,
) -> bytes:
    """Return the exact bytes to sign and send. `agency` is the code of the addressed agency, named in a note.

    Raises ValueError for coordinates that are no place on earth.
    """
    place = position(report)
    short = clipped(report, _size)
    our = centre(answer_url)
    write = _Writer(our, timestamp, f"urn:emergency:uid:incidentid:{_plain(report.number)}:{our}")
    text = _order(type, report, answer_url, accept_by, agency, page_url, asks)
    order = write.part("note:dispatch", notesActionComments=html_text(text))
    told = [order]
    if short.texts["narrative"]:
        told.append(write.part("note:narrative", notesActionComments=html_text(short.texts["narrative"])))
    words = in_words(report, short.texts["location_text"])
    places = [write.part(f"location:{name}", **fields) for name, fields in _places(words, place, report)]
    around = _caller(write, report, short.texts["caller_name"], places) | {
        "dispatchComponent": [write.part(f"dispatch:{dispatch_id}", notesReference=_refs([order]))],
        "agencyComponent": [_centre(write)],
        "locationComponent": places or None,
    }
    dispatch = {
        "id": dispatch_id,
        "answer_url": answer_url,
        "page_url": page_url,
        "accept_by": utc(accept_by),
        "sequence": sequence,
        "asks": asks,
    }
    names = _note_names(report.entries)

    def whole(entries: list[VisibleEntry], cut: list[str]) -> bytes:
        left_out = len(report.entries) - len(entries)
        rest = {
            "number": report.number,
            "version": report.version,
            "class": report.classification,
            "source": report.source,
            "exercise": report.exercise,
            "flags": asdict(report.flags),
            "opened_at": utc(report.opened_at),
            "number_raw": short.texts["caller_number_raw"],
            "number_typed": short.texts["caller_typed"],
            "withheld_by_centre": report.caller_withheld,
            "omitted": {"entries": left_out, "cut": cut} if left_out or cut else None,
        }
        notes = told + [write.note(*pair) for pair in zip(entries, names[left_out:], strict=True)]
        found = write.component(
            write.incident_id,
            timestamp,
            eidoVersion="1.0",
            issuingElementIdentification=our,
            incidentComponent=_incident(write, type, report, places, notes),
            notesComponent=notes,
            additionalDataComponent=[_extra(write, {"type": type, "dispatch": dispatch, "report": rest})],
            **around,
        )
        return canonical(found | {"@context": CONTEXT})

    longest = max(names, key=len, default="")

    def weigh(entry: VisibleEntry) -> int:
        note = write.note(entry, longest)
        return len(canonical(note)) + len(canonical(_ref(note["$id"]))) + 2

    room = LIMIT - len(whole([], [*short.cut, ENTRIES_CUT])) - 16
    entries, cut = newest(report.entries, room, _size, weigh)
    return whole(entries, short.cut + cut)


def _incident(
    write: _Writer, type: EnvelopeType, report: VisibleReport, places: list[Component], notes: list[Component]
) -> Component:
    kind = named(report.kind, report.kind_name)
    unreal = prose.unreal(report)
    ending = write.part(
        "disposition",
        dispositionCommonRegistryCode="OTHER",
        dispositionCategoryText=report.disposition,
        dispositionDescriptionText=HEADINGS[type],
    )
    return write.part(
        "incident",
        incidentTypeCommonRegistryText=ACCIDENTS[report.flags.hurt] if report.kind == "laka" else kind.incident_type,
        incidentTypeInternalCode=report.kind,
        incidentTypeInternalText=f"{unreal}: {kind.name}" if unreal else kind.name,
        incidentStatusInternalText=[report.status],
        incidentPriorityInternalText=report.priority,
        incidentCommonPriorityNumber=PRIORITIES.get(report.priority or ""),
        internalIncidentId=report.number,
        locationReference=_refs(places) or None,
        personReference=[_ref(f"{write.incident_id}:{CALLER}")],
        dispositionComponent=[ending] if type in ENDS else None,
        notesReference=_refs(notes),
    )


def _caller(write: _Writer, report: VisibleReport, name: str | None, places: list[Component]) -> Component:
    """Return the components of whoever reported: the person, how to call back, and the call if there was one.

    One of them, the call if possible, refers to the additional data.
    """
    extra = [_ref(f"{write.incident_id}:{EXTRA}")]
    callback = write.part("callback", callBackInformationUri=[f"tel:{report.caller_number}"])
    call_back = _ref(callback["$id"]) if report.caller_number else None
    call = write.component(
        f"urn:emergency:uid:callid:{_plain(report.number)}:{write.our}",
        write.at,
        standardPrimaryCallType="emergency",
        direction="incoming",
        callStartTimestamp=utc(report.opened_at),
        callStateRegistryText="callBegin",
        additionalDataReference=extra,
        callBackReference=call_back,
        locationReference=_refs(places) or None,
        personReference=[_ref(f"{write.incident_id}:{CALLER}")],
    )
    called = report.source == "call"
    person = write.part(
        CALLER,
        personIncidentRoleRegistryText=["Caller"],
        ncPersonComponent=None if name is None else {"name": [{"personFullName": [{"value": name}]}]},
        callIdentifier=[call["$id"]] if called else None,
        callBackReference=call_back,
        additionalDataReference=None if called else extra,
    )
    return {
        "callComponent": [call] if called else None,
        "callbackComponent": [callback] if call_back else None,
        "personComponent": [person],
    }


def _centre(write: _Writer) -> Component:
    return write.component(
        write.our,
        write.at,
        agencyRoleDescriptionRegistryText=["CallReceiving"],
        agencyType=["psap"],
        incidentOwningAgencyIndicator=True,
    )


def _extra(write: _Writer, value: Component) -> Component:
    """Return a value as additional data of RFC 7852: the JSON of it is the comment."""
    space = "urn:ietf:params:xml:ns:EmergencyCallData:Comment"
    xml = (
        f'<?xml version="1.0" encoding="UTF-8"?><com:EmergencyCallData.Comment xmlns:com="{space}">'
        f"{element('com:DataProviderReference', 'dispatch@' + write.our)}"
        f"{element('com:Comment', canonical(value).decode())}</com:EmergencyCallData.Comment>"
    )
    return write.part(EXTRA, additionalDataByValue=xml, urlPurpose="EmergencyCallData.Comment")


def _plain(number: str) -> str:
    """Return a report's number as STA-010 wants the middle of an identifier: letters and digits."""
    return re.sub(r"[^A-Za-z0-9]", "", number)


def _size(text: str) -> int:
    """Return what a text takes in the dearest of its places: as JSON, as HTML or XML in JSON, as JSON in XML in JSON.

    A quarter is added: the components around the texts are large, and the newest entry must have room.
    """
    spellings = (text, html_text(text), xml_text(text), xml_text(canonical(text).decode()))
    return max(len(canonical(spelling)) for spelling in spellings) * 5 // 4


def _ref(id: object) -> Component:
    return {"$ref": id}


def _refs(components: list[Component]) -> list[Component]:
    return [_ref(component["$id"]) for component in components]


def _note_names(entries: tuple[VisibleEntry, ...]) -> list[str]:
    """Return a name for each entry that it keeps when others are struck: its instant, and its place among the equal."""
    seen: dict[str, int] = {}
    names = []
    for entry in entries:
        instant = f"{entry.at.astimezone(UTC):%Y%m%dT%H%M%S%fZ}"
        seen[instant] = count = seen.get(instant, 0) + 1
        names.append(instant if count == 1 else f"{instant}.{count}")
    return names


def _places(text: str | None, place: tuple[float, float] | None, report: VisibleReport) -> list[tuple[str, Component]]:
    """Return name and fields of each location that is known, the exact one first."""
    found: list[tuple[str, Component]] = []
    if place:
        method, at = METHODS.get(report.location_method or "", report.location_method), report.location_measured_at
        found.append(("geodetic", {"locationByValue": _pidf(_shape(place, report.location_radius_m), method, at)}))
    if text:
        civic = (
            '<civicAddress xmlns="urn:ietf:params:xml:ns:pidf:geopriv10:civicAddr">'
            f"<country>ID</country>{element('LOC', text)}</civicAddress>"
        )
        found.append(("civic", {"locationByValue": _pidf(civic), "locationDescriptionText": text}))
    for _, fields in found:
        fields["locationTypeDescriptionRegistryText"] = "CurrentIncident"
    return found


def _shape(place: tuple[float, float], radius_m: float | None) -> str:
    """Return a point, or where its radius is known a circle."""
    names, pos = _SHAPES, f"<gml:pos>{degrees(place[0])} {degrees(place[1])}</gml:pos>"
    if radius_m is None:
        return f"<gml:Point {names}>{pos}</gml:Point>"
    radius = f'<gs:radius uom="urn:ogc:def:uom:EPSG::9001">{degrees(radius_m)}</gs:radius>'
    return f'<gs:Circle xmlns:gs="http://www.opengis.net/pidflo/1.0" {names}>{pos}{radius}</gs:Circle>'


def _pidf(location: str, method: str | None = None, at: datetime | None = None) -> str:
    """Return a presence document with one location (PIDF-LO: RFC 4119, RFC 5491)."""
    how = element("gp:method", method) if method else ""
    when = element("dm:timestamp", utc(at)) if at else ""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><presence xmlns="urn:ietf:params:xml:ns:pidf"'
        ' xmlns:gp="urn:ietf:params:xml:ns:pidf:geopriv10" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"'
        ' entity="pres:anonymous@anonymous.invalid"><dm:device id="incident"><gp:geopriv><gp:location-info>'
        f"{location}</gp:location-info><gp:usage-rules/>{how}</gp:geopriv>{when}</dm:device></presence>"
    )


def _order(
    type: EnvelopeType,
    report: VisibleReport,
    answer_url: str,
    accept_by: datetime,
    agency: str | None,
    page_url: str | None,
    asks: Asks | None,
) -> str:
    """Return what tells the agency's people what this message is."""
    to = f" untuk {agency}" if agency else ""
    lines = [f"{HEADINGS[type]} {report.number}{to}."]
    if unreal := prose.unreal(report):
        lines.insert(0, f"{unreal}: bukan kejadian nyata.")
    if type == "dispatch.created":
        lines.append(f"Jawab sebelum {utc(accept_by)}.")
    if asks:
        lines.append("Belum ada kabar: bagaimana keadaannya?")
    if report.caller_withheld:
        lines.append(prose.WITHHELD)
    if type not in ENDS:
        lines.append(f"Jawaban dengan POST ke {answer_url}")
        lines += [f"Jawaban lewat ponsel: {page_url}"] if page_url else []
    return "\n".join(lines)
