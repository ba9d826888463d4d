"""One emulator for the tests of the state, emptied before each of them."""

from pathlib import Path

import pytest

from izoologic_cdf.emulator import Emulator
from tests.feeds.conftest import emulator
from tests.state.support import Site

__all__ = ["emulator", "site"]


@pytest.fixture
def site(emulator: Emulator, tmp_path: Path) -> Site:
    return Site(emulator, tmp_path)
