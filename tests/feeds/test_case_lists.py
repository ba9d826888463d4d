"""The rows of the case lists, and what a case that is gone, broken or undated comes to."""

from typing import Any

import pytest

from tests.support.tenants import ASKED, CLOCK, DLR_CASE, FeedName, Outcome, Tenant, attributes

FEEDS = pytest.mark.parametrize("feed", ["incident", "dlr"])
DETAILS = {"incident": "CaseDetail", "dlr": "DLRDetail"}


def put(tenant: Tenant, feed: FeedName, case_id: str, updated: int = CLOCK - 3600) -> None:
    """Add a case of a feed that makes one object, whose Brand is its id."""
    if feed == "incident":
        tenant.state.put_case(case_id, {"brand": case_id}, updated)
    else:
        row = {"email": f"{case_id}@example.com"}
        detail = {"caseId": case_id, "brand": case_id, "dataLossRecoveryDetail": [row]}
        tenant.state.put_dlr(case_id, detail, updated)


def brands(outcome: Outcome) -> list[str]:
    """Return the ids of the cases that made objects, sorted."""
    return sorted(brand for one in outcome.objects for brand in attributes(one).get("Brand", []))


@FEEDS
def test_rows_outside_the_asked_range_are_left_out_and_both_bounds_are_inside(
    tenant: Tenant, feed: FeedName
) -> None:
    tenant.state.set_options(window="open-ended")
    for case_id, updated in (
        ("before", ASKED.asked.since - 1),
        ("first", ASKED.asked.since),
        ("last", ASKED.asked.until),
        ("after", ASKED.asked.until + 1),
    ):
        put(tenant, feed, case_id, updated)
    tenant.state.set_clock(CLOCK + 3600)
    outcome = tenant.sync(feed)
    assert brands(outcome) == ["first", "last"]
    assert outcome.summary.listed == 2


@FEEDS
def test_a_case_that_is_gone_is_skipped_with_a_warning(tenant: Tenant, feed: FeedName) -> None:
    for case_id in ("gone", "here"):
        put(tenant, feed, case_id)
    tenant.state.remove_case("gone", listed=True)
    tenant.state.remove_dlr("gone", listed=True)
    outcome = tenant.sync(feed)
    summary = outcome.summary
    assert brands(outcome) == ["here"]
    assert (summary.listed, summary.detailed, summary.skipped, summary.failed) == (2, 1, 1, 0)
    assert len(outcome.heard("warning:", "case gone:")) == 1
    assert (summary.outcome, summary.exit_code) == ("complete", 0)


@FEEDS
@pytest.mark.parametrize(
    "envelope",
    [
        {"success": False, "errorCode": "izoo2011", "message": "No data", "result": None},
        {"success": True, "result": None},
        {"success": True, "result": []},
        {"success": True, "result": {}},
        {"success": True},
        {"success": "true", "result": None, "errorCode": ""},
    ],
    ids=repr,
)
def test_every_form_of_no_data_is_a_case_that_is_gone(
    tenant: Tenant, feed: FeedName, envelope: dict[str, Any]
) -> None:
    put(tenant, feed, "case1")
    tenant.state.add_fault("envelope", endpoint=DETAILS[feed], json=envelope)
    outcome = tenant.sync(feed)
    assert outcome.objects == []
    assert (outcome.summary.skipped, outcome.summary.outcome) == (1, "complete")


@FEEDS
@pytest.mark.parametrize(
    "envelope",
    [
        {"success": False, "errorCode": "iZOO4001", "message": "Invalid"},
        {"success": True, "result": "text"},
        {"success": True, "result": [{}, {}]},
        {"success": True, "result": {"caseFiles": "x", "dataLossRecoveryDetail": "x"}},
        {"success": True, "result": {"caseFiles": [7], "dataLossRecoveryDetail": [7]}},
        {"success": 1, "result": {}},
        {"rows": []},
        [],
    ],
    ids=repr,
)
def test_a_malformed_detail_is_a_failed_case_and_the_others_go_on(
    tenant: Tenant, feed: FeedName, envelope: Any
) -> None:
    for case_id in ("case1", "case2", "case3"):
        put(tenant, feed, case_id)
    tenant.state.add_fault("envelope", endpoint=DETAILS[feed], case="case2", json=envelope)
    outcome = tenant.sync(feed)
    summary = outcome.summary
    assert brands(outcome) == ["case1", "case3"]
    assert (summary.listed, summary.detailed, summary.skipped, summary.failed) == (3, 2, 0, 1)
    assert len(outcome.heard("failure:", "case case2:")) == 1
    assert (summary.outcome, summary.exit_code) == ("partial", 3)


@pytest.mark.parametrize(
    ("feed", "ids"),
    [
        ("incident", {"caseId": "other"}),
        ("incident", {"CASEID": "CASE1"}),
        ("incident", {"caseId": 7}),
        ("incident", {"caseId": {"id": "case1"}}),
        ("dlr", {"caseId": "other", "trackingID": None}),
        ("dlr", {"caseId": "other", "trackingID": "other"}),
        ("dlr", {"caseId": None, "trackingId": "other"}),
        ("dlr", {"caseId": ["case1"], "trackingId": " "}),
    ],
    ids=repr,
)
def test_details_of_another_case_are_a_failed_case_that_names_the_parameter(
    tenant: Tenant, feed: FeedName, ids: dict[str, Any]
) -> None:
    for case_id in ("case1", "case2"):
        put(tenant, feed, case_id)
    parameter = "caseid" if feed == "incident" else "trackingid"
    tenant.state.add_fault("fields", endpoint=DETAILS[feed], case="case1", put=ids)
    outcome = tenant.sync(feed)
    assert brands(outcome) == ["case2"]
    assert outcome.heard("failure:", "case case1:", "of another case", f"parameter {parameter} ")
    assert (outcome.summary.failed, outcome.summary.exit_code) == (1, 3)


@pytest.mark.parametrize(
    ("feed", "ids"),
    [
        ("incident", {"caseId": " DLR#x1 "}),
        ("incident", {"caseId": None}),
        ("dlr", {"caseId": " DLR#x1\n", "trackingID": "other"}),
        ("dlr", {"caseId": "dlr#x1"}),
        ("dlr", {"caseId": "x1"}),
        ("dlr", {"caseId": "other", "trackingId": "x1"}),
        ("dlr", {"caseId": None, "trackingID": None}),
    ],
    ids=repr,
)
def test_details_that_say_the_case_in_any_form_or_not_at_all_are_of_the_case(
    tenant: Tenant, feed: FeedName, ids: dict[str, Any]
) -> None:
    put(tenant, feed, "DLR#x1")
    tenant.state.add_fault("fields", endpoint=DETAILS[feed], put=ids)
    outcome = tenant.sync(feed)
    assert brands(outcome) == ["DLR#x1"]
    assert (outcome.summary.outcome, outcome.said) == ("complete", [])


@FEEDS
def test_a_page_of_html_instead_of_a_detail_is_a_failed_case(
    tenant: Tenant, feed: FeedName
) -> None:
    for case_id in ("case1", "case2"):
        put(tenant, feed, case_id)
    tenant.state.add_fault(
        "raw",
        endpoint=DETAILS[feed],
        case="case1",
        count=None,
        text="<html><body>Sign in</body></html>",
        content_type="text/html",
    )
    outcome = tenant.sync(feed)
    assert brands(outcome) == ["case2"]
    assert outcome.heard("failure:", "case case1:", DETAILS[feed])
    assert outcome.summary.exit_code == 3


@FEEDS
@pytest.mark.parametrize(
    "row",
    [
        {"updatedAt": "1755250000"},
        {"caseId": None, "updatedAt": "1755250000"},
        {"caseId": " ", "modifiedDate": "1755250000"},
        {"caseId": {"id": "case1"}},
        "case1",
        None,
        7,
    ],
    ids=repr,
)
def test_a_list_row_without_an_id_is_a_failed_row_and_the_others_go_on(
    tenant: Tenant, feed: FeedName, row: Any
) -> None:
    put(tenant, feed, "case2")
    tenant.list_rows(feed, [row, {"caseId": "case2", "updatedAt": "1755250000"}])
    outcome = tenant.sync(feed)
    summary = outcome.summary
    assert brands(outcome) == ["case2"]
    assert (summary.listed, summary.detailed, summary.failed) == (2, 1, 1)
    assert len(outcome.heard("failure:", "row of the list")) == 1
    assert (summary.outcome, summary.exit_code) == ("partial", 3)


@FEEDS
def test_rows_without_an_id_are_one_failed_row_of_their_list(
    tenant: Tenant, feed: FeedName
) -> None:
    put(tenant, feed, "case1")
    # whatever their dates: the newest of them may lie outside of the range
    odd = [{}, None, {"updatedAt": "1755250000"}, {"updatedAt": str(CLOCK + 60)}, {"updatedAt": 5}]
    tenant.list_rows(feed, [*odd, {"caseId": "case1"}])
    outcome = tenant.sync(feed)
    assert brands(outcome) == ["case1"]
    assert (outcome.summary.listed, outcome.summary.failed) == (2, 1)


@FEEDS
@pytest.mark.parametrize(
    ("written", "case_id"),
    [
        (12345, "12345"),
        (6.0, "6"),
        (1.5, "1.5"),
        (True, "True"),
        (["case1"], "['case1']"),
        (" caSe A+/&%# \t", "caSe A+/&%#"),
        ("null and void", "null and void"),
    ],
    ids=repr,
)
def test_a_case_id_is_read_as_text_and_trimmed_once_at_the_list(
    tenant: Tenant, feed: FeedName, written: Any, case_id: str
) -> None:
    put(tenant, feed, case_id)
    tenant.list_rows(feed, [{"caseId": written, "updatedAt": str(CLOCK)}])
    outcome = tenant.sync(feed)
    (one,) = outcome.objects
    assert attributes(one)["Case ID"] == [case_id]
    assert one["value"] == (case_id if feed == "incident" else f"{case_id}@example.com")
    assert (outcome.summary.outcome, outcome.said) == ("complete", [])


@FEEDS
@pytest.mark.parametrize("written", [None, "", "0", "soon"], ids=repr)
def test_a_row_without_a_readable_date_is_processed(
    tenant: Tenant, feed: FeedName, written: Any
) -> None:
    put(tenant, feed, "case1")
    tenant.list_rows(feed, [{"caseId": "case1", "updatedAt": written, "modifiedDate": written}])
    outcome = tenant.sync(feed)
    assert brands(outcome) == ["case1"]
    assert outcome.summary.outcome == "complete"


@FEEDS
@pytest.mark.parametrize("name", ["updatedAt", "modifiedDate", "updatedOn", "UPDATEDAT"])
def test_the_date_of_a_row_is_read_under_each_of_its_names(
    tenant: Tenant, feed: FeedName, name: str
) -> None:
    put(tenant, feed, "case1")
    put(tenant, feed, "case2")
    rows = [
        {"caseId": "case1", name: str(ASKED.asked.since - 1)},
        {"caseId": "case2", name: str(CLOCK)},
    ]
    tenant.list_rows(feed, rows)
    assert brands(tenant.sync(feed)) == ["case2"]


@FEEDS
def test_a_case_that_is_listed_several_times_is_done_once(tenant: Tenant, feed: FeedName) -> None:
    put(tenant, feed, "case1")
    rows = [{"caseId": "case1", "updatedAt": at} for at in ("1755250000", None, "1755240000")]
    tenant.list_rows(feed, [*rows, {"caseId": " case1 ", "updatedAt": "1755230000"}])
    outcome = tenant.sync(feed)
    assert brands(outcome) == ["case1"]
    assert outcome.summary.listed == 1
    assert tenant.asked_endpoints.count(DETAILS[feed]) == 1


@FEEDS
def test_an_empty_list_is_a_complete_run_without_objects(tenant: Tenant, feed: FeedName) -> None:
    outcome = tenant.sync(feed)
    assert outcome.text == '{"objects": []}\n'
    assert (outcome.summary.listed, outcome.summary.outcome) == (0, "complete")


@FEEDS
def test_a_list_of_one_may_come_without_its_brackets(tenant: Tenant, feed: FeedName) -> None:
    put(tenant, feed, "case1")
    row = {"caseId": "case1", "updatedAt": str(CLOCK)}
    endpoint = "CaseSync" if feed == "incident" else "DLRSyncedCases"
    tenant.state.add_fault("envelope", endpoint=endpoint, json={"result": row})
    assert brands(tenant.sync(feed)) == ["case1"]


@pytest.mark.parametrize("order", ["asc", "desc", "shuffled"])
def test_cases_are_committed_by_update_and_id_so_that_the_latest_description_stays(
    tenant: Tenant, order: str
) -> None:
    tenant.state.set_options(list_order=order)
    for case_id, updated, described in (
        ("DLR#b", 2000, "by b"),
        ("DLR#c", 1000, "by c"),
        ("DLR#a", 2000, "by a"),
        ("DLR#d", 3000, None),
    ):
        row = {"email": "user@example.com"}
        detail = {"caseId": case_id, "description": described, "dataLossRecoveryDetail": [row]}
        tenant.state.put_dlr(case_id, detail, ASKED.asked.since + updated)
    account = tenant.sync("dlr").one("account")
    assert account["description"] == "by b"
    assert attributes(account)["Case ID"] == ["DLR#a", "DLR#b", "DLR#c", "DLR#d"]


@pytest.mark.parametrize("form", ["DLR#caSe0001", "dlr#caSe0001"])
def test_a_dlr_detail_is_asked_for_by_the_case_id_without_its_prefix(
    tenant: Tenant, form: str
) -> None:
    put(tenant, "dlr", DLR_CASE)
    tenant.list_rows("dlr", [{"caseId": form, "modifiedDate": str(CLOCK)}])
    assert brands(tenant.sync("dlr")) == [DLR_CASE]


def test_a_dlr_detail_is_asked_for_by_the_tracking_id_where_the_list_has_one(
    tenant: Tenant,
) -> None:
    detail = {"trackingID": "TRK1", "brand": "b", "dataLossRecoveryDetail": {"email": "a"}}
    tenant.state.put_dlr("case1", detail)
    rows = [{"caseId": "other", "trackingID": "TRK1", "modifiedDate": str(CLOCK)}]
    tenant.list_rows("dlr", rows)
    account = tenant.sync("dlr").one("account")
    # the detail does not repeat its case id, so the list's stands in
    assert attributes(account)["Case ID"] == ["other"]
