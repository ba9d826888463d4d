"""What this machine's environment says about HTTP: its proxies and the authorities it trusts."""

import functools
import ipaddress
import os
from pathlib import Path
from urllib.parse import urlsplit

from requests.utils import get_environ_proxies

BUNDLE_NAMES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class Environment:
    """The environment as it is when it is first asked; safe to be shared by threads."""

    def __init__(self) -> None:
        self._authorities: bool | str | None = None
        self._proxies: dict[tuple[str, str], dict[str, str]] = {}

    def authorities(self) -> bool | str:
        """Return the CA bundle to check certificates against; True stands for certifi's.

        Raises:
            FileNotFoundError: there is no such bundle; the text says which.
        """
        if self._authorities is None:
            self._authorities = _bundle()
        return self._authorities

    def proxies(self, url: str) -> dict[str, str]:
        """Return the proxies of an address by scheme; none where it is this machine's own.

        Raises:
            ValueError: this is no address.
        """
        parts = urlsplit(url)
        # the port counts too: no_proxy may name it
        origin = parts.scheme, parts.netloc
        if origin not in self._proxies:
            own = is_loopback(parts.hostname or "")
            self._proxies[origin] = {} if own else get_environ_proxies(url)
        return self._proxies[origin]


def _bundle() -> bool | str:
    for name in BUNDLE_NAMES:
        bundle = os.environ.get(name)
        if bundle and not Path(bundle).exists():
            raise FileNotFoundError(f"there is no file {bundle!r}, which {name} names")
        if bundle:
            return bundle
    return True


@functools.lru_cache(maxsize=128)
def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine's own."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
