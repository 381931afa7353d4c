"""A whole centre around the product: a pretend Asterisk that rings, and pretend agencies that accept.

It touches neither settings nor database: whoever runs it gives the bridge `pbx`'s address and registers `agencies`.
Ports are new at every start and a demo database stays, so registering is "add, or move": an agency whose code is there
already keeps its row and its secret, gets the new `url`, and a new token. `is_pretend` says whether a row that is there
is one of ours: an address on loopback under the path that only pretend agencies have. Any other row must be left alone,
a real agency's code included.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from ipaddress import ip_address
from random import Random
from typing import Final
from urllib.parse import urlsplit

from exercise.agency import HOOK, PretendAgency
from exercise.beside import tasks_beside
from exercise.pbx import Clock, Pause, PretendAsterisk
from exercise.ringing import ring_forever
from exercise.sms_gateway import PretendGateway
from exercise.temperaments import GOES, LATE, PROMPT, REJECTS, TWICE

EVERY_S: Final = 8.0
ROSTER: Final = (  # code, name, kinds it is told of, who answers there, how they are
    ("damkar", "Pemadam Kebakaran", ("kebakaran", "hewan"), "Regu 1 (rekaan)", GOES),
    ("psc119", "PSC 119 Ambulans", ("ambulans", "laka", "odgj"), "Perawat jaga (rekaan)", GOES),
    ("bpbd", "BPBD", ("banjir", "laut", "pohon"), "Pusdalops (rekaan)", GOES),
    ("dlh", "Dinas Lingkungan Hidup", ("pohon", "pju"), "Petugas taman (rekaan)", TWICE),
    ("satpolpp", "Satpol PP", ("odgj", "sosial"), "Piket (rekaan)", PROMPT),
    ("pln", "PLN", ("pju",), "Posko teknik (rekaan)", REJECTS),
    ("polres", "Polres", ("kriminal", "laka"), "SPKT (rekaan)", LATE),
)
PHONES: Final = {"polres": "081200000500"}  # as invented as the callers': who is late gets the link by SMS


@dataclass(frozen=True, slots=True)
class Demo:
    """What runs: the PBX to connect to, the agencies to register and then `enrol`, the gateway for SMS."""

    pbx: PretendAsterisk
    agencies: tuple[PretendAgency, ...]
    sms: PretendGateway


def is_pretend(url: str) -> bool:
    """Return whether an agency with this URL is one of ours, of this start or an earlier one."""
    try:
        parts = urlsplit(url)
        return ip_address(parts.hostname or "").is_loopback and parts.scheme == "http" and parts.path == HOOK
    except ValueError:
        return False


@contextlib.asynccontextmanager
async def demo(
    clock: Clock, *, every_s: float = EVERY_S, pause: Pause = asyncio.sleep, seed: int | None = None
) -> AsyncIterator[Demo]:
    """Run the pretend Asterisk and the pretend agencies; callers ring once the bridge has logged in.

    The same `seed` gives the same callers in the same order.
    """
    random = Random(seed)  # noqa: S311  # who rings next is no secret
    async with contextlib.AsyncExitStack() as stack:
        pbx = await stack.enter_async_context(PretendAsterisk(clock, pause=pause))
        agencies = [
            PretendAgency(
                code, name, clock, kinds=kinds, phone=PHONES.get(code), temperament=temperament, by=by, pause=pause
            )
            for code, name, kinds, by, temperament in ROSTER
        ]
        sms = await stack.enter_async_context(PretendGateway().serving())
        for agency in agencies:
            await stack.enter_async_context(agency.serving())
        for agency in agencies:
            stack.callback(agency.leave)  # all at once, before the first is waited for
        tasks = await stack.enter_async_context(tasks_beside())
        ringing = tasks.create_task(ring_forever(pbx, every_s, random=random, pause=pause))
        stack.callback(ringing.cancel)
        yield Demo(pbx, tuple(agencies), sms)
