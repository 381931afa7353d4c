"""`make bench`: run every measurement and write docs/performance.md."""

import os
import platform
import tempfile
from pathlib import Path

from bench import cpu, ingest, ring_to_screen
from intake112 import heap

TARGET = Path(__file__).parents[1] / "docs" / "performance.md"


def own_folder(folder: str) -> Path:
    """Return a new folder that PostgreSQL's user may enter."""
    made = Path(tempfile.mkdtemp(dir=folder))
    made.chmod(0o755)
    return made


def main() -> None:
    """Measure, print, write."""
    heap.settle()  # as in the product
    with tempfile.TemporaryDirectory(prefix="bench-", dir="/var/tmp") as folder:  # a disk, not memory
        Path(folder).chmod(0o755)
        sections = [part.run(own_folder(folder)) for part in (ring_to_screen, ingest, cpu)]
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
    TARGET.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
