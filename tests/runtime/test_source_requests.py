"""Sources: what is asked, what of an answer is an error, and where a 404 leads."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from izoologic_cdf.errors import ItemError, Position, RunError
from izoologic_cdf.language import model
from izoologic_cdf.language.expressions import Missing
from izoologic_cdf.language.nodes import Document
from izoologic_cdf.language.pyfilters import PythonFilters
from izoologic_cdf.language.schema import Scope, read
from izoologic_cdf.runtime.failures import HttpError
from izoologic_cdf.runtime.http import Limits, Transport
from izoologic_cdf.runtime.redactor import Redactor
from izoologic_cdf.runtime.source_client import FirstPage, SourceClient
from tests.support.clocks import FakeClock
from tests.support.loopback import Answer, Asked, Loopback

NAMES: dict[str, Any] = {"user_fields": {"key": "k", "on": True, "off": False}}


def feed_of(**changes: Any) -> model.Feed:
    empty = model.Feed(
        name="Feed", position=Position("feed.yaml", 1, 1), feed_type="primary", category=None,
        namespace=None, default_indicator_status=None, timestamp_format="%s", user_fields=(),
        updatable=frozenset(), source=None, filters=(), report=None,
    )  # fmt: skip
    return replace(empty, **changes)


class Asker:
    """Asks sources that are written as YAML; `host` is a name in them."""

    def __init__(self, server: Loopback, first_page: FirstPage = FirstPage.WITHOUT) -> None:
        self.server = server
        self.warnings: list[str] = []
        self.redactor = Redactor()
        self.transport = Transport(FakeClock(), Limits(attempts=1))
        self.sources = SourceClient(self.transport, self.redactor, self.warnings.append, first_page)

    def ask(self, http: str, **names: Any) -> list[Any]:
        given = {**NAMES, "host": self.server.url, **names}
        document = Document("feed.yaml", f"http: {{{http}}}")
        python = PythonFilters(Path("filters-that-are-not-there"))
        scope = Scope(document, frozenset(given), Missing.NULL, python)
        source = read(model.Source, scope, document.root).http
        return [getattr(body, "parsed", body) for body in self.sources.ask(source, given)]

    def ask_twice(self, http: str, constant: str, **second: Any) -> list[str]:
        """Ask one source twice, under other names the second time; return what was sent."""
        given = {**NAMES, "host": self.server.url, "case": "one"}
        python = PythonFilters(Path("filters-that-are-not-there"))
        document = Document("feed.yaml", f"http: {{{http}}}")
        scope = Scope(document, frozenset(given), Missing.NULL, python)
        source = read(model.Source, scope, document.root).http
        for names in (given, {**given, **second}):
            list(self.sources.ask(source, names, frozenset(constant.split())))
        return [f"{one.query} {one.headers['X-Case']}" for one in self.server.asked]

    def fail(self, http: str, **names: Any) -> str:
        with pytest.raises(HttpError) as caught:
            self.ask(http, **names)
        return str(caught.value)


def echo(asked: Asked) -> Answer:
    return Answer({"method": asked.method, "query": asked.query, "body": asked.body.decode()})


@pytest.fixture
def asker(request: pytest.FixtureRequest) -> Iterator[Asker]:
    with Loopback({"/a": echo}) as server:
        asker = Asker(server, getattr(request, "param", FirstPage.WITHOUT))
        with asker.transport:
            yield asker


READINGS = pytest.mark.parametrize("asker", list(FirstPage), indirect=True)


URL = 'url: !tmpl "{{ host }}/a"'


@pytest.mark.parametrize(
    ("http", "answer"),
    [
        (URL, {"method": "GET", "query": {}, "body": ""}),
        (f"{URL}, method: post", {"method": "POST", "query": {}, "body": ""}),
        (f"{URL}, params: {{a: 1, b: true, c: ~, d: '', e: !expr user_fields.nothing}}",
         {"method": "GET", "query": {"a": ["1"], "b": ["true"], "d": [""]}, "body": ""}),
        (f"{URL}, params: {{a: [1, x]}}",
         {"method": "GET", "query": {"a": ["1", "x"]}, "body": ""}),
        (f"{URL}, params: ~", {"method": "GET", "query": {}, "body": ""}),
        (f"{URL}, params: !expr user_fields.nothing", {"method": "GET", "query": {}, "body": ""}),
        (f"{URL}, params: 'a=1&b=x%20y&a=2&c='",
         {"method": "GET", "query": {"a": ["1", "2"], "b": ["x y"], "c": [""]}, "body": ""}),
        (f'{URL}, params: !tmpl "?id={{{{ user_fields.key }}}}"',
         {"method": "GET", "query": {"id": ["k"]}, "body": ""}),
        (f"{URL}, params: {{id: 'DLR#a+b/c &=%é'}}",
         {"method": "GET", "query": {"id": ["DLR#a+b/c &=%é"]}, "body": ""}),
        (f"{URL}, method: POST, body: !json {{k: !expr user_fields.key, n: [1, ~, false]}}",
         {"method": "POST", "query": {}, "body": '{"k": "k", "n": [1, null, false]}'}),
        (f'{URL}, method: POST, body: !tmpl "k={{{{ user_fields.key }}}}"',
         {"method": "POST", "query": {}, "body": "k=k"}),
    ],
)  # fmt: skip
def test_a_request_is_as_the_definition_says(asker: Asker, http: str, answer: Any) -> None:
    assert asker.ask(http) == [answer]


@pytest.mark.parametrize(
    ("constant", "header", "second"),
    [
        ("host", "!expr case", "two"),
        ("host user_fields", "!tmpl '{{ case }}'", "two"),
        ("host user_fields", "!expr 'user_fields.key if user_fields.off else case'", "two"),
        # evaluated once, since the definition says that it is the same in all calls
        ("host case", "!expr case", "one"),
    ],
)
def test_what_differs_from_call_to_call_is_evaluated_for_each(
    asker: Asker, constant: str, header: str, second: str
) -> None:
    http = f"{URL}, headers: {{X-Case: {header}}}, params: {{id: !expr case}}"
    sent = asker.ask_twice(http, constant, case="two")
    assert sent == ["{'id': ['one']} one", f"{{'id': ['two']}} {second}"]


def test_headers_keep_their_text_and_null_is_no_header(asker: Asker) -> None:
    asker.ask(
        f"{URL}, headers: {{X-A: !expr user_fields.key, X-B: 1, X-C: ~}}, body: !json {{a: 1}},"
        " response_content_type: application/json"
    )
    headers = asker.server.asked[0].headers
    assert (headers["X-A"], headers["X-B"], "X-C" in headers) == ("k", "1", False)
    assert headers["Content-Type"] == "application/json"
    assert headers["Accept"] == "application/json"


def test_another_content_type_gives_bytes(asker: Asker) -> None:
    asker.server.routes["/a"] = lambda _: Answer(b"\x00raw")
    assert asker.ask(f"{URL}, response_content_type: application/octet-stream") == [b"\x00raw"]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer(b"", 302, {"Location": "https://login.example.com/in?t=hunter2"}),
         "GET /a: redirects to https://login.example.com/in, and redirects are not followed"),
        (Answer(b"", 301, {"Location": "/login?t=hunter2"}), "GET /a: redirects to /login, and"),
        (Answer(b"", 307, {}),
         "GET /a: the server answered 307 (a redirect) without saying where to"),
        (Answer(b"", 303, {"Location": "http://[broken"}), "redirects to an address that cannot"),
        (Answer(b"", 403), "GET /a: the server answered 403; ask the vendor whether the egress IP"),
        (Answer(b"", 401), "GET /a: the server answered 401; check the API key"),
        (Answer(b"", 404),
         "GET /a: the server answered 404; check the host name and its path"),
        (Answer(b"", 418), "GET /a: the server answered 418"),
        (Answer({"title": "Bad", "errors": {"todate": ["too late"]}}, 400,
                {"Content-Type": "application/problem+json"}),
         "GET /a: the server answered 400: Bad; todate: ['too late']"),
        (Answer({"message": "no"}, 422, {"Content-Type": "application/json; charset=utf-8"}),
         "GET /a: the server answered 422: no"),
        (Answer(b"{cut", 400, {"Content-Type": "application/json"}),
         "GET /a: the server answered 400"),
        (Answer(b"<html>", 200), "GET /a: expected JSON, got HTML"),
    ],
)  # fmt: skip
def test_another_answer_is_an_error_that_says_what_to_do(
    asker: Asker, answer: Answer, message: str
) -> None:
    asker.server.routes["/a"] = lambda _: answer
    error = asker.fail(URL)
    assert error.startswith(message) or message in error
    assert "hunter2" not in error
    assert len(error) < 400
    assert asker.server.paths() == ["/a"]


@pytest.mark.parametrize("url", ["''", "ftp://api.example.com/", "//api.example.com/", "[a", "7"])
def test_an_address_that_is_none_ends_the_run_with_its_place(asker: Asker, url: str) -> None:
    with pytest.raises(RunError, match="this gives no http or https address") as caught:
        asker.ask("url: !expr host_text", host_text=url.strip("'"))
    assert str(caught.value.position) == "feed.yaml:1:13"
    assert asker.server.asked == []


def test_asking_without_encryption_is_warned_of_once_and_not_on_loopback(asker: Asker) -> None:
    asker.ask(URL)
    assert asker.warnings == []
    for _ in range(2):
        with pytest.raises(HttpError):
            asker.ask("url: http://api.invalid/a, disable_proxies: true")
    assert asker.warnings == [
        "requests to api.invalid are not encrypted (http): keys and data can be read"
    ]


FALLBACK = f'{URL}, fallback_url: !tmpl "{{{{ host }}}}/b"'
PAGE = Answer(b"<html>not here</html>", 404, {"Content-Type": "text/html"})


def test_a_path_that_another_thread_finds_to_have_moved_is_tried_there_too(asker: Asker) -> None:
    def gone(_: Asked) -> Answer:
        asker.sources.moved.add("/a")  # what another thread does while this request is under way
        return Answer(b"", 404)

    asker.server.routes |= {"/a": gone, "/b": lambda _: Answer({"here": True})}
    assert asker.ask(FALLBACK) == [{"here": True}]
    assert asker.server.paths() == ["/a", "/b"]


def test_a_404_leads_to_the_other_address_once_and_is_remembered(asker: Asker) -> None:
    asker.server.routes = {"/a": lambda _: PAGE, "/b": lambda _: Answer({"ok": 1})}
    for _ in range(3):
        assert asker.ask(FALLBACK) == [{"ok": 1}]
    assert asker.server.paths() == ["/a", "/b", "/b", "/b"]


def test_a_404_at_both_addresses_is_said_of_the_first(asker: Asker) -> None:
    asker.server.routes = {}
    assert asker.fail(FALLBACK).startswith("GET /a: the server answered 404")
    assert asker.fail(FALLBACK).startswith("GET /a: the server answered 404")
    assert asker.server.paths() == ["/a", "/b"] * 2


def test_a_404_of_the_api_itself_leads_nowhere(asker: Asker) -> None:
    asker.server.routes["/a"] = lambda _: Answer({"success": False}, 404)
    assert asker.fail(FALLBACK).startswith("GET /a: the server answered 404")
    assert asker.server.paths() == ["/a"]


@pytest.mark.parametrize("status", [400, 403, 410])
def test_no_other_status_leads_to_the_other_address(asker: Asker, status: int) -> None:
    asker.server.routes["/a"] = lambda _: Answer(b"", status)
    asker.fail(FALLBACK)
    assert asker.server.paths() == ["/a"]


def test_pages_are_asked_for_while_the_condition_holds(asker: Asker) -> None:
    def page(asked: Asked) -> Answer:
        number = int(asked.get("page", "1"))
        return Answer({"page": number, "next": number + 1 if number < 3 else None})

    asker.server.routes["/a"] = page
    pages = asker.ask(
        f"{URL}, params: {{size: 2}}, pagination: {{template_values: "
        "{next: !expr prev_response_data.next, twice: !expr next}, "
        "condition: !expr twice is not none and page_count < 9, "
        "params: {page: !expr next, before: !expr prev_request_params.page or 'none'}}"
    )
    assert [one["page"] for one in pages] == [1, 2, 3]
    assert [dict(asked.query) for asked in asker.server.asked] == [
        {"size": ["2"]},
        {"size": ["2"], "page": ["2"], "before": ["none"]},
        {"size": ["2"], "page": ["3"], "before": ["2"]},
    ]


# pagination that is right under both readings of the first page: what the pages are asked for by
_NEXT = "{next: !expr prev_response_data.page + 1 if prev_response_data else 5}"
BOTH = {
    "numbered from 0": (
        "!expr prev_response_data and page_count < 3, params: {page: !expr page_count}",
        ["0", "1", "2"],
    ),
    "numbered from 1": (
        "!expr prev_response_data.page < 3, params: {page: !expr page_count + 1}",
        ["1", "2", "3"],
    ),
    "by what the page says": (
        f"!expr page_count < 3, params: {{page: !expr next}}, template_values: {_NEXT}",
        ["5", "6", "7"],
    ),
}


@READINGS
@pytest.mark.parametrize(("pagination", "asked"), BOTH.values(), ids=BOTH)
def test_the_params_of_a_pagination_count_for_the_first_request_in_one_reading(
    asker: Asker, pagination: str, asked: list[str]
) -> None:
    """The API numbers its pages from that which it gives when none is named."""
    first_due = asked[0]
    asker.server.routes["/a"] = lambda a: Answer({"page": int(a.get("page", first_due))})
    pages = asker.ask(f"{URL}, params: {{size: 2}}, pagination: {{condition: {pagination}}}")
    assert [str(one["page"]) for one in pages] == asked
    sent = [a.query.get("page") for a in asker.server.asked]
    with_first = asker.sources.first_page is FirstPage.WITH
    assert sent == [[first_due] if with_first else None, *([page] for page in asked[1:])]
    assert all(a.query["size"] == ["2"] for a in asker.server.asked)


@READINGS
def test_params_that_count_on_the_params_before_show_the_difference(asker: Asker) -> None:
    """This form of public definitions only works where the first request takes them already."""
    http = (
        "condition: !expr page_count < 3, params: {page: !expr (prev_request_params.page or 0) + 1}"
    )
    asker.ask(f"{URL}, pagination: {{{http}}}")
    with_first = asker.sources.first_page is FirstPage.WITH
    sent = [a.get("page", "none") for a in asker.server.asked]
    assert sent == (["1", "2", "3"] if with_first else ["none", "1", "2"])


def test_a_condition_that_never_turns_false_is_ended(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("izoologic_cdf.runtime.source_client.MAX_PAGES", 5)
    with pytest.raises(ItemError, match="more than 5 pages; the condition never turns false"):
        asker.ask(f"{URL}, pagination: {{condition: true, params: {{n: !expr page_count}}}}")
    assert len(asker.server.asked) == 5


@READINGS
@pytest.mark.parametrize(
    "params",
    [
        "{}",
        "{size: 2}",
        "{size: '2', other: ~}",
        "'size=2'",
        "{size: !expr prev_request_params.size}",
    ],
)
def test_a_request_that_equals_the_one_before_ends_the_pagination_with_an_error(
    asker: Asker, params: str
) -> None:
    """What counts is what would be sent: 2 is '2', and null is not sent."""
    with pytest.raises(ItemError, match="request of the next page equals that of the") as caught:
        asker.ask(f"{URL}, params: {{size: 2}}, pagination: {{condition: true, params: {params}}}")
    assert len(asker.server.asked) == 1
    assert caught.value.position is not None


def test_a_page_that_differs_and_comes_again_later_is_no_error(asker: Asker) -> None:
    http = "condition: !expr page_count < 5, params: {page: !expr page_count % 2}"
    assert len(asker.ask(f"{URL}, pagination: {{{http}}}")) == 5


def test_a_timeout_is_honoured_by_the_source_and_by_its_login(asker: Asker) -> None:
    def late(_: Asked) -> Answer:
        time.sleep(0.5)
        return Answer({"token": "token"})

    asker.server.routes |= {"/a": late, "/login": late}
    assert asker.ask(f"{URL}, timeout: 20") == [{"token": "token"}]
    assert asker.ask(f"{URL}, timeout: !expr user_fields.nothing") == [{"token": "token"}]
    assert "no answer within 0.1 s" in asker.fail(f"{URL}, timeout: !expr 1 / 10")
    with pytest.raises(RunError, match=r"POST /login: no answer within 0\.1 s"):
        asker.ask(f"{URL}, {AUTH}, timeout: 0.1")


@pytest.mark.parametrize("given", [0, -1, True, "30", [], 86_401, float("inf")])
def test_a_timeout_that_is_none_ends_the_run_with_its_place(asker: Asker, given: Any) -> None:
    with pytest.raises(
        RunError, match=r"feed\.yaml:1:\d+: a time-out is a number of seconds above"
    ):
        asker.ask(f"{URL}, timeout: !expr given", given=given)
    assert asker.server.asked == []


AUTH = (
    'auth: {request: {url: !tmpl "{{ host }}/login", headers: {X-Key: !expr user_fields.key}},'
    ' filters: [parse-json, get: token], header: Authorization, value: !tmpl "Bearer {{ token }}"}'
)


def test_a_login_is_shared_by_those_who_ask_alike_and_no_others(asker: Asker) -> None:
    def login(asked: Asked) -> Answer:
        return Answer({"token": f"token-of-{asked.headers['X-Key']}"})

    asker.server.routes["/login"] = login
    for key in ("one", "two", "one", "two"):
        asker.ask(f"{URL}, {AUTH}", user_fields={"key": key})
    assert asker.server.paths().count("/login") == 2
    sent = [a.headers["Authorization"] for a in asker.server.asked if a.path == "/a"]
    assert sent == ["Bearer token-of-one", "Bearer token-of-two"] * 2
    assert asker.transport.calls.logins == 2
    assert asker.redactor("a token-of-one b") == "a *** b"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Answer({"token": None}), "the login failed: no token in the response of POST /login"),
        (Answer({"token": " "}), "the login failed: no token in the response of POST /login"),
        (Answer({"token": ["x"]}), "the login failed: no token in the response of POST /login"),
        (Answer([]), "the login failed: get needs an object, this is a list"),
        (Answer(b"<html>"), "the login failed: POST /login: expected JSON, got HTML"),
        (Answer(b"", 401), "the login failed: POST /login: the server answered 401; check the API"),
        (Answer(b"", 403), "the login failed: POST /login: the server answered 403; ask the"),
        (Answer(b"", 500), "the login failed: POST /login: the server answered 500"),
        (Answer(b"", 302, {"Location": "https://sso.example.com/"}),
         "the login failed: POST /login: redirects to https://sso.example.com/"),
    ],
)  # fmt: skip
def test_a_login_that_gives_no_token_ends_the_run(
    asker: Asker, answer: Answer, message: str
) -> None:
    asker.server.routes["/login"] = lambda _: answer
    for _ in range(2):
        with pytest.raises(RunError) as caught:
            asker.ask(f"{URL}, {AUTH}")
        assert str(caught.value).startswith(message)
    assert asker.server.paths() == ["/login"]


def test_a_token_goes_to_no_other_host_by_a_redirect(asker: Asker) -> None:
    with Loopback({"/a": echo}) as other:
        asker.server.routes["/login"] = lambda _: Answer({"token": "token"})
        asker.server.routes["/a"] = lambda _: Answer(b"", 302, {"Location": f"{other.url}/a"})
        assert "redirects are not followed" in asker.fail(f"{URL}, {AUTH}")
        assert other.asked == []


def test_a_mapping_is_due_where_there_is_one(asker: Asker) -> None:
    for http in ("params: !expr '[1]'", "params: 7", "headers: !expr user_fields.key"):
        with pytest.raises(ItemError, match="expected a mapping"):
            asker.ask(f"{URL}, {http}")


def test_a_body_of_one_page_is_what_the_next_expression_sees(asker: Asker) -> None:
    asker.server.routes["/a"] = lambda _: Answer(b"more")
    http = (
        f"{URL}, response_content_type: text/plain, "
        "pagination: {condition: !expr prev_response_data == 'more' and page_count < 2,"
        " params: {page: !expr page_count}}"
    )
    assert asker.ask(http) == [b"more", b"more"]


def test_json_is_sent_with_its_own_characters(asker: Asker) -> None:
    (answer,) = asker.ask(f"{URL}, method: POST, body: !json {{k: é😀}}")
    assert json.loads(answer["body"]) == {"k": "é😀"}
