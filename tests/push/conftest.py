"""A platform for each module, empty and with its defaults at each test; and a library."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from izoologic_cdf.library.store import Library
from izoologic_cdf.platform import Options, Platform
from tests.push.world import CLOCK, World
from tests.support.tenants import new_library

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
def world(platform: Platform, tmp_path: Path) -> Iterator[World]:
    with Library.create(new_library(tmp_path / "library.sqlite")) as library:
        yield World(library, platform)
