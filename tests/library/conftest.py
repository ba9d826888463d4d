"""A fresh library for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from izoologic_cdf.library.store import Library


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.create(tmp_path / "library.sqlite") as made:
        yield made
        # whatever a test wrote, no row may refer to one that is not there
        assert made.connection.execute("PRAGMA foreign_key_check").fetchall() == []
