"""Jinja2's sandbox, with limits: what expressions may look into, and how much they may make."""

import functools
import re
from collections.abc import Callable
from enum import Enum
from typing import Any

from jinja2 import Undefined
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

# the longest text, and the largest power, that an operator may make
LARGEST_PRODUCT = 10_000_000
LARGEST_EXPONENT = 64
# filters and methods that make a text or a list as long as a number in their arguments
_SIZING_FILTERS = ("batch", "center", "indent", "slice")
_SIZING_METHODS = frozenset({"center", "expandtabs", "ljust", "rjust", "zfill"})
# a width of more than six digits, or one that is an argument
_HUGE_WIDTH = re.compile(r"%[^a-zA-Z%]*(\d{7}|\*)")
_DICT_METHODS = frozenset(dir(dict))
# what expressions may look into: data, and what Jinja2 itself hands out
_OPEN_TYPES = (str, bytes, int, float, complex, list, tuple, dict, range)


class Missing(Enum):
    """What a missing key of the data is."""

    NULL = "null"
    UNDEFINED = "undefined"


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, with limits on what an operator may make."""

    intercepted_binops = frozenset(["*", "**", "%"])

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        # an object of the runtime (a file on disk) has methods that no definition may call
        of_jinja = type(obj).__module__.startswith("jinja2.")
        return (of_jinja or isinstance(obj, _OPEN_TYPES)) and bool(
            super().is_safe_attribute(obj, attr, value)
        )

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        # refused at once: an Undefined that nobody looks into would be no error
        kind = type(obj).__name__
        raise SecurityError(f"access to attribute {attribute!r} of {kind!r} object is unsafe.")

    def call(self, context: Any, function: Any, *args: Any, **kwargs: Any) -> Any:
        text, method = getattr(function, "__self__", None), getattr(function, "__name__", "")
        if isinstance(text, str | bytes):
            if method in _SIZING_METHODS:
                _limit_arguments(args)
            elif method == "replace" and len(args) > 1:
                _limit(len(text) + text.count(args[0]) * len(args[1]))
            elif method == "join" and args and isinstance(args[0], list | tuple):
                _limit(sum(len(part) + len(text) for part in args[0] if isinstance(part, str)))
        return super().call(context, function, *args, **kwargs)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        wrapped = super().wrap_str_format(value)
        if wrapped is None:
            return None
        refused = re.search(r"\{[^}]*:[^}]*(\d{7}|\{)", value.__self__)

        def bounded(*args: Any, **kwargs: Any) -> str:
            if refused:
                raise SecurityError("a width in a format is too large, or is an argument")
            return wrapped(*args, **kwargs)

        return bounded

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if operator == "**" and (abs(right) > LARGEST_EXPONENT or abs(left) > LARGEST_PRODUCT):
            msg = f"the power is larger than {LARGEST_PRODUCT} ** {LARGEST_EXPONENT}"
            raise SecurityError(msg)
        if operator == "*":
            for text, times in ((left, right), (right, left)):
                if isinstance(text, str | bytes | list | tuple) and isinstance(times, int):
                    _limit(len(text) * times)
        if operator == "%" and isinstance(left, str | bytes):
            msg = "the operator % on text is not available"
            raise SecurityError(msg)
        return super().call_binop(context, operator, left, right)


class _Null(Undefined):
    """Where stock Jinja2 makes an Undefined, there is null."""

    def __new__(cls, *_: Any, **__: Any) -> None:  # type: ignore[misc]
        return None


class NullEnvironment(_Environment):
    """A missing key of the data is null, and a key of null is null."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return `obj.attribute`."""
        if type(obj) is dict and attribute not in _DICT_METHODS:
            return obj.get(attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return `obj[argument]`."""
        if type(obj) is dict and isinstance(argument, str):
            found = obj.get(argument, obj)
            if found is not obj:
                return found
        return super().getitem(obj, argument)


def _limit(size: int) -> None:
    if size > LARGEST_PRODUCT:
        msg = f"the result is larger than {LARGEST_PRODUCT} elements"
        raise SecurityError(msg)


def _limit_arguments(arguments: tuple[Any, ...]) -> None:
    for argument in arguments:
        if isinstance(argument, int):
            _limit(argument)


def _sized(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that refuses to make something of a huge size."""

    @functools.wraps(original)
    def bounded(*args: Any, **kwargs: Any) -> Any:
        _limit_arguments((*args[1:], *kwargs.values()))
        return original(*args, **kwargs)

    return bounded


def _formatted(original: Callable[..., str]) -> Callable[..., str]:
    @functools.wraps(original)
    def bounded(value: Any, *args: Any, **kwargs: Any) -> str:
        if _HUGE_WIDTH.search(str(value)):
            raise SecurityError("a width in a format is too large, or is an argument")
        return original(value, *args, **kwargs)

    return bounded


def _environment(kind: type[_Environment], undefined: type[Undefined]) -> _Environment:
    # null is empty in a template, as a null attribute is none
    environment = kind(
        finalize=lambda value: "" if value is None else value,
        autoescape=False,
        undefined=undefined,
    )
    del environment.globals["lipsum"]
    for name in _SIZING_FILTERS:
        environment.filters[name] = _sized(environment.filters[name])
    environment.filters["format"] = _formatted(environment.filters["format"])
    return environment


_ENVIRONMENTS: dict[Missing, _Environment] = {
    Missing.NULL: _environment(NullEnvironment, _Null),
    Missing.UNDEFINED: _environment(_Environment, Undefined),
}


def environment_of(missing: Missing) -> Any:
    """Return the environment of a reading of missing keys."""
    return _ENVIRONMENTS[missing]
