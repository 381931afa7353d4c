"""`intake112` as a process that is forked from one which has imported it: the same main, without a second of imports.

A forked process is one like any other: it has a pid, an environment, a log and signals of its own, and `kill -9` is
`kill -9`. What only a fresh interpreter shows (imports, entry point, exit at once) the tests of `intake112/` show.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Final

_SERVER: Final[ForkServerContext] = multiprocessing.get_context("forkserver")
_SERVER.set_forkserver_preload(
    ["intake112.services", "intake112.compose", "intake112.heap", "intake112.doctor", "tests.acceptance.forked"]
)


class Forked:
    """`intake112 ARGUMENTS`, running; what one asks of it is named as in `subprocess.Popen`.

    What it writes to stderr is in `log`, and what it writes to stdout in `said`, or in `log`, too.
    """

    def __init__(
        self, arguments: Sequence[str], environment: Mapping[str, str], log: Path, said: Path | None = None
    ) -> None:
        given = (list(arguments), dict(environment), log, said or log)
        self._process = _SERVER.Process(target=_main, args=given, daemon=True)
        self._process.start()

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self._process.pid is not None
        return self._process.pid

    def poll(self) -> int | None:
        """Return the exit code, -9 after SIGKILL; None while it runs."""
        return self._process.exitcode

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended; return its exit code. Raises subprocess.TimeoutExpired."""
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired("intake112", timeout or 0)
        return code


def run(arguments: Sequence[str], environment: Mapping[str, str], timeout: float) -> subprocess.CompletedProcess[str]:
    """Run `intake112 ARGUMENTS` to its end, as `subprocess.run` does, and return what it wrote."""
    with tempfile.TemporaryDirectory() as folder:
        log, said = Path(folder, "stderr"), Path(folder, "stdout")
        process = Forked(arguments, environment, log, said)
        try:
            code = process.wait(timeout)
        finally:
            process.kill()
        return subprocess.CompletedProcess(arguments, code, said.read_text("utf-8"), log.read_text("utf-8"))


def _main(arguments: list[str], environment: dict[str, str], log: Path, said: Path) -> None:
    from intake112 import cli  # the server has imported it; whoever imports this module need not

    with said.open("ab") as out, log.open("ab") as error:
        os.dup2(out.fileno(), 1)
        os.dup2(error.fileno(), 2)
    os.environ.clear()
    os.environ.update(environment)
    warnings.simplefilter("error")
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="asterisk.ami.response")
    sys.argv = ["intake112", *arguments]
    cli.main()
