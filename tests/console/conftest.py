"""One centre and one Chromium for all tests of a module."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console.centre import Centre, centre
from tests.console.desk import Windows, windows


@pytest.fixture(scope="module")
def here(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Centre]:
    """The centre of this module."""
    with centre(tmp_path_factory.mktemp("centre"), sqlite_template) as running:
        yield running


@pytest.fixture(scope="module")
def chromium(here: Centre) -> Iterator[Windows]:
    """The browser of this module, which goes before the centre does."""
    with windows() as running:
        yield running
