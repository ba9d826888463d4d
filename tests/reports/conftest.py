"""Faults that were reported, by letter and number, with the right behaviour as a test."""

from tests.cli.conftest import guide, shell
from tests.feeds.conftest import emulator
from tests.state.conftest import site

__all__ = ["emulator", "guide", "shell", "site"]
