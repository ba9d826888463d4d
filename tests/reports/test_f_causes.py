"""F 25: each fault of this machine, or of the proxy, has its own sentence, and is asked once."""

import datetime as dt
import errno
import os
import resource
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import trustme

from izoologic_cdf.errors import Cause
from izoologic_cdf.runtime import failures
from izoologic_cdf.runtime.connections import Route
from izoologic_cdf.runtime.failures import HttpError, certificate
from izoologic_cdf.runtime.http import Limits, Request, Transport
from tests.reports.wires import Line, Wire, answer, wire
from tests.support.benches import BAD, Bench
from tests.support.clocks import FakeClock

HOST = "api.example.com"
pytestmark = pytest.mark.usefixtures("plain_environment")


def fail(url: str, *, asked: int, **changes: Any) -> HttpError:
    """Make a call that fails, after so many requests."""
    with Transport(FakeClock(), Limits(connect=2, read=2, attempts=3)) as transport:
        with pytest.raises(HttpError) as caught:
            transport.send(Request(**{"method": "GET", "url": url, **changes}))
        assert transport.calls.requests == asked
    text = str(caught.value)
    assert "hunter2" not in text
    assert "turn" not in text
    assert "verify_ssl" not in text
    return caught.value


# --- the proxy -----------------------------------------------------------------------------------

PROXIES: dict[str, tuple[str, str, int]] = {
    # what it answers to CONNECT, what is said, requests
    "407": ("407 Proxy Authentication Required", "without a valid user and password (407)", 1),
    "403": (
        "403 Forbidden",
        "refuses to connect to api.example.com (403); have it allowed there",
        1,
    ),
    "400": ("400 Bad Request", "refuses to connect to api.example.com (400)", 1),
    "502": ("502 Bad Gateway", "cannot reach api.example.com (502)", 3),
    "504": ("504 Gateway Timeout", "cannot reach api.example.com (504)", 3),
}


@pytest.mark.parametrize("status", PROXIES)
def test_25_what_a_proxy_answers_is_told_as_the_proxys(
    monkeypatch: pytest.MonkeyPatch, status: str
) -> None:
    reply, told, asked = PROXIES[status]
    with wire(answer(b"", status=reply)) as proxy:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:hunter2@127.0.0.1:{proxy.port}")
        error = fail(f"https://{HOST}/", asked=asked)
        assert f"GET /: the proxy 127.0.0.1:{proxy.port} " in str(error)
        assert told in str(error)
        assert len(proxy.asked) == asked
    assert error.cause is Cause.MACHINE


def test_25_the_password_that_a_proxy_wants_is_asked_for_once_without_a_tunnel_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with wire(answer(b"", status="407 Proxy Authentication Required")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        error = fail(f"http://{HOST}/", asked=1)
    assert "put them into http_proxy, as in http://user:password@host:port" in str(error)
    assert (error.cause, error.status) == (Cause.MACHINE, 407)


def test_25_a_run_with_a_wrong_password_for_its_proxy_asks_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = bench.site()
    with wire(answer(b"", status="407 Proxy Authentication Required")) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        site.url = f"https://{HOST}"
        outcome = bench.run(site=site)
        assert len(proxy.asked) == 1
    assert "the login failed: " in str(outcome.summary.error)
    assert "without a valid user and password (407)" in str(outcome.summary.error)


BAD_PROXIES = [
    *("http://u:hunter2@", "http://u:hunter2@:80", "http://", "://", "http://host:port"),
    *("host:99999", "http://[::1", "http://host:-1", "http:/host", "/host", "http://ho st:1"),
    *("http://..:1", "http://a..b:1", "ftp://host:21", "socks5://127.0.0.1:1080"),
    f"http://{'a' * 70}.example:1",
]


@pytest.mark.parametrize("address", BAD_PROXIES)
@pytest.mark.parametrize("variable", ["https_proxy", "HTTPS_PROXY", "ALL_PROXY"])
def test_25_31_a_proxy_that_is_no_address_is_named_by_its_variable(
    monkeypatch: pytest.MonkeyPatch, variable: str, address: str
) -> None:
    monkeypatch.setenv(variable, address)
    error = fail(f"https://{HOST}/", asked=0)
    assert f"GET /: {variable} does not hold the address of an HTTP proxy" in str(error)
    assert error.cause is Cause.MACHINE


@pytest.mark.parametrize(
    "value",
    ["*", "", ",", "a b", "10.0.0.0/abc", "10.0.0.0/99", "[::1", "%zz", "http://x", ":" * 9],
)
def test_31_an_odd_exception_list_is_no_traceback(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("no_proxy", value)
    with wire(answer(b"{}")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        for url in (f"http://{HOST}.invalid/", "http://192.0.2.1/"):
            with Transport(FakeClock(), Limits(connect=0.2, attempts=1)) as transport:
                try:
                    transport.send(Request("GET", url))
                except HttpError:
                    assert value == "*"


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("http://proxy.invalid:3128", "the host name of the proxy proxy.invalid:3128 "),
        (
            "http://127.0.0.1:{port}",
            "the proxy 127.0.0.1:{port} does not answer (Connection refused)",
        ),
    ],
)
def test_25_a_proxy_that_cannot_be_reached_is_told_as_the_proxy(
    monkeypatch: pytest.MonkeyPatch, address: str, told: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    monkeypatch.setenv("https_proxy", address.format(port=port))
    limits = Limits(attempts=2)
    with Transport(FakeClock(), limits) as transport, pytest.raises(HttpError) as caught:
        transport.send(Request("GET", f"https://{HOST}/"))
    assert told.format(port=port) in str(caught.value)
    assert "https_proxy" in str(caught.value) or "name server" in str(caught.value)
    assert caught.value.cause is Cause.MACHINE


def test_25_a_proxy_that_does_not_speak_tls_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with wire(answer(b"", status="400 Bad Request")) as proxy:
        monkeypatch.setenv("https_proxy", f"https://127.0.0.1:{proxy.port}")
        error = fail(f"https://{HOST}/", asked=1)
    assert "does not speak TLS; its address in https_proxy may need http://" in str(error)


# --- certificates --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def context_of(issued: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issued.configure_cert(context)
    return context


PAST = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
Issue = Callable[[trustme.CA], trustme.LeafCert]
CERTIFICATES: dict[str, tuple[Issue, bool, str, Cause]] = {
    # how it is issued, whether its authority is trusted, what is said
    "another host": (
        lambda ca: ca.issue_cert("other.example.com"),
        True,
        "is for another host; check the host name",
        Cause.MACHINE,
    ),
    "expired": (
        lambda ca: ca.issue_cert("127.0.0.1", not_after=PAST),
        True,
        "has expired; whoever runs it has to renew it",
        Cause.OUTAGE,
    ),
    "an unknown authority": (
        lambda ca: ca.issue_cert("127.0.0.1"),
        False,
        "comes from an unknown authority; if you trust it, name a PEM file that holds that author",
        Cause.MACHINE,
    ),
}


@pytest.mark.parametrize("what", CERTIFICATES)
def test_25_each_fault_of_a_certificate_has_its_own_remedy(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, what: str
) -> None:
    issue, trusted, told, cause = CERTIFICATES[what]
    if trusted:
        bundle = tmp_path / "authority.pem"
        authority.cert_pem.write_to_path(str(bundle))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    with wire(answer(b"{}"), context=context_of(issue(authority))) as server:
        error = fail(server.url + "/", asked=1)
    assert f"GET /: the certificate of 127.0.0.1:{server.port} {told}" in str(error)
    assert error.cause is cause


def test_25_an_authority_that_the_own_bundle_lacks_is_to_be_added_to_it(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bundle = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(bundle))
    with wire(answer(b"{}"), context=context_of(authority.issue_cert("127.0.0.1"))) as server:
        error = fail(server.url + "/", asked=1)
    assert f"add that authority's certificate to {bundle}, which CURL_CA_BUNDLE names" in str(error)


def test_25_a_self_signed_certificate_is_told_so(tmp_path: Path, authority: trustme.CA) -> None:
    # the authority's own certificate, served as that of a server, is signed by itself
    key, pem = tmp_path / "key.pem", tmp_path / "cert.pem"
    authority.private_key_pem.write_to_path(str(key))
    authority.cert_pem.write_to_path(str(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key)
    with wire(answer(b"{}"), context=context) as server:
        error = fail(server.url + "/", asked=1)
    assert "is self-signed; if you trust it, name a PEM file that holds it in " in str(error)


@pytest.mark.parametrize(
    ("code", "told"),
    [(9, "is not valid yet; check this machine's clock"), (23, "was not accepted")],
)
def test_25_rarer_faults_of_a_certificate_are_told_by_their_number(code: int, told: str) -> None:
    assert told in certificate(code, Route(HOST)).message
    assert f"the certificate of the proxy p:1 {told}" in (
        certificate(code, Route(HOST, "p:1"), by_proxy=True).message
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "holds no certificate in PEM"),
        (b"no certificate", "holds no certificate in PEM"),
        (b"-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n", "holds no certificate"),
        (None, "there is no file"),
    ],
)
def test_25_a_bundle_without_authorities_is_named_before_anything_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, told: str
) -> None:
    bundle = tmp_path / "bundle.pem"
    if content is not None:
        bundle.write_bytes(content)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    error = fail(f"https://{HOST}/", asked=0)
    assert told in str(error)
    assert "which REQUESTS_CA_BUNDLE names" in str(error)
    assert error.cause is Cause.MACHINE


def test_25_a_port_without_tls_is_told_so_and_asked_once() -> None:
    with wire(b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        error = fail(f"https://127.0.0.1:{server.port}/", asked=1)
    assert f"127.0.0.1:{server.port} does not speak TLS at this port" in str(error)


REFUSALS = {
    # an alert of TLS in place of the handshake; what is said, requests
    b"\x15\x03\x03\x00\x02\x02\x74": ("wants a certificate of this machine", 1),
    b"\x15\x03\x03\x00\x02\x02\x2a": ("wants a certificate of this machine", 1),
    b"\x15\x03\x03\x00\x02\x02\x28": ("the TLS connection failed", 3),
}


@pytest.mark.parametrize("alert", REFUSALS)
def test_25_a_server_that_wants_a_certificate_is_not_told_to_have_a_bad_one(alert: bytes) -> None:
    told, asked = REFUSALS[alert]
    with wire(alert) as server:
        error = fail(f"https://127.0.0.1:{server.port}/", asked=asked)
    assert told in str(error)


@pytest.mark.parametrize("reply", [b"HTTP/2.0 200 OK\r\n\r\n", b"SSH-2.0-x\r\n", b"220 mail\r\n"])
def test_25_what_does_not_speak_this_http_is_told_so(reply: bytes) -> None:
    with wire(reply) as server:
        assert "does not speak HTTP" in str(fail(server.url + "/", asked=3))


# --- this machine --------------------------------------------------------------------------------


def test_25_a_host_name_that_nobody_knows_is_told_so() -> None:
    limits = Limits(attempts=2)
    with Transport(FakeClock(), limits) as transport, pytest.raises(HttpError) as caught:
        transport.send(Request("GET", "https://api.invalid/"))
    assert "GET /: the host name api.invalid " in str(caught.value)
    assert "name server" in str(caught.value)
    assert caught.value.cause is Cause.MACHINE


def test_25_a_host_name_that_cannot_be_one_is_told_so_and_asked_once() -> None:
    error = fail(f"https://{'a' * 64}.invalid/", asked=1)
    assert "a.invalid cannot be one; check the host name" in str(error)
    assert error.cause is Cause.MACHINE


@pytest.mark.parametrize(
    ("number", "told", "asked"),
    [
        (socket.EAI_NONAME, "is not known; check the host name", 1),
        (socket.EAI_FAIL, "is not known", 1),
        (socket.EAI_AGAIN, "cannot be looked up now; check this machine's network", 3),
    ],
)
def test_25_a_name_server_that_fails_for_the_moment_is_asked_again(
    monkeypatch: pytest.MonkeyPatch, number: int, told: str, asked: int
) -> None:
    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(number, "hunter2")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    error = fail(f"https://{HOST}/", asked=asked)
    assert f"the host name {HOST} {told}" in str(error)


@pytest.mark.parametrize(
    ("number", "told", "asked"),
    [
        (errno.ENETUNREACH, "this machine has no route to api.example.com; check its network", 3),
        (errno.EHOSTUNREACH, "this machine has no route to api.example.com", 3),
        (errno.ENETDOWN, "this machine has no route to api.example.com", 3),
        (errno.EPERM, "this machine forbids the connection to api.example.com", 1),
        (errno.EACCES, "this machine forbids the connection to api.example.com", 1),
        (errno.EADDRNOTAVAIL, "no free port or address left; process fewer cases at once", 3),
        (errno.EMFILE, "no file handle left; raise `ulimit -n`, or process fewer cases at once", 1),
        (errno.ENFILE, "no file handle left", 1),
        (errno.ENOBUFS, "no memory left for a connection", 1),
    ],
)
def test_25_what_stops_a_connection_on_this_machine_is_told_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, number: int, told: str, asked: int
) -> None:
    class Stopped(socket.socket):
        def connect(self, _address: object) -> None:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(2, 1, 6, "", ("192.0.2.1", 443))])
    monkeypatch.setattr(socket, "socket", Stopped)
    error = fail(f"https://{HOST}/", asked=asked)
    assert told in str(error)
    assert error.cause is Cause.MACHINE


@pytest.fixture
def few_handles() -> Iterator[None]:
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.usefixtures("few_handles")
def test_25_a_machine_without_file_handles_says_so() -> None:
    error = fail("http://127.0.0.1:9/", asked=1)
    assert "this machine has no file handle left; raise `ulimit -n`" in str(error)


def no_space(line: Line) -> None:
    line.send(answer(bytes(200_000)))


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.ENOSPC, "(No space left on device); free some room, or name another"),
        (errno.EDQUOT, "; free some room, or name another folder in TMPDIR"),
        (errno.EFBIG, "cannot keep the file"),
        (errno.EIO, "cannot keep the file"),
        (errno.EMFILE, "(Too many open files); raise `ulimit -n`"),
    ],
)
@pytest.mark.parametrize("call", ["write", "open"])
def test_25_30_a_full_temporary_folder_is_said_once_and_nothing_stays_in_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: int, told: str, call: str
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    where = "izoologic_cdf.runtime.spool."
    with Wire(no_space) as server, Transport(FakeClock(), Limits()) as transport:
        transport.send(Request("GET", server.url + "/", json_due=False))
        monkeypatch.setattr(where + ("os.write" if call == "write" else "tempfile.mkstemp"), refuse)
        with pytest.raises(HttpError) as caught:
            transport.send(Request("GET", server.url + "/", json_due=False))
        monkeypatch.undo()
        assert transport.calls.requests == 2
        (folder,) = tmp_path.iterdir()
        assert len(list(folder.iterdir())) == 1
    assert "GET /: the temporary folder cannot keep the file" in str(caught.value)
    assert told in str(caught.value)
    assert caught.value.cause is Cause.MACHINE


def test_25_a_temporary_folder_that_is_not_there_is_said_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    with Wire(no_space) as server:
        error = fail(server.url + "/", asked=1, json_due=False)
    assert "the temporary folder cannot keep the file (No such file or directory)" in str(error)


def test_25_a_run_whose_temporary_folder_is_full_asks_for_each_file_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> Any:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    bench.state.add_file(BAD, {"originalFilename": "large.bin"}, bytes(200_000))
    site = bench.site()
    with monkeypatch.context() as full:
        full.setattr("izoologic_cdf.runtime.spool.tempfile.mkstemp", refuse)
        outcome = bench.run(site=site)
    assert outcome.heard("the file 'large.bin' was not fetched", "free some room", "TMPDIR")
    assert (outcome.summary.exit_code, outcome.summary.retries) == (3, 0)
    assert bench.run(site=site).one("attachment", "large.bin")["size"] == 200_000


def test_25_what_is_told_never_depends_on_the_text_of_an_error() -> None:
    # texts of libraries change, and hold addresses with their queries
    told = failures.explain(OSError("hunter2"), Route(HOST))
    assert told.message == "the connection failed (OSError)"
    assert (told.cause, told.again) == (Cause.OUTAGE, True)


@pytest.mark.parametrize(("kind", "is_status"), [(OSError, True), (ValueError, False)])
def test_25_a_status_of_a_proxy_is_read_from_the_error_of_the_connection_alone(
    kind: type[Exception], *, is_status: bool
) -> None:
    error = requests.exceptions.ProxyError("no answer")
    error.__cause__ = kind("Tunnel connection failed: 407 Proxy Authentication Required")
    told = failures.explain(error, Route(HOST, "p:1")).message
    assert ("(407)" in told) is is_status
    assert ("does not answer" in told) is not is_status
