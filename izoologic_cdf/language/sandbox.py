"""Jinja2's sandbox, with limits: what expressions may look into, and how much they may make."""

import functools
import re
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any

from jinja2 import Undefined, nodes, pass_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext, str_join
from jinja2.sandbox import ImmutableSandboxedEnvironment

from izoologic_cdf.language.budget import (
    LARGEST_NUMBER,
    LARGEST_RESULT,
    budget_of,
    limit,
    turns,
    weigh,
)

LARGEST_EXPONENT = 64
# wrapping takes time by the square of the length
LONGEST_WRAPPED = 65_536
# flattening a list of lists copies what it has so far, each time
MOST_COPIES = 100
# filters and methods that make a text or a list as long as a number in their arguments
_SIZING_FILTERS = ("batch", "center", "indent", "slice")
# filters that write a whole value as text, and those that apply another filter or a test
_WRITING_FILTERS = ("pprint", "string", "tojson")
_APPLYING_FILTERS = ("map", "reject", "rejectattr", "select", "selectattr")
_SIZING_METHODS = frozenset({"center", "expandtabs", "ljust", "rjust", "zfill"})
# a width of more than six digits, or one that is an argument
_HUGE_WIDTH = re.compile(r"%[^a-zA-Z%]*(\d{7}|\*)")
DICT_METHODS = frozenset(dir(dict))
# names that foreign definitions take for Jinja2's; types, since `isinstance` is asked about them.
# Like `dict`, which Jinja2 has, they can be called and nothing else.
PYTHON_NAMES = {"str": str, "len": len, "int": int, "isinstance": isinstance}
# what `isinstance` may be asked about beside those; no names of their own
PYTHON_TYPES = {"list": list, "float": float, "bool": bool}
# what {{ }} does to a value, as a filter whose name nobody can write
TEXT_OF = "text of"
# what expressions may look into: data, and what Jinja2 itself hands out
_SIZED = (str, bytes, list, tuple)
_OPEN_TYPES = (str, bytes, int, float, complex, list, tuple, dict, range)


class Missing(Enum):
    """What a missing key of the data is."""

    NULL = "null"
    UNDEFINED = "undefined"


class Code(CodeGenerator):
    """Jinja2's compiler, with loops that count their turns, and `~` that looks at what it makes."""

    def visit_For(self, node: nodes.For, frame: Frame) -> None:  # noqa: N802 - Jinja2's name
        """Write a loop."""
        given = node.iter
        counted = nodes.EnvironmentAttribute("turns")
        node.iter = nodes.Call(counted, [given], [], None, None, lineno=node.lineno)
        try:
            super().visit_For(node, frame)
        finally:
            node.iter = given

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - likewise
        """Write a `~`."""
        self.write("environment.concatenated((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, with limits on what an operator may make, and on the turns of a loop."""

    intercepted_binops = frozenset(["+", "*", "**", "%"])
    code_generator_class = Code

    @staticmethod
    @pass_context
    def turns(context: Any, iterable: Any) -> Any:
        """Return the elements of a loop, each of which is a turn."""
        return turns(context, iterable)

    @staticmethod
    def concat(parts: Iterable[str]) -> str:
        """Return the parts of a text that a template or a macro has made."""
        made = list(parts)
        limit(sum(map(len, made)))
        return "".join(made)

    @staticmethod
    def concatenated(parts: tuple[Any, ...]) -> str:
        """Return the parts of `~` as one text."""
        size = 0
        for part in parts:
            if isinstance(part, str):
                size += len(part)
            else:
                weigh(part)
        limit(size)
        return str_join(parts)

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
        budget_of(context).spend()
        if function is str and args and not isinstance(args[0], str):
            weigh(args[0])
        if isinstance(function, LoopContext) and args:
            args = (turns(context, args[0]), *args[1:])
        text, method = getattr(function, "__self__", None), getattr(function, "__name__", "")
        if isinstance(text, str | bytes):
            if method in _SIZING_METHODS:
                _limit_arguments(args)
            elif method == "replace" and len(args) > 1:
                limit(len(text) + text.count(args[0]) * len(args[1]))
            elif method == "join" and args:
                args = (list(turns(context, args[0])), *args[1:])
                limit(sum(len(part) + len(text) for part in args[0] if isinstance(part, str)))
            elif method == "translate" and args and isinstance(args[0], dict):
                longest = max(
                    (len(to) for to in args[0].values() if isinstance(to, str)), default=1
                )
                limit(len(text) * longest)
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
        if operator == "+" and type(left) is type(right) is int:
            return left + right
        if operator == "**" and (abs(right) > LARGEST_EXPONENT or abs(left) > LARGEST_RESULT):
            msg = f"the power is larger than {LARGEST_RESULT} ** {LARGEST_EXPONENT}"
            raise SecurityError(msg)
        if operator == "+" and isinstance(left, _SIZED) and isinstance(right, _SIZED):
            limit(len(left) + len(right))
        if operator == "*":
            if isinstance(left, int) and isinstance(right, int):
                if left.bit_length() + right.bit_length() > LARGEST_NUMBER:
                    raise SecurityError(f"the number has more than {LARGEST_NUMBER} bits")
                return left * right
            for text, times in ((left, right), (right, left)):
                if isinstance(text, _SIZED) and isinstance(times, int):
                    limit(len(text) * times)
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
        if type(obj) is dict and attribute not in DICT_METHODS:
            return obj.get(attribute)
        return super().getattr(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return `obj[argument]`."""
        if type(obj) is dict and isinstance(argument, str):
            found = obj.get(argument, obj)
            if found is not obj:
                return found
        return super().getitem(obj, argument)


def _limit_arguments(arguments: tuple[Any, ...]) -> None:
    for argument in arguments:
        if isinstance(argument, int):
            limit(argument)


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


def _shown(value: Any) -> Any:
    """Return what a template shows of a value: null is empty, as a null attribute is none."""
    if isinstance(value, list | dict | tuple):
        weigh(value)
    return "" if value is None else value


def _text_of(value: Any) -> str:
    if type(value) is str:
        return value
    return str(_shown(value))


def _written(original: Callable[..., Any], given: int) -> Callable[..., Any]:
    """Return a filter that refuses a value whose text is huge; it is the argument of that place."""

    @functools.wraps(original)
    def bounded(*args: Any, **kwargs: Any) -> Any:
        if not isinstance(args[given], str):
            weigh(args[given])
        return original(*args, **kwargs)

    return bounded


def _applied(original: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that applies another one, and counts how often."""

    @functools.wraps(original)
    def counted(context: Any, value: Any, *args: Any, **kwargs: Any) -> Any:
        return original(context, turns(context, value) if value else value, *args, **kwargs)

    return counted


def _wrapped(original: Callable[..., str]) -> Callable[..., str]:
    @functools.wraps(original)
    def bounded(environment: Any, text: str, *args: Any, **kwargs: Any) -> str:
        if len(text) > LONGEST_WRAPPED:
            raise SecurityError(f"wordwrap takes at most {LONGEST_WRAPPED} characters")
        return original(environment, text, *args, **kwargs)

    return bounded


def _joined(original: Callable[..., str]) -> Callable[..., str]:
    @functools.wraps(original)
    def bounded(eval_ctx: Any, value: Any, d: str = "", attribute: Any = None) -> str:
        parts = list(value)
        weigh(parts)
        limit(len(parts) * len(str(d)))
        return original(eval_ctx, parts, d, attribute)

    return bounded


def _replaced(original: Callable[..., str]) -> Callable[..., str]:
    @functools.wraps(original)
    def bounded(eval_ctx: Any, s: Any, old: str, new: str, count: int | None = None) -> str:
        text = str(s)
        limit(len(text) + text.count(str(old)) * len(str(new)))
        return original(eval_ctx, text, old, new, count)

    return bounded


def _summed(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def bounded(
        environment: Any, iterable: Any, attribute: str | int | None = None, start: Any = 0
    ) -> Any:
        if isinstance(start, _SIZED):
            iterable = list(iterable)
            parts = [one for one in iterable if isinstance(one, _SIZED)]
            limit(len(parts) * sum(map(len, parts)) // MOST_COPIES)
        return original(environment, iterable, attribute, start)

    return bounded


def _environment(kind: type[_Environment], undefined: type[Undefined]) -> _Environment:
    environment = kind(
        finalize=_shown,
        autoescape=False,
        undefined=undefined,
    )
    del environment.globals["lipsum"]
    environment.globals |= PYTHON_NAMES | PYTHON_TYPES
    for name in _SIZING_FILTERS:
        environment.filters[name] = _sized(environment.filters[name])
    filters = environment.filters
    filters["format"] = _formatted(filters["format"])
    filters["wordwrap"] = _wrapped(filters["wordwrap"])
    filters["sum"] = _summed(filters["sum"])
    filters["join"] = _joined(filters["join"])
    filters["replace"] = _replaced(filters["replace"])
    for name in _APPLYING_FILTERS:
        filters[name] = _applied(filters[name])
    for name in _WRITING_FILTERS:
        filters[name] = _written(
            filters[name], 1 if hasattr(filters[name], "jinja_pass_arg") else 0
        )
    environment.filters[TEXT_OF] = _text_of
    return environment


_ENVIRONMENTS: dict[Missing, _Environment] = {
    Missing.NULL: _environment(NullEnvironment, _Null),
    Missing.UNDEFINED: _environment(_Environment, Undefined),
}


def environment_of(missing: Missing) -> Any:
    """Return the environment of a reading of missing keys."""
    return _ENVIRONMENTS[missing]
