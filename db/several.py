"""Lists in a statement: `WHERE id IN (…)`."""

from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


def several(values: Iterable[T]) -> list[T]:
    """Return the values for an `IN`, the last one repeated up to 1, 2, 4, 8, 16 … of them.

    Every length is a statement of its own to PostgreSQL, and its driver keeps a hundred prepared on a connection.
    """
    found = list(values)
    return found + found[-1:] * ((1 << (len(found) - 1).bit_length()) - len(found) if found else 0)
