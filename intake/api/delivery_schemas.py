"""What the API gives about agencies as receivers: how we stand with them, and the delivery log."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from intake.api.out import Out


class Agency(Out):
    """An agency that can be sent reports, and how we stand with it. Ages are 0 when there is nothing.

    `failing_since`: since when no try was taken. `refused`: envelopes that it refuses in a way that only a person can
    mend. While `paused_at` is set nothing is sent, and everything stays owed. While `disabled_at` is set nothing is
    sent or proposed, what was owed is dead, and the agency's token and signatures are refused. `caller_number`: where
    no rule says otherwise, it is told the caller's number and name. `is_centre`: it is a neighbour's 112 centre, to
    which a report can be left once it has accepted it.
    """

    code: str
    name: str
    paused_at: datetime | None
    paused_by: str | None
    pause_reason: str | None
    disabled_at: datetime | None
    disabled_by: str | None
    disable_reason: str | None
    caller_number: bool
    is_centre: bool
    no_system: bool = Field(description="nothing can be sent there: people telephone `phone`")
    phone: str | None = Field(description="its duty number")
    sms_to: list[str] = Field(description="its mobile numbers, to which links go by SMS; empty: `phone` takes none")
    format: str = Field(description="the form of what it is sent: native, eido, cap, open311")
    has_api_key: bool = Field(description="whether what is sent carries the api_key of its platform")
    failing_since: datetime | None
    failures_in_a_row: int
    unsent: int
    oldest_unsent_s: float
    refused: int
    unaccepted: int
    oldest_unaccepted_s: float


class Agencies(Out):
    """The agencies by code."""

    agencies: list[Agency]


class Attempt(Out):
    """One try. `detail` is the first 4 kB of the answer, or what went wrong, without secrets."""

    at: datetime
    outcome: str = Field(description="`status_200`, `timeout`, `refused`, `dns_…`, `tls_…`, `forbidden_address`, …")
    status: int | None
    latency_ms: int
    detail: str


class Delivery(Out):
    """An envelope (`id` is its `webhook-id`) and its last tries; a test letter is in state `test` and has no dispatch.

    `dead`: its report was closed, or its agency removed or disabled, before anybody took it.
    """

    id: str
    dispatch: str | None
    report: str | None
    sequence: int | None
    type: str
    state: Literal["pending", "delivered", "withdrawn", "dead", "test"]
    created_at: datetime
    created_by: str | None = Field(description="who sent a test letter")
    next_try_at: datetime | None
    delivered_at: datetime | None
    tries: int
    attempts: list[Attempt]


class DeliveryPage(Out):
    """The delivery log, the newest first; `next` is the cursor of the older ones, null at the end."""

    deliveries: list[Delivery]
    next: str | None


class Redriven(Out):
    """How many envelopes go out again now."""

    envelopes: int


class Tested(Out):
    """What came of a test letter: delivered is a 2xx, nothing else is."""

    id: str
    delivered: bool
    outcome: str
    status: int | None
    latency_ms: int
    detail: str
