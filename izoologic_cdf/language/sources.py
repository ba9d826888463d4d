"""The source of a feed, from nodes to the model."""

from typing import Any

from izoologic_cdf.language import model
from izoologic_cdf.language.nodes import JSON, Node
from izoologic_cdf.language.pipelines import Scope
from izoologic_cdf.language.schema import Parts
from izoologic_cdf.language.values import Literal, Value

PAGINATION_NAMES = ("prev_response_data", "prev_request_params", "page_count")
# seconds
LONGEST_TIMEOUT = 86_400
TIMEOUT_DUE = f"a time-out is a number of seconds above 0, at most {LONGEST_TIMEOUT}"
# the name of the token in the header of a login
TOKEN_NAME = "token"  # noqa: S105 - the name of a variable


def compile_source(scope: Scope, node: Node) -> model.HttpSource:
    """Compile the source of a feed.

    Raises:
        DefinitionError: unknown keys, wrong shapes, all that is wrong in expressions.
    """
    http = Parts(scope.document, node, "source")
    source = http.due("http", lambda inner: _http(scope, inner))
    http.check()
    return source


def _http(scope: Scope, node: Node) -> model.HttpSource:
    parts, at = Parts(scope.document, node, "http"), scope.document.position(node)
    source = model.HttpSource(
        position=at,
        url=parts.due("url", scope.value),
        method=parts.part("method", scope.value) or Literal("GET", at),
        params=parts.part("params", scope.names_of),
        headers=parts.part("headers", scope.names_of),
        body=parts.part("body", scope.value),
        json_body=_is_json(parts),
        response_content_type=parts.text("response_content_type"),
        verify_host_ssl=parts.part("verify_host_ssl", scope.value),
        disable_proxies=parts.part("disable_proxies", scope.value),
        pagination=parts.part("pagination", lambda inner: _pagination(scope, inner)),
        timeout=parts.part("timeout", lambda inner: _timeout(scope, inner)),
        auth=parts.part("auth", lambda inner: _auth(scope, inner)),
        window=parts.part("window", lambda inner: _window(scope, inner)),
        fallback_url=parts.part("fallback_url", scope.value),
    )
    parts.check()
    return source


def _is_json(parts: Parts) -> bool:
    return "body" in parts.keys and parts.keys["body"].tag == JSON


def _pagination(scope: Scope, node: Node) -> model.Pagination:
    parts = Parts(scope.document, node, "pagination")
    inner = scope.with_names(*PAGINATION_NAMES)
    values, inner = inner.named(parts.keys.get("template_values"), parts.found)
    condition, params = parts.due("condition", inner.value), parts.due("params", inner.names_of)
    parts.check()
    return model.Pagination(condition, params, values)


def _timeout(scope: Scope, node: Node) -> Value:
    value = scope.value(node)
    if isinstance(value, Literal) and not is_timeout(value.value):
        raise scope.document.error(node, TIMEOUT_DUE)
    return value


def is_timeout(seconds: Any) -> bool:
    """Tell whether a value can be a time-out."""
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    return is_number and 0 < seconds <= LONGEST_TIMEOUT


def _auth(scope: Scope, node: Node) -> model.Auth:
    document = scope.document
    parts = Parts(document, node, "auth")
    request = parts.due("request", lambda inner: _login_request(scope, inner))
    filters = parts.due("filters", scope.with_names("value").pipeline)
    header = parts.text("header") or ""
    value = parts.due("value", scope.with_names(TOKEN_NAME).value)
    parts.check()
    return model.Auth(document.position(node), *request, filters, header, value)


def _login_request(scope: Scope, node: Node) -> tuple[Value, str, Value | None, Value | None, bool]:
    """Return address, method, headers, body, and whether the body is JSON."""
    parts = Parts(scope.document, node, "login request")
    url, method = parts.due("url", scope.value), parts.text("method") or "POST"
    headers, body = parts.part("headers", scope.names_of), parts.part("body", scope.value)
    parts.check()
    return url, method, headers, body, _is_json(parts)


def _window(scope: Scope, node: Node) -> model.Window:
    parts = Parts(scope.document, node, "window")
    window = model.Window(
        parts.due("days", scope.value),
        parts.part("not_before", scope.value),
        parts.part("look_back", lambda inner: _look_back(scope, inner)) or (),
    )
    parts.check()
    return window


def _look_back(scope: Scope, node: Node) -> tuple[int, ...]:
    return tuple(_days(scope, element) for element in scope.document.items(node, "look_back"))


def _days(scope: Scope, node: Node) -> int:
    days = scope.document.scalar(node)
    if not isinstance(days, int) or isinstance(days, bool) or days < 1:
        raise scope.document.error(node, "days are a whole number from 1")
    return days
