"""What a test says when no real Asterisk can run here."""

import os

import pytest

from tests.pbx.root import missing_requirement


def need_real_asterisk() -> None:
    """Skip with one line, or fail where leaving out is a failure (`CI=true`)."""
    if reason := missing_requirement():
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
