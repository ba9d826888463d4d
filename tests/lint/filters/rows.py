"""A folder of filters for the definitions in `bad`."""

from typing import Any

__all__ = ["cases"]


def cases(value: Any) -> Any:
    """Return the value."""
    return value
