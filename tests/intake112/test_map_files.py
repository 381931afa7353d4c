"""`intake112 map`: what administrators do with maps in the console, for whoever has a shell."""

import os
from pathlib import Path

import pytest

from tests.console.map_files import lay, pmtiles
from tests.intake112.command import environment
from tests.intake112.test_commands import bad, good


@pytest.mark.parametrize("database_kind", ["sqlite"])  # it asks no SQL of its own
def test_a_map_is_added_replaced_and_removed_by_command(database_url: str, tmp_path: Path) -> None:
    env = environment(tmp_path / "state", DATABASE_URL=database_url)
    lay(tmp_path)
    streets, folder = str(tmp_path / "jalan.pmtiles"), tmp_path / "state" / "map"
    assert good(env, "map", "add", streets) == f"jalan.pmtiles: {len(pmtiles())} bytes\n"
    assert "--replace" in bad(env, "map", "add", streets)
    Path(streets).write_bytes(pmtiles()[:-1])
    assert "not whole" in bad(env, "map", "add", streets, "--replace")
    (folder / "lama.geojson").write_text("{}")
    assert [line.split("\t")[:2] for line in good(env, "map", "list").splitlines()] == [
        ["jalan.pmtiles", str(len(pmtiles()))],
        ["lama.geojson", "2"],
    ]
    good(env, "map", "add", str(tmp_path / "batas.geojson"), "--name", "lama.geojson", "--replace")
    good(env, "map", "remove", "jalan.pmtiles")
    assert "no map file" in bad(env, "map", "remove", "jalan.pmtiles")
    assert os.listdir(folder) == ["lama.geojson"]
