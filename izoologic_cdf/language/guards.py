"""Guards: what an operation of a definition may cost, checked before the cost is paid.

A guard takes the arguments of the filter, test or method that it stands before, without a context,
and raises LimitError where the operation would make something huge or take long.
"""

import re
from collections.abc import Callable
from typing import Any

from izoologic_cdf.language.budget import (
    ELEMENT,
    MAX_PRODUCT,
    MAX_SIZE,
    SHORT,
    LimitError,
    charge,
    limit,
    walk,
    weigh,
)

Guard = Callable[..., object]

# characters that a filter takes whose time grows with their square
_MAX_SQUARED = 65_536
# flattening a list of lists copies what it has so far, each time
_COPIES = 100
_MAX_PRECISION = 300
# Python reads no longer number of base 10; one of base 16 it would, and calculate for hours
_MAX_DIGITS = 4_300
_MAX_INDENT = 16
# a float of a format, with every digit before its point
_WRITTEN = 400
_ENCODINGS = ("ascii", "cp1252", "iso-8859-1", "latin-1", "utf-16", "utf-8", "utf8")
_PERCENT = re.compile(r"%(?:\([^)]*\))?[-#0 +]*([0-9*]*)(?:\.([0-9*]*))?")
_NESTED_KEY = re.compile(r"%\([^)]*\(")
_BRACES = re.compile(r"\{([^{}:]*)(?::([^{}]*)(\{?))?")
_NUMBER = re.compile("[0-9]+")
_SIZED = (str, bytes, list, tuple)
# every character that ends a line, for str.splitlines
_LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"


def made(result: Any) -> Any:
    """Charge for the result of an operation where it is no short one, and return it."""
    if isinstance(result, _SIZED) and len(result) > SHORT:
        size = len(result) * (1 if isinstance(result, str | bytes) else ELEMENT)
        limit(size)
        charge(1, size)
    return result


def as_text(*values: Any, **named: Any) -> int:
    """Return how long the values are as text, together."""
    size = 0
    for value in (*values, *named.values()):
        if type(value) is str:
            size += len(value)
        elif type(value) is not float and value is not None:
            size += weigh(value)[0]
    limit(size)
    if size > SHORT * SHORT:
        charge(size // 256)
    return size


def _integral(number: Any) -> int:
    if not isinstance(number, int):
        raise TypeError("expected an integer")
    return number


def squared(*values: Any, **named: Any) -> None:
    """Guard what takes time by the square of its texts."""
    if as_text(*values, **named) > _MAX_SQUARED:
        raise LimitError(f"this takes at most {_MAX_SQUARED} characters")


def searched(text: Any, part: Any = "", *_: Any, **__: Any) -> None:
    """Refuse to look for one long text at each place of another."""
    size = as_text(text) * (len(part) if isinstance(part, str | bytes) else 1)
    if size > MAX_PRODUCT:
        raise LimitError("these two texts are too long for each other")


def padded(value: Any, width: Any = 80, *_: Any) -> None:
    """Guard what fills a text up to a width."""
    as_text(value)
    limit(_integral(width))


def expanded(text: Any, tabsize: int = 8) -> None:
    """Guard what makes blanks of tabs."""
    limit(len(text) + text.count("\t") * _integral(tabsize))


def indented(s: Any, width: Any = 4, *_: Any, **__: Any) -> None:
    """Guard what puts something in front of each line."""
    width = len(width) if isinstance(width, str) else _integral(width)
    limit(as_text(s) + width * (_lines(s) + 2))


def _lines(text: str) -> int:
    return sum(map(text.count, _LINE_ENDS))


def split(text: str, sep: str | None = None, maxsplit: int = -1) -> None:
    """Guard what makes a list of a text."""
    searched(text, sep)
    if len(text) * ELEMENT > MAX_SIZE and not 0 <= maxsplit < MAX_SIZE // ELEMENT:
        limit(ELEMENT * (text.count(sep) if sep else sum(map(str.isspace, text))))


def lines_split(text: str, *_: Any, **__: Any) -> None:
    """Guard what makes a list of the lines of a text."""
    limit(ELEMENT * _lines(text))


def cut_up(value: Any) -> None:
    """Guard what makes a list of the words of a text, and reads it."""
    limit(as_text(value) * ELEMENT)


def wrapped(
    s: Any, _width: Any = 79, _long: Any = True, wrapstring: Any = None, *_: Any, **__: Any
) -> None:
    """Guard what breaks a text into lines."""
    squared(s)
    limit(len(s) * len(wrapstring or "\n"))


def replaced(s: Any, old: Any, new: Any, *_: Any, **__: Any) -> None:
    """Guard what puts one text in the place of another."""
    as_text(s, old, new)
    s, old, new = (one if isinstance(one, str | bytes) else str(one) for one in (s, old, new))
    if len(new) > len(old):
        limit(len(s) + s.count(old) * len(new))


def joined(value: list[Any], d: Any = "", *_: Any, **__: Any) -> None:
    """Guard what makes one text of a list."""
    limit(weigh(value)[0] + len(value) * as_text(d))


def translated(text: str, table: Any) -> None:
    """Guard what puts texts in the place of characters."""
    longest = 1
    if isinstance(table, dict):
        longest = max([1, *(len(to) for to in table.values() if isinstance(to, str))])
    limit(len(text) * longest)


def coded(_: Any, encoding: str = "utf-8", *__: Any, **___: Any) -> None:
    """Guard what makes bytes of text or text of bytes: some encodings take time by the square."""
    if encoding.lower() not in _ENCODINGS:
        raise LimitError(f"the encoding is one of {', '.join(_ENCODINGS)}")


def as_json(value: Any, indent: Any = None) -> None:
    """Guard what writes JSON; each line is indented by its depth."""
    size, depth = weigh(value)
    step = len(indent) if isinstance(indent, str) else _integral(indent or 0)
    if step > _MAX_INDENT:
        raise LimitError(f"the indent is at most {_MAX_INDENT}")
    limit(size * (1 + step * depth // ELEMENT))


def _widths(specs: list[str], count: int, values: int) -> None:
    """Refuse a format that writes so many values, with these widths and precisions."""
    if any("*" in spec or "{" in spec for spec in specs):
        raise LimitError("a width in a format is an argument")
    found = (number.lstrip("0") for spec in specs for number in _NUMBER.findall(spec))
    numbers = (int(number[:9] or 0) for number in found)
    limit(sum(numbers) + count * (values + _WRITTEN))


def percent(value: Any, *args: Any, **named: Any) -> None:
    """Guard a format with `%`."""
    squared(value)
    found = _PERCENT.findall(str(value))
    if _NESTED_KEY.search(str(value)):
        raise LimitError("a name in a format has a bracket")
    _widths([spec for pair in found for spec in pair], len(found), as_text(*args, **named))


def braces(text: str, *args: Any, **named: Any) -> None:
    """Guard a format with `{}`."""
    squared(text)
    found = _BRACES.findall(text)
    _widths([spec + more for _, spec, more in found], len(found), as_text(*args, **named))


def integer(value: Any, _: Any = 0, base: Any = 10, **__: Any) -> None:
    """Guard what reads a number."""
    if isinstance(value, str) and len(value) > _MAX_DIGITS and base != 10:
        raise LimitError(f"a number has at most {_MAX_DIGITS} digits")


def rounded(value: Any, precision: Any = 0, *_: Any, **__: Any) -> None:
    """Guard what rounds: it multiplies by a power of ten."""
    number_due(value)
    if abs(_integral(precision)) > _MAX_PRECISION:
        raise LimitError(f"the precision is at most {_MAX_PRECISION}")


def number_due(value: Any, *_: Any) -> None:
    """Refuse a text: what calculates its remainder would take it for a format."""
    if isinstance(value, str | bytes | list | tuple):
        raise TypeError("expected a number")


def compared(*values: Any, **named: Any) -> None:
    """Guard what compares its arguments, or looks for one in another."""
    for value in (*values, *named.values()):
        light(value)


def summed(value: list[Any], _: Any = None, start: Any = 0, **__: Any) -> None:
    """Guard what adds lists up."""
    if isinstance(start, _SIZED):
        parts = [one for one in value if isinstance(one, _SIZED)]
        limit(ELEMENT * len(parts) * sum(map(len, parts)) // _COPIES)


def filled(
    _: Any, count: Any = 0, *__: Any, linecount: Any = 0, slices: Any = 0, **___: Any
) -> None:
    """Guard what makes so many lists, or lists of so many."""
    count = count or linecount or slices
    limit(_integral(count) * ELEMENT * ELEMENT)


def looked_up(_: Any, key: Any, *__: Any) -> None:
    """Guard what looks for a key."""
    light(key)


def free(*_: Any, **__: Any) -> None:
    """Do nothing: this costs as little as its argument is long."""


def light(value: Any) -> Any:
    """Return a value that will be compared or hashed; refuse one that is huge when walked through.

    Raises:
        LimitError: it is.
    """
    if type(value) is str:
        if len(value) > SHORT * SHORT:
            charge(len(value) // 1024)
    elif isinstance(value, list | tuple | dict):
        walk(value)
    return value
