"""F1 to F4: the login, and refusals that speak of the keys or of the caller's address."""

from typing import Any

import pytest

from tests.support.benches import BAD, DETAIL, FEEDS, LIST, Bench, envelope
from tests.support.tenants import FeedName

HTML = "<!DOCTYPE html><html><body>Sorry</body></html>"


@pytest.mark.parametrize("feed", FEEDS)
def test_f01_a_401_in_mid_run_renews_the_token_once_for_all_workers(
    bench: Bench, feed: FeedName
) -> None:
    bench.state.add_fault("revoke", endpoint=DETAIL[feed], nth=2)
    outcome = bench.run(feed)
    assert outcome.summary.exit_code == 0
    assert (outcome.summary.logins, bench.count("Authenticate")) == (2, 2)
    assert bench.is_complete(outcome, feed)


@pytest.mark.parametrize(
    "options",
    [{"token_life_uses": 3}, {"single_token": True, "token_life_uses": 5}],
    ids=["three uses", "one token at a time"],
)
def test_f01_tokens_that_end_again_and_again_cost_logins_and_no_case(
    bench: Bench, options: dict[str, Any]
) -> None:
    bench.state.set_options(**options)
    outcome = bench.run()
    assert outcome.summary.exit_code == 0
    assert outcome.summary.logins > 2
    assert bench.is_complete(outcome)


@pytest.mark.parametrize("feed", FEEDS)
def test_f02_a_401_always_ends_the_run_after_one_renewal_and_names_the_keys(
    bench: Bench, feed: FeedName
) -> None:
    outcome, _ = bench.disturbed(
        feed, kind="status", endpoint=LIST[feed], status=401, body="empty", count=None
    )
    assert outcome.summary.exit_code == 1
    assert outcome.summary.error is not None
    assert "check the API key and the API secret" in outcome.summary.error
    assert bench.count("Authenticate") == 2
    assert bench.count(LIST[feed]) == 2
    assert outcome.objects == []


LOGINS: dict[str, tuple[dict[str, Any], str, int]] = {
    # fault -> what is said, how often the login is asked for
    "refused with 200": (
        {
            "kind": "envelope",
            "json": envelope(success=False, errorCode="AUTH_FAILED", message="No"),
        },
        "the login failed: the API refused the request (AUTH_FAILED: No)",
        1,
    ),
    "refused with 401": (
        {"kind": "status", "status": 401},
        (
            "the login failed: POST /api/Token/Authenticate: the server answered 401; check the "
            "API key and the API secret"
        ),
        1,
    ),
    "without a token": (
        {"kind": "envelope", "json": envelope({"expires": 5})},
        "the login failed: no token in the response",
        1,
    ),
    "with a blank token": (
        {"kind": "envelope", "json": envelope({"accessToken": " "})},
        "the login failed: no token in the response",
        1,
    ),
    "500": (
        {"kind": "status", "status": 500},
        "the login failed: POST /api/Token/Authenticate: the server answered 500",
        5,
    ),
    "a page": (
        {"kind": "raw", "text": HTML, "content_type": "text/html"},
        "the login failed: POST /api/Token/Authenticate: expected JSON, got HTML",
        1,
    ),
    "no envelope": (
        {"kind": "raw", "text": "[1]"},
        "the login failed: expected an object",
        1,
    ),
}


@pytest.mark.parametrize("what", LOGINS)
@pytest.mark.parametrize("feed", FEEDS)
def test_f03_a_login_that_fails_ends_the_run_with_a_message_of_its_own(
    bench: Bench, what: str, feed: FeedName
) -> None:
    fault, told, asked = LOGINS[what]
    outcome, _ = bench.disturbed(feed, endpoint="Authenticate", count=None, **fault)
    assert outcome.summary.exit_code == 1
    assert outcome.summary.error is not None
    assert outcome.summary.error.startswith(told)
    assert (bench.count("Authenticate"), bench.count(LIST[feed])) == (asked, 0)


def test_f03_wrong_keys_are_told_by_what_the_api_says(bench: Bench) -> None:
    site = bench.site()
    site.secret = "wrong-secret-key"
    outcome = bench.run(site=site)
    assert outcome.summary.exit_code == 1
    told = "the login failed: the API refused the request (iZOO9001: Invalid API key or secret key)"
    assert str(outcome.summary.error).startswith(told)
    assert "wrong-secret-key" not in outcome.summary.as_json() + "".join(outcome.said)


@pytest.mark.parametrize("body", ["json", "html", "empty", "problem"])
@pytest.mark.parametrize("endpoint", ["Authenticate", "CaseSync"])
def test_f04_a_403_is_not_asked_again_and_speaks_of_allow_listing(
    bench: Bench, body: str, endpoint: str
) -> None:
    outcome, fault = bench.disturbed(
        kind="status", endpoint=endpoint, status=403, body=body, count=None
    )
    assert outcome.summary.exit_code == 1
    assert fault.applied == 1
    assert "egress IP address" in "".join(outcome.said)
    assert "allow-listed" in "".join(outcome.said)


def test_f04_a_403_of_one_detail_fails_that_case_alone(bench: Bench) -> None:
    outcome, fault = bench.disturbed(
        kind="status", endpoint="CaseDetail", case=BAD, status=403, body="html", count=None
    )
    assert (outcome.summary.exit_code, fault.applied) == (3, 1)
    assert outcome.heard(f"failure: case {BAD}: GET /api/ThreatManagement/CaseDetail", "403")
    assert bench.others_are_complete(outcome)
