"""What a newcomer finds on the desk of a fresh demo: reports in every state of a centre's day, each a story to follow.

One fire that two people tell of (a pair to join), a report that its agency will call solved (somebody must verify it),
one that is rejected, one that is accepted too late, one at an agency that is paused, one that nobody was sent; and a
caller whose handset tells where it is. It speaks the ordinary API with a supervisor's token, of invented things only.
"""

import asyncio
import json
from dataclasses import dataclass
from typing import Final

from exercise import people
from exercise.pbx import Pause
from exercise.speak import Json, UnheardError, speak

LOOKS_EVERY_S: Final = 1.0
PAUSED: Final = "satpolpp"
LATE: Final = "polres"


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody told, where that is, who was sent, and what the operator wrote beside it."""

    kind: str
    priority: str
    where: str
    point: tuple[float, float] | None
    what: str
    agencies: tuple[str, ...] = ()
    entry: str | None = None


REPORTS: Final = (
    Told("hewan", "P3", "Dusun Misal, Kalianget Barat", (-7.0531, 113.9402), "Ular besar di kamar mandi.", ("damkar",)),
    Told(
        "kriminal", "P1", "Jl. Umpama 4, Kolor", (-7.0170, 113.8660), "Toko dibobol, pelaku masih di dalam.", (LATE,),
        "Penelepon bersembunyi di gudang seberang, berbisik.",
    ),
    Told("pju", "P3", "Simpang Percobaan, Kolor", (-7.0215, 113.8721), "Lampu jalan padam tiga malam.", ("pln",)),
    Told("sosial", "P3", "Terminal Teladan, Bangselok", (-7.0093, 113.8575), "Orang tua tersesat, lupa rumahnya.",
         (PAUSED,)),
    Told("pohon", "P2", "Jl. Raya Umpama, Bluto", (-7.1085, 113.8068), "Pohon tumbang menutup jalan.", ("bpbd", "dlh")),
    Told(
        "kebakaran", "P1", "Jl. Contoh 12, Pangarangan", (-7.0046, 113.8629), "Api di dapur, satu orang di dalam.",
        ("damkar", "psc119"), "Anak 6 tahun belum keluar. Pintu belakang terkunci.",
    ),
    Told("kebakaran", "P1", "Jl. Contoh, dekat musala", (-7.0049, 113.8633), "Asap tebal dari rumah tetangga."),
    Told("banjir", "P2", "Gang Karangan, Pajagalan", None, "Air masuk rumah, setinggi lutut."),
)  # fmt: skip
FIX: Final = (-7.0083, 113.8591, 14.0)  # of the handset: degrees, degrees, metres


async def open_the_desk(base_url: str, token: str, *, pause: Pause = asyncio.sleep) -> str:
    """Tell `REPORTS`; return the number of the one at the paused agency, whose phone page waits for somebody.

    Raises UnheardError when the centre refuses one.
    """
    waits = ""
    await _until_there(base_url, pause)
    api = f"{base_url}/api/v1"
    await _say(f"{api}/agencies/{PAUSED}/pause", token, {"reason": "Pindah kantor sampai siang (rekaan)"})
    for count, told in enumerate(REPORTS, 1):
        number, name = people.numbered(people.CALLERS + count)
        place: Json = {"text": told.where}
        if told.point is not None:
            place |= {"lat": told.point[0], "lon": told.point[1]}
        words = {"kind": told.kind, "priority": told.priority, "location": place, "narrative": told.what}
        report = await _say(
            f"{api}/reports", token, {"source": "walk-in", "caller": {"number": number, "name": name}, **words}
        )
        path = f"{api}/reports/{report['number']}"
        if told.entry is not None:
            await _say(f"{path}/entries", token, {"text": told.entry})
        if told.agencies:
            await _say(f"{path}/dispatches", token, {"agencies": list(told.agencies)})
        if PAUSED in told.agencies:
            waits = report["number"]
    return waits


async def _until_there(base_url: str, pause: Pause) -> None:
    while True:
        try:
            status, _ = await speak(f"{base_url}/healthz", "", None, method="GET")
            if status == 200:
                return
        except UnheardError:
            pass
        await pause(LOOKS_EVERY_S)


async def tell_a_position(base_url: str, token: str, *, pause: Pause = asyncio.sleep) -> None:
    """Be the handset of the first caller with a number who is on the line. Raises UnheardError."""
    api = f"{base_url}/api/v1"
    while True:
        state = await _say(f"{api}/state", token, None, method="GET")
        numbers = [one["caller"]["number"] for one in state["calls"] if one["caller"]["number"]]
        if numbers:
            lat, lon, radius = FIX
            sms = f'A"ML=1;lt={lat:+.5f};lg={lon:+.5f};rd={radius:.0f};lc=90;pm=G;ml='
            await _say(f"{api}/aml", token, {"from": numbers[0], "text": f"{sms}{len(sms) + 2}"})
            return
        await pause(LOOKS_EVERY_S)


async def _say(url: str, token: str, words: Json | None, *, method: str = "POST") -> Json:
    status, text = await speak(url, token, words, method=method)
    if not 200 <= status < 300:
        raise UnheardError(f"{url}: {status} {text[:200]}")
    found: Json = json.loads(text)
    return found
