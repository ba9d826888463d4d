"""What a feed remembers between runs, and what it never writes down."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.case import Case, Miss
from izoologic_cdf.runtime.state import MAX_FAILURES, Deferred, State, milliseconds
from izoologic_cdf.runtime.windows import DAY, OVERLAP, Window, stamp
from tests.support.tenants import definition

KEY, SECRET = "key-that-occurs-nowhere-else", "secret-that-occurs-nowhere-else"
VALUES = {"api_host": "api.example.com", "api_key": KEY, "api_secret": SECRET, "verify_ssl": True}
FEED = definition("incident").primary_feeds[0]
NOW = 1_000_000
LATER = 1_800_000_000
ROW = {"caseId": "a", "updated": 5, "trackingId": None, "error": None}


def opened(library: Library, feed: str = "feed", tenant: str = "", **changed: Any) -> State:
    """Return the state of a tenant whose keys have logged in."""
    state = State(library, replace(FEED, name=feed), {**VALUES, **changed}, tenant)
    state.tenant.prove(0)
    return state


def waiting(case_id: str) -> Case:
    return Case(case_id, 5, ROW, asked=Window(1, 2))


def defer(state: State, case_id: str, asked: Window, reason: str = "it failed") -> None:
    state.defer(Case(case_id, 5, ROW, asked=asked), reason, "item", NOW)


def done(state: State, case_id: str, read: Window | None = None) -> None:
    state.done(case_id, 0, read)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.sqlite"


@pytest.fixture
def library(path: Path) -> Iterator[Library]:
    with Library.create(path) as library:
        yield library


def test_nothing_is_remembered_at_first(library: Library) -> None:
    state = opened(library)
    assert (state.coverage.finished(), state.coverage.refused(), state.deferred()) == ([], [], [])
    assert state.coverage.origin() is None
    assert state.ranges("a")[0] is None


def test_nothing_is_known_of_a_tenant_that_never_logged_in(library: Library) -> None:
    coverage = State(library, FEED, VALUES).coverage
    assert (coverage.origin(), coverage.reach(), coverage.finished()) == (None, 0, [])
    assert not coverage.is_unannounced()


def test_the_greatest_age_that_was_given_counts(library: Library) -> None:
    coverage = opened(library).coverage
    ages = [coverage.reach()]
    for age in (5, 3, 9):
        coverage.extend_reach(age)
        ages.append(coverage.reach())
    assert ages == [0, 5, 5, 9]


def test_that_messages_come_unannounced_is_new_once(library: Library) -> None:
    coverage = opened(library).coverage
    assert [coverage.set_unannounced(), coverage.set_unannounced()] == [True, False]
    assert coverage.is_unannounced()


@pytest.mark.parametrize(
    ("ahead", "until"),
    [(OVERLAP, None), (OVERLAP + 1, LATER - 30 * DAY), (2 * DAY, LATER - 30 * DAY)],
)
def test_what_a_clock_of_the_future_has_finished_is_believed_up_to_a_month_ago(
    library: Library, ahead: int, until: int | None
) -> None:
    coverage = opened(library).coverage
    library.start_run("feed", stamp(1), stamp(2), stamp(LATER - DAY), None)
    coverage.begin(Window(LATER - DAY, LATER + ahead))
    coverage.finish(LATER + ahead)
    assert coverage.believed_until(LATER) == until


@pytest.mark.parametrize(
    ("next_at", "due"),
    [(NOW - 1, True), (NOW, True), (NOW + 1, False), (NOW + DAY, False), (NOW + DAY + 1, True)],
)
def test_what_is_deferred_is_due_when_its_time_has_come(next_at: int, due: bool) -> None:
    record = Deferred("a", "", ROW, 5, Window(1, 2), "outage", "no answer", 0, next_at)
    assert record.is_due(NOW) is due


@pytest.mark.parametrize(
    ("failures", "abandoned"), [(MAX_FAILURES - 1, False), (MAX_FAILURES, True)]
)
def test_what_has_used_up_its_tries_is_abandoned(failures: int, abandoned: bool) -> None:
    record = Deferred("a", "files\nb", ROW, 5, Window(1, 2), "item", "no", failures, NOW)
    assert (record.abandoned, record.label) == (abandoned, "the files of case a")


def test_a_reading_says_whether_something_had_been_missing(library: Library) -> None:
    state = opened(library)
    defer(state, "a", Window(1, 2))
    assert [state.done(case_id, 0, None) for case_id in ("b", "a", "a")] == [False, True, False]


def test_an_interval_that_has_just_begun_holds_no_second(library: Library) -> None:
    state = opened(library)
    state.coverage.begin(Window(100, 200))
    assert state.coverage.finished() == []


def test_an_interval_grows_and_never_shrinks(library: Library) -> None:
    state = opened(library)
    state.coverage.begin(Window(100, 200))
    grown = []
    for until in (50, 130, 120, 150):
        state.coverage.grow(until)
        grown.append(state.coverage.finished())
    assert grown == [[], [Window(100, 130)], [Window(100, 130)], [Window(100, 150)]]
    state.coverage.finish(200)
    assert state.coverage.finished() == [Window(100, 200)]


def test_an_interval_that_is_proven_to_before_its_begin_holds_no_second(library: Library) -> None:
    state = opened(library)
    state.coverage.begin(Window(100, 200))
    state.coverage.finish(90)
    assert state.coverage.finished() == []


def test_neighbours_are_joined(library: Library) -> None:
    state = opened(library)
    for window in (Window(300, 399), Window(100, 199), Window(200, 299)):
        state.coverage.begin(window)
        state.coverage.finish(window.until)
    assert state.coverage.finished() == [Window(100, 399)]
    rows = library.connection.execute("SELECT count(*) FROM feed_interval").fetchone()
    assert rows == (1,)


def test_what_is_not_committed_is_not_finished(library: Library) -> None:
    state = opened(library)
    state.coverage.begin(Window(100, 200))

    def crash() -> None:
        with library.transaction():
            state.coverage.grow(150)
            defer(state, "a", Window(0, 5))
            raise KeyError

    with pytest.raises(KeyError):
        crash()
    assert (state.coverage.finished(), state.deferred()) == ([], [])


def test_two_runs_of_one_feed_at_once_do_not_take_each_others_progress(
    library: Library, path: Path
) -> None:
    # the interval of one is joined away by the other, and its row number is used again
    with Library.open(path) as beside:
        one, other = opened(library), opened(beside)
        one.coverage.begin(Window(1000, 2000))
        one.coverage.grow(1100)
        other.coverage.begin(Window(0, 10))
        other.coverage.finish(10)
        other.coverage.begin(Window(5000, 6000))
        one.coverage.grow(1500)
        other.coverage.finish(5500)
        one.coverage.finish(2000)
    assert opened(library).coverage.finished() == [
        Window(0, 10),
        Window(1000, 2000),
        Window(5000, 5500),
    ]


def test_everything_is_there_after_the_library_is_opened_again(path: Path) -> None:
    with Library.create(path) as library:
        state = opened(library)
        state.coverage.begin_at(40)
        state.coverage.begin(Window(100, 200))
        state.coverage.grow(150)
        state.coverage.refuse(Window(1, 5))
        defer(state, "a", Window(7, 8))
        done(state, "b", Window(3, 4))
    with Library.open(path) as library:
        state = opened(library)
        (record,) = state.deferred()
        assert (state.coverage.origin(), state.coverage.finished()) == (40, [Window(100, 150)])
        assert state.coverage.refused() == [Window(1, 5)]
        assert (record.case_id, record.value, record.asked) == ("a", ROW, Window(7, 8))
        assert (record.reason, record.failures, record.abandoned) == ("it failed", 0, False)
        assert state.ranges("b")[0] == Window(3, 4)


@pytest.mark.parametrize(
    "other", [{"feed": "another feed"}, {"api_host": "other.example.com"}, {"tenant": "another"}]
)
def test_feeds_and_tenants_do_not_see_each_other(library: Library, other: dict[str, Any]) -> None:
    mine = opened(library)
    mine.coverage.begin(Window(1, 2))
    mine.coverage.finish(2)
    mine.coverage.begin_at(1)
    mine.coverage.refuse(Window(5, 6))
    defer(mine, "a", Window(1, 2))
    done(mine, "b", Window(1, 2))
    theirs = opened(library, **other)
    found = theirs.coverage.finished(), theirs.coverage.refused(), theirs.deferred()
    assert found == ([], [], [])
    assert (theirs.coverage.origin(), theirs.ranges("b")[0]) == (None, None)
    theirs.coverage.begin(Window(8, 9))
    theirs.coverage.finish(9)
    done(theirs, "a")
    assert mine.coverage.finished() == [Window(1, 2)]
    assert [one.case_id for one in mine.deferred()] == ["a"]


def test_switches_do_not_make_another_tenant(library: Library) -> None:
    opened(library).coverage.begin_at(40)
    assert opened(library, verify_ssl=False, ingest_as_event=True).coverage.origin() == 40


def test_the_file_holds_no_secret(library: Library, path: Path) -> None:
    state = opened(library)
    state.coverage.begin(Window(1, 2))
    defer(state, "a", Window(1, 2))
    library.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = b"".join(file.read_bytes() for file in path.parent.iterdir())
    for word in (KEY, SECRET):
        assert word.encode() not in content


def test_the_range_of_messages_of_a_failing_case_only_grows(library: Library) -> None:
    state = opened(library)
    for asked in (Window(50, 60), Window(55, 58), Window(70, 80), Window(10, 12)):
        defer(state, "a", asked)
    (record,) = state.deferred()
    assert record.asked == Window(10, 80)


def test_a_case_is_abandoned_after_so_many_failures_of_its_own(library: Library) -> None:
    state = opened(library)
    abandoned = []
    for number in range(1, MAX_FAILURES + 1):
        defer(state, "a", Window(1, 2), f"failure {number}")
        # what is deferred without a failure of its own keeps its tries
        defer(state, "b", Window(1, 2))
        abandoned += [one.case_id for one in state.count_failures([("a", "")])]
        assert abandoned == (["a"] if number == MAX_FAILURES else [])
    first, second = state.deferred()
    assert (first.failures, first.reason) == (MAX_FAILURES, f"failure {MAX_FAILURES}")
    assert (first.abandoned, second.abandoned, second.failures) == (True, False, 0)
    assert state.count_failures([("a", "")]) == []


def test_the_next_try_is_further_away_the_longer_it_has_failed(library: Library) -> None:
    state, begun = opened(library), NOW
    waits = []
    for hours in (0, 0.9, 1, 8, 80, 800):
        now = begun + int(hours * 3600)
        state.defer(waiting("a"), "no answer", "outage", now)
        (record,) = state.deferred()
        waits.append(record.next_at - now)
        assert record.is_due(record.next_at)
        assert record.is_due(now) is (waits[-1] == 0)
    assert waits == [0, 0, 450, 3600, 36_000, DAY]


def test_a_next_try_that_no_clock_can_have_set_is_due(library: Library) -> None:
    state = opened(library)
    state.defer(waiting("a"), "no answer", "outage", NOW + 365 * DAY)
    (record,) = state.deferred()
    assert record.is_due(NOW)


def test_parts_of_a_case_are_deferred_by_themselves(library: Library) -> None:
    state = opened(library)
    for part in ("", "notes", "files\na\n1", "files\na\n2"):
        state.defer(waiting("a"), "no answer", "outage", NOW, part=part)
    state.done("a", 0, None, [Miss("files", "no answer", "", None, "a\n2")])
    assert [one.part for one in state.deferred()] == ["files\na\n2"]
    assert state.ranges("a") == (None, Window(1, 2))


def test_an_older_reading_takes_back_nothing_that_a_newer_one_has_missed(library: Library) -> None:
    state = opened(library)
    state.defer(waiting("a"), "no answer", "outage", NOW, read_at=200)
    state.done("a", 100, Window(1, 2))
    assert [one.case_id for one in state.deferred()] == ["a"]
    assert [state.is_stale("a", at) for at in (99, 100, 101)] == [True, False, False]
    state.done("a", 300, Window(1, 2))
    assert state.deferred() == []


def test_a_reading_in_the_future_makes_no_other_one_stale(library: Library) -> None:
    state = opened(library)
    ahead = milliseconds() + 365 * DAY * 1000
    state.done("a", ahead, None)
    assert not state.is_stale("a", milliseconds())
    state.done("a", milliseconds(), None)
    assert state.is_stale("a", 5)


def test_a_case_that_is_done_is_forgotten_and_others_stay(library: Library) -> None:
    state = opened(library)
    for case_id in ("a", "A", "b"):
        defer(state, case_id, Window(1, 2))
    done(state, "a")
    assert [one.case_id for one in state.deferred()] == ["A", "b"]
    defer(state, "a", Window(8, 9), "it failed again")
    (record,) = [one for one in state.deferred() if one.case_id == "a"]
    assert (record.asked, record.failures) == (Window(8, 9), 0)


@pytest.mark.parametrize(
    "case_id", ["\ud800", "a\x00b", "a\\b", "a\\ud800", "'; DROP TABLE x; --", "\U0001f4e7", ""]
)
def test_any_text_can_be_a_case_id(library: Library, case_id: str) -> None:
    state = opened(library)
    state.defer(waiting(case_id), "it failed \udfff", "item", NOW)
    (record,) = state.deferred()
    assert (record.case_id, record.value) == (case_id, ROW)
    done(state, case_id, Window(1, 2))
    assert state.deferred() == []
    assert state.ranges(case_id)[0] == Window(1, 2)


def test_ranges_of_messages_are_joined_and_of_two_apart_the_later_counts(library: Library) -> None:
    state = opened(library)
    seen = []
    for read in (Window(100, 200), Window(150, 300), Window(301, 310), Window(50, 60)):
        done(state, "a", read)
        seen.append(state.ranges("a")[0])
    assert seen == [Window(100, 200), Window(100, 300), Window(100, 310), Window(100, 310)]
    done(state, "a", Window(400, 500))
    assert state.ranges("a")[0] == Window(400, 500)
