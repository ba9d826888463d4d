"""Objects whose names may be in any case (I-18)."""

from typing import Any, TypeVar, cast

from ._shared import Refused, is_list, is_object, missing

__all__ = ["fold", "rows", "scalars"]

Record = TypeVar("Record")


def fold(value: Any) -> dict[str, Any]:
    """Return an object with lower-case names, without what is missing.

    Of names that differ in case only, the first by code point that is not missing counts. A
    number that is whole is an integer however it is written: 6.0 is 6.
    """
    if not is_object(value):
        raise Refused("expected an object")
    return {
        name.lower(): int(one) if isinstance(one, float) and one.is_integer() else one
        for name in sorted(value, reverse=True)
        if not missing(one := value[name])
    }


def rows(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list, folded; null is left out.

    A single object counts as a list of one, `{}` and null as an empty list.
    """
    single = value is None or isinstance(value, dict | str)
    elements = [one for one in [value] if one] if single else value
    if not is_list(elements):
        raise Refused("expected a list")
    return [fold(element) for element in elements if element is not None]


def scalars(value: Record) -> Record:
    """Return a folded object with its texts and numbers only, without lists and objects."""
    kept = {name: one for name, one in fold(value).items() if isinstance(one, str | int | float)}
    return cast("Record", kept)
