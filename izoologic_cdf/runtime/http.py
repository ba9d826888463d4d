"""HTTP of a run: one shared adapter, retries, time-outs, proxies, certificates.

Requests are prepared and handed straight to `HTTPAdapter.send`: cookies, redirects and hooks of a
session are not wanted here, and cost half of its processor time. Redirects are never followed.
"""

import email.utils
import hashlib
import ipaddress
import os
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import requests
import tenacity
import urllib3
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from izoologic_cdf.runtime.bodies import (
    LARGEST_IN_MEMORY,
    JsonBody,
    NoJsonError,
    SpooledBody,
    parse_json,
)
from izoologic_cdf.runtime.clock import Clock
from izoologic_cdf.runtime.problems import ItemError

# beside every 5xx
RETRIED_STATUS = frozenset({408, 425, 429})
# these speak of the keys, the address or the moment, not of what was asked for
NO_REFUSAL = frozenset({401, 403, 404, 405, 407}) | RETRIED_STATUS
USER_AGENT = "izoologic-cdf"
CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Limits:
    """What a call may take; times in seconds, sizes in bytes. All numbers stand here."""

    connect: float = 10.0
    read: float = 60.0
    whole: float = 600.0
    attempts: int = 5
    attempts_on_bad_json: int = 3
    first_wait: float = 1.0
    longest_wait: float = 60.0
    longest_retry_after: float = 120.0
    jitter: float = 0.2
    largest_json: int = 256 * 1024 * 1024
    largest_file: int = 512 * 1024 * 1024
    requests_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One request; `json_due` says that the answer must be JSON, else it may be any file."""

    method: str
    url: str
    params: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    json_due: bool = True
    verify: bool = True
    use_proxies: bool = True

    @property
    def endpoint(self) -> str:
        """The request for people: method and path, never its query."""
        try:
            return f"{self.method} {urlsplit(self.url).path or '/'}"
        except ValueError:
            return self.method


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; the body of a status other than 200 is bytes, at most 64 KiB of it."""

    status: int
    headers: Mapping[str, str]
    body: bytes | SpooledBody


class HttpError(ItemError):
    """A call that failed for good; `status` where there was an answer."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
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
        self._adapter = HTTPAdapter(pool_connections=4, pool_maxsize=connections)
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._lock = threading.Lock()
        self._proxies: dict[tuple[str, bool], dict[str, str]] = {}
        self._pace = _Pace(clock, limits.requests_per_second)

    def close(self) -> None:
        """Close all connections and delete all spooled bodies."""
        self._adapter.close()
        if self._folder is not None:
            self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, request: Request) -> Response:
        """Send a request until it is answered; statuses that asking again can't mend come back.

        Raises:
            HttpError: no answer, or one that is no use, after all attempts.
        """
        try:
            prepared = _prepare(request)
        except (requests.RequestException, UnicodeError, ValueError):
            raise HttpError(f"{request.endpoint}: the address or a header can't be sent") from None
        verify = _verify(request)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_AgainError),
            stop=self._stop,
            wait=self._wait,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            return retrying(self._send_once, request, prepared, verify)
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
        self, request: Request, prepared: requests.PreparedRequest, verify: bool | str
    ) -> Response:
        self._pace.wait()
        self.calls.count(requests=1)
        deadline = time.monotonic() + self.limits.whole
        where = request.endpoint
        try:
            response = self._adapter.send(
                prepared,
                stream=True,
                timeout=(self.limits.connect, self.limits.read),
                verify=verify,
                proxies=self._proxies_for(request),
            )
            with response:
                return self._read(request, response, deadline)
        except requests.exceptions.SSLError as error:
            if "CERTIFICATE" in str(error).upper():
                raise HttpError(
                    f"{where}: the server's certificate can't be trusted; install its authority "
                    f"on this machine, or turn the certificate check off"
                ) from None
            raise _AgainError(HttpError(f"{where}: the TLS connection failed")) from None
        except requests.exceptions.ConnectTimeout:
            message = f"{where}: no connection within {self.limits.connect:g} s"
            raise _AgainError(HttpError(message)) from None
        except (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError, TimeoutError):
            message = f"{where}: no answer within {self.limits.read:g} s"
            raise _AgainError(HttpError(message)) from None
        except requests.exceptions.InvalidProxyURL:
            message = f"{where}: the proxy of this machine's environment is no address"
            raise HttpError(message) from None
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema):
            raise HttpError(f"{where}: the address is no http or https address") from None
        except requests.exceptions.ProxyError:
            message = f"{where}: the proxy of this machine's environment does not answer"
            raise _AgainError(HttpError(message)) from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
            message = f"{where}: the connection failed ({_reason(error)})"
            raise _AgainError(HttpError(message)) from None

    def _read(self, request: Request, response: requests.Response, deadline: float) -> Response:
        status, headers = response.status_code, response.headers
        if status in RETRIED_STATUS or status >= 500:
            message = f"{request.endpoint}: the server answered {status} {response.reason or ''}"
            wait = _retry_after(headers.get("Retry-After"), self._clock)
            raise _AgainError(HttpError(message.rstrip(), status), wait)
        chunks = self._chunks(request, response, deadline)
        if status != requests.codes.ok:
            return Response(status, headers, b"".join(chunks)[:LARGEST_IN_MEMORY])
        if not request.json_due:
            return Response(status, headers, self._file(chunks))
        body = JsonBody(b"".join(chunks))
        try:
            body.parsed = parse_json(body)
        except NoJsonError as error:
            final = HttpError(f"{request.endpoint}: {error}", status)
            if error.final:
                raise final from None
            raise _AgainError(final, attempts=self.limits.attempts_on_bad_json) from None
        return Response(status, headers, body)

    def _chunks(
        self, request: Request, response: requests.Response, deadline: float
    ) -> Iterator[bytes]:
        largest = self.limits.largest_json if request.json_due else self.limits.largest_file
        size = 0
        # read1 returns what has come, so that a trickle can't outlast the deadline
        while chunk := response.raw.read1(CHUNK, decode_content=True):
            size += len(chunk)
            if size > largest:
                raise HttpError(f"{request.endpoint}: the answer is larger than {largest} bytes")
            if time.monotonic() > deadline:
                message = f"{request.endpoint}: not all within {self.limits.whole:g} s"
                raise _AgainError(HttpError(message))
            yield chunk

    def _file(self, chunks: Iterator[bytes]) -> bytes | SpooledBody:
        start = b""
        for chunk in chunks:
            start += chunk
            if len(start) > LARGEST_IN_MEMORY:
                return self._spool(start, chunks)
        return start

    def _spool(self, start: bytes, chunks: Iterator[bytes]) -> SpooledBody:
        digest = hashlib.sha256(start)
        size = len(start)
        handle, name = tempfile.mkstemp(dir=self._spool_folder())
        with os.fdopen(handle, "wb") as file:
            file.write(start)
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                file.write(chunk)
        return SpooledBody(Path(name), size, digest.hexdigest())

    def _spool_folder(self) -> str:
        """Return the folder of the run for bodies on disk; deleted when the transport closes."""
        with self._lock:
            if self._folder is None:
                self._folder = tempfile.TemporaryDirectory(prefix="izoologic-cdf-")
            return self._folder.name

    def _proxies_for(self, request: Request) -> dict[str, str]:
        parts = urlsplit(request.url)
        host = parts.hostname or ""
        if not request.use_proxies or is_loopback(host):
            return {}
        key = (f"{parts.scheme}://{host}", request.use_proxies)
        if key not in self._proxies:
            self._proxies[key] = get_environ_proxies(request.url)
        return self._proxies[key]


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


def _prepare(request: Request) -> requests.PreparedRequest:
    prepared = requests.PreparedRequest()
    # what PreparedRequest.prepare does, without the cookies and hooks that nothing here has
    prepared.prepare_method(request.method)
    prepared.prepare_url(request.url, request.params)
    prepared.prepare_headers(
        {"User-Agent": USER_AGENT, "Accept-Encoding": "gzip", **request.headers}
    )
    prepared.prepare_body(request.body, None)
    for value in request.headers.values():
        value.encode("latin-1")  # what http.client does, when the connection stands already
    return prepared


def _verify(request: Request) -> bool | str:
    """Return what to check the certificate against: the environment's bundle, else certifi's.

    Raises:
        HttpError: the environment names a bundle that is not there.
    """
    if not request.verify:
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        return False
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        bundle = os.environ.get(name)
        if bundle and not Path(bundle).exists():
            raise HttpError(f"{request.endpoint}: there is no file {bundle!r}, which {name} names")
        if bundle:
            return bundle
    return True


def is_loopback(host: str) -> bool:
    """Tell whether a host name or address is this machine's own."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _retry_after(text: str | None, clock: Clock) -> float | None:
    """Return the seconds that `Retry-After` asks for, given as seconds or as a date."""
    if not text:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        when = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    if when.tzinfo is None:  # "-0000": a time in UTC of an unknown place
        when = when.replace(tzinfo=UTC)
    return max(0.0, when.timestamp() - clock.now())


def _reason(error: Exception) -> str:
    """Return the innermost kind of a network error: its text can hold the query."""
    seen: BaseException = error
    while True:
        inner = seen.__cause__ or seen.__context__ or getattr(seen, "reason", None)
        if not isinstance(inner, BaseException) or inner is seen:
            break
        seen = inner
    if isinstance(seen, OSError) and seen.strerror:
        return seen.strerror
    return type(seen).__name__
