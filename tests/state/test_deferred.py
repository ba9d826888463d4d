"""A case that fails is deferred, retried by later runs, abandoned at last, and forgotten."""

import json
import sqlite3

import pytest

from izoologic_cdf.runtime.state import MAX_FAILURES
from izoologic_cdf.runtime.windows import DAY, OVERLAP, Window
from tests.support.sites import HOUR, Site
from tests.support.tenants import attributes

BAD, GOOD = "caSe0bad1", "caSe0good"
REFUSED = {"result": None, "success": False, "message": "Try later", "errorCode": "iZOO5000"}


def break_case(site: Site, count: int | None = 1) -> None:
    site.state.add_fault("envelope", endpoint="CaseDetail", case=BAD, json=REFUSED, count=count)


@pytest.fixture
def broken(site: Site) -> Site:
    """A site whose first sync found two cases, one of which failed."""
    site.fill(BAD, GOOD, updated=site.now - HOUR)
    break_case(site)
    outcome = site.sync()
    assert outcome.summary.exit_code == 3
    site.state.advance(2 * HOUR)
    site.state.clear_requests()
    return site


def test_a_case_that_fails_is_deferred_and_the_others_are_ingested(broken: Site) -> None:
    (record,) = broken.deferred
    assert record.case_id == BAD
    assert record.reason == "the API refused the request (iZOO5000: Try later)"
    assert broken.case_values() == {GOOD}


def test_the_next_sync_takes_it_up_by_itself_and_forgets_it(broken: Site) -> None:
    outcome = broken.sync()
    assert outcome.heard("retrying 1 deferred case")
    assert (outcome.summary.exit_code, outcome.summary.retried) == (0, 1)
    assert broken.case_values() == {BAD, GOOD}
    assert broken.deferred == []
    assert broken.sync().summary.retried == 0


@pytest.mark.parametrize("kind", ["run", "backfill"])
def test_every_kind_of_run_takes_it_up(broken: Site, kind: str) -> None:
    outcome = getattr(broken, kind)(broken.now - 60, broken.now)
    assert (outcome.summary.exit_code, outcome.summary.retried) == (0, 1)
    assert broken.case_values() == {BAD, GOOD}


def test_it_is_asked_for_the_messages_of_the_run_that_failed_and_of_this_one(site: Site) -> None:
    begin = site.now
    site.fill(BAD, updated=begin - 100 * DAY)
    break_case(site)
    site.run(begin - 110 * DAY, begin - 90 * DAY)
    site.state.add_message(BAD, {"subject": "Between", "createdOn": str(begin - 50 * DAY)})
    site.run(begin - DAY, begin)
    subjects = [value.split(" - ")[1] for value in site.note_values()]
    assert subjects == ["Hello", "Between"]


def test_listed_again_after_it_was_abandoned_it_is_asked_for_all_it_has_missed(site: Site) -> None:
    begin = site.now
    site.fill(BAD, updated=begin - 100 * DAY)
    break_case(site, MAX_FAILURES)
    for _ in range(MAX_FAILURES):
        site.run(begin - 110 * DAY, begin - 90 * DAY)
    site.state.update_case(BAD, begin - 10)
    outcome = site.run(begin - HOUR, begin)
    assert (outcome.summary.exit_code, outcome.summary.abandoned) == (0, [])
    assert len(site.note_values()) == 1


def test_listed_and_deferred_at_once_it_fails_once(broken: Site) -> None:
    broken.state.update_case(BAD)
    break_case(broken, None)
    outcome = broken.sync()
    assert (outcome.summary.failed, outcome.summary.listed) == (1, 1)
    assert [one.failures for one in broken.deferred] == [2]


def test_it_is_abandoned_with_its_reason_and_left_alone(site: Site) -> None:
    site.fill(BAD, GOOD, updated=site.now - HOUR)
    break_case(site, None)
    for number in range(1, MAX_FAILURES + 1):
        outcome = site.sync()
        assert outcome.summary.exit_code == 3
        last = number == MAX_FAILURES
        assert outcome.summary.deferred == ([] if last else [BAD])
        assert outcome.summary.abandoned == ([BAD] if last else [])
        site.state.advance(HOUR)
    assert outcome.heard(
        f"case {BAD} failed 5 times and is abandoned", "retry", "the API refused the request"
    )
    site.state.clear_requests()
    later = site.sync()
    assert (later.summary.exit_code, later.summary.abandoned) == (0, [BAD])
    assert "abandoned caSe0bad1" in later.summary.as_text()
    assert json.loads(later.summary.as_json())["cases"]["abandoned"] == [BAD]
    assert site.asked("CaseDetail") == []


@pytest.mark.parametrize("named", [(), (BAD,)])
def test_a_retry_does_it_again_on_demand(site: Site, named: tuple[str, ...]) -> None:
    site.fill(BAD, GOOD, updated=site.now - HOUR)
    break_case(site, MAX_FAILURES)
    for _ in range(MAX_FAILURES):
        site.sync()
        site.state.advance(HOUR)
    outcome = site.retry(*named)
    assert (outcome.summary.exit_code, outcome.summary.abandoned) == (0, [])
    assert site.case_values() == {BAD, GOOD}
    assert len(site.note_values()) == 2


def test_a_retry_of_one_leaves_the_others(site: Site) -> None:
    site.fill(BAD, "caSe0bad2", updated=site.now - HOUR)
    site.state.add_fault("envelope", endpoint="CaseDetail", json=REFUSED, count=2)
    site.sync()
    outcome = site.retry("caSe0bad2")
    # as long as something is missing, no run is complete
    assert outcome.summary.exit_code == 3
    assert outcome.summary.deferred == [BAD]
    assert site.case_values() == {"caSe0bad2"}


def test_a_retry_that_fails_again_ends_as_partial(broken: Site) -> None:
    break_case(broken)
    outcome = broken.retry()
    assert outcome.summary.exit_code == 3
    assert [one.failures for one in broken.deferred] == [2]


def test_a_deferred_case_that_is_gone_meanwhile_is_skipped_and_forgotten(broken: Site) -> None:
    broken.state.remove_case(BAD)
    outcome = broken.sync()
    assert (outcome.summary.exit_code, outcome.summary.skipped) == (0, 1)
    assert outcome.heard(f"warning: case {BAD}", "the API no longer has data for this case")
    assert broken.deferred == []


def test_a_file_that_fails_defers_its_case_and_is_fetched_by_the_next_run(site: Site) -> None:
    site.fill(BAD, GOOD, updated=site.now - HOUR)
    site.state.add_fault("status", endpoint="DownloadCaseFile", case=BAD, status=404)
    outcome = site.sync()
    assert (outcome.summary.exit_code, outcome.summary.failed) == (3, 0)
    assert outcome.summary.failures == 1
    assert outcome.one("attachment", f"{BAD}.txt")["sha256"] is None
    assert attributes(outcome.one("incident", BAD))["Status"] == ["Open"]
    site.state.advance(2 * HOUR)
    site.state.clear_requests()
    again = site.sync()
    assert again.summary.exit_code == 0
    assert again.one("attachment", f"{BAD}.txt")["size"] == len(BAD)
    assert len(site.asked("DownloadCaseFile")) == 1


def test_messages_that_fail_defer_their_case(site: Site) -> None:
    site.fill(BAD, GOOD, updated=site.now - HOUR)
    site.state.add_fault("raw", endpoint="FetchCaseCommunications", case=BAD, text="<html>")
    outcome = site.sync()
    assert outcome.heard(
        f"failure: case {BAD}", "FetchCaseCommunications", "expected JSON, got HTML"
    )
    assert site.sync().summary.exit_code == 0
    assert len(site.note_values()) == 2


def test_a_dlr_case_is_deferred_and_taken_up_likewise(site: Site) -> None:
    site.feed = "dlr"
    for case_id in ("DLR#caSe0bad1", "DLR#caSe0good"):
        rows = [{"email": f"{case_id[4:]}@example.com", "password": "hidden-in-the-record"}]
        detail = {"caseId": case_id, "dataLossRecoveryDetail": rows, "addedDate": "1755168791"}
        site.state.put_dlr(case_id, detail, site.now - HOUR)
    site.state.add_fault("envelope", endpoint="DLRDetail", case="DLR#caSe0bad1", json=REFUSED)
    outcome = site.sync()
    assert (outcome.summary.exit_code, outcome.summary.deferred) == (3, ["DLR#caSe0bad1"])
    assert len(outcome.all("account")) == 1
    again = site.sync()
    assert again.summary.exit_code == 0
    assert len(again.all("account")) == 2


def test_the_record_holds_the_list_row_alone(site: Site) -> None:
    site.fill(BAD, updated=site.now - HOUR)
    site.state.update_case(BAD, site.now - HOUR, executiveName="Executive-Canary")
    site.state.add_fault("raw", endpoint="FetchCaseCommunications", case=BAD, text="[", count=3)
    site.sync()
    with sqlite3.connect(site.library) as connection:
        (row,) = connection.execute("SELECT * FROM feed_deferred").fetchall()
    connection.close()
    assert "Executive-Canary" not in str(row)
    (record,) = site.deferred
    assert set(record.value) == {"caseId", "trackingId", "updated"}
    assert record.asked == Window(record.asked.since, site.now)
    assert record.asked.since <= site.now - 30 * DAY + OVERLAP
