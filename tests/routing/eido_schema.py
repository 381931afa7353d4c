"""What NENA's schema says of the parts of an EIDO that we write, closed against any other name.

The table is ours, read out of `openapi.yaml` (version 1.0.0) of github.com/NENA911/EIDO-JSON, which is not in this
repository. Who has that file (as JSON) sees whether both still say the same, and every body validated by NENA's own:

    python -m tests.routing.eido_schema EIDO.json
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jsonschema_rs import Draft202012Validator

from tests.routing.every_dispatch import every_body

Json = dict[str, Any]
ROOT = "EmergencyIncidentDataObjectType"
TEXT: Json = {"type": "string"}
TIME: Json = {"type": "string", "format": "date-time"}


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


def _of(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


REF = _of("ReferenceType")
TEXTS, REFS = _list(TEXT), _list(REF)
PROLOGUE: Json = {"$id!": TEXT, "lastUpdateTimeStamp!": TIME, "updatedByAgencyReference!": REF}
PARTS: dict[str, tuple[str, Json]] = {  # the type of a component, and what it has beside the prologue; `!`: obligatory
    "incidentComponent": ("IncidentInformationType", {
        "incidentTypeCommonRegistryText!": TEXT, "incidentTypeInternalCode": TEXT, "incidentTypeInternalText": TEXT,
        "incidentStatusInternalText": TEXTS, "internalIncidentId": TEXT, "incidentPriorityInternalText": TEXT,
        "incidentCommonPriorityNumber": {"type": "integer", "format": "int32"}, "locationReference": REFS,
        "personReference": REFS, "notesReference": REFS, "dispositionComponent": _list(_of("DispositionType")),
    }),
    "callComponent": ("CallInformationType", {
        "callStateRegistryText!": TEXT, "standardPrimaryCallType!": TEXT,
        "direction!": {"type": "string", "enum": ["incoming", "outgoing", "internal"]}, "callStartTimestamp!": TIME,
        "additionalDataReference": REFS, "callBackReference": REF, "locationReference": REFS, "personReference": REFS,
    }),
    "callbackComponent": ("CallbackType", {"callBackInformationUri": TEXTS}),
    "dispatchComponent": ("DispatchInformationType", {"notesReference": REFS}),
    "agencyComponent": ("AgencyType", {
        "agencyRoleDescriptionRegistryText!": TEXTS, "agencyType!": TEXTS,
        "incidentOwningAgencyIndicator": {"type": "boolean"},
    }),
    "notesComponent": ("NotesType", {"notesActionComments!": TEXT}),
    "additionalDataComponent": ("AdditionalDataType", {"additionalDataByValue": TEXT, "urlPurpose": TEXT}),
    "locationComponent": ("LocationInformationType", {
        "locationTypeDescriptionRegistryText!": TEXT, "locationByValue": TEXT, "locationDescriptionText": TEXT,
    }),
    "personComponent": ("PersonInformationType", {
        "personIncidentRoleRegistryText!": TEXTS, "ncPersonComponent": _of("ncPersonType"), "callIdentifier": TEXTS,
        "callBackReference": REF, "additionalDataReference": REFS,
    }),
    "dispositionComponent": ("DispositionType", {
        "dispositionCommonRegistryCode!": TEXT, "dispositionCategoryText": TEXT, "dispositionDescriptionText": TEXT,
    }),
}  # fmt: skip
NIEM: Json = {  # after NIEMComponents/nc.yaml and niem-xs.yaml: each property is a list, each text an object
    "ncPersonType": {"name": _list(_of("ncPersonNameType"))},
    "ncPersonNameType": {"personFullName": _list(_of("ncTextType"))},
    "ncTextType": {"value!": TEXT},
}
WHOLE: Json = {  # one incident; the other components are lists; dispositions are in the incident
    "eidoVersion!": {"type": "string", "enum": ["1.0"]},
    "issuingElementIdentification!": TEXT,
    **{name: _list(_of(type)) for name, (type, _) in PARTS.items() if name != "dispositionComponent"},
    "incidentComponent": _of("IncidentInformationType"),
    "@context": {
        "type": "object",
        "properties": {
            "@vocab": {"type": "string", "enum": ["./JSON-LD_Contexts/EmergencyIncidentDataObjectType.jsonld"]}
        },
    },
}
WHOLE["agencyComponent!"] = WHOLE.pop("agencyComponent")
TYPES: dict[str, Json] = {
    ROOT: PROLOGUE | WHOLE,
    "ReferenceType": {"$ref!": TEXT},
    **{type: PROLOGUE | fields for type, fields in PARTS.values()},
}


def _closed(fields: Json) -> Json:
    return {
        "type": "object",
        "properties": {name.rstrip("!"): shape for name, shape in fields.items()},
        "required": _obligatory(fields),
        "additionalProperties": False,
    }


def _obligatory(fields: Json) -> list[str]:
    return sorted(name[:-1] for name in fields if name.endswith("!"))


def _validator(schemas: Json) -> Draft202012Validator:
    return Draft202012Validator(_of(ROOT) | {"components": {"schemas": schemas}}, validate_formats=True)


OURS = _validator({name: _closed(fields) for name, fields in (TYPES | NIEM).items()})


def differences(theirs: Mapping[str, Json]) -> list[str]:
    """Return where our table says something else than NENA's schemas do."""
    found = []
    for type, fields in TYPES.items():
        parts = [theirs[type], *theirs[type].get("allOf", [])]
        parts = [theirs[part["$ref"].rpartition("/")[2]] if "$ref" in part else part for part in parts]
        known = {name: _bare(shape) for part in parts for name, shape in part.get("properties", {}).items()}
        obligatory = sorted(name for part in parts for name in part.get("required", []))
        if obligatory != _obligatory(fields):
            found.append(f"{type}: obligatory are {obligatory}")
        for name, shape in fields.items():
            if known.get(name.rstrip("!")) != shape:
                found.append(f"{type}.{name}: is {known.get(name.rstrip('!'))}")
    return found


def _bare(shape: Any) -> Any:
    """Return a schema without its prose; of a reference into another file only what it points to."""
    if isinstance(shape, list):
        return [_bare(one) for one in shape]
    if not isinstance(shape, dict):
        return shape
    if isinstance(ref := shape.get("$ref"), str):
        return {"$ref": "#" + ref.partition("#")[2]}
    return {name: _bare(value) for name, value in shape.items() if name not in ("description", "title", "example")}


def main(file: str) -> int:
    """Print what differs and what NENA's schema refuses; return 1 when there is anything."""
    theirs = json.loads(Path(file).read_text("utf-8"))["components"]["schemas"]
    wrong = differences(theirs)
    schemas = {name: _usable(schema) for name, schema in theirs.items()}
    validator = _validator(schemas | {name: _closed(fields) for name, fields in NIEM.items()})
    bodies = [json.loads(raw) for *_, raw in every_body("eido")]
    for body in bodies:
        wrong += [f"{'/'.join(map(str, one.instance_path))}: {one.message}" for one in validator.iter_errors(body)]
    print(*sorted(set(wrong)), f"{len(bodies)} bodies, {len(wrong)} faults", sep="\n")  # noqa: T201
    return 1 if wrong else 0


def _usable(schema: Any) -> Any:
    """Return one of NENA's schemas without what keeps it from being one, and without NIEM's other files.

    `minItems: 1,` of the agent's roles is a text in YAML, so the file as it is is no valid schema.
    """
    if isinstance(schema, list):
        return [_usable(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if isinstance(ref := schema.get("$ref"), str) and "#" in ref:
        name = ref.rpartition("/")[2]
        return _of(name) if ref.startswith("#") or name in NIEM else {}
    return {name: 1 if name == "minItems" else _usable(value) for name, value in schema.items()}


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
