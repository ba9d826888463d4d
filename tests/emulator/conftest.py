from collections.abc import Iterator

import pytest

from izoologic_cdf.emulator import Emulator, load_scenario
from tests.emulator.api_client import Client


@pytest.fixture
def client() -> Iterator[Client]:
    """Scenario guide, strict, logged in."""
    with Emulator(load_scenario("guide"), strict=True) as emulator, Client(emulator) as client:
        client.login()
        yield client
