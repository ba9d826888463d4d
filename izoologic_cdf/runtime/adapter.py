"""Connections: requests' adapter without what it does anew at each call, and with a deadline.

An address is prepared, and its connection pool looked up, once; cookies are not kept. The adapter
overrides the hooks that requests documents for subclasses, and leaves `send` as it is.

The timeout of a socket counts for each read: a server that sends a byte now and then keeps a call
going for ever. So each read of a status line, a header or a body ends at the deadline of its call.
"""

import functools
import http.client
import io
import socket
import threading
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from izoologic_cdf.runtime.failures import OnlyInterimError, TwoLengthsError

# a run asks one host, and seldom a second one
MOST_POOLS = 4
MOST_ADDRESSES = 128
_NO_BODY_DUE = frozenset({"GET", "HEAD"})
_INTERIM = range(102, 200)


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
        self._socket.settimeout(rest if self._each is None else min(self._each, rest))
        return self._raw.readinto(buffer)

    def close(self) -> None:
        """Close the file; the socket goes when the connection is closed too."""
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    """An answer that is read until the deadline; interim answers before it are passed over."""

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


class _Connection(HTTPConnection):
    response_class = _Answer


class _TlsConnection(HTTPSConnection):
    response_class = _Answer


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _TlsConnection


_POOLS = {"http": _Pool, "https": _TlsPool}


class Adapter(HTTPAdapter):
    """Sends prepared requests over kept connections; safe to be shared by threads."""

    def __init__(self, connections: int) -> None:
        """`connections` is how many are kept open to each host."""
        super().__init__(pool_connections=MOST_POOLS, pool_maxsize=connections)
        self._pools: dict[tuple[object, ...], urllib3.connectionpool.ConnectionPool] = {}

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of connections that are made to the server itself."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> urllib3.ProxyManager:
        """Return the pools of connections by a proxy."""
        manager: urllib3.ProxyManager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager

    def close(self) -> None:
        """Close all connections."""
        # a pool closes its connections when nothing refers to it any more
        self._pools.clear()
        super().close()

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: bool | str | None,
        proxies: Mapping[str, str] | None = None,
        cert: tuple[str, str] | str | None = None,
    ) -> urllib3.connectionpool.ConnectionPool:
        """Return the pool of a request: always the same for what decides about it."""
        # a prepared address has a path
        origin = (request.url or "").split("/", 3)[:3]
        key = (*origin, verify, tuple((proxies or {}).items()), cert)
        pool = self._pools.get(key)
        if pool is None:
            pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
            if len(self._pools) >= MOST_POOLS:
                self._pools.clear()
            self._pools[key] = pool
        return pool

    def request_url(
        self, request: requests.PreparedRequest, proxies: Mapping[str, str] | None
    ) -> str:
        """Return what the request line asks for."""
        url = request.url or ""
        # only a proxy needs to be told more than the path
        if proxies or "#" in url or url.endswith("?"):
            return super().request_url(request, proxies)
        target = f"/{url.split('/', 3)[3]}"
        return f"/{target.lstrip('/')}" if target.startswith("//") else target

    def build_response(
        self, req: requests.PreparedRequest, resp: urllib3.BaseHTTPResponse
    ) -> requests.Response:
        """Return an answer without its cookies and its encoding, which a run has no use for."""
        response = requests.Response()
        response.status_code = resp.status
        # urllib3's headers are told apart without regard to case too, so they need no copy
        response.headers = resp.headers  # type: ignore[assignment]
        response.raw = resp
        response.reason = resp.reason or ""
        response.url = req.url or ""
        response.request = req
        return response


def prepare(
    method: str,
    url: str,
    params: Mapping[str, Any] | None,
    headers: Mapping[str, str],
    body: bytes | None,
) -> requests.PreparedRequest:
    """Return what `requests.PreparedRequest.prepare` makes, without cookies, hooks and log-ins.

    A parameter is text, or a list of texts.

    Raises:
        requests.RequestException: the address or a header can't be sent.
        ValueError: the same; UnicodeError is one.
    """
    prepared = requests.PreparedRequest()
    prepared.prepare_method(method)
    if url.startswith(("http://", "https://")) and not any(mark in url for mark in "?#%"):
        query = urlencode(params, doseq=True) if params else ""
        prepared.url = f"{_address(url)}?{query}" if query else _address(url)
    else:
        # parameters go between a query and a fragment, and into an odd address in odd ways
        prepared.prepare_url(url, params)
    prepared.prepare_headers(headers)
    for value in headers.values():
        value.encode("latin-1")  # what http.client does, when the connection stands already
    if body:
        prepared.body = body
        prepared.headers["Content-Length"] = str(len(body))
    elif prepared.method not in _NO_BODY_DUE:
        prepared.headers.setdefault("Content-Length", "0")
    return prepared


@functools.lru_cache(MOST_ADDRESSES)
def _address(url: str) -> str:
    """Return an address as it is sent, before its parameters."""
    prepared = requests.PreparedRequest()
    prepared.prepare_url(url, None)
    return prepared.url or ""
