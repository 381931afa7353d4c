"""Telephone numbers as carriers send them: the E.164 form when there surely is one, else nothing.

Two traps are met before `phonenumbers` is asked. `62328662112`, a landline in Sumenep as trunks send it, would be read
as a national number and become the wrong but "valid" `+6262328662112`; so 10 or more digits that begin with the
country's own code are read as `+62…` first. And a telephone without a SIM shows its IMEI, which is nobody's number.
"""

import re
from functools import lru_cache
from typing import Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

SHORTEST: Final = 8  # fewer digits are a service number or an extension: nobody to call back
LONGEST_RAW: Final = 64
LOCAL: Final = range(5, 9)  # digits of a number without its area; none begins with 0 or 1 (112, 1500123)
MOBILE: Final = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
_IMEI = (14, 15, 16)
_WRITTEN = re.compile(r"\+?[\d\s().\-/\u2010-\u2015\u00a0]+")
_DIALLABLE = re.compile(r"\+?[0-9]{3,20}")
PASSED_ON: Final = r"^(\+?[0-9]{3,20}|[0-9])$"  # where a caller is passed on: a number, or a desk by its one digit
_ADDED = re.compile("[;@]")  # begins what stands behind a number
_DIGITS = re.compile(r"\d+")  # decimal ones, of any script
_ADDRESS = re.compile(r"<?(?:tel:|sips?:)([^@;>]*)[^>]*>?", re.IGNORECASE)


def digits(raw: str | None) -> str:
    """Return the decimal digits of a number in any script, as 0-9, at most 64 of them."""
    found = "".join(_DIGITS.findall(raw or ""))[:LONGEST_RAW]
    return found if found.isascii() else "".join(str(int(digit)) for digit in found)


def ending(raw: str | None) -> str:
    """Return the last digits of a number as written: all forms of one number, without its area too, end in the same."""
    return digits(_ADDED.split(raw or "", 1)[0])[-LOCAL.start :]


def diallable(raw: str | None) -> str | None:
    """Return a number as it may be dialled back where it has no E.164 form: digits, with a plus before them or not."""
    text = (raw or "").strip()
    return text if _DIALLABLE.fullmatch(text) else None


def keys(number: str, region: str = "ID") -> str:
    """Return what a telephone's keys dial for a number that may begin with a plus: `081200000001`, `004930123456`."""
    if not number.startswith("+"):
        return number
    code = str(phonenumbers.country_code_for_region(region))
    return f"0{number[1 + len(code) :]}" if number.startswith(f"+{code}") else f"00{number[1:]}"


def incoming(raw: str | None, strip: str | None = None, area: str | None = None, region: str = "ID") -> str | None:
    """Return the E.164 form of a number as a trunk sends it, or None.

    `strip` is what the trunk puts before all numbers; `area` (`0328`) what it leaves out before local ones.
    """
    text = (raw or "").strip()
    if strip:
        text = text.removeprefix(strip)
    if found := e164(text, region):
        return found
    is_local = text.isascii() and text.isdecimal() and len(text) in LOCAL and not text.startswith(("0", "1"))
    return e164(area + text, region) if area and is_local else None


def outgoing(number: str, out: str, region: str = "ID") -> str:
    """Return a number as a trunk dials it: `e164` (+62…), `digits` (62…), `national` (0…, 00… to other countries)."""
    if out == "national":
        return keys(number, region)
    return number.removeprefix("+") if out == "digits" else number


@lru_cache(maxsize=1024)  # the ring says the number, and the dialplan says it again
def e164(raw: str | None, region: str = "ID") -> str | None:
    """Return the E.164 form (`+62328662112`) of a number in any written form, or None when it surely has none."""
    text = (raw or "").strip()
    if address := _ADDRESS.fullmatch(text):
        text = address[1]
    text = text.partition(";")[0].strip()
    only = digits(text)
    if len(text) > LONGEST_RAW or len(only) < SHORTEST or not _WRITTEN.fullmatch(text):
        return None
    if text.startswith("+"):
        return _valid(f"+{only}", region)
    code = str(phonenumbers.country_code_for_region(region))
    if len(only) >= 10 and only.startswith(code) and (found := _valid(f"+{only}", region)):
        return found
    if _is_imei(only):
        return None
    if found := _valid(only, region):
        return found
    return _valid(f"+{only[2:]}", region) if only.startswith("00") else None


def textable(raw: str | None, region: str = "ID") -> list[str]:
    """Return the E.164 forms of the mobile numbers in what somebody wrote: one number, or several with `/` between."""
    written = [raw] if e164(raw, region) else (raw or "").split("/")
    found = [number for number in (e164(one, region) for one in written) if number and _takes_sms(number)]
    return list(dict.fromkeys(found))


def _takes_sms(number: str) -> bool:
    return phonenumbers.number_type(phonenumbers.parse(number)) in MOBILE


def _valid(text: str, region: str) -> str | None:
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return str(phonenumbers.format_number(number, PhoneNumberFormat.E164))


def _is_imei(only: str) -> bool:
    """Tell whether the digits look like a device: 14 to 16 of them that begin as no number dialled here does."""
    return len(only) in _IMEI and not only.startswith("0")
