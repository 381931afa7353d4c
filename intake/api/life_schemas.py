"""What the API takes and gives about how a report ends."""

from pydantic import Field

from intake.api.bodies import Code, Entered, In
from intake.report import Classification
from intake.steps import Told


class EndingIn(In):
    """What became of a report; what is left out stays as the report has it."""

    classification: Classification | None = Field(None, alias="class")
    disposition: Code | None = Field(None, description="one that fits the class; no emergency: the first that fits")
    caller: Told | None = Field(
        None, description="whether the caller was told; of what agencies called resolved: the check"
    )
    note: Entered | None = Field(None, description="is written as an entry")


class ReopenIn(In):
    """Why a report is reopened."""

    note: Entered | None = None


class NotOursIn(In):
    """Which neighbouring 112 centre has accepted the report."""

    agency: Code
    note: Entered | None = None


class GuideIn(In):
    """What the caller answered."""

    question: Code
    answer: Code
