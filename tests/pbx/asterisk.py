"""One real Asterisk, in a folder and on ports of its own, as a child process.

Addresses: Asterisk and the desks live on 127.0.0.1, the carrier (callers, and where calls out go) on 127.0.0.2,
so that the trunk is known by its address exactly as in a centre and a phone is never taken for the carrier.
"""

import atexit
import os
import select
import shutil
import signal
import subprocess
import time
import wave
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from intake112.pbx import fresh_secrets, render
from tests.pbx.ports import PortBlock
from tests.pbx.root import AsteriskRoot, cache_dir
from tests.pbx.stream import AmiStream

__all__ = ["CARRIER_HOST", "DESKS", "PBX_HOST", "AsteriskRoot", "RealAsterisk"]

PBX_HOST: Final = "127.0.0.1"
CARRIER_HOST: Final = "127.0.0.2"
DESKS: Final = range(1, 9)
_CONF: Final = Path(__file__).resolve().parents[2] / "asterisk-conf"
PROMPT_S: Final = 0.5
"""The voice menu's sentences here: a digit still interrupts them, and nobody waits for their end."""
_START_S: Final = 30.0
_STOP_S: Final = 10.0


class RealAsterisk:
    """Real Asterisk with the shipped configuration.

    `with RealAsterisk() as pbx:` starts and stops it. `values` overrides placeholders of `asterisk-conf/`
    (for example `{"QUALIFY_S": "2", "RTP_TIMEOUT_S": "4"}`); `appended` is written behind rendered files
    (`{"extensions.conf": "[from-queue]..."}`): what a test needs and nobody installs. After `stop()` or `kill()`,
    `start()` goes on with the same ports, database, CEL file and queue log; `close()` (or the end of `with`) gives the
    ports back.
    """

    def __init__(
        self,
        root: AsteriskRoot | None = None,
        *,
        values: Mapping[str, str] | None = None,
        appended: Mapping[str, str] | None = None,
        systemname: str = "pbx-test",
        ports: Callable[[Path, Callable[[int], None]], PortBlock] = PortBlock,
    ) -> None:
        self.root = root or AsteriskRoot.ensure()
        self.ports = ports(cache_dir() / "ports", self._bury_predecessor)
        self.systemname = systemname
        self.ami_username = "intake112"
        self._inside = _inside(self.ports.base)
        self.folder = self.root.path / self._inside.lstrip("/")
        self._process: subprocess.Popen[bytes] | None = None
        shutil.rmtree(self.folder, ignore_errors=True)
        for name in ("varlib", "varlib/cache", "spool/monitor", "run", "log/cel-custom", "moh"):
            (self.folder / name).mkdir(parents=True)
        _write_tone(self.folder / "moh" / "tone.wav")
        for prompt in _CONF.glob("prompts/[a-z][a-z]/*.txt"):
            sound = self.folder / "prompts" / prompt.parent.name / f"{prompt.stem}.wav"
            sound.parent.mkdir(parents=True, exist_ok=True)
            _write_tone(sound, PROMPT_S)
        self._values = {**self._defaults(), **(values or {})}
        render(_CONF, self.folder / "etc", self._values)
        for name, text in (appended or {}).items():
            with (self.folder / "etc" / name).open("a") as file:
                file.write(f"\n{text}\n")
        atexit.register(self.close)

    @property
    def ami_host(self) -> str:
        """Always 127.0.0.1."""
        return PBX_HOST

    @property
    def ami_port(self) -> int:
        """TCP."""
        return self.ports.ami

    @property
    def ami_secret(self) -> str:
        """Of the user `intake112`; new for every instance."""
        return self._values["AMI_SECRET"]

    @property
    def control_secret(self) -> str:
        """Of the user `intake112-control`; new for every instance."""
        return self._values["CONTROL_SECRET"]

    def desk_secret(self, desk: int) -> str:
        """With which the phone of this desk logs in; new for every instance."""
        return self._values[f"OP{desk}_SECRET"]

    @property
    def sip_port(self) -> int:
        """UDP on 127.0.0.1."""
        return self.ports.sip

    @property
    def cel_file(self) -> Path:
        """CSV, one line an event; appears with the first call."""
        return self.folder / "log/cel-custom/intake112.csv"

    @property
    def queue_log(self) -> Path:
        """Lines `epoch|callid|queue|member|event|...`."""
        return self.folder / "log/queue_log"

    @property
    def recordings(self) -> Path:
        """Folder of `UNIQUEID.wav`."""
        return self.folder / "spool/monitor"

    @property
    def log(self) -> str:
        """Notices, warnings and errors since the first start."""
        file = self.folder / "log/messages.log"
        return file.read_text("utf-8", "surrogateescape") if file.exists() else ""

    @property
    def security_log(self) -> str:
        """Security events (rejected INVITEs and log-ins)."""
        file = self.folder / "log/security.log"
        return file.read_text("utf-8", "surrogateescape") if file.exists() else ""

    @property
    def pid(self) -> int | None:
        """Of the running Asterisk."""
        return None if self._process is None else self._process.pid

    @property
    def running(self) -> bool:
        """True while the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def conf_file(self) -> str:
        """asterisk.conf, as seen from inside the root."""
        return f"{self._inside}/etc/asterisk.conf"

    def start(self) -> Self:
        """Run until AMI lets us in and says FullyBooted (about a second).

        Raises:
            RuntimeError: it ended, or was not ready within 30 s; its log is in the message.
        """
        if self._process is not None:
            message = f"Asterisk runs already, pid {self._process.pid}"
            raise RuntimeError(message)
        with (self.folder / "log/console.log").open("ab") as console:
            self._process = subprocess.Popen(
                [*self._command(), "-f"],
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_S
        while not self._booted():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                console_text = (self.folder / "log/console.log").read_text("utf-8", "replace")
                message = f"Asterisk did not start:\n{console_text[-2000:]}\n{self.log[-4000:]}"
                raise RuntimeError(message)
            time.sleep(0.05)  # between two looks
        return self

    def stream(self) -> AmiStream:
        """A new AMI session of the user `intake112`, with its shipped rights and filters."""
        return AmiStream(PBX_HOST, self.ami_port, self.ami_username, self.ami_secret)

    def cli(self, command: str) -> str:
        """What `asterisk -rx command` prints.

        Raises:
            RuntimeError: Asterisk did not take the command.
        """
        done = subprocess.run(
            [*self._command(), "-rx", command],
            check=False,
            capture_output=True,
            timeout=10,
        )
        if done.returncode:
            message = f"{command}: {done.stdout!r} {done.stderr!r}"
            raise RuntimeError(message)
        return done.stdout.decode("utf-8", "surrogateescape")

    @contextmanager
    def without(self, part: str) -> Iterator[None]:
        """Take a module, or a [context] of the dialplan, out while it runs, and put it back."""
        is_context = part.startswith("[")
        self.cli(f"dialplan remove context {part[1:-1]}" if is_context else f"module unload {part}.so")
        try:
            yield
        finally:
            self.cli("dialplan reload" if is_context else f"module load {part}.so")

    def stop(self) -> None:
        """SIGTERM (calls get BYE, AMI gets Shutdown), then wait; SIGKILL after 10 s. Twice is once."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def kill(self) -> None:
        """SIGKILL, as a crash: no BYE, no Shutdown, CEL without HANGUP. Twice is once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def restart(self) -> Self:
        """`stop()` and `start()`."""
        self.stop()
        return self.start()

    def close(self) -> None:
        """End it at once, for nobody asks it any more (a `stop()` takes 0.8 s), and give the ports back.

        The folder stays until the next instance takes its place.
        """
        self.kill()
        self.ports.release()
        atexit.unregister(self.close)

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _command(self) -> list[str]:
        return ["chroot", str(self.root.path), "asterisk", "-n", "-C", self.conf_file]

    def _booted(self) -> bool:
        try:
            with self.stream() as stream:
                stream.wait_event("FullyBooted", timeout=2)
        except OSError:  # refused, ended, or not booted yet (TimeoutError is one too)
            return False
        return True

    def _defaults(self) -> dict[str, str]:
        ports, inside = self.ports, self._inside
        first, last = ports.rtp
        return {
            "ETC_DIR": f"{inside}/etc",
            "MODULE_DIR": self.root.modules(),
            "VARLIB_DIR": f"{inside}/varlib",
            "DATA_DIR": "/usr/share/asterisk",
            "SPOOL_DIR": f"{inside}/spool",
            "RUN_DIR": f"{inside}/run",
            "LOG_DIR": f"{inside}/log",
            "MOH_DIR": f"{inside}/moh",
            "PROMPTS_DIR": f"{inside}/prompts",
            "MENU_PORT": str(ports.menu),
            "HEP_PORT": str(ports.hep),
            "CDREL_MODULE": "res_cdrel_custom.so" if self.root.version >= 22 else "cel_custom.so",
            "SYSTEMNAME": self.systemname,
            "AMI_PORT": str(ports.ami),
            "SIP_BIND": PBX_HOST,
            "SIP_PORT": str(ports.sip),
            "RTP_START": str(first),
            "RTP_END": str(last),
            "RTP_TIMEOUT_S": "30",
            "RTP_TIMEOUT_HOLD_S": "300",
            "QUALIFY_S": "0",
            "TRUNK_MATCH": f"{CARRIER_HOST}/32",
            "TRUNK_CONTACT": f"sip:{CARRIER_HOST}:{ports.carrier}",
            **{f"OP{desk}_CONTACT": f"sip:op{desk}@{PBX_HOST}:{ports.operator(desk)}" for desk in DESKS},
            **fresh_secrets(["AMI_SECRET", "CONTROL_SECRET", *(f"OP{desk}_SECRET" for desk in DESKS)]),
        }

    def _bury_predecessor(self, base: int) -> None:
        """End an Asterisk that a killed test run left on these ports: their lock says that nobody owns it."""
        folder = _inside(base)
        try:
            pid = int((self.root.path / folder.lstrip("/") / "run/asterisk.pid").read_text())
            if f"{folder}/".encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                stray = os.pidfd_open(pid)
                signal.pidfd_send_signal(stray, signal.SIGKILL)
                select.select([stray], [], [], 5)
                os.close(stray)
        except (OSError, ValueError):
            pass  # no file, or no such process


def _inside(base: int) -> str:
    """The instance's folder, as seen from inside the root."""
    return f"/srv/intake112/{base}"


def _write_tone(file: Path, seconds: float = 1) -> None:
    """Silence, 8 kHz: music on hold with no file in it is a WARNING and no sound at all."""
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(bytes(int(16_000 * seconds)))
