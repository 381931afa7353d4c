"""What the API takes, checked to the last field.

Unknown fields are refused (a typing error must not vanish), texts are bounded and hold nothing a database cannot keep,
numbers are finite, and no type is guessed from another.
"""

import re
from datetime import datetime
from typing import Annotated, Any, Final, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic.config import JsonDict

from intake import report
from intake.control import ConsultationStep, MemberAction
from intake.numbers import PASSED_ON
from intake.report import Classification, Priority
from intake.steps import Status
from intake.words import is_storable
from routing.steps import AnswerWord


def storable_text(text: str) -> str:
    if not is_storable(text):
        raise ValueError("U+0000 and half surrogate pairs cannot be kept; leave them out")
    return text


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("this needs words")
    return text


ID: Final = r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,32}$")]
Short = Annotated[str, StringConstraints(max_length=200), AfterValidator(storable_text)]
Long = Annotated[str, StringConstraints(max_length=8000), AfterValidator(storable_text)]
Entered = Annotated[
    str, StringConstraints(min_length=1, max_length=4000), AfterValidator(storable_text), AfterValidator(_said)
]
Number = Annotated[str, StringConstraints(max_length=64), AfterValidator(storable_text)]
Source = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,31}$")]
ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=128), AfterValidator(storable_text)]
Device = Annotated[str, StringConstraints(pattern=r"^PJSIP/[A-Za-z0-9_.-]{1,60}$")]  # no Local: it leads anywhere
MemberName = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x1f\x7f,|;]{1,80}$"), AfterValidator(storable_text)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
PlaceCode = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class In(BaseModel):
    """Something that comes in: no unknown field, no guessing of types."""

    model_config = ConfigDict(extra="forbid", strict=True)


class CallerIn(In):
    """Who called; a number in any written form."""

    number: Number | None = None
    name: Short | None = None


_TOGETHER: JsonDict = {
    "dependentRequired": {"lat": ["lon"], "lon": ["lat"]},
    "anyOf": [{"properties": {"lat": {"type": kind}, "lon": {"type": kind}}} for kind in ("number", "null")],
}


class LocationIn(In):
    """Where it is; `lat` and `lon` go together."""

    model_config = ConfigDict(json_schema_extra=_TOGETHER)

    text: Annotated[str, StringConstraints(max_length=1000), AfterValidator(storable_text)] | None = None
    lat: Latitude | None = None
    lon: Longitude | None = None
    place: PlaceCode | None = Field(
        default=None, description="code of a place: GET /api/v1/places?q= finds it by its name"
    )

    @model_validator(mode="after")
    def _together(self) -> Self:
        given = {"lat", "lon"} & self.model_fields_set
        if len(given) == 1 or (self.lat is None) is not (self.lon is None):
            raise ValueError("lat and lon go together: send both, or both null")
        return self


class ReportIn(In):
    """A report that did not come by the telephone line."""

    source: Annotated[Source, AfterValidator(lambda source: _not_the_line(source))]
    external_id: ExternalId | None = Field(None, description="its id there; the same one twice is one report")
    caller: CallerIn | None = None
    kind: Code | None = None
    priority: Priority | None = None
    location: LocationIn | None = None
    narrative: Long | None = None


def _not_the_line(source: str) -> str:
    if source == "call":
        raise ValueError("`call` is the telephone line's own; say walk-in, silapor or another name")
    return source


def optional(schema: dict[str, Any]) -> None:
    """Leave the default out of a field's description: it stands for a field that was not sent."""
    schema.pop("default", None)


class FlagsIn(In):
    """What a crew must know first; null: nobody has said."""

    hurt: bool | None = None
    trapped: bool | None = None
    fire_spreading: bool | None = None
    weapon: bool | None = None
    child: bool | None = None
    no_road: bool | None = None


class ChangeIn(In):
    """The fields to change; a field that is not sent stays as it is."""

    kind: Code | None = None
    priority: Priority | None = None
    classification: Classification = Field("normal", alias="class", json_schema_extra=optional)
    narrative: Long | None = None
    status: Status = Field("open", json_schema_extra=optional)
    caller: CallerIn = Field(CallerIn(), json_schema_extra=optional)
    location: LocationIn = Field(LocationIn(), json_schema_extra=optional)
    flags: FlagsIn = Field(FlagsIn(), json_schema_extra=optional)

    def leaves(self) -> dict[str, report.Value]:
        """Return the fields that were sent, by their names on the wire (`location.text`)."""
        found: dict[str, report.Value] = {}
        sent = self.model_dump(by_alias=True, exclude_unset=True)
        for name, value in sent.items():
            if isinstance(value, dict):
                found |= {f"{name}.{leaf}": one for leaf, one in value.items()}
            else:
                found[name] = value
        return found


class EntryIn(In):
    """What is to be written."""

    text: Entered


class Nothing(In):
    """An empty object."""


class DispatchIn(In):
    """Whom to send it to; without `agencies`, to those the rules propose and who do not have it yet."""

    agencies: Annotated[list[Code], Field(min_length=1, max_length=20)] | None = None


class CancelIn(In):
    """Why a dispatch is cancelled: its agency reads it."""

    reason: Annotated[
        str, StringConstraints(min_length=1, max_length=500), AfterValidator(storable_text), AfterValidator(_said)
    ]


class TransferIn(In):
    """Where to, a number or the one digit of a desk; `attended`: the desk asks there first, and the caller hears music
    meanwhile."""

    number: Annotated[str, StringConstraints(pattern=PASSED_ON)]
    attended: bool = False


class ConsultationIn(In):
    """What is to become of an attended transfer: `cancel` takes the caller back, `join` lets all three talk,
    `complete` leaves the caller with who was asked."""

    step: ConsultationStep


class CallBackIn(In):
    """Whose telephone calls the caller back: one of INTAKE112_DESKS; that of your own shift when none is sent."""

    device: Device | None = None


class MemberIn(In):
    """What is to become of a telephone in the queue; `name` is whom screens show, its own name unless it is said."""

    action: MemberAction
    device: Device
    name: MemberName | None = None
    pbx: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] | None = Field(
        None, description="needed where there are several"
    )


def _whole(value: object) -> object:
    """Return 3 for JSON's 3.0, which is the same number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def rfc3339(value: object) -> object:
    """Return a text that is written like an RFC 3339 time; a `+` that a query lost is put back. Raises ValueError."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?)(Z|z|[+ -]\d\d:\d\d)", str(value), re.ASCII)
    if not isinstance(value, str) or found is None:
        raise ValueError("a time is written like 2026-03-14T08:59:26+07:00")
    return found[1].upper() + found[2].upper().replace(" ", "+")


def sensible(at: datetime) -> datetime:
    """Return a time that every database can keep. Raises ValueError."""
    if not 2 <= at.year <= 9998:
        raise ValueError("the year must be between 2 and 9998")
    return at


class PauseIn(In):
    """Why nothing is to be sent to an agency."""

    reason: Annotated[
        str,
        StringConstraints(min_length=3, max_length=400, strip_whitespace=True),
        AfterValidator(storable_text),
    ]


class RedriveIn(In):
    """What is to be sent again: one envelope, or those made at a time or later; neither: all that failed."""

    envelope: Annotated[str, StringConstraints(pattern=ID)] | None = Field(default=None, description="its `webhook-id`")
    since: Annotated[AwareDatetime, Field(strict=False), BeforeValidator(rfc3339), AfterValidator(sensible)] | None = (
        None
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if self.envelope is not None and self.since is not None:
            raise ValueError("send `envelope` or `since`, not both")
        return self


class AnswerIn(In):
    """What an agency says."""

    answer: AnswerWord
    by: Annotated[str, StringConstraints(max_length=160), AfterValidator(storable_text)] | None = None
    at: Annotated[AwareDatetime, Field(strict=False), BeforeValidator(rfc3339), AfterValidator(sensible)] | None = (
        Field(None, description="the agency's own time")
    )
    sequence: Annotated[int, Field(ge=0, le=2**53 - 1), BeforeValidator(_whole)] | None = Field(
        None, description="the agency's own count of answers"
    )
    note: Annotated[str, StringConstraints(max_length=4000), AfterValidator(storable_text)] | None = None


class SentAnswerIn(AnswerIn):
    """What an agency's own system sends."""

    dispatch: Annotated[str, StringConstraints(pattern=ID)] | None = Field(
        None, description="the dispatch's id, to sign it with the answer: it must be the address's"
    )


class TelephonedIn(AnswerIn):
    """What somebody at an agency said on the telephone; `by` is who."""

    by: Annotated[
        str,
        StringConstraints(min_length=1, max_length=160, pattern=r"\S"),
        AfterValidator(storable_text),
    ] = Field(description="who at the agency said it")
