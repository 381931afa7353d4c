"""What is posted to an SMS gateway: a template with `{to}`, `{text}` and, where the gateway wants it so, `{token}`.

A template that is a JSON object is posted as JSON, each place filled in inside the strings that hold it; any other is a
form (`to={to}&message={text}`), each place percent-encoded. So no number and no text can become another field.
"""

import json
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote_plus

DEFAULT: Final = '{"to": "{to}", "text": "{text}"}'
NEEDED: Final = ("{to}", "{text}")


class TemplateError(Exception):
    """The template cannot be used; the message says why."""


def check(template: str) -> None:
    """Raise TemplateError unless a body can be made of the template."""
    for place in NEEDED:
        if place not in template:
            raise TemplateError(f"{place} is missing")
    body, _ = fill(template, "+628000000000", "a", "b")
    if _as_json(template) is None and b"=" not in body:
        raise TemplateError("it is neither a JSON object nor a form")


def has_token(template: str) -> bool:
    """Return whether the token goes into the body, and not into a header."""
    return "{token}" in template


def fill(template: str, to: str, text: str, token: str) -> tuple[bytes, str]:
    """Return the body and its content type."""
    places = {"{to}": to, "{text}": text, "{token}": token}
    shape = _as_json(template)
    if shape is not None:
        return json.dumps(_filled(shape, places), ensure_ascii=False).encode(), "application/json"
    encoded = {name: quote_plus(value) for name, value in places.items()}
    return _put(template, encoded).encode(), "application/x-www-form-urlencoded"


def _as_json(template: str) -> dict[str, object] | None:
    try:
        shape = json.loads(template)
    except ValueError:
        return None
    return shape if isinstance(shape, dict) else None


def _filled(shape: object, places: Mapping[str, str]) -> object:
    match shape:
        case str():
            return _put(shape, places)
        case list():
            return [_filled(one, places) for one in shape]
        case dict():
            return {name: _filled(one, places) for name, one in shape.items()}
        case _:
            return shape


def _put(text: str, places: Mapping[str, str]) -> str:
    """Fill the places in one walk: what is put in is not looked through again."""
    parts, rest = [], text
    while rest:
        start, name = min(((at, name) for name in places if (at := rest.find(name)) >= 0), default=(len(rest), ""))
        parts += [rest[:start], places.get(name, "")]
        rest = rest[start + len(name) :]
    return "".join(parts)
