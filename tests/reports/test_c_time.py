"""C: time and order are not believed."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from izoologic_cdf.cli.main import main
from izoologic_cdf.runtime.bodies import Response
from izoologic_cdf.runtime.http import Request, Transport
from izoologic_cdf.runtime.plan import FIRST_SYNC
from izoologic_cdf.runtime.source_client import SourceClient
from izoologic_cdf.runtime.windows import DAY, OVERLAP
from tests.support.sites import HOUR, Site
from tests.support.tenants import Outcome, attributes

ONE, TWO = "caSe00001", "caSe00002"
YEAR = 365 * DAY
REFUSED = {"result": None, "success": False, "message": "Try later", "errorCode": "iZOO5000"}


def subjects(site: Site) -> set[str]:
    return {value.split(" - ")[1] for value in site.note_values()}


# --- 8: messages that become visible late ------------------------------------------------------


@pytest.mark.parametrize("days", [1, 7, 20, 28])
def test_8_a_message_that_becomes_visible_days_after_its_own_date_is_read(
    site: Site, days: int
) -> None:
    site.fill(ONE, updated=site.now - 40 * DAY)
    site.sync(site.now - 50 * DAY)
    for _ in range(days):
        site.state.advance(DAY)
        site.state.update_case(ONE)
        assert site.sync().summary.exit_code == 0
    # it was written before all these runs, and its case is updated now
    row = {"subject": "Late", "createdOn": str(site.now - days * DAY)}
    site.state.add_message(ONE, row)
    site.state.update_case(ONE)
    site.state.clear_requests()
    assert site.sync().summary.exit_code == 0
    assert subjects(site) == {"Hello", "Late"}
    assert len(site.asked("FetchCaseCommunications")) == 1


def test_8_a_range_is_kept_by_a_run_that_names_it(site: Site) -> None:
    site.fill(ONE, updated=site.now - HOUR)
    site.state.add_message(ONE, {"subject": "Before", "createdOn": str(site.now - 10 * DAY)})
    assert site.run(site.now - 2 * DAY).summary.exit_code == 0
    assert subjects(site) == {"Hello"}


# --- 9: a clock that was ahead -----------------------------------------------------------------


@pytest.mark.parametrize("dated", [True, False], ids=["with a Date", "without a Date"])
@pytest.mark.parametrize("ahead", [HOUR, 2 * DAY, 45 * DAY, YEAR])
@pytest.mark.parametrize("first", [True, False], ids=["from the first run on", "later"])
def test_9_what_a_run_under_a_clock_that_was_ahead_passed_over_is_read(
    site: Site, monkeypatch: pytest.MonkeyPatch, ahead: int, dated: bool, first: bool
) -> None:
    if not dated:
        monkeypatch.setattr(SourceClient, "server_time", lambda _: None)
    site.fill(ONE, updated=site.now - HOUR)
    if not first:
        assert site.sync().summary.exit_code == 0
    site.ahead = ahead
    for number in range(2):
        site.state.advance(10 * 60)
        wrong = site.sync()
        site.fill(f"caSe0new{number}")
        said = wrong.heard(f"clock of this machine is {ahead} seconds ahead of the server's")
        assert bool(said) is dated
    site.state.advance(HOUR // 2)
    site.ahead = 0
    right = site.sync()
    assert (right.summary.exit_code, right.summary.windows_done > 0) == (0, True)
    assert site.case_values() == {ONE, "caSe0new0", "caSe0new1"}
    assert len(site.note_values()) == 3
    # that was repaired once, and all is as ever
    site.state.advance(HOUR)
    site.fill(TWO)
    again = site.sync()
    assert (again.summary.exit_code, again.heard("wrong clock")) == (0, [])
    assert TWO in site.case_values()


def test_9_after_a_wrong_clock_a_month_is_asked_for_again(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SourceClient, "server_time", lambda _: None)
    assert site.sync(site.now - 100 * DAY).summary.exit_code == 0
    site.ahead = 2 * DAY
    site.sync()
    site.ahead = 0
    site.state.advance(HOUR)
    site.state.clear_requests()
    assert site.sync().summary.exit_code == 0
    assert site.now - 31 * DAY <= min(site.lists_asked()) <= site.now - 30 * DAY


def test_9_scheduled_runs_under_a_clock_that_is_ahead_begin_by_the_servers(site: Site) -> None:
    site.ahead = YEAR
    site.sync()
    with site.remembered() as state:
        assert state.coverage.origin() == site.now - FIRST_SYNC + OVERLAP


@pytest.mark.parametrize("ahead", [2 * DAY, YEAR])
def test_9_a_state_in_the_future_is_told_and_asked_for_again(
    site: Site, monkeypatch: pytest.MonkeyPatch, ahead: int
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(SourceClient, "server_time", lambda _: None)
        site.ahead = ahead
        site.sync()
    site.ahead = 0
    outcome = site.sync()
    assert outcome.heard(
        "warning: what the library remembers lies in the future", "requested again"
    )
    assert all(window.until <= site.now for window in site.finished)


def test_9_what_failed_under_a_clock_that_was_ahead_is_asked_for_now(site: Site) -> None:
    site.fill(ONE, updated=site.now - HOUR)
    site.state.add_fault("status", endpoint="CaseDetail", status=503, count=None)
    site.sync()
    site.ahead = YEAR
    site.sync()
    site.state.clear_faults()
    site.ahead = 0
    site.state.advance(HOUR)
    assert site.sync().summary.exit_code == 0
    assert site.case_values() == {ONE}


def test_9_a_clock_that_is_behind_takes_back_nothing_that_is_finished(site: Site) -> None:
    site.fill(ONE, updated=site.now - HOUR)
    site.sync()
    before = site.finished
    site.ahead = -YEAR
    outcome = site.sync()
    assert outcome.heard("clock of this machine is", "seconds behind the server's")
    assert site.finished[-1] == before[-1]


def test_9_a_step_of_seconds_is_no_reason_to_ask_again(site: Site) -> None:
    site.sync()
    before = site.finished
    site.ahead = -5
    outcome = site.sync()
    assert outcome.said == []
    assert site.finished == before


# --- 10: two readings --------------------------------------------------------------------------


def while_messages_are_under_way(
    monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object]
) -> None:
    """Do something once the detail and the messages of a case are read, and not yet committed."""
    send, others = Transport.send, [meanwhile]

    def sent(transport: Transport, request: Request) -> Response:
        response = send(transport, request)
        if request.url.endswith("/FetchCaseCommunications") and others:
            others.pop()()
        return response

    monkeypatch.setattr(Transport, "send", sent)


@pytest.mark.parametrize("kind", ["run", "backfill"])
def test_10_an_older_reading_that_is_committed_later_replaces_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    site.fill(ONE, updated=site.now - DAY)
    site.state.update_case(
        ONE, site.now - DAY, statusDescription="Open", description="Old", upTime="1 day"
    )
    since = site.now - 2 * DAY
    newer = list[Outcome]()

    def change_and_read() -> None:
        site.state.advance(60)
        site.state.update_case(
            ONE, statusDescription="Closed", description="New", upTime="2 days",
            progressStage="Done",
        )  # fmt: skip
        site.state.add_message(ONE, {"subject": "Newer", "createdOn": str(site.now)})
        newer.append(site.run(since))

    while_messages_are_under_way(monkeypatch, change_and_read)
    getattr(site, kind)(since)
    assert [one.summary.exit_code for one in newer] == [0]
    assert site.attribute(ONE, "Status") == ["Closed"]
    assert site.attribute(ONE, "Up Time") == ["2 days"]
    assert site.attribute(ONE, "Progress Stage") == ["Done"]
    objects = json.loads(site.text)["objects"]
    (case,) = [one for one in objects if one["type"] == "incident"]
    assert case["description"] == "New"
    assert subjects(site) == {"Hello", "Newer"}


def test_10_an_older_reading_that_is_committed_later_still_adds_what_it_alone_has(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.fill(ONE, updated=site.now - DAY)
    site.state.add_message(ONE, {"subject": "Older", "createdOn": str(site.now - 25 * DAY)})
    newer = list[Outcome]()
    while_messages_are_under_way(monkeypatch, lambda: newer.append(site.run(site.now - 2 * DAY)))
    site.backfill(site.now - 60 * DAY)
    assert [one.summary.exit_code for one in newer] == [0]
    assert subjects(site) == {"Hello", "Older"}


def leak(site: Site, case_id: str, days: int, description: str | None) -> None:
    row = {"email": "one@example.com", "password": "leaked"}
    detail = {
        "caseId": case_id,
        "description": description,
        "addedDate": str(site.now - days * DAY),
        "dataLossRecoveryDetail": [row],
    }
    site.state.put_dlr(case_id, detail, site.now - days * DAY)


@pytest.mark.parametrize("failing", ["DLR#older", "DLR#newer", "DLR#last"])
def test_10_an_account_has_the_description_of_its_newest_case_whichever_was_read_last(
    site: Site, failing: str
) -> None:
    site.feed = "dlr"
    leak(site, "DLR#older", 9, "Older")
    leak(site, "DLR#newer", 5, "Newer")
    # the newest case has no description
    leak(site, "DLR#last", 2, None)
    site.state.add_fault("status", endpoint="DLRDetail", case=failing, status=503, count=5)
    assert site.sync().summary.exit_code == 3
    site.state.advance(HOUR)
    outcome = site.sync()
    assert outcome.summary.exit_code == 0
    account = outcome.one("account")
    assert account["description"] == "Newer"
    assert sorted(attributes(account)["Case ID"]) == ["DLR#last", "DLR#newer", "DLR#older"]


def test_10_a_backfill_of_older_cases_leaves_the_description_of_a_newer_one(site: Site) -> None:
    site.feed = "dlr"
    leak(site, "DLR#older", 100, "Older")
    leak(site, "DLR#newer", 5, "Newer")
    site.sync()
    assert site.backfill(site.now - 120 * DAY).one("account")["description"] == "Newer"


# --- 11: rows in the future --------------------------------------------------------------------


def envelope(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"result": rows, "success": True, "message": None, "errorCode": None}


@pytest.mark.parametrize("broken", ["soon", 0, True, {"a": 1}, "2025-13-01", "0000-00-00"])
def test_11_of_the_dates_of_a_row_the_first_that_can_be_read_counts(
    site: Site, broken: object
) -> None:
    site.fill(ONE, TWO, updated=site.now - HOUR)
    good = str(site.now - HOUR)
    rows = [
        {"caseId": ONE, "updatedAt": broken, "modifiedDate": good},
        {"caseId": TWO, "updatedAt": broken, "modifiedDate": broken, "updatedOn": good},
    ]
    site.state.add_fault("envelope", endpoint="CaseSync", json=envelope(rows), count=None)
    assert site.sync(site.now - DAY).summary.exit_code == 0
    assert site.case_values() == {ONE, TWO}
    # so a later list that still holds them is about other times
    site.state.clear_requests()
    site.state.advance(DAY)
    assert site.sync().summary.exit_code == 0
    assert site.asked("CaseDetail") == []


@pytest.mark.parametrize("ahead", [11 * 60, DAY, 20 * DAY, 400 * DAY, 2_000 * YEAR])
@pytest.mark.parametrize("since", [DAY, 70 * DAY])
def test_11_a_row_that_is_dated_ahead_is_processed_once_with_a_warning(
    site: Site, ahead: int, since: int
) -> None:
    site.fill(ONE, TWO, updated=site.now - HOUR)
    rows = [
        {"caseId": ONE, "updatedAt": str(site.now - HOUR)},
        {"caseId": TWO, "updatedAt": str(site.now + ahead)},
    ]
    site.state.add_fault("envelope", endpoint="CaseSync", json=envelope(rows), count=None)
    outcome = site.sync(site.now - since)
    assert (outcome.summary.exit_code, outcome.summary.listed) == (0, 2)
    assert site.case_values() == {ONE, TWO}
    assert len(outcome.heard(f"warning: case {TWO}: ", "in the future")) == 1
    # and it does not move the finished point into the future
    assert all(window.until < site.now for window in site.finished)
    site.state.clear_faults()
    # nor does its date outlast what is true
    site.state.advance(HOUR)
    site.state.update_case(TWO, statusDescription="Closed", description="New")
    assert site.sync().summary.exit_code == 0
    assert site.attribute(TWO, "Status") == ["Closed"]
    objects = json.loads(site.text)["objects"]
    assert "New" in [one["description"] for one in objects if one["value"] == TWO]


@pytest.mark.parametrize("updated", ["1970-01-02", "1999-12-31T23:59:59Z", "249134400000"])
def test_11_a_row_that_is_dated_before_anything_can_have_been_is_processed_likewise(
    site: Site, updated: str
) -> None:
    site.fill(ONE, updated=site.now - HOUR)
    rows = [{"caseId": ONE, "updatedAt": updated}]
    site.state.add_fault("envelope", endpoint="CaseSync", json=envelope(rows), count=None)
    outcome = site.sync()
    assert (outcome.summary.exit_code, site.case_values()) == (0, {ONE})
    assert outcome.heard(f"warning: case {ONE}: its update time is before 2000")


def test_11_a_row_of_the_next_minutes_waits_for_the_next_sync(site: Site) -> None:
    site.fill(ONE, updated=site.now - HOUR)
    rows = [{"caseId": ONE, "updatedAt": str(site.now + 300)}]
    site.state.add_fault("envelope", endpoint="CaseSync", json=envelope(rows), count=None)
    assert site.sync().summary.listed == 0
    site.state.clear_faults()
    site.state.update_case(ONE, site.now + 300)
    site.state.advance(HOUR)
    assert site.sync().summary.listed == 1


# --- 12: times of the command line -------------------------------------------------------------

MEANT = {
    "30": "did you mean 30d or 30h",
    "0": "did you mean now?",
    "7": "did you mean 7d or 7h",
    "365": "did you mean 365d",
    "2025": "did you mean 2025-01-01?",
    "202508": "did you mean 2025-08-01?",
    "20250801": "did you mean 2025-08-01?",
    "1754051400000": "did you mean 1754051400?",
    "1754051400000000": "did you mean 1754051400?",
    "30 days": "did you mean 30d?",
    "2w": "did you mean 14d?",
    "1970-01-01": "before 2000; begin in 2000 or later",
    "1999-12-31T23:59:59Z": "before 2000; begin in 2000 or later",
    "0025-08-01": "did you mean 2025-08-01?",
    "99999d": "before 2000; begin in 2000 or later",
    "946684799": "before 2000; begin in 2000 or later",
}


@pytest.mark.parametrize("command", ["run", "backfill", "sync", "windows"])
@pytest.mark.parametrize("text", MEANT)
def test_12_a_begin_before_2000_is_refused_with_what_was_probably_meant(
    command: str, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [command] if command == "windows" else [command, "incident"]
    assert main([*words, "--since", text]) == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.startswith(f"izoologic-cdf: --since: {text!r} is ")
    assert MEANT[text] in written.err


def test_12_an_end_before_2000_is_refused_likewise(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["windows", "--since", "2025-01-01", "--until", "30"]) == 2
    assert "--until: '30' is 1970-01-01 00:00:30 UTC, before 2000; " in capsys.readouterr().err
