"""An emulator whose keys are canaries."""

from collections.abc import Iterator

import pytest

from izoologic_cdf.emulator import Emulator
from tests.canaries.support import KEY, SECRET
from tests.support.tenants import EMPTY


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(EMPTY, api_key=KEY, secret_key=SECRET) as emulator:
        yield emulator
