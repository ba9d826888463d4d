"""What each kind of run asks for, given what is finished and what was refused."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime import plan
from izoologic_cdf.runtime.coverage import Coverage
from izoologic_cdf.runtime.plan import FIRST_SYNC
from izoologic_cdf.runtime.state import Deferred, State
from izoologic_cdf.runtime.windows import DAY, OVERLAP, Window
from tests.state.test_intervals import seconds
from tests.support.sites import Site
from tests.support.tenants import definition

NOW = 10_000
BOUND = st.integers(0, NOW + 100)
WINDOWS = st.lists(st.builds(lambda a, b: Window(*sorted((a, b))), BOUND, BOUND), max_size=5)


FEED = definition("incident").primary_feeds[0]


@contextlib.contextmanager
def memory(
    finished: list[Window], refused: list[Window] | None = None, origin: int | None = None
) -> Iterator[State]:
    """A state of which nothing but its intervals is known."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Library.create(Path(folder) / "plan.sqlite") as library,
    ):
        state = State(library, FEED, {})
        state.tenant.prove(0)
        for window in finished:
            state.coverage.begin(window)
            state.coverage.finish(window.until)
        for window in refused or []:
            state.coverage.refuse(window)
        if origin is not None:
            state.coverage.begin_at(origin)
        yield state


def test_a_gap_before_a_clock_went_wrong_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Coverage, "believed_until", lambda *_: 6000)
    with memory([Window(1000, 2000), Window(4000, 20_000)], origin=1000) as state:
        planned = plan.sync(state, NOW)
    assert planned.parts[0] == Window(2001, 3999)
    assert planned.parts[-1] == Window(6000 - OVERLAP, NOW)


def test_a_case_that_waits_in_parts_is_retried_as_it_was_last_listed() -> None:
    records = [
        Deferred("c", part, {"caseId": "c", "at": at}, at, Window(at, at), "", "", 0, 0)
        for part, at in (("", 5), ("files", 7), ("messages", 6))
    ]
    case = plan.retry(9, frozenset()).again(records, 9)
    assert (case.value, case.updated) == ({"caseId": "c", "at": 7}, 7)
    assert case.asked.since == 5


def test_a_run_asks_for_its_whole_range_whatever_is_finished() -> None:
    assert plan.whole(5, 9).parts == (Window(5, 9),)


@settings(max_examples=40, deadline=None)
@given(WINDOWS, st.integers(0, 5000), st.integers(5001, NOW))
def test_a_backfill_asks_for_exactly_the_unfinished_seconds_of_its_range(
    finished: list[Window], since: int, until: int
) -> None:
    with memory(finished) as state:
        planned = plan.backfill(state, since, until)
    wanted = seconds([Window(since, until)]) - seconds(finished)
    assert seconds(list(planned.parts)) == wanted
    assert planned.asked == Window(since, until)


def test_a_backfill_asks_again_for_what_was_refused() -> None:
    with memory([Window(0, 99)], refused=[Window(100, 200)]) as state:
        assert plan.backfill(state, 0, 300).parts == (Window(100, 300),)


@settings(max_examples=60, deadline=None)
@given(WINDOWS, WINDOWS, st.none() | BOUND)
def test_a_sync_asks_for_every_open_second_after_its_origin_and_for_nothing_before_or_later(
    finished: list[Window], refused: list[Window], origin: int | None
) -> None:
    with memory(finished, refused, origin) as state:
        planned = plan.sync(state, NOW)
        begin = state.coverage.origin() if planned.origin is None else planned.origin
    assert begin is not None
    asked = seconds(list(planned.parts))
    open_seconds = seconds([Window(begin, NOW)]) - seconds(finished) - seconds(refused)
    assert open_seconds <= asked
    assert NOW in asked
    assert asked <= seconds([Window(min(begin, NOW), NOW)])
    assert planned.asked == Window(planned.parts[0].since, NOW)


@settings(max_examples=40, deadline=None)
@given(WINDOWS.filter(bool), st.none() | BOUND)
def test_a_sync_asks_again_for_the_minutes_before_the_last_finished_point(
    finished: list[Window], origin: int | None
) -> None:
    with memory(finished, origin=origin) as state:
        last = state.coverage.finished()[-1].until
        planned = plan.sync(state, NOW)
        begin = max(last - OVERLAP, planned.origin or state.coverage.origin() or 0)
    tail = seconds([Window(begin, min(last, NOW))])
    assert tail <= seconds(list(planned.parts))


def test_a_sync_asks_for_the_end_also_where_it_was_refused_before() -> None:
    with memory([Window(0, 5000)], refused=[Window(5001, 9000)], origin=0) as state:
        assert plan.sync(state, NOW).parts == (Window(5000 - OVERLAP, NOW),)


@pytest.mark.parametrize("since", [None, 4000])
def test_the_origin_is_set_by_the_first_sync_and_stays(since: int | None) -> None:
    now = 100 * DAY
    begin = now - FIRST_SYNC + OVERLAP if since is None else since
    with memory([]) as state:
        first = plan.sync(state, now, since)
        assert (first.parts, first.origin) == ((Window(begin, now),), begin)
        state.coverage.begin_at(begin)
        state.coverage.begin_at(begin + 5)
        assert plan.sync(state, now + DAY, 77).parts == (Window(begin, now + DAY),)


def test_the_first_sync_begins_at_the_last_finished_point() -> None:
    with memory([Window(0, 1000), Window(2000, 5000)]) as state:
        assert plan.sync(state, NOW).parts == (Window(5000 - OVERLAP, NOW),)


def test_a_sync_knows_messages_since_the_begin_of_all_that_was_read() -> None:
    with memory([Window(700, 1000), Window(2000, 5000)], origin=3000) as state:
        assert plan.sync(state, NOW).known_since == 700
    assert plan.whole(0, 1).known_since is None


def test_a_retry_asks_for_no_range() -> None:
    assert plan.retry(NOW, frozenset({"a"})).parts == ()
    assert plan.retry(NOW, frozenset()).only is None


# --- over the emulator -----------------------------------------------------------------------


def test_a_sync_without_answers_does_not_move_the_last_finished_point(site: Site) -> None:
    site.fill("caSe00001")
    site.sync()
    before = site.finished
    for _ in range(3):
        site.state.advance(DAY)
        site.state.add_fault("status", endpoint="CaseSync", status=500, count=None)
        assert site.sync().summary.exit_code == 1
        assert site.finished == before
    site.state.clear_faults()
    site.fill("caSe00002", updated=site.now - 2 * DAY)
    assert site.sync().summary.exit_code == 0
    assert site.case_values() == {"caSe00001", "caSe00002"}


@pytest.mark.parametrize(
    "fault",
    [
        # how often the first window is asked for before it is given up
        {"kind": "status", "status": 403, "body": "html", "count": 1},
        {"kind": "status", "status": 404, "count": 1},
        {"kind": "status", "status": 429, "count": 5},
        {"kind": "status", "status": 408, "count": 5},
        {"kind": "status", "status": 500, "count": 5},
        {"kind": "status", "status": 400, "count": 2},
        {"kind": "envelope", "count": 2, "json": {"success": False, "errorCode": "iZOO5000"}},
        {"kind": "raw", "text": "<html>", "content_type": "text/html", "count": 1},
    ],
    ids=lambda fault: f"{fault['kind']}-{fault.get('status', '')}",
)
def test_a_part_that_failed_once_is_read_by_the_next_sync(
    site: Site, fault: dict[str, Any]
) -> None:
    # the first of the two windows of the first sync fails, the second does not
    site.fill("caSe00001", updated=site.now - 20 * DAY)
    site.fill("caSe00002", updated=site.now - 1000)
    faults = dict(fault)
    site.state.add_fault(str(faults.pop("kind")), endpoint="CaseSync", **faults)
    first = site.sync(site.now - 40 * DAY)
    assert (first.summary.exit_code, first.summary.windows_done) == (3, 1)
    assert site.case_values() == {"caSe00002"}
    site.state.clear_faults()
    site.state.advance(60)
    assert site.sync().summary.exit_code == 0
    assert site.case_values() == {"caSe00001", "caSe00002"}


def test_a_part_too_old_for_the_server_is_named_once_and_not_asked_for_by_every_sync(
    site: Site,
) -> None:
    site.state.set_options(window="reject-older-than-30d")
    begin = site.now - 40 * DAY
    first = site.sync(begin)
    assert first.summary.exit_code == 3
    (hole,) = first.summary.gaps
    assert hole == Window(begin, site.now - 30 * DAY + OVERLAP - 1)
    site.state.clear_requests()
    site.state.advance(60)
    assert site.sync().summary.exit_code == 0
    assert min(site.lists_asked()) >= site.now - OVERLAP - OVERLAP - 61


def test_a_first_sync_that_is_given_nothing_but_a_token_is_the_begin_of_all(site: Site) -> None:
    site.state.add_fault("status", endpoint="CaseSync", status=503, count=None)
    asked = site.now
    assert site.sync().summary.exit_code in (1, 3)
    site.state.clear_faults()
    site.state.clear_requests()
    site.state.advance(20 * DAY)
    site.sync()
    assert min(site.lists_asked()) <= asked - FIRST_SYNC + OVERLAP


def test_the_first_sync_is_complete_on_a_server_that_gives_thirty_days_and_no_more(
    site: Site,
) -> None:
    site.state.set_options(window="reject-older-than-30d")
    # the server's clock is some minutes ahead
    site.state.add_fault("skew", endpoint="CaseSync", seconds=500, count=None)
    assert site.sync().summary.exit_code == 0
