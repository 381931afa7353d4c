"""The merge of two people's changes, as a pure function."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake import report
from intake.report import Value

THEIRS: dict[str, Value] = {"kind": "hewan", "narrative": None, "location.lat": 1.0, "location.lon": 2.0}
# changed by others, yours, what really changes (None: a conflict), the fields in conflict
CASES: dict[str, tuple[set[str], dict[str, Value], dict[str, Value], set[str]]] = {
    "nothing": (set(), {}, {}, set()),
    "a field nobody touched": (set(), {"kind": "laut"}, {"kind": "laut"}, set()),
    "another field was touched": ({"narrative"}, {"kind": "laut"}, {"kind": "laut"}, set()),
    "the same field": ({"kind"}, {"kind": "laut"}, {}, {"kind"}),
    "the same field, the same value": ({"kind"}, {"kind": "hewan"}, {}, set()),
    "one of two": ({"kind"}, {"kind": "laut", "narrative": "x"}, {}, {"kind"}),
    "null over a value": (set(), {"kind": None}, {"kind": None}, set()),
    "both coordinates change together": (
        set(),
        {"location.lat": 1.0, "location.lon": 3.0},
        {"location.lat": 1.0, "location.lon": 3.0},
        set(),
    ),
    "half of a position is a conflict of the whole": (
        {"location.lat", "location.lon"},
        {"location.lat": 1.0, "location.lon": 3.0},
        {},
        {"location.lat", "location.lon"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_merge(name: str) -> None:
    changed, yours, changes, conflicts = CASES[name]
    merged = report.merge(changed, THEIRS, yours)
    assert merged.changes == changes
    assert set(merged.conflicts) == conflicts
    for field, sides in merged.conflicts.items():
        assert sides == {"yours": yours[field], "theirs": THEIRS[field]}


LEAF = st.sampled_from(["kind", "narrative", "priority"])


@given(st.lists(st.tuples(st.integers(0, 5), LEAF, st.text("ab", max_size=1)), max_size=12))
def test_no_write_is_lost(writes: list[tuple[int, str, str]]) -> None:
    """Whoever was told 200 finds their value, unless somebody who had seen it wrote another."""
    values: dict[str, Value] = {"kind": None, "narrative": None, "priority": None}
    versions: dict[str, int] = {}
    version = 1
    for behind, leaf, value in writes:
        seen = max(1, version - behind)
        merged = report.merge(report.changed_since(versions, seen), values, {leaf: value})
        if merged.conflicts:
            assert versions[leaf] > seen
            assert values[leaf] != value
        elif merged.changes:
            assert versions.get(leaf, 0) <= seen
            version += 1
            values[leaf] = value
            versions[leaf] = version
        else:
            assert values[leaf] == value
