"""A fresh library for each test, and golden files that UPDATE_GOLDEN=1 writes anew."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from izoologic_cdf.library.store import Library

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GOLDEN = Path(__file__).parent / "golden"


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.create(tmp_path / "library.sqlite") as made:
        yield made
        # whatever a test wrote, no row may refer to one that is not there
        assert made.connection.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("UPDATE_GOLDEN") == "1":
            path.write_text(text, encoding="utf-8", newline="")
        assert text == path.read_bytes().decode(), "UPDATE_GOLDEN=1 accepts the new text"

    return compare
