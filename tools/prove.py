"""Run the tests that take a count (faults, properties) at their full counts, and write docs/proof.md from what ran.

`INTAKE112_PROVE=1` is what tests look at: small counts without it. Arguments are pytest's; without any, what COUNTED
names: first, one after the other, what measures the machine itself (ALONE), then all else on two workers. A test's
printed lines `figure: ...` are the proof's figures.
"""

import os
import platform
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv" / "bin" / "python"
COUNTED = [
    "tests/acceptance",
    "tests/ami_bridge/test_invariants.py",
    "tests/faults",
    "tests/intake/test_booking_twice.py",
    "tests/intake/test_together.py",
    "tests/stories/test_cut.py",
]
ALONE = ["tests/faults/test_memory.py", "tests/faults/test_stream.py"]
BAD = ROOT / "tests" / "published" / "each_leg_is_a_call.py"
PROOF = ROOT / "docs" / "proof.md"
HEAD = """\
Fault tests with real calls compare three ledgers (`tests/faults/ledgers.py`): what Asterisk's own record of calls says
(read by a reader of its own), what the product's API says, and what the agency's receiver got. Passed means: every
ring is one report with the right outcome, every dispatch that was answered 201 is delivered or visibly not, one
webhook-id for one envelope, every call has its audit rows and the chain is whole."""
PUBLISHED = """\
## The published test

What a product that records the calls of an Asterisk must not get wrong, played on a real Asterisk 22 with real SIP:

- a: one caller rings two operators and gives up: one call, abandoned, not three;
- b: a quiet line of 60 s, then a call: it is there;
- c: the AMI connection is cut while a caller waits, and he is answered: one call, answered;
- d: where the product keeps its calls is away for 30 s, and it is killed (-9), during calls: nothing is forgotten;
- e: 30 calls at once, 10 of which give up: 30 calls, each with its outcome;
- f: a display name that holds line separators and headers: one call like any other;
- g: another operator takes a ringing call by the pickup code: answered.

`python -m tests.published` plays it on ours, after `make test` has installed what it needs (Debian, root).

To play it on another product, write an executable that starts it and prints its calls:
`python -m tests.published --product CMD`. It finds `AMI_HOST`, `AMI_PORT`, `AMI_USERNAME` and `AMI_SECRET` in its
environment (and `CEL_FILE`, `QUEUE_LOG`, and `STATE_DIR`, a folder that outlives it), runs until it is killed, and
writes one line of JSON for every call that is over:

```
{"id": "any, the same when it says the call again", "number": "+6281200000101", "outcome": "abandoned"}
```

The Asterisk has our `asterisk-conf/`: the line's context is `line-112`, the queue is `112`, the desks are `PJSIP/op1`
to `op8`. A foreign product is killed in both rows of d. Exit code 0: every step passed."""


@dataclass(frozen=True)
class Ran:
    """One test of a JUnit report."""

    name: str
    ended: str
    seconds: float
    figures: tuple[str, ...]


def rows(report: Path) -> list[Ran]:
    """Return every test in a JUnit report."""
    found = []
    for case in ElementTree.parse(report).getroot().iter("testcase"):  # noqa: S314 - pytest wrote it a moment ago
        ended = next((child.tag for child in case if child.tag in {"failure", "error", "skipped"}), "passed")
        name = f"{case.get('classname', '').removeprefix('tests.')}: {case.get('name', '')}".replace("|", "\\|")
        printed = "\n".join(out.text or "" for out in case.iter("system-out")).splitlines()
        figures = tuple(line.removeprefix("figure: ") for line in printed if line.startswith("figure: "))
        found.append(Ran(name, ended, float(case.get("time", "0")), figures))
    return found


def published(*arguments: str) -> tuple[int, str]:
    """Run the published test; return its exit code and what it printed."""
    command = [PYTHON, "-m", "tests.published", *arguments]
    done = subprocess.run(command, check=False, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    return done.returncode, done.stdout.strip()


def tested(workers: int, *arguments: str) -> tuple[int, list[Ran]]:
    """Run tests at full counts; return pytest's exit code and what ran."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        own = f"--junitxml={report}", "-o", "junit_logging=system-out", "--timeout=1800"
        command = [PYTHON, "-m", "pytest", "-q", "-n", str(workers), *own, *arguments]
        code = subprocess.run(command, check=False, cwd=ROOT, env={**os.environ, "INTAKE112_PROVE": "1"}).returncode
        return code, rows(report) if report.exists() else []


def main(arguments: list[str]) -> int:
    """Run, write, and return pytest's exit code, or the published test's."""
    phases = [(2, arguments)] if arguments else [(0, ALONE), (2, [*COUNTED, *(f"--ignore={one}" for one in ALONE)])]
    done = [tested(workers, *chosen) for workers, chosen in phases]
    code = next((code for code, _ in done if code), 0)
    ran = sorted((one for _, found in done for one in found), key=lambda one: one.name)
    ours_code, ours = published()
    _, bad = published("--product", f"{PYTHON} {shlex.quote(str(BAD))}", "--patience", "5")
    asking = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(asking, check=False, cwd=ROOT, capture_output=True, text=True).stdout.strip()
    passed = sum(one.ended == "passed" for one in ran)
    lines = [
        "# Proof",
        "",
        f"Written by `make prove` at {commit or 'an unknown commit'}, Python {platform.python_version()}, "
        f"{os.cpu_count()} processors. {passed} of {len(ran)} passed.",
        "",
        HEAD,
        "",
        *(f"- {figure}" for one in ran for figure in one.figures),
        "",
        PUBLISHED,
        "",
        "What it printed for ours:",
        "",
        ours,
        "",
        f"And for one that counts every channel as a call ([{BAD.name}](../{BAD.relative_to(ROOT)})):",
        "",
        bad,
        "",
        "## What ran",
        "",
        "| test | ended | seconds |",
        "|---|---|---|",
        *(f"| {one.name} | {one.ended} | {one.seconds:.1f} |" for one in ran),
    ]
    PROOF.write_text("\n".join(lines) + "\n", "utf-8")
    print(f"prove: {PROOF.relative_to(ROOT)} written", file=sys.stderr)
    return code or ours_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
