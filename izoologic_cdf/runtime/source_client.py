"""Asks the source of a feed: its request, its login, its pages, its windows."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any
from urllib.parse import parse_qs, urlsplit

from izoologic_cdf.errors import Cause, ItemError, RunError
from izoologic_cdf.language import model
from izoologic_cdf.language.model import TIMEOUT_DUE, TOKEN_NAME, is_timeout
from izoologic_cdf.language.values import Value
from izoologic_cdf.runtime.bodies import JsonBody, Response, looks_like_json
from izoologic_cdf.runtime.case import Case
from izoologic_cdf.runtime.connections import is_loopback
from izoologic_cdf.runtime.failures import NO_DATA, NOT_FOUND, OK, refusal
from izoologic_cdf.runtime.http import Request, Transport
from izoologic_cdf.runtime.interpreter import Pipelines, evaluate, evaluate_whole
from izoologic_cdf.runtime.login import Logins
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


class Sources:
    """Asks sources; shared by the threads of a run."""

    def __init__(
        self,
        transport: Transport,
        redactor: Redactor,
        warn: Callable[[str], None],
        first_page: FirstPage = FirstPage.WITHOUT,
    ) -> None:
        self._transport = transport
        self._redactor = redactor
        self._warn = warn
        self._first_page = first_page
        self._logins = Logins()
        # the address that answered where the first one was not found, by the first one's path
        self._moved: set[str] = set()
        self._plain: set[str] = set()
        # whether some login of the run has given a token
        self.logged_in = False
        self._server_clock: tuple[float, float] | None = None

    def server_time(self) -> int | None:
        """Return the time of the server, as its first answer told it; null where it did not."""
        if self._server_clock is None:
            return None
        then, at = self._server_clock
        return int(then + time.monotonic() - at)

    def _note_time(self, response: Response) -> None:
        if self._server_clock is None:
            try:
                then = parsedate_to_datetime(response.headers.get("Date") or "")
            except (ValueError, TypeError, IndexError, OverflowError):
                return
            self._server_clock = (then.timestamp(), time.monotonic())

    def ask(self, source: model.HttpSource, names: Names) -> Iterator[bytes | SpooledBody]:
        """Yield the body of each page that has one: 204 and 205 say that there is no data.

        Raises:
            ItemError: an expression failed on the data, or the call failed.
            RunError: the login failed.
        """
        params, paging = _params(source.params, names), source.pagination
        if paging is None:
            only = self._page(source, names, params)
            if only is not None:
                yield only
            return
        if self._first_page is FirstPage.WITH:
            before = _paged(paging, names, None, {}, 0)
            params = {**params, **_params(paging.params, before)}
        for pages in range(1, MAX_PAGES + 1):
            body = self._page(source, names, params)
            if body is not None:
                yield body
            inner = _paged(paging, names, _readable(body), params, pages)
            if not evaluate(paging.condition, inner):
                return
            following = {**params, **_params(paging.params, inner)}
            if _query(following) == _query(params):
                message = "the request of the next page equals that of the page before"
                raise ItemError(message, paging.params.position)
            params = following
        message = f"there are more than {MAX_PAGES} pages; the condition never turns false"
        raise ItemError(message, paging.condition.position)

    def _page(
        self, source: model.HttpSource, names: Names, params: Names
    ) -> bytes | SpooledBody | None:
        request, second = self._request(source, names, params), source.fallback_url
        path = urlsplit(request.url).path
        # another thread may find it out meanwhile
        is_moved = path in self._moved
        if second is not None and is_moved:
            request = replace(request, url=str(evaluate_whole(second, names)))
        response = self._send(source, names, request)
        if (
            second is not None
            and not is_moved
            and response.status == NOT_FOUND
            and response.json_object is None
        ):
            fallback = replace(request, url=str(evaluate_whole(second, names)))
            other = self._send(source, names, fallback)
            if other.status != NOT_FOUND:
                self._moved.add(path)
                request, response = fallback, other
        return self._body(request, response)

    def _request(self, source: model.HttpSource, names: Names, params: Names) -> Request:
        headers, content_type = _headers(source.headers, names), source.response_content_type
        if content_type:
            headers.setdefault("Accept", content_type)
        url = str(evaluate_whole(source.url, names))
        self._check(url, source)
        return Request(
            method=str(evaluate_whole(source.method, names)).upper(),
            url=url,
            params=_query(params),
            body=_encode(source.body, source.json_body, names, headers),
            headers=headers,
            json_due=content_type is None or looks_like_json(content_type),
            verify=_flag(source.verify_host_ssl, names, default=True),
            use_proxies=not _flag(source.disable_proxies, names, default=False),
            timeout=_timeout(source.timeout, names),
        )

    def _check(self, url: str, source: model.HttpSource) -> None:
        try:
            parts = urlsplit(url)
            host, scheme, _ = parts.hostname, parts.scheme, parts.port
        except ValueError:
            host, scheme = None, ""
        if not host or scheme not in ("http", "https"):
            raise RunError(
                f"{source.url.position}: this gives no http or https address; check the host name "
                f"that is configured"
            )
        if scheme == "http" and not is_loopback(host) and host not in self._plain:
            self._plain.add(host)
            self._warn(f"{host} is asked without encryption (http): keys and data can be read")

    def _send(self, source: model.HttpSource, names: Names, request: Request) -> Response:
        auth = source.auth
        if auth is None:
            response = self._transport.send(request)
        else:

            def call(token: str) -> Response:
                value = str(evaluate_whole(auth.value, {**names, TOKEN_NAME: token}))
                return self._transport.send(request.with_header(auth.header, value))

            login = auth.request
            headers = _headers(login.headers, names)
            body = _encode(login.body, login.json_body, names, headers)
            url = str(evaluate_whole(login.url, names))
            ask = replace(
                request, method=login.method, url=url, params=None, headers=headers, body=body,
                json_due=True,
            )  # fmt: skip
            how = login.method, url, body, tuple(sorted(headers.items()))
            shared = self._logins.get(how, lambda: self._login(auth, names, ask))
            response = shared.send(call, request.endpoint)
        self._note_time(response)
        return response

    def _login(self, auth: model.Auth, names: Names, request: Request) -> str:
        self._transport.calls.count(logins=1)
        try:
            response = self._transport.send(request)
            body = self._body(request, response)
            pipelines = Pipelines(names, _no_calls)
            tokens = [] if body is None else pipelines.flow(auth.filters, body, Case())
        except ItemError as error:
            outside = error.cause in (Cause.OUTAGE, Cause.MACHINE)
            cause = error.cause if outside else Cause.LOGIN
            raise RunError(f"the login failed: {error.message}", cause) from None
        if len(tokens) != 1 or not isinstance(tokens[0], str) or not tokens[0].strip():
            message = f"the login failed: the answer of {request.endpoint} holds no token"
            raise RunError(message, Cause.LOGIN)
        self._redactor.add(tokens[0])
        self.logged_in = True
        return tokens[0]

    def _body(self, request: Request, response: Response) -> bytes | SpooledBody | None:
        """Return the body of a good response, null for one without; raises HttpError for others."""
        if response.status == OK:
            return response.body
        if response.status in NO_DATA:
            return None
        raise refusal(request.endpoint, response, self._redactor)


def _no_calls(*_: object) -> None:
    raise ItemError("a login cannot call a feed")


def _encode(
    body: Value | None, as_json: bool, names: Names, headers: dict[str, str]
) -> bytes | None:
    if body is None:
        return None
    value = evaluate_whole(body, names)
    if as_json or isinstance(value, dict | list):
        headers.setdefault("Content-Type", "application/json")
        return _ENCODER.encode(value).encode("utf-8", "replace")
    return str(value).encode("utf-8", "replace")


def _paged(
    paging: model.Pagination, names: Names, data: Any, params: Names, pages: int
) -> dict[str, Any]:
    """Return the names of a pagination, after so many pages."""
    inner = dict(names)
    inner |= {"prev_response_data": data, "prev_request_params": params, "page_count": pages}
    for name, value in paging.template_values.items():
        inner[name] = evaluate(value, inner)
    return inner


def _params(value: Value | None, names: Names) -> dict[str, Any]:
    """Return query parameters; a text, which is a mistake, is taken for a query string."""
    if value is None:
        return {}
    result = evaluate_whole(value, names)
    if isinstance(result, str):
        read = parse_qs(result.strip().removeprefix("?"), keep_blank_values=True)
        return {key: texts if texts[1:] else texts[0] for key, texts in read.items()}
    return _as_mapping(result, value)


def _query(params: Names) -> dict[str, str | list[str]]:
    """Return parameters as they are sent; null is none."""
    return {key: _texts(value) for key, value in params.items() if value is not None}


def _timeout(value: Value | None, names: Names) -> float | None:
    seconds = None if value is None else evaluate(value, names)
    if value is None or seconds is None:
        return None
    if not is_timeout(seconds):
        raise RunError(f"{value.position}: {TIMEOUT_DUE}")
    return float(seconds)


def _mapping(value: Value | None, names: Names) -> dict[str, Any]:
    return {} if value is None else _as_mapping(evaluate_whole(value, names), value)


def _as_mapping(result: Any, value: Value) -> dict[str, Any]:
    if result is None:
        return {}
    if not isinstance(result, dict):
        raise ItemError("a mapping is due here", value.position)
    return result


def _headers(value: Value | None, names: Names) -> dict[str, str]:
    given = _mapping(value, names).items()
    return {key: _text(text) for key, text in given if text is not None}


def _flag(value: Value | None, names: Names, *, default: bool) -> bool:
    if value is None:
        return default
    result = evaluate_whole(value, names)
    return default if result is None else bool(result)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _texts(value: Any) -> str | list[str]:
    """Return a query parameter: a list is the parameter several times."""
    return [_text(one) for one in value] if isinstance(value, list) else _text(value)


def _readable(body: bytes | SpooledBody | None) -> Any:
    if isinstance(body, JsonBody):
        return body.parsed
    return body.decode("utf-8", "replace") if isinstance(body, bytes) else None
