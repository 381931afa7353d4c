"""Which agencies a report goes to, by which rule, and what is said of the rules that do not fit."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.rule_faults import faults
from routing.rules import (
    DAY,
    EVERY_DAY,
    Case,
    Hours,
    Proposal,
    Recipient,
    Rule,
    accept_within_s,
    automatic,
    chosen,
    fit,
    next_after,
    of_present,
    propose,
    removed,
)
from routing.simulation import explain, sentence

WIB = ZoneInfo("Asia/Jakarta")
SATURDAY = datetime(2026, 3, 14, 9, 0, tzinfo=WIB)


def case(kind: str | None = "kebakaran", priority: str | None = "P1", *places: str, at: datetime = SATURDAY) -> Case:
    """Return what rules ask of a report."""
    return Case(kind, priority, at, frozenset(places))


def to(*codes: str) -> tuple[Recipient, ...]:
    """Return recipients without anything special."""
    return tuple(Recipient(code) for code in codes)


RULES = [
    Rule(1, (Recipient("damkar"), Recipient("bpbd", accept_within_s=120)), kinds=("kebakaran", "hewan")),
    Rule(2, to("dlh"), kinds=("pohon",)),
    Rule(3, to("satpol")),
    Rule(4, (Recipient("damkar", accept_within_s=10),), kinds=("kebakaran",)),
]


@pytest.mark.parametrize(
    ("kind", "priority", "expected"),
    [
        pytest.param("kebakaran", "P1", [("damkar", 60, 1), ("bpbd", 120, 1), ("satpol", 60, 3)], id="kind-and-all"),
        pytest.param("pohon", "P2", [("dlh", 300, 2), ("satpol", 300, 3)], id="another-kind"),
        pytest.param("pohon", "P3", [("dlh", 900, 2), ("satpol", 900, 3)], id="slow-priority"),
        pytest.param("laka", "P1", [("satpol", 60, 3)], id="kind-without-rule"),
        pytest.param(None, None, [("satpol", 300, 3)], id="nothing-known-yet"),
    ],
)
def test_proposal(kind: str | None, priority: str | None, expected: list[tuple[str, int, int]]) -> None:
    assert propose(RULES, case(kind, priority)) == [Proposal(*item) for item in expected]


def test_no_rules_propose_nobody() -> None:
    assert propose([], case()) == []
    assert sentence([], case()).startswith("This report would go to nobody")


@pytest.mark.parametrize(("priority", "seconds"), [("P1", 60), ("P2", 300), ("P3", 900), (None, 300)])
def test_time_to_accept(priority: str | None, seconds: int) -> None:
    assert accept_within_s(priority) == seconds


# -- what is not known yet ---------------------------------------------------------------------------------------------

ISLAND = Rule(1, to("damkar-kangean"), kinds=("kebakaran",), places=("kangean", "sapeken"), automatic=True)
URGENT = Rule(2, to("psc119"), priorities=("P1",), automatic=True)
ALL = Rule(3, to("satpol"))


@pytest.mark.parametrize(
    ("given", "certain", "possible", "sent"),
    [
        pytest.param(
            case("kebakaran", "P1", "sapeken", "pulau"), ["damkar-kangean", "psc119", "satpol"], [], 3, id="all"
        ),
        pytest.param(case("kebakaran", "P2", "kota"), ["satpol"], [], 1, id="elsewhere-and-not-urgent"),
        pytest.param(case("kebakaran", "P1"), ["psc119", "satpol"], ["damkar-kangean"], 2, id="place-unknown"),
        pytest.param(case("kebakaran", None), ["satpol"], ["damkar-kangean", "psc119"], 1, id="neither-known"),
        pytest.param(case("laka", "P1"), ["psc119", "satpol"], [], 2, id="another-kind-is-known"),
    ],
)
def test_what_hangs_on_the_unknown_stands_behind_and_is_marked(
    given: Case, certain: list[str], possible: list[str], sent: int
) -> None:
    found = propose([ISLAND, URGENT, ALL], given)
    assert [one.agency for one in found if one.certain] == certain
    assert [one.agency for one in found[len(certain) :]] == possible
    assert len(chosen(found)) == sent
    assert {one.agency for one in automatic([ISLAND, URGENT, ALL], given)} == set(certain) - {"satpol"}


def test_rather_one_engine_too_many_than_none() -> None:
    other = Rule(2, to("damkar-kota"), kinds=("kebakaran",), places=("kota",))
    assert [one.agency for one in chosen(propose([ISLAND, other], case()))] == ["damkar-kangean", "damkar-kota"]
    assert automatic([ISLAND, other], case()) == []


def test_the_ladder_of_a_place_nobody_knows_goes_on() -> None:
    rule = Rule(1, (Recipient("damkar-kangean", None, "polairud"),), places=("kangean",))
    following = next_after([rule], case(), "damkar-kangean", set())
    assert following == Proposal("polairud", 60, 1, certain=False)


# -- hours -------------------------------------------------------------------------------------------------------------

minutes = st.integers(0, DAY - 1)


@given(
    start=minutes,
    end=st.integers(1, DAY),
    days=st.frozensets(st.sampled_from(sorted(EVERY_DAY)), min_size=1),
    at=st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),  # noqa: DTZ001 a wall clock
)
def test_hours_hold_from_begin_to_end(start: int, end: int, days: frozenset[int], at: datetime) -> None:
    """Counted another way: some day of theirs began so long before this minute that it is not over."""
    now = at.replace(second=0, microsecond=0)
    lasts = timedelta(minutes=(end - start) if start < end else end + DAY - start)
    begins = [
        (now - timedelta(days=back)).replace(hour=0, minute=0) + timedelta(minutes=start)
        for back in (0, 1)
        if (now - timedelta(days=back)).isoweekday() in days
    ]
    expected = any(begin <= now < begin + lasts for begin in begins)
    assert Hours(start, end, days).hold(at) is expected


@pytest.mark.parametrize(
    ("at", "holds"),
    [
        ("2026-03-13T21:59", False),
        ("2026-03-13T22:00", True),
        ("2026-03-14T05:59", True),
        ("2026-03-14T06:00", False),
        ("2026-03-14T23:00", False),
        ("2026-03-13T03:00", False),
    ],
)
def test_a_friday_night_ends_on_saturday(at: str, holds: bool) -> None:
    friday_night = Rule(1, to("satpol"), hours=(Hours(22 * 60, 6 * 60, frozenset({5})),))
    asked = case(at=datetime.fromisoformat(at).replace(tzinfo=WIB))
    assert fit(friday_night, asked).failed == (() if holds else ("hours",))
    utc = asked.local_time.astimezone(UTC).astimezone(WIB)
    assert fit(friday_night, case(at=utc)) == fit(friday_night, asked)


# -- agencies that are no more -----------------------------------------------------------------------------------------


def test_who_is_no_more_is_skipped_said_and_followed_by_the_next() -> None:
    rules = [
        Rule(1, (Recipient("old", 90, "bpbd"), Recipient("damkar", None, "old")), kinds=("kebakaran",)),
        Rule(2, to("old"), kinds=("pohon",)),
    ]
    used = of_present(rules, {"damkar", "bpbd"})
    assert propose(used, case()) == [Proposal("bpbd", 90, 1), Proposal("damkar", 60, 1)]
    assert next_after(used, case(), "damkar", set()) == Proposal("bpbd", 90, 1), "the ladder passes over it"
    assert removed(used, case()) == ["old"]
    assert removed(used, case("laka")) == []
    assert [one.why for one in explain(used, case("pohon"))] == [
        "it is for kebakaran, the report is pohon; old: removed, skipped",
        "all it asks holds; old: removed, skipped; nobody is left to send to",
    ]
    assert of_present(rules, {"damkar", "bpbd", "old"}) == rules


# -- words -------------------------------------------------------------------------------------------------------------


def test_each_rule_says_why() -> None:
    night = Rule(4, to("linmas"), hours=(Hours(22 * 60, 6 * 60), Hours(0, DAY, frozenset({7, 6}))))
    office = Rule(5, to("dishub"), kinds=("laka",), hours=(Hours(8 * 60, 16 * 60, frozenset({1, 2})),), version=7)
    told = explain([ISLAND, URGENT, ALL, night, office], case("kebakaran", None))
    assert [(one.fits, one.failed, one.unknown) for one in told] == [
        ("possible", (), ("place",)),
        ("possible", (), ("priority",)),
        ("yes", (), ()),
        ("yes", (), ()),
        ("no", ("kind", "hours"), ()),
    ]
    assert told[0].why == "it is for kangean, sapeken, the report is at a place nobody knows yet"
    assert told[4].why == "it is for laka, the report is kebakaran; it holds Mon,Tue 08:00-16:00, now is Sat 09:00"
    assert sentence([URGENT, office], case("laka", "P1", at=datetime(2026, 3, 16, 9, tzinfo=WIB))) == (
        "This report would go to psc119 (60 s, by rule 2, automatically); dishub (60 s, by rule 5 of version 7)."
    )


conditions = st.builds(
    Rule,
    number=st.integers(1, 9),
    agencies=st.just(to("damkar")),
    kinds=st.sampled_from([(), ("kebakaran",), ("pohon", "pju")]),
    priorities=st.sampled_from([(), ("P1",)]),
    places=st.sampled_from([(), ("kota",)]),
    hours=st.sampled_from([(), (Hours(0, 60),)]),
    automatic=st.booleans(),
)


@given(
    rules=st.lists(conditions, max_size=5),
    asked=st.builds(
        Case,
        st.sampled_from([None, "kebakaran", "pju"]),
        st.sampled_from([None, "P1", "P2"]),
        st.just(SATURDAY),
        st.sampled_from([frozenset(), frozenset({"kota"}), frozenset({"kangean"})]),
    ),
)
def test_the_simulator_says_what_is_done(rules: list[Rule], asked: Case) -> None:
    fits = {one.fits for one in explain(rules, asked)}
    found = propose(rules, asked)
    assert [one.certain for one in found] == ([True] if "yes" in fits else [False] if "possible" in fits else [])
    assert bool(automatic(rules, asked)) == any(
        rule.automatic and one.fits == "yes" for rule, one in zip(rules, explain(rules, asked), strict=True)
    )
    assert ("nobody" in sentence(rules, asked)) == (not found)


# -- faults ------------------------------------------------------------------------------------------------------------

KINDS, AGENCIES = {"kebakaran", "pohon"}, {"damkar", "bpbd", "polres"}


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Rule(1, to("damkar"), kinds=("naga",)), "no kind 'naga'"),
        (Rule(1, to("satpol")), "no agency 'satpol'"),
        (Rule(1, (Recipient("damkar", None, "satpol"),)), "no agency 'satpol'"),
        (Rule(1, ()), "names no agency"),
        (Rule(1, to("damkar", "bpbd", "damkar")), "names 'damkar' twice"),
        (Rule(1, (Recipient("damkar", None, "damkar"),)), "goes round: damkar → damkar"),
        (
            Rule(
                1,
                (
                    Recipient("damkar", None, "bpbd"),
                    Recipient("bpbd", None, "polres"),
                    Recipient("polres", None, "bpbd"),
                ),
            ),
            "goes round: bpbd → polres → bpbd",
        ),
        (Rule(1, to("damkar"), hours=(Hours(60, 60),)), "same minute"),
        (Rule(1, to("damkar"), hours=(Hours(DAY, 60),)), "none of a day"),
        (Rule(1, to("damkar"), hours=(Hours(0, 60, frozenset()),)), "no day"),
    ],
)
def test_a_fault_names_its_rule(rule: Rule, words: str) -> None:
    (told,) = faults([rule], KINDS, AGENCIES)
    assert told.startswith("Rule 1: ")
    assert words in told


def test_the_same_twice_and_everything_at_once() -> None:
    good = Rule(1, (Recipient("damkar", None, "bpbd"), Recipient("bpbd", None, "polres")), ("kebakaran", "pohon"))
    same = Rule(2, to("damkar", "bpbd"), ("pohon", "kebakaran"))
    assert faults([good], KINDS, AGENCIES) == []
    assert [told[:7] for told in faults([good, same, Rule(3, to("x"))], KINDS, AGENCIES)] == ["Rule 2:", "Rule 3:"]
