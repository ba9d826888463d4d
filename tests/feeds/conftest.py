"""One emulator for all tests of the feeds, emptied before each of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from izoologic_cdf.emulator import Emulator
from tests.feeds.support import EMPTY, Tenant


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with Emulator(EMPTY, strict=True) as emulator:
        yield emulator


@pytest.fixture
def tenant(emulator: Emulator, tmp_path: Path) -> Tenant:
    return Tenant(emulator, tmp_path)
