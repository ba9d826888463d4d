"""The scenario of the guide, which stays as it is, with what it has answered."""

from collections.abc import Iterator

import pytest

from izoologic_cdf.emulator import Emulator, load_scenario
from tests.support.built import Answers


@pytest.fixture(scope="module")
def answered() -> Iterator[tuple[Emulator, Answers]]:
    with Emulator(load_scenario("guide")) as running:
        yield running, Answers()
