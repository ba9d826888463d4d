"""B: a failure of the moment is not booked on the case, until the case is lost."""

import itertools
import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from izoologic_cdf.library.objects import Batch, Ingested, Origin
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime import plan
from izoologic_cdf.runtime.http import Limits
from izoologic_cdf.runtime.run import FeedRun, Settings
from izoologic_cdf.runtime.spool import Spool, SpoolError
from izoologic_cdf.runtime.windows import DAY
from tests.support.clocks import FakeClock
from tests.support.progress import RecordingProgress
from tests.support.sites import HOUR, Site
from tests.support.tenants import FeedName, Outcome, definition

ONE, TWO, NEW = "caSe00001", "caSe00002", "caSe00003"
ONCE = Limits(attempts=1)
HASTY = Limits(connect=1, read=0.3, whole=1, attempts=1)
PAGE = "<html><body>Maintenance</body></html>"
REFUSED = {"result": None, "success": False, "message": "Try later", "errorCode": "iZOO5000"}
# none of these lies in a case, when every case of the endpoint meets it
OUTAGES: dict[str, dict[str, Any]] = {
    **{
        str(status): {"kind": "status", "status": status}
        for status in (408, 425, 429, 500, 502, 503, 504)
    },
    "403": {"kind": "status", "status": 403, "body": "html"},
    "401": {"kind": "status", "status": 401, "body": "empty"},
    "404": {"kind": "status", "status": 404, "body": "html"},
    "400": {"kind": "status", "status": 400, "body": "problem"},
    "405": {"kind": "status", "status": 405, "body": "empty"},
    "redirect": {"kind": "redirect", "location": "https://login.example.com/"},
    "reset": {"kind": "reset"},
    "time-out": {"kind": "hang"},
    "cut": {"kind": "truncate"},
    "page": {"kind": "raw", "text": PAGE, "content_type": "text/html"},
    "envelope": {"kind": "envelope", "json": REFUSED},
    "no envelope": {"kind": "envelope", "json": {"maintenance": True}},
}
DETAIL: dict[FeedName, str] = {"incident": "CaseDetail", "dlr": "DLRDetail"}


def broken(site: Site, endpoint: str, outage: dict[str, Any], **which: Any) -> None:
    """Let an endpoint fail until it is mended."""
    fault = dict(outage)
    site.state.add_fault(fault.pop("kind"), endpoint=endpoint, count=None, **which, **fault)


def said(outcome: Outcome) -> dict[str, Any]:
    """Return the summary as a script reads it."""
    data: dict[str, Any] = json.loads(outcome.summary.as_json())
    return data


# --- 3: outages use up no tries --------------------------------------------------------------


@pytest.mark.parametrize(
    ("outage", "hours"),
    [*((outage, 1) for outage in OUTAGES), ("503", 0), ("503", 24)],
)
def test_3_a_case_that_meets_an_outage_in_many_syncs_comes_with_the_first_one_after_it(
    site: Site, outage: str, hours: int
) -> None:
    site.fill(ONE, TWO, updated=site.now - HOUR)
    broken(site, "CaseDetail", OUTAGES[outage])
    for _ in range(7):
        outcome = site.sync(limits=HASTY if outage == "time-out" else ONCE)
        assert outcome.summary.exit_code == 3
        assert said(outcome)["cases"]["deferred"] == [ONE, TWO]
        assert said(outcome)["cases"]["abandoned"] == []
        assert f"deferred  {ONE}, {TWO}" in outcome.summary.as_text()
        site.state.advance(hours * HOUR)
    site.state.clear_faults()
    outcome = site.sync()
    assert (outcome.summary.exit_code, site.case_values()) == (0, {ONE, TWO})
    assert len(site.note_values()) == 2


@pytest.mark.parametrize("outage", ["503", "403", "page", "a page of text"])
@pytest.mark.parametrize("feed", ["incident", "dlr"])
def test_3_an_outage_of_one_case_alone_uses_up_no_tries_either(
    site: Site, feed: FeedName, outage: str
) -> None:
    site.feed = feed
    if feed == "dlr":
        row = {"email": "a@example.com"}
        for case_id in (f"DLR#{ONE}", f"DLR#{TWO}"):
            detail = {"caseId": case_id, "dataLossRecoveryDetail": [row]}
            site.state.put_dlr(case_id, detail, site.now - HOUR)
    else:
        site.fill(ONE, TWO, updated=site.now - HOUR)
    one = f"DLR#{ONE}" if feed == "dlr" else ONE
    text = {"kind": "raw", "text": "Maintenance", "content_type": "text/plain"}
    broken(site, DETAIL[feed], OUTAGES.get(outage, text), case=one)
    for _ in range(8):
        outcome = site.sync()
        assert (outcome.summary.exit_code, said(outcome)["cases"]["deferred"]) == (3, [one])
        site.state.advance(HOUR)
    site.state.clear_faults()
    assert site.retry().summary.exit_code == 0


def test_3_an_outage_during_which_new_cases_come_loses_none(site: Site) -> None:
    site.fill(ONE, updated=site.now - HOUR)
    broken(site, "CaseDetail", OUTAGES["envelope"])
    for number in range(9):
        site.fill(f"caSe0new{number}")
        assert site.sync().summary.exit_code == 3
        site.state.advance(6 * HOUR)
    site.state.clear_faults()
    assert site.sync().summary.exit_code == 0
    assert len(site.case_values()) == 10


def test_3_what_lasts_is_asked_for_at_a_growing_distance_and_is_missing_all_the_while(
    site: Site,
) -> None:
    site.fill(ONE, updated=site.now - HOUR)
    broken(site, "CaseDetail", OUTAGES["503"])
    asked_at: list[int] = []
    for hour in range(60):
        site.state.clear_requests()
        outcome = site.sync()
        assert (outcome.summary.exit_code, said(outcome)["cases"]["deferred"]) == (3, [ONE])
        asked_at += [hour] if site.asked("CaseDetail") else []
        site.state.advance(HOUR)
    distances = [later - before for before, later in itertools.pairwise(asked_at)]
    assert asked_at[:6] == [0, 1, 2, 3, 4, 5]
    assert distances == sorted(distances)
    assert 5 <= distances[-1] <= 24
    # a later time is no reason to call a run complete, and a retry asks at once
    site.state.clear_faults()
    site.state.clear_requests()
    outcome = site.sync()
    assert (outcome.summary.exit_code, site.asked("CaseDetail")) == (3, [])
    outcome = site.retry()
    assert (outcome.summary.exit_code, site.case_values()) == (0, {ONE})


def test_3_as_soon_as_one_case_is_answered_all_are_asked_for(site: Site) -> None:
    site.fill(ONE, updated=site.now - HOUR)
    broken(site, "CaseDetail", OUTAGES["503"])
    site.sync()
    site.state.advance(3 * DAY)
    # it has failed for longer than the other, so its next try is further away
    site.fill(NEW)
    site.sync()
    site.state.clear_faults()
    site.state.advance(HOUR)
    assert site.sync().summary.exit_code == 0
    assert site.case_values() == {ONE, NEW}


FAULTS_OF_A_CASE: dict[str, dict[str, Any]] = {
    "refused": OUTAGES["envelope"],
    "unknown": {"kind": "status", "status": 404, "body": "json"},
    "bad request": OUTAGES["400"],
    "conflict": {"kind": "status", "status": 409},
    "no JSON": {"kind": "raw", "text": '{"result": {"url" "x"}}'},
    "no envelope": OUTAGES["no envelope"],
    "another shape": {"kind": "envelope", "json": {"result": "text", "success": True}},
    "a log that is none": {"kind": "fields", "put": {"incidentStatusLogs": [5]}},
}


@pytest.mark.parametrize("fault", FAULTS_OF_A_CASE)
def test_3_a_fault_of_the_case_itself_uses_up_its_tries_and_is_abandoned(
    site: Site, fault: str
) -> None:
    site.fill(ONE, TWO, updated=site.now - HOUR)
    broken(site, "CaseDetail", FAULTS_OF_A_CASE[fault], case=ONE)
    for number in range(1, 6):
        outcome = site.sync()
        assert outcome.summary.exit_code == 3
        cases = said(outcome)["cases"]
        expected = ([ONE], []) if number < 5 else ([], [ONE])
        assert (cases["deferred"], cases["abandoned"]) == expected
        site.state.advance(HOUR)
    outcome = site.sync()
    assert (outcome.summary.exit_code, said(outcome)["cases"]["abandoned"]) == (0, [ONE])
    site.state.clear_faults()
    assert site.retry(ONE).summary.exit_code == 0
    assert site.case_values() == {ONE, TWO}


def test_3_a_case_whose_id_cannot_be_sent_waits_for_no_machine(site: Site) -> None:
    site.fill(ONE, updated=site.now - HOUR)
    site.state.put_case("caSe\ud800", {}, site.now - HOUR)
    for _ in range(5):
        outcome = site.sync()
        assert outcome.summary.exit_code == 3
        site.state.advance(HOUR)
    assert said(outcome)["cases"]["abandoned"] == ["caSe\ud800"]
    assert site.sync().summary.exit_code == 0


def test_3_an_abandoned_case_that_is_updated_has_all_its_tries_again(site: Site) -> None:
    site.fill(ONE, TWO, updated=site.now - HOUR)
    broken(site, "CaseDetail", OUTAGES["envelope"], case=ONE)
    for _ in range(5):
        outcome = site.sync()
        site.state.advance(HOUR)
    assert said(outcome)["cases"]["abandoned"] == [ONE]
    site.state.clear_faults()
    # its update meets an outage, which must not be left alone
    site.state.update_case(ONE)
    broken(site, "CaseDetail", OUTAGES["503"])
    for _ in range(3):
        outcome = site.sync()
        assert (outcome.summary.exit_code, said(outcome)["cases"]["deferred"]) == (3, [ONE])
        site.state.advance(HOUR)
    site.state.clear_faults()
    assert site.sync().summary.exit_code == 0
    assert site.case_values() == {ONE, TWO}


def test_3_an_outage_in_between_takes_no_try_away_and_gives_none_back(site: Site) -> None:
    site.fill(ONE, TWO, updated=site.now - HOUR)
    for number in range(8):
        fault = OUTAGES["503"] if number % 2 else OUTAGES["envelope"]
        broken(site, "CaseDetail", fault, case=ONE)
        outcome = site.sync()
        assert said(outcome)["cases"]["abandoned"] == []
        site.state.clear_faults()
        site.state.advance(HOUR)
    broken(site, "CaseDetail", OUTAGES["envelope"], case=ONE)
    assert said(site.sync())["cases"]["abandoned"] == [ONE]


def test_3_without_room_for_a_file_on_this_machine_it_is_asked_for_until_there_is(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.fill(ONE, updated=site.now - HOUR)

    def no_room(_spool: Spool, chunks: Iterable[bytes]) -> bytes:
        b"".join(chunks)
        raise SpoolError("there is no room")

    with monkeypatch.context() as patched:
        patched.setattr(Spool, "keep", no_room)
        for _ in range(8):
            outcome = site.sync()
            assert (outcome.summary.exit_code, site.case_values()) == (3, {ONE})
            (missing,) = said(outcome)["missing"]
            assert (missing["part"], missing["cases"]) == ("files", [ONE])
            assert "there is no room" in missing["reason"]
            site.state.advance(HOUR)
    outcome = site.sync()
    assert outcome.summary.exit_code == 0
    assert outcome.one("attachment")["size"] == len(ONE)


@pytest.mark.parametrize("error", [OSError(28, "no room"), MemoryError()], ids=["room", "memory"])
def test_3_what_this_machine_lacks_while_a_case_is_stored_uses_up_no_tries(
    site: Site, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    site.fill(ONE, TWO, updated=site.now - HOUR)
    ingest = Library.ingest

    def fail(self: Library, batch: Batch, origin: Origin) -> Ingested:
        if any(one.value == ONE for one in batch.objects):
            raise error
        return ingest(self, batch, origin)

    with monkeypatch.context() as patched:
        patched.setattr(Library, "ingest", fail)
        for _ in range(7):
            outcome = site.sync()
            assert (outcome.summary.exit_code, said(outcome)["cases"]["deferred"]) == (3, [ONE])
            site.state.advance(HOUR)
    assert site.sync().summary.exit_code == 0
    assert site.case_values() == {ONE, TWO}


# --- 4: parts of a case ----------------------------------------------------------------------

PARTS = {"messages": "FetchCaseCommunications", "files": "DownloadCaseFile"}
# a text file may be any of these
MAY_BE_A_FILE = ("page", "no envelope", "cut")


@pytest.mark.parametrize(
    ("part", "outage"),
    [
        (part, name)
        for part, name in itertools.product(PARTS, OUTAGES)
        if part == "messages" or name not in MAY_BE_A_FILE
    ],
)
def test_4_what_can_be_had_of_a_case_is_ingested_and_the_missing_part_asked_for_again(
    site: Site, part: str, outage: str
) -> None:
    site.fill(ONE, TWO, updated=site.now - HOUR)
    broken(site, PARTS[part], OUTAGES[outage])
    for _ in range(2):
        outcome = site.sync(limits=HASTY if outage == "time-out" else ONCE)
        assert (outcome.summary.exit_code, site.case_values()) == (3, {ONE, TWO})
        assert site.attribute(ONE, "Status") == ["Open"]
        assert len(site.note_values()) == (0 if part == "messages" else 2)
        sizes = [one["size"] for one in outcome.all("attachment")]
        assert sizes == ([None, None] if part == "files" else [9, 9])
        data = said(outcome)
        assert (data["cases"]["failed"], data["cases"]["deferred"]) == (0, [])
        assert {(one["part"], *one["cases"]) for one in data["missing"]} == {(part, ONE, TWO)}
        assert f"missing   {part} of {ONE}, {TWO}: " in outcome.summary.as_text()
        site.state.advance(HOUR)
    site.state.clear_faults()
    outcome = site.sync()
    assert (outcome.summary.exit_code, said(outcome)["missing"]) == (0, [])
    assert len(site.note_values()) == 2
    assert [one["size"] for one in outcome.all("attachment")] == [9, 9]


@pytest.mark.parametrize("part", PARTS)
def test_4_a_part_that_no_case_may_have_is_said_once_a_run(site: Site, part: str) -> None:
    ids = [f"caSe{number:05}" for number in range(40)]
    site.fill(*ids, updated=site.now - HOUR)
    broken(site, PARTS[part], OUTAGES["403"])
    outcome = site.sync()
    assert site.case_values() == set(ids)
    lines = [line for line in outcome.said if PARTS[part] in line]
    assert len(lines) <= 2
    assert any("40 cases" in line for line in lines)


def test_4_several_files_of_one_case_are_said_to_be_of_one_case(site: Site) -> None:
    site.fill(ONE, updated=site.now - HOUR)
    for number in range(3):
        site.state.add_file(ONE, {"originalFilename": f"{number}.txt"}, b"x")
    site.state.update_case(ONE, site.now - HOUR)
    broken(site, "DownloadCaseFile", OUTAGES["403"])
    outcome = site.sync()
    assert outcome.heard("failure: 4 files of 1 case are missing for that reason: ")
    (missing,) = said(outcome)["missing"]
    assert (missing["part"], missing["cases"]) == ("files", [ONE])


def test_4_a_part_that_is_missing_now_takes_nothing_back_that_was_there(site: Site) -> None:
    site.fill(ONE, updated=site.now - HOUR)
    site.sync()
    before = json.loads(site.text)
    broken(site, "FetchCaseCommunications", OUTAGES["403"])
    broken(site, "DownloadCaseFile", OUTAGES["403"])
    site.state.advance(HOUR)
    site.state.update_case(ONE)
    assert site.sync().summary.exit_code == 3
    assert json.loads(site.text) == before


def test_4_messages_that_come_while_they_may_not_be_read_come_with_the_permission(
    site: Site,
) -> None:
    site.fill(ONE, updated=site.now - 40 * DAY)
    site.sync(site.now - 50 * DAY)
    broken(site, "FetchCaseCommunications", OUTAGES["403"])
    for number in range(5):
        site.state.advance(20 * DAY)
        row = {"subject": f"Message {number}", "createdOn": str(site.now - HOUR)}
        site.state.add_message(ONE, row)
        site.state.update_case(ONE)
        assert site.sync().summary.exit_code == 3
    site.state.clear_faults()
    assert site.sync().summary.exit_code == 0
    assert len(site.note_values()) == 6


def test_4_one_window_of_messages_that_fails_costs_those_of_the_others_nothing(site: Site) -> None:
    site.fill(ONE, updated=site.now - HOUR)
    for days in (5, 35, 65):
        row = {"subject": f"{days} days ago", "createdOn": str(site.now - days * DAY)}
        site.state.add_message(ONE, row)
    site.state.update_case(ONE, site.now - HOUR, addedDate=str(site.now - 80 * DAY))
    broken(site, "FetchCaseCommunications", OUTAGES["403"], nth=2)
    assert site.run(site.now - 80 * DAY).summary.exit_code == 3
    assert 1 <= len(site.note_values()) < 4
    site.state.clear_faults()
    assert site.sync().summary.exit_code == 0
    assert len(site.note_values()) == 4


def test_4_one_file_of_several_is_deferred_by_itself_and_abandoned_by_itself(site: Site) -> None:
    site.fill(ONE, TWO, updated=site.now - HOUR)
    site.state.add_file(ONE, {"originalFilename": "gone.pdf"}, b"x")
    broken(site, "DownloadCaseFile", {"kind": "envelope", "json": REFUSED}, case=ONE, nth=2)
    first = site.sync(since=site.now - 2 * HOUR)
    assert first.summary.exit_code == 3
    (missing,) = said(first)["missing"]
    assert (missing["part"], missing["cases"], missing["abandoned"]) == ("files", [ONE], False)
    assert site.case_values() == {ONE, TWO}
    sizes = sorted(str(one["size"]) for one in first.all("attachment"))
    assert sizes == ["9", "9", "None"]


def test_4_a_part_of_one_case_that_is_broken_is_abandoned_though_that_case_is_known_too(
    site: Site,
) -> None:
    site.fill(ONE, TWO, updated=site.now - HOUR)
    broken(site, "FetchCaseCommunications", OUTAGES["envelope"], case=ONE)
    for _ in range(6):
        outcome = site.sync()
        site.state.advance(HOUR)
    (missing,) = said(outcome)["missing"]
    assert (missing["part"], missing["cases"], missing["abandoned"]) == ("messages", [ONE], True)


@pytest.mark.parametrize("is_wanted", [True, False])
@pytest.mark.parametrize(("part", "is_read"), [("messages", False), ("files", True)])
def test_4_a_case_counts_as_read_in_a_range_once_its_messages_were(
    site: Site, part: str, *, is_read: bool, is_wanted: bool
) -> None:
    site.fill(ONE, updated=site.now - HOUR)
    broken(site, PARTS[part], OUTAGES["403"])
    outcome = site.sync(without=frozenset() if is_wanted else frozenset({part}))
    assert outcome.summary.exit_code == (3 if is_wanted else 0)
    with site.remembered() as state:
        assert (state.ranges(ONE)[0] is not None) is is_read


@pytest.mark.parametrize(("part", "name"), [("messages", "messages"), ("files", "files")])
def test_4_a_part_that_the_operator_does_without_is_not_asked_for_and_the_run_is_complete(
    site: Site, part: str, name: str
) -> None:
    site.fill(ONE, TWO, updated=site.now - HOUR)
    broken(site, PARTS[part], OUTAGES["403"])
    assert site.sync().summary.exit_code == 3
    without = frozenset({part})
    for _ in range(2):
        site.state.clear_requests()
        site.state.advance(HOUR)
        site.state.update_case(ONE)
        outcome = site.sync(without=without)
        assert (outcome.summary.exit_code, site.asked(PARTS[part])) == (0, [])
        assert (said(outcome)["missing"], said(outcome)["left_out"]) == ([], [part])
    site.fill(NEW)
    assert site.sync(without=without).summary.exit_code == 0
    # nothing is lost for good: without the word all of it is asked for
    site.state.clear_faults()
    outcome = site.sync()
    assert outcome.summary.exit_code == 0
    assert len(site.note_values()) == 3
    assert [one["size"] for one in outcome.all("attachment")] == [9, 9, 9], name


# --- 5: what is too old ----------------------------------------------------------------------

REFUSALS: dict[str, dict[str, Any]] = {
    "success false": OUTAGES["envelope"],
    "409": {"kind": "status", "status": 409},
    "400": OUTAGES["400"],
    "422": {"kind": "status", "status": 422},
}


@pytest.mark.parametrize(
    ("refusal", "nth", "count"),
    [
        *(("success false", nth, count) for nth in range(1, 6) for count in range(1, 4)),
        *itertools.product(REFUSALS, (1, 3), (1,)),
    ],
)
def test_5_a_list_that_is_refused_for_the_moment_is_read_by_the_next_sync_however_old_it_is(
    site: Site, refusal: str, nth: int, count: int
) -> None:
    ids = {f"caSe{age:05}": site.now - age * DAY for age in range(3, 150, 7)}
    for case_id, updated in ids.items():
        site.state.put_case(case_id, {"addedDate": str(updated - DAY)}, updated)
    fault = dict(REFUSALS[refusal])
    site.state.add_fault(fault.pop("kind"), endpoint="CaseSync", nth=nth, count=count, **fault)
    site.sync(site.now - 150 * DAY)
    site.state.clear_faults()
    site.state.advance(HOUR)
    assert site.sync().summary.exit_code == 0
    assert site.case_values() == set(ids)


@pytest.mark.parametrize("mode", [{"window": "reject-older-than-30d"}, {"max_lookback_days": 60}])
def test_5_what_is_too_old_for_the_server_is_named_once_and_left_alone(
    site: Site, mode: dict[str, Any]
) -> None:
    site.state.set_options(**mode)
    begin = site.now - 150 * DAY
    first = site.sync(begin)
    assert first.summary.exit_code == 3
    assert said(first)["gaps"][0]["since"] == "2025-03-18 12:00:00"
    site.state.clear_requests()
    site.state.advance(HOUR)
    outcome = site.sync()
    assert (outcome.summary.exit_code, said(outcome)["gaps"]) == (0, [])
    assert min(site.lists_asked()) > site.now - 2 * HOUR


def test_5_what_was_given_once_at_that_age_is_not_too_old(site: Site) -> None:
    site.backfill(site.now - 150 * DAY, site.now - 100 * DAY)
    site.fill(ONE, updated=site.now - 90 * DAY)
    # refused in this run however often it is asked for
    site.state.add_fault("envelope", endpoint="CaseSync", json=REFUSED, nth=1, count=1)
    site.state.add_fault("envelope", endpoint="CaseSync", json=REFUSED, nth=5, count=9)
    site.sync(site.now - 95 * DAY)
    site.state.clear_faults()
    site.state.advance(HOUR)
    assert site.sync().summary.exit_code == 0
    assert site.case_values() == {ONE}


# --- 6: a token that is refused for one case --------------------------------------------------


@pytest.mark.parametrize("endpoint", ["CaseDetail", "FetchCaseCommunications"])
def test_6_a_401_for_one_case_is_its_own_fault(site: Site, endpoint: str) -> None:
    ids = [ONE, TWO, *(f"caSe0more{number}" for number in range(6))]
    site.fill(*ids, updated=site.now - HOUR)
    broken(site, endpoint, OUTAGES["401"], case=TWO)
    outcome = site.sync()
    assert (outcome.summary.exit_code, outcome.summary.error) == (3, None)
    whole = endpoint == "FetchCaseCommunications"
    assert site.case_values() == set(ids) - (set() if whole else {TWO})
    assert len(site.note_values()) == len(ids) - 1
    for _ in range(5):
        site.state.advance(HOUR)
        outcome = site.sync()
    missing = said(outcome)["missing"]
    assert [(one["cases"], one["abandoned"]) for one in missing] == [([TWO], True)]


def test_6_a_token_that_is_refused_everywhere_ends_the_run_and_loses_nothing(site: Site) -> None:
    site.fill(ONE, updated=site.now - HOUR)
    for endpoint in ("CaseSync", "CaseDetail", "FetchCaseCommunications"):
        broken(site, endpoint, OUTAGES["401"])
    for _ in range(6):
        outcome = site.sync()
        assert outcome.summary.exit_code == 1
        assert "401" in str(outcome.summary.error)
    site.state.clear_faults()
    assert site.sync().summary.exit_code == 0
    assert site.case_values() == {ONE}


# --- 7: many failing cases --------------------------------------------------------------------


def work(library: Path, site: Site, planner: Callable[[Any], plan.Plan]) -> int:
    """Run; return how much SQLite had to do for it: thousands of steps of its machine."""
    (primary,) = definition("incident").primary_feeds
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    with Library.create(library) as opened:
        opened.connection.set_progress_handler(count, 1000)
        settings = Settings(clock=FakeClock(site.now, stopped=True), limits=Limits(attempts=1))
        heard, planned = RecordingProgress(), planner(None)
        run = FeedRun(
            definition("incident"), primary, site.values, planned, opened, heard, settings
        )
        assert run.run().exit_code in (0, 3)
    return steps


@pytest.fixture
def crowd(site: Site) -> Iterator[Callable[[int], Path]]:
    def make(count: int) -> Path:
        site.state.reset()
        for number in range(count):
            site.state.put_case(f"caSe{number:05}", {}, site.now - HOUR)
        broken(site, "CaseDetail", OUTAGES["envelope"])
        return site.library.with_name(f"{count}.sqlite")

    yield make
    site.state.clear_faults()


@pytest.mark.parametrize("again", [False, True])
def test_7_twice_as_many_failing_cases_take_twice_the_work_and_no_more(
    site: Site, crowd: Callable[[int], Path], again: bool
) -> None:
    taken = []
    for count in (200, 400):
        library = crowd(count)
        ask = lambda _: plan.whole(site.now - DAY, site.now)  # noqa: E731
        steps = work(library, site, ask)
        if again:
            steps = work(library, site, lambda _: plan.retry(site.now, frozenset()))
        with sqlite3.connect(library) as connection:
            (deferred,) = connection.execute("SELECT count(*) FROM feed_deferred").fetchone()
        connection.close()
        assert deferred == count
        taken.append(steps)
    assert taken[1] < 2.5 * taken[0]
