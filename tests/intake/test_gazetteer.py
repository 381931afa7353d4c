"""Places by name: forms in which people ask, what the answers say, and the package's files. No database."""

import pytest

from intake import area_data
from intake.area_data import BadAreaDataError
from intake.gazetteer import ISLAND, Index, Place
from intake.placing import merged
from tests.intake.area import FILES
from tests.intake.place_rows import OFFICIAL_ROWS, own_row


@pytest.fixture
def index() -> Index:
    """The made-up regency and two places of the centre's own."""
    mine = [
        own_row("pasar-ikan", "Pasar Ikan", parent="99.01.02.2003", alternatives=["TPI Batoyang"]),
        own_row("99.01.03", "Pulau Raos", level="kecamatan", island=True),
        own_row(
            "99.01.40002", "Giliyong", level="island", parent="99.01.02", island=False, alternatives=["Gili Lawak"]
        ),
    ]
    return Index(merged([*OFFICIAL_ROWS, *mine]).values())


ASKED = [
    ("dungkeng", "99.01.02"),
    ("kec. dhongkeng", "99.01.02"),
    ("Kota Contoh", "99.01.01"),
    ("contoh", "99.01.01"),
    ("desa mandalan kecamatan dungkeng", "99.01.02.2001"),
    ("kecamatan kota contoh desa mandallan", "99.01.01.2002"),
    ("mandalan, contoh", "99.01.01.2002"),
    ("mandalan dunkeng", "99.01.02.2001"),
    ("dunkeng mandalan", "99.01.02.2001"),
    ("Ds. Mandalan Kec. Dungkeng Kab. Contoh", "99.01.02.2001"),
    ("batoyang, dekat jembatan panjang di selatan pasar", "99.01.02.2003"),
    ("banraas", "99.01.02.2002"),
    ("banra'os", "99.01.02.2002"),
    ("betoyang", "99.01.02.2003"),
    ("desa jungkat barat", "99.01.03.2001"),
    ("jungkat barat kec raos", "99.01.03.2001"),
    ("pulau gili ganteng", "99.01.40001"),
    ("ganteng", "99.01.40001"),
    ("gili iyong", "99.01.40002"),
    ("gili lawak", "99.01.40002"),
    ("tuko kcil", "99.01.40003"),
    ("tpi batoyang", "pasar-ikan"),
    ("psar ikan", "pasar-ikan"),
    ("kelurahan pasar", "99.01.01.1001"),
]


@pytest.mark.parametrize(("question", "code"), ASKED)
def test_a_place_is_found_however_it_is_asked_for(index: Index, question: str, code: str) -> None:
    assert [one.code for one in index.search(question, 1)] == [code]


@pytest.mark.parametrize("question", ["", "  ", "'", "desa", "kecamatan , ;", "xqxqxq", "½" * 100, "a" * 5000, "\0"])
def test_what_means_nothing_finds_nothing(index: Index, question: str) -> None:
    assert index.search(question) == []
    assert Index(()).search("dungkeng") == []


def test_an_answer_says_where_it_lies(index: Index) -> None:
    both = index.search("Mandalan")[:2]
    assert [one.label for one in both] == ["Desa Mandalan, Kecamatan Kota Contoh", "Desa Mandalan, Kecamatan Dungkeng"]
    market = index.search("pasar ikan")[0]
    assert market.label == "Pasar Ikan, Kecamatan Dungkeng"
    assert market.within == ("99.01.02.2003", "99.01.02", "99.01")
    assert market.own
    assert index.search("pasar lama")[0].label == "Kelurahan Pasar Lama, Kecamatan Kota Contoh"


def test_a_road_leads_there_or_none(index: Index) -> None:
    place = index.places
    assert place["99.01.40001"].codes == {"99.01.40001", "99.01", ISLAND}
    assert place["99.01.03"].codes == {"99.01.03", "99.01", ISLAND}, "the centre says so of the whole kecamatan"
    assert place["99.01.03.2001"].codes == {"99.01.03.2001", "99.01.03", "99.01", ISLAND}, "as what it lies in"
    assert place["99.01.40002"].codes == {"99.01.40002", "99.01.02", "99.01"}, "the centre knows of a bridge"
    assert place["99.01.02.2003"].codes == {"99.01.02.2003", "99.01.02", "99.01"}


def test_what_the_centre_says_adds_to_the_official_place(index: Index) -> None:
    raos, giliyong = index.places["99.01.03"], index.places["99.01.40002"]
    assert (raos.name, raos.alternatives, raos.own) == ("Ra'os", ("Pulau Raos",), False)
    assert (giliyong.lat, giliyong.lon, giliyong.kecamatan) == (-6.5, 114.0, "Dungkeng")


def test_places_that_lie_in_one_another_are_no_circle() -> None:
    rows = [own_row("a", "Satu", parent="b"), own_row("b", "Dua", parent="a")]
    assert merged(rows)["a"] == Place("a", "own", "Satu", within=("b",), own=True)


def test_a_regency_is_cut_from_the_package() -> None:
    found = area_data.cut(FILES, "99.01")
    assert [one.level for one in found] == ["kecamatan"] * 3 + ["kelurahan"] + ["desa"] * 5 + ["island"] * 3
    named = {one.code: one for one in found}
    assert (named["99.01.03"].name, named["99.01.02.2002"].name) == ("Ra'os", "Banra'os")
    assert (named["99.01.02.2001"].parent, named["99.01.40003"].lat) == ("99.01.02", None)
    with pytest.raises(BadAreaDataError, match=r"99\.03"):
        area_data.cut(FILES, "99.03")
    with pytest.raises(BadAreaDataError, match="columns"):
        area_data.cut(FILES | {"villages.csv": "kode,nama\n99.01.01.2001,X\n"}, "99.01")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("07°11'42.22\" S 113°54'31.37\" E", (-7.195061, 113.908714)),
        ("05°30'00,00\"N 095°00'00\" E", (5.5, 95.0)),
        ("95°30'00\" S 113°54'31.37\" E", (None, None)),
        ("113°54'31.37\" E", (None, None)),
        ("", (None, None)),
        ("-7.19, 113.9", (None, None)),
    ],
)
def test_south_is_negative(text: str, expected: tuple[float | None, float | None]) -> None:
    assert area_data.position(text) == expected
