"""Coordinates as people paste them: what is read, how coarse it was written, and what is refused in which words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.coordinates import CoordinatesError, read

HERE = (-7.0083, 113.8591)

READ = [
    ("-7.0083, 113.8591", HERE, 7.9),
    ("-7.0083,113.8591", HERE, 7.9),
    (" -7.0083 113.8591\n", HERE, 7.9),
    ("-7.01; 113.86", (-7.01, 113.86), 787),
    ("-7, 114", (-7, 114), 78715),
    ("-7.0083212345, 113.8591", (-7.0083212, 113.8591), 1),
    ("7.0083 S, 113.8591 E", HERE, 7.9),
    ("S 7.0083 E 113.8591", HERE, 7.9),
    ("7.0083° LS 113.8591° BT", HERE, 7.9),
    ("113.8591 BT, 7.0083 LS", HERE, 7.9),
    ("7°00'29.9\"S 113°51'32.8\"E", (-7.0083056, 113.8591111), 2.2),
    ("7° 0′ 29.9″ LS, 113° 51′ 32.8″ BT", (-7.0083056, 113.8591111), 2.2),
    ("7°00.498'S 113°51.546'E", HERE, 1.3),
    ("-7° 0' 30\", 113° 51' 33\"", (-7.0083333, 113.8591667), 21.9),
    ("geo:-7.0083,113.8591", HERE, 7.9),
    ("GEO:-7.0083,113.8591,12;crs=wgs84;u=35?z=19", HERE, 35),
    ("https://www.google.com/maps/@-7.0083,113.8591,15z", HERE, 7.9),
    (
        "https://www.google.com/maps/place/X/@-7.5,113.5,15z/data=!3m1!8m2!3d-7.0083!4d113.8591!16s",
        HERE,
        7.9,
    ),
    ("https://maps.google.com/?q=-7.0083,113.8591", HERE, 7.9),
    ("https://www.google.com/maps/search/?api=1&query=-7.0083%2C113.8591", HERE, 7.9),
    ("https://www.openstreetmap.org/?mlat=-7.0083&mlon=113.8591#map=16/-7.5/113.5", HERE, 7.9),
    ("https://www.openstreetmap.org/#map=16/-7.0083/113.8591", HERE, 7.9),
    ("6P4MXVR5+MJ", (-7.0083125, 113.8590625), 9.8),
    ("6p4mxvr5+mj Sumenep", (-7.0083125, 113.8590625), 9.8),
]


@pytest.mark.parametrize(("text", "place", "radius_m"), READ, ids=[text for text, _, _ in READ])
def test_what_is_read(text: str, place: tuple[float, float], radius_m: float) -> None:
    found = read(text)
    assert (found.lat, found.lon) == pytest.approx(place, abs=1e-7)
    assert found.radius_m == pytest.approx(radius_m, rel=0.02)
    assert found.method == ("plus-code" if "5+" in text or "5+" in text.upper() else "coordinates")


def test_a_short_plus_code_is_read_beside_a_place() -> None:
    for code in ("XVR5+MJ", "xvr5+mj, Kota Sumenep"):
        found = read(code, near=(-7.02, 113.88))
        assert (found.lat, found.lon) == pytest.approx((-7.0083125, 113.8590625), abs=1e-7)


REFUSED = [
    ("", "no coordinates"),
    ("Desa Contoh, dekat pasar", "no coordinates"),
    ("113.8591, -7.0083", "swapped"),
    ("97.1, 97.2", "between -90 and 90"),
    ("-7.0083, 200", "between -90 and 90"),
    ("0.0, 0.0", "do not know where they are"),
    ("-7,01, 113,86", "no coordinates"),
    ("-7.0083", "no coordinates"),
    ("-7.0083, 113.8591, 5", "no coordinates"),
    ("nan, inf", "no coordinates"),
    ("٧.٠, ١١٣.٨", "no coordinates"),
    ("-7.0083 S, 113.8591 E", "two places"),
    ("7.0083 S, 113.8591", "Say both"),
    ("7.0083 S, 113.8591 N", "not a latitude and a longitude"),
    ("S 7.0083 S, 113.8591 E", "no coordinates"),
    ("7°61'0\"S 113°51'0\"E", "below 60"),
    ("7.5°30'S 113°51'E", "decimals"),
    ("geo:-7.0083", "RFC 5870"),
    ("geo:-7.0083,113.8591;crs=nad27", "WGS 84"),
    ("geo:-7.0083,113.8591;u=x", "u="),
    ("https://maps.app.goo.gl/AbCdEf", "shortened"),
    ("https://example.org/", "holds no coordinates"),
    ("https://[::1", "cannot be read"),
    ("XVR5+MJ", "short plus code"),
    ("6P4MXV0+", "no full plus code"),
    ("1" * 2001, "longer"),
]


@pytest.mark.parametrize(("text", "why"), REFUSED, ids=[text[:30] for text, _ in REFUSED])
def test_what_is_refused_says_why(text: str, why: str) -> None:
    with pytest.raises(CoordinatesError, match=why):
        read(text)


@given(st.one_of(st.text(max_size=60), st.from_regex(r"[-+0-9.,;°'\"NSEWLUBT @:/?=geohtps+CFX]{0,40}", fullmatch=True)))
def test_nothing_that_is_pasted_breaks_it(text: str) -> None:
    try:
        found = read(text)
    except CoordinatesError:
        return
    assert -90 <= found.lat <= 90
    assert -180 <= found.lon <= 180
