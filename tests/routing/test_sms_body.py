"""What is posted to an SMS gateway: nothing that is put in becomes another field."""

import json
from urllib.parse import parse_qs

import pytest

from routing import sms_body
from routing.sms_body import TemplateError, fill

EVIL = '"}, {"to": "x", "&to=y {token} {to} é\n'


def test_json_is_filled_inside_its_strings() -> None:
    template = '{"to": ["{to}"], "body": {"text": "112: {text}!", "n": 1}, "key": "{token}"}'
    body, kind = fill(template, "+62812", EVIL, "secret")
    assert kind == "application/json"
    assert json.loads(body) == {"to": ["+62812"], "body": {"text": f"112: {EVIL}!", "n": 1}, "key": "secret"}


def test_a_form_is_filled_encoded() -> None:
    body, kind = fill("to={to}&message={text}&v=1", "+62812", EVIL, "secret")
    assert kind == "application/x-www-form-urlencoded"
    assert parse_qs(body.decode()) == {"to": ["+62812"], "message": [EVIL], "v": ["1"]}


@pytest.mark.parametrize("template", ["", '{"to": "{to}"}', "{text}", "{to} {text}"])
def test_what_is_no_template_is_refused(template: str) -> None:
    with pytest.raises(TemplateError):
        sms_body.check(template)


@pytest.mark.parametrize("template", [sms_body.DEFAULT, "to={to}&text={text}", '{"a": "{to}{text}{token}"}'])
def test_what_is_one_is_not(template: str) -> None:
    sms_body.check(template)
