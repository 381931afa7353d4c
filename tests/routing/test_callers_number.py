"""Who is told who called: what each form says where it is withheld, and what rules say of it."""

from dataclasses import replace
from urllib.parse import unquote_plus

import pytest

from routing.formats import FORMATS, Format, body_in
from routing.rules import Case, Proposal, Recipient, Rule, next_after, of_present, propose
from tests.routing.test_rules import SATURDAY
from tests.routing.visible import ACCEPT_BY, AT, DISPATCH, EMPTY, REPORT, TYPES, URL

FIRE = Case("kebakaran", "P1", SATURDAY)
SAYS = {
    "native": '"caller":{"name":null,"number":null,"number_raw":null,"typed":null,"withheld_by_centre":true}',
    "eido": "Nomor dan nama penelepon ada pada pusat 112",
    "cap": "<contact>Nomor dan nama penelepon ada pada pusat 112",
    "open311": "attribute[caller_withheld_by_centre]=true",
}


def read(format: Format, told: bool) -> str:
    """All messages of a dispatch in a form, one after the other."""
    report = REPORT.shown_to(told)
    bodies = [body_in(format, one, AT, DISPATCH, URL, ACCEPT_BY, n, report) for n, one in enumerate(TYPES, 1)]
    text = b"\n".join(one.content for one in bodies).decode()
    return unquote_plus(text) if format == "open311" else text


@pytest.mark.parametrize("format", FORMATS)
def test_every_form_says_that_the_centre_has_it_and_holds_nothing_of_it(format: Format) -> None:
    told, untold = read(format, True), read(format, False)
    for secret in ("81234567890", "Ibu Sri"):
        assert secret in told
        assert secret not in untold
    assert untold.count(SAYS[format]) == len(TYPES)
    assert SAYS[format] not in told
    if format == "open311":
        assert "Nomor dan nama penelepon ada pada pusat 112" in untold, "people read the description"


def test_where_there_is_nothing_to_withhold_nothing_is_said() -> None:
    assert EMPTY.shown_to(False) == EMPTY
    hidden = replace(EMPTY, caller_number_raw="anonymous").shown_to(False)
    assert (hidden.caller_number_raw, hidden.caller_withheld) == (None, False), "the caller gave none"
    for known in (
        {"caller_name": "Ibu Sri"},
        {"caller_number_raw": "112233"},
        {"caller_typed": "pos 2"},
        {"caller_number": "+6281234567890"},
    ):
        assert replace(EMPTY, **known).shown_to(False) == replace(EMPTY, caller_withheld=True)  # type: ignore[arg-type]
    assert REPORT.shown_to(True) is REPORT


def told(rules: list[Rule]) -> dict[str, bool | None]:
    """What rules say of each agency that gets a fire."""
    return {one.agency: one.caller_number for one in propose(rules, FIRE)}


def test_the_rule_that_proposes_an_agency_says_it_and_else_its_own_setting() -> None:
    rules = [
        Rule(1, (Recipient("damkar"), Recipient("lapor", caller_number=False), Recipient("psc", caller_number=True))),
        Rule(2, (Recipient("lapor", caller_number=True), Recipient("damkar", caller_number=False))),
    ]
    assert told(rules) == {"damkar": None, "lapor": False, "psc": True}
    by = {word: Proposal("x", 60, 1, caller_number=word) for word in (True, False, None)}
    assert [by[word].tells_caller(own) for word in by for own in (True, False)] == [
        True,
        True,
        False,
        False,
        True,
        False,
    ]


def test_what_a_rule_withholds_the_next_of_the_ladder_is_not_told_either() -> None:
    def next_told(*more: Recipient, first: bool | None = False) -> bool | None:
        found = next_after([Rule(1, (Recipient("a", None, "b", first), *more))], FIRE, "a", {"a"})
        assert found is not None
        return found.caller_number

    assert next_told() is False
    assert next_told(Recipient("b")) is False
    assert next_told(Recipient("b", caller_number=True)) is True, "a rule says so of that one"
    assert next_told(first=True) is None, "a permission is not handed on"
    removed = of_present([Rule(1, (Recipient("a", 30, "b", False),))], {"b"})
    assert removed[0].agencies == (Recipient("b", 30, None, False),), "who stands in its place"
