"""HTTP over real sockets: files, time-outs, cut bodies, certificates, proxies."""

import contextlib
import gzip
import hashlib
import os
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from izoologic_cdf.runtime.failures import HttpError
from izoologic_cdf.runtime.http import Limits, Request, Transport
from izoologic_cdf.runtime.spool import SpooledBody
from tests.support.clocks import FakeClock
from tests.support.loopback import Answer, Loopback

BIG = bytes(range(256)) * 1024


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def transport() -> Iterator[Transport]:
    limits = Limits(connect=2, read=0.3, whole=0.6, attempts=2, largest_file=300_000)
    with Transport(FakeClock(), limits) as made:
        yield made


def file_of(server: Loopback, path: str = "/file") -> Request:
    return Request("GET", server.url + path, json_due=False)


def test_a_small_file_stays_in_memory(transport: Transport) -> None:
    with Loopback({"/file": lambda _: Answer(b"\x00\xffbytes")}) as server:
        assert transport.send(file_of(server)).body == b"\x00\xffbytes"


def test_a_large_file_goes_to_disk_and_is_gone_when_the_run_is_over() -> None:
    with Loopback({"/file": lambda _: Answer(BIG)}) as server:
        with Transport(FakeClock(), Limits()) as transport:
            body = transport.send(file_of(server)).body
            assert isinstance(body, SpooledBody)
            assert body.path.read_bytes() == BIG
            assert (body.size, body.sha256) == (len(BIG), hashlib.sha256(BIG).hexdigest())
        assert not body.path.exists()


def test_a_file_over_the_cap_is_refused_and_not_asked_again(transport: Transport) -> None:
    with Loopback({"/file": lambda _: Answer(BIG * 2)}) as server:
        with pytest.raises(HttpError, match="larger than 300000 bytes"):
            transport.send(file_of(server))
        assert len(server.asked) == 1


def test_a_packed_body_is_unpacked_and_capped_by_its_real_size(transport: Transport) -> None:
    packed = {"Content-Encoding": "gzip"}
    # packed before anybody waits for it
    large = gzip.compress(bytes(10_000_000))
    routes = {
        "/json": lambda _: Answer(gzip.compress(b'{"a": 1}'), 200, packed),
        "/file": lambda _: Answer(large, 200, packed),
    }
    with Loopback(routes) as server:
        answer = transport.send(Request("GET", server.url + "/json"))
        assert getattr(answer.body, "parsed", None) == {"a": 1}
        with pytest.raises(HttpError, match="larger than 300000 bytes"):
            transport.send(file_of(server))


def test_chunks_are_counted_whatever_length_stands_beside_them(transport: Transport) -> None:
    class Chunks(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "5")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            with contextlib.suppress(OSError):
                # without an end: whoever waits for all of it waits until the deadline
                while True:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(BIG), BIG))

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Chunks)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    request = Request("GET", f"http://127.0.0.1:{server.server_port}/", json_due=False)
    with pytest.raises(HttpError, match="larger than 300000 bytes"):
        transport.send(request)
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("json_due", [True, False])
def test_a_body_shorter_than_it_says_is_asked_again(transport: Transport, json_due: bool) -> None:
    answers = [Answer(b'{"a": 1}', length=20), Answer(b'{"a": 1}')]
    with Loopback({"/": lambda _: answers.pop(0)}) as server:
        response = transport.send(Request("GET", server.url + "/", json_due=json_due))
    assert response.body == b'{"a": 1}'
    assert transport.calls.retries == 1


def test_a_server_that_does_not_answer_in_time_is_given_up(transport: Transport) -> None:
    def slow(_: Any) -> Answer:
        time.sleep(0.5)
        return Answer({})

    with Loopback({"/slow": slow}) as server, pytest.raises(HttpError) as caught:
        transport.send(Request("GET", server.url + "/slow"))
    assert str(caught.value) == "GET /slow: no answer within 0.3 s"
    assert transport.calls.requests == 2


@pytest.mark.parametrize("length", [None, 30])
def test_a_body_that_trickles_ends_with_the_time_for_the_whole(length: int | None) -> None:
    class Trickle(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            if length is not None:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            for _ in range(30):
                try:
                    self.wfile.write(b" ")
                except OSError:
                    return
                time.sleep(0.05)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Trickle)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    request = Request("GET", f"http://127.0.0.1:{server.server_port}/")
    limits = Limits(read=5, whole=0.4, attempts=1)
    with (
        Transport(FakeClock(), limits) as transport,
        pytest.raises(HttpError, match=r"not all within 0\.4 s"),
    ):
        transport.send(request)
    server.shutdown()
    server.server_close()


def test_a_port_where_nobody_listens_is_named(transport: Transport) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(HttpError, match=r"GET /: the connection failed \(Connection refused\)"):
        transport.send(Request("GET", f"http://127.0.0.1:{port}/?key=hunter2"))
    assert transport.calls.requests == 2


def test_a_connection_is_used_again(transport: Transport) -> None:
    with Loopback({"/": lambda _: Answer({})}) as server:
        for _ in range(3):
            transport.send(Request("GET", server.url + "/"))
        assert len({asked.peer for asked in server.asked}) == 1
        assert all(asked.headers["User-Agent"] == "izoologic-cdf" for asked in server.asked)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA) -> Iterator[Loopback]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Loopback({"/": lambda _: Answer({"ok": True})}) as server:
        plain = server._server.socket
        server._server.socket = context.wrap_socket(plain, server_side=True)
        server.url = server.url.replace("http:", "https:")
        yield server


@pytest.fixture
def bundle(authority: trustme.CA, tmp_path: Path) -> Path:
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return path


def test_an_unknown_authority_is_refused_at_once(tls: Loopback, transport: Transport) -> None:
    with pytest.raises(HttpError, match="comes from an unknown authority"):
        transport.send(Request("GET", tls.url + "/"))
    assert transport.calls.requests == 1


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_the_authorities_of_the_environment_are_trusted(
    tls: Loopback, transport: Transport, bundle: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, str(bundle))
    assert transport.send(Request("GET", tls.url + "/")).status == 200


def test_a_bundle_that_is_not_there_is_named_and_not_asked_again(
    tls: Loopback, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "nowhere.pem")
    with pytest.raises(HttpError, match=r"no file 'nowhere\.pem', which REQUESTS_CA_BUNDLE names"):
        transport.send(Request("GET", tls.url + "/"))
    assert transport.calls.requests == 0


def test_the_check_can_be_turned_off(
    tls: Loopback, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "nowhere.pem")
    assert transport.send(Request("GET", tls.url + "/", verify=False)).status == 200


def test_a_name_that_the_certificate_does_not_hold_is_refused(
    tls: Loopback, transport: Transport, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with pytest.raises(HttpError, match=r"certificate of localhost:[0-9]+ is for another host"):
        transport.send(Request("GET", tls.url.replace("127.0.0.1", "localhost") + "/"))


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Loopback]:
    """A proxy that answers in place of the host that is asked."""

    def answer(_: Any) -> Answer:
        return Answer({"by": "proxy"})

    with Loopback({"/cases": answer}) as server:
        monkeypatch.setenv("http_proxy", server.url)
        yield server


def test_the_proxy_of_the_environment_is_asked(proxy: Loopback, transport: Transport) -> None:
    answer = transport.send(Request("GET", "http://api.example.com/cases"))
    assert getattr(answer.body, "parsed", None) == {"by": "proxy"}
    assert proxy.asked[0].headers["Host"] == "api.example.com"


@pytest.mark.usefixtures("proxy")
def test_loopback_is_never_asked_by_a_proxy(transport: Transport) -> None:
    with Loopback({"/cases": lambda _: Answer({"by": "itself"})}) as server:
        answer = transport.send(Request("GET", server.url + "/cases"))
    assert getattr(answer.body, "parsed", None) == {"by": "itself"}


@pytest.mark.parametrize("switch", ["disabled", "no_proxy"])
def test_the_proxy_can_be_turned_off(
    proxy: Loopback, transport: Transport, switch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if switch == "no_proxy":
        monkeypatch.setenv("no_proxy", ".invalid")
    request = Request("GET", "http://api.invalid/cases", use_proxies=switch != "disabled")
    with pytest.raises(HttpError, match="the host name api"):
        transport.send(request)
    assert proxy.asked == []


def test_a_proxy_that_is_not_there_is_said_to_be_the_proxy(
    transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
    monkeypatch.setenv("http_proxy", address)
    with pytest.raises(HttpError, match=r"the proxy 127\.0\.0\.1:[0-9]+ does not answer"):
        transport.send(Request("GET", "http://api.example.com/cases"))


def test_no_cookie_and_no_netrc_is_sent(
    transport: Transport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login user password hunter2\n")
    monkeypatch.setenv("NETRC", os.fspath(tmp_path / "netrc"))
    with Loopback({"/": lambda _: Answer({}, headers={"Set-Cookie": "a=b"})}) as server:
        for _ in range(2):
            transport.send(Request("GET", server.url + "/"))
    for asked in server.asked:
        assert not {"Cookie", "Authorization"} & set(asked.headers)
