"""Text as it comes from outside: what of it a database can keep, and a terminal may be shown."""

import re

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def storable(text: str) -> str:
    """Return the text with U+FFFD for the two things a database cannot keep: NUL and half a surrogate pair."""
    return _UNSTORABLE.sub("\ufffd", text)


def is_storable(text: str) -> bool:
    """Return whether a database can keep the text as it is."""
    return _UNSTORABLE.search(text) is None


def inert(text: str) -> str:
    """Return the text without what would move a terminal's cursor or forge a line."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
