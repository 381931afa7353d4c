"""What the doctor makes of a figure, a version, a list of rights; and how it says so."""

import pytest

from intake112 import findings, verdicts
from intake112.findings import Finding, Verdict
from intake112.verdicts import ACTS, EAR_ASKS, FUNCTIONS, HAND_DOES, HAND_SHOWS, MB

OK, WARNING, WRONG = Verdict


def test_a_finding_is_one_line_that_says_how_to_mend_it() -> None:
    good, bad = findings.ok("clock", "well"), findings.wrong("trunk \n\x1b[2J", "gone", "call them")
    assert str(good) == "ok      clock: well"
    assert str(bad) == "wrong   trunk \\n\\x1b[2J: gone -> call them"


def test_warnings_are_allowed_and_one_wrong_is_not() -> None:
    found = [findings.ok("a", "x"), findings.warning("b", "x", "y")]
    assert findings.exit_code(found) == 0
    assert findings.summary(found) == "2 checks: 1 ok, 1 warning, 0 wrong"
    assert findings.exit_code([*found, findings.wrong("c", "x", "y")]) == 1


@pytest.mark.parametrize(
    ("version", "verdict"),
    [
        ("3.40.1", WARNING),
        ("3.44.5", WARNING),
        ("3.44.6", OK),
        ("3.45.0", WARNING),
        ("3.50.6", WARNING),
        ("3.50.7", OK),
        ("3.51.0", WARNING),
        ("3.51.2", WARNING),
        ("3.51.3", OK),
        ("3.52.0", OK),
    ],
)
def test_sqlite_has_the_race_before_some_versions(version: str, verdict: Verdict) -> None:
    assert verdicts.sqlite(version).verdict is verdict


@pytest.mark.parametrize(
    ("version", "verdict"),
    [
        ("22.10.1+dfsg+~cs6.17.60671434-1", OK),
        ("20.5.2", OK),
        ("certified/20.7-cert1", OK),
        ("16.28.0", WARNING),
        ("23.0.0", WARNING),
        ("", WARNING),
    ],
)
def test_asterisk_is_20_to_22(version: str, verdict: Verdict) -> None:
    assert verdicts.asterisk(version).verdict is verdict


@pytest.mark.parametrize(("offset", "verdict"), [(0.0, OK), (-1.0, OK), (1.001, WRONG), (-3600.0, WRONG)])
def test_clocks_are_a_second_apart_at_most(offset: float, verdict: Verdict) -> None:
    assert verdicts.clock(offset).verdict is verdict


@pytest.mark.parametrize(
    ("free", "total", "verdict"),
    [
        (50_000 * MB, 100_000 * MB, OK),
        (9_999 * MB, 100_000 * MB, WARNING),
        (1_999 * MB, 100_000 * MB, WRONG),
        (499 * MB, 600 * MB, WRONG),
        (501 * MB, 600 * MB, OK),
        (0, 0, WRONG),
    ],
)
def test_a_disk_is_low_and_then_full(free: int, total: int, verdict: Verdict) -> None:
    assert verdicts.disk("state", "/var", free, total).verdict is verdict


def test_the_ear_asks_and_does_not_act() -> None:
    assert verdicts.ear("u", EAR_ASKS).verdict is OK
    for lacks in EAR_ASKS:
        assert lacks in verdicts.ear("u", set(EAR_ASKS) - {lacks}).found
    for act in (*ACTS, "Command"):
        found = verdicts.ear("u", {*EAR_ASKS, act})
        assert (found.verdict, act in found.found) == (WRONG, True)


def test_the_hand_acts_on_calls_and_commands_nothing() -> None:
    assert verdicts.hand("u", HAND_DOES).verdict is OK
    for lacks in HAND_DOES:
        assert lacks in verdicts.hand("u", set(HAND_DOES) - {lacks}).found
    assert "Command" in verdicts.hand("u", {*HAND_DOES, "Command"}).found


def test_each_missing_module_is_named() -> None:
    values = {name: answer for name, (_, answer) in FUNCTIONS.items()}
    shown = set(HAND_SHOWS.values())
    assert verdicts.modules(values, shown).verdict is OK
    assert "app_mixmonitor" in verdicts.modules(values, None).found
    said = {"app_dial": "0", "bridge_softmix": "1", "app_userevent": ""}
    assert verdicts.modules(values, shown, said).found == "not loaded: app_dial", "nothing of what it cannot say"
    for name in FUNCTIONS:
        assert f"load={name}.so" in verdicts.modules(values | {name: ""}, shown).mend
    for name, action in HAND_SHOWS.items():
        assert f"load={name}.so" in verdicts.modules(values, shown - {action}).mend


@pytest.mark.parametrize(
    ("state", "verdict"),
    [("NOT_INUSE", OK), ("INUSE", OK), ("UNAVAILABLE", WRONG), ("INVALID", WRONG), ("", WARNING)],
)
def test_a_trunk_must_be_there(state: str, verdict: Verdict) -> None:
    assert verdicts.trunk("trunk", state).verdict is verdict


@pytest.mark.parametrize(
    ("states", "verdict", "said"),
    [
        ({"op1": "NOT_INUSE", "op2": "INUSE"}, OK, "2 of 2"),
        ({"op1": "NOT_INUSE", "op2": "UNAVAILABLE"}, WARNING, "not registered: op2"),
        ({"op1": "NOT_INUSE", "op9": "INVALID"}, WARNING, "Asterisk has no op9"),
        ({"op1": "", "op2": ""}, WARNING, "cannot say"),
    ],
)
def test_desks_may_be_away_and_are_named(states: dict[str, str], verdict: Verdict, said: str) -> None:
    found: Finding = verdicts.desks(states)
    assert (found.verdict, said in found.found) == (verdict, True)


def test_a_queue_exists_and_somebody_is_logged_in() -> None:
    assert verdicts.queue("112", exists=True, logged_in=2).verdict is OK
    assert verdicts.queue("112", exists=True, logged_in=0).verdict is WARNING
    assert verdicts.queue("112", exists=False, logged_in=0).verdict is WRONG


def test_the_systemname_is_the_pbx_of_the_settings() -> None:
    assert verdicts.systemname("pbx-1", "pbx-1").verdict is OK
    assert "systemname=pbx-1" in verdicts.systemname("", "pbx-1").mend


@pytest.mark.parametrize(
    ("port", "loaded", "trunks", "verdict", "mend"),
    [
        (None, "", True, WARNING, "INTAKE112_HEP_PORT=9060"),
        (9060, "1", True, OK, ""),
        (9060, "1", False, WRONG, "INTAKE112_HEP_TRUNKS="),
        (9060, "0", True, WRONG, "`load=res_hep_pjsip.so`"),
        (9060, "", True, WARNING, "`load=func_module.so`"),
    ],
)
def test_positions_need_the_mirror(port: int | None, loaded: str, trunks: bool, verdict: Verdict, mend: str) -> None:
    found = verdicts.mirror(port, loaded, trunks=trunks)
    assert found.verdict is verdict
    assert mend in str(found)
