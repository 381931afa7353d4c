"""What handsets tell of where they are, by SMS or HTTPS: Advanced Mobile Location, ETSI TS 103 625; Google's ELS.

An SMS of version 1 is `A"ML=1;lt=+51.53321;lg=-0.12601;rd=14;top=20220131171748;lc=68;pm=W;si=…;ei=…;mcc=…;mnc=…;
ml=126` in one line: latitude, longitude, radius in metres, time of positioning in UTC, confidence in per cent, method
(G satellites, W Wi-Fi, C cell, N none), subscriber, device, network, length. `rd=N` and 0, 0 say that the handset does
not know where it is. Of version 2 (ELS Beta) `lo` is latitude, longitude and radius in one, `ls` the method; when it
measured is not read. By HTTPS the same comes in fields named `location_latitude` and so on, the time in milliseconds
since 1970.

Read strictly: a message that was cut may end in a number that looks whole, so a last field that is not the length
counts for nothing. What is kept of a message names neither the subscriber nor the device.
"""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from intake.words import storable

LONGEST: Final = 1000
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FARTHEST_M: Final = 1_000_000.0  # a radius above this says nothing
METHODS: Final = {"G": "gnss", "W": "wifi", "C": "cell", "U": "unknown", "N": "none"}
SOURCES: Final = {"gps": "gnss", "gnss": "gnss", "wifi": "wifi", "cell": "cell", "unknown": "unknown", "none": "none"}
_MARK: Final = re.compile(r"A\"ML=(\d);")
_DEGREES: Final = re.compile(r"[+-]?\d{1,3}(\.\d{1,15})?", re.ASCII)
_METRES: Final = re.compile(r"\d{1,9}(\.\d{1,6})?", re.ASCII)
_SECRET: Final = re.compile(r"\b(si|ei|device_imei|device_imsi|device_iccid|hmac)=[^;&]*", re.IGNORECASE)


def is_signed(body: bytes, secret: str) -> bool:
    """Tell whether a form of AML by HTTPS ends with the `hmac` of all that is before it: HMAC-SHA1, as hex.

    After the public crate aml_lib (`HttpsData::is_authenticated`), whose example a test holds; the standard's own
    words for it were not at hand.
    """
    before, found, given = body.rpartition(b"&hmac=")
    made = hmac.digest(secret.encode(), before, "sha1").hex().encode()
    return bool(found) and hmac.compare_digest(made, given.strip().lower())


class AmlError(Exception):
    """No position can be read in this message; the message says why."""


class NoPositionError(AmlError):
    """The handset says that it does not know where it is."""


@dataclass(frozen=True, slots=True)
class Fix:
    """A position as a handset measured it."""

    lat: float
    lon: float
    radius_m: float | None
    method: str
    measured_at: datetime | None
    detail: dict[str, str | float | None] = field(default_factory=dict)


def kept(text: str) -> str:
    """Return of a message what may be kept: bounded, and without the subscriber's and the device's number."""
    return _SECRET.sub(r"\1=…", storable(text[:LONGEST]))


def of_sms(text: str) -> Fix:
    """Read an SMS. Raises AmlError, NoPositionError."""
    text = text.strip()
    mark = _MARK.match(text)
    if mark is None:
        raise AmlError('this is no AML message: one begins with A"ML=1;')
    if len(text) > LONGEST:
        raise AmlError(f"it is longer than {LONGEST} characters")
    fields = _fields(text[mark.end() :])
    match mark[1]:
        case "1":
            lat, lon, radius, method = (fields.get(name) for name in ("lt", "lg", "rd", "pm"))
        case "2":
            parts = (fields.get("lo") or "").split(",")
            if len(parts) != 3:
                raise AmlError("lo is missing, or is not latitude, longitude and radius")
            lat, lon, radius = parts
            radius, method = (None if radius.strip("0.") == "" else radius), fields.get("ls")
            if lat.strip("+-0.") == lon.strip("+-0.") == "":
                raise NoPositionError("the handset did not know where it was")
        case other:
            raise AmlError(f"version {other} is not known here")
    if radius == "N" or method == "N":
        raise NoPositionError("the handset did not know where it was (rd=N)")
    if mark[1] == "1" and radius is None:
        raise AmlError("rd is missing, or the message was cut there")
    named = METHODS.get(method or "U", "unknown")
    return _fix(lat, lon, radius, named, _of_day(fields.get("top")), fields.get("lc"))


def of_https(given: Mapping[str, str]) -> Fix:
    """Read the fields of an AML message by HTTPS. Raises AmlError, NoPositionError."""
    method = SOURCES.get(given.get("location_source", "unknown").lower(), "unknown")
    lat, lon = given.get("location_latitude"), given.get("location_longitude")
    if method == "none" or (lat in (None, "") and lon in (None, "")):
        raise NoPositionError("the handset did not know where it was")
    when = given.get("location_time", "")
    measured = (
        _sensible(EPOCH + timedelta(milliseconds=int(when))) if re.fullmatch(r"\d{10,14}", when, re.ASCII) else None
    )
    radius = given.get("location_accuracy")
    if radius is None:
        raise AmlError("location_accuracy is missing")
    return _fix(lat, lon, radius, method, measured, given.get("location_certainty"))


def _fields(text: str) -> dict[str, str]:
    """Return the complete fields of a message; a last one that is not the length may have been cut."""
    parts = text.split(";")
    if not parts[-1].startswith("ml="):
        parts.pop()
    found: dict[str, str] = {}
    for part in parts:
        name, equals, value = part.partition("=")
        if not equals:
            continue
        if name in found and found[name] != value:
            raise AmlError(f"{storable(name[:20])} is said twice")
        found[name] = value
    return found


def _fix(
    lat: str | None, lon: str | None, radius: str | None, method: str, measured: datetime | None, confidence: str | None
) -> Fix:
    degrees = [one if one is not None and _DEGREES.fullmatch(one) else None for one in (lat, lon)]
    if degrees[0] is None or degrees[1] is None:
        raise AmlError("latitude or longitude is missing, was cut, or is no number")
    north, east = (float(one) for one in degrees if one is not None)
    if north == east == 0:
        raise NoPositionError("the handset did not know where it was (0, 0)")
    if abs(north) > 90 or abs(east) > 180:
        raise AmlError("latitude or longitude is out of range")
    metres = None
    if radius is not None:
        if not _METRES.fullmatch(radius):
            raise AmlError("the radius is no number of metres")
        metres = float(radius)
        if metres > FARTHEST_M:
            raise AmlError(f"a radius of {metres:.0f} m says nothing")
    detail: dict[str, str | float | None] = {}
    if (
        confidence is not None
        and re.fullmatch(r"\d{1,3}(\.\d{1,3})?", confidence, re.ASCII)
        and float(confidence) <= 100
    ):
        detail["confidence"] = float(confidence)
    return Fix(north, east, metres, method, measured, detail)


def _of_day(top: str | None) -> datetime | None:
    """Return the time of positioning, or None of one that cannot be: the position counts all the same."""
    if top is None or not re.fullmatch(r"\d{14}", top, re.ASCII):
        return None
    try:
        return _sensible(datetime.strptime(f"{top}+0000", "%Y%m%d%H%M%S%z"))
    except ValueError:
        return None


def _sensible(at: datetime) -> datetime | None:
    return at if 2000 <= at.year < 9000 else None
