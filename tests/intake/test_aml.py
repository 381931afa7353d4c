"""What handsets tell of where they are: what is read, what is no position, what is refused in which words."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.aml import AmlError, NoPositionError, is_signed, kept, of_https, of_sms

AT = datetime(2026, 3, 14, 1, 59, 20, tzinfo=UTC)
REST = "si=510100000000000;ei=123456789012345;mcc=510;mnc=10;ml=126"
V1 = f'A"ML=1;lt=-7.00830;lg=+113.85910;rd=14;top=20260314015920;lc=68;pm=W;{REST}'
V2 = 'A"ML=2;en=112;et=1773453560;lo=-7.00830,113.85910,14.0;lt=-9999;lc=68;ls=G;ei=1;nc=51010;hc=51010;lg=id-ID;ml=1'
HTTPS = {
    "v": "1",
    "device_number": "+6281200000001",
    "location_latitude": "-7.0083",
    "location_longitude": "113.8591",
    "location_time": "1773453560000",
    "location_accuracy": "10.4",
    "location_source": "GPS",
    "location_certainty": "83",
    "device_imei": "123456789012345",
}

READ = [
    (V1, 14, "wifi", AT, 68),
    (V1.replace("pm=W", "pm=G").replace("rd=14;", "rd=0014.5;"), 14.5, "gnss", AT, 68),
    (V1.replace("pm=W", "pm=C"), 14, "cell", AT, 68),
    (V1.replace("pm=W", "pm=Z"), 14, "unknown", AT, 68),
    (V1.replace("pm=W;", ""), 14, "unknown", AT, 68),
    (V1.replace("20260314015920", "20261314015920"), 14, "wifi", None, 68),
    (V1.replace("20260314015920", "00010101000000"), 14, "wifi", None, 68),
    (V1.replace("lc=68", "lc=101"), 14, "wifi", AT, None),
    (V1.partition(";si=")[0] + ";si=51", 14, "wifi", AT, 68),  # cut behind what counts
    (V1.partition("lc=")[0] + "lc=6", 14, "unknown", AT, None),  # cut in the confidence: it may have been 68
    (f"  {V1}\n", 14, "wifi", AT, 68),
    (V2, 14, "gnss", None, 68),
    (V2.replace("14.0;", "0.0;"), None, "gnss", None, 68),
]


@pytest.mark.parametrize(("text", "radius_m", "method", "measured_at", "confidence"), READ)
def test_what_is_read(
    text: str, radius_m: float | None, method: str, measured_at: datetime | None, confidence: float | None
) -> None:
    fix = of_sms(text)
    assert (fix.lat, fix.lon) == (-7.0083, 113.8591)
    assert (fix.radius_m, fix.method, fix.measured_at) == (radius_m, method, measured_at)
    assert fix.detail.get("confidence") == confidence


NOWHERE = [
    f'A"ML=1;lt=+00.00000;lg=+000.00000;rd=N;top=20220131173734;lc=0;pm=N;{REST}',
    V1.replace("rd=14", "rd=N"),
    V1.replace("pm=W", "pm=N"),
    V1.replace("-7.00830", "+0.00000").replace("+113.85910", "-0.00000"),
    V2.replace("-7.00830,113.85910", "0.0,0.0"),
]


@pytest.mark.parametrize("text", NOWHERE)
def test_who_does_not_know_where_he_is_is_nowhere(text: str) -> None:
    with pytest.raises(NoPositionError):
        of_sms(text)


REFUSED = [
    ("", "no AML message"),
    ("Halo, tolong", "no AML message"),
    ("AML=1;lt=1;lg=1;rd=1;ml=1", "no AML message"),
    (V1.replace("ML=1", "ML=7"), "version 7"),
    ('A"ML=1;lt=-7.00830;lg=+113.8', "cut"),
    ('A"ML=1;lt=-7.00830;lg=+113.85910;rd=1', "cut"),
    (V1.replace("lt=-7.00830;", ""), "missing"),
    (V1.replace("-7.00830", "-97.00830"), "out of range"),
    (V1.replace("113.85910", "NaN"), "no number"),
    (V1.replace("113.85910", "1e2"), "no number"),
    (V1.replace("rd=14", "rd=-14"), "no number of metres"),
    (V1.replace("rd=14", "rd=99999999"), "says nothing"),
    (V1.replace("lc=68", "lt=-7.5"), "lt is said twice"),
    (V2.replace("113.85910,14.0", "113.85910"), "lo is missing"),
    (V1 + "x" * 1000, "longer"),
]


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_what_is_refused_says_why(text: str, why: str) -> None:
    with pytest.raises(AmlError, match=why) as caught:
        of_sms(text)
    assert not isinstance(caught.value, NoPositionError)


def test_by_https_the_same_is_read() -> None:
    fix = of_https(HTTPS)
    assert (fix.lat, fix.lon, fix.radius_m, fix.method, fix.measured_at) == (-7.0083, 113.8591, 10.4, "gnss", AT)


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"location_latitude": "0.0", "location_longitude": "0.0"}, NoPositionError),
        ({"location_latitude": "", "location_longitude": ""}, NoPositionError),
        ({"location_source": "none"}, NoPositionError),
        ({"location_latitude": "x"}, AmlError),
        ({"location_accuracy": "inf"}, AmlError),
    ],
)
def test_by_https_the_same_is_refused(change: dict[str, str], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        of_https(HTTPS | change)


def test_what_is_kept_names_neither_subscriber_nor_device() -> None:
    assert kept(V1).endswith("lc=68;pm=W;si=…;ei=…;mcc=510;mnc=10;ml=126")
    assert "12345" not in kept("&".join(f"{name}={value}" for name, value in HTTPS.items()))
    assert kept("a\0\ud800") == "a\ufffd\ufffd"


SIGNED = (  # the example of the crate aml_lib; its key is AML
    b"v=1&device_number=%2B33611223344&location_latitude=0.85732&location_longitude=-4.26325"
    b"&location_time=1604912121000&location_accuracy=10.4&location_source=GPS&location_certainty=83"
    b"&hmac=f64c70eb238bb239e00e8ac8c023bf2b5d3c41dd"
)


@pytest.mark.parametrize(
    ("body", "secret", "fits"),
    [
        (SIGNED, "AML", True),
        (SIGNED.upper().replace(b"&HMAC", b"&hmac"), "AML", False),
        (SIGNED.replace(b"f64c", b"F64C"), "AML", True),
        (SIGNED, "AMl", False),
        (SIGNED.replace(b"0.85732", b"0.85733"), "AML", False),
        (SIGNED + b"&v=2", "AML", False),
        (SIGNED.partition(b"&hmac")[0], "AML", False),
        (b"", "AML", False),
    ],
)
def test_who_has_the_secret_signs_all_of_it(body: bytes, secret: str, fits: bool) -> None:
    assert is_signed(body, secret) is fits


TEXTS = st.one_of(
    st.text(max_size=80), st.from_regex(r'A"ML=[12];([a-z]{2}=[-+0-9.,NGWC]{0,15};){0,8}', fullmatch=True)
)


@given(TEXTS, st.dictionaries(st.sampled_from(sorted(HTTPS)), st.text(max_size=20)))
def test_nothing_that_comes_breaks_it(text: str, fields: dict[str, str]) -> None:
    def fine(read: Any, of: Any) -> None:
        try:
            fix = read(of)
        except AmlError:
            return
        assert -90 <= fix.lat <= 90
        assert -180 <= fix.lon <= 180
        assert (fix.lat, fix.lon) != (0, 0)

    fine(of_sms, text)
    fine(of_https, fields)
