"""The queries of the page are answered by a library of the guide's cases."""

import contextlib
import sqlite3
from collections.abc import Iterator

import pytest

from izoologic_cdf.library.views import NAMES
from tests.documents.support import fences, text

PAGE = text("docs/queries.md")
QUERIES = [content for language, content in fences(PAGE) if language == "sql"]
# what nothing is there for, in a library in order whose cases did not change
EMPTY = ("Status", "FROM gaps")


@pytest.fixture(scope="module")
def connection(
    guide_library: bytes, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("queries") / "izoologic.sqlite"
    path.write_bytes(guide_library)
    address = f"{path.as_uri()}?mode=ro"
    with contextlib.closing(sqlite3.connect(address, uri=True)) as opened:
        yield opened


def test_there_are_ten() -> None:
    assert len(QUERIES) == 10


@pytest.mark.parametrize("query", QUERIES)
def test_each_query_is_answered(connection: sqlite3.Connection, query: str) -> None:
    rows = connection.execute(query).fetchall()
    assert bool(rows) != any(mark in query for mark in EMPTY)


def test_each_query_asks_views_and_the_index_alone(connection: sqlite3.Connection) -> None:
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    words = {word.strip("(),;") for query in QUERIES for word in query.split()}
    assert words & (tables - {*NAMES, "search"}) == set()


def test_the_page_explains_no_column_that_is_not_there(connection: sqlite3.Connection) -> None:
    named = {
        one[0]
        for view in NAMES
        for one in connection.execute(f"SELECT * FROM {view}").description  # noqa: S608 - ours
    }
    for column in ("status_since", "closed", "updated", "passwords", "other_id", "case_ids"):
        assert f"`{column}`" in PAGE
        assert column in named
