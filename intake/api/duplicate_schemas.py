"""What the API takes and gives about reports that are about one incident."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from intake.api.bodies import In
from intake.api.location_schemas import Location
from intake.api.out import Out
from intake.api.schemas import Caller, Versioned
from intake.report import Priority
from intake.steps import Status


class Reason(Out):
    """Why two reports may be one incident. `distance_m` is null where one has no coordinates: `same_place` by its text.

    `kind`: `same`, `fits` by the limits, or `unknown` while one of them has none. `text` says it in Indonesian.
    """

    distance_m: float | None
    minutes: float
    kind: Literal["same", "fits", "unknown"]
    same_place: bool
    text: str


class Proposed(Out):
    """A report to which this one may be joined; `score` is 0 to 100.

    `by_way_of`: which report of its group matches, itself or one that is joined to it. `obstacle`: why it cannot be
    joined (yet), and what to do.
    """

    number: str
    score: int
    reason: Reason
    by_way_of: str
    obstacle: str | None
    status: Status
    kind: str | None
    priority: Priority | None
    opened_at: datetime
    location: Location
    joined: int


class Member(Out):
    """A report of the group. `joined_to`: the report it was joined to, null of the head."""

    number: str
    status: Status
    opened_at: datetime
    caller: Caller
    joined_to: str | None
    joined_at: datetime | None


class Duplicates(Out):
    """What a report is joined with, and to which it may be.

    `of`: the head's number, null when this report is joined to none. `group`: the head first; empty when it is alone.
    `cut`: so many came in that time that not all could be looked at.
    """

    number: str
    of: str | None
    group: list[Member]
    proposed: list[Proposed]
    cut: bool


class JoinIn(In):
    """To which report this one is joined; if that is joined itself, to its head."""

    of: Annotated[str, StringConstraints(pattern=r"^112-[0-9]{8}-[0-9]{4,9}$")]


KindOrEvery = Annotated[str, StringConstraints(pattern=r"^([a-z0-9_-]{1,32}|\*)$")]
Pair = Annotated[list[KindOrEvery], Field(min_length=2, max_length=2)]


class LimitsIn(In):
    """All limits: metres, minutes, hours, and the pairs of kinds that fit (`*`: every kind)."""

    within_m: int = Field(ge=1, le=50_000)
    within_min: int = Field(ge=1, le=1440)
    joinable_h: int = Field(ge=1, le=168)
    fits: Annotated[list[Pair], Field(max_length=300)]


class LimitsOut(Versioned):
    """The limits that hold. `version` 0: those of this release, nobody has set any."""

    within_m: int
    within_min: int
    joinable_h: int
    fits: list[list[str]]
