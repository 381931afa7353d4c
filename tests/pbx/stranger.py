"""An Asterisk that is not ours: Debian's files, a dialplan of its own, and nobody has heard of intake112 there.

It is the Asterisk of the cached root, run by the root's own loader instead of in a chroot: so its folders have one name
for it and for who types commands. `PATH` has an `asterisk` and a `systemctl` that mean this one.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from tests.pbx.ports import PortBlock
from tests.pbx.root import AsteriskRoot, cache_dir
from tests.waiting import until

_STOP_S: Final = 10.0
_DIALPLAN: Final = """[general]
static=yes
writeprotect=no

[globals]
RECEPTION=100

[office]
exten => 100,1,Answer()
 same => n,Wait(1)
 same => n,Hangup()
"""
_LISTENERS: Final = (  # of protocols that nobody here speaks: another Asterisk on this machine may have their ports
    *("chan_iax2", "chan_mgcp", "chan_mobile", "chan_ooh323", "chan_skinny", "chan_unistim", "pbx_dundi"),
    *("res_corosync", "res_snmp"),
)


class StrangersAsterisk:
    """Use as a context manager: it runs, with what `Debian` and its owner wrote; the end stops it and removes all."""

    def __init__(self) -> None:
        self.root = AsteriskRoot.ensure()
        self.ports = PortBlock(cache_dir() / "ports")
        self.folder = Path(tempfile.mkdtemp(prefix="intake112-stranger-"))  # short: a socket's path has 107 bytes
        self.etc, self.log, self.spool = (self.folder / name for name in ("etc", "log", "spool"))
        for name in ("varlib", "run", "log", "spool", "bin", "moh"):
            (self.folder / name).mkdir()
        shutil.copytree(self.root.path / "etc/asterisk", self.etc)
        self._modules = self.root.path / self.root.modules().lstrip("/")
        (self.etc / "asterisk.conf").write_text(self._asterisk_conf())
        (self.etc / "extensions.conf").write_text(_DIALPLAN)
        with (self.etc / "modules.conf").open("a") as file:
            file.writelines(f"\nnoload = {name}.so" for name in _LISTENERS)
        self._write_programs()

    @property
    def environment(self) -> dict[str, str]:
        """Of a shell on this PBX."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("INTAKE112_")}
        return kept | {"PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}"}

    @property
    def sip_port(self) -> int:
        """UDP on 127.0.0.1, once somebody has told it."""
        return self.ports.sip

    def desk_secret(self, desk: int) -> str:
        """With which the phone of this desk logs in."""
        lines = (self.etc / "intake112/pjsip.conf").read_text().partition(f"username=op{desk}\n")[2]
        return lines.partition("password=")[2].partition("\n")[0]

    def cli(self, command: str) -> str:
        """What `asterisk -rx command` prints."""
        done = subprocess.run(
            [self.folder / "bin/asterisk", "-rx", command], check=True, capture_output=True, text=True, timeout=10
        )
        return done.stdout

    def shell(self, commands: str, **variables: str) -> str:
        """Run commands in one `sh -e`, and return what they print. Raises AssertionError with all they said."""
        done = subprocess.run(
            ["sh", "-eu", "-c", commands],
            env=self.environment | variables,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        return done.stdout

    def __enter__(self) -> Self:
        self.shell("systemctl restart asterisk")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self._stop()
        finally:
            self.ports.release()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _stop(self) -> None:
        file = self.folder / "run/asterisk.pid"
        if not file.exists():
            return
        process = Path("/proc") / file.read_text().strip()
        self.cli("core stop now")
        until(lambda: not process.exists(), "it stops", _STOP_S)

    def _asterisk_conf(self) -> str:
        data = self.root.path / "usr/share/asterisk"
        places = {
            "astetcdir": self.etc,
            "astmoddir": self._modules,
            "astvarlibdir": self.folder / "varlib",
            "astdbdir": self.folder / "varlib",
            "astkeydir": self.folder / "varlib",
            "astdatadir": data,
            "astagidir": data / "agi-bin",
            "astspooldir": self.spool,
            "astrundir": self.folder / "run",
            "astlogdir": self.log,
        }
        lines = "".join(f"{name} => {place}\n" for name, place in places.items())
        return f"[directories]\n{lines}\n[options]\nverbose = 1\n"

    def _write_programs(self) -> None:
        libraries = self._modules.parents[1]
        loader = next(libraries.glob("ld-linux*.so*"))
        asterisk = self.root.path / "usr/sbin/asterisk"
        run = f'exec {loader} --library-path {libraries} {asterisk} -C {self.etc}/asterisk.conf "$@"'
        pid = self.folder / "run/asterisk.pid"
        restart = f"""[ "$*" = "restart asterisk" ] || exit 64
if [ -e {pid} ]; then
  old=$(cat {pid})
  asterisk -rx 'core stop now'
  while [ -e /proc/$old ]; do sleep 0.05; done
fi
asterisk > {self.folder}/console 2>&1
while ! asterisk -rx 'core waitfullybooted' > /dev/null 2>&1; do sleep 0.05; done"""
        for name, text in (("asterisk", run), ("systemctl", restart)):
            program = self.folder / "bin" / name
            program.write_text(f"#!/bin/sh\n{text}\n")
            program.chmod(0o755)
