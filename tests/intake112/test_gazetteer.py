"""`intake112 gazetteer`, what a start loads, and how the package is fetched. The registry is never asked."""

import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from db import places
from db.engine import Database
from intake import placing
from intake112 import area_package, place_names
from intake112.area_package import NoPackageError
from tests.intake.area import FILES, packed
from tests.intake112.command import environment
from tests.intake112.test_commands import bad, good

CSV = "code,name,parent,alternatives,lat,lon,island\npasar,Pasar Ikan,99.01.02,,,,\n"


@pytest.fixture
def env(database_url: str, tmp_path: Path) -> dict[str, str]:
    """The environment of a migrated database, of the made-up regency."""
    return environment(tmp_path / "state", DATABASE_URL=database_url, REGENCY="99.01")


def test_names_are_loaded_and_found_by_command(env: Mapping[str, str], tmp_path: Path) -> None:
    assert "gazetteer load" in bad(env, "gazetteer", "find", "dungkeng")
    package = str(packed(tmp_path / "a.tgz"))
    counted = "3 kecamatan, 5 desa, 1 kelurahan, 3 island (idn-area-data 9.0.0, ODbL)\n"
    assert good(env, "gazetteer", "load", "--from", package) == f"regency 99.01: {counted}"
    found = good(env, "gazetteer", "find", "dunkeng").splitlines()
    assert found[0] == "99.01.02\tKecamatan Dungkeng"

    own = tmp_path / "own.csv"
    own.write_text(CSV)
    assert good(env, "gazetteer", "import", str(own)) == "1 places of the centre's own\n"
    assert good(env, "gazetteer", "export") == CSV
    own.write_text(CSV + "Bad,X,,,,,\n")
    assert bad(env, "gazetteer", "import", str(own)).startswith("Line 3: ")
    assert good(env, "gazetteer", "export") == CSV
    own.write_bytes(b"\xff\xfe")
    assert "UTF-8" in bad(env, "gazetteer", "import", str(own))

    assert "99.03" in bad(env, "gazetteer", "load", "--from", package, "--regency", "99.03")
    assert "35.29" in bad(env, "gazetteer", "load", "--from", package, "--regency", "9903")
    assert "cannot be read" in bad(env, "gazetteer", "load", "--from", str(tmp_path / "nothing.tgz"))
    assert "cannot be read" in bad(env, "gazetteer", "load", "--from", str(own))
    assert "not idn-area-data" in bad(env, "gazetteer", "load", "--from", str(packed(tmp_path / "b.tgz", name="other")))
    with tarfile.open(package) as archive:
        archive.extractall(tmp_path / "folder", filter="data")
    said = good(env, "gazetteer", "load", "--from", str(tmp_path / "folder" / "package"), "--regency", "98.01")
    assert said.endswith("\nset INTAKE112_REGENCY=98.01, else the next start loads 99.01\n")
    assert "INTAKE112_REGENCY is wrong" in bad({**env, "INTAKE112_REGENCY": "sumenep"}, "gazetteer", "export", code=2)


async def test_a_start_loads_what_is_installed_once(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def loaded() -> tuple[str, str | None, int] | None:
        await place_names.load_installed(database, "99.01")
        async with database.reading() as reading:
            found = (await places.of_lists(reading)).get(placing.OFFICIAL)
        return None if found is None else (found.version, found.regency, found.serial)

    monkeypatch.setattr(area_package, "INSTALLED", tmp_path / "names.tgz")
    monkeypatch.setattr(area_package, "VERSION", "9.0.0")
    assert await loaded() is None
    packed(tmp_path / "names.tgz")
    assert await loaded() == ("9.0.0", "99.01", 1)
    assert await loaded() == ("9.0.0", "99.01", 1)
    monkeypatch.setattr(area_package, "VERSION", "9.0.10")
    packed(tmp_path / "names.tgz", "9.0.10")
    assert await loaded() == ("9.0.10", "99.01", 2)
    monkeypatch.setattr(area_package, "VERSION", "9.0.9")
    packed(tmp_path / "names.tgz", "9.0.9")
    assert await loaded() == ("9.0.10", "99.01", 2), "somebody loaded a newer one"
    (tmp_path / "names.tgz").write_bytes(b"broken")
    monkeypatch.setattr(area_package, "VERSION", "10.0.0")
    assert await loaded() == ("9.0.10", "99.01", 2), "and nobody is kept from working"
    await place_names.load_installed(database, "98.01")


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of PATH, with an npm that brings the made-up regency."""
    folder = tmp_path / "bin"
    folder.mkdir()
    brought = packed(tmp_path / "brought.tgz")
    command = folder / "npm"
    command.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n/bin/cp {brought} ./{area_package.FILE}\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return command


def test_what_npm_brings_is_kept_only_if_it_is_what_we_know(
    npm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "share" / area_package.FILE
    with pytest.raises(NoPackageError, match="sha512"):
        area_package.fetch(to)
    assert not to.exists()
    assert f"pack {area_package.NAME}@{area_package.VERSION} --ignore-scripts" in (tmp_path / "asked").read_text()
    monkeypatch.setattr(area_package, "INTEGRITY", area_package._integrity(tmp_path / "brought.tgz"))
    assert area_package.fetch(to) == to
    assert area_package.opened(to).files["villages.csv"] == FILES["villages.csv"]
    npm.unlink()
    assert area_package.fetch(to) == to, "nothing to do, and no npm"
    to.write_bytes(b"broken")
    with pytest.raises(NoPackageError, match=r"apt-get install npm.*--from"):
        area_package.fetch(to)
    npm.write_text("#!/bin/sh\nexit 1\n")
    npm.chmod(0o755)
    with pytest.raises(NoPackageError, match="registry reachable"):
        area_package.fetch(to)


def test_a_large_file_within_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(area_package, "_LARGEST", 10)
    with pytest.raises(NoPackageError, match="size"):
        area_package.opened(packed(tmp_path / "a.tgz"))
