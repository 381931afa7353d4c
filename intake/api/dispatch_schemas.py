"""What the API gives about dispatches: where each is, what its agency said, and whom the rules propose."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from intake.api.out import Out


class Delivery(Out):
    """How far the webhooks of a dispatch are: that of the envelope it waits for, the newest when it waits for none.

    `pending`; `failing`: tried in vain, and tried again at `next_try_at`; `paused`: somebody paused the agency, and
    nothing goes there until it is resumed; `delivered`; `withdrawn`: cancelled before any receiver took it (a closing:
    reopened); `dead`: nobody tries any more, see `cause`; POST …/send-again makes it due.
    """

    state: Literal["pending", "failing", "paused", "delivered", "withdrawn", "dead"]
    cause: (
        Literal[
            "dispatch_cancelled",
            "report_closed",
            "report_reopened",
            "agency_removed",
            "agency_disabled",
            "agency_no_system",
        ]
        | None
    )
    type: Literal["dispatch.created", "report.updated", "dispatch.cancelled", "report.closed"]
    sequence: int
    tries: int = Field(description="those that were begun")
    last_outcome: str | None = Field(description="of the last try that ended: status_200, timeout, dns, …")
    next_try_at: datetime | None = Field(description="null when no try is to come")


class Dispatch(Out):
    """A report at an agency. Delivered is not accepted: only an answer says that a person has it."""

    id: str
    agency: str
    state: Literal[
        "queued", "sent", "delivered", "accepted", "rejected", "en_route", "on_scene", "resolved", "cancelled"
    ]
    sequence: int
    created_at: datetime
    created_by: str
    accept_by: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    accepted_at: datetime | None
    rejected_at: datetime | None
    en_route_at: datetime | None
    on_scene_at: datetime | None
    resolved_at: datetime | None
    cancelled_at: datetime | None
    cancel_reason: str | None
    answered_by: str | None
    note: str | None
    escalation: int = Field(description="steps of the ladder that were taken: 0 none, 1 overdue, 2 the next agency too")
    overdue: bool = Field(description="`accept_by` has passed and nobody there has answered")
    caller_number: bool = Field(description="whether the agency is told the caller's number and name; as it began")
    agency_disabled: bool = Field(description="it can neither be sent anything nor answer: telephone it")
    agency_no_system: bool = Field(description="it has no computer system: telephone it; nothing is ever sent there")
    agency_phone: str | None = Field(description="its duty number")
    delivery: Delivery | None = Field(description="null when no envelope of it is kept")
    rule_version: int | None = Field(description="the version of the rules that proposed it; null: no rule did")
    rule_number: int | None = Field(description="which rule of that version")
    escalate_at: datetime | None = Field(description="when the next step is due, unless they are heard before")
    heard_at: datetime | None = Field(description="when they last answered anything")
    asked: int = Field(description="how often they were asked in vain since; above 0: they accepted and fell silent")
    gave_up: bool = Field(description="they accepted, said last that they cannot, and nobody else was sent it since")
    photos: int = Field(description="how many photos the agency sent; GET …/dispatches/{id}/photos lists them")


class Dispatches(Out):
    """Dispatches of a report."""

    dispatches: list[Dispatch]


class Proposed(Out):
    """An agency that should have the report by a rule (number `rule` of version `rule_version`).

    `has_it`: it has something to do with it, or with a report that is joined with it, and would be left out.

    Not `certain`: the rule hangs on a place or a priority that the report does not have yet. `chosen`: it goes there
    when the desk names no agencies. `paused`: nothing is sent there until somebody resumes it; telephone it.
    `caller_number`: it will be told the caller's number and name.
    """

    agency: str
    name: str
    accept_within_s: int
    has_it: bool
    rule: int
    rule_version: int | None
    certain: bool
    chosen: bool
    paused: bool
    caller_number: bool


class Proposals(Out):
    """Who should have a report by the rules. `removed`: agencies that rules for it name, and that are no more.

    `disabled`: agencies that they name, and to which nothing is sent until somebody enables them.
    """

    proposed: list[Proposed]
    removed: list[str]
    disabled: list[str]


class KeptAnswer(Out):
    """An answer as it came. `applied` false: it was late or repeated, and moved nothing.

    `via` is how it came, null when nobody wrote that down yet; `recorded_by` who at the centre wrote down a call.
    """

    received_at: datetime
    answer: Literal["accepted", "rejected", "en_route", "on_scene", "resolved"]
    by: str | None
    at: datetime | None
    sequence: int | None
    note: str | None
    applied: bool
    via: Literal["api", "signed", "body", "page", "telephone"] | None
    recorded_by: str | None


class KeptAnswers(Out):
    """All that an agency said to a dispatch, the first answer first."""

    answers: list[KeptAnswer]


class Answered(Out):
    """What an answer did: `applied` false means that it was kept and moved nothing. `dispatch` is as it is now.

    An answer sent again with its key is told what it did the first time.
    """

    applied: bool
    dispatch: Dispatch


class Escalated(Out):
    """What came of it. `followed` false: the rules know no other agency, and the supervisor is told to decide."""

    followed: bool
    dispatch: Dispatch


class PageLink(Out):
    """The page of a dispatch for telephones. The link is the credential: who has it sees the report and answers."""

    url: str


class SentPhoto(Out):
    """A photo that is kept. `type` is by its first bytes."""

    number: int
    type: Literal["image/jpeg", "image/png", "image/webp"]
    bytes: int
    sha256: str
    by: str | None
    received_at: datetime


class Photo(SentPhoto):
    """A photo, how it came, and where it is to be seen."""

    via: Literal["api", "signed", "page"]
    url: str


class Photos(Out):
    """The photos of a dispatch, the first one first."""

    photos: list[Photo]
