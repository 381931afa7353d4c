"""Every rule on imports is alive: one planted violation in a copy of the tree breaks it, and nothing else does."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent
LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]

PLANTS = {  # contract: the file that breaks it, and how
    "Imports run the way a call does": ("db/wakeups.py", "import routing"),
    "Pure modules know no clock, loop, socket, database or framework": ("ami_bridge/frames.py", "import asyncio"),
    "Only the line and the overflow menu speak to Asterisk": ("routing/__init__.py", "import asterisk.ami"),
    "Only delivery and its egress guard speak HTTP to the outside": ("intake/__init__.py", "import httpx2"),
    "Only db speaks SQL": ("routing/__init__.py", "import sqlalchemy"),
}

BANNED = {  # what ruff refuses: a line, and the rule that refuses it
    "asyncio.create_task": ("import asyncio\n\nasyncio.create_task(None)\n", "TID251"),
    "asyncio.ensure_future": ("import asyncio\n\nasyncio.ensure_future(None)\n", "TID251"),
    "the clock": ("from datetime import UTC, datetime\n\nprint(datetime.now(UTC))\n", "TID251"),
    "the naive clock": ("from datetime import datetime\n\nprint(datetime.now())\n", "DTZ005"),
    "pyst2's manager": ("import asterisk.manager\n", "TID251"),
    "pyst2's AGI": ("import asterisk.agi\n", "TID251"),
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what import-linter reads."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for package in LINTER["root_packages"]:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "static"))
    return tmp_path


def broken(tree: Path) -> tuple[int, set[str], str]:
    """Return import-linter's exit code, the contracts it calls broken, and all it says."""
    done = subprocess.run(
        [BIN / "lint-imports", "--no-cache"], check=False, cwd=tree, capture_output=True, text=True, timeout=100
    )
    names = {contract["name"] for contract in LINTER["contracts"]}
    return done.returncode, {name for name in names if f"{name} BROKEN" in done.stdout}, done.stdout + done.stderr


def test_every_contract_has_its_plant() -> None:
    assert {contract["name"] for contract in LINTER["contracts"]} == set(PLANTS)


def test_the_tree_as_it_is_keeps_all_contracts(tree: Path) -> None:
    code, names, said = broken(tree)
    assert (code, names) == (0, set()), said


@pytest.mark.parametrize("contract", PLANTS)
def test_a_planted_violation_breaks_its_contract(tree: Path, contract: str) -> None:
    file, line = PLANTS[contract]
    with (tree / file).open("a") as source:
        source.write(f"\n{line}\n")
    code, names, said = broken(tree)
    assert (code, names) == (1, {contract}), said


@pytest.mark.parametrize("what", BANNED)
def test_ruff_refuses(what: str) -> None:
    source, rule = BANNED[what]
    done = subprocess.run(
        [
            BIN / "ruff",
            "check",
            "--no-cache",
            "--output-format",
            "concise",
            "--stdin-filename",
            "routing/planted.py",
            "-",
        ],
        check=False,
        cwd=ROOT,
        input=source,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert f" {rule} " in done.stdout
