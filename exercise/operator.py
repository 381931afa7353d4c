"""A pretend operator for who watches alone: writes what some answered callers say, and sends it to the agencies.

Off unless somebody asks for it: in a demo, people do this on the page. It speaks the ordinary API with an operator's
token, and takes only calls that were answered and that nobody has given a kind.
"""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import Final

import structlog

from exercise.pbx import Pause
from exercise.speak import Json, UnheardError, speak

log = structlog.get_logger(__name__)
LOOKS_EVERY_S: Final = 6.0


@dataclass(frozen=True, slots=True)
class Incident:
    """What a caller says, and who is sent."""

    kind: str
    where: str
    what: str
    agencies: tuple[str, ...]


INCIDENTS: Final = (
    Incident(
        "kebakaran", "Jl. Contoh 12, Pangarangan", "Api di dapur, satu orang masih di dalam.", ("damkar", "psc119")
    ),
    Incident("hewan", "Dusun Misal, Kalianget Barat", "Ular besar di kamar mandi.", ("damkar",)),
    Incident("pohon", "Jl. Raya Umpama, Bluto", "Pohon tumbang menutup jalan.", ("bpbd", "dlh")),
    Incident("ambulans", "Pasar Teladan, Kepanjin", "Orang tua pingsan, napas sesak.", ("psc119",)),
    Incident("pju", "Simpang Percobaan, Kolor", "Lampu jalan padam tiga malam.", ("dlh", "pln")),
    Incident("laka", "Jl. Lingkar Karangan, Saronggi", "Dua sepeda motor bertabrakan.", ("psc119", "polres")),
)


async def operate_forever(
    base_url: str,
    token: str,
    *,
    random: Random,
    pause: Pause = asyncio.sleep,
    every_s: float = LOOKS_EVERY_S,
    incidents: Sequence[Incident] = INCIDENTS,
) -> None:
    """Take one untouched answered call every `every_s` seconds, until this is cancelled. The newest goes first."""
    while True:
        await pause(every_s)
        try:
            if (report := await _untouched(base_url, token)) is not None:
                await _work_on(base_url, token, report, random.choice(incidents))
        except UnheardError as error:
            log.warning("pretend_operator_unheard", why=str(error))


async def _untouched(base_url: str, token: str) -> Json | None:
    status, text = await speak(f"{base_url}/api/v1/reports?limit=20", token, None, method="GET")
    if status != 200:
        raise UnheardError(f"{status} {text[:200]}")
    found = (report for report in json.loads(text)["reports"] if report["kind"] is None and report["call"])
    return next((report for report in found if report["call"]["answered_at"]), None)


async def _work_on(base_url: str, token: str, report: Json, incident: Incident) -> None:
    """Write, then send; somebody who was faster on the page is left alone (412)."""
    url = f"{base_url}/api/v1/reports/{report['number']}"
    words = {"kind": incident.kind, "location": {"text": incident.where}, "narrative": incident.what}
    match = {"If-Match": f'"{report["version"]}"'}
    status, text = await speak(url, token, words, method="PATCH", headers=match)
    if status == 200:
        status, text = await speak(f"{url}/dispatches", token, {"agencies": list(incident.agencies)})
    if not 200 <= status < 300 and status != 412:
        raise UnheardError(f"{status} {text[:200]}")
