"""What is taken over from requests gives what requests gives."""

import gc
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import urllib3
from hypothesis import example, given
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter

from izoologic_cdf.runtime.adapter import MOST_POOLS, Adapter, prepare

URL = "https://api.example.com/api/Cases"
PROXY = {"https": "http://proxy.example.com:3128"}

ADDRESSES = st.builds(
    "{}://{}{}{}{}{}".format,
    st.sampled_from(["http", "https", "HTTP", "httpx", "ftp", " http"]),
    st.sampled_from(["", "user:pass word@", "us%er@"]),
    st.sampled_from(
        ["api.example.com", "API.Example.com", "bücher.example", "192.0.2.1", "[2001:db8::1]",
         "[fe80::1%25eth0]", "*.example.com", ".example.com", "[broken", ""]
    ),
    st.sampled_from(["", ":", ":8080", ":99999", ":port"]),
    st.sampled_from(["", "/", "//", "?", "?a=b", "#part", "/a?b#c", "/%41%zz", "/a/../b c;d=é"]),
    st.text(max_size=8),
)  # fmt: skip
TEXTS = st.text(st.characters(), max_size=8)
PARAMS = st.none() | st.dictionaries(TEXTS, TEXTS | st.lists(TEXTS, max_size=3), max_size=3)
HEADERS = st.dictionaries(
    st.sampled_from(["Accept", "X-A", "x-a", "content-length"]), st.sampled_from(["", "a", "é"])
)


def made(method: str, url: str, params: Any, headers: Any, body: Any) -> requests.PreparedRequest:
    return prepare(method, url, params, headers, body)


def made_by_requests(
    method: str, url: str, params: Any, headers: Any, body: Any
) -> requests.PreparedRequest:
    prepared = requests.PreparedRequest()
    prepared.prepare_method(method)
    prepared.prepare_url(url, params)
    prepared.prepare_headers(headers)
    prepared.prepare_body(body, None)
    return prepared


def outcome(make: Any, *args: Any) -> Any:
    try:
        prepared = make(*args)
    except (requests.RequestException, ValueError):
        return "cannot be sent"
    return prepared.method, prepared.url, list(prepared.headers.items()), prepared.body


@given(url=ADDRESSES | st.text(max_size=20), params=PARAMS)
@example(url=URL, params={"id": "DLR#a+b/c &=%é~", "both": ["1", ""], "none": []})
@example(url="http://[fe80::1%25eth0]/", params={"a": "b c%"})
@example(url=f"{URL}#part", params={"a": "b"})
@example(url=f"{URL}?a=b", params={"a": "b"})
@example(url="ftp://example.com/a", params={"a": "b"})
@example(url=URL, params={"a": "\ud800"})
def test_an_address_with_its_parameters_is_the_one_of_requests(url: str, params: Any) -> None:
    args: Any = "GET", url, params, {}, None
    assert outcome(made, *args) == outcome(made_by_requests, *args)


@given(
    method=st.sampled_from(["GET", "get", "HEAD", "POST", "put", "DELETE"]),
    headers=HEADERS,
    body=st.none() | st.binary(max_size=9),
)
def test_method_headers_and_body_are_those_of_requests(
    method: str, headers: dict[str, str], body: bytes | None
) -> None:
    args = method, URL, None, headers, body
    assert outcome(made, *args) == outcome(made_by_requests, *args)


@pytest.fixture
def adapter() -> Iterator[Adapter]:
    made = Adapter(2)
    yield made
    made.close()


def pool_of(
    adapter: HTTPAdapter,
    url: str = URL,
    verify: bool | str = True,
    proxies: dict[str, str] | None = None,
) -> Any:
    request = prepare("GET", url, None, {}, None)
    return adapter.get_connection_with_tls_context(request, verify, proxies)


def test_requests_to_one_host_share_a_pool(adapter: Adapter) -> None:
    pool = pool_of(adapter)
    assert pool_of(adapter, f"{URL}/other?id=1", proxies={}) is pool
    assert (pool.scheme, pool.host, pool.port) == ("https", "api.example.com", 443)


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://api.example.com/"},
        {"url": "https://api.example.com:8443/"},
        {"url": "https://api2.example.com/"},
        {"verify": False},
        {"verify": "bundle.pem"},
        {"proxies": PROXY},
    ],
)
def test_another_host_check_or_proxy_gets_another_pool(
    adapter: Adapter, change: dict[str, Any]
) -> None:
    first, other = pool_of(adapter), pool_of(adapter, **change)
    assert other is not first
    assert pool_of(adapter, **change) is other
    assert pool_of(adapter) is first


def test_a_pool_is_the_one_that_requests_would_choose(adapter: Adapter) -> None:
    for verify in (True, False, "bundle.pem"):
        for proxies in ({}, PROXY):
            pool = pool_of(adapter, verify=verify, proxies=proxies)
            request = prepare("GET", URL, None, {}, None)
            choose = HTTPAdapter.get_connection_with_tls_context
            assert choose(adapter, request, verify, proxies) is pool


def test_pools_do_not_pile_up(adapter: Adapter) -> None:
    pools = [
        weakref.ref(pool_of(adapter, f"https://{number}.example.com/"))
        for number in range(5 * MOST_POOLS)
    ]
    gc.collect()
    assert sum(pool() is not None for pool in pools) <= 2 * MOST_POOLS


def test_a_closed_adapter_lets_go_of_its_connections(adapter: Adapter) -> None:
    pool = weakref.ref(pool_of(adapter))
    adapter.close()
    gc.collect()
    assert pool() is None


@pytest.mark.parametrize("url", [URL, "http://user:word@api.example.com?a=b c#part"])
@pytest.mark.parametrize(
    "proxies", [None, {}, {"http": "http://192.0.2.1:1"}, {"all": "socks5://192.0.2.1:1"}, PROXY]
)
def test_the_request_line_is_the_one_of_requests(
    adapter: Adapter, url: str, proxies: dict[str, str] | None
) -> None:
    request = prepare("GET", url, {"id": "1"}, {}, None)
    assert adapter.request_url(request, proxies) == HTTPAdapter().request_url(request, proxies)


def test_an_answer_is_the_one_of_requests_without_cookies(adapter: Adapter) -> None:
    headers = [("Retry-After", "7"), ("Set-Cookie", "a=b"), ("X-A", "1"), ("X-A", "2")]
    raw = urllib3.HTTPResponse(
        headers=urllib3.HTTPHeaderDict(headers), status=429, reason="Too Many Requests"
    )
    request = prepare("GET", URL, None, {}, None)
    ours, theirs = adapter.build_response(request, raw), HTTPAdapter().build_response(request, raw)
    for name in ("status_code", "headers", "reason", "url", "raw", "request"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert ours.headers["retry-after"] == "7"
