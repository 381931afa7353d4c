"""What `intake112 agency test` sends: a series of letters of one made-up dispatch, each with a question.

Every letter is marked in each way there is: `exercise` true, class `test`, number `...-0000` (reports are counted from
1), and words that say so. All are of one dispatch, which the last letter cancels, so that nothing stays open at the
agency. Those that must be refused have an id of their own: who knows an id already may answer 2xx without a look.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final

from routing import formats, signing
from routing.envelope import canonical
from routing.formats import Format
from routing.visible import EnvelopeType, VisibleReport

STRANGER: Final = signing.make_secret(b"a secret that no agency has: 112")
TOO_OLD: Final = timedelta(minutes=10)
ACCEPT_WITHIN: Final = timedelta(minutes=15)
NARRATIVE: Final = "UJI COBA №1/2 — bukan kejadian nyata, jangan berangkat. TEST: nothing has happened, do not respond."


class Question(Enum):
    """What a letter asks of a receiver."""

    GOOD = "a good signature"
    UNSIGNED = "no signature"
    MALFORMED = "a malformed signature"
    STRANGER = "a stranger's signature"
    CHANGED = "a changed body"
    OLD = "an old timestamp"
    AGAIN = "the same again"
    ROTATION = "two signatures"
    UNKNOWN = "an unknown type"
    CANCELLED = "the cancellation"


@dataclass(frozen=True, slots=True)
class Probe:
    """One letter; `at` is its timestamp."""

    question: Question
    id: str
    at: datetime
    signature: str
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Examinee:
    """Whom the letters go to: code, form, what signs to it, where it would answer, its platform's key."""

    code: str
    format: Format
    jurisdiction_id: str | None
    keys: Sequence[str]
    public_url: str
    api_key: str | None = None


def series(examinee: Examinee, now: datetime, new_id: Callable[[datetime], str]) -> list[Probe]:
    """Return the letters in the order in which they are to be sent."""
    dispatch_id = new_id(now)
    made: list[Probe] = []

    def written(type: EnvelopeType, sequence: int) -> formats.Body:
        answer_url = f"{examinee.public_url.rstrip('/')}/agency/v1/dispatches/{dispatch_id}/answers"
        body = formats.body_in(
            examinee.format,
            type,
            now,
            dispatch_id,
            answer_url,
            now + ACCEPT_WITHIN,
            sequence,
            report(now),
            agency=examinee.code,
            jurisdiction_id=examinee.jurisdiction_id,
            earlier=[(n, now) for n in range(1, sequence)],
        )
        return replace(body, content=formats.with_key(body.content_type, body.content, examinee.api_key))

    def ask(
        question: Question,
        letter: formats.Body,
        *,
        keys: Sequence[str] = examinee.keys,
        at: datetime = now,
        id: str | None = None,
        signature: str | None = None,
        sent: bytes | None = None,
    ) -> None:
        id = id or new_id(now)
        signed = signing.sign(keys, id, int(at.timestamp()), letter.content) if signature is None else signature
        made.append(Probe(question, id, at, signed, letter.content_type, sent or letter.content))

    created = written("dispatch.created", 1)
    ask(Question.GOOD, created)
    ask(Question.UNSIGNED, created, signature="")
    ask(Question.MALFORMED, created, signature="v1 v1, v1,!!! ,")
    ask(Question.STRANGER, created, keys=[STRANGER])
    ask(Question.CHANGED, created, sent=created.content.replace(b"UJI", b"UJO", 1))
    ask(Question.OLD, created, at=now - TOO_OLD)
    ask(Question.AGAIN, created, id=made[0].id)
    ask(Question.ROTATION, written("report.updated", 2), keys=[STRANGER, *examinee.keys])
    sequence = 3
    if examinee.format == "native":
        ask(Question.UNKNOWN, _unknown(written("report.updated", sequence)))
        sequence += 1
    ask(Question.CANCELLED, written("dispatch.cancelled", sequence))
    return made


def report(now: datetime) -> VisibleReport:
    """Return the made-up report."""
    return VisibleReport(
        number=f"112-{now:%Y%m%d}-0000",
        version=1,
        status="dispatched",
        classification="test",
        kind="lain",
        priority="P3",
        source="test",
        exercise=True,
        opened_at=now,
        caller_number=None,
        caller_number_raw=None,
        caller_name="Uji coba (rekaan)",
        location_text="Uji coba, bukan tempat kejadian",
        location_lat=None,
        location_lon=None,
        narrative=NARRATIVE,
    )


def _unknown(letter: formats.Body) -> formats.Body:
    """Return a native letter as a later release may send it: of a type and with a field that nobody knows yet."""
    envelope = json.loads(letter.content)
    envelope["type"] = "test.unknown"
    envelope["data"]["test_unknown"] = {"of": ["a later release", 112, None]}
    return formats.Body(letter.content_type, canonical(envelope))
