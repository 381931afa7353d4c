"""What a test says when no real Asterisk can run here; `make test` leaves such tests out there, and says so."""

import pytest

from tests.pbx.root import missing_requirement


def need_real_asterisk() -> None:
    """Fail with one line that says what is missing."""
    if reason := missing_requirement():
        pytest.fail(reason)
