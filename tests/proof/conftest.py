"""One emulator for all tests of the proof."""

from collections.abc import Iterator

import pytest

from izoologic_cdf.emulator import Emulator
from tests.feeds.support import EMPTY


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    with Emulator(EMPTY, strict=True) as emulator:
        yield emulator
