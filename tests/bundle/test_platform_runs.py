"""What the built definition does where the platform runs it: one question a run, no isolation."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from izoologic_cdf.emulator import Emulator
from izoologic_cdf.language.expressions import Missing
from izoologic_cdf.library.export import export
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime.source_client import FirstPage
from izoologic_cdf.runtime.windows import DAY, Window
from tests.support.built import built, runs
from tests.support.tenants import CLOCK, EMPTY, NAMES, FeedName

HOUR = 3_600
MIDNIGHT = CLOCK - CLOCK % DAY
FEEDS = pytest.mark.parametrize("feed", ["incident", "dlr"])
PAGES = pytest.mark.parametrize("first_page", FirstPage)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(EMPTY, strict=True) as running:
        running.state.put_case("Case00001", {"brand": "Example"}, updated=CLOCK - HOUR)
        row = {"email": "user@example.com"}
        leak = {"caseId": "DLR#Leak00001", "dataLossRecoveryDetail": [row]}
        running.state.put_dlr("DLR#Leak00001", leak, updated=CLOCK - HOUR)
        yield running


class Ran:
    """One run of each feed in a range: the summary and messages of one of them, the objects."""

    def __init__(
        self,
        emulator: Emulator,
        folder: Path,
        asked: Window,
        feed: FeedName = "incident",
        first_page: FirstPage = FirstPage.WITHOUT,
    ) -> None:
        with Library.create(folder / "library.sqlite") as library:
            done = runs(built(Missing.NULL), emulator, library, [asked], {}, first_page)
            found = next(one for one in done if one[0].feed == NAMES[feed])
            self.summary, self.said = found
            text = "".join(export(library))
        self.objects: list[dict[str, Any]] = json.loads(text)["objects"]

    def values(self, object_type: str) -> list[str]:
        """Return the values of the objects of a type."""
        return [one["value"] for one in self.objects if one["type"] == object_type]


def test_a_run_lists_its_cases_once_with_one_token(emulator: Emulator, tmp_path: Path) -> None:
    emulator.state.put_case("Case00002", {"brand": "Example"}, updated=CLOCK - HOUR)
    emulator.state.add_message("Case00002", {"createdOn": str(CLOCK), "subject": "S"})
    ran = Ran(emulator, tmp_path, Window(CLOCK - 30 * DAY, CLOCK))
    assert ran.values("incident") == ["Case00001", "Case00002"]
    asked = [request.endpoint for request in emulator.requests]
    assert asked.count("CaseSync") == asked.count("DLRSyncedCases") == 1
    assert asked.count("Authenticate") == 2
    tokens = {
        (one.endpoint in ("DLRSyncedCases", "DLRDetail"), one.token)
        for one in emulator.requests
        if one.endpoint != "Authenticate"
    }
    assert tokens == {(False, 1), (True, 2)}


@FEEDS
def test_a_login_that_is_refused_fails_the_run_before_anything_is_listed(
    emulator: Emulator, tmp_path: Path, feed: FeedName
) -> None:
    refused = {"result": None, "success": False, "message": "No", "errorCode": "AUTH_FAILED"}
    emulator.state.add_fault("envelope", endpoint="Authenticate", count=None, json=refused)
    ran = Ran(emulator, tmp_path, Window(CLOCK - DAY, CLOCK), feed)
    assert ran.summary.outcome == "failed"
    assert "the API refused the request (AUTH_FAILED: No)" in ran.said[0]
    assert {request.endpoint for request in emulator.requests} == {"Authenticate"}
    assert ran.objects == []


@FEEDS
def test_a_range_longer_than_the_api_takes_is_refused_by_name(
    emulator: Emulator, tmp_path: Path, feed: FeedName
) -> None:
    ran = Ran(emulator, tmp_path, Window(CLOCK - 30 * DAY - 1, CLOCK), feed)
    assert ran.summary.outcome == "failed"
    assert "the API takes at most 30 days in one run: start shorter manual runs" in ran.said[0]
    assert ran.objects == []


@PAGES
def test_a_range_of_thirty_days_from_any_hour_is_accepted(
    emulator: Emulator, tmp_path: Path, first_page: FirstPage
) -> None:
    """Whole days from midnight make it longer: the messages are requested in two requests."""
    begin = MIDNIGHT - 30 * DAY
    for at in (begin - 1, begin, begin + HOUR, MIDNIGHT - 1, MIDNIGHT, MIDNIGHT + 1, CLOCK):
        emulator.state.add_message("Case00001", {"createdOn": str(at), "subject": f"{at}"})
    ran = Ran(emulator, tmp_path, Window(CLOCK - 30 * DAY, CLOCK), first_page=first_page)
    assert (ran.summary.outcome, ran.said) == ("complete", [])
    requests = [one.query for one in emulator.requests if "Communications" in one.path]
    assert [(int(one["fromdate"]), int(one["todate"])) for one in requests] == [
        (begin, MIDNIGHT),
        (MIDNIGHT, CLOCK),
    ]
    kept = [begin, begin + HOUR, MIDNIGHT - 1, MIDNIGHT, MIDNIGHT + 1, CLOCK]
    assert [value.split(" - ")[1] for value in ran.values("note")] == [str(at) for at in kept]


@PAGES
@pytest.mark.parametrize("day_rounding", [False, True])
@pytest.mark.parametrize(
    "asked",
    [
        Window(CLOCK - HOUR, CLOCK),
        Window(MIDNIGHT, MIDNIGHT),
        Window(MIDNIGHT - 30 * DAY, MIDNIGHT),
        Window(MIDNIGHT - 30 * DAY + 1, MIDNIGHT + 1),
        Window(MIDNIGHT - DAY, MIDNIGHT - 1),
    ],
    ids=["an hour", "a second", "30 days", "30 days and a second", "a day"],
)
def test_a_range_is_never_inverted_nor_asked_twice(
    emulator: Emulator, tmp_path: Path, asked: Window, day_rounding: bool, first_page: FirstPage
) -> None:
    emulator.state.set_options(day_rounding=day_rounding)
    emulator.state.remove_case("Case00001")
    emulator.state.put_case("Case00001", {"brand": "Example"}, updated=asked.until)
    for at in (asked.since, asked.until):
        emulator.state.add_message("Case00001", {"createdOn": str(at), "subject": f"at {at}"})
    ran = Ran(emulator, tmp_path, asked, first_page=first_page)
    assert (ran.summary.outcome, ran.said) == ("complete", [])
    queries = [one.query for one in emulator.requests if "Communications" in one.path]
    bounds = [(int(query["fromdate"]), int(query["todate"])) for query in queries]
    assert all(begin < end <= begin + 30 * DAY for begin, end in bounds)
    assert len(set(bounds)) == len(bounds)
    assert len(ran.values("note")) == len({asked.since, asked.until})


def test_rows_outside_of_the_range_are_left_to_other_runs(
    emulator: Emulator, tmp_path: Path
) -> None:
    emulator.state.set_options(window="open-ended")
    ran = Ran(emulator, tmp_path, Window(CLOCK - 3 * DAY, CLOCK - 2 * DAY))
    assert ran.objects == []


@FEEDS
def test_a_case_without_data_is_dropped(emulator: Emulator, tmp_path: Path, feed: FeedName) -> None:
    emulator.state.put_case("Case00002", {"brand": "Example"}, updated=CLOCK - HOUR)
    emulator.state.remove_case("Case00001", listed=True)
    emulator.state.remove_dlr("DLR#Leak00001", listed=True)
    ran = Ran(emulator, tmp_path, Window(CLOCK - DAY, CLOCK), feed)
    assert ran.summary.outcome == "complete"
    assert ran.values("incident") == ["Case00002"]
    assert ran.values("account") == []


def test_a_file_that_is_refused_is_left_out_and_the_others_come(
    emulator: Emulator, tmp_path: Path
) -> None:
    for name in ("bad.txt", "good.txt"):
        emulator.state.add_file("Case00001", {"originalFilename": name}, name.encode())
    refused = {"result": None, "success": False, "message": "No", "errorCode": "iZOO4001"}
    emulator.state.add_fault("envelope", endpoint="DownloadCaseFile", json=refused)
    ran = Ran(emulator, tmp_path, Window(CLOCK - DAY, CLOCK))
    assert ran.summary.outcome == "complete"
    (file,) = [one for one in ran.objects if one["type"] == "attachment"]
    assert (file["value"], file["size"]) == ("good.txt", 8)
    assert ran.values("incident") == ["Case00001"]


@pytest.mark.parametrize(
    ("feed", "endpoint"),
    [("incident", "CaseDetail"), ("incident", "FetchCaseCommunications"), ("dlr", "DLRDetail")],
)
def test_any_other_error_fails_the_run_so_that_the_window_is_requested_again(
    emulator: Emulator, tmp_path: Path, feed: FeedName, endpoint: str
) -> None:
    odd = {"result": None, "success": False, "message": "Odd", "errorCode": "iZOO9999"}
    emulator.state.add_fault("envelope", endpoint=endpoint, json=odd)
    ran = Ran(emulator, tmp_path, Window(CLOCK - DAY, CLOCK), feed)
    assert ran.summary.outcome == "failed"
    assert "iZOO9999" in ran.said[0]


@pytest.mark.parametrize(
    ("feed", "endpoint", "result"),
    [
        ("incident", "CaseDetail", {"caseId": "Other"}),
        ("incident", "FetchCaseCommunications", [{"caseID": "Other", "subject": "S"}]),
        ("dlr", "DLRDetail", {"caseId": "DLR#Other", "trackingID": "Other"}),
        ("incident", "CaseSync", [{"updatedAt": str(CLOCK)}]),
    ],
)
def test_an_answer_of_another_case_or_of_none_fails_the_run(
    emulator: Emulator, tmp_path: Path, feed: FeedName, endpoint: str, result: Any
) -> None:
    envelope = {"result": result, "success": True}
    emulator.state.add_fault("envelope", endpoint=endpoint, json=envelope)
    ran = Ran(emulator, tmp_path, Window(CLOCK - DAY, CLOCK), feed)
    assert ran.summary.outcome == "failed"
    assert "another case" in ran.said[0] or "no case id" in ran.said[0]
