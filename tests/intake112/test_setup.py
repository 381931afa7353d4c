"""The lock files are whole and name no registry; a current environment is left alone; dependencies have reasons."""

import importlib.util
import json
import re
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
DESIGNED = {
    *("asterisk-ami", "pyst2", "fastapi", "uvicorn", "sqlalchemy", "aiosqlite", "asyncpg", "alembic", "httpx2"),
    *("pydantic-settings", "typer", "structlog", "prometheus-client", "argon2-cffi", "jinja2", "phonenumbers"),
    *("ruff", "mypy", "import-linter", "pytest", "pytest-asyncio", "hypothesis", "schemathesis", "playwright"),
    "standardwebhooks",
}


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[\[<>=!~ ]", line, maxsplit=1)[0].lower() for line in requirements}


def locked(kind: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{kind}.lock").read_text("utf-8").replace("\\\n", "")
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", " "))]
    assert all("--hash=sha256:" in line for line in lines)
    return dict(line.split()[0].split("==") for line in lines)


@pytest.mark.parametrize("kind", ["build", "node", "run", "dev"])
def test_a_lock_names_no_address(kind: str) -> None:
    assert locked(kind)
    assert "://" not in (ROOT / "requirements" / f"{kind}.lock").read_text("utf-8")


def test_the_lock_of_npm_has_hashes_and_names_no_address() -> None:
    text = (ROOT / "tests/routing/javascript/package-lock.json").read_text("utf-8")
    packages = json.loads(text)["packages"]
    assert all("integrity" in package for name, package in packages.items() if name)
    assert len(packages) > 1
    assert "://" not in text


def test_the_lock_of_the_console_has_hashes_and_names_no_registry() -> None:
    packages = json.loads((ROOT / "console/package-lock.json").read_text("utf-8"))["packages"]
    named = {name: package for name, package in packages.items() if name}
    assert len(named) > 40
    assert all("integrity" in package and "resolved" not in package for package in named.values())


def test_the_locks_hold_what_the_project_needs() -> None:
    run, dev = locked("run"), locked("dev")
    assert names(PROJECT["dependencies"]) <= set(run)
    assert names(PROJECT["optional-dependencies"]["dev"]) <= set(dev)
    assert run.items() <= dev.items()


def test_every_dependency_has_its_reason() -> None:
    page = (ROOT / "docs/decisions/0004-extra-dependencies.md").read_text("utf-8")
    explained = set(re.findall(r"^\| `([a-z0-9-]+)` \|", page, re.MULTILINE))
    all_of_them = names(PROJECT["dependencies"]) | names(PROJECT["optional-dependencies"]["dev"])
    assert all_of_them - DESIGNED == explained


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """tools/setup.py, working in an empty folder, with a pip that only notes what it was asked for."""
    spec = importlib.util.spec_from_file_location("tools_setup", ROOT / "tools/setup.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements/run.lock").write_text("a==1\n")
    (tmp_path / "pyproject.toml").write_text("")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(module, "PYTHON", tmp_path / ".venv/bin/python")
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(module, "asked", asked, raising=False)

    def pip(*arguments: str) -> None:
        asked.append(arguments)
        (tmp_path / ".venv/bin/intake112").touch()

    monkeypatch.setattr(module, "pip", pip)
    monkeypatch.setattr(module, "wants_node", lambda: False)
    monkeypatch.setattr(module, "names", lambda: asked.append(("names of places",)))
    return module


def test_a_current_environment_is_left_alone(tool: ModuleType, tmp_path: Path) -> None:
    tool.main("dev")
    assert [arguments[-1] for arguments in tool.asked] == [
        "requirements/build.lock",
        "requirements/dev.lock",
        ".",
        "names of places",
    ]
    tool.asked.clear()
    tool.main("dev")
    tool.main("run")  # what one develops in can run
    assert tool.asked == []
    (tmp_path / "requirements/run.lock").write_text("a==2\n")
    tool.main("run")
    assert [arguments[-1] for arguments in tool.asked] == [
        "requirements/build.lock",
        "requirements/run.lock",
        ".",
        "names of places",
    ]
    assert not tool.is_current("dev", tool.stamp())


def test_a_machine_without_a_fitting_python_is_told_what_to_install(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", ROOT / "tools/python.sh"], check=False, env={"PATH": str(tmp_path)}, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "python3-venv" in done.stderr
