"""The command line.

Every foreseeable error is one sentence on stderr and an exit code other than 0: 2 for a wrong setting or argument, 1
for the rest. What a command was asked for is all that it writes to stdout; logs go to stderr.
"""

import sys

from intake112 import (
    agencies,
    agency_terms,
    agency_test,
    asterisk_conf,
    audit,
    doctor,
    gazetteer,
    people,
    prompts,
    reconciling,
    rules,
    services,
    tapes,
)
from intake112.command import app, sentence

__all__ = [
    "agencies",
    "agency_terms",
    "agency_test",
    "asterisk_conf",
    "audit",
    "doctor",
    "gazetteer",
    "main",
    "people",
    "prompts",
    "reconciling",
    "rules",
    "services",
    "tapes",
]


def main() -> None:
    """Run one command, and end the process with its exit code."""
    try:
        app()
    except Exception as error:
        if (told := sentence(error)) is None:
            raise
        code, text = told
        sys.stderr.write("".join(f"intake112: {line}\n" for line in text.splitlines()))
        sys.exit(code)
