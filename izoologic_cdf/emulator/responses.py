"""An answer of the API before it is sent."""

import json
from dataclasses import dataclass, field
from typing import Any

from izoologic_cdf.emulator import assumed

JSON = "application/json; charset=utf-8"
PROBLEM = "application/problem+json; charset=utf-8"
HTML = "text/html; charset=utf-8"
BYTES = "application/octet-stream"
_DEEPEST = 100
_TOO_DEEP = f"it is nested deeper than {_DEEPEST} levels"


@dataclass(slots=True)
class Answer:
    """Status, body and content type (None: there is no body), and further headers."""

    status: int = 200
    body: bytes = b""
    content_type: str | None = JSON
    headers: dict[str, str] = field(default_factory=dict)


def encode(value: Any) -> bytes:
    """Return JSON in UTF-8; text that UTF-8 cannot hold (lone surrogates) goes out escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def decode(text: bytes) -> Any:
    """Return the value of a JSON text, nested at most 100 levels deep; raises ValueError."""
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None
    level = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for one in level
            if isinstance(one, dict | list)
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not level:
            return value
    raise ValueError(_TOO_DEEP)


def envelope(value: dict[str, Any], status: int = 200) -> Answer:
    """Return the answer of a whole envelope."""
    return Answer(status, encode(value))


def success(result: Any, blank: str | None) -> Answer:
    """Return the envelope of a result; ``message`` and ``errorCode`` are the blank."""
    body = {"result": result, "success": True, "message": blank, "errorCode": blank}
    return Answer(200, encode(body))


def problem(status: int, title: str, errors: dict[str, list[str]]) -> Answer:
    """Return a problem+json answer; errors by the name they are about."""
    return Answer(status, encode(assumed.problem(status, title, errors)), PROBLEM)


def bad_request(errors: dict[str, list[str]]) -> Answer:
    """Return a 400 that names what is wrong with which name."""
    return problem(400, "One or more validation errors occurred.", errors)


def not_found() -> Answer:
    """Return a 404 with an HTML page."""
    return Answer(404, assumed.NOT_FOUND_PAGE, HTML)


def unauthorized() -> Answer:
    """Return a 401 with an empty body and the header that ASP.NET Core sends."""
    headers = {"WWW-Authenticate": assumed.UNAUTHORIZED_HEADER}
    return Answer(401, b"", None, headers)


def method_not_allowed(allowed: str) -> Answer:
    """Return a 405 that says which method is allowed."""
    return Answer(405, b"", None, {"Allow": allowed})
