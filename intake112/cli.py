"""The command line.

Every foreseeable error is one sentence on stderr and an exit code other than 0: 2 for a wrong setting or argument, 1
for the rest. What a command was asked for is all that it writes to stdout; logs go to stderr.
"""

import sys
from importlib import import_module
from itertools import chain
from typing import Final

from intake112.command import app, sentence

COMMANDS: Final = {  # in whose modules each is; only those of the one that was asked for are imported
    "agency": ("agencies", "agency_terms", "agency_test"),
    "asterisk-conf": ("asterisk_conf",),
    "audit": ("audit",),
    "doctor": ("doctor",),
    "gazetteer": ("gazetteer",),
    "map": ("map_files",),
    "user": ("people",),
    "token": ("people",),
    "prompts": ("prompts",),
    "reconcile": ("reconciling",),
    "rules": ("rules",),
    "run": ("services",),
    "bridge": ("services",),
    "web": ("services",),
    "routing": ("services",),
    "migrate": ("services",),
    "tape": ("tapes",),
}


def load(command: str) -> None:
    """Import what a command needs; what all need when there is none of this name, for the help lists them."""
    for module in COMMANDS.get(command) or chain(*COMMANDS.values()):
        import_module(f"intake112.{module}")


def main() -> None:
    """Run one command, and end the process with its exit code."""
    try:
        load("".join(sys.argv[1:2]))
        app()
    except Exception as error:
        if (told := sentence(error)) is None:
            raise
        code, text = told
        sys.stderr.write("".join(f"intake112: {line}\n" for line in text.splitlines()))
        sys.exit(code)
