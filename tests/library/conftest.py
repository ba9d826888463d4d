"""A fresh library for each test."""

import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

from izoologic_cdf.library import database
from izoologic_cdf.library.store import Library


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.create(tmp_path / "library.sqlite") as made:
        yield made
        # whatever a test wrote, no row may refer to one that is not there
        assert made.connection.execute("PRAGMA foreign_key_check").fetchall() == []


@pytest.fixture(autouse=True)
def a_library_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make each one by its statements, where other tests copy an empty one."""
    monkeypatch.setattr(database, "_open", inspect.unwrap(database._open))
