"""A made-up regency in the form of the npm package `idn-area-data`, and the real package where it can be had."""

import fcntl
import io
import json
import tarfile
from pathlib import Path

from intake112 import area_package
from tests.pbx.root import cache_dir, ensure_tool

DISTRICTS = """code,regency_code,name
98.01.01,98.01,Elsewhere
99.01.01,99.01,Kota Contoh
99.01.02,99.01,Dungkeng
99.01.03,99.01,"Ra""os"
99.02.01,99.02,Dungkeng
"""
VILLAGES = """code,district_code,name
98.01.01.2001,98.01.01,Mandalan
99.01.01.1001,99.01.01,Pasar Lama
99.01.01.2002,99.01.01,Mandalan
99.01.02.2001,99.01.02,Mandalan
99.01.02.2002,99.01.02,"Banra""os"
99.01.02.2003,99.01.02,Batoyang
99.01.03.2001,99.01.03,Jhungkat Barat
"""
ISLANDS = """code,regency_code,coordinate,is_populated,is_outermost_small,name
99.01.40001,99.01,"07°11'42.22"" S 113°54'31.37"" E",1,0,Pulau Giliganteng
99.01.40002,99.01,"06°30'00.00"" S 114°00'00.00"" E",0,0,Pulau Giliyong
99.01.40003,99.01,,0,0,Tukoh Kecil
"""
FILES = {"districts.csv": DISTRICTS, "villages.csv": VILLAGES, "islands.csv": ISLANDS}


def packed(to: Path, version: str = "9.0.0", name: str = "idn-area-data") -> Path:
    """Write the made-up regency as npm would pack it, and return the file."""
    texts = {f"package/data/{file}": text for file, text in FILES.items()}
    texts |= {"package/package.json": json.dumps({"name": name, "version": version}), "package/lib/index.js": "throw 1"}
    with tarfile.open(to, "w:gz") as archive:
        for path, text in texts.items():
            member = tarfile.TarInfo(path)
            member.size = len(data := text.encode())
            archive.addfile(member, io.BytesIO(data))
    return to


def real() -> Path:
    """Return the real package, fetched once.

    Raises:
        RuntimeError: npm cannot be installed.
        NoPackageError: the registry cannot be reached.
    """
    if area_package.INSTALLED.is_file():
        return area_package.fetch()
    cache = cache_dir()
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "npm.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ensure_tool("npm", "npm")
        return area_package.fetch(cache / area_package.FILE)
