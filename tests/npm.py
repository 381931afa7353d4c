"""Packages of npm that tests need, installed once per lock file into the cache, and found there without a network."""

import fcntl
import hashlib
import shutil
import subprocess
from pathlib import Path

from tests.pbx.root import cache_dir, ensure_tool

MADE_FROM = ("package.json", "package-lock.json", ".npmrc")


def installed(folder: Path) -> Path:
    """Return a folder with the `node_modules` that the lock file in `folder` names; one maker at a time.

    Raises:
        RuntimeError: npm or node cannot be installed, or npm failed (the end of its output is in the message).
    """
    digest = hashlib.sha256(b"\0".join((folder / name).read_bytes() for name in MADE_FROM)).hexdigest()
    cache = cache_dir()
    made = cache / f"npm-{digest[:16]}"
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "npm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ensure_tool("node", "nodejs")
        if not made.exists():
            _make(folder, made)
    return made


def _make(folder: Path, made: Path) -> None:
    ensure_tool("npm", "npm")
    partial = made.with_name(f"{made.name}.new")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    for name in MADE_FROM:
        shutil.copyfile(folder / name, partial / name)
    patience = ("--fetch-retries=1", "--fetch-retry-maxtimeout=5000", "--fetch-retry-mintimeout=1000")
    command = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", *patience)
    done = subprocess.run(command, cwd=partial, check=False, capture_output=True, text=True, timeout=100)
    if done.returncode:
        message = f"npm ci failed; is its registry reachable?\n{(done.stdout + done.stderr)[-2000:]}"
        raise RuntimeError(message)
    partial.rename(made)
