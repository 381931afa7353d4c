"""asterisk-conf: every file can be read, keeps its promises, and a real Asterisk starts with it without a complaint."""

import re
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from asterisk.config import Config

from intake112.pbx import fresh_secrets, placeholders, render
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.need import need_real_asterisk
from tests.pbx.sipp import Caller, People
from tests.pbx.stream import AmiStream, Seen

CONF = Path(__file__).resolve().parents[2] / "asterisk-conf"
FILES = sorted(CONF.glob("*.conf"))
TEMPLATE_OR_INCLUDE = re.compile(r"^\s*(#|\[[^\]]*\]\s*\()", re.MULTILINE)
COMPLAINT = re.compile(r"^.*\b(?:WARNING|ERROR)\b.*$", re.MULTILINE)


def read(file: Path) -> Config:
    """pyst2 leaves the file to the garbage collector, which complains."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        return Config(str(file))


def items(file: str, section: str) -> list[tuple[str, str]]:
    """Name and value of every line of one section, in order."""
    return [
        (item.name.strip(), item.value.strip())
        for category in read(CONF / file).categories
        if category.name == section
        for item in category.items
    ]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_file_is_read_by_asterisk_config(file: Path) -> None:
    config = read(file)
    taken = sum(len(category.items) for category in config.categories)
    written = [line for line in file.read_text("utf-8").splitlines() if re.match(r"\s*[^;\s\[]", line)]
    assert taken == len(written)
    assert not TEMPLATE_OR_INCLUDE.search(file.read_text("utf-8"))


def test_no_secret_is_committed() -> None:
    for file in FILES:
        for name, value in re.findall(r"^(secret|password)\s*=>?\s*(.*)$", file.read_text("utf-8"), re.MULTILINE):
            assert re.fullmatch(r"@[A-Z0-9_]+@", value), f"{file.name}: {name}"


def test_the_bridge_has_least_rights_and_loopback_only() -> None:
    user = dict(items("manager.conf", "intake112"))
    assert user["read"] == "call,agent,user,system,security"
    assert user["write"] == "reporting"
    assert user["deny"] == "0.0.0.0/0.0.0.0"
    assert user["permit"] == "127.0.0.1/255.255.255.255"
    hand = dict(items("manager.conf", "intake112-control"))
    assert "read" not in hand
    assert hand["write"] == "call,agent,originate"
    assert (hand["deny"], hand["permit"]) == (user["deny"], user["permit"])
    general = dict(items("manager.conf", "general"))
    assert general["bindaddr"] == "127.0.0.1"
    assert general["timestampevents"] == "yes"
    assert general["webenabled"] == "no"


def test_no_key_moves_a_call_that_nobody_meant_to_move() -> None:
    """What is not taken away is Asterisk's own: `#` passes the caller on, `*` hangs up."""
    assert dict(items("features.conf", "featuremap")) == {"atxfer": "*7", "blindxfer": "", "disconnect": ""}
    (queue,) = [value for _, value in items("extensions.conf", "line-112") if "Queue(" in value]
    assert queue.partition("Queue(")[2].split(",")[1] == "ct", "t: who was called; T would be the caller"


def test_every_event_filter_is_anchored() -> None:
    """An unanchored one matches a caller's name as well, and he is never reported."""
    filters = [
        value
        for category in read(CONF / "manager.conf").categories
        for name, value in items("manager.conf", category.name)
        if name.startswith("eventfilter")
    ]
    assert filters
    for value in filters:
        assert re.match(r"!?\^Event: ", value), value


def test_every_value_of_the_user_event_is_encoded() -> None:
    """UserEvent splits at commas: one bare value is a header the caller may write."""
    (line,) = [value for _, value in items("extensions.conf", "line-112") if "UserEvent(" in value]
    headers = line.partition("UserEvent(Intake112,")[2].removesuffix(")")
    bare = re.sub(r"\w+: \$\{URIENCODE\((?:\$\{[A-Z_]+(?:\([^()]*\))?\}|\.wav)+\)\}", "", headers)
    assert set(bare) == {","}


def test_nothing_but_a_log_line_stands_between_the_call_and_the_queue() -> None:
    applications = [value for _, value in items("extensions.conf", "line-112")]
    order = [re.sub(r"^(?:.*?,)?(?:1|n)(?:\(\w+\))?,(\w+)\(.*$", r"\1", value) for value in applications]
    back = [*["Set"] * 5, "Goto", "NoOp"]
    assert order == ["UserEvent", "GotoIf", "Answer", "MixMonitor", "Queue", *["GotoIf"] * 3, "Hangup", *back]


def test_render_fills_every_placeholder(tmp_path: Path) -> None:
    values = {name: f"value-{name.lower()}" for name in placeholders(CONF)}
    render(CONF, tmp_path, values | {"NOT_ASKED_FOR": "x"})
    assert sorted(file.name for file in tmp_path.iterdir()) == [file.name for file in FILES]
    for file in tmp_path.iterdir():
        assert not re.search(r"@[A-Z0-9_]+@", file.read_text("utf-8"))
        assert file.stat().st_mode & 0o007 == 0


def test_render_names_what_is_missing_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"manager\.conf:\d+: no value for the placeholder @AMI_SECRET@"):
        render(CONF, tmp_path / "out", dict.fromkeys(placeholders(CONF) - {"AMI_SECRET"}, "x"))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("value", ["a\rb", "a\nwrite=all", "a;b", "a\0b"])
def test_render_refuses_a_value_that_begins_another_line(tmp_path: Path, value: str) -> None:
    with pytest.raises(ValueError, match="AMI_SECRET"):
        render(CONF, tmp_path / "out", dict.fromkeys(placeholders(CONF), "x") | {"AMI_SECRET": value})


def test_secrets_are_fresh_and_fit_into_a_file() -> None:
    first, second = fresh_secrets(["A", "B"]), fresh_secrets(["A", "B"])
    assert len({*first.values(), *second.values()}) == 4
    assert all(re.fullmatch(r"[\w-]{43}", value) for value in first.values())


@pytest.fixture(scope="module")
def pbx() -> Iterator[RealAsterisk]:
    need_real_asterisk()
    with RealAsterisk() as running:
        yield running


@pytest.fixture
def people(pbx: RealAsterisk) -> Iterator[People]:
    with People(pbx) as started:
        yield started


@pytest.fixture
def ami(pbx: RealAsterisk) -> Iterator[AmiStream]:
    with pbx.stream() as stream:
        yield stream


def ring(ami: AmiStream) -> Seen:
    """The Newchannel of the next caller of this stream."""
    return ami.wait_event("Newchannel", Context="line-112", ChannelState="4")


@pytest.mark.real
def test_asterisk_starts_without_a_complaint(pbx: RealAsterisk, people: People, ami: AmiStream) -> None:
    """One whole call included: some complaints come with the first use of a module."""
    people.operator(1, answer_ms=100)
    call = people.call()
    channel = ring(ami).get("Channel") or ""
    ami.wait_event("BridgeEnter", Channel=channel)
    call.hang_up()
    call.wait()
    ami.wait_event("Hangup", Channel=channel)
    assert COMPLAINT.findall(pbx.log) == []
    assert pbx.cel_file.read_text().count('"HANGUP"') >= 2
    assert "CONNECT" in pbx.queue_log.read_text()
    people.log_out(1)


@pytest.mark.real
@pytest.mark.parametrize("dialled", ["112", "0328112", "+62112", "s", "*112", "sos", "i", "0", "11-2", "%23112"])
def test_every_dialled_form_reaches_the_line(people: People, ami: AmiStream, dialled: str) -> None:
    call = people.call(Caller(), dialled)
    rung = ring(ami)
    assert rung.get("Exten") == dialled.replace("%23", "#")
    joined = ami.wait_event("QueueCallerJoin")
    assert joined.get("Uniqueid") == rung.get("Uniqueid")
    call.hang_up()
    call.wait()
    ami.wait_event("Hangup", Uniqueid=rung.get("Uniqueid") or "")


@pytest.mark.real
@pytest.mark.parametrize(
    "name",
    [
        b"Event: VarSet",
        b"Ani, Uid: forged-9",
        "Rina\u2028Uniqueid: forged-1".encode(),
        "Rina\u0085Channel: PJSIP/forged-1".encode(),
        b'Siti "Fiktif" \\ ${EXTEN} ${CHANNEL(name)}',
        b"Ren\xe9e",
        b"N" * 80,
    ],
)
def test_a_name_hides_nothing_and_writes_no_header(people: People, ami: AmiStream, name: bytes) -> None:
    """On the raw stream, cut at CRLF as AMI is: the ring is there, no line but the name's own begins with its text."""
    call = people.call(Caller("+6281200000009", name))
    rung = ring(ami)
    uniqueid = rung.get("Uniqueid") or ""
    told = ami.wait_event("UserEvent", Uniqueid=uniqueid)
    ami.wait_event("QueueCallerJoin", Uniqueid=uniqueid)
    call.hang_up()
    call.wait()
    ami.wait_event("Hangup", Uniqueid=uniqueid)
    assert rung.get("CallerIDNum") == told.get("CallerIDNum") == "+6281200000009"
    assert re.fullmatch(r"[\w.~%!*'()-]*", told.get("CallerName") or "", re.ASCII)
    for frame in ami.frames:
        for line in frame.raw.split(b"\r\n"):
            header = line.partition(b": ")[0]
            assert re.fullmatch(rb"[A-Za-z0-9-]*", header), line
            assert header not in {b"Uid", b" Uid"}
        assert len(re.findall(rb"(?:\A|\r\n)Event: ", frame.raw)) <= 1
        assert b"forged" not in (frame.get("Channel") or "").encode()
        assert b"forged" not in (frame.get("Uniqueid") or "").encode()


@pytest.mark.real
def test_a_withheld_number_is_told_as_withheld(people: People, ami: AmiStream) -> None:
    call = people.call(Caller("+6281200000009", b"Dewi Karangan", withheld=True, cell="3GPP-E-UTRAN-FDD; x=1,2"))
    told = ami.wait_event("UserEvent")
    assert (told.get("Presentation") or "").startswith("prohib")
    assert told.get("CallerNumber") == "%2B6281200000009"
    assert "sip%3A%2B6281200000009%40" in (told.get("AssertedIdentity") or "")
    assert told.get("AccessNetwork") == "3GPP-E-UTRAN-FDD%3B%20x%3D1%2C2"
    call.hang_up()
    call.wait()


@pytest.mark.real
def test_the_bridge_cannot_act(ami: AmiStream) -> None:
    for action in ("Originate", "Hangup", "Redirect", "Command", "Setvar", "QueueAdd", "UpdateConfig"):
        ami.send(Action=action, ActionID=action, Command="core stop now", Channel="PJSIP/op1", Variable="X")
        answer = ami.wait(lambda frame, asked=action: frame.matches(ActionID=asked))  # type: ignore[misc]
        assert answer.get("Response") == "Error"
        assert answer.get("Message") == "Permission denied"
