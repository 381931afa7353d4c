"""`intake112 asterisk-conf`: files that Asterisk can read, fresh secrets, settings that fit, and nothing lost."""

import re
from pathlib import Path

from intake112 import asterisk_conf, pbx
from intake112.settings import Settings
from tests.intake112.command import environment, inside

CONF = Path(__file__).resolve().parents[2] / "asterisk-conf"
CENTRE = ("--name", "pbx-7", "--trunk-match", "203.0.113.0/28", "--trunk-contact", "sip:203.0.113.1:5060")


def write(tmp_path: Path, *more: str) -> tuple[int, str, str]:
    """Write a centre's files into `etc`, and return exit code, stdout and stderr."""
    done = inside(environment(tmp_path), "asterisk-conf", str(tmp_path / "etc"), *CENTRE, *more)
    return done.returncode, done.stdout, done.stderr


def secrets(file: Path) -> list[str]:
    """The values of every secret in a file."""
    return re.findall(r"(?:secret|password|SECRET)=(\S+)", file.read_text())


def test_every_file_is_rendered_and_the_settings_fit(tmp_path: Path) -> None:
    code, said, _ = write(tmp_path, "--set", "AMI_PORT=5039", "--set", "LOG_DIR=/srv/log")
    assert code == 0
    etc = tmp_path / "etc"
    assert {file.name for file in etc.iterdir()} == {
        *(file.name for file in CONF.glob("*.conf")),
        "intake112.environment",
    }
    assert not re.search(r"@[A-Z0-9_]+@", "".join(file.read_text() for file in etc.iterdir()))
    settings = dict(line.split("=", 1) for line in (etc / "intake112.environment").read_text().splitlines())
    assert settings["INTAKE112_PBX"] == "pbx-7"
    assert settings["INTAKE112_AMI_PORT"] == "5039"
    assert settings["INTAKE112_HEP_TRUNKS"] == "203.0.113.0/28"
    assert "believed of 203.0.113.0/28 alone" in said
    assert settings["INTAKE112_CEL_FILE"] == "/srv/log/cel-custom/intake112.csv"
    assert secrets(etc / "manager.conf") == secrets(etc / "intake112.environment")
    assert {name.removeprefix("INTAKE112_").lower() for name in settings} <= set(Settings.model_fields)
    assert "port=5039" in (etc / "manager.conf").read_text()
    assert "systemname=pbx-7" in (etc / "asterisk.conf").read_text()
    assert "intake112 doctor --call" in said


def test_secrets_are_in_files_that_others_cannot_read_and_never_on_the_screen(tmp_path: Path) -> None:
    _, said, complained = write(tmp_path)
    etc = tmp_path / "etc"
    assert (etc / "intake112.environment").stat().st_mode & 0o777 == 0o600
    assert {file.stat().st_mode & 0o777 for file in etc.glob("*.conf")} == {0o640}
    every = [*secrets(etc / "manager.conf"), *secrets(etc / "pjsip.conf")]
    assert len(set(every)) == 10
    assert not any(secret in said + complained for secret in every)


def test_nothing_is_overwritten_unless_it_is_asked_for_and_then_it_is_kept(tmp_path: Path) -> None:
    etc = tmp_path / "etc"
    etc.mkdir()
    (etc / "extensions.conf").write_text("[mine]\n")
    code, _, complained = write(tmp_path)
    assert (code, [file.name for file in etc.iterdir()]) == (1, ["extensions.conf"])
    assert "already there" in complained
    assert (etc / "extensions.conf").read_text() == "[mine]\n"
    assert write(tmp_path, "--replace")[0] == 0
    (kept,) = etc.glob("before-*")
    assert (kept / "extensions.conf").read_text() == "[mine]\n"
    assert kept.stat().st_mode & 0o777 == 0o700
    assert "[line-112]" in (etc / "extensions.conf").read_text()


def test_a_wrong_value_writes_nothing_and_says_which(tmp_path: Path) -> None:
    for more, said in (
        (("--set", "NIX=1"), "--set NIX"),
        (("--set", "AMI_PORT"), "--set AMI_PORT: write NAME=VALUE"),
        (("--set", "SIP_BIND=1;x"), "SIP_BIND contains ';'"),
        (("--name", "a b"), "--name is 1 to 64 letters"),
    ):
        code, _, complained = write(tmp_path, *more)
        assert (code, said in complained, (tmp_path / "etc").exists()) == (1, True, False), complained


def test_a_carrier_by_its_name_has_no_addresses_to_believe(tmp_path: Path) -> None:
    code, said, _ = write(tmp_path, "--trunk-match", "sip.carrier.example")
    assert (code, "set INTAKE112_HEP_TRUNKS to the carrier's" in said) == (0, True)
    assert "INTAKE112_HEP_TRUNKS=\n" in (tmp_path / "etc/intake112.environment").read_text()


def test_cel_custom_gets_the_module_that_this_asterisk_has(tmp_path: Path) -> None:
    modules = tmp_path / "modules"
    modules.mkdir()
    given = ("--set", f"MODULE_DIR={modules}")
    write(tmp_path, *given)
    assert "res_cdrel_custom" not in re.sub(";.*", "", (tmp_path / "etc/modules.conf").read_text())
    (modules / "res_cdrel_custom.so").touch()
    write(tmp_path, *given, "--replace")
    assert "load=res_cdrel_custom.so" in (tmp_path / "etc/modules.conf").read_text()


def test_every_placeholder_has_a_value_on_debian() -> None:
    """A new placeholder without a default would fail at a centre; its name belongs into the table."""
    asked = pbx.placeholders(CONF)
    given = {"SYSTEMNAME", "TRUNK_MATCH", "TRUNK_CONTACT", "CDREL_MODULE"}
    assert {name for name in asked if not name.endswith("_SECRET")} <= asterisk_conf.DEBIAN.keys() | given
