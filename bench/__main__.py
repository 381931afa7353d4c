"""`make bench`: run every measurement and write docs/performance.md; with names (`ARGS=dispatch`) print only those."""

import os
import platform
import sys
import tempfile
import traceback
from pathlib import Path
from types import ModuleType

from bench import cpu, dispatch, gazetteer, ingest, ring_to_screen, screen
from intake112 import heap

PARTS = (ring_to_screen, ingest, cpu, dispatch, gazetteer, screen)
TARGET = Path(__file__).parents[1] / "docs" / "performance.md"


def own_folder(folder: str) -> Path:
    """Return a new folder that PostgreSQL's user may enter."""
    made = Path(tempfile.mkdtemp(dir=folder))
    made.chmod(0o755)
    return made


def section(part: ModuleType, folder: Path) -> tuple[str, bool]:
    """Measure one part and print it; what breaks off is a section too, so that the others' minutes are not lost."""
    name = part.__name__.removeprefix("bench.")
    print(f"bench: {name} ...", file=sys.stderr, flush=True)
    try:
        found, is_well = str(part.run(folder)), True
    except Exception as error:
        traceback.print_exc()
        found, is_well = f"## {name}\n\n**Not measured**: {type(error).__name__}.\n", False
    print(found, flush=True)
    return found, is_well


def main(names: list[str]) -> int:
    """Measure, print, write; return 0 when all of it was measured."""
    chosen = [part for part in PARTS if not names or part.__name__.removeprefix("bench.") in names]
    heap.settle()  # as in the product
    with tempfile.TemporaryDirectory(prefix="bench-", dir="/var/tmp") as folder:  # a disk, not memory
        Path(folder).chmod(0o755)
        sections = [section(part, own_folder(folder)) for part in chosen]
    text = "\n".join(
        [
            "# Performance",
            "",
            "Written by `make bench`; each figure stands beside its limit or peer of the same run.",
            f"{os.cpu_count()} cores, {platform.system()} {platform.release()}, Python {platform.python_version()}.",
            "",
            *(text for text, _ in sections),
        ]
    )
    if not names:
        TARGET.write_text(text)
    return 0 if all(is_well for _, is_well in sections) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
