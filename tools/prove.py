"""Run the tests that take a count (faults, properties) at their full counts, and write docs/proof.md from what ran.

`INTAKE112_PROVE=1` is what tests look at: small counts without it. Arguments are pytest's; without any, what COUNTED
names.
"""

import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parent.parent
PYTHON = ROOT / ".venv" / "bin" / "python"
COUNTED = ["tests/acceptance", "tests/ami_bridge/test_invariants.py", "tests/faults"]
PROOF = ROOT / "docs" / "proof.md"


def rows(report: Path) -> list[tuple[str, str, float]]:
    """Return (test, how it ended, seconds) for every test in a JUnit report."""
    found = []
    for case in ElementTree.parse(report).getroot().iter("testcase"):  # noqa: S314 - pytest wrote it a moment ago
        ended = next((child.tag for child in case if child.tag in {"failure", "error", "skipped"}), "passed")
        name = f"{case.get('classname', '').removeprefix('tests.')}: {case.get('name', '')}"
        found.append((name.replace("|", "\\|"), ended, float(case.get("time", "0"))))
    return sorted(found)


def main(arguments: list[str]) -> int:
    """Run, write, and return pytest's exit code."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [
            PYTHON,
            "-m",
            "pytest",
            "-q",
            f"--junitxml={report}",
            "--timeout=1800",
            *(arguments or COUNTED),
        ]
        code = subprocess.run(command, check=False, cwd=ROOT, env={**os.environ, "INTAKE112_PROVE": "1"}).returncode
        ran = rows(report) if report.exists() else []
    asking = ["git", "rev-parse", "--short", "HEAD"]
    commit = subprocess.run(asking, check=False, cwd=ROOT, capture_output=True, text=True).stdout.strip()
    passed = sum(ended == "passed" for _, ended, _ in ran)
    lines = [
        "# Proof",
        "",
        f"Written by `make prove` at {commit or 'an unknown commit'}, Python {platform.python_version()}, "
        f"{os.cpu_count()} processors. {passed} of {len(ran)} passed.",
        "",
        "| test | ended | seconds |",
        "|---|---|---|",
        *(f"| {name} | {ended} | {seconds:.1f} |" for name, ended, seconds in ran),
    ]
    PROOF.write_text("\n".join(lines) + "\n", "utf-8")
    print(f"prove: {PROOF.relative_to(ROOT)} written", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
