"""Faults that were reported, by letter and number, with the right behaviour as a test."""

from tests.cli.conftest import guide, shell

__all__ = ["guide", "shell"]
