"""The shapes of rules on the wire, in and out, and how they become values and rows become them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StringConstraints, model_validator

from db.agencies import AgencyRow
from db.rules import VersionRow
from intake.api.bodies import Code, In, rfc3339, sensible, storable_text
from intake.api.out import Out
from intake.report import Priority
from routing import rules, simulation
from routing.rules import Case, Condition, Recipient, Rule
from routing.simulation import clock_words

LATEST_VERSION: Final = 2**31 - 1
Place = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
Clock = Annotated[str, StringConstraints(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$")]
Note = Annotated[str, StringConstraints(max_length=1000), AfterValidator(storable_text)]
Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(rfc3339), AfterValidator(sensible)]
Number = Annotated[int, Field(ge=1, le=LATEST_VERSION)]


class HoursIn(In):
    """From a time of these days (1 Monday … 7 Sunday) to another, of the day after if that is earlier."""

    days: Annotated[list[Annotated[int, Field(ge=1, le=7)]], Field(min_length=1, max_length=7)] = Field(
        default_factory=lambda: sorted(rules.EVERY_DAY)
    )
    start: Clock = Field(alias="from")
    end: Clock = Field(alias="to")


class RecipientIn(In):
    """An agency; without `accept_within_s` it has the priority's time. `next` gets it too when it does not accept.

    `caller_number`: whether it is told the caller's number and name; null: as the agency's own setting says. What is
    withheld here is withheld from `next`, too, unless a rule says otherwise of that one.
    """

    agency: Code
    accept_within_s: Annotated[int, Field(ge=10, le=86400)] | None = None
    next: Code | None = None
    caller_number: bool | None = None


class RuleIn(In):
    """A rule. Its conditions all hold; one that is empty always does. `automatic`: it sends without anybody's word."""

    kinds: list[Code] = Field(default_factory=list, max_length=100)
    priorities: list[Priority] = Field(default_factory=list, max_length=3)
    places: list[Place] = Field(
        default_factory=list,
        max_length=200,
        description="codes of places (GET /api/v1/places), of the regency; `island`: all without a road",
    )
    hours: list[HoursIn] = Field(default_factory=list, max_length=20, description="of the centre's clock")
    agencies: Annotated[list[RecipientIn], Field(min_length=1, max_length=20)]
    automatic: bool = False
    note: Note = ""

    def rule(self, number: int) -> Rule:
        """Return the value."""
        return Rule(
            number,
            tuple(Recipient(one.agency, one.accept_within_s, one.next, one.caller_number) for one in self.agencies),
            tuple(dict.fromkeys(self.kinds)),
            tuple(dict.fromkeys(self.priorities)),
            tuple(dict.fromkeys(self.places)),
            tuple(rules.Hours(_minute(one.start), _minute(one.end), frozenset(one.days)) for one in self.hours),
            self.automatic,
            self.note,
        )


RulesIn = Annotated[list[RuleIn], Field(min_length=1, max_length=200)]


class VersionIn(In):
    """A whole new version of the rules, in their order."""

    based_on: Annotated[int, Field(ge=0, lt=LATEST_VERSION, description="`newest` as you saw it")]
    effective_from: Moment | None = Field(None, description="from when on it holds; not in the past; null: from now on")
    note: Note = ""
    rules: RulesIn


class SimulationIn(In):
    """A report that is not there; by the rules that hold `at` a time (null: now), a version's, or some not saved."""

    kind: Code | None = None
    priority: Priority | None = None
    places: list[Place] = Field(default_factory=list, max_length=20, description="what it lies in; empty: not known")
    at: Moment | None = None
    version: Number | None = None
    rules: RulesIn | None = None

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if self.version is not None and self.rules is not None:
            raise ValueError("say `version` or `rules`, not both")
        return self


class Hours(Out):
    """Days from 1 (Monday) to 7, and times of the centre's clock."""

    days: list[int]
    start: str = Field(alias="from")
    end: str = Field(alias="to")


class RuleAgency(Out):
    """An agency of a rule, its time to accept (null: the priority's), who is next, and whether it is told who called.

    `caller_number` null: as the agency's own setting says.
    """

    agency: str
    accept_within_s: int | None
    next: str | None
    caller_number: bool | None


class RuleOut(Out):
    """A rule; `number` is its place in its version."""

    number: int
    kinds: list[str]
    priorities: list[str]
    places: list[str]
    hours: list[Hours]
    agencies: list[RuleAgency]
    automatic: bool
    note: str


class RulesVersion(Out):
    """A version of the rules as it was written. `removed`: agencies it names that are no more; rules skip them.

    `disabled`: those to which nothing is sent until somebody enables them. Skipped too; a version without them is due.
    """

    number: int
    effective_from: datetime
    made_at: datetime
    made_by: str
    note: str
    timezone: str = Field(description="of the rules' hours")
    rules: list[RuleOut]
    removed: list[str]
    disabled: list[str]


class RulesInForce(Out):
    """What holds now and what will hold. `newest` is the number of the version made last, 0 while there is none."""

    now: datetime
    newest: int
    in_force: RulesVersion | None
    waiting: list[RulesVersion]


class GoesTo(Out):
    """Where the report would go. `chosen`: the desk sends there when it names no agencies.

    `caller_number`: it would be told the caller's number and name.
    """

    agency: str
    name: str
    accept_within_s: int
    rule: int
    certain: bool
    chosen: bool
    automatic: bool
    caller_number: bool


class RuleExplained(Out):
    """Whether a rule fits, which conditions fail or cannot be judged yet, and why in words."""

    rule: int
    fits: Literal["yes", "no", "possible"]
    failed: list[Condition]
    unknown: list[Condition]
    why: str
    removed: list[str]
    disabled: list[str]


class Simulated(Out):
    """What would happen. `version` is null for rules that are not saved. `at` is told in the zone of the rules."""

    version: int | None
    at: datetime
    sentence: str
    goes_to: list[GoesTo]
    rules: list[RuleExplained]


def shown_version(row: VersionRow, written: Sequence[Rule], usable: Sequence[Rule]) -> RulesVersion:
    """Return a version, given its rules as they were written, and as they can be used."""
    return RulesVersion(
        number=row.number,
        effective_from=row.effective_from,
        made_at=row.made_at,
        made_by=row.made_by,
        note=row.note,
        timezone=row.timezone,
        rules=[_rule(rule) for rule in written],
        removed=list(dict.fromkeys(code for rule in usable for code in rule.removed)),
        disabled=list(dict.fromkeys(code for rule in usable for code in rule.disabled)),
    )


def simulated(version: int | None, used: Sequence[Rule], case: Case, there: Mapping[str, AgencyRow]) -> Simulated:
    """Return what rules (without removed and disabled agencies) would do."""
    found = rules.propose(used, case)
    told = {one.agency for one in found if one.tells_caller(there[one.agency].caller_number)}
    goes = rules.chosen(found)
    by_itself = {one.agency for one in rules.automatic(used, case)}
    return Simulated(
        version=version,
        at=case.local_time,
        sentence=simulation.sentence(used, case, there.keys() - told),
        goes_to=[
            GoesTo(
                agency=one.agency,
                name=there[one.agency].name,
                accept_within_s=one.accept_within_s,
                rule=one.rule,
                certain=one.certain,
                chosen=one in goes,
                automatic=one.agency in by_itself,
                caller_number=one.agency in told,
            )
            for one in found
        ],
        rules=[
            RuleExplained(
                rule=one.rule,
                fits=one.fits,
                failed=list(one.failed),
                unknown=list(one.unknown),
                why=one.why,
                removed=list(one.removed),
                disabled=list(one.disabled),
            )
            for one in simulation.explain(used, case)
        ],
    )


def _rule(rule: Rule) -> RuleOut:
    return RuleOut(
        number=rule.number,
        kinds=list(rule.kinds),
        priorities=list(rule.priorities),
        places=list(rule.places),
        hours=[
            Hours.model_validate({"days": sorted(one.days), "from": clock_words(one.start), "to": clock_words(one.end)})
            for one in rule.hours
        ],
        agencies=[
            RuleAgency(
                agency=one.agency,
                accept_within_s=one.accept_within_s,
                next=one.next_agency,
                caller_number=one.caller_number,
            )
            for one in rule.agencies
        ],
        automatic=rule.automatic,
        note=rule.note,
    )


def _minute(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)
