"""HTTP of a run: limits, attempts and time-outs of each call, over shared connections.

Requests are prepared and handed straight to the adapter: cookies, redirects and hooks of a session
are not wanted here. Redirects are never followed.
"""

import email.utils
import functools
import random
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any, NamedTuple, Self
from urllib.parse import urlencode, urlsplit

import requests
import urllib3
from requests.adapters import DEFAULT_POOLSIZE
from requests.structures import CaseInsensitiveDict

from izoologic_cdf.errors import Cause, ItemError
from izoologic_cdf.runtime.bodies import CHUNK, BodyError, Response, decode, read_json
from izoologic_cdf.runtime.connections import Adapter, Environment, Route, set_deadline
from izoologic_cdf.runtime.failures import (
    NETWORK_UNAUTHORIZED,
    OK,
    PROXY_UNAUTHORIZED,
    RETRIED_STATUS,
    HttpError,
    explain,
    explain_proxy,
)
from izoologic_cdf.runtime.spool import MAX_IN_MEMORY, Spool, remove_leftovers
from izoologic_cdf.runtime.windows import Clock

USER_AGENT = "izoologic-cdf"
MAX_ADDRESSES = 128
_BROKEN_CALL = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)
_TIMEOUTS = (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)


class Limits(NamedTuple):
    """What a call may take; times in seconds, sizes in bytes. All numbers stand here."""

    connect: float = 10.0
    read: float = 60.0
    whole: float = 600.0
    attempts: int = 5
    attempts_on_bad_body: int = 3
    first_wait: float = 1.0
    longest_wait: float = 60.0
    longest_retry_after: float = 120.0
    jitter: float = 0.2
    largest_json: int = 256 * 1024 * 1024
    largest_file: int = 512 * 1024 * 1024
    requests_per_second: float | None = None


@dataclass(slots=True)  # not frozen: each call makes two, and frozen ones are made slowly
class Request:
    """One request; `json_due` says that the response must be JSON, else it may be any file.

    A parameter is text, or a list of texts. `timeout` is how many seconds to wait for a response,
    where that is not left to the run's limits. `good` are the statuses whose body is read whole; a
    request that is not `repeatable` is sent once.
    """

    method: str
    url: str
    params: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    json_due: bool = True
    verify: bool = True
    use_proxies: bool = True
    timeout: float | None = None
    good: frozenset[int] = frozenset({OK})
    repeatable: bool = True

    @property
    def endpoint(self) -> str:
        """The request for people: method and path, never its query."""
        try:
            return f"{self.method} {urlsplit(self.url).path or '/'}"
        except ValueError:
            return self.method

    def asking(self, params: Mapping[str, Any], headers: Mapping[str, str]) -> "Request":
        """Return the same request with other parameters and headers."""
        return Request(
            self.method, self.url, params, headers, self.body, self.json_due, self.verify,
            self.use_proxies, self.timeout, self.good, self.repeatable,
        )  # fmt: skip

    def prepare(self) -> requests.PreparedRequest:
        """Return what is sent, without cookies and logins of the environment.

        Raises:
            requests.RequestException: the address or a header cannot be sent.
            ValueError: the same; UnicodeError is one.
        """
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip", **self.headers}
        prepared = requests.PreparedRequest()
        prepared.prepare_method(self.method)
        if self.url.startswith(("http://", "https://")) and not any(c in self.url for c in "?#%"):
            query = urlencode(self.params or {}, doseq=True)
            prepared.url = _prepare_url(self.url) + (f"?{query}" if query else "")
        else:
            # parameters go between a query and a fragment, and into an odd address in odd ways
            prepared.prepare_url(self.url, self.params)
        prepared.headers = _prepare_headers(*headers.items())
        if self.body or self.method != "GET":
            # the length of the body is added
            prepared.headers = CaseInsensitiveDict(prepared.headers)
            prepared.prepare_body(self.body or None, None)
        return prepared


@functools.lru_cache(MAX_ADDRESSES)
def _prepare_url(url: str) -> str:
    """Return an address as it is sent; kept, which saves 2 in 100 of a run without latency."""
    prepared = requests.PreparedRequest()
    prepared.prepare_url(url, None)
    return prepared.url or ""


class _Headers(CaseInsensitiveDict[str]):
    """Headers that never change; urllib3 copies them at each call, and a dict is enough for it."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__(headers)
        self._plain = dict(headers.items())

    def copy(self) -> dict[str, str]:  # type: ignore[override]
        """Return a plain dict."""
        return self._plain.copy()


@functools.lru_cache(MAX_ADDRESSES)
def _prepare_headers(*headers: tuple[str, str]) -> CaseInsensitiveDict[str]:
    """Return headers as they are sent, checked; kept, since most calls have the same."""
    prepared = requests.PreparedRequest()
    prepared.prepare_headers(dict(headers))
    "".join(value for _, value in headers).encode("latin-1")  # as http.client does when connected
    return _Headers(prepared.headers)


@dataclass(slots=True)
class Calls:
    """Counters of a run, shared by its threads."""

    requests: int = 0
    retries: int = 0
    logins: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, *, requests: int = 0, retries: int = 0, logins: int = 0) -> None:
        """Add to the counters."""
        with self._lock:
            self.requests += requests
            self.retries += retries
            self.logins += logins


class Transport:
    """Sends requests; threads may share it."""

    def __init__(
        self, clock: Clock, limits: Limits, *, connections: int = DEFAULT_POOLSIZE
    ) -> None:
        """`connections` is how many are kept open to each host."""
        self.calls = Calls()
        self.limits = limits
        self._clock = clock
        self._adapter = Adapter(connections)
        self._environment = Environment()
        self._spool = Spool()
        self._next = 0.0
        self._lock = threading.Lock()
        # urllib3 would warn at each call of what the administrator has chosen
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def close(self) -> None:
        """Close all connections and delete all spooled bodies."""
        self._adapter.close()
        self._spool.close()

    def __enter__(self) -> Self:
        remove_leftovers()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, request: Request) -> Response:
        """Send a request until it is answered; statuses that no attempt can mend come back.

        Raises:
            HttpError: no response, or one that is no use, after all attempts.
        """
        try:
            prepared = request.prepare()
            route = self._environment.route(
                request.url, verify=request.verify, use_proxies=request.use_proxies
            )
        except ItemError as error:
            raise HttpError(request.endpoint, error.message, cause=error.cause) from None
        except (requests.RequestException, ValueError) as error:
            message = "the address or a header cannot be sent"
            # what no encoding has comes from the data
            cause = Cause.ITEM if isinstance(error, UnicodeError) else Cause.MACHINE
            raise HttpError(request.endpoint, message, cause=cause) from None
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._send_once(request, prepared, route)
            except HttpError as error:
                if attempt >= error.attempts or not request.repeatable:
                    raise
                wait = self._wait(attempt, error)
            self.calls.count(retries=1)
            self._clock.sleep(wait)

    def _wait(self, attempt: int, error: HttpError) -> float:
        """Return how many seconds to wait after an attempt: twice as many each time."""
        limits = self.limits
        if error.wait is not None:
            return min(error.wait, limits.longest_retry_after)
        jitter = random.uniform(0, limits.first_wait * limits.jitter)  # noqa: S311 - no secret
        return min(limits.first_wait * 2.0 ** (attempt - 1) + jitter, limits.longest_wait)

    def _keep_pace(self) -> None:
        """Wait until the budget of requests per second has room for one more."""
        if not self.limits.requests_per_second:
            return
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next)
            self._next = start + 1 / self.limits.requests_per_second
        if start > now:
            self._clock.sleep(start - now)

    def _send_once(
        self, request: Request, prepared: requests.PreparedRequest, route: Route
    ) -> Response:
        self._keep_pace()
        self.calls.count(requests=1)
        where, limits = request.endpoint, self.limits
        deadline = time.monotonic() + limits.whole
        set_deadline(deadline)
        read = limits.read if request.timeout is None else request.timeout
        connect = min(limits.connect, limits.whole, read)
        try:
            response = self._adapter.send(
                prepared, stream=True, timeout=(connect, read), verify=route.verify,
                proxies=route.proxies,
            )  # fmt: skip
            with response:
                return self._read(request, response, route)
        except HttpError:
            raise
        except BodyError as error:
            attempts = 1 if error.final else limits.attempts_on_bad_body
            raise HttpError(where, error.message, OK, error.cause, attempts=attempts) from None
        except ItemError as error:
            raise HttpError(where, error.message, cause=error.cause) from None
        except requests.exceptions.ConnectTimeout:
            message = f"no connection within {connect:g} s"
            raise HttpError(where, message, attempts=limits.attempts) from None
        except _TIMEOUTS:
            late = time.monotonic() >= deadline
            within = f"not all within {limits.whole:g}" if late else f"no answer within {read:g}"
            message = f"{within} s"
            raise HttpError(where, message, attempts=limits.attempts) from None
        except (*_BROKEN_CALL, MemoryError) as error:
            message, cause, again = explain(error, route)
            attempts = limits.attempts if again else 1
            raise HttpError(where, message, cause=cause, attempts=attempts) from None

    def _read(self, request: Request, response: requests.Response, route: Route) -> Response:
        status, headers, where = response.status_code, response.headers, request.endpoint
        if status == PROXY_UNAUTHORIZED:
            message, cause, _ = explain_proxy(status, route)
            raise HttpError(where, message, status, cause)
        if status == NETWORK_UNAUTHORIZED:
            message = "the network of this machine wants a login before it lets anything through"
            raise HttpError(where, f"{message} (511)", status, Cause.MACHINE)
        if status in RETRIED_STATUS or status >= requests.codes.internal_server_error:
            message = f"the server answered {status} {response.reason or ''}".rstrip()
            wait = read_retry_after(headers.get("Retry-After"), self._clock)
            raise HttpError(where, message, status, attempts=self.limits.attempts, wait=wait)
        if status not in request.good:
            return Response(status, headers, _start_of(response))
        chunks = self._chunks(request, response)
        if not request.json_due:
            return Response(status, headers, self._spool.keep(chunks))
        return Response(status, headers, read_json(b"".join(chunks), headers.get("Content-Type")))

    def _chunks(self, request: Request, response: requests.Response) -> Iterator[bytes]:
        """Yield a body as it is meant, at most as much of it as is allowed."""
        largest = self.limits.largest_json if request.json_due else self.limits.largest_file
        message = f"the answer is larger than {largest} bytes"
        size = _announced(response)
        if size <= largest:
            size = 0
            for chunk in _decoded(response):
                size += len(chunk)
                if size > largest:
                    break
                yield chunk
        if size > largest:
            raise HttpError(request.endpoint, message, cause=Cause.ITEM)


def _start_of(response: requests.Response) -> bytes:
    """Return the first of a body that says what is wrong: nobody reads more of it."""
    start = b""
    try:
        for chunk in _decoded(response):
            start += chunk
            if len(start) > MAX_IN_MEMORY:
                break
    except (BodyError, *_BROKEN_CALL):
        pass  # the status says enough
    return start[:MAX_IN_MEMORY]


def _decoded(response: requests.Response) -> Iterator[bytes]:
    return decode(_sent(response), response.headers.get("Content-Encoding"))


def _sent(response: requests.Response) -> Iterator[bytes]:
    """Yield a body as it was sent."""
    coding = response.headers.get("Transfer-Encoding", "chunked").strip().lower()
    if coding not in ("chunked", "identity"):
        raise BodyError("the server sent it in an odd transfer coding", final=True)
    if 0 < _announced(response) <= CHUNK and "Transfer-Encoding" not in response.headers:
        # in one go, which is quicker
        yield response.raw.read(decode_content=False)
        return
    # read1 returns what has come, so that a trickle cannot outlast the deadline
    while chunk := response.raw.read1(CHUNK, decode_content=False):
        yield chunk


def _announced(response: requests.Response) -> int:
    """Return how many bytes a response says that it has, 0 where it does not."""
    announced = response.headers.get("Content-Length", "")
    return int(announced[:20]) if announced.isdecimal() else 0


def read_retry_after(text: str | None, clock: Clock) -> float | None:
    """Return the seconds that `Retry-After` wants, given as seconds or as a date; null for none."""
    text = (text or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        when = email.utils.parsedate_to_datetime(text)
        if when.tzinfo is None:  # "-0000": a time in UTC of an unknown place
            when = when.replace(tzinfo=UTC)
        return max(0.0, when.timestamp() - clock.now())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
