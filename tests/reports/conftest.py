"""Faults that were reported, by letter and number, with the right behaviour as a test."""

import pytest

from tests.cli.conftest import guide, guide_library, shell
from tests.faults.conftest import bench
from tests.feeds.conftest import emulator
from tests.state.conftest import site

__all__ = ["bench", "emulator", "guide", "guide_library", "shell", "site"]

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
BUNDLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no proxy and no bundle of this machine count."""
    for name in (*PROXIES, *map(str.upper, PROXIES), *BUNDLES):
        monkeypatch.delenv(name, raising=False)
