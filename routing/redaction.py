"""What an agency's answer may not show in our delivery log: secrets, signatures made with them, pages' links.

Receivers that are being set up echo what they got, or print what they compared. A secret is known by its prefix, and,
where the receiver left the prefix out, by being one of those that this letter was signed with; all also in the forms
in which JSON and web forms write `/`, `+` and `=`. A link's token is known by the `/a/` or `/l/` before it, however
often that was encoded. What a letter carries in the clear (a platform's api_key, a gateway's token) may be any short
word, and is known in every form in which its signs are written.
"""

import html
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


def redacted(text: str, keys: Iterable[str] = (), signature: str = "", hidden: Iterable[str] = ()) -> str:
    """Return the text without secrets.

    `keys` are those that sign to this agency (`whsec_…`, `whsk_…`), `signature` is the header's value, `hidden` what
    the letter carried in the clear.
    """
    for secret in filter(None, hidden):
        text = re.sub("".join(map(_any_form, secret)), HIDDEN, text)
    text = _KNOWN.sub(HIDDEN, text)
    bare = [key.partition("_")[2] for key in keys] + [one.partition(",")[2] for one in signature.split()]
    for secret in bare:
        if len(secret) >= _SHORTEST and max(_PLAIN.split(secret), key=len) in text:
            text = re.sub("".join(_FORMS.get(c) or re.escape(c) for c in secret), HIDDEN, text)
    return text


def _any_form(sign: str) -> str:
    """Return a pattern of one character as it is, in JSON, in a form's or an address's encoding, and in HTML."""
    if sign.isalnum():
        return sign
    code, plain = f"{ord(sign):02x}", re.escape(sign)
    in_html = rf"&#(?:[xX]0*(?i:{code})|0*{ord(sign)});|{re.escape(html.escape(sign))}"
    return rf"(?:\\*{plain}|%(?:25)*(?i:{code})|\\+u00(?i:{code})|{in_html})"
