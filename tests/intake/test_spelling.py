"""Spellings of one name are one, and mistakes are counted as people make them."""

from random import Random

import pytest

from intake.spelling import Pattern, fold, words

ALIKE = """
Batoyang: Batuyang, BATTOYANG, bato yang
Dungkek: Dhungkek, Dungkeq, Dongkek, dungkhek, Dungkak
Ra'as: Raas, Ra’as, Ra`as, ra as
Giliyang: Gili Iyang, Giliang, gilli yang, GILI-YANG
Jukong: Jhukong, Yukong, Jukkong, Jukung
Bluto: Bluttoh, Bhluto
Gapura: Ghapora, Gappura, Gapurah, Gåpura
Guwa-Guwa: Guagua, Goa Goa
Pagerungan: Pagarungan, Paghârungan
Sapeken: Sapékèn, Zapeken, Sapakan
Ḍârâ: Dara, Dhara
"""
APART = [("Bluto", "Bluti"), ("Saobi", "Sabu"), ("Talango", "Talaga"), ("Gayam", "Gapura"), ("Raas", "Rajas")]


def cases() -> list[tuple[str, str]]:
    lines = [line.split(": ") for line in ALIKE.strip().splitlines()]
    return [(name, other) for name, others in lines for other in others.split(", ")]


@pytest.mark.parametrize(("name", "other"), cases())
def test_spellings_of_one_name_sound_alike(name: str, other: str) -> None:
    assert fold(words(name)) == fold(words(other))


@pytest.mark.parametrize(("name", "other"), APART)
def test_other_names_stay_others(name: str, other: str) -> None:
    assert fold(words(name)) != fold(words(other))


def test_words_are_plain() -> None:
    assert words("  Desa Bânra'as,\tKec. Dungkèk\0 ½") == ["desa", "banraas", "kec", "dungkek", "1", "2"]
    assert fold(words("—'")) == ""


def distance(one: str, other: str) -> list[int]:
    """Return the distance to each beginning of `other`, by the book."""
    table = {(i, 0): i for i in range(-1, len(one) + 1)} | {(0, j): j for j in range(len(other) + 1)}
    for j in range(1, len(other) + 1):
        for i in range(1, len(one) + 1):
            same = one[i - 1] == other[j - 1]
            found = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (not same))
            if i > 1 and j > 1 and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1]:
                found = min(found, table[i - 2, j - 2] + 1)
            table[i, j] = found
    return [table[len(one), j] for j in range(len(other) + 1)]


def test_the_distance_is_that_of_the_book() -> None:
    random = Random(112)  # noqa: S311 - a test
    for _ in range(3000):
        one, other = ("".join(random.choices("abc", k=random.randrange(9))) for _ in range(2))
        by_book = distance(one, other)
        assert Pattern(one).distances(other) == (by_book[-1], min(by_book)), (one, other)
    long = "x" * 70
    assert Pattern(long).distances(f"{long}y") == (1, 0)
    assert (Pattern("abc").likeness("abc"), Pattern("").likeness(""), Pattern("ab").likeness("xy")) == (1, 1, 0)
