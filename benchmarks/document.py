"""Writes what was measured into docs/performance.md; all else of it is written by hand."""

from collections.abc import Mapping
from typing import Any

from benchmarks.report import BLOCKS
from tools.documents import make


def write(results: Mapping[str, Any]) -> None:
    """Fill every measured block of the page, and refresh the other documents."""
    make(figures={name: block(results) for name, block in BLOCKS.items()}, check=False)
