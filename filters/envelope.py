"""The envelope that the API puts around every response (I-14, I-15)."""

from typing import Any

from ._shared import Refused, is_list, is_object
from .names import fold

__all__ = ["file", "record", "rows", "token"]

_MAX_ENVELOPE = 65_536  # bytes; a longer body is a file


def _result(value: Any) -> Any:
    envelope = fold(value)
    named = "result" in {name.lower() for name in value}
    if not named and not {"success", "errorcode"} & set(envelope):
        raise Refused("not an iZoologic response: it has neither success nor result")
    code = " ".join(str(envelope.get("errorcode", "no code")).split())
    unsaid = "result" in envelope or "errorcode" not in envelope
    if str(envelope.get("success", unsaid)).strip().lower() == "true":
        return envelope.get("result")
    if code.lower() == "izoo2011":
        return None
    # whole: the runtime cuts it after it has masked the secrets in it
    reason = " ".join(str(envelope.get("message", "no reason")).split())
    raise Refused(f"the API refused the request ({code}: {reason})")


def rows(value: Any) -> list[Any]:
    """Return the rows of a response; one object is a list of one, no data is an empty list."""
    result = _result(value)
    found = [one for one in [result] if one] if result is None or is_object(result) else result
    if not is_list(found):
        raise Refused("the result is not a list")
    return found


def record(value: Any) -> Any:
    """Return the one object of a response, null where there is no data."""
    found = rows(value)
    if len(found) > 1:
        raise Refused("the result is not a single object")
    return found[0] or None if found else None


def token(value: Any) -> str:
    """Return the token of a response: the result, or `accessToken` or `token` in it (I-01)."""
    result = _result(value)
    if is_list(result) and len(result) == 1:
        result = result[0]
    if is_object(result):
        names = fold(result)
        result = names.get("accesstoken", names.get("token"))
    if not isinstance(result, str):
        raise Refused("no token in the response")
    return result.strip()


def file(value: Any) -> Any:
    """Return the bytes of a file, null for an error envelope in their place (F19).

    It is at most 64 KiB long, begins with a brace, and says itself that `success` is false: a file
    may say so further down.
    """
    small = isinstance(value, bytes | str) and len(value) <= _MAX_ENVELOPE
    text = str(value).lower().replace(" ", "").strip("b'") if small else ""
    head, found, _ = text.replace('"false"', "false").partition('"success":false')
    refused = found and head[:1] == "{" and head.count("{") - head.count("}") == 1
    return None if refused else value
