"""Plus codes: the specification's own test vectors."""

import csv
from pathlib import Path

import pytest

from intake.plus_code import PlusCodeError, decode, is_full, is_short, is_valid, nearest

VECTORS = Path(__file__).with_name("plus_codes")


def vectors(name: str) -> list[list[str]]:
    """The rows of one of the specification's files."""
    with (VECTORS / name).open(encoding="utf-8") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize(("code", "valid", "short", "full"), vectors("validity.csv"))
def test_what_is_a_code(code: str, valid: str, short: str, full: str) -> None:
    expected = [word == "true" for word in (valid, short, full)]
    assert [is_valid(code), is_short(code), is_full(code)] == expected


@pytest.mark.parametrize("row", vectors("decoding.csv"), ids=lambda row: row[0])
def test_what_a_full_code_names(row: list[str]) -> None:
    area = decode(row[0])
    found = (area.south, area.west, area.south + area.height, area.west + area.width)
    assert found == pytest.approx([float(one) for one in row[2:]], abs=1e-9)


@pytest.mark.parametrize("row", vectors("short.csv"), ids=lambda row: "/".join(row[:4]))
def test_what_a_short_code_names_beside_a_reference(row: list[str]) -> None:
    found, expected = nearest(row[3], float(row[1]), float(row[2])), decode(row[0])
    assert found.centre == pytest.approx(expected.centre, abs=1e-7)
    assert found.radius_m == pytest.approx(expected.radius_m, abs=0.2)


def test_how_exact_one_is() -> None:
    assert decode("6P6G2XQR+5M").radius_m == pytest.approx(9.8, abs=0.1)
    assert decode("6P6G2X00+").radius_m == pytest.approx(3920, rel=0.01)


@pytest.mark.parametrize("code", ["2XQR+5M", "ZZZZ", "", "X" * 8 + "+"])
def test_what_names_nothing_by_itself_says_so(code: str) -> None:
    with pytest.raises(PlusCodeError, match="no full plus code"):
        decode(code)
