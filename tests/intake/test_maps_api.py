"""What the desk's map is drawn from: the centre's own files, in parts too, and nothing else of the disk."""

import hashlib
import json
import os
import resource
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from fastapi import FastAPI
from httpx2 import Response
from sqlalchemy import select

from db import live, places, tables
from db.engine import Database, DatabaseUnavailableError
from intake import map_store
from intake.api.app import create_app
from intake.map_refusals import WRONG
from intake.own_maps import Maps
from tests.conftest import SetClock
from tests.console.map_files import pmtiles
from tests.intake.conftest import PUBLIC_URL, WIB, Client, LogIn


@pytest.fixture
def app(database: Database, tmp_path: Path) -> FastAPI:
    """The application of a centre that has map files."""
    (tmp_path / "map").mkdir()
    (tmp_path / "secret.geojson").write_text("{}")
    return create_app(database, public_url=PUBLIC_URL, timezone=WIB, map_folder=tmp_path / "map")


async def test_the_centres_own_files_and_its_area(operator: Client, database: Database, tmp_path: Path) -> None:
    most = {"pmtiles": 2 << 30, "geojson": 8 << 20}
    assert (await operator.get("/api/v1/map")).json() == {"files": [], "bounds": None, "most_bytes": most}
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


def geojson(*coordinates: float, kind: str = "Point", **more: object) -> bytes:
    """A collection of one feature."""
    shape = {"type": kind, "coordinates": coordinates}
    feature = {"type": "Feature", "properties": {"name": "Pos"}, "geometry": shape}
    return json.dumps({"type": "FeatureCollection", "features": [feature], **more}).encode()


async def sent(http: Client, name: str, body: bytes | AsyncIterator[bytes], version: int | None = None) -> Response:
    """Send a map file."""
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    return await http.put(f"/api/v1/map/{name}", content=body, headers=headers)


async def told(database: Database) -> list[tuple[object, ...]]:
    """What is in the record, and in the live events, about maps."""
    async with database.reading() as reading:
        a = tables.audit.c
        chosen = select(a.action, a.actor, a.subject, a.detail).where(a.action.like("map.%")).order_by(a.n)
        rows = (await reading.connection.execute(chosen)).all()
        events = [one for one in await live.after(reading, 0, 50) if one.subject == "map"]
    return [(*row[:3], json.loads(row.detail)) for row in rows] + [(len(events),)]


async def test_a_map_is_sent_replaced_and_removed(as_role: LogIn, database: Database, tmp_path: Path) -> None:
    admin = await as_role("admin")
    made = await sent(admin, "pos.geojson", first := geojson(113.87, -7.0))
    assert made.status_code == 200, made.text
    about = made.json()
    assert (about["type"], about["bytes"], about["features"], about["named"]) == ("geojson", len(first), 1, 1)
    assert about["bounds"] == {"south": -7.0, "west": 113.87, "north": -7.0, "east": 113.87}
    streets = (await sent(admin, "jalan.pmtiles", pmtiles())).json()
    assert (streets["min_zoom"], streets["max_zoom"], streets["drawn"], streets["features"]) == (0, 0, True, None)
    assert [one["name"] for one in (await admin.get("/api/v1/map")).json()["files"]] == ["jalan.pmtiles", "pos.geojson"]

    second = geojson(113.9, -7.1, kind="Point")
    for version, status in ((None, 428), (about["version"] + 1, 412)):
        assert (await sent(admin, "pos.geojson", second, version)).status_code == status
    again = (await sent(admin, "pos.geojson", second, about["version"])).json()
    assert again["version"] != about["version"]
    assert (await admin.get(again["url"])).content == second
    path, old = "/api/v1/map/pos.geojson", {"If-Match": f'"{about["version"]}"'}
    assert (await admin.delete(path)).status_code == 428
    assert (await admin.delete(path, headers=old)).status_code == 412
    assert (await admin.delete(path, headers={"If-Match": f'"{again["version"]}"'})).status_code == 200
    assert (await admin.delete(path, headers=old)).status_code == 404
    assert os.listdir(tmp_path / "map") == ["jalan.pmtiles"], "nothing half, nothing old"

    def detail(body: bytes, **more: bool) -> dict[str, object]:
        return {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest(), **more}

    assert await told(database) == [
        ("map.uploaded", "the admin", "pos.geojson", detail(first, replaced=False)),
        ("map.uploaded", "the admin", "jalan.pmtiles", detail(pmtiles(), replaced=False)),
        ("map.uploaded", "the admin", "pos.geojson", detail(second, replaced=True)),
        ("map.removed", "the admin", "pos.geojson", detail(second)),
        (4,),
    ]


def header(**other: int) -> bytes:
    """PMTiles with another byte of the header: `b97` is byte 97."""
    file = bytearray(pmtiles())
    for at, value in other.items():
        file[int(at[1:])] = value
    return bytes(file)


UNFIT = {
    "not_pmtiles": ("a.pmtiles", b"PK\x03\x04" + bytes(200)),
    "old_pmtiles": ("a.pmtiles", header(b7=2)),
    "cut_off": ("a.pmtiles", pmtiles()[:-1]),
    "no_vector": ("a.pmtiles", header(b99=2)),
    "compression": ("a.pmtiles", header(b98=4)),
    "no_tiles": ("a.pmtiles", header(b64=0)),
    "zooms": ("a.pmtiles", header(b100=9)),
    "bounds": ("a.pmtiles", pmtiles()[:102] + pmtiles()[110:118] + pmtiles()[102:110] + pmtiles()[118:]),
    "other_layers": ("a.pmtiles", pmtiles().replace(b'"water"', b'"hydro"')),
    "unreadable": ("a.geojson", None),
    "too_large": ("a.geojson", None),
    "not_json": ("a.geojson", b"{"),
    "not_collection": ("a.geojson", b'{"type": "Feature"}'),
    "no_features": ("a.geojson", b'{"type": "FeatureCollection", "features": []}'),
    "not_wgs84": ("a.geojson", geojson(1, 1, crs={"properties": {"name": "urn:ogc:def:crs:EPSG::32749"}})),
    "out_of_range": ("a.geojson", geojson(-7.0, 113.87)),
    "geometry": ("a.geojson", geojson(1, 1, kind="Circle")),
    "no_position": ("a.geojson", geojson(1)),
}


async def test_a_wrong_file_says_what_is_wrong_and_what_was_there_stays(as_role: LogIn, tmp_path: Path) -> None:
    admin, folder = await as_role("admin"), tmp_path / "map"
    assert UNFIT.keys() == WRONG.keys()
    (large := tmp_path / "large").write_bytes(bytes((8 << 20) + 1))
    good = {"a.pmtiles": pmtiles(), "a.geojson": geojson(113.87, -7.0)}
    seen = {name: (await sent(admin, name, body)).json()["version"] for name, body in good.items()}
    for why, (name, body) in UNFIT.items():
        if body is None:  # nobody can send it; somebody may have laid it there
            (laid := folder / "z.geojson").symlink_to("/proc/self/mem" if why == "unreadable" else large)
            fault = (await admin.get("/api/v1/map")).json()["files"][-1]["fault"]
            assert (fault["why"], fault["message"]) == (why, WRONG[why].format_map(fault["found"]))
            laid.unlink()
            continue
        refused = await sent(admin, name, body, seen[name])
        assert (refused.status_code, refused.json()["error"], refused.json()["why"]) == (422, "unfit_map", why)
        assert refused.json()["message"] == WRONG[why].format_map(refused.json()["found"])
    for name in ("A b.geojson", "a.GEOJSON", ".a.geojson", "a.json", "..%2Fa.geojson", "a.geojson%0A"):
        assert (await sent(admin, name, good["a.geojson"])).status_code in (404, 415, 422), name
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == good


async def test_what_is_too_large_or_finds_no_room_leaves_nothing(
    as_role: LogIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, folder = await as_role("admin"), tmp_path / "map"
    good = geojson(113.87, -7.0)
    version = (await sent(admin, "a.geojson", good)).json()["version"]

    async def pieces(size: int) -> AsyncIterator[bytes]:
        for _ in range(size >> 20):
            yield bytes(1 << 20)

    said = [await sent(admin, "a.geojson", bytes((8 << 20) + 1), version)]
    said.append(await sent(admin, "a.geojson", pieces(9 << 20), version))
    assert [(one.status_code, one.json()["error"]) for one in said] == [(413, "map_too_large")] * 2
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (4 << 20, limits[1]))  # the disk takes no more in the middle of it
        full = await sent(admin, "b.pmtiles", pieces(9 << 20))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (full.status_code, full.json()["error"]) == (507, "map_not_kept")
    monkeypatch.setattr(map_store, "KEEPS_FREE", 1 << 62)
    assert (await sent(admin, "b.geojson", good)).status_code == 507, "reports have the rest of the disk"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a.geojson": good}


async def test_a_file_whose_audit_row_cannot_be_saved_is_not_there(tmp_path: Path) -> None:
    folder, good = tmp_path / "map", geojson(113.87, -7.0)
    folder.mkdir()
    (folder / "a.geojson").write_bytes(good)

    async def one() -> AsyncIterator[bytes]:
        yield geojson(1, 1)

    async with Database.open(f"sqlite+aiosqlite:///{tmp_path}/none.db", SetClock()) as without_tables:
        maps = Maps(without_tables, folder)
        version = (await maps.every())[0].file.version
        for name, seen in (("a.geojson", version), ("b.geojson", None)):
            with pytest.raises(DatabaseUnavailableError):
                await maps.put(name, one(), "siti", seen=seen)
        with pytest.raises(DatabaseUnavailableError):
            await maps.remove("a.geojson", "siti", seen=version)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {"a.geojson": good}
