"""What the API gives about where a report is."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from intake.api.out import Out


class Location(Out):
    """Where it is: `text` as a person typed it, and beside it coordinates with their method, radius in metres and time.

    The coordinates are the last that a person set, else the best that machines told, else those of `place`. `method`:
    `gnss`, `wifi`, `cell`, `browser`, `pin`, `coordinates`, `plus-code`, `typed`, `gazetteer`, or the network's own
    word. `measured_at`: null when nobody said when. `place`: code of a place; `place_name`: what that was called when
    it was set.
    """

    text: str | None
    lat: float | None
    lon: float | None
    method: str | None
    radius_m: float | None
    measured_at: datetime | None
    place: str | None
    place_name: str | None


class Position(Out):
    """A position that was learnt; none is ever erased. `at`: when we heard of it, `measured_at`: when it was measured.

    `source`: `network` (PIDF-LO), `handset` (AML), `link` (the caller's browser, or what the caller typed there),
    `gazetteer` (the place that somebody chose; its code is in `detail`), `person`. Without `lat` and `lon` it is an
    address or a reference of the network (`detail`), a place without coordinates, or coordinates that a person took
    out.
    """

    id: str
    at: datetime
    measured_at: datetime | None
    method: str | None
    lat: float | None
    lon: float | None
    radius_m: float | None
    source: Literal["network", "handset", "link", "gazetteer", "person"]
    detail: dict[str, str | float | None]
    by: str


class Sms(Out):
    """An SMS: `queued` while tries go on (`reason` says how the last one ended), `sent` once the gateway has it."""

    id: str
    to: str
    state: Literal["queued", "sent", "failed"]
    reason: str | None
    created_at: datetime
    tries: int
    next_try_at: datetime | None
    ended_at: datetime | None


class Link(Out):
    """A link by which the caller's browser may tell the position, once."""

    created_at: datetime
    created_by: str
    expires_at: datetime
    used_at: datetime | None
    sms: Sms | None


class WholeLocation(Location):
    """Where it is, with every position in the order in which they were learnt, and the links that the caller got."""

    positions: list[Position]
    links: list[Link]


class NewLink(Link):
    """A new link: `url` is shown this once. `notes` say what there is to know: why nothing was sent, for instance."""

    url: str
    notes: list[str]


class HandsetMessage(Out):
    """What became of a handset's message: `joined` to a report, `waiting` for its call, `no_position` (the handset does
    not know where it is), `refused`; `reason` says why. `again`: it came before, and counts once. A machine is told
    `taken` instead of the first two."""

    id: str
    state: Literal["joined", "waiting", "taken", "no_position", "refused"]
    reason: str | None
    report: str | None
    again: bool


class KeptMessage(Out):
    """A handset's message as it is kept: without the subscriber's and the device's number."""

    id: str
    at: datetime
    sent_at: datetime | None
    by: str
    number: str | None
    number_raw: str | None
    text: str
    state: Literal["joined", "waiting", "no_position", "refused"]
    reason: str | None
    report: str | None
    measured_at: datetime | None
    method: str | None
    lat: float | None
    lon: float | None
    radius_m: float | None


class KeptMessages(Out):
    """Handsets' messages, the newest first."""

    messages: list[KeptMessage] = Field(max_length=200)
