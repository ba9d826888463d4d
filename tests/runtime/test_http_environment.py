"""The environment of a run: looked at once, and named where it is wrong."""

import socket
from pathlib import Path

import pytest
import trustme

from izoologic_cdf.runtime.connections import (
    BUNDLE_NAMES,
    BadEnvironmentError,
    Environment,
    is_loopback,
)

PROXY = "http://proxy.example.com:3128"


@pytest.fixture(autouse=True)
def _empty(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy", *BUNDLE_NAMES):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


URL = "https://api.example.com/a"


def test_a_bundle_is_looked_for_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = tmp_path / "authority.pem"
    trustme.CA().cert_pem.write_to_path(str(bundle))
    monkeypatch.setenv("CURL_CA_BUNDLE", str(bundle))
    environment = Environment()
    assert environment.route(URL).verify == str(bundle)
    bundle.unlink()
    assert environment.route(URL).verify == str(bundle)
    assert environment.route(URL, verify=False).verify is False


def test_without_a_bundle_those_that_come_along_are_trusted() -> None:
    route = Environment().route(URL)
    assert (route.verify, route.bundle, route.bundle_variable) == (True, "", "REQUESTS_CA_BUNDLE")


def test_a_bundle_that_is_not_there_is_named_at_every_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "nowhere.pem")
    environment = Environment()
    for _ in range(2):
        with pytest.raises(BadEnvironmentError, match=r"no file 'nowhere\.pem', which REQUESTS_CA"):
            environment.route(URL)


def test_a_bundle_that_cannot_be_opened_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CURL_CA_BUNDLE", "x")
    with socket.socket(socket.AF_UNIX) as no_file:
        no_file.bind("x")
        with pytest.raises(
            BadEnvironmentError, match="'x', which CURL_CA_BUNDLE names, cannot be read: "
        ):
            Environment().route(URL)


def test_proxies_are_those_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", PROXY)
    assert Environment().route(URL).proxies["https"] == PROXY
    assert Environment().route(URL, use_proxies=False).proxies == {}


@pytest.mark.parametrize(
    ("url", "by_proxy"),
    [
        ("http://api.example.com/", True),
        ("http://127.0.0.1:8080/", False),
        ("http://[::1]/", False),
        ("http://localhost/", False),
        ("http://other.example.com/", False),
        ("http://ports.example.com:8080/", False),
        ("http://ports.example.com:8081/", True),
    ],
)
def test_loopback_and_no_proxy_go_without(
    url: str, by_proxy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", PROXY)
    monkeypatch.setenv("no_proxy", "other.example.com,ports.example.com:8080")
    assert ("http" in Environment().route(url).proxies) is by_proxy


@pytest.mark.parametrize(
    ("host", "is_own"),
    [
        ("localhost", True), ("LOCALHOST", True), ("127.0.0.1", True), ("127.9.9.9", True),
        ("::1", True), ("192.0.2.1", False), ("localhost.example.com", False), ("", False),
        ("api.example.com", False), ("2001:db8::1", False),
    ],
)  # fmt: skip
def test_loopback_is_localhost_and_its_addresses(host: str, is_own: bool) -> None:
    assert is_loopback(host) is is_own
