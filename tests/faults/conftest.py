"""One emulator for the tests of the faults, emptied before each of them."""

from pathlib import Path

import pytest

from izoologic_cdf.emulator import Emulator
from tests.faults.support import Bench
from tests.feeds.conftest import emulator

__all__ = ["bench", "emulator"]


@pytest.fixture
def bench(emulator: Emulator, tmp_path: Path) -> Bench:
    return Bench(emulator, tmp_path)
