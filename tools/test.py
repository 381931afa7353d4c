"""Install what the tests need, check, and run the tests; exit with pytest's code.

On Debian as root that includes real Asterisk, SIPp, PostgreSQL, Chromium, Node and PHP. Elsewhere each thing left out
is one line, and with CI=true leaving out is a failure. Arguments are pytest's.
"""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv" / "bin" / "python"
PACKAGES = {  # Debian's package, and what shows that it is here
    "debootstrap": "debootstrap",
    "sip-tester": "sipp",
    "postgresql": "/usr/lib/postgresql/*/bin/initdb",
    "chromium": "chromium",
    "espeak-ng": "espeak-ng",
    "sox": "sox",
    "nodejs": "node",
    "php-cli": "php",
    "php-sqlite3": "/usr/lib/php/*/pdo_sqlite.so",
    "npm": "npm",
    "iproute2": "ip",
    "strace": "strace",
}
LEFT_OUT = (
    "whole calls on real Asterisk with SIPp",
    "everything again on PostgreSQL",
    "the console in Chromium",
    "signatures against the published JavaScript library",
    "the receiver in PHP",
    "the names of the regency's places (a package of npm)",
    "that every commit on SQLite is on the disk",
)


def why_not_all() -> str | None:
    """Return why the real things cannot run here; None when they can."""
    try:
        here = platform.freedesktop_os_release().get("ID", "an unknown system")
    except OSError:
        here = platform.system()
    if here != "debian" or shutil.which("apt-get") is None:
        return f"it needs Debian, this is {here}"
    return None if os.geteuid() == 0 else "it needs root"


def missing() -> list[str]:
    """Return the Debian packages to install."""

    def is_here(sign: str) -> bool:
        return any(Path("/").glob(sign[1:])) if sign.startswith("/") else shutil.which(sign) is not None

    return [package for package, sign in PACKAGES.items() if not is_here(sign)]


def apt_get(*arguments: str) -> None:
    """Run apt-get, quietly; on failure it has said why, and this ends the run."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0", *arguments]
    if subprocess.run(command, check=False, env=environment, stdin=subprocess.DEVNULL, stdout=sys.stderr).returncode:
        sys.exit(f"test: {' '.join(command)} failed (above)")


def prepare() -> list[str]:
    """Install what is missing, and return what to tell pytest about what cannot be had."""
    reason = why_not_all()
    if reason:
        for thing in LEFT_OUT:
            print(f"test: left out: {thing}: {reason}", flush=True)
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            sys.exit("test: with CI=true nothing may be left out")
        return ["-m", "not real"]
    if packages := missing():
        print(f"test: installing {' '.join(packages)}", flush=True)
        apt_get("update")
        apt_get("install", "-y", "--no-install-recommends", *packages)
    return []


def main(arguments: list[str]) -> int:
    """Prepare, check, test."""
    chosen = prepare()
    root = None
    if not chosen:  # the folder with Asterisk is made once, while the static checks run
        root = subprocess.Popen(
            [PYTHON, "-c", "from tests.pbx.root import AsteriskRoot; AsteriskRoot.ensure()"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
        )
    checked = subprocess.run([PYTHON, "tools/check.py"], check=False, cwd=ROOT).returncode
    if root and root.wait():
        print("test: no real Asterisk could be made (above); its tests will fail", flush=True)
    workers = str(min(4, (os.cpu_count() or 2) + 1))  # one more than there are processors: tests wait for one another's
    command = [PYTHON, "-m", "pytest", "-q", "-n", workers, *chosen, *arguments]
    tested = subprocess.run(command, check=False, cwd=ROOT, stdin=subprocess.DEVNULL).returncode
    if checked and not tested:
        print("test: the tests passed, but a static check failed (above)", flush=True)
    return tested or checked


if __name__ == "__main__":
    code = main(sys.argv[1:])
    if status := os.environ.get("INTAKE112_TEST_STATUS"):  # make has only one exit code for all failures
        Path(status).write_text(str(code), "utf-8")
    sys.exit(code)
