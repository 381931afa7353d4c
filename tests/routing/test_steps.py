"""Forward only, steps may be skipped, never backwards."""

import itertools

import pytest

from routing.steps import ANSWERS, Step, answer_word, step

FORWARD: list[Step] = ["sent", "delivered", "accepted", "en_route", "on_scene", "resolved"]


@pytest.mark.parametrize(
    ("state", "to", "expected"),
    [
        pytest.param("queued", "sent", "sent", id="first-try"),
        pytest.param("queued", "delivered", "delivered", id="delivered-at-once"),
        pytest.param("queued", "accepted", "accepted", id="answered-before-our-2xx"),
        pytest.param("delivered", "resolved", "resolved", id="all-skipped"),
        pytest.param("delivered", "rejected", "rejected", id="rejected"),
        pytest.param("accepted", "accepted", None, id="repeated"),
        pytest.param("en_route", "accepted", None, id="late"),
        pytest.param("accepted", "delivered", None, id="2xx-after-the-answer"),
        pytest.param("accepted", "rejected", None, id="accepted-then-rejected"),
        pytest.param("rejected", "accepted", None, id="rejected-is-an-end"),
        pytest.param("rejected", "en_route", None, id="rejected-and-on-the-way"),
        pytest.param("cancelled", "accepted", None, id="cancelled-is-an-end"),
        pytest.param("resolved", "on_scene", None, id="resolved-is-last"),
    ],
)
def test_step(state: str, to: Step, expected: Step | None) -> None:
    assert step(state, to) == expected


def test_every_later_step_may_follow_every_earlier_one_and_never_the_other_way() -> None:
    for earlier, later in itertools.combinations(FORWARD, 2):
        assert step(earlier, later) == later
        assert step(later, earlier) is None


@pytest.mark.parametrize("value", [None, 1, "", "ACCEPTED", "sent", ["accepted"], {"accepted": 1}])
def test_what_is_no_answer(value: object) -> None:
    assert answer_word(value) is None


def test_the_five_answers() -> None:
    assert [answer_word(word) for word in ANSWERS] == ["accepted", "rejected", "en_route", "on_scene", "resolved"]
