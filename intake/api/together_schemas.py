"""What the API takes and gives about who is at a report, and who hands it over."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from intake.api.bodies import Entered, In, storable_text
from intake.api.out import Out
from intake.api.schemas import Handover, ReportSummary

Leaf = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,16}(\.[a-z_]{1,15})?$")]
Person = Annotated[str, StringConstraints(min_length=1, max_length=64), AfterValidator(storable_text)]
ReportNumber = Annotated[str, StringConstraints(pattern=r"^112-[0-9]{8}-[0-9]{4,9}$")]


class PresenceIn(In):
    """What somebody is at. Say it again every ten seconds; who says nothing is gone by themselves."""

    writing: Leaf | None = Field(None, description="the field, such as `location.text` or `entry`; null: none")


class Presence(Out):
    """Somebody has the report open, at least until then, and writes in a field, or in none."""

    who: str
    since: datetime
    until: datetime
    writing: str | None


class Presences(Out):
    """Who has a report open, who came first first; `now` is the server's time."""

    now: datetime
    present: list[Presence]


class HandoverIn(In):
    """What is left to whom, and what they must know."""

    to: Person | None = Field(None, description="a name of the log-in; null: whoever takes it")
    note: Entered
    reports: Annotated[list[ReportNumber], Field(min_length=1, max_length=200)] | None = Field(
        None, description="left out: all on which you wrote or did something and that are not closed"
    )


class HandoverOfReports(Handover):
    """A hand-over, and what it is about."""

    reports: list[str]


class Handovers(Out):
    """Hand-overs, the newest first."""

    handovers: list[HandoverOfReports]


class MyReports(Out):
    """Whose reports are asked for: theirs, not closed, the oldest first; `now` is the server's time."""

    now: datetime
    reports: list[ReportSummary]
