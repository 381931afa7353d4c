"""The static checks, side by side; what failed is printed whole, and the exit code is 1."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"
CHECKS = {
    "ruff check": ("ruff", "check", "."),
    "ruff format": ("ruff", "format", "--check", "."),
    "mypy": ("mypy",),
    "lint-imports": ("lint-imports", "--no-cache"),
    "svelte-check": ("python", "tools/console.py", "check"),
}


def run(name: str) -> tuple[str, int, str, float]:
    """Run one check and return its name, exit code, output and seconds."""
    started = time.monotonic()
    program, *arguments = CHECKS[name]
    done = subprocess.run(
        [BIN / program, *arguments],
        check=False,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return name, done.returncode, done.stdout, time.monotonic() - started


def main() -> int:
    """Run them all."""
    failed = 0
    with ThreadPoolExecutor() as pool:
        for name, code, output, seconds in pool.map(run, CHECKS):
            print(f"check: {name}: {'ok' if code == 0 else 'FAILED'} ({seconds:.1f} s)", flush=True)
            if code:
                print(output, flush=True)
                failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
