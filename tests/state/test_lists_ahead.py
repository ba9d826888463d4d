"""The next list is requested while cases are processed; all else keeps its order."""

import threading
import time
from typing import Any

import pytest

from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.feeds import Feeds
from izoologic_cdf.runtime.report_objects import ItemReport
from izoologic_cdf.runtime.windows import DAY
from tests.support.sites import Site
from tests.support.tenants import Outcome

SLOW = 0.3
HANGS = 60.0


@pytest.fixture
def slow(site: Site) -> Site:
    """A tenant with a case in each of the last three windows; the first one takes its time."""
    for number, days in ((1, 80), (2, 50), (3, 20)):
        site.fill(f"caSe0000{number}", updated=site.now - days * DAY)
    site.state.add_fault("delay", endpoint="CaseDetail", case="caSe00001", seconds=SLOW)
    return site


def read(site: Site, **how: Any) -> Outcome:
    return site.run(site.now - 90 * DAY + 1, **how)


def test_lists_and_later_cases_are_requested_while_an_earlier_case_is_processed(
    slow: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    last, work, ahead = threading.Event(), Feeds.work, list[bool]()

    def wait_for_the_last(feeds: Feeds, case: Case) -> ItemReport | None:
        if case.id == "caSe00001":
            ahead.append(last.wait(HANGS / 4))
        elif case.id == "caSe00003":
            last.set()
        return work(feeds, case)

    monkeypatch.setattr(Feeds, "work", wait_for_the_last)
    assert read(slow).summary.exit_code == 0
    assert ahead == [True]


def test_what_is_wrong_with_a_list_is_told_when_its_turn_has_come(slow: Site) -> None:
    slow.state.add_fault("status", endpoint="CaseDetail", case="caSe00001", status=400)
    slow.state.add_fault("status", endpoint="CaseSync", nth=2, status=403)
    outcome = read(slow)
    assert outcome.summary.exit_code == 3
    said = [line for line in outcome.said if line.startswith("failure")]
    assert "caSe00001" in said[0]
    assert "window" in said[1]
    assert slow.case_values() == {"caSe00003"}
    assert [gap.until - gap.since > DAY for gap in outcome.summary.gaps] == [True]


def test_a_list_that_ends_the_run_does_so_after_the_cases_before_it(slow: Site) -> None:
    slow.state.add_fault("status", endpoint="CaseSync", nth=2, count=None, status=401)
    slow.state.add_fault("status", endpoint="Authenticate", nth=2, count=None, status=401)
    outcome = read(slow, without=frozenset({"messages", "files"}))
    assert outcome.summary.exit_code == 1
    assert outcome.summary.error is not None
    assert slow.case_values() == {"caSe00001"}
    # the window is finished, and the next run goes on behind it
    slow.state.clear_faults()
    slow.state.clear_requests()
    assert slow.backfill(slow.now - 90 * DAY + 1).summary.exit_code == 0
    asked = [one["caseid"] for one in slow.asked("CaseDetail")]
    # both are in flight at once
    assert {*asked[:2]} == {"caSe00002", "caSe00003"}


def test_an_interrupt_waits_for_no_list(slow: Site) -> None:
    slow.state.add_fault("delay", endpoint="CaseSync", nth=2, seconds=HANGS)

    def interrupt() -> None:
        raise KeyboardInterrupt

    begun = time.monotonic()
    outcome = read(slow, committed=interrupt)
    assert time.monotonic() - begun < HANGS / 4
    assert outcome.summary.exit_code == 130
    assert slow.case_values() == {"caSe00001"}
    assert outcome.summary.gaps == []
