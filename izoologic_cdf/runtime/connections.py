"""Connections: the ways that the environment allows, and reads that end with their call.

The timeout of a socket counts for each read: a server that sends a byte now and then keeps a call
going for ever. So each read of a status line, a header or a body ends at the deadline of its call.
"""

import functools
import http.client
import io
import ipaddress
import os
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies, select_proxy
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from izoologic_cdf.errors import Cause, ItemError

# a run requests from one host, and seldom from a second one
MAX_POOLS = 4
BUNDLE_NAMES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PORTS = {"http": 80, "https": 443}
_INTERIM = range(102, 200)
# Linux: the state of a connection that is up, and the option whose first number is the memory of
# what came and was not read
_ESTABLISHED, _SO_MEMINFO = 1, 55
# headers as they are sent
MAX_LINES = 128
_LINES: dict[tuple[Any, ...], bytes] = {}


# --- the environment -------------------------------------------------------------------------


class BadEnvironmentError(ItemError):
    """The environment names what cannot be used; the text says which variable, and no secret."""

    def __init__(self, message: str) -> None:
        super().__init__(message, cause=Cause.MACHINE)


@dataclass(frozen=True, slots=True)
class Route:
    """Which way a call goes: the host and the proxy with their ports; `proxy` is empty for none.

    `proxies` and `verify` are what requests takes, `proxy_variable` and `bundle_variable` what
    names the proxy and the bundle of authorities.
    """

    host: str
    proxy: str = ""
    proxy_variable: str = "HTTPS_PROXY"
    bundle: str = ""
    bundle_variable: str = BUNDLE_NAMES[0]
    proxies: dict[str, str] = field(default_factory=dict)
    verify: bool | str = True


class Environment:
    """What the environment of this machine says about HTTP, as it is when first needed.

    Routes are kept: finding out whether a host needs a proxy takes 100 us.
    """

    def __init__(self) -> None:
        self._routes: dict[tuple[str, str, bool, bool], Route] = {}

    def route(self, url: str, *, verify: bool = True, use_proxies: bool = True) -> Route:
        """Return the way to an address; never by a proxy where it is this machine's own.

        Raises:
            BadEnvironmentError: a variable names a proxy or a bundle that cannot be used.
            ValueError: this is not an address.
        """
        parts = urlsplit(url)
        # the port counts too: no_proxy may name it
        key = parts.scheme, parts.netloc, verify, use_proxies
        if key not in self._routes:
            # only a certificate that is checked needs a bundle, and to read it takes its time
            is_checked = verify and parts.scheme == "https"
            variable, bundle = self._bundle if is_checked else (BUNDLE_NAMES[0], "")
            host, port = parts.hostname or "", f":{parts.port}" if parts.port else ""
            proxies = get_environ_proxies(url) if use_proxies and not is_loopback(host) else {}
            trusted = (bundle or True) if verify else False
            self._routes[key] = Route(
                f"{host}{port}", *_proxy(url, proxies), bundle, variable, proxies, trusted
            )
        return self._routes[key]

    @functools.cached_property
    def _bundle(self) -> tuple[str, str]:
        """The variable that names a bundle of authorities, and the bundle; empty for certifi's."""
        name = next((name for name in BUNDLE_NAMES if os.environ.get(name)), None)
        if name is None:
            return BUNDLE_NAMES[0], ""
        bundle = os.environ[name]
        if not Path(bundle).exists():
            raise BadEnvironmentError(f"there is no file {bundle!r}, which {name} names")
        if not Path(bundle).is_dir():
            try:
                found = Path(bundle).stat()
                _load_authorities(bundle, found.st_mtime_ns, found.st_size)
            except ssl.SSLError:
                text = f"{bundle!r}, which {name} names, holds no certificate in PEM"
                raise BadEnvironmentError(text) from None
            except OSError as error:
                reason = error.strerror or type(error).__name__
                text = f"{bundle!r}, which {name} names, cannot be read: {reason}"
                raise BadEnvironmentError(text) from None
        return name, bundle


@functools.lru_cache(maxsize=4)  # it takes 20 ms, and the feeds of a process share a bundle
def _load_authorities(bundle: str, _modified: int, _size: int) -> None:
    """Read a bundle of authorities as it was then; raises ssl.SSLError or another OSError."""
    ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(bundle)


def _proxy(url: str, proxies: dict[str, str]) -> tuple[str, str]:
    """Return the host and port of the proxy of an address, and the variable that names it."""
    address = select_proxy(url, proxies)
    if not address:
        return "", "HTTPS_PROXY"
    scheme = next((key for key, value in proxies.items() if value == address), "https")
    # of both spellings the lower one counts
    names = sorted(name for name in os.environ if name.lower() == f"{scheme}_proxy")
    variable = names[-1] if names else f"{scheme}_proxy"
    is_path = ":/" in address or address.startswith("/")
    # without a scheme it is a host and a port; a path alone is nothing
    full = address if "://" in address else "" if is_path else f"http://{address}"
    try:
        parsed = urllib3.util.parse_url(full)
        default, host = _PORTS[parsed.scheme or ""], parsed.host or ""
        port = parsed.port or default
        host.encode("idna")
    except (urllib3.exceptions.LocationParseError, ValueError, KeyError):
        host, port = "", 0
    if not host:
        raise BadEnvironmentError(
            f"{variable} does not hold the address of an HTTP proxy, such as http://host:3128"
        )
    return f"{host}:{port}", variable


def is_loopback(host: str) -> bool:
    """Return whether a host name or address is this machine's own."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


# --- connections -----------------------------------------------------------------------------


class OnlyInterimError(http.client.HTTPException):
    """The connection ended after an interim response (102, 103)."""


class TwoLengthsError(http.client.HTTPException):
    """A response that states two lengths."""


class _Call(threading.local):
    """The call that a thread is making: when it has to be over, in monotonic seconds."""

    deadline = float("inf")


_CALL = _Call()


def set_deadline(deadline: float) -> None:
    """Let all reads of this thread end at a monotonic time."""
    _CALL.deadline = deadline


class _Reader(io.RawIOBase):
    """Reads from a socket until the deadline of the call."""

    def __init__(self, raw: io.RawIOBase, connected: socket.socket) -> None:
        self._raw = raw
        self._socket = connected
        # what a single read may take
        self._each = connected.gettimeout()

    def readable(self) -> bool:
        """Return True, which a buffered reader asks for."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what has come, waiting for some; raises TimeoutError."""
        rest = _CALL.deadline - time.monotonic()
        if rest <= 0:
            raise TimeoutError
        longest = rest if self._each is None else min(self._each, rest)
        if self._socket.gettimeout() != longest:
            self._socket.settimeout(longest)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Close the file; the socket goes when the connection is closed too."""
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    """A response that is read until the deadline; interim ones before it are passed over."""

    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp: io.BufferedReader = io.BufferedReader(_Reader(self.fp.detach(), sock))

    def begin(self) -> None:
        """Read the status and the headers."""
        super().begin()
        while self.status in _INTERIM:
            interim = self.status
            # http.client reads on where there are no headers yet
            self.headers = self.msg = None  # type: ignore[assignment]
            try:
                super().begin()
            except http.client.RemoteDisconnected:
                raise OnlyInterimError(interim) from None
        lengths = (self.getheader("Content-Length") or "").split(",")
        if len({length.strip() for length in lengths}) > 1:
            raise TwoLengthsError


class _Kept(HTTPConnection):
    """A connection for many requests that are nearly alike."""

    response_class = _Response

    @property
    def is_connected(self) -> bool:
        """Return whether the server has neither closed it nor sent what nobody asked for.

        urllib3 polls for that, which lets another thread have the interpreter at each call.
        """
        return _is_quiet(self.sock) or super().is_connected

    def putheader(self, header: str | bytes, *values: Any) -> None:
        """Send a header; one that was checked and encoded before is sent as it was then."""
        lines: list[bytes] = self._buffer  # type: ignore[attr-defined]
        line = _LINES.get((header, *values))
        if line is not None:
            lines.append(line)
            return
        before = len(lines)
        super().putheader(header, *values)  # type: ignore[arg-type]
        if len(_LINES) >= MAX_LINES:
            _LINES.clear()
        if len(lines) > before:
            _LINES[header, *values] = lines[-1]


class _Connection(_Kept):
    """One without encryption."""


class _TlsConnection(_Kept, HTTPSConnection):
    """One with encryption."""


def _is_quiet(connected: Any) -> bool:
    """Return whether the kernel says that a connection is up and all that came was read.

    False where it does not tell.
    """
    try:
        state = connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
        unread = connected.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 4)
    except (AttributeError, OSError):
        return False
    return state == _ESTABLISHED and not any(unread)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


_POOLS = {"http": _Pool, "https": _TlsPool}


class _Answer(requests.Response):
    """A response without cookies and history, which would take longer to make than the rest."""

    _content_consumed = False

    def __init__(self, request: requests.PreparedRequest, raw: urllib3.BaseHTTPResponse) -> None:
        self.status_code, self.reason = raw.status, raw.reason or ""
        # urllib3's headers ignore case too
        self.headers = raw.headers  # type: ignore[assignment]
        self.raw, self.request, self.url = raw, request, request.url or ""


class Adapter(HTTPAdapter):
    """Sends prepared requests over kept connections whose reads end at the deadline.

    Of the processor time of a run without latency, looking for the pool of each call would take 3
    in 100 more, writing its request line as requests does 5, and looking for cookies 5.
    """

    def __init__(self, connections: int) -> None:
        """`connections` is how many are kept open to each host."""
        super().__init__(MAX_POOLS, connections)
        self._pools: dict[tuple[object, ...], urllib3.connectionpool.ConnectionPool] = {}

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of connections to the server itself."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> urllib3.ProxyManager:
        """Return the pools of connections by a proxy."""
        manager: urllib3.ProxyManager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: bool | str | None,
        proxies: Mapping[str, str] | None = None,
        cert: tuple[str, str] | str | None = None,
    ) -> urllib3.connectionpool.ConnectionPool:
        """Return the pool of a request: always the same for what decides about it."""
        # a prepared address has a path
        key = (*(request.url or "").split("/", 3)[:3], verify, *(proxies or {}).items(), cert)
        pool = self._pools.get(key)
        if pool is None:
            pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
            if len(self._pools) >= MAX_POOLS:
                self._pools.clear()
            self._pools[key] = pool
        return pool

    def request_url(
        self, request: requests.PreparedRequest, proxies: Mapping[str, str] | None
    ) -> str:
        """Return what the request line asks for; only a proxy needs more than the path."""
        path = "/" + (request.url or "").split("/", 3)[-1]
        if proxies or path.startswith("//") or path[-1] == "?" or "#" in path:
            return super().request_url(request, proxies)
        return path

    def close(self) -> None:
        """Close all connections."""
        # a pool closes its connections when nothing refers to it any more
        self._pools.clear()
        super().close()

    def build_response(
        self, req: requests.PreparedRequest, resp: urllib3.BaseHTTPResponse
    ) -> requests.Response:
        """Return a response without cookies."""
        return _Answer(req, resp)
