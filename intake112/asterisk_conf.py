"""`intake112 asterisk-conf FOLDER`: the PBX's files as this centre needs them, and the settings that fit to them.

The files are those of `asterisk-conf/`, whose README says why each line is there. Folders are Debian's unless `--set`
says otherwise; secrets are fresh. Nothing is overwritten unless `--replace`, and then what was there is kept beside
it. All or nothing: until every file is rendered, none is touched.
"""

import os
import re
import shutil
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Final

import typer

from intake112.clock import SteadyClock
from intake112.command import CommandError, app
from intake112.pbx import fresh_secrets, placeholders, render, shipped

DESKS: Final = range(1, 9)
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MODULES: Final = ("/usr/lib/*-linux-gnu/asterisk/modules", "/usr/lib64/asterisk/modules", "/usr/lib/asterisk/modules")
DEBIAN: Final = {
    "ETC_DIR": "/etc/asterisk",
    "VARLIB_DIR": "/var/lib/asterisk",
    "DATA_DIR": "/usr/share/asterisk",
    "SPOOL_DIR": "/var/spool/asterisk",
    "RUN_DIR": "/run/asterisk",
    "LOG_DIR": "/var/log/asterisk",
    "MODULE_DIR": "/usr/lib/x86_64-linux-gnu/asterisk/modules",
    "MOH_DIR": "/usr/share/asterisk/moh",
    "PROMPTS_DIR": "/var/lib/asterisk/sounds/intake112",
    "AMI_PORT": "5038",
    "MENU_PORT": "4573",
    "HEP_PORT": "9060",
    "SIP_BIND": "0.0.0.0",  # noqa: S104 - carrier and phones come from other machines; docs/pbx.md shuts the rest out
    "SIP_PORT": "5060",
    "RTP_START": "10000",
    "RTP_END": "20000",
    "RTP_TIMEOUT_S": "30",
    "RTP_TIMEOUT_HOLD_S": "300",
    "QUALIFY_S": "30",
    **{f"OP{desk}_CONTACT": "" for desk in DESKS},  # phones register
}
"""What each placeholder is on Debian (asterisk-conf/README.md); names that no file asks for are not used."""


@app.command(name="asterisk-conf")
def asterisk_conf(
    folder: Annotated[Path, typer.Argument(help="where the files go: /etc/asterisk, or a folder to include from")],
    *,
    name: Annotated[str, typer.Option(help="the PBX's own name: systemname, and INTAKE112_PBX")],
    trunk_match: Annotated[str, typer.Option(help="the carrier's addresses, such as 203.0.113.0/28")],
    trunk_contact: Annotated[str, typer.Option(help="where the carrier takes calls, such as sip:203.0.113.1:5060")],
    sip_bind: Annotated[str, typer.Option(help="this machine's address for carrier and phones")] = DEBIAN["SIP_BIND"],
    more: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=VALUE of another placeholder, such as AMI_PORT=5039")
    ] = None,
    settings: Annotated[
        Path | None, typer.Option(help="where intake112's settings go, mode 0600 (FOLDER/intake112.environment)")
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="replace files that are there; they are kept")] = False,
) -> None:
    """Write Asterisk's files for this centre, with fresh secrets, and the settings that fit to them."""
    if NAME.fullmatch(name) is None:
        raise CommandError("--name is 1 to 64 letters, digits, dots, dashes or underscores, a letter or digit first")
    source = shipped()
    given = {"SYSTEMNAME": name, "TRUNK_MATCH": trunk_match, "TRUNK_CONTACT": trunk_contact, "SIP_BIND": sip_bind}
    values = _values(source, {**given, **_pairs(more or [])})
    beside = settings if settings is not None else folder / "intake112.environment"
    rendered = folder / ".intake112.new"
    targets = [*(folder / file.name for file in sorted(source.glob("*.conf"))), beside]
    there = [path for path in targets if path.exists()]
    if there and not replace:
        raise CommandError(
            f"already there: {', '.join(map(str, there))}. Nothing was written. Choose another folder, or --replace "
            "(they are kept beside it, and all secrets are new)"
        )
    try:
        render(source, rendered, values)
    except ValueError as error:
        raise CommandError(f"{error}: give it by --set NAME=VALUE") from None
    kept = _keep(folder, there) if there else None
    for file in rendered.iterdir():
        file.replace(folder / file.name)
    rendered.rmdir()
    _write_secret(beside, environment(values))
    for line in _told(folder, beside, kept, len(targets) - 1, values):
        typer.echo(line)


def environment(values: Mapping[str, str]) -> str:
    """Return intake112's settings for a PBX with these values, one `NAME=value` a line (systemd's EnvironmentFile)."""
    log, spool = values["LOG_DIR"], values["SPOOL_DIR"]
    lines = {
        "PBX": values["SYSTEMNAME"],
        "AMI_HOST": "127.0.0.1",
        "AMI_PORT": values["AMI_PORT"],
        "AMI_USERNAME": "intake112",
        "AMI_SECRET": values["AMI_SECRET"],
        "CONTROL_USERNAME": "intake112-control",
        "CONTROL_SECRET": values["CONTROL_SECRET"],
        "DESKS": ",".join(f"op{desk}" for desk in DESKS),
        "TRUNKS": "trunk",
        "MENU_PORT": values["MENU_PORT"],
        "HEP_PORT": values["HEP_PORT"],
        "HEP_TRUNKS": _networks(values["TRUNK_MATCH"]),
        "CEL_FILE": f"{log}/cel-custom/intake112.csv",
        "QUEUE_LOG": f"{log}/queue_log",
        "RECORDINGS_DIR": f"{spool}/monitor",
    }
    return "".join(f"INTAKE112_{name}={value}\n" for name, value in lines.items())


def _networks(match: str) -> str:
    """Return the carrier's addresses as our setting has them; empty: they are names, or one of them is."""
    try:
        return ",".join(str(ip_network(one.strip(), strict=False)) for one in match.split(","))
    except ValueError:
        return ""


def _values(source: Path, given: Mapping[str, str]) -> dict[str, str]:
    """Return a value for every placeholder: what was given, else Debian's, else a fresh secret."""
    asked = placeholders(source)
    if unknown := sorted(set(given) - asked - DEBIAN.keys()):
        raise CommandError(f"--set {unknown[0]}: no file asks for it. There are {', '.join(sorted(asked))}")
    secret = fresh_secrets(name for name in sorted(asked) if name.endswith("_SECRET"))
    modules = next((str(found) for pattern in MODULES for found in Path("/").glob(pattern[1:])), DEBIAN["MODULE_DIR"])
    values = {**DEBIAN, "MODULE_DIR": modules, **secret, **given}
    # cel_custom needs res_cdrel_custom where there is one (from 22.10 on); else that line names cel_custom, too.
    new = (Path(values["MODULE_DIR"]) / "res_cdrel_custom.so").exists()
    return {"CDREL_MODULE": "res_cdrel_custom.so" if new else "cel_custom.so", **values}


def _pairs(texts: list[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    if wrong := [name for name, equals, _ in pairs if not equals or not name]:
        raise CommandError(f"--set {wrong[0]}: write NAME=VALUE")
    return {name: value for name, _, value in pairs}


def _keep(folder: Path, there: list[Path]) -> Path:
    """Copy what is there, modes included, into a folder of this moment, and return it."""
    kept = folder / f"before-{SteadyClock()():%Y%m%dT%H%M%SZ}"
    kept.mkdir(mode=0o700)
    for path in there:
        shutil.copy2(path, kept / path.name)
    return kept


def _write_secret(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.new")
    partial.unlink(missing_ok=True)
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
    partial.replace(path)


def _told(folder: Path, beside: Path, kept: Path | None, files: int, values: Mapping[str, str]) -> list[str]:
    """Return what was done and the commands that come next."""
    told = [f"Written: {files} files in {folder}, intake112's settings in {beside} (mode 0600)."]
    told += [f"What was there is in {kept}."] if kept is not None else []
    match = values["TRUNK_MATCH"]
    told.append(
        f"Where a caller is, is believed of {match} alone (INTAKE112_HEP_TRUNKS): add there what you add to `match`."
        if _networks(match)
        else f"{match} is no list of addresses: set INTAKE112_HEP_TRUNKS to the carrier's, or no caller has a position."
    )
    told += [
        f"Each desk's telephone logs in as op1 to op{DESKS[-1]} with the password in pjsip.conf. Next, as root:",
        f"  chgrp asterisk {folder}/*.conf",
        f"  install -d -o asterisk -g asterisk -m 2750 {values['LOG_DIR']}/cel-custom",
        f"  install -d -o asterisk -g asterisk -m 2770 {values['SPOOL_DIR']}/monitor",
    ]
    return [
        *told,
        f"  intake112 prompts {values['PROMPTS_DIR']}",
        "  systemctl restart asterisk",
        "  intake112 doctor --call",
    ]
