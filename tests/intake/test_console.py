"""How the console is served: each page to who may see it, files for ever, nothing that the policy would refuse."""

import importlib.util
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest
from fastapi import FastAPI

from db.engine import Database
from intake.access import Role
from intake.api import console
from tests.intake.conftest import Client
from tests.intake.sitting import person

ROOT = Path(__file__).resolve().parents[2]
MAY: dict[Role, set[str]] = {  # who is shown which page; others are led to the desk
    "operator": {"/", "/papan"},
    "supervisor": {"/", "/papan", "/pengawas", "/statistik", "/admin"},
    "admin": {"/", "/papan", "/pengawas", "/statistik", "/admin"},
}


def tool(name: str) -> ModuleType:
    """Return a program of tools/, which is no package."""
    spec = importlib.util.spec_from_file_location(f"tools_{name}", ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("role", MAY)
async def test_a_page_is_shown_to_those_who_may_see_it(client: Client, database: Database, role: Role) -> None:
    for path in console.PAGES:
        assert (await client.get(path)).headers["Location"] == "/masuk"
    headers = (await person(client, database, f"the-{role}", role)).headers
    for path in console.PAGES:
        answer = await client.get(path, headers=headers)
        if path not in MAY[role]:
            assert (answer.status_code, answer.headers["Location"]) == (303, "/")
            continue
        assert answer.status_code == 200, answer.text
        assert answer.headers["Cache-Control"] == "no-cache"
        assert f'data-user="the-{role}"' in answer.text
        assert f'data-role="{role}"' in answer.text
        assert "{{" not in answer.text
        assert re.findall(r'(?:src|href)="(?!/static/)[^"]*"', answer.text) == []
        assert re.findall(r"<script(?![^>]*src=)|style=|<style", answer.text) == []


async def test_its_files_are_kept_by_browsers_for_ever_and_no_others_are_given(client: Client) -> None:
    files = [file for file in (console.BUILT / "assets").iterdir() if file.suffix in console.MEDIA]
    assert files
    for file in files:
        assert re.search(r"-[\w-]{8}\.\w+$", file.name), "its name holds the hash of its contents"
        answer = await client.get(f"/static/console/assets/{file.name}")
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, console.FOR_EVER)
        assert answer.headers["Content-Type"].startswith(console.MEDIA[file.suffix])
    for name in ("..%2Findex.html", "%2E%2E%2F.stamp", "nothing-12345678.js", "."):
        assert (await client.get(f"/static/console/assets/{name}")).status_code == 404


def test_the_console_speaks_of_the_api_as_it_is(app: FastAPI) -> None:
    types = tool("api_types")
    assert types.FILE.read_text("utf-8") == types.written(app.openapi()), "run: python tools/api_types.py"


def test_the_built_console_is_of_these_sources_and_is_in_the_wheel(tmp_path: Path) -> None:
    assert tool("console").is_current(ROOT), "run: python tools/console.py build"
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        there = {name for name in opened.namelist() if name.startswith("intake/static/console/")}
    built = {f"intake/static/console/{file.name}" for file in console.BUILT.glob("*.html")}
    built |= {f"intake/static/console/assets/{file.name}" for file in (console.BUILT / "assets").iterdir()}
    assert built <= there
    assert len(built) > 5


def test_the_pure_modules_of_the_console_pass_their_own_tests() -> None:
    command = [sys.executable, str(ROOT / "tools" / "console.py"), "test"]
    done = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
