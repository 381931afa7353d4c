"""A wrong setting is one line that names it and says what is allowed; a right one means what the manual says."""

from pathlib import Path

import pytest

from intake112 import settings
from intake112.settings import SettingsError
from tests.intake112.command import environment, intake112


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in settings.Settings.model_fields:
        monkeypatch.delenv(f"INTAKE112_{name.upper()}", raising=False)
    monkeypatch.delenv("INTAKE112_CONFIG", raising=False)
    monkeypatch.setenv("INTAKE112_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.chdir(tmp_path)


WRONG = {  # name: wrong values
    "HTTP_PORT": ("0", "65536", "http", "-1", "8112.5"),
    "AMI_PORT": ("0", "x"),
    "DATABASE_URL": (
        "mysql://x",
        "sqlite:///x.db",
        "sqlite+aiosqlite://",
        "sqlite+aiosqlite:///:memory:",
        "sqlite+aiosqlite:///x.db?mode=ro",
        "postgresql://u@h/n",
        "postgresql+asyncpg://u@h",
        "postgresql+asyncpg://u@h:99999/n",
        "postgresql+asyncpg://u@h:port/n",
    ),
    "PBX": ("a b", "x" * 65, "a/b"),
    "LINE_CONTEXTS": ("a b", "a\r\nb"),
    "LINE_NUMBERS": ("112;113",),
    "LINE_QUEUES": ("a,b c",),
    "TIMEZONE": ("Madura", "../../etc/passwd", "+7"),
    "LANGUAGE": ("jv", "ID"),
    "PUBLIC_URL": ("112.example", "ftp://x", "https://", "https://x?y"),
    "AMI_SECRET": ("one\nAction: Logoff",),
    "HEP_HOST": ("0.0.0.0", "192.0.2.1", "pbx.example"),  # noqa: S104 - that is the point
    "HEP_TRUNKS": ("carrier.example", "203.0.113.0/33", "203.0.113.1;203.0.113.2", ","),
    "WRAP_UP_S": ("-1", "3601", "a minute"),
    "WRAP_UP_PAUSES": ("perhaps",),
    "SMS_URL": ("sms.example", "ftp://sms.example/", "http://sms.example/", "https://127.0.0.1/", "https://10.0.0.1/"),
    "SMS_BODY": ("{to}", "{text}", "{to} {text}", '{"to": "{to}"}'),
    "SMS_ALLOW_CIDR": ("gateway", "10.0.0.0/33"),
    "LOG_LEVEL": ("loud",),
    "LOG_FORMAT": ("xml",),
}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_a_wrong_setting_is_one_line_that_names_it(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"INTAKE112_{name}", value)
    with pytest.raises(SettingsError) as error:
        settings.load()
    line = str(error.value)
    assert "\n" not in line
    assert line.startswith(f"INTAKE112_{name} is wrong: allowed is ")
    assert "pydantic" not in line


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"AMI_HOST": "pbx", "AMI_USERNAME": "u"}, "AMI_SECRET"),
        ({"AMI_HOST": "pbx", "AMI_SECRET": "s3cret"}, "AMI_USERNAME"),
        ({"CONTROL_USERNAME": "u"}, "CONTROL_SECRET"),
        ({"CONTROL_SECRET": "s3cret"}, "CONTROL_USERNAME"),
        ({"SMS_TOKEN": "s3cret"}, "SMS_URL"),
        ({"TEST_CLOCK": "/x", "HTTP_HOST": "0.0.0.0"}, "TEST_CLOCK"),  # noqa: S104 - that is the point
        ({"TEST_CLOCK": "/x", "HTTP_HOST": "192.0.2.1"}, "TEST_CLOCK"),
    ],
)
def test_settings_that_need_each_other(monkeypatch: pytest.MonkeyPatch, given: dict[str, str], named: str) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"INTAKE112_{name}", value)
    with pytest.raises(SettingsError, match=f"^INTAKE112_{named} is ") as error:
        settings.load()
    assert "s3cret" not in str(error.value)


def test_two_wrong_settings_are_two_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTAKE112_HTTP_PORT", "no")
    monkeypatch.setenv("INTAKE112_LANGUAGE", "no")
    with pytest.raises(SettingsError) as error:
        settings.load()
    assert [line.split()[0] for line in str(error.value).splitlines()] == ["INTAKE112_HTTP_PORT", "INTAKE112_LANGUAGE"]


def test_the_defaults_are_the_manuals(tmp_path: Path) -> None:
    found = settings.load()
    assert found.database == f"sqlite+aiosqlite:///{tmp_path}/state/intake112.db"
    assert (found.http_host, found.http_port, found.base_url) == ("127.0.0.1", 8112, "http://127.0.0.1:8112")
    assert (found.line_contexts, found.line_numbers, found.line_queues) == (
        frozenset({"line-112"}),
        frozenset(),
        frozenset({"112"}),
    )
    assert (found.timezone, found.language, found.ami_host, found.ami_port) == ("Asia/Jakarta", "id", None, 5038)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("x.db", "{state}/x.db"),
        ("deep/x.db", "{state}/deep/x.db"),
        ("var/intake112.db", "{state}/intake112.db"),  # `var/` is the state folder's other name
        ("/srv/x.db", "/srv/x.db"),
    ],
)
def test_a_relative_database_is_in_the_state_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, written: str, meant: str
) -> None:
    monkeypatch.setenv("INTAKE112_DATABASE_URL", f"sqlite+aiosqlite:///{written}")
    assert str(settings.load().sqlite_file) == meant.format(state=tmp_path / "state")


def test_trunks_are_addresses_and_networks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "intake112.toml").write_text('hep_trunks = ["203.0.113.0/28", "2001:db8::/32"]\n')
    assert {str(one) for one in settings.load().hep_trunks} == {"203.0.113.0/28", "2001:db8::/32"}
    monkeypatch.setenv("INTAKE112_HEP_TRUNKS", "203.0.113.17/28, 198.51.100.1,203.0.113.0/255.255.255.240")
    assert {str(one) for one in settings.load().hep_trunks} == {"203.0.113.16/28", "198.51.100.1/32", "203.0.113.0/28"}


def test_an_empty_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTAKE112_AMI_HOST", "")
    monkeypatch.setenv("INTAKE112_LINE_NUMBERS", "")
    assert settings.load().ami_host is None


def test_the_file_is_read_and_the_environment_wins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "intake112.toml").write_text('http_port = 9000\npbx = "east"\nline_queues = ["112", "113"]\n')
    monkeypatch.setenv("INTAKE112_PBX", "west")
    found = settings.load()
    assert (found.http_port, found.pbx, found.line_queues) == (9000, "west", frozenset({"112", "113"}))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("htp_port = 1", "htp_port"),
        ("http_port = true-ish", "intake112.toml"),
        ("http_port = 0", "INTAKE112_HTTP_PORT"),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "intake112.toml").write_text(text)
    with pytest.raises(SettingsError, match=f"^{named}") as error:
        settings.load()
    assert "\n" not in str(error.value)


def test_a_config_file_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTAKE112_CONFIG", "nowhere.toml")
    with pytest.raises(SettingsError, match=r"^INTAKE112_CONFIG names nowhere\.toml"):
        settings.load()


def test_no_secret_is_ever_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INTAKE112_DATABASE_URL", "postgresql+asyncpg://u:p%40ss-word@h/n")
    monkeypatch.setenv("INTAKE112_AMI_HOST", "h")
    monkeypatch.setenv("INTAKE112_AMI_USERNAME", "u")
    monkeypatch.setenv("INTAKE112_AMI_SECRET", "s3cret")
    found = settings.load()
    assert "s3cret" not in repr(found) + str(found)
    assert "ss-word" not in repr(found) + str(found)
    assert set(found.secrets()) == {"s3cret", "p%40ss-word", "p@ss-word"}


def test_misspelt_names_are_found() -> None:
    names = {"INTAKE112_AMI_HSOT": "x", "INTAKE112_AMI_HOST": "x", "INTAKE112_CONFIG": "x", "OTHER": "x"}
    assert settings.unknown(names) == ["INTAKE112_AMI_HSOT"]


def test_the_command_line_says_it_on_stderr_and_exits_2(tmp_path: Path) -> None:
    done = intake112(environment(tmp_path, HTTP_PORT="70000"), "run")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "intake112: INTAKE112_HTTP_PORT is wrong: allowed is a whole number from 1 to 65535\n"


def test_a_test_clock_is_refused_when_others_can_reach_us(tmp_path: Path) -> None:
    clock = tmp_path / "clock"
    clock.write_text("2026-03-14T02:00:00Z")
    env = environment(tmp_path, HTTP_HOST="0.0.0.0", TEST_CLOCK=str(clock))  # noqa: S104 - that is the point
    done = intake112(env, "run")
    assert done.returncode == 2
    assert done.stderr.startswith("intake112: INTAKE112_TEST_CLOCK is wrong: ")
    assert done.stderr.count("\n") == 1
