"""What a centre may set: `INTAKE112_…` in the environment, or the same names in lower case in one `intake112.toml`.

The file is `intake112.toml` in the current folder, or the one that `INTAKE112_CONFIG` names; the environment wins. An
empty variable is one that is not set. Rooms never see these settings, they receive values.

A relative path is relative to the state folder, never to the current one. The state folder is `var/` beside the
sources in a checkout and `/var/lib/intake112` otherwise; a leading `var/` in a path means it too, so that the default
database URL may be written down anywhere and still is the same file. Only `INTAKE112_STATE_DIR` itself, where else,
counts from the current folder.
"""

import os
import tomllib
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, StringConstraints, ValidationError, ValidationInfo, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from routing import egress
from routing import sms_body as sms_template
from routing.refusals import ForbiddenUrlError

PREFIX: Final = "INTAKE112_"
SQLITE: Final = "sqlite+aiosqlite:///"
POSTGRESQL: Final = "postgresql+asyncpg://"
NOT_SETTINGS: Final = {"CONFIG", "CACHE", "PROVE"}
"""Names with our prefix that are no settings: the file's place, and what tests and tools read."""

_CHECKOUT = Path(__file__).resolve().parent.parent
_STATE = _CHECKOUT / "var" if (_CHECKOUT / "pyproject.toml").is_file() else Path("/var/lib/intake112")

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Port = Annotated[int, Field(ge=1, le=65535)]
OneLine = Annotated[str, StringConstraints(pattern=r"^[^\r\n\x00]{1,200}$")]
_LINES = "names separated by commas, of letters, digits, dot, dash, plus and underscore"
_PORT = "a whole number from 1 to 65535"


class SettingsError(Exception):
    """One or more settings are wrong; each line of the message names one and says what is allowed."""


class Settings(BaseSettings):
    """All settings. A field's description is what its error message says is allowed."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    state_dir: Path = Field(_STATE, description="a folder this user may write")
    database_url: SecretStr = Field(
        SecretStr(f"{SQLITE}var/intake112.db"),
        description=f"{SQLITE}FILE or {POSTGRESQL}USER:PASSWORD@HOST:PORT/NAME",
    )
    ami_host: OneLine | None = Field(None, description="a host name or address")
    ami_port: Port = Field(5038, description=_PORT)
    ami_username: OneLine | None = Field(None, description="one line of text; needed together with INTAKE112_AMI_HOST")
    ami_secret: SecretStr | None = Field(None, description="one line of text; needed together with INTAKE112_AMI_HOST")
    control_username: OneLine | None = Field(
        None, description="one line of text, together with INTAKE112_CONTROL_SECRET or neither"
    )
    control_secret: SecretStr | None = Field(
        None, description="one line of text, together with INTAKE112_CONTROL_USERNAME or neither"
    )
    pbx: Name = Field(
        "pbx", description="1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first"
    )
    line_contexts: Annotated[frozenset[str], NoDecode] = Field(frozenset({"line-112"}), description=_LINES)
    line_numbers: Annotated[frozenset[str], NoDecode] = Field(frozenset(), description=f"{_LINES}; empty means all")
    line_queues: Annotated[frozenset[str], NoDecode] = Field(frozenset({"112"}), description=_LINES)
    desks: Annotated[frozenset[str], NoDecode] = Field(
        frozenset(f"op{number}" for number in range(1, 9)), description=f"{_LINES}, each a PJSIP endpoint"
    )
    wrap_up_s: int = Field(60, ge=0, le=3600, description="a whole number of seconds from 0 to 3600")
    wrap_up_pauses: bool = Field(False, description="true or false")
    trunks: Annotated[frozenset[str], NoDecode] = Field(
        frozenset({"trunk"}), description=f"{_LINES}, each a PJSIP endpoint"
    )
    cel_file: Path | None = Field(None, description="the path of Asterisk's CEL file")
    queue_log: Path | None = Field(None, description="the path of Asterisk's queue_log")
    tape_days: int = Field(30, ge=1, le=3650, description="a whole number of days from 1 to 3650")
    tape_max_mb: int = Field(1024, ge=200, le=1_000_000, description="a whole number of megabytes from 200 to 1000000")
    recordings_dir: Path | None = Field(None, description="the path of the PBX's folder of recordings")
    recordings_store: Path | None = Field(None, description="the path of the folder where recordings are kept")
    audit_heads: Path | None = Field(None, description="the path of a file, best on another machine's disk")
    menu_host: OneLine = Field("127.0.0.1", description="an address of this machine, or a name of it")
    menu_port: Port | None = Field(None, description=_PORT)
    hep_host: OneLine = Field(
        "127.0.0.1", description="a loopback address: whoever can send to the mirror can say where a caller is"
    )
    hep_port: Port | None = Field(None, description=_PORT)
    hep_trunks: Annotated[frozenset[IPv4Network | IPv6Network], NoDecode] = Field(
        frozenset(),
        description="addresses or networks (203.0.113.0/28) separated by commas, the carriers' in pjsip.conf",
    )
    aml_secret: SecretStr | None = Field(
        None, description="one line of text: AML by HTTPS must be signed with it (`hmac`), beside its bearer token"
    )
    sms_url: SecretStr | None = Field(
        None, description="https:// (http:// only within INTAKE112_SMS_ALLOW_CIDR), a host and a path: an SMS gateway"
    )
    sms_token: SecretStr | None = Field(None, description="one line of text; needs INTAKE112_SMS_URL")
    sms_body: str = Field(
        sms_template.DEFAULT, description="a JSON object or a form that holds {to} and {text}, and may hold {token}"
    )
    sms_allow_cidr: Annotated[frozenset[IPv4Network | IPv6Network], NoDecode] = Field(
        frozenset(), description="networks (10.20.0.0/16) separated by commas, where the SMS gateway may be"
    )
    test_number: OneLine | None = Field(None, description="a telephone number that leads back to the 112 line")
    test_every_minutes: int = Field(15, ge=1, le=1440, description="a whole number of minutes from 1 to 1440")
    http_host: OneLine = Field("127.0.0.1", description="an address of this machine, or a name of it")
    http_port: Port = Field(8112, description=_PORT)
    public_url: str | None = Field(None, description="http:// or https://, a host, and no query")
    timezone: str = Field("Asia/Jakarta", description="a name of the IANA time zone database, such as Asia/Jakarta")
    regency: Annotated[str, StringConstraints(pattern=r"^[0-9]{2}\.[0-9]{2}$")] = Field(
        "35.29", description="the Kemendagri code of a regency, such as 35.29"
    )
    language: Literal["id", "en"] = Field("id", description="id or en")
    log_format: Literal["auto", "console", "json"] = Field("auto", description="auto, console or json")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="debug, info, warning or error")
    test_clock: Path | None = Field(
        None, description="a file that holds a time, and only while INTAKE112_HTTP_HOST is a loopback address"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment first, then the file; nothing else."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, toml_file=_config_file())

    @field_validator("line_contexts", "line_numbers", "line_queues", "desks", "trunks", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        names = value.split(",") if isinstance(value, str) else value
        if not isinstance(names, list | tuple | set | frozenset):
            raise TypeError("not a list")
        clean = frozenset(str(name).strip() for name in names if str(name).strip())
        if not all(all(c.isalnum() or c in "._-+" for c in name) for name in clean):
            raise ValueError("not a list of names")
        return clean

    @field_validator("hep_trunks", "sms_allow_cidr", mode="before")
    @classmethod
    def _networks(cls, value: object) -> object:
        found = value.split(",") if isinstance(value, str) else value
        if not isinstance(found, list | tuple | set | frozenset):
            raise TypeError("not a list")
        return frozenset(ip_network(str(one).strip(), strict=False) for one in found)  # raises ValueError

    @field_validator("hep_host")
    @classmethod
    def _loopback(cls, value: str) -> str:
        if not is_loopback(value):
            raise ValueError("other machines could reach it")
        return value

    @field_validator("sms_body")
    @classmethod
    def _template(cls, value: str) -> str:
        try:
            sms_template.check(value)
        except sms_template.TemplateError as error:
            raise ValueError(str(error)) from None
        return value

    @field_validator("ami_secret", "control_secret", "aml_secret", "sms_token")
    @classmethod
    def _one_line(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and set("\r\n\0") & set(value.get_secret_value()):
            raise ValueError("more than one line")
        return value

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (OSError, ValueError, KeyError) as error:
            raise ValueError("unknown zone") from error
        return value

    @field_validator("public_url")
    @classmethod
    def _base_url(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
                raise ValueError("not a base URL")
        return value.rstrip("/") if value else value

    @field_validator("state_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        return value.expanduser().absolute()

    @field_validator("cel_file", "queue_log", "recordings_dir", "recordings_store", "audit_heads", "test_clock")
    @classmethod
    def _below_state(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        return None if value is None else _below(_state_of(info), value)

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: SecretStr, info: ValidationInfo) -> SecretStr:
        url = value.get_secret_value()
        if url.startswith(SQLITE):
            name = url.removeprefix(SQLITE)
            if not name or name.startswith(":") or "?" in name:
                raise ValueError("no file")
            return SecretStr(f"{SQLITE}{_below(_state_of(info), Path(name))}")
        parts = urlsplit(url)
        if not url.startswith(POSTGRESQL) or not parts.path.strip("/") or parts.port == 0:  # .port raises ValueError
            raise ValueError("not a database we know")
        return value

    @property
    def database(self) -> str:
        """The database's URL, a password included: for opening it, never for a log."""
        return self.database_url.get_secret_value()

    @property
    def sqlite_file(self) -> Path | None:
        """The database's file on SQLite, None on PostgreSQL."""
        return Path(self.database.removeprefix(SQLITE)) if self.database.startswith(SQLITE) else None

    @property
    def store(self) -> Path:
        """The folder where recordings are kept; the bridge writes it, the web server reads it."""
        return self.recordings_store or self.state_dir / "recordings"

    @property
    def maps(self) -> Path:
        """The folder of the centre's own maps, `*.pmtiles` and `*.geojson`; the web server writes it."""
        return self.state_dir / "map"

    @property
    def photos(self) -> Path:
        """The folder of photos, which the web server writes and reads: beside the recordings, or in their store."""
        return self.recordings_store / "photos" if self.recordings_store else self.state_dir / "photos"

    @property
    def base_url(self) -> str:
        """What stands before the path in the links that we give away."""
        if self.public_url:
            return self.public_url
        host = f"[{self.http_host}]" if ":" in self.http_host else self.http_host
        return f"http://{host}:{self.http_port}"

    @property
    def sms_networks(self) -> list[str]:
        """Where the SMS gateway may be beside public addresses."""
        return sorted(str(one) for one in self.sms_allow_cidr)

    @property
    def is_loopback(self) -> bool:
        """True when only this machine can reach the web server."""
        return is_loopback(self.http_host)

    def secrets(self) -> list[str]:
        """Return every secret among the settings, for the log to leave out."""
        password = urlsplit(self.database).password if not self.sqlite_file else None
        password_read = unquote(password) if password else None
        set_ = (
            self.ami_secret,
            self.control_secret,
            self.aml_secret,
            self.sms_token,
            self.sms_url,
        )  # a URL may hold a key
        found = [secret.get_secret_value() for secret in set_ if secret]
        return [secret for secret in [*found, password, password_read] if secret]


def _may_be_dialled(settings: Settings) -> bool:
    try:
        egress.check_url(settings.sms_url.get_secret_value() if settings.sms_url else "", settings.sms_networks)
    except ForbiddenUrlError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _state_of(info: ValidationInfo) -> Path:
    values: dict[str, object] = getattr(info, "data", {})
    found = values.get("state_dir", _STATE)
    return found if isinstance(found, Path) else _STATE


def _below(state: Path, path: Path) -> Path:
    if path.parts[:1] == ("var",) and len(path.parts) > 1:
        path = Path(*path.parts[1:])
    return state / path.expanduser()


def _config_file() -> Path:
    return Path(os.environ.get(f"{PREFIX}CONFIG") or "intake112.toml")


def load() -> Settings:
    """Read the settings.

    Raises SettingsError: one line for each wrong setting, without its value where that is a secret.
    """
    file = _config_file()
    if os.environ.get(f"{PREFIX}CONFIG") and not file.is_file():
        raise SettingsError(f"{PREFIX}CONFIG names {file}: allowed is the path of a TOML file that exists")
    try:
        settings = Settings()  # type: ignore[call-arg]  # pydantic's plugin-free signature: all come from the sources
    except ValidationError as error:
        raise SettingsError("\n".join(dict.fromkeys(_line(str(found["loc"][0])) for found in error.errors()))) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{file} cannot be read: {error}") from None
    _together(settings)
    return settings


def _line(name: str, trouble: str = "is wrong") -> str:
    field: FieldInfo | None = Settings.model_fields.get(name)
    if field is None:
        return f"{name} in {_config_file()} is no setting: allowed are {', '.join(Settings.model_fields)}"
    return f"{PREFIX}{name.upper()} {trouble}: allowed is {field.description}"


def _together(settings: Settings) -> None:
    s, missing = settings, "is missing"
    rules = (
        (s.ami_host and not s.ami_username, "ami_username", missing),
        (s.ami_host and not s.ami_secret, "ami_secret", missing),
        (s.control_username and not s.control_secret, "control_secret", missing),
        (s.control_secret and not s.control_username, "control_username", missing),
        (s.test_number and not s.control_username, "control_username", missing),
        (s.test_clock and not s.is_loopback, "test_clock", "is wrong"),
        (s.sms_token and not s.sms_url, "sms_url", missing),
        (s.sms_url and not _may_be_dialled(s), "sms_url", "is wrong"),
    )
    if wrong := [_line(name, trouble) for broken, name, trouble in rules if broken]:
        raise SettingsError("\n".join(wrong))


def unknown(environment: dict[str, str]) -> list[str]:
    """Return the names with our prefix that are no settings: most likely misspelt."""
    known = {name.upper() for name in Settings.model_fields} | NOT_SETTINGS
    names = (name.removeprefix(PREFIX) for name in environment if name.startswith(PREFIX))
    return sorted(PREFIX + name for name in names if name.upper() not in known)
