"""Objects whose names may be in any case (I-18)."""

from typing import Any

from ._shared import Refused, is_list, is_object, missing

__all__ = ["fold", "rows", "scalars"]


def fold(value: Any) -> dict[str, Any]:
    """Return an object with lower-case names, without what is missing.

    Of names that differ in case only, the first by code point that is not missing counts. A
    number that is whole is an integer however it is written: 6.0 is 6.
    """
    if not is_object(value):
        raise Refused("expected an object")
    names = sorted(value, reverse=True)
    return {name.lower(): _whole(value[name]) for name in names if not missing(value[name])}


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


def rows(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list, folded; a single object counts as a list of one."""
    elements = [value] if isinstance(value, dict | str) else value
    if value is None or value == {}:
        elements = []
    if not is_list(elements):
        raise Refused("expected a list")
    return [fold(element) for element in elements if element is not None]


def scalars(value: Any) -> dict[str, Any]:
    """Return a folded object with its texts and numbers only, without lists and objects."""
    return {name: one for name, one in fold(value).items() if isinstance(one, str | int | float)}
