"""What the routes of places take and give."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from intake.api.bodies import In, storable_text
from intake.api.out import Out
from intake.gazetteer import Level


class Within(Out):
    """The kecamatan a place lies in."""

    code: str
    name: str


class Place(Out):
    """A place. `label` is what reports call it; `island`: no road leads there; `own`: it is the centre's own."""

    code: str
    level: Level
    name: str
    label: str
    kecamatan: Within | None
    lat: float | None
    lon: float | None
    island: bool
    alternatives: list[str]
    own: bool


class Places(Out):
    """The likeliest first. `known`: how many places there are to be found; 0: no list is loaded, type the place."""

    known: int
    places: list[Place]


class OwnPlaces(Out):
    """The centre's own places as CSV. `serial` rises with every import, 0: there was none."""

    serial: int
    places: int
    loaded_at: datetime | None
    loaded_by: str | None
    csv: str


class OwnPlacesIn(In):
    """The whole list as CSV, for that of `based_on`; at most 4 MiB."""

    csv: Annotated[str, StringConstraints(min_length=1), AfterValidator(storable_text)] = Field(
        description="columns code, name, parent, alternatives (separated by |), lat, lon, island"
    )
    based_on: Annotated[int, Field(ge=0, le=2**31 - 1)] = Field(description="`serial` of the list you had before you")
