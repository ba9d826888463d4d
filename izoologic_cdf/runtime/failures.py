"""What a call that brought no answer says: whose fault it is, what to do, and whether again.

The causes are told apart by types and numbers, never by the text of an error alone: a text can hold
the address with its query, and changes with every version of a library.
"""

import errno
import http.client
import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass

import requests
import urllib3

from izoologic_cdf.errors import Cause

_HANDLES = frozenset({errno.EMFILE, errno.ENFILE})
_MEMORY = frozenset({errno.ENOMEM, errno.ENOBUFS})
_NO_ROUTE = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})
# numbers of OpenSSL (X509_V_ERR_...)
_NOT_YET_VALID, _EXPIRED = 9, 10
_SELF_SIGNED = frozenset({18, 19})
_UNKNOWN_AUTHORITY = frozenset({2, 20, 21, 24, 26, 27})
_OTHER_HOST = frozenset({62, 64})
_PROXY_UNAUTHORIZED = 407
_TUNNEL = re.compile(r"Tunnel connection failed: ([0-9]{3})")


@dataclass(frozen=True, slots=True)
class Route:
    """Which way a call goes: names of hosts for people, with ports; `proxy` is empty for none."""

    host: str
    proxy: str = ""
    # the variables that name the proxy and the authorities, and what the latter names
    proxy_variable: str = "HTTPS_PROXY"
    bundle: str = ""
    bundle_variable: str = "REQUESTS_CA_BUNDLE"


@dataclass(frozen=True, slots=True)
class Failure:
    """One failed attempt: a clause for people, where the fault lies, and whether to try again."""

    message: str
    cause: Cause
    again: bool = False


class OnlyInterimError(http.client.HTTPException):
    """The connection ended after an interim answer (102, 103)."""


class TwoLengthsError(http.client.HTTPException):
    """An answer that says two lengths of itself."""


def explain(error: Exception, route: Route) -> Failure:
    """Return what a failed attempt means; the timeouts of a call are the caller's to tell."""
    seen = list(_chain(error))
    numbers = {one.errno for one in seen if isinstance(one, OSError) and one.errno is not None}
    by_proxy = any(isinstance(one, requests.exceptions.ProxyError) for one in seen)
    by_proxy |= any(isinstance(one, urllib3.exceptions.ProxyError) for one in seen)
    for one in seen:
        if isinstance(one, ssl.SSLCertVerificationError):
            return certificate(one.verify_code, route, by_proxy=by_proxy)
    if numbers & _HANDLES:
        text = "this machine has no file handle left; raise `ulimit -n`, or lower --in-flight"
        return Failure(text, Cause.MACHINE)
    if numbers & _MEMORY or any(isinstance(one, MemoryError) for one in seen):
        return Failure("this machine has no memory left for a connection", Cause.MACHINE)
    if by_proxy:
        return _of_proxy(seen, route)
    if any(isinstance(one, requests.exceptions.InvalidProxyURL) for one in seen):
        return Failure(
            f"{route.proxy_variable} does not hold the address of a proxy", Cause.MACHINE
        )
    if any(isinstance(one, requests.exceptions.InvalidURL) for one in seen):
        return Failure("the address is not an http or https address", Cause.MACHINE)
    for one in seen:
        if isinstance(one, socket.gaierror):
            return _unresolved(one, f"the host name {route.host}", "check the host name")
    if any(isinstance(one, ssl.SSLError | requests.exceptions.SSLError) for one in seen):
        return _of_tls(seen, route)
    return _of_connection(seen, numbers, route)


def certificate(code: int, route: Route, *, by_proxy: bool = False) -> Failure:
    """Return what a certificate that was not accepted means; `code` is OpenSSL's number for it."""
    who = f"the proxy {route.proxy}" if by_proxy else route.host
    what = f"the certificate of {who}"
    if code in _OTHER_HOST:
        check = "the address of the proxy" if by_proxy else "the host name"
        return Failure(f"{what} is for another host; check {check}", Cause.MACHINE)
    if code == _EXPIRED:
        text = (
            f"{what} has expired; whoever runs it has to renew it (is this machine's clock right?)"
        )
        return Failure(text, Cause.OUTAGE)
    if code == _NOT_YET_VALID:
        return Failure(f"{what} is not valid yet; check this machine's clock", Cause.MACHINE)
    if code in _SELF_SIGNED | _UNKNOWN_AUTHORITY:
        kind = "is self-signed" if code in _SELF_SIGNED else "comes from an unknown authority"
        remedy = (
            f"add it to {route.bundle}, which {route.bundle_variable} names"
            if route.bundle
            else f"name a PEM file that holds it in {route.bundle_variable}"
        )
        if code not in _SELF_SIGNED:
            remedy = remedy.replace(" it", " that authority's certificate", 1)
        return Failure(f"{what} {kind}; if you trust it, {remedy}", Cause.MACHINE)
    return Failure(f"{what} was not accepted (OpenSSL error {code})", Cause.MACHINE)


def proxy_answered(status: int, route: Route) -> Failure:
    """Return what a status means that the proxy answered in place of the server."""
    proxy = f"the proxy {route.proxy}".rstrip()
    if status == _PROXY_UNAUTHORIZED:
        text = (
            f"{proxy} refuses this machine without a valid user and password (407); put them into "
            f"{route.proxy_variable}, as in http://user:password@host:port"
        )
        return Failure(text, Cause.MACHINE)
    if status >= requests.codes.internal_server_error:
        return Failure(f"{proxy} cannot reach {route.host} ({status})", Cause.MACHINE, again=True)
    text = (
        f"{proxy} refuses to connect to {route.host} ({status}); have it allowed there, or name "
        f"the host in NO_PROXY"
    )
    return Failure(text, Cause.MACHINE)


def _of_proxy(seen: list[BaseException], route: Route) -> Failure:
    proxy = f"the proxy {route.proxy}".rstrip()
    for one in seen:
        if isinstance(one, socket.gaierror):
            return _unresolved(one, f"the host name of {proxy}", f"check {route.proxy_variable}")
        if tunnel := _TUNNEL.search(str(one)) if isinstance(one, OSError) else None:
            return proxy_answered(int(tunnel[1]), route)
    if any(isinstance(one, ssl.SSLError) for one in seen):
        text = f"{proxy} does not speak TLS; its address in {route.proxy_variable} may need http://"
        return Failure(text, Cause.MACHINE)
    text = (
        f"{proxy} does not answer ({_reason(seen)}); check {route.proxy_variable}, or name the "
        f"host in NO_PROXY"
    )
    return Failure(text, Cause.MACHINE, again=True)


def _unresolved(error: socket.gaierror, what: str, remedy: str) -> Failure:
    if error.errno == socket.EAI_AGAIN:
        text = f"{what} cannot be looked up now; check this machine's network and name server"
        return Failure(text, Cause.MACHINE, again=True)
    text = f"{what} is not known; {remedy}, and this machine's name server"
    return Failure(text, Cause.MACHINE)


def _of_tls(seen: list[BaseException], route: Route) -> Failure:
    texts = " ".join(str(one) for one in seen)
    if "WRONG_VERSION_NUMBER" in texts:
        text = f"{route.host} does not speak TLS at this port; check the host name and the port"
        return Failure(text, Cause.MACHINE)
    if "CERTIFICATE" in texts.upper():
        return Failure(f"the certificate of {route.host} was not accepted", Cause.MACHINE)
    return Failure(f"the TLS connection failed ({_reason(seen)})", Cause.OUTAGE, again=True)


def _of_connection(seen: list[BaseException], numbers: set[int], route: Route) -> Failure:
    if numbers & _NO_ROUTE:
        text = f"this machine has no route to {route.proxy or route.host}; check its network"
        return Failure(text, Cause.MACHINE, again=True)
    if numbers & _FORBIDDEN:
        text = f"this machine forbids the connection to {route.host}; check its firewall"
        return Failure(text, Cause.MACHINE)
    if errno.EADDRNOTAVAIL in numbers:
        text = "this machine has no free port or address left; lower --in-flight"
        return Failure(text, Cause.MACHINE, again=True)
    for one in seen:
        if isinstance(one, OnlyInterimError):
            text = f"the server announced an answer ({one}) and did not give it"
            return Failure(text, Cause.OUTAGE, again=True)
        if isinstance(one, http.client.RemoteDisconnected):
            return Failure("the server closed the connection unanswered", Cause.OUTAGE, again=True)
        if isinstance(one, http.client.BadStatusLine | http.client.LineTooLong):
            who = route.host if not route.proxy else f"{route.host} or the proxy {route.proxy}"
            return Failure(f"{who} does not speak HTTP", Cause.OUTAGE, again=True)
    return Failure(f"the connection failed ({_reason(seen)})", Cause.OUTAGE, again=True)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that caused it, the outermost first."""
    todo, met = [error], set[int]()
    while todo:
        one = todo.pop(0)
        if id(one) in met:
            continue
        met.add(id(one))
        yield one
        inner = (*one.args, getattr(one, "reason", None), one.__cause__, one.__context__)
        todo += [each for each in inner if isinstance(each, BaseException)]


def _reason(seen: list[BaseException]) -> str:
    """Return the kind of a network error, never its text: that can hold the query."""
    for one in seen:
        if isinstance(one, OSError) and one.strerror:
            return one.strerror
    return type(seen[-1]).__name__
