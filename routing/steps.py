"""Which step of a dispatch may follow which: forward only, steps may be skipped, never backwards."""

from typing import Literal, get_args

from db.states import NOT_LIVE

AnswerWord = Literal["accepted", "rejected", "en_route", "on_scene", "resolved"]
Step = Literal["sent", "delivered", "accepted", "rejected", "en_route", "on_scene", "resolved"]
ANSWERS: tuple[AnswerWord, ...] = get_args(AnswerWord)
_ORDER = (("queued",), ("sent",), ("delivered",), ("accepted", "rejected"), ("en_route",), ("on_scene",), ("resolved",))
_RANK = {state: rank for rank, states in enumerate(_ORDER) for state in states}


def step(state: str, to: Step) -> Step | None:
    """Return the new state, or None when `to` is no step forward: it is late, repeated, or the dispatch has ended.

    Rejected is an end: an agency that changes its mind is sent a new dispatch, which may be with it already.
    """
    if state in NOT_LIVE or _RANK[to] <= _RANK[state]:
        return None
    return to


def answer_word(value: object) -> AnswerWord | None:
    """Return the value if it is one of the five answers."""
    return next((word for word in ANSWERS if word == value), None)
