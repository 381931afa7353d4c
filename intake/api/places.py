"""Routes of places: find one by its name, and the centre's own."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AfterValidator, StringConstraints

from db import places as saved
from db.engine import Reading
from intake import placing
from intake.access import Who
from intake.api import place_schemas
from intake.api.bodies import storable_text
from intake.api.context import ON_READ, ON_WRITE, Context, refusals, staff_only, supervisors_only
from intake.gazetteer import LONGEST_QUESTION, Place

Question = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST_QUESTION), AfterValidator(storable_text)
]  # fmt: skip


def router(context: Context) -> APIRouter:
    """Return the routes under /api/v1/places."""
    database = context.database
    gazetteer = placing.Gazetteer(database)
    routes = APIRouter(prefix="/api/v1", tags=["desk"])
    staff = Annotated[Who, staff_only(context)]
    supervisor = Annotated[Who, supervisors_only(context)]

    @routes.get("/places", responses=refusals(*ON_READ))
    async def find(
        _: staff,
        q: Annotated[
            Question, Query(description="a name, however spelt; `desa X kecamatan Y` or `X, Y` say it closer")
        ],
        limit: Annotated[int, Query(ge=1, le=50)] = 10,
    ) -> place_schemas.Places:
        """Kecamatan, desa, kelurahan, islands and the centre's own places by name, the likeliest first."""
        index = await gazetteer.index()
        return place_schemas.Places(known=len(index.places), places=[_shown(one) for one in index.search(q, limit)])

    @routes.get("/places/own", responses=refusals(*ON_READ))
    async def own(_: staff) -> place_schemas.OwnPlaces:
        """The centre's own places, as the CSV that a supervisor sends back changed."""
        async with database.reading() as reading:
            return await _own(reading)

    @routes.put("/places/own", responses=refusals(*ON_WRITE, 409))
    async def import_own(body: place_schemas.OwnPlacesIn, who: supervisor) -> place_schemas.OwnPlaces:
        """Put these in the place of all of the centre's own places. For supervisors and administrators.

        When a row cannot be taken, none is: 422 names each with its line. 409 when somebody imported since `based_on`.
        """
        async with database.transaction() as tx:
            await placing.import_own(tx, body.csv, who.name, based_on=body.based_on)
            return await _own(tx)

    return routes


async def _own(reading: Reading) -> place_schemas.OwnPlaces:
    about = (await saved.of_lists(reading)).get(placing.OWN)
    return place_schemas.OwnPlaces(
        serial=about.serial if about else 0,
        places=about.places if about else 0,
        loaded_at=about.loaded_at if about else None,
        loaded_by=about.loaded_by if about else None,
        csv=await placing.export_own(reading),
    )


def _shown(place: Place) -> place_schemas.Place:
    around = None
    if place.kecamatan is not None and place.kecamatan_code is not None:
        around = place_schemas.Within(code=place.kecamatan_code, name=place.kecamatan)
    return place_schemas.Place(
        code=place.code,
        level=place.level,
        name=place.name,
        label=place.label,
        kecamatan=around,
        lat=place.lat,
        lon=place.lon,
        island=place.island,
        alternatives=list(place.alternatives),
        own=place.own,
    )
