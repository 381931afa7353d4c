"""Waiting for a condition of a real process: look again and again until it holds, or a deadline says it will not."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
BETWEEN_TWO_LOOKS_S = 0.02


def until(look: Callable[[], T | None], what: str, within_s: float = 10.0) -> T:
    """Return the first thing `look` returns that is not None or False.

    Raises:
        AssertionError: nothing came within `within_s` seconds; the message names `what`.
    """
    deadline = time.monotonic() + within_s
    while not (seen := look()):
        assert time.monotonic() < deadline, f"{what}: not within {within_s} s"
        time.sleep(BETWEEN_TWO_LOOKS_S)  # between two looks
    return seen
