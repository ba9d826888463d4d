"""F5 to F8 and F15 to F18: answers that come in time, and say something odd."""

from typing import Any

import pytest

from tests.support.benches import (
    BAD,
    BAD_CASE,
    DETAIL,
    FEEDS,
    GOOD,
    LIST,
    Bench,
    envelope,
    refusal,
)
from tests.support.sites import HOUR
from tests.support.tenants import CLOCK, FeedName

COMMUNICATIONS = "FetchCaseCommunications"


@pytest.mark.parametrize("feed", FEEDS)
def test_f05_a_list_that_is_refused_is_a_hole_with_code_and_message(
    bench: Bench, feed: FeedName
) -> None:
    outcome, fault = bench.disturbed(
        feed, kind="envelope", endpoint=LIST[feed], json=refusal(), count=None
    )
    assert (outcome.summary.exit_code, fault.applied) == (1, 1)
    assert outcome.heard(
        "failure: window ", "the API refused the request (iZOO7777: Something odd)"
    )
    assert outcome.heard("failure: nothing was read for 2025-07-26 12:00:00 to 2025-08-15 12:00:00")
    assert outcome.objects == []


@pytest.mark.parametrize("feed", FEEDS)
@pytest.mark.parametrize("code", ["iZOO7777", 7777, None])
def test_f05_a_detail_that_is_refused_fails_its_case_alone(
    bench: Bench, feed: FeedName, code: Any
) -> None:
    case = BAD_CASE[feed]
    outcome, _ = bench.disturbed(
        feed, kind="envelope", endpoint=DETAIL[feed], case=case, json=refusal(code)
    )
    reason = f"{code or 'no code'}: Something odd"
    assert outcome.heard(f"failure: case {case}: the API refused the request ({reason})")
    assert outcome.summary.exit_code == 3
    assert outcome.summary.deferred == [case]
    assert bench.others_are_complete(outcome, feed)


def test_f05_messages_that_are_refused_fail_their_case_alone(bench: Bench) -> None:
    outcome, _ = bench.disturbed(kind="envelope", endpoint=COMMUNICATIONS, case=BAD, json=refusal())
    assert outcome.heard(f"failure: case {BAD}: the API refused the request (iZOO7777")
    assert outcome.summary.exit_code == 3
    assert bench.others_are_complete(outcome)


EMPTY_ANSWERS: list[dict[str, Any]] = [
    envelope(success=False, errorCode="iZOO2011", message="No data found"),
    envelope(success=False, errorCode="IZOO2011"),
    envelope(None),
    envelope([]),
    envelope({}),
    {"success": True},
]


@pytest.mark.parametrize("answer", EMPTY_ANSWERS)
@pytest.mark.parametrize("feed", FEEDS)
def test_f06_an_empty_list_is_no_error(
    bench: Bench, feed: FeedName, answer: dict[str, Any]
) -> None:
    outcome, _ = bench.disturbed(feed, kind="envelope", endpoint=LIST[feed], json=answer)
    assert (outcome.summary.exit_code, outcome.summary.warnings) == (0, 0)
    assert outcome.objects == []


@pytest.mark.parametrize("answer", EMPTY_ANSWERS)
def test_f06_no_messages_are_no_error(bench: Bench, answer: dict[str, Any]) -> None:
    outcome, _ = bench.disturbed(kind="envelope", endpoint=COMMUNICATIONS, case=BAD, json=answer)
    assert (outcome.summary.exit_code, outcome.summary.warnings) == (0, 0)
    assert bench.others_are_complete(outcome)
    # all but the one note of the case
    assert len(outcome.objects) == len(bench.calm()) - 1


@pytest.mark.parametrize("answer", EMPTY_ANSWERS)
@pytest.mark.parametrize("feed", FEEDS)
def test_f08_a_case_without_data_is_skipped_with_a_warning(
    bench: Bench, feed: FeedName, answer: dict[str, Any]
) -> None:
    case = BAD_CASE[feed]
    outcome, _ = bench.disturbed(
        feed, kind="envelope", endpoint=DETAIL[feed], case=case, json=answer
    )
    summary = outcome.summary
    assert (summary.exit_code, summary.skipped, summary.warnings) == (0, 1, 1)
    assert outcome.heard(f"warning: case {case}: ", "no longer has data for this case")
    assert bench.others_are_complete(outcome, feed)


def test_f08_a_vanished_case_does_not_hold_up_what_is_finished(bench: Bench) -> None:
    bench.state.remove_case(BAD, listed=True)
    site = bench.site()
    bench.run(site=site)
    assert site.finished[-1].until >= CLOCK - 2 * HOUR
    assert site.deferred == []


RANGES = {
    "inverted": "from date should not be greater than or equal to to date",
    "too long": "date range should not be more than 30 days",
    "too far back": "last sync time should not be older than 60 days",
}


@pytest.mark.parametrize("what", RANGES)
def test_f07_a_range_error_is_reported_as_the_api_says_it(bench: Bench, what: str) -> None:
    outcome, _ = bench.disturbed(
        kind="envelope", endpoint=COMMUNICATIONS, case=BAD, json=refusal("iZOO9002", RANGES[what])
    )
    assert outcome.heard(f"failure: case {BAD}: the API refused the request", RANGES[what])
    assert outcome.summary.exit_code == 3
    assert bench.others_are_complete(outcome)


@pytest.mark.parametrize("days", [1, 29, 30, 31, 61, 200])
@pytest.mark.parametrize("rounding", [True, False])
def test_f07_no_range_of_ours_is_refused(bench: Bench, days: int, rounding: bool) -> None:
    bench.state.set_options(day_rounding=rounding)
    outcome = bench.site().run(CLOCK - days * 24 * HOUR)
    assert outcome.summary.exit_code == 0
    assert bench.count("FetchCaseCommunications") >= 4


@pytest.mark.parametrize("mode", ["api", "bare"])
@pytest.mark.parametrize("feed", FEEDS)
def test_f15_a_path_that_is_not_found_is_tried_in_its_other_form_and_remembered(
    bench: Bench, feed: FeedName, mode: str
) -> None:
    bench.state.set_options(path_mode=mode)
    outcome = bench.run(feed)
    assert outcome.summary.exit_code == 0
    assert bench.is_complete(outcome, feed)
    lost = [request for request in bench.emulator.requests if request.status == 404]
    paths = [request.path for request in lost]
    # once for each worker that was under way, at most
    assert all(paths.count(path) <= 4 for path in paths)


@pytest.mark.parametrize("body", ["json", "problem"])
def test_f15_a_404_of_the_api_itself_is_no_wrong_path(bench: Bench, body: str) -> None:
    outcome, fault = bench.disturbed(
        kind="status", endpoint="CaseDetail", case=BAD, status=404, body=body, count=None
    )
    assert (outcome.summary.exit_code, fault.applied) == (3, 1)
    assert outcome.heard(f"failure: case {BAD}: GET /api/ThreatManagement/CaseDetail", "404")
    assert bench.others_are_complete(outcome)


def test_f15_a_path_that_is_found_nowhere_is_named(bench: Bench) -> None:
    outcome, _ = bench.disturbed(
        kind="status", endpoint="CaseSync", status=404, body="html", count=None
    )
    assert outcome.summary.exit_code == 1
    assert outcome.heard("POST /api/ThreatManagement/CaseSync: the server answered 404; check the")


def test_f16_a_problem_is_shown_and_not_asked_again(bench: Bench) -> None:
    problem = (
        '{"type": "about:blank", "title": "One or more validation errors occurred.", "status": 400,'
        ' "errors": {"caseid": ["The value is odd."]}, "traceId": "00-00"}'
    )
    outcome, fault = bench.disturbed(
        kind="raw",
        endpoint="CaseDetail",
        case=BAD,
        status=400,
        text=problem,
        content_type="application/problem+json",
        count=None,
    )
    assert (outcome.summary.exit_code, fault.applied) == (3, 1)
    assert outcome.heard(
        f"failure: case {BAD}: GET /api/ThreatManagement/CaseDetail: the server answered 400: One "
        "or more validation errors occurred.; caseid: ['The value is odd.']"
    )
    assert bench.others_are_complete(outcome)


ODD_ENVELOPES: dict[str, dict[str, Any]] = {
    "success missing": {"kind": "fields", "envelope": True, "drop": ["success"]},
    "success as text": {"kind": "fields", "envelope": True, "put": {"success": "true"}},
    "empty texts": {"kind": "fields", "envelope": True, "put": {"message": "", "errorCode": ""}},
    "a number as code": {"kind": "fields", "envelope": True, "put": {"errorCode": 0}},
    "more fields": {"kind": "fields", "envelope": True, "put": {"version": 2, "": None}},
    "byte order mark": {"kind": "bom"},
    "no charset": {"kind": "content_type"},
    "another content type": {"kind": "content_type", "value": "text/plain"},
    "gzip": {"kind": "gzip"},
    "chunked": {"kind": "chunked", "bytes": 7},
}


@pytest.mark.parametrize("odd", ODD_ENVELOPES)
@pytest.mark.parametrize("feed", FEEDS)
def test_f17_odd_envelopes_are_accepted_everywhere(bench: Bench, feed: FeedName, odd: str) -> None:
    kind, parameters = ODD_ENVELOPES[odd]["kind"], dict(ODD_ENVELOPES[odd])
    del parameters["kind"]
    for endpoint in ("Authenticate", LIST[feed], DETAIL[feed], COMMUNICATIONS):
        bench.state.add_fault(kind, endpoint=endpoint, count=None, **parameters)
    outcome = bench.run(feed)
    assert outcome.summary.exit_code == 0
    assert bench.is_complete(outcome, feed)


def test_f18_a_single_object_is_a_list_of_one(bench: Bench) -> None:
    row = {"caseId": GOOD[0], "updatedAt": str(CLOCK - 5 * HOUR)}
    outcome, _ = bench.disturbed(kind="envelope", endpoint="CaseSync", json=envelope(row))
    assert outcome.summary.exit_code == 0
    assert [one["value"] for one in outcome.all("incident")] == [GOOD[0]]
    assert outcome.one("incident") in bench.calm()


def test_f18_a_list_of_one_is_a_single_object(bench: Bench) -> None:
    detail = bench.state.incidents.case(BAD)
    assert detail is not None
    wrapped = envelope([{**detail.detail, "caseFiles": None}])
    outcome, _ = bench.disturbed(kind="envelope", endpoint="CaseDetail", case=BAD, json=wrapped)
    assert outcome.summary.exit_code == 0
    assert len(outcome.all("incident")) == 4
    assert bench.others_are_complete(outcome)


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        ("text", "the result is not a list"),
        (7, "the result is not a list"),
        (True, "the result is not a list"),
        ([{"a": 1}, {"b": 2}], "the result is not a single object"),
        (["text"], "expected an object"),
    ],
)
@pytest.mark.parametrize("feed", FEEDS)
def test_f18_a_detail_of_another_shape_fails_its_case_alone(
    bench: Bench, feed: FeedName, result: Any, reason: str
) -> None:
    case = BAD_CASE[feed]
    outcome, _ = bench.disturbed(
        feed, kind="envelope", endpoint=DETAIL[feed], case=case, json=envelope(result)
    )
    assert outcome.heard(f"failure: case {case}: {reason}")
    assert outcome.summary.exit_code == 3
    assert bench.others_are_complete(outcome, feed)


@pytest.mark.parametrize("result", ["text", 7, True])
@pytest.mark.parametrize("feed", FEEDS)
def test_f18_a_list_of_another_shape_is_a_hole(bench: Bench, feed: FeedName, result: Any) -> None:
    outcome, _ = bench.disturbed(
        feed, kind="envelope", endpoint=LIST[feed], json=envelope(result), count=None
    )
    assert outcome.heard("failure: window ", "the result is not a list")
    assert outcome.summary.exit_code == 1


def test_f18_a_row_of_another_shape_fails_alone(bench: Bench) -> None:
    rows = [
        {"caseId": case, "updatedAt": str(CLOCK - number * HOUR)}
        for number, case in enumerate((*GOOD, BAD), 1)
    ]
    odd: list[Any] = ["text", None, [], {"updatedAt": "5"}, {"caseId": {}}]
    outcome, _ = bench.disturbed(kind="envelope", endpoint="CaseSync", json=envelope(rows + odd))
    assert outcome.heard("a row of the list has no case id")
    assert outcome.summary.exit_code == 3
    assert bench.is_complete(outcome)


@pytest.mark.parametrize("body", ["[]", "7", '"text"', "null", '{"rows": []}'])
@pytest.mark.parametrize("endpoint", ["CaseDetail", COMMUNICATIONS])
def test_f18_what_is_no_envelope_fails_its_case_alone(
    bench: Bench, endpoint: str, body: str
) -> None:
    outcome, _ = bench.disturbed(kind="raw", endpoint=endpoint, case=BAD, text=body)
    reason = "not an iZoologic response" if body.startswith("{") else "expected an object"
    assert outcome.heard(f"failure: case {BAD}: {reason}")
    assert outcome.summary.exit_code == 3
    assert bench.others_are_complete(outcome)
