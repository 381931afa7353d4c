"""A commit on SQLite is on the disk before anybody is told of it: seen from outside, in the system calls."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

COMMITS = 100
WRITES = rf"""
import asyncio
import os
import sys

from db.engine import Database
from intake112.clock import SteadyClock

async def write():
    async with Database.open(sys.argv[1], SteadyClock()) as database:
        for n in range({COMMITS}):
            async with database.transaction() as tx:
                tx.record("test", "written", str(n))
            os.write(1, b"%d\n" % n)

asyncio.run(write())
"""


@pytest.mark.real
def test_every_commit_is_synced_before_it_is_told(sqlite_template: Path, tmp_path: Path) -> None:
    file, trace = tmp_path / "intake112.db", tmp_path / "trace"
    shutil.copyfile(sqlite_template, file)
    watched = ["strace", "-f", "-qq", "-y", "-e", "trace=fdatasync,fsync,write", "-o", str(trace)]
    command = [*watched, sys.executable, "-c", WRITES, f"sqlite+aiosqlite:///{file}"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.split() == [str(n) for n in range(COMMITS)]
    log = re.escape(f"{file}-wal")
    happened = re.findall(rf"f(?:data)?sync\(\d+<{log}>|write\(1<", trace.read_text())
    said = [n for n, what in enumerate(happened) if what.startswith("write")]
    between = [happened[since + 1 : until] for since, until in zip([-1, *said], said, strict=False)]
    assert len(between) == COMMITS
    assert all(any(what.startswith("f") for what in one) for one in between)
