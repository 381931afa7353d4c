"""What takes a full count is run by `make prove`."""

import runpy
from pathlib import Path

ROOT = Path(__file__).parents[2]
COUNTS = "INTAKE112_PROVE"
BY_ITSELF = {"tests/intake/test_openapi.py"}  # 25 times its examples take hours: INTAKE112_PROVE=1 make test ARGS=...


def test_every_full_count_is_in_the_proof() -> None:
    counted = runpy.run_path(str(ROOT / "tools" / "prove.py"))["COUNTED"]
    files = [file.relative_to(ROOT) for file in (ROOT / "tests").rglob("test_*.py") if file != Path(__file__)]
    takes = {str(file) for file in files if COUNTS in (ROOT / file).read_text()}
    assert "tests/faults/test_mixed.py" in takes
    assert {file for file in takes if not any(Path(file).is_relative_to(one) for one in counted)} == BY_ITSELF
