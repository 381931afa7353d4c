"""Text as it comes from outside, and what of it a database can keep."""

import re

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def storable(text: str) -> str:
    """Return the text with U+FFFD for the two things a database cannot keep: NUL and half a surrogate pair."""
    return _UNSTORABLE.sub("\ufffd", text)


def is_storable(text: str) -> bool:
    """Return whether a database can keep the text as it is."""
    return _UNSTORABLE.search(text) is None
