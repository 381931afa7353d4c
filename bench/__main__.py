"""`make bench`: run every measurement and write docs/performance.md; with names (`ARGS=dispatch`) print only those."""

import os
import platform
import sys
import tempfile
from pathlib import Path

from bench import cpu, dispatch, gazetteer, ingest, ring_to_screen, screen
from intake112 import heap

PARTS = (ring_to_screen, ingest, cpu, dispatch, gazetteer, screen)
TARGET = Path(__file__).parents[1] / "docs" / "performance.md"


def own_folder(folder: str) -> Path:
    """Return a new folder that PostgreSQL's user may enter."""
    made = Path(tempfile.mkdtemp(dir=folder))
    made.chmod(0o755)
    return made


def main(names: list[str]) -> None:
    """Measure, print, write."""
    chosen = [part for part in PARTS if not names or part.__name__.removeprefix("bench.") in names]
    heap.settle()  # as in the product
    with tempfile.TemporaryDirectory(prefix="bench-", dir="/var/tmp") as folder:  # a disk, not memory
        Path(folder).chmod(0o755)
        sections = [part.run(own_folder(folder)) for part in chosen]
    text = "\n".join(
        [
            "# Performance",
            "",
            "Written by `make bench`; each figure stands beside its limit or peer of the same run.",
            f"{os.cpu_count()} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}.",
            "",
            *sections,
        ]
    )
    if not names:
        TARGET.write_text(text)
    print(text)


if __name__ == "__main__":
    main(sys.argv[1:])
