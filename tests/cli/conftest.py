"""One emulator with the scenario of the guide for all tests of the command line."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from izoologic_cdf.emulator import Emulator, load_scenario
from tests.cli.shell import Shell


@pytest.fixture(scope="session")
def guide() -> Iterator[Emulator]:
    with Emulator(load_scenario("guide"), strict=True) as emulator:
        yield emulator


@pytest.fixture
def shell(
    guide: Emulator,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Shell:
    guide.state.reset()
    guide.state.clear_requests()
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("IZOOLOGIC_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    return Shell(tmp_path, guide, capsys)
