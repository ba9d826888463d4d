"""api_host: how what was written is asked."""

import ssl
from collections.abc import Iterator

import pytest
import trustme

from izoologic_cdf.emulator import Emulator, load_scenario
from izoologic_cdf.runtime.windows import SystemClock
from tests.support.loopback import Answer, Loopback
from tests.support.shells import Ended, Shell

SINCE = ("--since", "1h")
UNENCRYPTED = "are not encrypted (http): keys and data can be read"
LOGIN = "/api/Token/Authenticate"


@pytest.fixture
def refusing() -> Iterator[Loopback]:
    with Loopback({}) as loopback:
        yield loopback


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def encrypted(authority: trustme.CA) -> Iterator[Emulator]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with Emulator(load_scenario("guide"), strict=True, ssl_context=context) as emulator:
        yield emulator


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SystemClock, "sleep", lambda self, seconds: None)


def _run(shell: Shell, host: str) -> Ended:
    return shell("run", "incident", *SINCE, "--config", shell.config(api_host=repr(host)))


@pytest.mark.parametrize(
    ("rest", "prefix"),
    [
        ("", ""), ("/", ""), ("//", ""), ("/api", ""), ("/api/", ""), ("/API/", ""),
        ("/tenant", "/tenant"), ("/tenant/", "/tenant"), ("/tenant/api", "/tenant"),
        ("/tenant/api/", "/tenant"), ("/api/tenant", "/api/tenant"), ("/myapi", "/myapi"),
        ("/tenant  ", "/tenant"),
    ],
)  # fmt: skip
def test_port_and_path_are_kept_and_a_trailing_slash_and_api_are_removed(
    shell: Shell, refusing: Loopback, rest: str, prefix: str
) -> None:
    ended = _run(shell, refusing.url + rest)
    assert refusing.paths()[0] == prefix + LOGIN
    assert f"POST {prefix}{LOGIN}: the server answered 404; check the host name" in ended.out
    assert ended.code == 1


@pytest.mark.parametrize("form", ["{}", "{}/", "{}/api", "  {} ", "{}/api/ "])
def test_every_form_reaches_all_endpoints(shell: Shell, form: str) -> None:
    config = shell.config(api_host=repr(form.format(shell.emulator.url)))
    ended = shell(
        "run", "dlr", "--since", "2025-08-01", "--until", "2025-08-15", "--config", config
    )
    assert ended.code == 0
    asked = [(one.path, one.status) for one in shell.emulator.requests]
    assert ("/api/ThreatManagement/DLRDetail", 200) in asked
    assert {status for _, status in asked} == {200}


def test_without_a_scheme_https_is_spoken(
    shell: Shell,
    encrypted: Emulator,
    authority: trustme.CA,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with authority.cert_pem.tempfile() as path:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", path)
        ended = _run(shell, f"127.0.0.1:{encrypted.port}/api/")
    assert (ended.code, ended.said) == (0, [])
    assert encrypted.requests[-1].status == 200


def test_a_certificate_of_nobody_known_fails_and_the_switch_lets_it_pass(
    shell: Shell, encrypted: Emulator
) -> None:
    host = f"127.0.0.1:{encrypted.port}"
    refused = _run(shell, host)
    assert refused.code == 1
    assert "comes from an unknown authority" in refused.out
    config = shell.config(api_host=host, verify_ssl="off")
    assert shell("run", "incident", *SINCE, "--config", config).code == 0


@pytest.mark.parametrize("scheme", ["http", "HTTP", "Http"])
def test_http_is_warned_of_once_for_a_host_elsewhere(
    shell: Shell, refusing: Loopback, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    # a proxy on loopback stands for the host, so that nothing leaves this machine
    monkeypatch.setenv("http_proxy", refusing.url)
    ended = _run(shell, f"{scheme}://api.example.com:8080/tenant")
    assert [line for line in ended.said if "warning" in line] == [
        f"warning: requests to api.example.com {UNENCRYPTED}"
    ]
    assert UNENCRYPTED not in ended.out
    assert refusing.asked[0].headers["Host"] == "api.example.com:8080"
    assert refusing.paths()[0] == "/tenant" + LOGIN


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_http_on_loopback_is_not_warned_of_and_asks_no_proxy(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:9")
    ended = _run(shell, f"http://{host}:{shell.emulator.port}")
    assert (ended.code, ended.said) == (0, [])


def test_a_redirect_is_not_followed_and_its_target_is_named(
    shell: Shell, refusing: Loopback
) -> None:
    target = "https://elsewhere.example.com/login"
    refusing.routes[LOGIN] = lambda _: Answer(status=302, headers={"Location": target})
    ended = _run(shell, refusing.url)
    assert ended.code == 1
    assert "redirects to https://elsewhere.example.com" in ended.out
    assert refusing.paths() == [LOGIN]


@pytest.mark.parametrize(
    "host",
    [
        "http://", "https://", "/", "/api", ".", "..", "://x", "ftp://api.example.com",
        "file:///etc/passwd", "http://[::1", "https://api.example.com:99999",
        "api.example.com:port", "https://ex ample.com", "\u200b", "http:///api",
    ],
)  # fmt: skip
def test_what_is_no_host_name_fails_at_once_with_what_to_check(shell: Shell, host: str) -> None:
    ended = _run(shell, host)
    assert ended.code in (1, 2)
    assert "check the host name that is configured" in ended.err or "cannot be sent" in ended.err
    assert "Traceback" not in ended.err
    assert ended.out.startswith("iZoologic Incident Case Sync: failed\n")
