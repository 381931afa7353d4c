"""What the API takes and gives about kinds of report, their guides, and ways to end."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from intake.api.bodies import Code, In, optional, storable_text
from intake.api.out import Out
from intake.api.schemas import Versioned, Words
from intake.report import Classification, Priority

Position = Annotated[int, Field(ge=0, le=9999)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"\S"), AfterValidator(storable_text)]
Classes = Annotated[list[Classification], Field(min_length=1, max_length=5)]
Icon = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{0,32}$")]
Seconds = Annotated[int, Field(ge=10, le=86_400)]
Weight = Annotated[int, Field(ge=0, le=1000)]
Asked = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"\S"), AfterValidator(storable_text)]


class Choice(Versioned):
    """A row of a list, which `position` orders. `disabled`: nobody can choose it any more."""

    code: str
    name: Words
    position: int
    disabled: bool


class WordsIn(In):
    """A name in both languages."""

    id: Name
    en: Name


class _NewIn(In):
    code: Code
    name: WordsIn


class _ChangeIn(In):
    name: WordsIn = Field(WordsIn(id="-", en="-"), json_schema_extra=optional)
    disabled: bool = Field(False, json_schema_extra=optional)


class _PlacedIn(In):
    position: Position = Field(0, description="its place in the list; left out: the last", json_schema_extra=optional)


class Disposition(Choice):
    """A way to end; `classes` are the classes of report that may end so. `disabled`: nobody can choose it any more."""

    classes: list[Classification]


class Dispositions(Out):
    """The dispositions in their order."""

    dispositions: list[Disposition]


class NewDispositionIn(_PlacedIn, _NewIn):
    """A disposition to add."""

    classes: Classes


class DispositionIn(_PlacedIn, _ChangeIn):
    """What to change of a disposition; a field that is not sent stays as it is."""

    classes: Classes = Field(["normal"], json_schema_extra=optional)


class Answer(Out):
    """An answer, and how much it weighs."""

    code: str
    name: Words
    weight: int


class Question(Out):
    """A question of a guide."""

    code: str
    name: Words
    answers: list[Answer]


class Kind(Choice):
    """A kind of report, with the priority it has when nobody judged otherwise, and what to ask the caller.

    `thresholds`: from which sum of the answers' weights on a report is that urgent. `accept_within_s`: how long
    agencies have, by priority, where that is another time than everybody's. `disabled`: nobody can choose it any more.
    """

    icon: str
    priority: Priority
    accept_within_s: dict[str, int]
    guide: list[Question]
    thresholds: dict[str, int]


class Kinds(Out):
    """The kinds in their order."""

    kinds: list[Kind]


class QuestionWordsIn(In):
    """A question in both languages."""

    id: Asked
    en: Asked


class AnswerIn(In):
    """An answer that a caller may give."""

    code: Code
    name: WordsIn
    weight: Weight


class QuestionIn(In):
    """A question to ask."""

    code: Code
    name: QuestionWordsIn
    answers: Annotated[list[AnswerIn], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _once(self) -> Self:
        if len({one.code for one in self.answers}) < len(self.answers):
            raise ValueError(f"two answers to the question {self.code} have one code; give each its own")
        return self


class _KindIn(_PlacedIn):
    icon: Icon = Field("", json_schema_extra=optional)
    accept_within_s: dict[Priority, Seconds] = Field({}, json_schema_extra=optional)
    guide: Annotated[list[QuestionIn], Field(max_length=40)] = Field([], json_schema_extra=optional)
    thresholds: dict[Priority, Weight] = Field({}, json_schema_extra=optional)

    @model_validator(mode="after")
    def _sense(self) -> Self:
        if len({one.code for one in self.guide}) < len(self.guide):
            raise ValueError("two questions of the guide have one code; give each its own")
        weights = [self.thresholds[one] for one in sorted(self.thresholds)]
        if weights != sorted(weights, reverse=True):
            raise ValueError("thresholds: what is more urgent needs a higher sum, not a lower one")
        return self


class NewKindIn(_KindIn, _NewIn):
    """A kind to add."""

    priority: Priority


class KindIn(_KindIn, _ChangeIn):
    """What to change of a kind; a field that is not sent stays as it is."""

    priority: Priority = Field("P2", json_schema_extra=optional)
