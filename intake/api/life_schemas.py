"""What the API takes and gives about how a report ends."""

from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from intake.api.bodies import Code, Entered, In, storable_text
from intake.api.out import Out
from intake.api.schemas import Versioned, Words
from intake.report import Classification
from intake.steps import Told

Name = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"\S"), AfterValidator(storable_text)]
Position = Annotated[int, Field(ge=0, le=9999)]


def optional(schema: dict[str, Any]) -> None:
    """Describe a field that may be left out, but not null."""
    schema.pop("default", None)


class WordsIn(In):
    """A name in both languages."""

    id: Name
    en: Name


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


class Disposition(Versioned):
    """A way to end; `classes` are the classes of report that may end so. `disabled`: nobody can choose it any more."""

    code: str
    name: Words
    classes: list[Classification]
    position: int
    disabled: bool


class Dispositions(Out):
    """The dispositions in their order."""

    dispositions: list[Disposition]


class _DispositionIn(In):
    position: Position = Field(0, description="its place in the list; left out: the last", json_schema_extra=optional)


Classes = Annotated[list[Classification], Field(min_length=1, max_length=5)]


class NewDispositionIn(_DispositionIn):
    """A disposition to add."""

    code: Code
    name: WordsIn
    classes: Classes


class DispositionIn(_DispositionIn):
    """What to change of a disposition; a field that is not sent stays as it is."""

    name: WordsIn = Field(WordsIn(id="-", en="-"), json_schema_extra=optional)
    classes: Classes = Field(["normal"], json_schema_extra=optional)
    disabled: bool = Field(False, json_schema_extra=optional)
