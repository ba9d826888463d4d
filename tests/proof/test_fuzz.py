"""Whatever a server, a file or a person writes, there is a summary or a clear error.

PROOF_EXAMPLES=N takes N times as many examples, and others each time.
"""

import contextlib
import json
import os
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
import requests
import responses
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from izoologic_cdf import content
from izoologic_cdf.cli import configuration
from izoologic_cdf.language.load import load
from izoologic_cdf.language.positions import DefinitionError
from izoologic_cdf.language.pyfilters import PythonFilters, refusal
from izoologic_cdf.library.export import export
from izoologic_cdf.library.store import Library
from izoologic_cdf.runtime import plan
from izoologic_cdf.runtime.run import FeedRun, Settings
from izoologic_cdf.runtime.summary import Summary
from izoologic_cdf.runtime.windows import DAY
from tests.support.clocks import FakeClock
from tests.support.progress import RecordingProgress
from tests.support.tenants import CLOCK, FeedName, definition, new_library

FILTERS = PythonFilters(content.folder("filters"))
HOST = "https://api.example.com"
_ANY = re.compile(re.escape(HOST))
_PATH = re.compile(
    _ANY.pattern + r"(?:/api)?/(?:Token/(?=Auth)|ThreatManagement/(?!Auth))(\w+)(?:\?.*)?"
)
ACTIONS: dict[FeedName, tuple[str, ...]] = {
    "incident": (
        "CaseSync",
        "CaseDetail",
        "FetchCaseCommunications",
        "DownloadCaseFile",
        "Authenticate",
    ),
    "dlr": ("DLRSyncedCases", "DLRDetail", "Authenticate"),
}
# names that the feeds look at, so that arbitrary data is not just passed over
# fmt: off
NAMES = [
    "result", "success", "message", "errorCode", "accessToken", "caseId", "caseID", "CaseId",
    "updatedAt", "modifiedDate", "updatedOn", "trackingID", "url", "statusDescription",
    "incidentStatusLogs", "incidentStatusDescription", "ipAddress", "addedDate", "detectionDate",
    "caseFiles", "originalFilename", "dateUploaded", "fileToken", "caseType", "caseDescription",
    "detectedBy", "description", "createdOn", "subject", "postedBy", "brand", "email", "userName",
    "password", "postedDate", "isExecutiveAccount", "dataLossRecoveryDetail",
    "dataLossRecoveryPrimaryDetail", "threatActorDetail",
]
# fmt: on
TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ("", " ", "null", "iZOO2011", "true", "1755000000", "-1", "99999999999999", "0001-01-01")
    ),
    st.sampled_from(
        ("2024-01-15T10:30:00Z", "192.0.2.1, ::1", "../../x", "\ud800", "a\x00b", "DLR#")
    )
    | st.datetimes().map(str),
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**40), 10**40),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXTS,
)
JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), inner, max_size=6)
    ),
    max_leaves=15,
)
ENVELOPES = st.builds(
    lambda result, rest: {"result": result, "success": True, **rest},
    JSON,
    st.dictionaries(st.sampled_from(("success", "message", "errorCode")), SCALARS, max_size=2),
)
BODIES = st.one_of(
    st.binary(max_size=60),
    JSON.map(lambda value: json.dumps(value).encode()),
    ENVELOPES.map(lambda value: json.dumps(value).encode()),
    st.sampled_from(
        (b"[" * 100_000, b"<html>", b"\xff\xfe", b"{", b"NaN", b"1e999999", b"-" + b"9" * 5000)
    ),
)
TYPES = st.sampled_from(("application/json", "text/html", "", "application/octet-stream", "\x7f"))
STATUS = st.sampled_from(
    (200, 200, 200, 200, 201, 204, 302, 400, 401, 403, 404, 418, 429, 500, 599)
)

good = {
    "Authenticate": {"accessToken": "bearer-of-the-test"},
    "CaseSync": [{"caseId": "caSe00001", "updatedAt": str(CLOCK - 60)}],
    "CaseDetail": {
        "url": "https://example.com",
        "caseFiles": [{"originalFilename": "a", "fileToken": "t"}],
    },
    "FetchCaseCommunications": [{"createdOn": str(CLOCK - 60), "subject": "S", "message": "M"}],
    "DownloadCaseFile": "file",
    "DLRSyncedCases": [{"caseId": "DLR#leaK00001", "modifiedDate": str(CLOCK - 60)}],
    "DLRDetail": {
        "caseId": "DLR#leaK00001",
        "dataLossRecoveryDetail": [{"email": "a@example.org"}],
    },
}
TIMES = int(os.environ.get("PROOF_EXAMPLES", "1"))
FUZZED = settings(
    max_examples=60 * TIMES,
    deadline=None,
    derandomize=TIMES == 1,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(autouse=True)
def one_folder_for_all_examples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(
    feed: FeedName, broken: str = "", status: int = 200, content_type: str = "", body: bytes = b""
) -> Summary:
    """Run a feed against a server one of whose endpoints answers so."""
    loaded = definition(feed)
    (primary,) = loaded.primary_feeds
    values: dict[str, Any] = {field.name: field.default for field in primary.user_fields}
    values |= {"api_host": HOST, "api_key": "key-of-the-test", "api_secret": "secret-of-the-test"}
    heard = RecordingProgress()
    answers: dict[str, tuple[int, str, str | bytes]] = {
        action: (200, "application/json", json.dumps({"result": good[action], "success": True}))
        for action in ACTIONS[feed]
    }
    if broken:
        answers[broken] = (status, content_type, body)

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str | bytes]:
        found = _PATH.fullmatch(request.url or "")
        if found is None or found[1] not in answers:
            raise requests.ConnectionError(f"nothing answers at {request.url}")
        status, content_type, body = answers[found[1]]
        return status, {"Content-Type": content_type}, body

    with (
        responses.RequestsMock(assert_all_requests_are_fired=False) as server,
        Library.create(new_library(Path("library.sqlite"))) as library,
    ):
        # each request is compared with everything that is registered, which takes most of the time
        for method in ("GET", "POST"):
            server.add_callback(method, _ANY, callback=answer, content_type=None)
        asked = plan.whole(CLOCK - DAY, CLOCK)
        done = Settings(in_flight=1, clock=FakeClock(CLOCK, stopped=True))
        summary = FeedRun(loaded, primary, values, asked, library, heard, done).run()
        assert summary.outcome in ("complete", "partial", "failed")
        assert summary.as_text()
        assert json.loads(summary.as_json())["outcome"] == summary.outcome
        assert json.loads("".join(export(library)))
        if summary.outcome != "complete":
            assert heard.said or summary.error
    return summary


@pytest.mark.parametrize(("feed", "objects"), [("incident", 3), ("dlr", 1)])
def test_the_answers_that_are_not_fuzzed_are_good(feed: FeedName, objects: int) -> None:
    summary = run(feed)
    assert summary.outcome == "complete"
    assert sum(one.objects.created for one in summary.ingested.counts.values()) == objects


@pytest.mark.parametrize(
    ("feed", "action"), [(feed, action) for feed, actions in ACTIONS.items() for action in actions]
)
def test_any_answer_of_an_endpoint_ends_in_a_summary(feed: FeedName, action: str) -> None:
    @FUZZED
    @given(STATUS, TYPES, BODIES)
    def answered(status: int, content_type: str, body: bytes) -> None:
        run(feed, action, status, content_type, body)

    answered()


# --- filters -----------------------------------------------------------------------------------

# what these take is made by our own steps; all others are given what the API wrote
INSIDE = {"dates.remarks", "notes.merged", "rows.with_parent"}


def test_the_filters_that_take_what_our_steps_make_are_there() -> None:
    assert set(FILTERS.known()) >= INSIDE


@pytest.mark.parametrize("name", sorted(set(FILTERS.known()) - INSIDE))
def test_a_filter_takes_any_value_or_refuses_it_with_a_sentence(name: str) -> None:
    function = FILTERS.find(name)
    any_value = JSON | st.floats() | st.binary(max_size=5)

    @settings(FUZZED, max_examples=100 * TIMES)
    @given(st.lists(any_value, max_size=4) if name == "rows.cases" else any_value)
    def filtered(value: Any) -> None:
        said: str | None = "a result"
        try:
            function(value)
        except ValueError as error:
            said = refusal(error)
        assert said

    filtered()


# --- definitions and configuration --------------------------------------------------------------

AUTHORED = (content.folder("feeds") / "izoologic_sync_cases.yaml").read_text()


def mutations(text: str) -> st.SearchStrategy[str]:
    """Change a text at one to three places: cut, doubled, or with something else in it."""

    def change(text: str, places: list[tuple[float, int, str]]) -> str:
        for share, length, put in places:
            at = int(share * len(text))
            text = text[:at] + put + text[at + length :]
        return text

    signs = st.sampled_from(
        ("!expr ", "!tmpl ", "!json", "{{", "{%", "*since", "&a", "<<: ", ": ", "- ", "[", "]", "{")
    )
    place = st.tuples(st.floats(0, 1), st.integers(0, 40), signs | st.text(max_size=6))
    return st.lists(place, min_size=1, max_size=3).map(lambda places: change(text, places))


def loaded(text: str) -> None:
    """Load a text as a definition; the only error there may be is the loader's."""
    path = Path("feeds/feed.yaml")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with contextlib.suppress(DefinitionError):
        load(path, content.folder("filters"))


@FUZZED
@given(st.text() | st.from_regex(r"(feeds|version|[a-z]{1,3}): [!&*{}\[\]a-z:\n -]{0,40}"))
def test_any_text_is_a_definition_or_a_finding(text: str) -> None:
    loaded(text)


@FUZZED
@given(JSON)
def test_any_yaml_is_a_definition_or_a_finding(value: Any) -> None:
    loaded(yaml.safe_dump({"version": "1.0.0", "feeds": {"Feed": value}}, allow_unicode=False))


@settings(FUZZED, max_examples=80 * TIMES)
@given(mutations(AUTHORED))
def test_a_changed_definition_is_one_or_a_finding(text: str) -> None:
    loaded(text)


@settings(FUZZED, max_examples=150 * TIMES)
@given(
    st.binary(max_size=60)
    | st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass"))
    | mutations("api_host: api.example.com\napi_key: 'x'\nverify_ssl: yes\n").map(
        lambda text: text.encode("utf-8", "surrogatepass")
    )
)
def test_any_file_is_a_configuration_or_an_error(raw: bytes) -> None:
    fields = definition("incident").primary_feeds[0].user_fields
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "config.yaml"
        path.write_bytes(raw)
        with contextlib.suppress(configuration.ConfigurationError):
            values = configuration.read_file(path)
            configuration.resolve(fields, frozenset(), [("file", values)])
