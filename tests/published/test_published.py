"""The published test passes for ours, and fails for a product that counts legs: so it can fail."""

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pbx.need import need_real_asterisk

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]
ROOT = Path(__file__).resolve().parents[2]
BAD = ROOT / "tests" / "published" / "each_leg_is_a_call.py"
SHORT = ("--quiet", "4", "--away", "2")  # `make prove` runs it at full length, and shows what it prints


def published(*arguments: str) -> tuple[int, dict[str, list[str]]]:
    """Run it; return its exit code and (expected, said, result) by the step's letter."""
    need_real_asterisk()
    command = [sys.executable, "-m", "tests.published", *SHORT, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=500, check=False)
    print(done.stdout, done.stderr)  # noqa: T201  # pytest shows it with the failure
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in done.stdout.splitlines() if ": " in line]
    return done.returncode, {row[0]: row[1:] for row in rows}


def test_ours_passes() -> None:
    code, rows = published()
    assert {step: result for step, (_, _, result) in rows.items() if result != "pass"} == {}
    assert len(rows) == 8
    assert code == 0


def test_a_product_that_counts_legs_fails() -> None:
    bad = f"{shlex.quote(sys.executable)} {shlex.quote(str(BAD))}"
    code, rows = published("--product", bad, "--only", "abd", "--patience", "3")
    assert code == 1
    assert rows["a: rings two operators, gives up"] == ["1 abandoned", "3 abandoned", "FAIL"]
    assert rows["b: quiet line, then a call"] == ["1 abandoned", "1 abandoned", "pass"], (
        "there is a step that it passes"
    )
    assert rows["d: killed (-9) during calls"][2] == "FAIL", "it forgot who came while it was down"
