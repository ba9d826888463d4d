"""One emulator with the scenario of the guide for all tests of the command line."""

import contextlib
import io
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from izoologic_cdf.cli.main import main
from izoologic_cdf.emulator import Emulator, load_scenario
from tests.cli.shell import GUIDE, Shell


@pytest.fixture(scope="session")
def guide() -> Iterator[Emulator]:
    with Emulator(load_scenario("guide"), strict=True) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def guide_library(guide: Emulator, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A library that both feeds have filled with the scenario of the guide."""
    folder = tmp_path_factory.mktemp("filled")
    keys = (guide.api_key, guide.secret_key)
    config, library = folder / "tenant.yaml", folder / "izoologic.sqlite"
    config.write_text("api_host: {}\napi_key: {}\napi_secret: {}\n".format(guide.url, *keys))
    guide.state.reset()
    words = (*GUIDE, "--config", str(config), "--library", str(library))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        assert [main(["run", feed, *words]) for feed in ("incident", "dlr")] == [0, 0]
    return library.read_bytes()


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
