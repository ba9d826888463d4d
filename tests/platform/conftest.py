"""A platform for each module, empty and with its defaults at each test."""

import dataclasses
from collections.abc import Iterator

import pytest

from izoologic_cdf.platform import Options, Platform
from tests.platform.rest import Rest

CLOCK = "2025-08-15T00:00:00Z"
_DEFAULTS = dataclasses.asdict(Options())


@pytest.fixture(scope="module")
def listening() -> Iterator[Platform]:
    with Platform(install=["account"]) as platform:
        yield platform


@pytest.fixture
def platform(listening: Platform) -> Platform:
    listening.state.set_clock(CLOCK)
    listening.state.set_options(**_DEFAULTS)
    listening.state.reset()
    return listening


@pytest.fixture
def rest(platform: Platform) -> Iterator[Rest]:
    """A client that has logged in."""
    with Rest(platform) as rest:
        rest.login()
        yield rest
