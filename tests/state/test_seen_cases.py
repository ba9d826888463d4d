"""Which cases a run has processed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from izoologic_cdf.library.objects import LibraryError
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.state import SeenCases


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.create(tmp_path / "library.sqlite") as opened:
        yield opened


def test_what_was_added_is_told_and_nothing_else(library: Library) -> None:
    seen = SeenCases(library)
    assert seen.among(["a", "b"]) == set()
    seen.add(["a", "é 'quoted'", "a"])
    seen.add([])
    assert seen.among(["a", "A", "é 'quoted'", "b"]) == {"a", "é 'quoted'"}


ODD = ["case", "case\0x", "case\ud800", "case\ud801", "case\ufffd", "case\\ud800", "case\\0x", ""]


def test_ids_that_differ_in_a_character_that_sqlite_does_not_take_are_told_apart(
    library: Library,
) -> None:
    for case_id in ODD:
        seen = SeenCases(library)
        seen.add([case_id])
        assert seen.among(ODD) == {case_id}


def test_every_run_begins_with_none_and_leaves_nothing_in_the_file(
    library: Library, tmp_path: Path
) -> None:
    SeenCases(library).add(["a"])
    assert SeenCases(library).among(["a"]) == set()
    with Library.open(tmp_path / "library.sqlite") as other:
        tables = other.connection.execute("SELECT name FROM sqlite_schema").fetchall()
    assert not [name for (name,) in tables if "seen" in name]


def test_more_cases_than_one_statement_has_values_are_told(library: Library) -> None:
    seen = SeenCases(library)
    ids = [str(number) for number in range(40_000)]
    seen.add(ids)
    assert seen.among(ids) == set(ids)


def test_what_sqlite_refuses_is_a_library_error(library: Library) -> None:
    seen = SeenCases(library)
    library.connection.execute("PRAGMA query_only=1")
    with pytest.raises(LibraryError):
        seen.add(["a"])
