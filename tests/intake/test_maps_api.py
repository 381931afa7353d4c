"""What the desk's map is drawn from: the centre's own files, in parts too, and nothing else of the disk."""

from pathlib import Path

import pytest
from fastapi import FastAPI

from db import places
from db.engine import Database
from intake.api.app import create_app
from tests.intake.conftest import PUBLIC_URL, WIB, Client


@pytest.fixture
def app(database: Database, tmp_path: Path) -> FastAPI:
    """The application of a centre that has map files."""
    (tmp_path / "map").mkdir()
    (tmp_path / "secret.geojson").write_text("{}")
    return create_app(database, public_url=PUBLIC_URL, timezone=WIB, map_folder=tmp_path / "map")


async def test_the_centres_own_files_and_its_area(operator: Client, database: Database, tmp_path: Path) -> None:
    assert (await operator.get("/api/v1/map")).json() == {"files": [], "bounds": None}
    (tmp_path / "map" / "jalan.pmtiles").write_bytes(b"PMTiles\x03" + bytes(100))
    (tmp_path / "map" / "batas.geojson").write_text('{"type": "FeatureCollection", "features": []}')
    (tmp_path / "map" / "catatan.txt").write_text("not a map")
    async with database.transaction() as tx:
        row: dict[str, object] = {"level": "own", "alternatives": [], "island": None, "parent": None}
        ends: list[dict[str, object]] = [
            {"lat": -7.1, "lon": 113.4},
            {"lat": -6.8, "lon": 116.2},
            {"lat": None, "lon": None},
        ]
        rows = [row | {"code": f"o.{n}", "name": f"Pos {n}"} | one for n, one in enumerate(ends)]
        await places.replace(tx, "own", rows, version="1", regency=None, by="siti")
    told = (await operator.get("/api/v1/map")).json()
    assert told["bounds"] == {"south": -7.1, "west": 113.4, "north": -6.8, "east": 116.2}
    assert [(one["name"], one["type"]) for one in told["files"]] == [
        ("batas.geojson", "geojson"),
        ("jalan.pmtiles", "pmtiles"),
    ]
    part = await operator.get(told["files"][1]["url"], headers={"Range": "bytes=0-6"})
    assert (part.status_code, part.content) == (206, b"PMTiles")
    assert (await operator.get("/api/v1/map/batas.geojson")).json()["type"] == "FeatureCollection"
    for other in ("catatan.txt", "..%2Fsecret.geojson", "x.geojson"):
        assert (await operator.get(f"/api/v1/map/{other}")).status_code == 404, other
