"""What this machine's environment says about HTTP: its proxies and the authorities it trusts."""

import functools
import ipaddress
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import urllib3
from requests.utils import get_environ_proxies, select_proxy

from izoologic_cdf.errors import CdfError
from izoologic_cdf.runtime.failures import Route

BUNDLE_NAMES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PORTS = {"http": 80, "https": 443}


class BadEnvironmentError(CdfError):
    """The environment names what cannot be used; the text says which variable, and no secret."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a host is reached: the proxies as requests takes them, and the same for people."""

    proxies: dict[str, str]
    route: Route


class Environment:
    """The environment as it is when it is first asked; safe to be shared by threads."""

    def __init__(self) -> None:
        self._bundle: tuple[str, str] | None = None
        self._ways: dict[tuple[str, str, bool], Way] = {}

    def authorities(self) -> bool | str:
        """Return the CA bundle to check certificates against; True stands for certifi's.

        Raises:
            BadEnvironmentError: the bundle that a variable names cannot be used.
        """
        if self._bundle is None:
            self._bundle = _bundle()
        return self._bundle[1] or True

    def way(self, url: str, *, use_proxies: bool = True) -> Way:
        """Return the way to an address; never by a proxy where it is this machine's own.

        Raises:
            BadEnvironmentError: the proxy that a variable names is not an address.
            ValueError: this is not an address.
        """
        parts = urlsplit(url)
        # the port counts too: no_proxy may name it
        origin = parts.scheme, parts.netloc, use_proxies
        way = self._ways.get(origin)
        if way is None:
            host = parts.hostname or ""
            by_proxy = use_proxies and not is_loopback(host)
            proxies = get_environ_proxies(url) if by_proxy else {}
            name, proxy = _proxy(url, proxies)
            variable, bundle = self._bundle or (BUNDLE_NAMES[0], "")
            port = f":{parts.port}" if parts.port else ""
            route = Route(f"{host}{port}", proxy, name, bundle, variable)
            way = self._ways[origin] = Way(proxies, route)
        return way


def _proxy(url: str, proxies: dict[str, str]) -> tuple[str, str]:
    """Return the variable that names the proxy of an address, and its host and port."""
    address = select_proxy(url, proxies)
    if not address:
        return "HTTPS_PROXY", ""
    scheme = next((key for key, value in proxies.items() if value == address), "https")
    names = sorted(name for name in os.environ if name.lower() == f"{scheme}_proxy")
    # of both spellings the lower one counts
    variable = names[-1] if names else f"{scheme}_proxy"
    has_scheme, is_path = "://" in address, ":/" in address or address.startswith("/")
    # without a scheme it is a host and a port; a path alone is nothing
    full = address if has_scheme else "" if is_path else f"http://{address}"
    try:
        parsed = urllib3.util.parse_url(full)
        default = _PORTS[parsed.scheme or ""]
        host, port = parsed.host or "", parsed.port or default
        host.encode("idna")
    except (urllib3.exceptions.LocationParseError, ValueError, TypeError, KeyError):
        host, port = "", 0
    if not host:
        raise BadEnvironmentError(
            f"{variable} does not hold the address of an HTTP proxy, such as http://host:3128"
        )
    return variable, f"{host}:{port}"


def _bundle() -> tuple[str, str]:
    """Return the variable that names a bundle of authorities, and the bundle."""
    for name in BUNDLE_NAMES:
        bundle = os.environ.get(name)
        if not bundle:
            continue
        if not Path(bundle).exists():
            raise BadEnvironmentError(f"there is no file {bundle!r}, which {name} names")
        if not Path(bundle).is_dir():
            _check(bundle, name)
        return name, bundle
    return BUNDLE_NAMES[0], ""


def _check(bundle: str, name: str) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(bundle)
    except ssl.SSLError:
        text = f"{bundle!r}, which {name} names, holds no certificate in PEM"
        raise BadEnvironmentError(text) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        text = f"{bundle!r}, which {name} names, cannot be read: {reason}"
        raise BadEnvironmentError(text) from None


@functools.lru_cache(maxsize=128)
def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine's own."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
