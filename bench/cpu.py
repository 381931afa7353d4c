"""What the bridge costs per call beside what Asterisk itself spends on the same calls: processor time of both.

Real Asterisk with recording, SIPp callers and operators who send sound both ways. Two products listen to the same
calls: the bridge alone (`intake112 bridge` on PostgreSQL), and everything in one process (`intake112 run` on SQLite).
"""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from bench.ring_to_screen import databases
from tests.acceptance.conftest import settings
from tests.acceptance.product import Product
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import Caller, People
from tests.waiting import until

CALLS = 24
TALK_S = 20
GOAL = 0.15
TICK = os.sysconf("SC_CLK_TCK")


def seconds(pid: int) -> float:
    """Return the processor time that a process has used, its threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def run(folder: Path) -> str:
    """Measure, and return the section for docs/performance.md."""
    with ExitStack() as stack:
        pbx = stack.enter_context(RealAsterisk(systemname="bench"))
        people = stack.enter_context(People(pbx))
        urls = stack.enter_context(databases(folder))
        joined = settings(pbx) | {"INTAKE112_PBX": "bench"}

        def product(database: str, room: str) -> Product:
            state = Path(tempfile.mkdtemp(dir=folder))
            found = stack.enter_context(Product(urls[database], state, joined, room=room))
            found.command("migrate")
            found.start(ready=room == "run")
            return found

        bridge, everything = product("PostgreSQL", "bridge"), product("SQLite", "run")
        until(lambda: pbx.cli("manager show connected").count("intake112") == 2, "both listen")
        for desk in range(1, 9):
            people.operator(desk, answer_ms=1500, hang_up_ms=1000 * TALK_S)
        assert pbx.pid is not None
        watched = {"Asterisk 22": pbx.pid, "`intake112 bridge`, PostgreSQL": bridge.pid}
        watched["`intake112 run`, SQLite"] = everything.pid
        before = {name: seconds(pid) for name, pid in watched.items()}
        people.call(Caller(), calls=CALLS, per_second=1)
        until(lambda: len(everything.reports()) == CALLS, "all have rung", within_s=2 * CALLS)
        everything.all_ended(CALLS, within_s=4 * CALLS)
        spent = {name: seconds(pid) - before[name] for name, pid in watched.items()}
    whole = spent["Asterisk 22"]
    met = "met" if spent["`intake112 bridge`, PostgreSQL"] <= GOAL * whole else "**missed**"
    return "\n".join(
        [
            "## Processor time per call",
            "",
            f"{CALLS} calls, one a second, eight operators who answer after 1.5 s and talk {TALK_S} s, recorded. Goal:",
            f"the bridge spends at most {GOAL:.0%} of what Asterisk spends on the same calls ({met}). `run` is the",
            "API, the page and the lanes too, and answers a client that asks for all reports every 20 ms.",
            "",
            "| process | ms a call | of Asterisk's |",
            "|---|---:|---:|",
            *(f"| {name} | {1000 * used / CALLS:.1f} | {used / whole:.0%} |" for name, used in spent.items()),
            "",
        ]
    )
