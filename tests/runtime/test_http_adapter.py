"""What is sent of a request, and over which connections."""

import gc
import select
import socket
import weakref
from collections.abc import Iterator
from typing import Any

import pytest
import requests
import urllib3
from hypothesis import example, given
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter
from urllib3.util import SKIP_HEADER

from izoologic_cdf.runtime.connections import _LINES, MAX_LINES, MAX_POOLS, Adapter, _Connection
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
    made = Adapter(2)
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


def test_pools_do_not_pile_up(adapter: Adapter) -> None:
    pools = [
        weakref.ref(pool_of(adapter, f"https://{number}.example.com/"))
        for number in range(5 * MAX_POOLS)
    ]
    gc.collect()
    assert sum(pool() is not None for pool in pools) <= 2 * MAX_POOLS


def test_a_closed_adapter_lets_go_of_its_connections(adapter: Adapter) -> None:
    pool = weakref.ref(pool_of(adapter))
    adapter.close()
    gc.collect()
    assert pool() is None


@pytest.mark.parametrize("url", [URL, "http://user:word@api.example.com?a=b c#part", f"{URL}//x"])
@pytest.mark.parametrize(
    "proxies", [None, {}, {"http": "http://192.0.2.1:1"}, {"all": "socks5://192.0.2.1:1"}, PROXY]
)
def test_the_request_line_is_the_one_of_requests(
    adapter: Adapter, url: str, proxies: dict[str, str] | None
) -> None:
    request = Request("GET", url, {"id": "1"}).prepare()
    assert adapter.request_url(request, proxies) == HTTPAdapter().request_url(request, proxies)


def test_a_response_is_the_one_of_requests_without_cookies(adapter: Adapter) -> None:
    headers = [("Retry-After", "7"), ("Set-Cookie", "a=b"), ("X-A", "1"), ("X-A", "2")]
    raw = urllib3.HTTPResponse(
        headers=urllib3.HTTPHeaderDict(headers), status=429, reason="Too Many Requests"
    )
    request = Request("GET", URL).prepare()
    ours, theirs = adapter.build_response(request, raw), HTTPAdapter().build_response(request, raw)
    for name in ("status_code", "headers", "reason", "url", "raw", "request"):
        assert getattr(ours, name) == getattr(theirs, name)
    assert ours.headers["retry-after"] == "7"


def is_up(connection: _Connection) -> bool:
    return connection.is_connected


def test_a_connection_is_taken_again_while_it_is_up_and_nothing_unread_has_come() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        connection = _Connection(*server.getsockname())
        assert not is_up(connection)
        connection.connect()
        with server.accept()[0] as peer:
            assert is_up(connection)
            peer.sendall(b"unasked")
            select.select([connection.sock], [], [])
            assert not is_up(connection)
            connection.sock.recv(100)
            assert is_up(connection)
        select.select([connection.sock], [], [])
        assert not is_up(connection)
        connection.close()


@pytest.mark.parametrize("silent", [OSError("no such option"), AttributeError()])
def test_where_the_kernel_tells_nothing_the_connection_is_polled(silent: Exception) -> None:
    class Silent(socket.socket):
        def getsockopt(self, *_: Any) -> Any:
            raise silent

    with socket.create_server(("127.0.0.1", 0)) as server:
        connection = _Connection(*server.getsockname())
        connection.sock = Silent()
        connection.sock.connect(server.getsockname())
        with server.accept()[0]:
            assert is_up(connection)
        select.select([connection.sock], [], [])
        assert not is_up(connection)
        connection.close()


def lines_of(headers: dict[str, str]) -> list[bytes]:
    """Return the header lines that a connection would send."""
    connection = _Connection("192.0.2.1")
    connection.putrequest("GET", "/", skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    return connection._buffer[1:]  # type: ignore[attr-defined, no-any-return]


def test_a_header_is_sent_as_before_and_a_wrong_one_is_refused_each_time() -> None:
    for number in (1, 2, 1, *range(2 * MAX_LINES), 1):
        assert lines_of({"X-A": f"{number}é", "X-B": "b"}) == [
            f"X-A: {number}é".encode("latin-1"),
            b"X-B: b",
        ]
    for _ in range(2):
        assert lines_of({"User-Agent": SKIP_HEADER, "X-B": "b"}) == [b"X-B: b"]
        with pytest.raises(ValueError, match="Invalid header value"):
            lines_of({"X-A": "a\r\nX-B: b"})
    assert len(_LINES) <= MAX_LINES
