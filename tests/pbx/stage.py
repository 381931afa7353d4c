"""What a story on real Asterisk is told with; `stories` and `moves` tell them, `record` writes them down."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.pbx.asterisk import RealAsterisk
from tests.pbx.sipp import Caller, CallerProcess, People
from tests.pbx.stream import AmiStream

SITI: Final = Caller("+6281200000001", b"Siti Fiktif")
BUDI: Final = Caller("+6281200000002", b"Budi Rekaan", cell="3GPP-E-UTRAN-FDD; utran-cell-id-3gpp=5101000010000001")


@dataclass(frozen=True)
class Stage:
    """What a story has in its hands."""

    pbx: RealAsterisk
    people: People
    ami: AmiStream

    def caller_channel(self, count: int = 1, context: str = "line-112") -> str:
        """The name of the `count`-th caller's channel, once he rings."""
        rung = self.ami.wait_event("Newchannel", ChannelState="4", Context=context, count=count)
        return rung.get("Channel") or ""

    def talks(self, channel: str, count: int = 1) -> None:
        """Until this channel has come into a bridge for the `count`-th time."""
        self.ami.wait_event("BridgeEnter", Channel=channel, count=count)

    def gone(self, channel: str) -> None:
        """Until this channel has ended."""
        self.ami.wait_event("Hangup", Channel=channel)

    def hangs_up(self, call: CallerProcess, channel: str) -> None:
        """The caller hangs up, and nothing of him is left."""
        call.hang_up()
        call.wait()
        self.gone(channel)


@dataclass(frozen=True)
class Story:
    """`prepare` happens before the bridge logs in (phones), `tell` after; `appended` goes behind rendered files."""

    prepare: Callable[[People], None]
    tell: Callable[[Stage], None]
    appended: Mapping[str, str] = field(default_factory=dict)


def phones(*answer_ms: int | None, hang_up_ms: int | None = None) -> Callable[[People], None]:
    """Desks 1, 2, ... are logged in; each answers after so many milliseconds (None: only rings). `hang_up_ms`: of the
    first."""

    def prepare(people: People) -> None:
        for desk, answer in enumerate(answer_ms, 1):
            people.operator(desk, answer_ms=answer, hang_up_ms=hang_up_ms if desk == 1 else None)

    return prepare
