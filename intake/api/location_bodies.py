"""What the API takes about where a report is."""

from typing import Annotated, Literal, Self

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

from intake.api.bodies import In, Latitude, Longitude, Number, optional, rfc3339, sensible, storable_text
from intake.pins import Pin

Pasted = Annotated[str, StringConstraints(min_length=1, max_length=2000), AfterValidator(storable_text)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=40), AfterValidator(storable_text)]
Metres = Annotated[float, Field(ge=0, le=1_000_000, allow_inf_nan=False)]
When = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(rfc3339), AfterValidator(sensible)]
_ONE: JsonDict = {
    "oneOf": [{"required": ["lat", "lon"]}, {"required": ["plus_code"]}, {"required": ["text"]}],
    "dependentRequired": {"lat": ["lon"], "lon": ["lat"], "radius_m": ["lat"]},
}


class NearIn(In):
    """A place beside which a short plus code is meant."""

    lat: Latitude
    lon: Longitude


class PositionIn(In):
    """A pin (`lat`, `lon`), a plus code (a short one beside `near`, or beside the place that the report has), or
    coordinates as pasted: degrees, degrees with minutes and seconds, `geo:`, a map's link."""

    model_config = ConfigDict(json_schema_extra=_ONE)

    lat: Latitude = Field(default=0.0, json_schema_extra=optional)
    lon: Longitude = Field(default=0.0, json_schema_extra=optional)
    radius_m: Metres | None = None
    plus_code: Code = Field(default="", json_schema_extra=optional)
    text: Pasted = Field(default="", json_schema_extra=optional)
    near: NearIn | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        given = self.model_fields_set
        if len(given & {"lat", "lon"}) == 1 or ("radius_m" in given and "lat" not in given):
            raise ValueError("lat and lon go together, and radius_m is theirs")
        if sum(name in given for name in ("lat", "plus_code", "text")) != 1:
            raise ValueError("send one of lat and lon, plus_code, and text")
        return self

    def pin(self) -> Pin:
        """Return what was given."""
        given = self.model_fields_set
        near = None if self.near is None else (self.near.lat, self.near.lon)
        place = (self.lat, self.lon) if "lat" in given else None
        return Pin(place, self.radius_m, self.plus_code or None, self.text or None, near)


class LinkIn(In):
    """How the caller gets the link: by SMS, to the caller's number or `to`; or not from here."""

    send: bool = True
    to: Number | None = Field(default=None, description="another telephone number, in any written form")
    language: Literal["id", "en"] | None = Field(
        default=None, description="of the SMS; the centre's when it is not said"
    )


class HandsetIn(BaseModel):
    """An SMS as a gateway posts it; other fields that it sends are left alone."""

    model_config = ConfigDict(strict=True)

    sender: Annotated[str, StringConstraints(max_length=100)] = Field(alias="from", description="the caller's number")
    text: Annotated[str, StringConstraints(max_length=4000)] = Field(description='`A"ML=1;…`')
    at: When | None = Field(None, description="when the gateway got it")
