"""What an answer says that is not the one that was asked for, by its status."""

import http
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from izoologic_cdf.errors import Cause
from izoologic_cdf.runtime.bodies import NoJsonError, looks_like_json, parse_json
from izoologic_cdf.runtime.http import HttpError, Response

OK, UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 200, 401, 403, 404
# a good answer without content
NO_DATA = frozenset({204, 205})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
# they refuse the endpoint, the method or the format, whatever is asked for
_OF_ENDPOINT = frozenset({402, 403, 404, 405, 406, 407, 415, 421, 426, 451})
_SUCCESS, _ELSEWHERE, _REFUSED, _BROKEN = 200, 300, 400, 500
# where the phrase of the standard would mislead
_PHRASES = {
    202: "it has accepted the request and has no answer yet",
    203: "a proxy on the way has changed the answer",
    206: "it sent a part of the answer only",
    304: "not modified, though it cannot know what was; a cache on the way may have answered",
}


def refusal(endpoint: str, response: Response, mask: Callable[[str], str]) -> HttpError:
    """Return the error of an answer whose status is neither 200 nor one without content.

    `mask` hides secrets: what is left out of an address could leave a part of one behind.
    """
    status = response.status
    location = response.headers.get("Location")
    if status in _REDIRECTS and location:
        target = _target(mask(location))
        message = f"redirects to {target}, and redirects are not followed; check the host name"
        return HttpError(endpoint, message, status, Cause.ENDPOINT)
    if status < _REFUSED:
        return HttpError(endpoint, _odd(status), status, _cause_of_odd(status))
    cause = Cause.ENDPOINT if status in _OF_ENDPOINT else Cause.ITEM
    message = f"the server answered {status}"
    if status == UNAUTHORIZED:
        message += "; check the API key and the API secret"
        cause = Cause.LOGIN
    elif status == FORBIDDEN:
        message += (
            "; ask the vendor whether the egress IP address of this machine has to be "
            "allow-listed, and whether the keys may use this endpoint"
        )
    elif status == NOT_FOUND:
        message += "; check the host name and its path"
        cause = Cause.ITEM if json_object(response) is not None else cause
    else:
        message += _problem(response)
    return HttpError(endpoint, message, status, cause)


def json_object(response: Response) -> Mapping[str, object] | None:
    """Return the JSON object that a body is: so the API itself answers, and not a router."""
    if not isinstance(response.body, bytes):
        return None
    try:
        value = parse_json(response.body)
    except NoJsonError:
        return None
    return value if isinstance(value, dict) else None


def _odd(status: int) -> str:
    if status in _REDIRECTS:
        return f"the server answered {status} (a redirect) without saying where to"
    try:
        phrase = _PHRASES.get(status) or http.HTTPStatus(status).phrase
    except ValueError:
        phrase = "a status that has no meaning"
    return f"the server answered {status} ({phrase}) where 200 is expected"


def _cause_of_odd(status: int) -> Cause:
    return Cause.OUTAGE if _SUCCESS <= status < _ELSEWHERE else Cause.ENDPOINT


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
    problem = json_object(response) if looks_like_json(response.headers.get("Content-Type")) else {}
    if not problem:
        return ""
    parts = [str(problem[key]) for key in ("title", "message") if problem.get(key)]
    errors = problem.get("errors")
    if isinstance(errors, dict):
        parts += [f"{key}: {value}" for key, value in errors.items()]
    return ": " + "; ".join(parts) if parts else ""
