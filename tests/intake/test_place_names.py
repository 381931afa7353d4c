"""The real names of the regency, misspelt by a seeded script: 95 of 100 are in the first three answers.

What counts as right: where the question has the kecamatan, the place itself (its code); where it has only a name, a
place of that name, since many desa share one and nothing in the question tells them apart.
"""

from random import Random

import pytest

from intake import area_data
from intake.gazetteer import Index, Place
from intake.placing import merged, official_rows
from intake.spelling import words
from intake112 import area_package
from tests.intake.area import real
from tests.intake.misspelling import misspelt

pytestmark = pytest.mark.real
FORMS = ["desa {} kecamatan {}", "{}, {}", "{} {}"]  # each for a third of the desa
REGENCY, SEEDS = "35.29", range(2)


@pytest.fixture(scope="module")
def index() -> Index:
    """All names of the regency."""
    named = area_data.cut(area_package.opened(real()).files, REGENCY)
    return Index(merged(official_rows(named)).values())


def of_the_name(one: Place) -> str:
    """Return the name without what nobody hears: Karangnangka and Karang Nangka are one."""
    return "".join(words(one.name))


def test_the_list_is_that_of_the_regency(index: Index) -> None:
    levels = [one.level for one in index.places.values()]
    assert {level: levels.count(level) for level in set(levels)} == {
        "kecamatan": 27, "desa": 330, "kelurahan": 4, "island": 119
    }  # fmt: skip
    assert {one.name for one in index.places.values() if '"' in one.name} == set()
    islands = [one for one in index.places.values() if one.level == "island"]
    assert all(one.lat is not None and -8 < one.lat < -4 and one.island for one in islands)
    assert all(one.lon is not None and 113 < one.lon < 117 for one in islands)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_misspelt_name_is_in_the_first_three(index: Index, seed: int) -> None:
    random = Random(seed)  # noqa: S311 - a test
    asked = [(misspelt(one.name, random), one) for one in index.places.values()]
    missed = [
        (wrong, one.name) for wrong, one in asked if of_the_name(one) not in map(of_the_name, index.search(wrong, 3))
    ]
    assert len(missed) <= 0.05 * len(asked), missed


@pytest.mark.parametrize("form", FORMS)
def test_with_its_kecamatan_it_is_that_very_place(index: Index, form: str) -> None:
    random = Random(112)  # noqa: S311 - a test
    desa = [one for one in index.places.values() if one.kecamatan][FORMS.index(form) :: len(FORMS)]
    asked = [(form.format(misspelt(one.name, random), misspelt(one.kecamatan or "", random)), one) for one in desa]
    missed = [(wrong, one.label) for wrong, one in asked if one not in index.search(wrong, 3)]
    assert len(missed) <= 0.05 * len(asked), missed


def test_each_name_as_it_is_written_is_the_first(index: Index) -> None:
    wrong = [one.name for one in index.places.values() if of_the_name(index.search(one.name, 1)[0]) != of_the_name(one)]
    assert wrong == []
