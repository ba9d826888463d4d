"""The full-text index: what it finds, and that it never differs from the tables."""

import contextlib
import sqlite3
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from izoologic_cdf.library import search
from izoologic_cdf.library.objects import Batch, LibraryError, Origin
from izoologic_cdf.library.store import Library
from tests.library.reports import (
    LATER,
    NOW,
    UPDATABLE,
    back_to_format_3,
    exported,
    incident,
    obj,
    put,
)

ACCOUNT = "First.Account-1@mail.example.com"


def found(library: Library, word: str) -> set[str]:
    with library.reading() as connection:
        condition, values = search.matching(connection, word)
        query = f"SELECT value FROM object WHERE {condition}"  # noqa: S608 - of ours
        return {value for (value,) in connection.execute(query, values)}


def check(library: Library) -> None:
    """The index is that of the tables, as FTS5 itself sees it, once it has caught up."""
    with library.transaction():
        assert search.catch_up(library.connection)
    library.connection.execute("INSERT INTO search(search, rank) VALUES('integrity-check', 1)")
    assert not search.is_behind(library.connection)


@pytest.fixture
def filled(library: Library) -> Library:
    put(
        library,
        incident(("URL", "https://only.example.com"), description="A phishing Site, Große Straße"),
        obj("note", "2024-01-01 - Takedown", description='He said "it\'s 100% *done*" NEAR(x)'),
        obj("account", ACCOUNT, ("Password", "canary")),
        obj("note", "before\0after", description="x\0nul"),
    )
    return library


@pytest.mark.parametrize("indexed", [True, False])
@pytest.mark.parametrize(
    ("word", "values"),
    [
        ("phishing", {"CASE1"}),
        ("PHISHING", {"CASE1"}),
        ("hing si", {"CASE1"}),
        ("GROSSE", set()),
        ("große", {"CASE1"}),
        ("STRAßE", {"CASE1"}),
        ("as", {"CASE1"}),
        ("account-1@mail", {ACCOUNT}),
        ("@MAIL.EXAMPLE", {ACCOUNT}),
        ("canary", set()),
        ("only.example", set()),
        ("\"it's", {"2024-01-01 - Takedown"}),
        ("100% *done*", {"2024-01-01 - Takedown"}),
        ("NEAR(x)", {"2024-01-01 - Takedown"}),
        ("a OR b", set()),
        ("%", {"2024-01-01 - Takedown"}),
        ("_", set()),
        ("after", {"before\0after"}),
        ("ore\0aft", {"before\0after"}),
        ("nul", {"before\0after"}),
    ],
)
def test_any_part_is_found_with_and_without_the_index(
    filled: Library, word: str, values: set[str], *, indexed: bool
) -> None:
    if not indexed:
        filled.connection.execute("DROP TABLE search")
    assert found(filled, word) == values


def test_what_changed_is_found_before_it_is_indexed_and_after(library: Library) -> None:
    put(library, incident(description="the first text"))
    check(library)
    with library.transaction():
        put_unindexed(library, incident(description="the second text"), obj("note", "fresh"))
        for _ in range(2):
            # the second change keeps what is indexed
            put_unindexed(library, incident(description="the third text"))
    assert search.is_behind(library.connection)
    for _ in range(2):
        assert (found(library, "first"), found(library, "second")) == (set(), set())
        assert (found(library, "third"), found(library, "fres")) == ({"CASE1"}, {"fresh"})
        check(library)


def put_unindexed(library: Library, *objects: object) -> None:
    """Ingest as a run does that is under way, or was killed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "catch_up", lambda _: True)
        put(library, *objects, now=LATER)  # type: ignore[arg-type]


def test_a_long_run_indexes_what_it_has_now_and_then(library: Library) -> None:
    run = library.start_run("Feed A", NOW, NOW, NOW)
    behind = []
    with library.transaction():
        for number in range(search.MAX_BEHIND + 5):
            library.ingest(Batch([obj("note", f"note {number}")]), Origin("A", UPDATABLE, run, NOW))
            indexed = library.connection.execute("SELECT indexed FROM search_progress").fetchone()
            behind.append(number + 1 - indexed[0])
    assert max(behind) == search.MAX_BEHIND - 1
    assert behind[-1] == 5


class NoFts5(sqlite3.Connection):
    """A connection of an SQLite that was built without FTS5."""

    error = "no such module: fts5"

    def execute(self, sql: str, *parameters: object) -> sqlite3.Cursor:
        if "fts5" in sql or "search MATCH" in sql or "INTO search (" in sql:
            raise sqlite3.OperationalError(self.error)
        return super().execute(sql, *parameters)  # type: ignore[arg-type]


class NoTrigram(NoFts5):
    """A connection of an SQLite before 3.34."""

    error = "no such tokenizer: trigram"


@pytest.mark.parametrize("kind", [NoFts5, NoTrigram])
def test_without_the_index_all_goes_on_and_it_is_made_up_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: type[sqlite3.Connection]
) -> None:
    path = tmp_path / "x.sqlite"
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *args, **more: connect(*args, **more, factory=kind)
    )
    with Library.create(path) as library:
        put(library, incident(description="the first text"))
        put(library, incident(description="the second text"))
        assert (found(library, "first"), found(library, "cond te")) == (set(), {"CASE1"})
        before = exported(library)
    told = Library.bring_up_to_date(path)
    assert told
    assert "cannot make a full-text index" in told
    monkeypatch.undo()
    assert Library.bring_up_to_date(path) is None
    with Library.create(path) as library:
        check(library)
        put(library, incident(description="the third text"))
    # and a library with an index, where SQLite knows none
    monkeypatch.setattr(
        sqlite3, "connect", lambda *args, **more: connect(*args, **more, factory=kind)
    )
    with Library.create(path) as library:
        assert found(library, "third") == {"CASE1"}
        put(library, incident(description="the second text"))
        assert (found(library, "third"), found(library, "second")) == (set(), {"CASE1"})
        assert exported(library) == before
    monkeypatch.undo()
    assert Library.bring_up_to_date(path) is None
    with Library.create(path) as library:
        check(library)
        assert (found(library, "third"), found(library, "second")) == (set(), {"CASE1"})


def test_other_errors_of_the_index_are_told(library: Library) -> None:
    put(library, incident(description="text"))
    library.connection.execute("DROP TABLE search_data")
    with pytest.raises(LibraryError, match="cannot be read or written"):
        put(library, incident(description="another"))


def test_an_earlier_library_is_searched_as_it_is_and_indexed_when_it_may_be(tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite"
    with Library.create(path) as library:
        put(library, incident(description="the first text"))
        before = exported(library)
    back_to_format_3(path)
    content = path.read_bytes()
    with Library.open(path) as library:
        assert found(library, "first") == {"CASE1"}
    assert path.read_bytes() == content
    assert Library.bring_up_to_date(path) is None
    with Library.create(path) as library:
        check(library)
        assert (found(library, "first"), exported(library)) == ({"CASE1"}, before)


# --- laws --------------------------------------------------------------------------------------

texts = st.text(st.sampled_from("abAB éÉß\"'%*日本\0" + string.digits[:2]), max_size=12)
steps = st.lists(
    st.tuples(st.sampled_from("123"), texts, st.sampled_from(("commit", "rollback", "catch up"))),
    max_size=8,
)


def test_whatever_happened_the_index_finds_what_the_tables_hold(library: Library) -> None:
    @settings(max_examples=100, deadline=None)
    @given(steps, texts.filter(bool))
    def play(happened: list[tuple[str, str, str]], word: str) -> None:
        empty(library)
        for value, text, end in happened:
            with contextlib.suppress(KeyError), library.transaction():
                put_unindexed(library, obj("note", value, description=text))
                if end == "rollback":
                    raise KeyError
            if end == "catch up":
                check(library)
        stored = library.connection.execute("SELECT value, description FROM object")
        held = {
            value
            for value, text in stored
            if any(word.lower() in (one or "").lower() for one in (value, text))
        }
        assert found(library, word) == held
        check(library)
        assert found(library, word) == held

    play()


def empty(library: Library) -> None:
    """Take all objects out of a library, and out of its index."""
    library.connection.executescript(
        "DELETE FROM object; DELETE FROM object_source; DELETE FROM search_pending;"
        "DELETE FROM history; UPDATE search_progress SET indexed = 0;"
        "INSERT INTO search(search) VALUES('delete-all')"
    )
