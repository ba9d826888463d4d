"""HTTP of a run: one shared adapter, retries, time-outs, proxies, certificates.

Requests are prepared and handed straight to the adapter: cookies, redirects and hooks of a session
are not wanted here, and cost half of its processor time. Redirects are never followed.
"""

import email.utils
import functools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any, Self
from urllib.parse import urlsplit

import requests
import tenacity
import urllib3

from izoologic_cdf.errors import Cause, ItemError
from izoologic_cdf.runtime.adapter import Adapter, prepare, set_deadline
from izoologic_cdf.runtime.bodies import NoJsonError, read_json
from izoologic_cdf.runtime.codings import CHUNK, CodingError, decoded
from izoologic_cdf.runtime.environment import BadEnvironmentError, Environment, Way
from izoologic_cdf.runtime.failures import explain, proxy_answered
from izoologic_cdf.runtime.scratch import remove_leftovers
from izoologic_cdf.runtime.spool import LARGEST_IN_MEMORY, Spool, SpooledBody, SpoolError
from izoologic_cdf.runtime.windows import Clock

PROXY_UNAUTHORIZED = 407
NETWORK_UNAUTHORIZED = 511
# beside every 5xx
RETRIED_STATUS = frozenset({408, 425, 429})
# these speak of the keys, the address or the moment, not of what was asked for
NO_REFUSAL = frozenset({401, 403, 404, 405, PROXY_UNAUTHORIZED}) | RETRIED_STATUS
USER_AGENT = "izoologic-cdf"


@dataclass(frozen=True, slots=True)
class Limits:
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


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `json_due` says that the answer must be JSON, else it may be any file.

    A parameter is text, or a list of texts. `timeout` is how many seconds to wait for an answer,
    where that is not left to the run's limits.
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

    @property
    def endpoint(self) -> str:
        """The request for people: method and path, never its query."""
        try:
            return f"{self.method} {urlsplit(self.url).path or '/'}"
        except ValueError:
            return self.method

    def with_header(self, name: str, value: str) -> Self:
        """Return this request with one more header, or another value of it."""
        # `dataclasses.replace` takes three times as long, and each call of a run needs a token
        return type(self)(
            self.method,
            self.url,
            self.params,
            {**self.headers, name: value},
            self.body,
            self.json_due,
            self.verify,
            self.use_proxies,
            self.timeout,
        )


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; the body of a status other than 200 is bytes, at most 64 KiB of it."""

    status: int
    headers: Mapping[str, str]
    body: bytes | SpooledBody


class HttpError(ItemError):
    """A call that failed for good; `status` where there was an answer.

    `endpoint` is the method and the path, which the message begins with.
    """

    def __init__(
        self,
        endpoint: str,
        message: str,
        status: int | None = None,
        cause: Cause = Cause.OUTAGE,
    ) -> None:
        super().__init__(f"{endpoint}: {message}", cause=cause)
        self.endpoint = endpoint
        self.status = status

    @property
    def refused(self) -> bool:
        """Whether the server understood and said no."""
        return (
            self.status is not None and 400 <= self.status < 500 and self.status not in NO_REFUSAL
        )


class _AgainError(Exception):
    """A call that may succeed when it is made again; `wait` where the server said how long."""

    def __init__(self, final: HttpError, wait: float | None = None, attempts: int = 0) -> None:
        super().__init__(str(final))
        self.final = final
        self.wait = wait
        self.attempts = attempts


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
    """Sends requests; safe to be shared by threads."""

    def __init__(self, clock: Clock, limits: Limits, *, connections: int = 10) -> None:
        self.calls = Calls()
        self.limits = limits
        self._clock = clock
        self._adapter = Adapter(connections)
        self._environment = Environment()
        self._warned = False
        self._spool = Spool()
        self._pace = _Pace(clock, limits.requests_per_second)

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
        """Send a request until it is answered; statuses that asking again can't mend come back.

        Raises:
            HttpError: no answer, or one that is no use, after all attempts.
        """
        where = request.endpoint
        headers = {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip", **request.headers}
        try:
            prepared = prepare(request.method, request.url, request.params, headers, request.body)
            verify = self._verify(request)
            way = self._environment.way(request.url, use_proxies=request.use_proxies)
        except BadEnvironmentError as error:
            raise HttpError(where, str(error), cause=Cause.MACHINE) from None
        except (requests.RequestException, ValueError):
            message = "the address or a header cannot be sent"
            raise HttpError(where, message, cause=Cause.MACHINE) from None
        attempt = functools.partial(self._send_once, request, prepared, verify, way)
        try:
            return attempt()
        except _AgainError as error:
            first = error
        return self._send_again(attempt, first)

    def _verify(self, request: Request) -> bool | str:
        """Return what to check the certificate against; False is nothing."""
        if request.verify:
            # only a certificate needs them, and to read them takes its time
            is_secure = request.url.lower().startswith("https:")
            return self._environment.authorities() if is_secure else True
        if not self._warned:
            # urllib3 would warn at each call of what the administrator has chosen
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
            self._warned = True
        return False

    def _send_again(self, attempt: Callable[[], Response], failed: _AgainError) -> Response:
        """Make further attempts after the first one, which has failed.

        Most calls need one attempt, so only the others pay for the loop around them.
        """
        made = [failed]

        def attempt_or_first() -> Response:
            if made:  # the loop counts the first attempt, and waits after it
                raise made.pop()
            return attempt()

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_AgainError),
            stop=self._stop,
            wait=self._wait,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(attempt_or_first)
        except _AgainError as error:
            raise error.final from None

    def _stop(self, state: tenacity.RetryCallState) -> bool:
        error = state.outcome.exception() if state.outcome else None
        attempts = error.attempts if isinstance(error, _AgainError) else 0
        return state.attempt_number >= (attempts or self.limits.attempts)

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, _AgainError) and error.wait is not None:
            return min(error.wait, self.limits.longest_retry_after)
        backoff = tenacity.wait_exponential_jitter(
            initial=self.limits.first_wait,
            max=self.limits.longest_wait,
            jitter=self.limits.first_wait * self.limits.jitter,
        )
        return backoff(state)

    def _sleep(self, seconds: float) -> None:
        self.calls.count(retries=1)
        self._clock.sleep(seconds)

    def _send_once(
        self, request: Request, prepared: requests.PreparedRequest, verify: bool | str, way: Way
    ) -> Response:
        self._pace.wait()
        self.calls.count(requests=1)
        where, limits = request.endpoint, self.limits
        deadline = time.monotonic() + limits.whole
        set_deadline(deadline)
        read = limits.read if request.timeout is None else request.timeout
        connect = min(limits.connect, limits.whole, read)
        try:
            response = self._adapter.send(
                prepared,
                stream=True,
                timeout=(connect, read),
                verify=verify,
                proxies=way.proxies,
            )
            with response:
                return self._read(request, response, way)
        except SpoolError as error:
            raise HttpError(where, str(error), cause=Cause.MACHINE) from None
        except CodingError as error:
            final = HttpError(where, f"the answer cannot be read: {error}")
            if error.final:
                raise final from None
            raise _AgainError(final, attempts=limits.attempts_on_bad_body) from None
        except requests.exceptions.ConnectTimeout:
            message = f"no connection within {connect:g} s"
            raise _AgainError(HttpError(where, message)) from None
        except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError):
            late = time.monotonic() >= deadline
            message = f"no answer within {read:g} s"
            message = f"not all within {limits.whole:g} s" if late else message
            raise _AgainError(HttpError(where, message)) from None
        except (
            requests.RequestException,
            urllib3.exceptions.HTTPError,
            OSError,
            MemoryError,
        ) as error:
            failure = explain(error, way.route)
            final = HttpError(where, failure.message, cause=failure.cause)
            if failure.again:
                raise _AgainError(final) from None
            raise final from None

    def _read(self, request: Request, response: requests.Response, way: Way) -> Response:
        status, headers, where = response.status_code, response.headers, request.endpoint
        if status == PROXY_UNAUTHORIZED:
            failure = proxy_answered(status, way.route)
            raise HttpError(where, failure.message, status, failure.cause)
        if status == NETWORK_UNAUTHORIZED:
            message = "the network of this machine wants a login before it lets anything through"
            raise HttpError(where, f"{message} (511)", status, Cause.MACHINE)
        if status in RETRIED_STATUS or status >= requests.codes.internal_server_error:
            message = f"the server answered {status} {response.reason or ''}"
            wait = _retry_after(headers.get("Retry-After"), self._clock)
            raise _AgainError(HttpError(where, message.rstrip(), status), wait)
        if status != requests.codes.ok:
            return Response(status, headers, self._start_of(response))
        chunks = self._chunks(request, response)
        if not request.json_due:
            return Response(status, headers, self._spool.keep(chunks))
        try:
            body = read_json(b"".join(chunks), headers.get("Content-Type"))
        except NoJsonError as error:
            cause = Cause.OUTAGE if error.outage else Cause.ITEM
            final = HttpError(where, str(error), status, cause)
            if error.final:
                raise final from None
            raise _AgainError(final, attempts=self.limits.attempts_on_bad_body) from None
        return Response(status, headers, body)

    def _chunks(self, request: Request, response: requests.Response) -> Iterator[bytes]:
        """Yield a body as it is meant, at most as much of it as may be."""
        largest = self.limits.largest_json if request.json_due else self.limits.largest_file
        too_large = HttpError(
            request.endpoint, f"the answer is larger than {largest} bytes", cause=Cause.ITEM
        )
        announced = response.headers.get("Content-Length", "")
        if announced.isdecimal() and int(announced[:20]) > largest:
            raise too_large
        size = 0
        for chunk in decoded(_sent(response), response.headers.get("Content-Encoding")):
            size += len(chunk)
            if size > largest:
                raise too_large
            yield chunk

    def _start_of(self, response: requests.Response) -> bytes:
        """Return the first of a body that says what is wrong: nobody reads more of it."""
        start = b""
        try:
            for chunk in decoded(_sent(response), response.headers.get("Content-Encoding")):
                start += chunk
                if len(start) > LARGEST_IN_MEMORY:
                    break
        except (CodingError, OSError, requests.RequestException, urllib3.exceptions.HTTPError):
            pass  # the status has said it already
        return start[:LARGEST_IN_MEMORY]


def _sent(response: requests.Response) -> Iterator[bytes]:
    """Yield a body as it was sent."""
    coding = response.headers.get("Transfer-Encoding", "chunked").strip().lower()
    if coding not in ("chunked", "identity"):
        raise CodingError("the server sent it in an odd transfer coding", final=True)
    # read1 returns what has come, so that a trickle cannot outlast the deadline
    while chunk := response.raw.read1(CHUNK, decode_content=False):
        yield chunk


class _Pace:
    """A budget of requests per second."""

    def __init__(self, clock: Clock, per_second: float | None) -> None:
        self._clock = clock
        self._gap = 1 / per_second if per_second else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait until the next request may go."""
        if not self._gap:
            return
        with self._lock:
            now = time.monotonic()
            start = max(now, self._next)
            self._next = start + self._gap
        if start > now:
            self._clock.sleep(start - now)


def _retry_after(text: str | None, clock: Clock) -> float | None:
    """Return the seconds that `Retry-After` asks for, given as seconds or as a date."""
    if not text:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        when = email.utils.parsedate_to_datetime(text)
        if when.tzinfo is None:  # "-0000": a time in UTC of an unknown place
            when = when.replace(tzinfo=UTC)
        return max(0.0, when.timestamp() - clock.now())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
