"""`python -m tests.published [--product CMD]`: play the published test on a real Asterisk; print what a product says.

Without --product it is ours. Exit code 0: every step passed.
"""

import argparse
import shlex
import sys
import tempfile
from pathlib import Path

from tests.faults.wire import Wire, reached
from tests.pbx.asterisk import RealAsterisk
from tests.pbx.root import missing_requirement
from tests.pbx.sipp import People
from tests.published.product import Foreign, Ours, UnderTest
from tests.published.steps import Row, Stage, run


def say(text: str) -> None:
    """Write a line at once: a run takes minutes."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def line(step: str, expected: str, said: str, result: str) -> str:
    """One line of the table."""
    return f"| {step:<33} | {expected:<26} | {said:<26} | {result:<6} |"


def main(arguments: list[str]) -> int:
    """Run, print, and return 0 when everything passed."""
    parser = argparse.ArgumentParser(prog="python -m tests.published", description=__doc__)
    parser.add_argument("--product", metavar="CMD", help="a product's command (see tests/published/product.py)")
    parser.add_argument("--quiet", metavar="S", type=float, default=60, help="how long the quiet line is quiet")
    parser.add_argument("--away", metavar="S", type=float, default=30, help="how long the product's store is away")
    parser.add_argument("--patience", metavar="S", type=float, default=30, help="how long it may take to say a call")
    parser.add_argument("--only", metavar="LETTERS", default="abcdefg", help="play these steps only")
    options = parser.parse_args(arguments)
    if reason := missing_requirement():
        sys.exit(reason)
    rows: list[Row] = []
    with (
        tempfile.TemporaryDirectory(prefix="intake112-published-") as name,
        RealAsterisk(systemname="pbx-1") as pbx,
        People(pbx) as people,
        Wire(pbx.ami_port) as wire,
    ):
        environment = {
            "AMI_HOST": pbx.ami_host,
            "AMI_PORT": str(wire.port),
            "AMI_USERNAME": pbx.ami_username,
            "AMI_SECRET": pbx.ami_secret,
            "CEL_FILE": str(pbx.cel_file),
            "QUEUE_LOG": str(pbx.queue_log),
        }
        folder = Path(name)
        made: UnderTest = (
            Foreign(shlex.split(options.product), environment, folder) if options.product else Ours(environment, folder)
        )
        with made as product:
            product.start()
            reached(wire, 1, "the product connects to AMI_HOST, AMI_PORT", within_s=60)
            stage = Stage(pbx, people, wire, product, options.quiet, options.away, options.patience)
            say(line("step", "expected", "said", "result"))
            say(line(*["---"] * 4))
            for row in run(stage, options.only):
                say(line(row.step, row.expected, row.said, "pass" if row.passed else "FAIL"))
                rows.append(row)
    say(f"\n{sum(row.passed for row in rows)} of {len(rows)} passed")
    return 0 if all(row.passed for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
