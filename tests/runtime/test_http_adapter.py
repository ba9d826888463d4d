"""What is sent of a request, and over which connections."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from hypothesis import example, given
from hypothesis import strategies as st

from izoologic_cdf.runtime.connections import Adapter
from izoologic_cdf.runtime.http import Request

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


@given(url=ADDRESSES | st.text(max_size=20), params=PARAMS, header=TEXTS)
@example(url="http://[fe80::1%25eth0]/", params={"a": "b c%"}, header="a")
@example(url=URL, params={"a": "\ud800"}, header="é")
@example(url=URL, params=None, header="€")
def test_what_cannot_be_sent_is_known_before_a_connection(
    url: str, params: Any, header: str
) -> None:
    request = Request("GET", url, params, {"X-A": header})
    try:
        prepared = request.prepare()
    except (requests.RequestException, ValueError):
        return
    assert "Authorization" not in prepared.headers
    assert "Cookie" not in prepared.headers
    assert prepared.headers["X-A"].encode("latin-1").decode("latin-1") == header


@pytest.mark.parametrize(
    ("url", "params", "sent"),
    [
        (URL, {"id": "DLR#a+b/c &=%é~", "both": ["1", ""], "none": []},
         f"{URL}?id=DLR%23a%2Bb%2Fc+%26%3D%25%C3%A9~&both=1&both="),
        (f"{URL}?a=b#part", {"c": "d"}, f"{URL}?a=b&c=d#part"),
        ("https://user:word@api.example.com/a", None, "https://user:word@api.example.com/a"),
    ],
)  # fmt: skip
def test_parameters_go_into_the_query(url: str, params: Any, sent: str) -> None:
    assert Request("GET", url, params).prepare().url == sent


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [("POST", b"abc", "3"), ("POST", b"", "0"), ("POST", None, "0"), ("GET", None, None)],
)
def test_the_length_of_a_body_is_said_where_one_is_expected(
    method: str, body: bytes | None, length: str | None
) -> None:
    prepared = Request(method, URL, body=body).prepare()
    assert prepared.headers.get("Content-Length") == length
    assert prepared.body == (body or None)


def test_what_the_program_says_of_itself_can_be_overridden() -> None:
    headers = Request("GET", URL, headers={"User-Agent": "other"}).prepare().headers
    assert (headers["User-Agent"], headers["Accept-Encoding"]) == ("other", "gzip")


@pytest.fixture
def adapter() -> Iterator[Adapter]:
    made = Adapter(pool_maxsize=2)
    yield made
    made.close()


def pool_of(
    adapter: Adapter,
    url: str = URL,
    verify: bool | str = True,
    proxies: dict[str, str] | None = None,
) -> Any:
    return adapter.get_connection_with_tls_context(Request("GET", url).prepare(), verify, proxies)


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://api.example.com/"},
        {"url": "https://api2.example.com/"},
        {"verify": False},
        {"proxies": PROXY},
        {"url": "http://api.example.com/", "proxies": {"http": "http://proxy.example.com:3128"}},
    ],
)
def test_every_connection_ends_its_reads_at_the_deadline(
    adapter: Adapter, change: dict[str, Any]
) -> None:
    pool, other = pool_of(adapter), pool_of(adapter, **change)
    assert pool_of(adapter, f"{URL}/other?id=1") is pool
    assert other is not pool
    for each in (pool, other):
        assert each.ConnectionCls.response_class.__module__ == Adapter.__module__
