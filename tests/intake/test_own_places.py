"""A centre's own places as a file: what is taken, and what each line that is not is told."""

import pytest

from intake.gazetteer import Level
from intake.own_places import BadPlacesError, OwnPlace, read, written

OFFICIAL: dict[str, Level] = {
    "99.01.02": "kecamatan",
    "99.01.02.2003": "desa",
    "99.01.40002": "island",
}
HEAD = "code,name,parent,alternatives,lat,lon,island\n"
PLACES = [
    OwnPlace("pasar-ikan", 'Pasar "Ikan", baru', "99.01.02.2003", ("TPI", "Pasar Laut"), -7.0165, 113.86, None),
    OwnPlace("99.01.40002", "Giliyong", "99.01.02", (), None, None, False),
    OwnPlace("99.01.02", "Dungkeng", island=True),
]


def test_what_is_written_is_read() -> None:
    text = written(PLACES)
    assert text.startswith(HEAD)
    assert read(text, OFFICIAL) == PLACES
    assert read(f"\ufeff{text}".replace("\n", "\r\n"), OFFICIAL) == PLACES
    assert read(HEAD, OFFICIAL) == []
    assert read("name,code\nPuskesmas,pkm\n\n,\n", OFFICIAL) == [OwnPlace("pkm", "Puskesmas")]


def test_a_spreadsheet_of_this_country_is_read() -> None:
    text = "Code;Name;Lat;Lon;Island\npasar;Pasar  Ikan;-7,0165;113,86;ya\n"
    assert read(text, OFFICIAL) == [OwnPlace("pasar", "Pasar Ikan", None, (), -7.0165, 113.86, True)]


FAULTS = [
    ("99.01.99,X", "no place 99.01.99"),
    ("Pasar,X", "is no code"),
    ("9pasar,X", "is no code"),
    ("island,X", "take another code"),
    ("a,", "1 to 120 characters"),
    (f"a,{'x' * 121}", "1 to 120 characters"),
    ("a,=HYPERLINK(1)", "formula"),
    ("a,X,,ok|@x", "formula"),
    ("a,X,nowhere", "no place `nowhere`"),
    ("99.01.02,X,99.01.02", "is official"),
    ("99.01.40002,X,99.01.02.2003", "lies in a kecamatan"),
    ("a,X,,,95,1", "`lat` is a number from -90 to 90"),
    ("a,X,,,1,nan", "`lon` is a number from -180 to 180"),
    ("a,X,,,1", "go together"),
    ("a,X,,,,,perhaps", "yes, no or empty"),
    ("first,X", "on line 2 already"),
]


@pytest.mark.parametrize(("row", "told"), FAULTS)
def test_a_row_that_cannot_be_taken_is_told_with_its_line(row: str, told: str) -> None:
    padded = row + "," * (6 - row.count(","))
    with pytest.raises(BadPlacesError, match=r"^Line 4: ") as caught:
        read(f'{HEAD}first,"over\ntwo lines"\n'.replace('lines"', 'lines",,,,,') + padded + "\n", OFFICIAL)
    assert told in str(caught.value)


def test_all_that_is_wrong_is_told_at_once() -> None:
    bad = "".join(f"BAD{n},X,,,,,\n" for n in range(30))
    with pytest.raises(BadPlacesError) as caught:
        read(f"{HEAD}{bad}ok,X\n", OFFICIAL)
    assert len(caught.value.faults) == 31
    assert "Line 2:" in str(caught.value)
    assert str(caught.value).endswith(" And 11 more.")
    for text, told in (
        ("", "Line 1: the columns are missing"),
        ("code,nama\n", "allowed are code, name"),
        ("code,name,code\n", "each once"),
        ('code,name\na,"b\n', "no CSV"),
        ("code,name\na,\0\n", "no text"),
    ):
        with pytest.raises(BadPlacesError, match=told):
            read(text, OFFICIAL)
