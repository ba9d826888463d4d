"""F9 to F14: answers that come late, in pieces, from elsewhere, or not at all."""

import datetime as dt
import email.utils
import itertools
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from izoologic_cdf.emulator import Emulator
from izoologic_cdf.runtime.http import Limits
from tests.support.benches import BAD, BAD_CASE, DETAIL, FEEDS, HASTY, Bench
from tests.support.clocks import FakeClock
from tests.support.tenants import CLOCK, FeedName

PAGE = "<!DOCTYPE html><html><body>Log in</body></html>"
DETAIL_PATH = "GET /api/ThreatManagement/CaseDetail"
# one limit each, so that a machine with other work cannot come to the other first
ONE_READ, ALL_READS = HASTY._replace(whole=30), HASTY._replace(read=30)


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """Let the runs of a test sleep by this clock."""
    watch = FakeClock(CLOCK, stopped=True)
    monkeypatch.setattr("tests.support.sites.FakeClock", lambda *_, **__: watch)
    return watch


IN_90_SECONDS = email.utils.format_datetime(
    dt.datetime.fromtimestamp(CLOCK + 90, dt.UTC), usegmt=True
)


@pytest.mark.parametrize(
    ("retry_after", "waited"),
    [("7", 7), (IN_90_SECONDS, 90), ("99999", 120), ("0", 0)],
    ids=["seconds", "date", "too long", "none"],
)
@pytest.mark.parametrize("feed", FEEDS)
def test_f09_a_429_is_waited_for_as_long_as_the_server_says_and_no_longer_than_two_minutes(
    bench: Bench, watch: FakeClock, feed: FeedName, retry_after: str, waited: float
) -> None:
    outcome, _ = bench.disturbed(
        feed, kind="status", endpoint=DETAIL[feed], nth=2, status=429, retry_after=retry_after
    )
    assert watch.slept == [waited]
    assert (outcome.summary.exit_code, outcome.summary.retries) == (0, 1)
    assert bench.is_complete(outcome, feed)


def test_f09_a_429_without_a_time_is_waited_for_ever_longer(bench: Bench, watch: FakeClock) -> None:
    outcome, fault = bench.disturbed(
        kind="status", endpoint="CaseDetail", case=BAD, status=429, count=None
    )
    assert fault.applied == 5
    assert [round(seconds) for seconds in watch.slept] == [1, 2, 4, 8]
    assert any(seconds % 1 for seconds in watch.slept)
    assert outcome.heard(f"failure: case {BAD}: {DETAIL_PATH}: the server answered 429")
    assert outcome.summary.exit_code == 3
    assert bench.others_are_complete(outcome)


@pytest.mark.parametrize("status", [408, 425, 500, 502, 503, 504])
@pytest.mark.parametrize("feed", FEEDS)
def test_f10_a_failing_server_is_asked_again(bench: Bench, feed: FeedName, status: int) -> None:
    outcome, fault = bench.disturbed(
        feed, kind="status", endpoint=DETAIL[feed], status=status, body="html", count=4
    )
    assert fault.applied == outcome.summary.retries == 4
    assert outcome.summary.exit_code == 0
    assert bench.is_complete(outcome, feed)


@pytest.mark.parametrize("status", [408, 500, 503])
@pytest.mark.parametrize("feed", FEEDS)
def test_f10_a_case_that_the_server_never_gives_fails_alone(
    bench: Bench, feed: FeedName, status: int
) -> None:
    case = BAD_CASE[feed]
    outcome, fault = bench.disturbed(
        feed, kind="status", endpoint=DETAIL[feed], case=case, status=status, count=None
    )
    assert (outcome.summary.exit_code, fault.applied) == (3, 5)
    assert outcome.heard(f"failure: case {case}: ", f"the server answered {status}")
    assert bench.others_are_complete(outcome, feed)


def test_f10_a_list_that_is_never_given_is_a_hole(bench: Bench) -> None:
    outcome, fault = bench.disturbed(kind="status", endpoint="CaseSync", status=502, count=None)
    assert (outcome.summary.exit_code, fault.applied) == (1, 5)
    assert outcome.heard("failure: nothing was read for")


@pytest.mark.parametrize(
    ("kind", "parameters", "limits", "told"),
    [
        ("delay", {"seconds": 0.6}, ONE_READ, "no answer within 0.3 s"),
        ("hang", {}, ONE_READ, "no answer within 0.3 s"),
        ("hang", {"after": 10}, ONE_READ, "no answer within 0.3 s"),
        ("trickle", {"seconds": 0.1}, ALL_READS, "not all within 0.6 s"),
    ],
    ids=["slow first byte", "hang", "hang in the body", "slow trickle"],
)
def test_f11_a_slow_answer_is_given_up_and_fails_its_case_alone(
    bench: Bench, kind: str, parameters: dict[str, Any], limits: Limits, told: str
) -> None:
    outcome, fault = bench.disturbed(
        kind=kind, endpoint="CaseDetail", case=BAD, count=None, limits=limits, **parameters
    )
    assert fault.applied == HASTY.attempts
    assert outcome.heard(f"failure: case {BAD}: {DETAIL_PATH}: {told}")
    assert outcome.summary.exit_code == 3
    assert bench.others_are_complete(outcome)


@pytest.mark.parametrize("kind", ["delay", "hang"])
def test_f11_an_answer_that_is_slow_once_costs_nothing(bench: Bench, kind: str) -> None:
    parameters: dict[str, Any] = {"seconds": 0.6} if kind == "delay" else {}
    outcome, _ = bench.disturbed(
        kind=kind, endpoint="CaseDetail", case=BAD, limits=HASTY, **parameters
    )
    assert (outcome.summary.exit_code, outcome.summary.retries) == (0, 1)
    assert bench.is_complete(outcome)


def test_f12_a_refused_connection_ends_as_failed_after_some_attempts(bench: Bench) -> None:
    site = bench.site()
    with Emulator(bench.state.scenario) as gone:
        url = gone.url
    site.url = url
    outcome = bench.run(site=site)
    assert (outcome.summary.exit_code, outcome.summary.retries) == (1, 4)
    assert outcome.summary.error == (
        "the login failed: POST /api/Token/Authenticate: the connection failed (Connection refused)"
    )


@pytest.mark.parametrize("after", [None, 0, 20])
@pytest.mark.parametrize("feed", FEEDS)
def test_f12_a_connection_that_breaks_off_is_made_again(
    bench: Bench, feed: FeedName, after: int | None
) -> None:
    outcome, _ = bench.disturbed(feed, kind="reset", endpoint=DETAIL[feed], after=after, count=2)
    assert (outcome.summary.exit_code, outcome.summary.retries) == (0, 2)
    assert bench.is_complete(outcome, feed)


def test_f12_a_connection_that_always_breaks_off_fails_its_case_alone(bench: Bench) -> None:
    outcome, fault = bench.disturbed(
        kind="reset", endpoint="CaseDetail", case=BAD, after=5, count=None
    )
    assert (outcome.summary.exit_code, fault.applied) == (3, 5)
    assert outcome.heard(f"failure: case {BAD}: {DETAIL_PATH}: the connection failed")
    assert bench.others_are_complete(outcome)


def test_f12_a_certificate_that_cannot_be_trusted_is_not_asked_again(bench: Bench) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Emulator(bench.state.scenario, ssl_context=context) as secure:
        site = bench.site()
        site.url = secure.url
        outcome = bench.run(site=site)
    assert (outcome.summary.exit_code, outcome.summary.retries) == (1, 0)
    assert "comes from an unknown authority" in str(outcome.summary.error)


@pytest.mark.parametrize(
    ("kind", "parameters", "told"),
    [
        ("truncate", {"keep": 0.5}, "truncated JSON"),
        ("raw", {"text": ""}, "expected JSON, got an empty body"),
        ("raw", {"text": "sorry"}, "invalid JSON"),
        ("length", {"extra": 5}, "the connection failed"),
    ],
    ids=["truncated", "empty", "no JSON", "length"],
)
@pytest.mark.parametrize("feed", FEEDS)
def test_f13_a_body_that_is_cut_is_asked_for_again_and_then_fails_its_case_alone(
    bench: Bench, feed: FeedName, kind: str, parameters: dict[str, Any], told: str
) -> None:
    case = BAD_CASE[feed]
    outcome, fault = bench.disturbed(
        feed, kind=kind, endpoint=DETAIL[feed], case=case, count=None, **parameters
    )
    assert fault.applied in (3, 5)
    assert outcome.heard(f"failure: case {case}: GET /api/ThreatManagement/{DETAIL[feed]}: {told}")
    assert outcome.summary.exit_code == 3
    assert bench.others_are_complete(outcome, feed)


@pytest.mark.parametrize("kind", ["truncate", "length"])
@pytest.mark.parametrize("endpoint", ["Authenticate", "CaseSync", "FetchCaseCommunications"])
def test_f13_a_body_that_is_cut_once_costs_nothing(bench: Bench, kind: str, endpoint: str) -> None:
    outcome, _ = bench.disturbed(kind=kind, endpoint=endpoint)
    assert (outcome.summary.exit_code, outcome.summary.retries) == (0, 1)
    assert bench.is_complete(outcome)


@pytest.mark.parametrize("content_type", ["text/html", "application/json"])
@pytest.mark.parametrize("endpoint", ["CaseDetail", "FetchCaseCommunications"])
def test_f14_a_page_with_200_is_seen_by_its_first_byte_and_fails_its_case_alone(
    bench: Bench, endpoint: str, content_type: str
) -> None:
    outcome, fault = bench.disturbed(
        kind="raw", endpoint=endpoint, case=BAD, text=f"\r\n {PAGE}", content_type=content_type
    )
    assert outcome.heard(f"failure: case {BAD}: GET /api/", endpoint, "expected JSON, got HTML")
    assert (outcome.summary.exit_code, fault.applied) == (3, 1)
    assert bench.others_are_complete(outcome)


@pytest.fixture
def elsewhere() -> Iterator[tuple[str, list[str]]]:
    """A login page on another port, and the Authorization headers that it gets."""
    seen: list[str] = []

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(str(self.headers.get("Authorization")))
            self.send_response(200)
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - the name of http.server

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/login?back=x", seen
        server.shutdown()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("endpoint", ["Authenticate", "CaseSync", "CaseDetail", "DownloadCaseFile"])
def test_f14_no_redirect_is_followed_and_its_target_is_named(
    bench: Bench, elsewhere: tuple[str, list[str]], endpoint: str, status: int
) -> None:
    url, seen = elsewhere
    outcome, _ = bench.disturbed(
        kind="redirect", endpoint=endpoint, location=url, status=status, count=None
    )
    assert outcome.heard(f"redirects to {url.partition('?')[0]}, and redirects are not followed")
    assert outcome.summary.exit_code == (1 if endpoint in ("Authenticate", "CaseSync") else 3)
    assert seen == []


def test_f14_a_login_page_behind_a_redirect_of_one_case_fails_that_case_alone(
    bench: Bench, elsewhere: tuple[str, list[str]]
) -> None:
    outcome, fault = bench.disturbed(
        kind="redirect", endpoint="CaseDetail", case=BAD, location=elsewhere[0], count=None
    )
    assert (outcome.summary.exit_code, fault.applied) == (3, 1)
    assert bench.others_are_complete(outcome)


def test_f14_a_page_with_5xx_is_asked_again(bench: Bench) -> None:
    outcome, _ = bench.disturbed(kind="status", endpoint="CaseDetail", status=502, body="html")
    assert (outcome.summary.exit_code, outcome.summary.retries) == (0, 1)
    assert bench.is_complete(outcome)


def test_f09_a_budget_of_requests_is_kept(bench: Bench, watch: FakeClock) -> None:
    # waiting takes no time here, so that each request waits longer than the one before; what the
    # requests themselves take is little beside that on any machine
    outcome = bench.run(limits=Limits(requests_per_second=0.01))
    assert len(watch.slept) == outcome.summary.requests - 1 > 10
    waited = sorted(watch.slept)
    gaps = [later - before for before, later in itertools.pairwise(waited)]
    assert all(90 < gap < 110 for gap in gaps)


def test_f12_what_was_spooled_is_gone_after_a_run_that_broke_off(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    bench.state.add_file(BAD, {"originalFilename": "large.bin"}, bytes(200_000))
    bench.state.add_fault("reset", endpoint="DownloadCaseFile", case=BAD, after=150_000, count=None)
    bench.state.add_fault("status", endpoint="CaseDetail", case="caSe00003", status=401, count=None)
    bench.run()
    assert not list(tmp_path.glob("izoologic-cdf-*"))
