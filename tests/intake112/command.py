"""Starting `intake112` as its users do: a process with an environment."""

import contextlib
import io
import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from unittest import mock

import structlog

from intake112 import cli

PROGRAM = Path(sys.executable).parent / "intake112"


def environment(state: Path, **settings: str) -> dict[str, str]:
    """Return this process's environment with only these settings; names without their prefix."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("INTAKE112_")}
    return kept | {"INTAKE112_STATE_DIR": str(state)} | {f"INTAKE112_{n}": v for n, v in settings.items()}


def intake112(
    env: Mapping[str, str], *arguments: str, stdin: str = "", cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a short command to its end."""
    return subprocess.run(
        [PROGRAM, *arguments], check=False, env=env, cwd=cwd, input=stdin, capture_output=True, text=True, timeout=60
    )


def inside(env: Mapping[str, str], *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a short command to its end in this process: a second of starting Python less."""
    out, err = io.StringIO(), io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    with (
        mock.patch.dict(os.environ, env, clear=True),
        mock.patch.object(sys, "argv", ["intake112", *arguments]),
        mock.patch.object(sys, "stdin", io.StringIO(stdin)),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        finally:
            root.handlers, root.level = handlers, level
            structlog.reset_defaults()
    return subprocess.CompletedProcess(["intake112", *arguments], code, out.getvalue(), err.getvalue())


def until(condition: Callable[[], bool], process: subprocess.Popen[str], seconds: float = 30) -> None:
    """Wait until the condition holds, while the process lives."""
    end = time.monotonic() + seconds
    while not condition():
        if process.poll() is not None or time.monotonic() > end:
            process.kill()
            raise AssertionError(f"it did not come; exit code {process.poll()}:\n{process.communicate()[1][-4000:]}")
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue


def status(port: int, path: str) -> int:
    """Return the HTTP status of a page, 0 when nobody answers."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, HTTPException):
        return 0
    finally:
        connection.close()


@contextlib.contextmanager
def service(env: Mapping[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Run a service; it is killed at the end if it still lives."""
    process = subprocess.Popen(
        [PROGRAM, *arguments],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def text(port: int, path: str) -> str:
    """Return what a page says."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()
