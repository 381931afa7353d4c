"""Thirty and more forms in which carriers and people write a number."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake import numbers

FORMS: dict[str | None, str | None] = {
    "+6281234567890": "+6281234567890",
    "6281234567890": "+6281234567890",
    "081234567890": "+6281234567890",
    "81234567890": "+6281234567890",
    "0812-3456-7890": "+6281234567890",
    "0812 3456 7890": "+6281234567890",
    "+62 812 3456 7890": "+6281234567890",
    "(0328) 662112": "+62328662112",
    "0328662112": "+62328662112",
    "328662112": "+62328662112",
    "62328662112": "+62328662112",  # not +6262328662112, which phonenumbers calls valid
    "+62328662112": "+62328662112",
    "0062328662112": "+62328662112",
    "tel:+62328662112": "+62328662112",
    "<sip:+6281234567890@pbx.example;user=phone>": "+6281234567890",
    "+6281234567890;ext=5": "+6281234567890",
    "021500111": "+6221500111",
    "+12025550147": "+12025550147",
    "001 1 202 555 0147": "+12025550147",
    "+6591234567": "+6591234567",
    "６２８１２３４５６７８９０": "+6281234567890",
    "\u00a0081234567890 ": "+6281234567890",
    None: None,
    "": None,
    "<unknown>": None,
    "unknown": None,
    "anonymous": None,
    "Restricted": None,
    "sip:anonymous@anonymous.invalid": None,
    "112": None,
    "+62112": None,
    "662112": None,
    "1500123": None,
    "+628120000": None,
    "00000000000": None,
    "356938035643809": None,  # an IMEI: a telephone without a SIM
    "35693803564380": None,
    "3569380356438090": None,
    "0812CONTOH": None,
    "081234567890\r\nEvent: x": None,
    "9" * 400: None,
    "+": None,
    "٠": None,
}


@pytest.mark.parametrize("raw", FORMS)
def test_form(raw: str | None) -> None:
    assert numbers.e164(raw) == FORMS[raw]


@pytest.mark.parametrize(
    ("raw", "strip", "area", "number"),
    [
        ("662112", None, "0328", "+62328662112"),
        ("662112", None, None, None),
        ("9081234567890", "9", None, "+6281234567890"),
        ("0081234567890", "0", "0328", "+6281234567890"),
        ("081234567890", None, "0328", "+6281234567890"),
        ("62328662112", None, "0328", "+62328662112"),
        ("112", None, "0328", None),
        ("1500123", None, "0328", None),
        ("anonymous", "9", "0328", None),
        (None, "9", "0328", None),
    ],
)
def test_as_a_trunk_writes_it(raw: str | None, strip: str | None, area: str | None, number: str | None) -> None:
    assert numbers.incoming(raw, strip, area) == number


@pytest.mark.parametrize(
    ("out", "dialled"), [("e164", "+62328662112"), ("digits", "62328662112"), ("national", "0328662112")]
)
def test_as_a_trunk_dials_it(out: str, dialled: str) -> None:
    assert numbers.outgoing("+62328662112", out) == dialled


@given(st.text())
def test_no_text_breaks_it(raw: str) -> None:
    found = numbers.e164(raw)
    assert found is None or (found.startswith("+") and found[1:].isdecimal() and len(found) <= 20)
    assert set(numbers.digits(raw)) <= set("0123456789")


def test_digits() -> None:
    assert numbers.digits("+62 (328) 66-21-12") == "62328662112"
    assert numbers.digits(None) == ""
    assert len(numbers.digits("1" * 100)) == 64


@pytest.mark.parametrize(
    ("number", "pressed"),
    [
        ("+6281200000001", "081200000001"),
        ("+62328661113", "0328661113"),
        ("0328661113", "0328661113"),
        ("113", "113"),
        ("+4930123456", "004930123456"),
    ],
)
def test_which_keys_dial_a_number(number: str, pressed: str) -> None:
    assert numbers.keys(number) == pressed


@pytest.mark.parametrize(
    ("raw", "dialled"),
    [("0328661", "0328661"), ("+62812000", "+62812000"), ("12", None), ("0812-1", None), (None, None)],
)
def test_what_can_be_dialled_back(raw: str | None, dialled: str | None) -> None:
    assert numbers.diallable(raw) == dialled
