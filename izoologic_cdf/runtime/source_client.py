"""Asks the source of a feed: its request, its login, its pages, its windows."""

import contextlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from email.utils import parsedate_to_datetime
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from izoologic_cdf.errors import Cause, ItemError, Position, RunError
from izoologic_cdf.language import model
from izoologic_cdf.language.model import TIMEOUT_DUE, TOKEN_NAME, is_timeout
from izoologic_cdf.language.values import Value, names_read
from izoologic_cdf.runtime.bodies import JsonBody, Response, looks_like_json
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.connections import is_loopback
from izoologic_cdf.runtime.failures import NO_DATA, NOT_FOUND, OK, refusal
from izoologic_cdf.runtime.http import MAX_ADDRESSES, Request, Transport
from izoologic_cdf.runtime.interpreter import Interpreter, evaluate, evaluate_whole
from izoologic_cdf.runtime.login import Login
from izoologic_cdf.runtime.redactor import Redactor
from izoologic_cdf.runtime.spool import SpooledBody

Names = Mapping[str, Any]


class FirstPage(Enum):
    """Whether the params of a pagination apply to the first request already.

    Nobody here knows which of them the platform has (the table of conventions has a row for it),
    so a definition is run under both.
    """

    WITHOUT = "without"
    WITH = "with"


# more pages than this in one request are a condition that never turns false
MAX_PAGES = 10_000
# one for all bodies: `json.dumps` with an option makes an encoder at each call
_ENCODER = json.JSONEncoder(ensure_ascii=False)
# what a request is evaluated from, but for its parameters
_OF_A_REQUEST = "url", "method", "headers", "body", "timeout", "verify_host_ssl", "disable_proxies"


class SourceClient:
    """What the requests of a run to its sources share; threads may share it."""

    def __init__(
        self,
        transport: Transport,
        redactor: Redactor,
        warn: Callable[[str], None],
        first_page: FirstPage = FirstPage.WITHOUT,
    ) -> None:
        self.transport = transport
        self.redactor = redactor
        self.first_page = first_page
        # by how they log in
        self.logins: dict[object, Login] = {}
        # whether some login of the run has given a token
        self.logged_in = False
        # paths that were not found at the first address of their source, and were at the second
        self.moved: set[str] = set()
        self._warn = warn
        # by source, where nothing but the parameters differs from call to call
        self.plans: dict[int, _Plan] = {}
        self._plain: set[str] = set()
        self._checked: set[str] = set()
        self._server_clock: tuple[float, float] | None = None

    def ask(
        self, source: model.HttpSource, names: Names, constant: frozenset[str] = frozenset()
    ) -> Iterator[bytes | SpooledBody]:
        """Yield the body of each page that has one: 204 and 205 say that there is no data.

        `constant` are names that mean the same in all calls.

        Raises:
            ItemError: an expression failed on the data, or the call failed.
            RunError: the login failed.
        """
        return _Call(self, source, names, constant).pages()

    def server_time(self) -> int | None:
        """Return the time of the server, by its first response; null where that has no date."""
        if self._server_clock is None:
            return None
        then, at = self._server_clock
        return int(then + time.monotonic() - at)

    def note_time(self, response: Response) -> None:
        """Remember the time of the server."""
        if self._server_clock is None:
            with contextlib.suppress(ValueError, TypeError, IndexError, OverflowError):
                then = parsedate_to_datetime(response.headers.get("Date") or "")
                self._server_clock = (then.timestamp(), time.monotonic())

    def check(self, url: str, position: Position) -> None:
        """Refuse what is not an address; warn of one that is not encrypted."""
        if url in self._checked:
            return
        try:
            parts = urlsplit(url)
            host, scheme, _ = parts.hostname, parts.scheme, parts.port
        except ValueError:
            host, scheme = None, ""
        if not host or scheme not in ("http", "https"):
            message = "this gives no http or https address; check the host name that is configured"
            raise RunError(message, position=position)
        if len(self._checked) < MAX_ADDRESSES:
            self._checked.add(url)
        if scheme == "http" and not is_loopback(host) and host not in self._plain:
            self._plain.add(host)
            self._warn(f"requests to {host} are not encrypted (http): keys and data can be read")


class _Plan(NamedTuple):
    """What is the same in all requests of a call: all but the parameters, how to log in.

    `header` gives the text of the header that carries a token. While the plan is kept, so is its
    source, and no other one gets the id that it is found by.
    """

    source: model.HttpSource
    request: Request
    login: Login | None = None
    header: Callable[[str], str] = str


class _Call:
    """The requests to one source under the names of one call of its feed."""

    def __init__(
        self, client: SourceClient, source: model.HttpSource, names: Names, constant: frozenset[str]
    ) -> None:
        self._client = client
        self._source = source
        self._names = names
        self._plan = client.plans.get(id(source)) or self._make_plan(constant)

    def pages(self) -> Iterator[bytes | SpooledBody]:
        """Yield the body of each page that has one."""
        params, paging = self._params(self._source.params, self._names), self._source.pagination
        if paging is None:
            only = self._page(params)
            if only is not None:
                yield only
            return
        if self._client.first_page is FirstPage.WITH:
            before = self._paged(paging, None, {}, 0)
            params = {**params, **self._params(paging.params, before)}
        for pages in range(1, MAX_PAGES + 1):
            body = self._page(params)
            if body is not None:
                yield body
            names = self._paged(paging, _readable(body), params, pages)
            if not evaluate(paging.condition, names):
                return
            following = {**params, **self._params(paging.params, names)}
            if _query(following) == _query(params):
                message = "the request of the next page equals that of the page before"
                raise ItemError(message, paging.params.position)
            params = following
        message = f"there are more than {MAX_PAGES} pages; the condition never turns false"
        raise ItemError(message, paging.condition.position)

    def _paged(self, paging: model.Pagination, data: Any, params: Names, pages: int) -> Names:
        """Return the names of a pagination, after so many pages."""
        names = dict(self._names)
        names |= {"prev_response_data": data, "prev_request_params": params, "page_count": pages}
        for name, value in paging.template_values.items():
            names[name] = evaluate(value, names)
        return names

    def _page(self, params: Names) -> bytes | SpooledBody | None:
        request = self._plan.request
        request = request.asking(_query(params), request.headers)
        second = self._source.fallback_url
        path = urlsplit(request.url).path
        # another thread may find it out meanwhile
        is_moved = path in self._client.moved
        if second is not None and is_moved:
            request = replace(request, url=self._text(second))
        response = self._send(request)
        is_missing = response.status == NOT_FOUND and response.json_object is None
        if second is not None and not is_moved and is_missing:
            fallback = replace(request, url=self._text(second))
            other = self._send(fallback)
            if other.status != NOT_FOUND:
                self._client.moved.add(path)
                request, response = fallback, other
        return self._body(request, response)

    def _make_plan(self, constant: frozenset[str]) -> _Plan:
        """Evaluate what is the same in all requests; keep it where only constant names count."""
        source, auth, request = self._source, self._source.auth, self._request()
        values = [getattr(source, name) for name in _OF_A_REQUEST]
        if auth is None:
            plan = _Plan(source, request)
        else:
            login = self._login(auth, request)
            plan = _Plan(source, request, login, lru_cache(1)(self._header(auth)))
            values += [auth.request.url, auth.request.headers, auth.request.body, auth.value]
        if all(names_read(value) <= constant | {TOKEN_NAME} for value in values):
            self._client.plans[id(source)] = plan
        return plan

    def _header(self, auth: model.Auth) -> Callable[[str], str]:
        names = self._names
        return lambda token: str(evaluate_whole(auth.value, {**names, TOKEN_NAME: token}))

    def _request(self) -> Request:
        source = self._source
        headers, content_type = self._headers(source.headers), source.response_content_type
        if content_type:
            headers.setdefault("Accept", content_type)
        url = self._text(source.url)
        self._client.check(url, source.url.position)
        timeout = self._value(source.timeout)
        if source.timeout is not None and timeout is not None and not is_timeout(timeout):
            raise RunError(f"{source.timeout.position}: {TIMEOUT_DUE}")
        return Request(
            method=self._text(source.method).upper(),
            url=url,
            body=self._encode(source.body, source.json_body, headers),
            headers=headers,
            json_due=content_type is None or looks_like_json(content_type),
            verify=bool(self._value(source.verify_host_ssl, True)),
            use_proxies=not self._value(source.disable_proxies, False),
            timeout=None if timeout is None else float(timeout),
        )

    def _send(self, request: Request) -> Response:
        auth, plan, send = self._source.auth, self._plan, self._client.transport.send
        if auth is None or plan.login is None:
            response = send(request)
        else:

            def call(token: str) -> Response:
                headers = {**request.headers, auth.header: plan.header(token)}
                return send(request.asking(request.params or {}, headers))

            response = plan.login.send(call, request.endpoint)
        self._client.note_time(response)
        return response

    def _login(self, auth: model.Auth, request: Request) -> Login:
        """Return the login of all calls that log in alike."""
        asked, logins = auth.request, self._client.logins
        headers, url = self._headers(asked.headers), self._text(asked.url)
        body = self._encode(asked.body, asked.json_body, headers)
        how = asked.method, url, body, *sorted(headers.items())
        known = logins.get(how)
        if known is not None:
            return known
        login = replace(
            request, method=asked.method, url=url, params=None, headers=headers, body=body,
            json_due=True,
        )  # fmt: skip
        return logins.setdefault(how, Login(lambda: self._log_in(auth, login)))

    def _log_in(self, auth: model.Auth, request: Request) -> str:
        client = self._client
        client.transport.calls.count(logins=1)
        try:
            body = self._body(request, client.transport.send(request))
            interpreter = Interpreter(self._names, Case(), _refuse_calls)
            tokens = [] if body is None else interpreter.run(auth.filters, body)
        except ItemError as error:
            outside = error.cause in (Cause.OUTAGE, Cause.MACHINE)
            cause = error.cause if outside else Cause.LOGIN
            raise RunError(f"the login failed: {error.message}", cause) from None
        if len(tokens) != 1 or not isinstance(tokens[0], str) or not tokens[0].strip():
            message = f"the login failed: no token in the response of {request.endpoint}"
            raise RunError(message, Cause.LOGIN)
        client.redactor.add(tokens[0])
        client.logged_in = True
        return tokens[0]

    def _body(self, request: Request, response: Response) -> bytes | SpooledBody | None:
        """Return the body of a good response, null for one without; raises HttpError for others."""
        if response.status == OK:
            return response.body
        if response.status in NO_DATA:
            return None
        raise refusal(request.endpoint, response, self._client.redactor)

    # --- values of the definition ------------------------------------------------------------

    def _value(self, value: Value | None, default: Any = None) -> Any:
        """Return what a value gives; the default where it is null, or not there."""
        result = None if value is None else evaluate_whole(value, self._names)
        return default if result is None else result

    def _text(self, value: Value) -> str:
        return str(self._value(value))

    def _params(self, value: Value | None, names: Names) -> dict[str, Any]:
        """Return query parameters; a text, which is a mistake, is read as a query string."""
        result = None if value is None else evaluate_whole(value, names)
        if isinstance(result, str):
            read = parse_qs(result.strip().removeprefix("?"), keep_blank_values=True)
            return {key: texts if texts[1:] else texts[0] for key, texts in read.items()}
        return _mapping(result, value)

    def _headers(self, value: Value | None) -> dict[str, str]:
        given = _mapping(self._value(value), value).items()
        return {key: _written(one) for key, one in given if one is not None}

    def _encode(self, body: Value | None, as_json: bool, headers: dict[str, str]) -> bytes | None:
        if body is None:
            return None
        value = evaluate_whole(body, self._names)
        if as_json or isinstance(value, dict | list):
            headers.setdefault("Content-Type", "application/json")
            value = _ENCODER.encode(value)
        return str(value).encode("utf-8", "replace")


def _refuse_calls(*_: object) -> None:
    raise ItemError("a login cannot call a feed")


def _mapping(result: Any, value: Value | None) -> dict[str, Any]:
    if result is not None and not isinstance(result, dict):
        raise ItemError("expected a mapping", value.position if value else None)
    return result or {}


def _query(params: Names) -> dict[str, str | list[str]]:
    """Return parameters as they are sent: a list is the parameter several times, null is none."""
    return {
        key: [_written(one) for one in value] if isinstance(value, list) else _written(value)
        for key, value in params.items()
        if value is not None
    }


def _written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _readable(body: bytes | SpooledBody | None) -> Any:
    if isinstance(body, JsonBody):
        return body.parsed
    return body.decode("utf-8", "replace") if isinstance(body, bytes) else None
