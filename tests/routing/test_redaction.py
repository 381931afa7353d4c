"""Receivers echo what they got; our log does not keep secrets that come back."""

import json
from urllib.parse import quote

import pytest

from routing import signing
from routing.redaction import HIDDEN, redacted

SECRET = signing.make_secret(bytes(range(200, 232)))  # holds + and /
KEY = signing.make_key(bytes(range(100, 132)))
SIGNATURE = signing.sign([SECRET, KEY], "018f", 1, b"{}")
TOKEN = "i112_dGhpcyBpcyBub3QgYSB0b2tlbg-_x"
PAGE = "qN3vXr8mZk2Tj5Wc9LsYh7Pd1FgBu4Ea6RoI-_UxMtS"  # the phone page's


@pytest.mark.parametrize("secret", [SECRET, KEY, SIGNATURE, TOKEN, SIGNATURE.split()[1]])
@pytest.mark.parametrize("written", [str, json.dumps, quote, lambda text: json.dumps(text).replace("/", "\\/")])
def test_what_is_known_by_its_prefix(secret: str, written: object) -> None:
    assert callable(written)
    said = redacted(f"salah: {written(secret)} <- ini", [], "")
    assert HIDDEN in said
    assert said.startswith("salah: ")
    assert said.endswith("<- ini")
    for word in secret.split():
        assert word[-12:-2] not in said


@pytest.mark.parametrize("written", [str, lambda text: quote(text, safe=""), lambda text: text.replace("/", "\\/")])
def test_what_is_known_because_this_letter_bears_it(written: object) -> None:
    assert callable(written)
    for bare in (SECRET.partition("_")[2], KEY.partition("_")[2], SIGNATURE.split()[0].partition(",")[2]):
        assert redacted(f"expected {written(bare)}.", [SECRET, KEY], SIGNATURE) == f"expected {HIDDEN}."


@pytest.mark.parametrize(
    "written",
    [
        str,
        json.dumps,
        lambda text: quote(text, safe=""),
        lambda text: quote(quote(text, safe=""), safe="").lower().replace(PAGE.lower(), PAGE),
        lambda text: text.replace("/", "\\/"),
        lambda text: json.dumps(text.replace("/", "\\/")),
        lambda text: text.replace("/", "\\u002f"),
    ],
)
@pytest.mark.parametrize("page", ["a", "l"])
def test_the_links_of_pages(written: object, page: str) -> None:
    assert callable(written)
    said = redacted(f"salah: {written(f'https://112.example/{page}/{PAGE}')} <- ini")
    assert PAGE[:8] not in said
    assert PAGE[-8:] not in said
    assert HIDDEN in said
    assert said.startswith("salah: ")
    assert said.endswith("<- ini")


def test_words_that_are_no_secrets_stay() -> None:
    said = '{"error":"signature v1, mismatch","version":"v1,2","id":"018f","url":"/a/b","path":"/data/0195923c-7d8e"}'
    assert redacted(said, [SECRET], SIGNATURE) == said
