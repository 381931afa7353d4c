"""What the API takes, checked to the last field.

Unknown fields are refused (a typing error must not vanish), texts are bounded and hold nothing a database cannot keep,
numbers are finite, and no type is guessed from another.
"""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from intake import report
from intake.report import Classification, Priority, Status
from intake.words import is_storable
from routing.steps import AnswerWord


def storable_text(text: str) -> str:
    if not is_storable(text):
        raise ValueError("U+0000 and half surrogate pairs cannot be kept; leave them out")
    return text


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("an entry needs words")
    return text


Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,32}$")]
Short = Annotated[str, StringConstraints(max_length=200), AfterValidator(storable_text)]
Long = Annotated[str, StringConstraints(max_length=8000), AfterValidator(storable_text)]
Entered = Annotated[
    str, StringConstraints(min_length=1, max_length=4000), AfterValidator(storable_text), AfterValidator(_said)
]
Number = Annotated[str, StringConstraints(max_length=64), AfterValidator(storable_text)]
Source = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,31}$")]
ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=128), AfterValidator(storable_text)]
Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class In(BaseModel):
    """Something that comes in: no unknown field, no guessing of types."""

    model_config = ConfigDict(extra="forbid", strict=True)


class CallerIn(In):
    """Who called; a number in any written form."""

    number: Number | None = None
    name: Short | None = None


class LocationIn(In):
    """Where it is; `lat` and `lon` go together."""

    text: Annotated[str, StringConstraints(max_length=1000), AfterValidator(storable_text)] | None = None
    lat: Latitude | None = None
    lon: Longitude | None = None

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


def _optional(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


class ChangeIn(In):
    """The fields to change; a field that is not sent stays as it is."""

    kind: Code | None = None
    priority: Priority | None = None
    classification: Classification = Field("normal", alias="class", json_schema_extra=_optional)
    narrative: Long | None = None
    status: Status = Field("open", json_schema_extra=_optional)
    caller: CallerIn = Field(CallerIn(), json_schema_extra=_optional)
    location: LocationIn = Field(LocationIn(), json_schema_extra=_optional)

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


class AnswerIn(In):
    """What an agency says."""

    answer: AnswerWord
    by: Annotated[str, StringConstraints(max_length=160), AfterValidator(storable_text)] | None = None
    at: Annotated[AwareDatetime, Field(strict=False), AfterValidator(lambda at: sensible(at))] | None = Field(
        None, description="the agency's own time"
    )
    sequence: Annotated[int, Field(ge=0, le=2**53 - 1)] | None = Field(
        None, description="the agency's own count of answers"
    )
    note: Annotated[str, StringConstraints(max_length=4000), AfterValidator(storable_text)] | None = None


def sensible(at: datetime) -> datetime:
    """Return a time that every database can keep. Raises ValueError."""
    if not 1970 <= at.year <= 2200:
        raise ValueError("the year must be between 1970 and 2200")
    return at
