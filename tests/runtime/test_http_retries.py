"""HTTP calls that fail: what is asked again, how long is waited, and what is said."""

import re
from typing import Any

import pytest
import requests
import responses
from responses import RequestsMock

from izoologic_cdf.runtime.bodies import Response
from izoologic_cdf.runtime.failures import HttpError
from izoologic_cdf.runtime.http import Limits, Request, Transport
from tests.support.clocks import FakeClock

URL = "https://api.example.com/api/Cases?key=hunter2"
WHERE = "GET /api/Cases"


class Calls:
    """A transport with a fake clock over mocked answers."""

    def __init__(self, mock: RequestsMock, limits: Limits | None = None) -> None:
        self.mock = mock
        self.clock = FakeClock()
        self.transport = Transport(self.clock, limits or Limits())

    def answer(self, *answers: dict[str, Any] | Exception) -> None:
        for answer in answers:
            if isinstance(answer, Exception):
                self.mock.get(URL, body=answer)
            else:
                self.mock.get(URL, **answer)

    def send(self, **changes: Any) -> Response:
        with self.transport:
            return self.transport.send(Request("GET", URL, **changes))

    def fail(self, **changes: Any) -> HttpError:
        with pytest.raises(HttpError) as caught:
            self.send(**changes)
        assert "hunter2" not in str(caught.value)
        assert str(caught.value).startswith(WHERE)
        return caught.value


@pytest.fixture
def calls() -> Any:
    # each answer is given once, in this order, and none may be left over
    registry = responses.registries.OrderedRegistry
    with RequestsMock(registry=registry) as mock:
        yield Calls(mock)


GOOD: dict[str, Any] = {"json": {"ok": True}}


def test_a_good_answer_comes_with_its_json_parsed(calls: Calls) -> None:
    calls.answer(GOOD)
    response = calls.send()
    assert response.status == 200
    assert getattr(response.body, "parsed", None) == {"ok": True}
    assert (calls.transport.calls.requests, calls.transport.calls.retries) == (1, 0)
    assert calls.clock.slept == []


@pytest.mark.parametrize("status", [408, 425, 429, 500, 501, 502, 503, 504, 507, 520, 599])
def test_these_statuses_are_asked_again(calls: Calls, status: int) -> None:
    calls.answer({"status": status}, GOOD)
    assert calls.send().status == 200
    assert (calls.transport.calls.requests, calls.transport.calls.retries) == (2, 1)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 413, 422, 301, 302])
def test_these_statuses_come_back_at_once(calls: Calls, status: int) -> None:
    calls.answer({"status": status, "body": b"why"})
    response = calls.send()
    assert (response.status, response.body) == (status, b"why")
    assert calls.clock.slept == []


def test_waiting_doubles_with_jitter_and_ends(calls: Calls) -> None:
    calls.answer(*[{"status": 503}] * 5)
    error = calls.fail()
    assert error.status == 503
    assert str(error) == f"{WHERE}: the server answered 503 Service Unavailable"
    assert len(calls.clock.slept) == 4
    for wait, least in zip(calls.clock.slept, (1, 2, 4, 8), strict=True):
        assert least <= wait <= least + 0.2
    assert not error.refused


def test_waiting_is_capped() -> None:
    with RequestsMock(registry=responses.registries.OrderedRegistry) as mock:
        calls = Calls(mock, Limits(attempts=9, longest_wait=5))
        calls.answer(*[{"status": 500}] * 9)
        calls.fail()
        assert max(calls.clock.slept) == 5


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("0", 0),
        ("100000", 120),
        ("9" * 400, 120),
        ("Tue, 14 Nov 2023 22:13:50 GMT", 30),
        ("Tue, 14 Nov 2023 22:13:50 -0000", 30),
        ("Tue, 14 Nov 2023 23:13:50 +0100", 30),
        ("Tue, 14 Nov 2023 22:00:00 GMT", 0),
        ("Wed, 14 Nov 2029 22:00:00 GMT", 120),
    ],
)
def test_retry_after_is_kept_as_seconds_or_date_and_capped(
    calls: Calls, header: str, wait: float
) -> None:
    calls.answer({"status": 429, "headers": {"Retry-After": header}}, GOOD)
    assert calls.send().status == 200
    assert calls.clock.slept == [wait]


@pytest.mark.parametrize("header", ["", "soon", "-5", "1.5", "²", "Tue, 99 Nov 2023"])
def test_a_retry_after_that_can_not_be_read_is_passed_over(calls: Calls, header: str) -> None:
    calls.answer({"status": 429, "headers": {"Retry-After": header}}, GOOD)
    calls.send()
    assert 1 <= calls.clock.slept[0] <= 1.2


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (requests.exceptions.ConnectTimeout("hunter2"), "no connection within 10 s"),
        (requests.exceptions.ReadTimeout("hunter2"), "no answer within 60 s"),
        (requests.exceptions.ConnectionError("hunter2"), "the connection failed"),
        (requests.exceptions.ChunkedEncodingError("hunter2"), "the connection failed"),
        (requests.exceptions.ProxyError("hunter2"), "the proxy does not answer"),
        (requests.exceptions.SSLError("hunter2"), "the TLS connection failed"),
        (ConnectionResetError(104, "Connection reset by peer"), "(Connection reset by peer)"),
    ],
)
def test_a_connection_that_fails_is_asked_again_and_said_without_its_query(
    calls: Calls, error: Exception, message: str
) -> None:
    calls.answer(*[error] * 5)
    assert message in str(calls.fail())
    assert calls.transport.calls.retries == 4


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (requests.exceptions.SSLError("CERTIFICATE_VERIFY_FAILED"), "was not accepted"),
        (requests.exceptions.SSLError("certificate has expired"), "was not accepted"),
        (requests.exceptions.SSLError("WRONG_VERSION_NUMBER"), "does not speak TLS at this port"),
        (requests.exceptions.InvalidProxyURL("hunter2"), "does not hold the address of a proxy"),
    ],
)
def test_what_asking_again_can_not_mend_is_asked_once(
    calls: Calls, error: Exception, message: str
) -> None:
    calls.answer(error)
    assert message in str(calls.fail())
    assert calls.clock.slept == []


@pytest.mark.parametrize(
    ("body", "message", "attempts"),
    [
        (b'{"a": [1, 2', "truncated JSON at line 1 column", 3),
        (b'{"a": "cut', "truncated JSON at line 1 column", 3),
        (b"", "expected JSON, got an empty body", 3),
        (b"\xef\xbb\xbf \r\n", "expected JSON, got an empty body", 3),
        (b"{'a': 1}", "invalid JSON at line 1 column 2", 3),
        (b" \n<!DOCTYPE html>", "expected JSON, got HTML", 1),
        (b"[" * 100_000, "the JSON is nested too deeply", 1),
    ],
)
def test_a_body_that_is_no_json_is_named_and_asked_again_where_that_can_help(
    calls: Calls, body: bytes, message: str, attempts: int
) -> None:
    calls.answer(*[{"body": body}] * attempts)
    error = calls.fail()
    assert message in str(error)
    assert error.status == 200
    assert calls.transport.calls.requests == attempts


@pytest.mark.parametrize(
    ("body", "parsed"),
    [
        (b"\xef\xbb\xbf[1]", [1]),
        ("[1]".encode("utf-16"), [1]),
        ("[1]".encode("utf-16-be"), [1]),
        ("[1]".encode("utf-32-le"), [1]),
        (b' \r\n{"a": "\xc3\xa9\\u00e9"}\n', {"a": "éé"}),
        (b'"text"', "text"),
        (b"12345678901234567890123", 12345678901234567890123),
        (b'{"a": 1, "a": 2}', {"a": 2}),
        (b"null", None),
    ],
)
def test_json_is_read_in_every_encoding_that_it_has(
    calls: Calls, body: bytes, parsed: object
) -> None:
    calls.answer({"body": body})
    assert getattr(calls.send().body, "parsed", "none") == parsed


def test_where_a_file_is_due_a_body_stays_what_it_is(calls: Calls) -> None:
    calls.answer({"body": b"<html>\x00"})
    assert calls.send(json_due=False).body == b"<html>\x00"


@pytest.mark.parametrize(
    ("limits", "changes"),
    [(Limits(largest_json=10), {}), (Limits(largest_file=10), {"json_due": False})],
)
def test_an_answer_over_the_cap_is_refused_at_once(limits: Limits, changes: dict[str, Any]) -> None:
    with RequestsMock() as mock:
        calls = Calls(mock, limits)
        calls.answer({"body": b'"0123456789"'})
        assert "the answer is larger than 10 bytes" in str(calls.fail(**changes))
        assert calls.transport.calls.requests == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "https://[broken"},
        {"url": "https://"},
        {"url": "/only/a/path"},
        {"url": "https://api.example.com:port/"},
        {"headers": {"Authorization": "key\nInjected: 1"}},
        {"headers": {"Authorization": "key €"}},
    ],
)
def test_what_can_not_be_sent_is_an_error_without_its_content(changes: dict[str, Any]) -> None:
    with Transport(FakeClock(), Limits()) as transport, pytest.raises(HttpError) as caught:
        transport.send(Request(**{"method": "GET", "url": URL, **changes}))
    assert re.search(r"cannot be sent|is no http or https address", str(caught.value))
    assert "key" not in str(caught.value)


def test_a_budget_spreads_the_requests() -> None:
    with RequestsMock() as mock:
        calls = Calls(mock, Limits(requests_per_second=0.01))
        calls.answer(GOOD)
        with calls.transport:
            for _ in range(4):
                calls.transport.send(Request("GET", URL))
        assert len(calls.clock.slept) == 3
        assert 290 < calls.clock.slept[-1] <= 300
