"""What a feed remembers between runs, and what it never writes down."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.state import MOST_FAILURES, State
from izoologic_cdf.runtime.windows import Window
from tests.feeds.support import definition

KEY, SECRET = "key-that-occurs-nowhere-else", "secret-that-occurs-nowhere-else"
VALUES = {"api_host": "api.example.com", "api_key": KEY, "api_secret": SECRET, "verify_ssl": True}
FIELDS = definition("incident").primary_feeds[0].user_fields
ROW = {"caseId": "a", "updated": 5, "trackingId": None, "error": None}


def opened(library: Library, feed: str = "feed", **changed: Any) -> State:
    return State(library, feed, FIELDS, {**VALUES, **changed})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


@pytest.fixture
def library(path: Path) -> Iterator[Library]:
    with Library.create(path) as library:
        yield library


def test_nothing_is_remembered_at_first(library: Library) -> None:
    state = opened(library)
    assert (state.finished(), state.refused(), state.set_aside()) == ([], [], [])
    assert state.origin() is None
    assert state.messages_read("a") is None


def test_an_interval_that_has_just_begun_holds_no_second(library: Library) -> None:
    state = opened(library)
    state.begin(Window(100, 200))
    assert state.finished() == []


def test_an_interval_grows_and_never_shrinks(library: Library) -> None:
    state = opened(library)
    state.begin(Window(100, 200))
    grown = []
    for until in (50, 130, 120, 150):
        state.reach(until)
        grown.append(state.finished())
    assert grown == [[], [Window(100, 130)], [Window(100, 130)], [Window(100, 150)]]
    state.finish(200)
    assert state.finished() == [Window(100, 200)]


def test_an_interval_that_is_proven_to_before_its_begin_holds_no_second(library: Library) -> None:
    state = opened(library)
    state.begin(Window(100, 200))
    state.finish(90)
    assert state.finished() == []


def test_neighbours_are_joined(library: Library) -> None:
    state = opened(library)
    for window in (Window(300, 399), Window(100, 199), Window(200, 299)):
        state.begin(window)
        state.finish(window.until)
    assert state.finished() == [Window(100, 399)]
    rows = library.connection.execute("SELECT count(*) FROM feed_interval").fetchone()
    assert rows == (1,)


def test_what_is_not_committed_is_not_finished(library: Library) -> None:
    state = opened(library)
    state.begin(Window(100, 200))

    def crash() -> None:
        with library.transaction():
            state.reach(150)
            state.put_aside("a", ROW, Window(0, 5), "reason")
            raise KeyError

    with pytest.raises(KeyError):
        crash()
    assert (state.finished(), state.set_aside()) == ([], [])


def test_two_runs_of_one_feed_at_once_do_not_take_each_others_progress(
    library: Library, path: Path
) -> None:
    # the interval of one is joined away by the other, and its row number is used again
    with Library.open(path) as beside:
        one, other = opened(library), opened(beside)
        one.begin(Window(1000, 2000))
        one.reach(1100)
        other.begin(Window(0, 10))
        other.finish(10)
        other.begin(Window(5000, 6000))
        one.reach(1500)
        other.finish(5500)
        one.finish(2000)
    assert opened(library).finished() == [Window(0, 10), Window(1000, 2000), Window(5000, 5500)]


def test_everything_is_there_after_the_library_is_opened_again(path: Path) -> None:
    with Library.create(path) as library:
        state = opened(library)
        state.begin_at(40)
        state.begin(Window(100, 200))
        state.reach(150)
        state.refuse(Window(1, 5))
        state.put_aside("a", ROW, Window(7, 8), "it failed")
        state.done("b", Window(3, 4))
    with Library.open(path) as library:
        state = opened(library)
        (record,) = state.set_aside()
        assert (state.origin(), state.finished()) == (40, [Window(100, 150)])
        assert state.refused() == [Window(1, 5)]
        assert (record.case_id, record.value, record.asked) == ("a", ROW, Window(7, 8))
        assert (record.reason, record.failures, record.given_up) == ("it failed", 1, False)
        assert state.messages_read("b") == Window(3, 4)


@pytest.mark.parametrize(
    "other",
    [
        {"feed": "another feed"},
        {"api_host": "other.example.com"},
        {"api_key": "another key"},
        {"api_secret": "another secret"},
    ],
)
def test_feeds_and_tenants_do_not_see_each_other(library: Library, other: dict[str, Any]) -> None:
    mine = opened(library)
    mine.begin(Window(1, 2))
    mine.finish(2)
    mine.begin_at(1)
    mine.refuse(Window(5, 6))
    mine.put_aside("a", ROW, Window(1, 2), "it failed")
    mine.done("b", Window(1, 2))
    theirs = opened(library, **other)
    assert (theirs.finished(), theirs.refused(), theirs.set_aside()) == ([], [], [])
    assert (theirs.origin(), theirs.messages_read("b")) == (None, None)
    theirs.begin(Window(8, 9))
    theirs.finish(9)
    theirs.done("a")
    assert mine.finished() == [Window(1, 2)]
    assert [one.case_id for one in mine.set_aside()] == ["a"]


def test_switches_do_not_make_another_tenant(library: Library) -> None:
    opened(library).begin_at(40)
    assert opened(library, verify_ssl=False, ingest_as_event=True).origin() == 40


def test_the_file_holds_no_secret_and_no_host(library: Library, path: Path) -> None:
    state = opened(library)
    state.begin(Window(1, 2))
    state.put_aside("a", ROW, Window(1, 2), "it failed")
    library.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = b"".join(file.read_bytes() for file in path.parent.iterdir())
    for word in (KEY, SECRET, "api.example.com"):
        assert word.encode() not in content


def test_the_range_of_messages_of_a_failing_case_only_grows(library: Library) -> None:
    state = opened(library)
    for asked in (Window(50, 60), Window(55, 58), Window(70, 80), Window(10, 12)):
        state.put_aside("a", ROW, asked, "it failed")
    (record,) = state.set_aside()
    assert record.asked == Window(10, 80)


def test_a_case_is_given_up_after_so_many_failures(library: Library) -> None:
    state = opened(library)
    given_up = [
        state.put_aside("a", ROW, Window(1, 2), f"failure {number}").given_up
        for number in range(1, MOST_FAILURES + 1)
    ]
    assert given_up == [False] * (MOST_FAILURES - 1) + [True]
    (record,) = state.set_aside()
    assert (record.failures, record.reason) == (MOST_FAILURES, f"failure {MOST_FAILURES}")


def test_a_case_that_is_done_is_forgotten_and_others_stay(library: Library) -> None:
    state = opened(library)
    for case_id in ("a", "A", "b"):
        state.put_aside(case_id, ROW, Window(1, 2), "it failed")
    state.done("a")
    assert [one.case_id for one in state.set_aside()] == ["A", "b"]
    state.put_aside("a", ROW, Window(8, 9), "it failed again")
    (record,) = [one for one in state.set_aside() if one.case_id == "a"]
    assert (record.asked, record.failures) == (Window(8, 9), 1)


@pytest.mark.parametrize("case_id", ["\ud800", "a\x00b", "'; DROP TABLE x; --", "\U0001f4e7", ""])
def test_any_text_can_be_a_case_id(library: Library, case_id: str) -> None:
    state = opened(library)
    state.put_aside(case_id, {"caseId": case_id}, Window(1, 2), "it failed \udfff")
    (record,) = state.set_aside()
    assert record.value == {"caseId": case_id}
    state.done(case_id, Window(1, 2))
    assert state.set_aside() == []
    assert state.messages_read(case_id) == Window(1, 2)


def test_ranges_of_messages_are_joined_and_of_two_apart_the_later_counts(library: Library) -> None:
    state = opened(library)
    seen = []
    for read in (Window(100, 200), Window(150, 300), Window(301, 310), Window(50, 60)):
        state.done("a", read)
        seen.append(state.messages_read("a"))
    assert seen == [Window(100, 200), Window(100, 300), Window(100, 310), Window(100, 310)]
    state.done("a", Window(400, 500))
    assert state.messages_read("a") == Window(400, 500)
