"""The source of a feed, from nodes to the model."""

from izoologic_cdf.language import model
from izoologic_cdf.language.nodes import JSON, Node
from izoologic_cdf.language.pipelines import Scope, compile_pipeline
from izoologic_cdf.language.schema import keyed
from izoologic_cdf.language.values import Literal, Value

PAGINATION_NAMES = ("prev_response_data", "prev_request_params", "page_count")
# the name of the token in the header of a login
TOKEN_NAME = "token"  # noqa: S105 - the name of a variable


def compile_source(scope: Scope, node: Node | None) -> model.HttpSource | None:
    """Compile the source of a feed; null where it has none.

    Raises:
        DefinitionError: an unknown key, a wrong shape, anything wrong in an expression.
    """
    if node is None:
        return None
    http = keyed(scope.document, node, "source")["http"]
    keys = keyed(scope.document, http, "http")

    def value(key: str) -> Value | None:
        return scope.value(keys[key]) if key in keys else None

    content_type = keys.get("response_content_type")
    return model.HttpSource(
        position=scope.document.position(http),
        url=scope.value(keys["url"]),
        method=value("method") or Literal("GET", scope.document.position(http)),
        params=value("params"),
        headers=value("headers"),
        body=value("body"),
        json_body="body" in keys and keys["body"].tag == JSON,
        response_content_type=(
            scope.document.text(content_type, "response_content_type") if content_type else None
        ),
        verify_host_ssl=value("verify_host_ssl"),
        disable_proxies=value("disable_proxies"),
        pagination=_pagination(scope, keys.get("pagination")),
        auth=_auth(scope, keys.get("auth")),
        window=_window(scope, keys.get("window")),
        fallback_url=value("fallback_url"),
    )


def _pagination(scope: Scope, node: Node | None) -> model.Pagination | None:
    if node is None:
        return None
    keys = keyed(scope.document, node, "pagination")
    inner = scope.with_names(*PAGINATION_NAMES)
    values: dict[str, Value] = {}
    if "template_values" in keys:
        for entry in scope.document.entries(keys["template_values"], "template_values"):
            values[entry.key] = inner.value(entry.value)
            inner = inner.with_names(entry.key)
    return model.Pagination(inner.value(keys["condition"]), inner.value(keys["params"]), values)


def _auth(scope: Scope, node: Node | None) -> model.Auth | None:
    if node is None:
        return None
    document = scope.document
    keys = keyed(document, node, "auth")
    request = keyed(document, keys["request"], "login request")
    return model.Auth(
        position=document.position(node),
        url=scope.value(request["url"]),
        method=document.text(request["method"], "method") if "method" in request else "POST",
        headers=scope.value(request["headers"]) if "headers" in request else None,
        body=scope.value(request["body"]) if "body" in request else None,
        json_body="body" in request and request["body"].tag == JSON,
        filters=compile_pipeline(scope.with_names("value"), keys["filters"]),
        header=document.text(keys["header"], "header"),
        value=scope.with_names(TOKEN_NAME).value(keys["value"]),
    )


def _window(scope: Scope, node: Node | None) -> model.Window | None:
    if node is None:
        return None
    keys = keyed(scope.document, node, "window")
    not_before = scope.value(keys["not_before"]) if "not_before" in keys else None
    elements = scope.document.items(keys["look_back"], "look_back") if "look_back" in keys else []
    look_back = tuple(_days(scope, element) for element in elements)
    return model.Window(scope.value(keys["days"]), not_before, look_back)


def _days(scope: Scope, node: Node) -> int:
    days = scope.document.scalar(node)
    if not isinstance(days, int) or isinstance(days, bool) or days < 1:
        raise scope.document.error(node, "days are a whole number from 1")
    return days
