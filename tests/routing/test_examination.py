"""The letters of `intake112 agency test`: each is what its question says, in every form, and marked as a test."""

import itertools
from urllib.parse import unquote_plus

import pytest

from intake112.agency_verdicts import MUST_REFUSE, MUST_TAKE
from routing.examination import Examinee, Question, series
from routing.formats import FORMATS, Format
from routing.signing import BadSignatureError, make_key, make_secret, public_key, verify
from tests.conftest import START

SECRET, KEY = make_secret(b"s" * 32), make_key(b"k" * 32)


@pytest.mark.parametrize("format", FORMATS)
def test_each_letter_is_what_its_question_says(format: Format) -> None:
    numbers = itertools.count(1)
    examinee = Examinee("damkar", format, None, [SECRET, KEY], "https://112.example")
    probes = series(examinee, START, lambda _: f"0195923c-0000-7000-8000-{next(numbers):012}")
    asked = [probe.question for probe in probes]
    assert asked == [one for one in Question if format == "native" or one is not Question.UNKNOWN]
    assert set(Question) == {Question.GOOD, *MUST_TAKE, *MUST_REFUSE}
    by = {probe.question: probe for probe in probes}
    for probe in probes:
        at, now = str(int(probe.at.timestamp())), START.timestamp()
        for key in (SECRET, public_key(KEY)):  # an agency has one of them, or both
            if probe.question in MUST_REFUSE:
                with pytest.raises(BadSignatureError):
                    verify([key], probe.id, at, probe.signature, probe.body, now)
            else:
                verify([key], probe.id, at, probe.signature, probe.body, now)
        text = unquote_plus(probe.body.decode())
        assert "bukan kejadian nyata" in text
        assert f"112-{START:%Y%m%d}-0000" in text
    good, changed = by[Question.GOOD].body, by[Question.CHANGED].body
    assert len(good) == len(changed)
    assert sum(a != b for a, b in zip(good, changed, strict=True)) == 1
    assert by[Question.AGAIN].id == by[Question.GOOD].id
    assert len({probe.id for probe in probes}) == len(probes) - 1
    old = by[Question.OLD]  # only its time is wrong
    verify([SECRET], old.id, str(int(old.at.timestamp())), old.signature, good, old.at.timestamp())
