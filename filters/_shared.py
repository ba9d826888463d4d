"""What several filters share."""

from collections.abc import Mapping
from typing import Any, TypeGuard

_NULL = "null"


class Refused(ValueError):  # noqa: N818 - it says what happened to the data
    """The data is not what it has to be; the message is shown to a person."""


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Return whether a value is a JSON list."""
    return isinstance(value, list)


def is_object(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Return whether a value is a JSON object."""
    return isinstance(value, dict)


def missing(value: Any) -> bool:
    """Return whether a value says nothing: null, blank, `null` in any case, an endless number."""
    if isinstance(value, str):
        text = value.strip()
        return not text or (len(text) == len(_NULL) and text.lower() == _NULL)
    return value is None or (isinstance(value, float) and value - value != 0)  # 1e400 and NaN
