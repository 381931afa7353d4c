"""The PBX's configuration: files with placeholders in, files Asterisk can read out.

`asterisk-conf/` is committed without secrets, ports or folders: they stand there as `@NAME@` and are filled
when a centre (or a test) installs them. Rendering is all or nothing: every file is read and every placeholder
resolved before the first byte is written.
"""

import os
import re
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

_PLACEHOLDER: Final = re.compile(r"@([A-Z][A-Z0-9_]*)@")
_FORBIDDEN: Final = re.compile(r"[\r\n\0]|(?<!\\);")
_MODE: Final = 0o640
"""Secrets are inside: the owner writes, the group (asterisk) reads, nobody else."""


def shipped() -> Path:
    """Return the folder `asterisk-conf`: in a wheel beside this module, in a checkout at its root.

    Raises FileNotFoundError.
    """
    here = Path(__file__).resolve().parent
    found = [path for path in (here / "asterisk-conf", here.parent / "asterisk-conf") if path.is_dir()]
    if not found:
        raise FileNotFoundError("this installation has no asterisk-conf; install intake112 again")
    return found[0]


def placeholders(source: Path) -> frozenset[str]:
    """The names (`AMI_PORT`, ...) that the `*.conf` files in `source` want a value for."""
    return frozenset(
        name for file in sorted(source.glob("*.conf")) for name in _PLACEHOLDER.findall(file.read_text("utf-8"))
    )


def fresh_secrets(names: Iterable[str]) -> dict[str, str]:
    """One new secret for each name: 43 characters of A-Z a-z 0-9 - and _, safe in every conf file."""
    return {name: secrets.token_urlsafe(32) for name in names}


def render(source: Path, target: Path, values: Mapping[str, str]) -> None:
    """Write every `*.conf` of `source` into `target`, with `@NAME@` replaced by `values["NAME"]`.

    `target` is made when missing; files are written with mode 0640 and replace older ones whole. A value that is
    never asked for is ignored, so one mapping may serve several folders.

    Raises:
        ValueError: a file has a placeholder without a value, or a value holds CR, LF, NUL or a semicolon that
            is not written as `\\;` (Asterisk would cut the line there). Nothing has been written then.
        OSError: `source` has no `*.conf` file, or a file cannot be read or written.
    """
    for name, value in values.items():
        if found := _FORBIDDEN.search(value):
            message = f"the value of {name} contains {found.group()!r}, which begins another line or a comment"
            raise ValueError(message)
    rendered = {file.name: _fill(file, values) for file in sorted(source.glob("*.conf"))}
    if not rendered:
        raise FileNotFoundError(str(source / "*.conf"))
    target.mkdir(parents=True, exist_ok=True)
    for name, text in rendered.items():
        partial = target / f".{name}.new"
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE), "w", encoding="utf-8") as out:
            out.write(text)
        partial.replace(target / name)


def _fill(file: Path, values: Mapping[str, str]) -> str:
    lines = file.read_text("utf-8").splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        for name in _PLACEHOLDER.findall(line):
            if name not in values:
                message = f"{file}:{number}: no value for the placeholder @{name}@"
                raise ValueError(message)
        lines[number - 1] = _PLACEHOLDER.sub(lambda match: values[match.group(1)], line)
    return "".join(lines)
