"""Which cases a run has processed."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from izoologic_cdf.library.objects import LibraryError
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.lists import Listing, ListReader
from izoologic_cdf.runtime.state import SeenCases
from izoologic_cdf.runtime.windows import OVERLAP, Window
from tests.support.tenants import CLOCK, definition


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    with Library.create(tmp_path / "library.sqlite") as opened:
        yield opened


def test_what_was_added_is_told_and_nothing_else(library: Library) -> None:
    seen = SeenCases(library)
    assert seen.among(["a", "b"]) == {}
    seen.add({"a": 1, "é 'quoted'": None})
    seen.add({})
    seen.add({"a": 2})
    assert seen.among(["a", "A", "é 'quoted'", "b"]) == {"a": 2, "é 'quoted'": None}


ODD = ["case", "case\0x", "case\ud800", "case\ud801", "case\ufffd", "case\\ud800", "case\\0x", ""]


def test_ids_that_differ_in_a_character_that_sqlite_does_not_take_are_told_apart(
    library: Library,
) -> None:
    for case_id in ODD:
        seen = SeenCases(library)
        seen.add({case_id: None})
        assert seen.among(ODD) == {case_id: None}


def test_every_run_begins_with_none_and_leaves_nothing_in_the_file(
    library: Library, tmp_path: Path
) -> None:
    SeenCases(library).add({"a": 1})
    assert SeenCases(library).among(["a"]) == {}
    with Library.open(tmp_path / "library.sqlite") as other:
        tables = other.connection.execute("SELECT name FROM sqlite_schema").fetchall()
    assert not [name for (name,) in tables if "seen" in name]


def test_more_cases_than_one_statement_has_values_are_told(library: Library) -> None:
    seen = SeenCases(library)
    ids = [str(number) for number in range(40_000)]
    seen.add(dict.fromkeys(ids, 1))
    assert seen.among(ids).keys() == set(ids)


def test_what_sqlite_refuses_is_a_library_error(library: Library) -> None:
    seen = SeenCases(library)
    library.connection.execute("PRAGMA query_only=1")
    with pytest.raises(LibraryError):
        seen.add({"a": 1})


@pytest.mark.parametrize(
    ("updated", "again"),
    [(-OVERLAP, False), (1 - OVERLAP, True), (OVERLAP, True), (OVERLAP + 1, False)],
)
def test_what_was_updated_around_the_begin_of_a_run_is_processed_again_when_listed_again(
    library: Library, updated: int, again: bool
) -> None:
    (feed,) = definition("incident").primary_feeds
    plan = SimpleNamespace(known_since=None)
    session: Any = SimpleNamespace(feed=feed, begun=CLOCK, seen=SeenCases(library), plan=plan)
    reader = ListReader(cast("Any", session), lambda do: do())
    for listed in (True, again):
        window = Window(0, CLOCK + OVERLAP)
        listing = Listing(window, window, [Case("a", CLOCK + updated)])
        reader.sort_out(listing)
        assert bool(listing.cases) is listed
