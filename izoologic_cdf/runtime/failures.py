"""What a failed call says: whose fault it is, what to do, and whether another attempt can help.

Types and numbers tell the causes apart, never the text of an error alone: it can hold the address
with its query, and changes with every version of a library.
"""

import errno
import http
import http.client
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3

from izoologic_cdf.errors import Cause, ItemError
from izoologic_cdf.runtime.bodies import Response, looks_like_json
from izoologic_cdf.runtime.connections import OnlyInterimError, Route

OK, UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 200, 401, 403, 404
PROXY_UNAUTHORIZED, NETWORK_UNAUTHORIZED = 407, 511
_SUCCESS, _ELSEWHERE, _REFUSED, _BROKEN = 200, 300, 400, 500
# a good response without content
NO_DATA = frozenset({204, 205})
# beside every 5xx
RETRIED_STATUS = frozenset({408, 425, 429})
# these speak of the keys, the address or the moment, not of what was requested
_NO_REFUSAL = frozenset({401, 403, 404, 405, 407}) | RETRIED_STATUS
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# they refuse the endpoint, the method or the format, whatever is requested
_OF_ENDPOINT = frozenset({402, 403, 404, 405, 406, 407, 415, 421, 426, 451})
# where the phrase of the standard would mislead
_PHRASES = {
    202: "it has accepted the request and has no answer yet",
    203: "a proxy on the way has changed the answer",
    206: "it sent a part of the answer only",
    304: "not modified, though it cannot know what was; a cache on the way may have answered",
}
_FEWER = "process fewer cases at once"
# what stops a connection on this machine, and whether that may pass; {} is the host or the proxy
_ERRNOS = (
    (
        {errno.EMFILE, errno.ENFILE},
        f"this machine has no file handle left; raise `ulimit -n`, or {_FEWER}",
        False,
    ),
    ({errno.ENOMEM, errno.ENOBUFS}, "this machine has no memory left for a connection", False),
    (
        {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN},
        "this machine has no route to {}; check its network",
        True,
    ),
    (
        {errno.EACCES, errno.EPERM},
        "this machine forbids the connection to {}; check its firewall",
        False,
    ),
    ({errno.EADDRNOTAVAIL}, f"this machine has no free port or address left; {_FEWER}", True),
)
# numbers of OpenSSL (X509_V_ERR_...)
_NOT_YET_VALID, _EXPIRED = 9, 10
_SELF_SIGNED = frozenset({18, 19})
_UNKNOWN_AUTHORITY = frozenset({2, 20, 21, 24, 26, 27})
_OTHER_HOST = frozenset({62, 64})
_NO_HTTP = (http.client.BadStatusLine, http.client.LineTooLong, http.client.UnknownProtocol)
_Error = TypeVar("_Error", bound=BaseException)
_TUNNEL = re.compile(r"Tunnel connection failed: ([0-9]{3})")


class HttpError(ItemError):
    """A call that failed; `status` where there was a response.

    `endpoint` is the method and the path, which the message begins with. `attempts` is after how
    many attempts this error is final, `wait` how many seconds the server wants to be left alone.
    """

    def __init__(
        self,
        endpoint: str,
        message: str,
        status: int | None = None,
        cause: Cause = Cause.OUTAGE,
        *,
        attempts: int = 1,
        wait: float | None = None,
    ) -> None:
        super().__init__(f"{endpoint}: {message}", cause=cause)
        self.endpoint = endpoint
        self.status = status
        self.attempts = attempts
        self.wait = wait

    @property
    def refused(self) -> bool:
        """Whether the server understood and said no."""
        return self.status in range(_REFUSED, _BROKEN) and self.status not in _NO_REFUSAL


class Failure(NamedTuple):
    """One failed attempt: a clause for people, where the fault lies, and whether to try again."""

    message: str
    cause: Cause
    again: bool = False


# --- without a response ----------------------------------------------------------------------


def explain(error: Exception, route: Route) -> Failure:
    """Return what a failed attempt means; the timeouts of a call are the caller's to recognize."""
    seen = list(_chain(error))
    by_proxy = bool(_first(seen, requests.exceptions.ProxyError, urllib3.exceptions.ProxyError))
    if unverified := _first(seen, ssl.SSLCertVerificationError):
        return certificate(unverified.verify_code, route, by_proxy=by_proxy)
    # those of TLS and of name servers are numbers of their own
    numbers = {
        one.errno
        for one in seen
        if isinstance(one, OSError) and not isinstance(one, ssl.SSLError | socket.gaierror)
    }
    if _first(seen, MemoryError):
        numbers.add(errno.ENOMEM)
    for of_machine, text, passes in _ERRNOS:
        if numbers & of_machine:
            return Failure(text.format(route.proxy or route.host), Cause.MACHINE, passes)
    if unresolved := _first(seen, socket.gaierror):
        what, remedy = f"the host name {route.host}", "check the host name"
        if by_proxy:
            what = f"the host name of the proxy {route.proxy}".rstrip()
            remedy = f"check {route.proxy_variable}"
        if unresolved.errno == socket.EAI_AGAIN:
            text = f"{what} cannot be looked up now; check this machine's network and name server"
            return Failure(text, Cause.MACHINE, again=True)
        text = f"{what} is not known; {remedy}, and this machine's name server"
        return Failure(text, Cause.MACHINE)
    if by_proxy:
        return _of_proxy(seen, route)
    if _first(seen, UnicodeError):
        text = f"the host name {route.host} cannot be one; check the host name"
        return Failure(text, Cause.MACHINE)
    if _first(seen, requests.exceptions.InvalidProxyURL):
        text = f"{route.proxy_variable} does not hold the address of a proxy"
        return Failure(text, Cause.MACHINE)
    if _first(seen, requests.exceptions.InvalidURL):
        return Failure("the address is not an http or https address", Cause.MACHINE)
    return _of_server(seen, route)


def certificate(code: int, route: Route, *, by_proxy: bool = False) -> Failure:
    """Return what a certificate that was not accepted means; `code` is OpenSSL's number for it."""
    who = f"the proxy {route.proxy}" if by_proxy else route.host
    what = f"the certificate of {who}"
    if code in _OTHER_HOST:
        check = "the address of the proxy" if by_proxy else "the host name"
        return Failure(f"{what} is for another host; check {check}", Cause.MACHINE)
    if code == _EXPIRED:
        text = "has expired; whoever runs it has to renew it (is this machine's clock right?)"
        return Failure(f"{what} {text}", Cause.OUTAGE)
    if code == _NOT_YET_VALID:
        return Failure(f"{what} is not valid yet; check this machine's clock", Cause.MACHINE)
    if code not in _SELF_SIGNED | _UNKNOWN_AUTHORITY:
        return Failure(f"{what} was not accepted (OpenSSL error {code})", Cause.MACHINE)
    is_own = code in _SELF_SIGNED
    kind = "is self-signed" if is_own else "comes from an unknown authority"
    it = "it" if is_own else "that authority's certificate"
    remedy = (
        f"add {it} to {route.bundle}, which {route.bundle_variable} names"
        if route.bundle
        else f"name a PEM file that holds {it} in {route.bundle_variable}"
    )
    return Failure(f"{what} {kind}; if you trust it, {remedy}", Cause.MACHINE)


def explain_proxy(status: int, route: Route) -> Failure:
    """Return what a status means that the proxy answered in place of the server."""
    proxy = f"the proxy {route.proxy}".rstrip()
    if status == PROXY_UNAUTHORIZED:
        text = (
            f"{proxy} refuses this machine without a valid user and password (407); put them into "
            f"{route.proxy_variable}, as in http://user:password@host:port"
        )
        return Failure(text, Cause.MACHINE)
    if status >= _BROKEN:
        return Failure(f"{proxy} cannot reach {route.host} ({status})", Cause.MACHINE, again=True)
    text = (
        f"{proxy} refuses to connect to {route.host} ({status}); have it allowed there, or name "
        f"the host in NO_PROXY"
    )
    return Failure(text, Cause.MACHINE)


def _of_proxy(seen: list[BaseException], route: Route) -> Failure:
    proxy = f"the proxy {route.proxy}".rstrip()
    for one in seen:
        if tunnel := _TUNNEL.search(str(one)) if isinstance(one, OSError) else None:
            return explain_proxy(int(tunnel[1]), route)
    if _first(seen, ssl.SSLError):
        text = f"{proxy} does not speak TLS; its address in {route.proxy_variable} may need http://"
        return Failure(text, Cause.MACHINE)
    text = (
        f"{proxy} does not answer ({_reason(seen)}); check {route.proxy_variable}, or name the "
        f"host in NO_PROXY"
    )
    return Failure(text, Cause.MACHINE, again=True)


def _of_server(seen: list[BaseException], route: Route) -> Failure:
    text = f"the connection failed ({_reason(seen)})"
    if _first(seen, ssl.SSLError, requests.exceptions.SSLError):
        texts = " ".join(str(one) for one in seen)
        if "WRONG_VERSION_NUMBER" in texts:
            text = f"{route.host} does not speak TLS at this port; check the host name and the port"
            return Failure(text, Cause.MACHINE)
        if "ALERT_" in texts and "CERTIFICATE" in texts:
            text = f"{route.host} wants a certificate of this machine, which no run can show"
            return Failure(text, Cause.MACHINE)
        if "CERTIFICATE" in texts.upper():
            return Failure(f"the certificate of {route.host} was not accepted", Cause.MACHINE)
        text = f"the TLS connection failed ({_reason(seen)})"
    elif interim := _first(seen, OnlyInterimError):
        text = f"the server announced an answer ({interim}) and did not give it"
    elif _first(seen, http.client.RemoteDisconnected):
        text = "the server closed the connection unanswered"
    elif _first(seen, *_NO_HTTP):
        who = f"{route.host} or the proxy {route.proxy}" if route.proxy else route.host
        text = f"{who} does not speak HTTP"
    return Failure(text, Cause.OUTAGE, again=True)


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


def _first(seen: list[BaseException], *kinds: type[_Error]) -> _Error | None:
    return next((one for one in seen if isinstance(one, kinds)), None)


def _reason(seen: list[BaseException]) -> str:
    """Return the kind of a network error, never its text: that can hold the query."""
    for one in seen:
        if isinstance(one, OSError) and one.strerror:
            return one.strerror
    return type(seen[-1]).__name__


# --- with a response that is not the one that was requested ----------------------------------


def refusal(endpoint: str, response: Response, mask: Callable[[str], str]) -> HttpError:
    """Return the error of a response whose status is neither 200 nor one without content.

    `mask` hides secrets: what is left out of an address could leave a part of one behind.
    """
    status, cause = response.status, Cause.ITEM
    message = f"the server answered {status}"
    location = response.headers.get("Location")
    if status in _REDIRECTS:
        cause = Cause.ENDPOINT
        message += " (a redirect) without saying where to"
        if location:
            target = _target(mask(location))
            message = f"redirects to {target}, and redirects are not followed; check the host name"
    elif status < _REFUSED:
        cause = Cause.OUTAGE if _SUCCESS <= status < _ELSEWHERE else Cause.ENDPOINT
        message += f" ({_phrase(status)}) where 200 is expected"
    elif status == UNAUTHORIZED:
        cause = Cause.LOGIN
        message += "; check the API key and the API secret"
    elif status == FORBIDDEN:
        cause = Cause.ENDPOINT
        message += (
            "; ask the vendor whether the egress IP address of this machine has to be "
            "allow-listed, and whether the keys may use this endpoint"
        )
    elif status == NOT_FOUND:
        cause = Cause.ENDPOINT if response.json_object is None else Cause.ITEM
        message += "; check the host name and its path"
    else:
        cause = Cause.ENDPOINT if status in _OF_ENDPOINT else Cause.ITEM
        message += _problem(response)
    return HttpError(endpoint, message, status, cause)


def _phrase(status: int) -> str:
    try:
        return _PHRASES.get(status) or http.HTTPStatus(status).phrase
    except ValueError:
        return "a status that has no meaning"


def _target(location: str) -> str:
    try:
        parts = urlsplit(location)
    except ValueError:
        return "an address that cannot be read"
    # without a user and password that may stand before the host
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}" if host else parts.path or "/"


def _problem(response: Response) -> str:
    """Return what a body of problem+json says: its title and its errors, whole.

    It is cut where it is shown, after secrets were masked.
    """
    is_json = looks_like_json(response.headers.get("Content-Type"))
    problem = (response.json_object if is_json else None) or {}
    parts = [str(problem[key]) for key in ("title", "message") if problem.get(key)]
    errors = problem.get("errors")
    if isinstance(errors, dict):
        parts += [f"{key}: {value}" for key, value in errors.items()]
    return ": " + "; ".join(parts) if parts else ""
