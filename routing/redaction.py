"""What an agency's answer may not show in our delivery log: secrets, signatures made with them, pages' links.

Receivers that are being set up echo what they got, or print what they compared. A secret is known by its prefix, and,
where the receiver left the prefix out, by being one of those that this letter was signed with; all also in the forms
in which JSON and web forms write `/`, `+` and `=`. A link's token is known by the `/a/` or `/l/` before it, however
often that was encoded.
"""

import re
from collections.abc import Iterable

HIDDEN = "[disembunyikan]"
_BASE64 = r"(?:[A-Za-z0-9+/=_-]|\\/|%2[BbFf]|%3[Dd]|\\u00(?:2[BbFf]|3[Dd]))"
_SLASH = r"(?:\\*/|%(?:25)*2[Ff]|\\+u002[Ff])"
_KNOWN = re.compile(
    rf"{_SLASH}[al]{_SLASH}[A-Za-z0-9_-]{{43}}|"
    rf"(?:wh(?:sec|sk)_|i112_){_BASE64}*|v1a?(?:,|%2[Cc]|\\u002[Cc]){_BASE64}{{20,}}",
)
_FORMS = {"/": r"(?:\\?/|%2[Ff]|\\u002[Ff])", "+": r"(?:\+|%2[Bb]|\\u002[Bb])", "=": r"(?:=|%3[Dd]|\\u003[Dd])?"}
_PLAIN = re.compile("[/+=]")  # what is between these is written in one way
_SHORTEST = 16  # a shorter one would hide words that are none


def redacted(text: str, keys: Iterable[str] = (), signature: str = "") -> str:
    """Return the text without secrets.

    `keys` are those that sign to this agency (`whsec_…`, `whsk_…`), `signature` is the header's value.
    """
    text = _KNOWN.sub(HIDDEN, text)
    bare = [key.partition("_")[2] for key in keys] + [one.partition(",")[2] for one in signature.split()]
    for secret in bare:
        if len(secret) >= _SHORTEST and max(_PLAIN.split(secret), key=len) in text:
            text = re.sub("".join(_FORMS.get(c) or re.escape(c) for c in secret), HIDDEN, text)
    return text
