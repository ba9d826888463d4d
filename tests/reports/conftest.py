"""Faults that were reported, by letter and number, with the right behaviour as a test."""

from tests.cli.conftest import guide, shell
from tests.faults.conftest import bench, emulator

__all__ = ["bench", "emulator", "guide", "shell"]
