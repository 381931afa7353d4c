"""The cached folders that hold a Debian with Asterisk 22, or 16, each made once per machine by debootstrap."""

import fcntl
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_SUITES: Final = {
    22: ("forky", "{folder}", "", "/usr/share/debootstrap/scripts/sid"),
    16: ("bullseye", "{folder}"),
}
"""Debian 12 has no Asterisk; its debootstrap knows no `forky` script, so sid's is named; "" is the usual mirror.
Debian 11 carries 16.28, which centres still run: we read what it says, and do not install on it."""


def cache_dir() -> Path:
    """`INTAKE112_CACHE`, or `~/.cache/intake112`: big things that are not in git and can be made again."""
    return Path(os.environ.get("INTAKE112_CACHE") or Path.home() / ".cache" / "intake112")


def missing_requirement() -> str | None:
    """Why no real Asterisk can run here, in one line; None when it can (root is needed for chroot)."""
    if sys.platform != "linux":
        return "real Asterisk is left out: it needs Linux"
    if os.geteuid() != 0:
        return "real Asterisk is left out: chroot and debootstrap need root"
    if shutil.which("sipp") is None and shutil.which("apt-get") is None:
        return "real Asterisk is left out: SIPp is not installed and there is no apt-get (Debian package sip-tester)"
    return None


@dataclass(frozen=True)
class AsteriskRoot:
    """A folder that `chroot DIR asterisk` runs in."""

    path: Path
    version: int = 22

    @classmethod
    def ensure(cls, version: int = 22) -> "AsteriskRoot":
        """The cached root of Asterisk 22 or 16, made when it is missing (about 40 s and 500 MB), one maker at a time.

        Raises:
            RuntimeError: not root, or debootstrap failed (the end of its output is in the message).
        """
        cache = cache_dir()
        folder = cache / f"asterisk-{version}"
        cache.mkdir(parents=True, exist_ok=True)
        with (cache / f"asterisk-{version}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "usr/sbin/asterisk").exists():
                _make(folder, version)
        ensure_tool("sipp", "sip-tester")
        return cls(folder, version)

    def modules(self) -> str:
        """The folder of Asterisk's modules, as seen from inside the root.

        Raises:
            RuntimeError: the root has none.
        """
        for folder in ("usr/lib/*/asterisk/modules", "usr/lib/asterisk/modules"):
            for found in self.path.glob(folder):
                return f"/{found.relative_to(self.path)}"
        message = f"{self.path} holds no Asterisk modules; remove the folder and it is made again"
        raise RuntimeError(message)


def ensure_tool(command: str, package: str) -> None:
    """Install Debian's `package` if `command` is missing.

    Raises:
        RuntimeError: apt-get failed or is not there.
    """
    if shutil.which(command) is None:
        _say(f"installing {package} (once)")
        _run("apt-get", "install", "-y", "--no-install-recommends", package)


def _make(folder: Path, version: int) -> None:
    if os.geteuid() != 0:
        message = "making the Asterisk root needs root (debootstrap, chroot)"
        raise RuntimeError(message)
    ensure_tool("debootstrap", "debootstrap")
    partial = folder.with_name(f"{folder.name}.new-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    suite, *more = _SUITES[version]
    _say(f"making {folder}: Debian {suite} with Asterisk {version}, 500 MB, about 40 s, once")
    try:
        include = ("--variant=minbase", "--include=asterisk")
        _run("debootstrap", *include, suite, *(part.format(folder=partial) for part in more))
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    _say("done")


def _run(*command: str) -> None:
    env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=900, env=env)
    if done.returncode:
        message = f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-2000:]}"
        raise RuntimeError(message)


def _say(text: str) -> None:
    sys.stderr.write(f"tests.pbx: {text}\n")
    sys.stderr.flush()
