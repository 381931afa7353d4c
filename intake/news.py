"""What is news in the facts of a call: each call is taken up as it is saved, and a fact counts only when it changes it.

Every fact may come twice, at any time after the first (two bridges on one PBX, one of them behind; a tape read again;
the CEL file beside the live line):

- a ring is news when there is no such call; a leg's beginning, answer and end, when the leg has none yet;
- an end, when the call has not ended. One that did takes nothing more, but for a time or an outcome nobody had known,
  what its caller told the voice menu, and where he is;
- a position, when it is another one than the last, and was heard later, and no more than MOST_POSITIONS of a call; an
  entry tells the first, the second, then one every ENTRY_EVERY, and no more than MOST_TOLD of a call;
- what leaves no such trace (held, passed on, ...), when it is later than the last of its kind: `told` keeps those times
  while the call lasts. The stage, too, goes only to what happened later than what it shows.

The report tells its own history: answer, transfer and end are automatic entries, in the centre's language. Saved is all
this by `booking`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, assert_never

from msgspec.structs import replace

from db.calls import CallRow, Key, LegRow
from intake import numbers
from intake.facts import (
    Arrived,
    CallFact,
    CallKey,
    Described,
    Ended,
    Held,
    JoinedWith,
    LegEnded,
    Located,
    MenuAnswered,
    MenuChosen,
    MessageBegan,
    OurTest,
    Position,
    Queued,
    Rang,
    Resumed,
    Taken,
    Transferred,
    Untaped,
)

OUTCOMES = {
    "answered": "selesai, dijawab",
    "abandoned": "penelepon menutup sebelum dijawab",
    "overflow": "hanya dijawab menu suara",
    "failed": "terputus oleh PBX atau trunk sebelum dijawab",
    None: "berakhir saat sistem tidak mendengarkan; hasilnya tidak diketahui",
}
TEST, MENU = "test", "menu"  # in a call's metadata: it is our own test call; the kind that the caller chose
POSITION = "position"  # there, too: what the network last told of where the caller is
MOST_POSITIONS, MOST_TOLD, ENTRY_EVERY = 100, 20, timedelta(seconds=30)
PBX_RESTARTED = "pbx restarted"
SAME_WITHIN = timedelta(seconds=1)  # the CEL file has its own times: milliseconds, of another moment of the same thing
OF_MENU = (MenuAnswered, MenuChosen, MessageBegan)
ON_LEGS = (Queued, Rang, Taken, MenuAnswered, LegEnded, Ended)
Columns = dict[str, Any]
Detail = Mapping[str, str | bool | None]


@dataclass(slots=True)
class Story:
    """A call while its facts of one batch are gathered: `call` and `legs` as they will be saved."""

    call: CallRow
    number: str | None = None  # of the report that this batch opens
    legs: dict[str, LegRow] = field(default_factory=dict)
    changed: bool = False  # the call itself
    caller: Columns = field(default_factory=dict)
    kind: str | None = None  # that the caller chose
    positions: list[Located] = field(default_factory=list)  # where the network says that he is, in order
    is_test: bool | None = None  # what it became by this batch, if anything
    changed_legs: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)  # legs of which it is news that, or when, somebody answered
    entries: list[str] = field(default_factory=list)
    audits: list[tuple[str, Detail]] = field(default_factory=list)

    @property
    def news(self) -> bool:
        """True if something is to be saved."""
        return self.changed or bool(self.changed_legs) or self.number is not None

    def put(self, **columns: Any) -> None:
        """Change the call."""
        self.call = replace(self.call, **columns)
        self.changed = True

    def put_leg(self, leg: LegRow) -> None:
        """Begin or change a leg."""
        self.legs[leg.key] = leg
        self.changed_legs.add(leg.key)

    def is_later(self, kind: str, at: datetime, by: timedelta = timedelta(0)) -> bool:
        """Tell whether `at` is later than the last fact of a kind, and then remember it."""
        last = self.call.told.get(kind)
        if last is not None and at <= datetime.fromisoformat(last) + by:
            return False
        self.put(told=self.call.told | {kind: at.astimezone(UTC).isoformat()})
        return True

    def go_to(self, stage: str, at: datetime | None) -> None:
        """Move the call to a stage, unless something that happened later moved it already."""
        last = self.call.told.get("stage")
        if at is None:
            self.put(stage=stage)
        elif last is None or at >= datetime.fromisoformat(last):
            self.put(stage=stage, told=self.call.told | {"stage": at.astimezone(UTC).isoformat()})

    def audit(self, action: str, **detail: str | bool | None) -> None:
        """Have it in the record."""
        self.audits.append((action, detail))


def key_of(key: CallKey) -> Key:
    """Return a call's key as the rows have it."""
    return (key.pbx, key.uniqueid)


def new_call(ring: Arrived, number: str) -> Story:
    """Return the story of a call that a ring opens, with the number of its report."""
    call = CallRow(
        pbx=ring.key.pbx,
        uniqueid=ring.key.uniqueid,
        linkedid=ring.linkedid or None,
        trunk=clean(ring.trunk),
        dialled=clean(ring.dialled),
        stage="arrived",
        arrived_at=ring.at,
        metadata={"ring": "late"} if ring.late else {},
        recovered=ring.recovered,
    )
    story = Story(call, number, caller=_caller(ring.number_raw, ring.name))
    if ring.late:
        story.entries.append("Baru dikenali sebagai panggilan 112 saat masuk antrean, bukan saat berdering")
    story.audit("CallStart", call=ring.key.uniqueid, recovered=ring.recovered)
    return story


def gather(story: Story, fact: CallFact, others: Mapping[Key, str]) -> None:
    """Put into the story what a fact changes; `others` are the reports' numbers of calls it may be joined with."""
    if isinstance(fact, Ended):
        _end(story, fact)
    elif isinstance(fact, Located):
        _locate(story, fact)  # after the end too: whoever hung up is called back, or looked for
    elif story.call.stage != "ended":
        _go_on(story, fact, others)
    elif isinstance(fact, OF_MENU):
        _hear_menu(story, fact)  # what a caller left is never too late


def _go_on(story: Story, fact: CallFact, others: Mapping[Key, str]) -> None:
    match fact:
        case Described() if story.is_later("described", fact.at):
            _describe(story, fact)
        case OurTest() if TEST not in story.call.metadata:
            story.put(metadata=story.call.metadata | {TEST: "true"})
            story.is_test = True
        case Queued() if fact.leg not in story.legs:
            if TEST in story.call.metadata:
                story.is_test = False  # whoever waits for an operator is a caller
            story.put_leg(_new_leg(fact.leg, "queue", fact.at, fact.queue))
            story.put(queued_at=story.call.queued_at or fact.at)
            story.go_to("queued", fact.at)
        case Rang() if fact.leg not in story.legs:
            story.put_leg(_new_leg(fact.leg, fact.kind, fact.at, fact.device, fact.member))
        case Taken():
            _take(story, fact)
        case LegEnded():
            leg = story.legs.get(fact.leg)
            if leg is not None and leg.to_at is None:
                story.put_leg(replace(leg, to_at=fact.at, cause=clean(fact.cause)))
        case Held() if story.is_later("held", fact.at):
            story.go_to("held", fact.at)
            story.audit("CallStateChange", stage="held", device=clean(fact.by))
        case Resumed() if story.is_later("resumed", fact.at):
            story.go_to("talking", fact.at)
            story.audit("CallStateChange", stage="talking")
        case Transferred() if story.is_later("transferred", fact.at, SAME_WITHIN):
            story.go_to("transferred", fact.at)
            story.entries.append(_passed_on(fact))
            story.audit("CallTransfer", device=clean(fact.by), attended=fact.attended)
        case MenuAnswered() | MenuChosen() | MessageBegan():
            _hear_menu(story, fact)
        case JoinedWith() if story.is_later(f"joined {fact.other.uniqueid}", fact.at, SAME_WITHIN):
            other = others.get(key_of(fact.other), fact.other.uniqueid)
            story.entries.append(f"Disambungkan dengan penelepon {other}")
            story.audit("CallStateChange", joined=fact.other.uniqueid)
        case Untaped() if "untaped" not in story.call.metadata:
            story.put(metadata=story.call.metadata | {"untaped": "true"})
            story.entries.append("Tidak seluruhnya tersimpan di pita: disk tidak menerima tulisan")
            story.audit("CallStateChange", untaped=True)
        case (
            Arrived() | Described() | OurTest() | Queued() | Rang() | Held() | Resumed() | Transferred() | JoinedWith()
        ):
            pass  # it is known already
        case Untaped():
            pass
        case Located():
            _locate(story, fact)
        case Ended():
            _end(story, fact)
        case _:
            assert_never(fact)


def _hear_menu(story: Story, fact: MenuAnswered | MenuChosen | MessageBegan) -> None:
    """Take what the voice menu tells, once; after the end too, for it may be told by a log."""
    match fact:
        case MenuAnswered() if fact.leg not in story.legs:
            leg = _new_leg(fact.leg, "overflow", fact.at, "menu")
            story.put_leg(replace(leg, to_at=story.call.ended_at))
            story.entries.append("Tidak ada petugas yang menjawab: menu suara menjawab dan menjanjikan telepon balik")
            story.audit("CallStateChange", stage="overflow")
            if story.call.stage != "ended":
                story.go_to("overflow", fact.at)
            elif story.call.operator_device is None:
                story.put(outcome="overflow")
        case MenuChosen() if MENU not in story.call.metadata:
            story.put(metadata=story.call.metadata | {MENU: clean(fact.kind)})
            story.kind = clean(fact.kind)
            story.entries.append(f"Penelepon memilih di menu suara: {clean(fact.kind)}")
        case MessageBegan() if story.call.message != fact.file:
            story.put(message=clean(fact.file))
            story.entries.append("Penelepon diminta meninggalkan pesan suara")
        case _:
            pass  # it is known already


def _locate(story: Story, fact: Located) -> None:
    """Take the position that was told last; the same one again, and an older one, is no news.

    The first is told, and mostly comes of the cell; so is the second, which is a better one. Others a device may send
    without end: they take its place, and are told from time to time; the last that is taken says so.
    """
    position, known = fact.position, story.call.metadata.get(POSITION)
    heard, entries, told_at = 1, 0, fact.at
    told: dict[str, str | float | None] = {
        "lat": position.lat,
        "lon": position.lon,
        "radius_m": position.radius_m,
        "method": clean(position.method),
        "at": None if position.measured_at is None else position.measured_at.isoformat(),
        "provided_by": clean(position.provided_by),
        "civic": clean(position.civic),
        "reference": clean(position.reference),
        "source": "PIDF-LO",
    }
    if isinstance(known, dict):
        last = datetime.fromisoformat(str(known["heard_at"]))
        if fact.at <= last or all(known[name] == value for name, value in told.items()):
            return
        heard = int(known.get("heard") or 1) + 1
        entries, told_at = int(known.get("entries") or 1), datetime.fromisoformat(str(known.get("told_at", last)))
        if heard > MOST_POSITIONS:
            return
    is_last = heard == MOST_POSITIONS
    if is_last or entries < 2 or (entries < MOST_TOLD - 1 and fact.at - told_at >= ENTRY_EVERY):
        over = " (posisi berikutnya tidak dicatat lagi)" if is_last else ""
        story.entries.append(_where(position) + over)
        entries, told_at = entries + 1, fact.at
    counted = {"heard": heard, "entries": entries, "told_at": told_at.astimezone(UTC).isoformat()}
    heard_at = fact.at.astimezone(UTC).isoformat()
    story.put(metadata=story.call.metadata | {POSITION: told | {"heard_at": heard_at} | counted})
    story.positions.append(fact)
    story.audit("CallStateChange", located=True)


def _describe(story: Story, fact: Described) -> None:
    number_raw = None if clean(fact.number_raw) == story.call.number_raw else fact.number_raw  # else the ring told it
    story.caller |= _caller(number_raw, fact.name)
    if fact.withheld is not None:
        story.caller["caller_withheld"] = fact.withheld
    if fact.recording:
        story.put(recording=clean(fact.recording))
    if fact.metadata:
        metadata = {name: clean(value) for name, value in fact.metadata.items()}
        story.put(metadata=story.call.metadata | metadata)


def _take(story: Story, fact: Taken) -> None:
    """The first human answer is the call's; a later one (another operator, an agency) is a leg."""
    device, member = clean(fact.device), clean(fact.member)
    leg = story.legs.get(fact.leg)
    if leg is None:
        leg = _new_leg(fact.leg, fact.kind, fact.at or story.call.arrived_at, fact.device, fact.member)
    if leg.taken:
        _take_later(story, fact, leg)
        return
    story.put_leg(replace(leg, taken=True, answered_at=fact.at, member=member or leg.member))
    story.answered.add(fact.leg)
    if story.call.operator_device is None:
        story.put(operator_device=device, operator_member=member, answered_at=fact.at)
        named = f"{member} ({device})" if member and device else member or device
        story.entries.append(f"Dijawab oleh {named}")
    story.go_to("talking", fact.at)
    story.audit("CallStateChange", stage="talking", device=device)


def _take_later(story: Story, fact: Taken, leg: LegRow) -> None:
    """An answer that was found without its time has it from who heard it."""
    if leg.answered_at is not None or fact.at is None:
        return
    story.put_leg(replace(leg, answered_at=fact.at))
    story.answered.add(fact.leg)
    if story.call.answered_at is None and story.call.operator_device == leg.device:
        story.put(answered_at=fact.at)
    story.audit("CallStateChange", stage="talking", device=leg.device, completed=True)


def _end(story: Story, fact: Ended) -> None:
    """Who was answered was answered, by a human or the menu, whatever a bridge that missed it says of the end."""
    call, completed = story.call, story.call.stage == "ended"
    outcome = call.outcome or ("answered" if call.operator_device is not None else fact.outcome)
    if outcome in ("abandoned", "failed") and any(leg.kind == "overflow" for leg in story.legs.values()):
        outcome = "overflow"
    if completed and outcome == call.outcome and (call.ended_at is not None or fact.at is None):
        return
    if not completed or outcome != call.outcome:
        story.entries.append(_over(outcome, fact.cause))
    story.put(
        stage="ended",
        ended_at=call.ended_at or fact.at,
        outcome=outcome,
        hangup_cause=clean(fact.cause) or call.hangup_cause,
        told={},
    )
    if fact.at is not None:
        for leg in [leg for leg in story.legs.values() if leg.to_at is None and leg.kind != "callback"]:
            story.put_leg(replace(leg, to_at=fact.at))
    again = {"completed": True} if completed else {}
    story.audit("CallEnd", outcome=outcome, recovered=fact.recovered, **again)


def _new_leg(key: str, kind: str, at: datetime, device: str, member: str | None = None) -> LegRow:
    return LegRow(key=key, kind=kind, device=clean(device), member=clean(member), from_at=at)


def _passed_on(fact: Transferred) -> str:
    by = f" oleh {clean(fact.by)}" if fact.by else ""
    to = f" ke {clean(fact.to)}" if fact.to else ""
    return f"Dialihkan{by}{to}{', setelah dibicarakan dahulu' if fact.attended else ''}"


def _where(position: Position) -> str:
    """What the network says of where the caller is, and by what; nobody here has checked it."""
    said = []
    if position.lat is not None and position.lon is not None:
        radius = None if position.radius_m is None else f"radius {position.radius_m:.0f} m"
        method = None if position.method is None else f"cara {clean(position.method)}"
        place = f"{position.lat:.5f}, {position.lon:.5f}"
        said.append(f"Posisi dari jaringan: {', '.join(filter(None, [place, radius, method]))}")
    if position.civic:
        said.append(f"Alamat dari jaringan: {clean(position.civic)}")
    if position.reference:
        said.append(f"Rujukan posisi dari jaringan, tidak diambil: {clean(position.reference)}")
    return ". ".join(said) or "Posisi dari jaringan: tidak terbaca"


def _over(outcome: str | None, cause: str | None) -> str:
    restarted = " (PBX dimulai ulang)" if cause == PBX_RESTARTED else ""
    return f"Panggilan {OUTCOMES[outcome]}{restarted}"


def _caller(number_raw: str | None, name: str | None) -> Columns:
    values: Columns = {}
    if number_raw is not None:
        values["caller_number_raw"] = clean(number_raw)
        values["caller_number"] = numbers.e164(number_raw)
        values["caller_digits"] = numbers.digits(number_raw)[:64] or None
    if name is not None:
        values["caller_name"] = clean(name)
    return values


def clean(text: str | None, longest: int | None = None) -> str | None:
    """Text as every database keeps it: PostgreSQL has no NUL."""
    return None if text is None else text.replace("\0", "\ufffd")[:longest]
