"""`intake112 rules`: what is shown of the rules, and what they would do. On both databases."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.intake112.command import environment
from tests.intake112.test_commands import bad, good


@pytest.fixture
def env(database_url: str, tmp_path: Path) -> dict[str, str]:
    """The environment of a migrated database."""
    return environment(tmp_path / "state", DATABASE_URL=database_url)


def test_the_rules_are_shown_and_tried(env: Mapping[str, str]) -> None:
    assert "no rules yet" in good(env, "rules", "show")
    at = ("--url", "http://127.0.0.1:9/", "--allow-cidr", "127.0.0.0/8")
    good(env, "agency", "add", "bpbd", "--name", "BPBD", *at)
    assert "no rules yet" in good(env, "rules", "show"), "an agency without kinds makes none"
    kinds = ("--kind", "kebakaran", "--kind", "hewan")
    good(env, "agency", "add", "damkar", "--name", "Damkar", *at, *kinds, "--next", "bpbd")
    head, line = good(env, "rules", "show").splitlines()
    assert head.startswith("version 1, from ")
    assert head.endswith("WIB by command line: agency damkar was added")
    assert line == "1\tkebakaran, hewan\t→ damkar then bpbd"
    assert good(env, "rules", "show", "--version", "1").splitlines() == [head, line]
    assert "no version" in bad(env, "rules", "show", "--version", "2")

    said, reason = good(env, "rules", "simulate", "--kind", "hewan", "--priority", "P1").splitlines()
    assert said == "This report would go to damkar (60 s, by rule 1 of version 1)."
    assert reason == "  rule 1: fits: all it asks holds"
    said, reason = good(env, "rules", "simulate", "--at", "2126-03-14T22:00").splitlines()
    assert "nobody" in said
    assert reason == "  rule 1: does not fit: it is for kebakaran, hewan, the report is of no kind yet"
    assert "nobody" in good(env, "rules", "simulate", "--kind", "hewan", "--at", "2000-01-01T00:00")
    assert "no kind" in bad(env, "rules", "simulate", "--kind", "naga")
    assert "no priority" in bad(env, "rules", "simulate", "--priority", "P9")
    assert "no time" in bad(env, "rules", "simulate", "--at", "tomorrow")
