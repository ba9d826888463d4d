"""What people pass to an emulated API: names, values and times, checked as they are read."""

import base64
import contextlib
import difflib
import json
import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from izoologic_cdf.errors import CdfError

DAY = 86_400
_EPOCH = re.compile(r"-?[0-9]{1,14}")
_MILLISECONDS_FROM = 100_000_000_000
MAX_DEPTH = 100


class EmulatorError(CdfError):
    """A wrong use of an emulated API; the text says what is wrong, where, and what to do."""


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """Return the message about an unknown name: the nearest known one, else all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(names)}"
    return f"unknown {what} {name!r}; {hint}"


class Rule(NamedTuple):
    """Which values are allowed, and how a message names them."""

    allows: Callable[[Any], bool]
    wanted: str

    def check(self, what: str, value: Any) -> None:
        """Raise EmulatorError unless the value is allowed."""
        if not self.allows(value):
            raise EmulatorError(f"{what} is {value!r}; it must be {self.wanted}")


def one_of(*choices: Any) -> Rule:
    """Return the rule that a value is one of these, type included: `True` is not 1."""
    wanted = "one of " + ", ".join(map(repr, choices))
    return Rule(lambda value: (type(value), value) in [(type(one), one) for one in choices], wanted)


def number(least: float, *, integer: bool = True, null: bool = False, wanted: str = "") -> Rule:
    """Return the rule that a value is a number, `least` or more, or null where that is allowed."""
    kinds = int if integer else (int, float)

    def allows(value: Any) -> bool:
        if value is None:
            return null
        return isinstance(value, kinds) and not isinstance(value, bool) and value >= least

    text = f"{'an integer' if integer else 'a number'} >= {least}{' or null' if null else ''}"
    return Rule(allows, wanted or text)


def instance(kind: type | tuple[type, ...], wanted: str) -> Rule:
    """Return the rule that a value is an instance of a type."""
    return Rule(lambda value: isinstance(value, kind), wanted)


TEXT = instance(str, "a string")
OBJECT = instance(dict, "an object")
FLAG = instance(bool, "true or false")


def decode(text: bytes) -> Any:
    """Return the value of a JSON text, nested at most 100 levels deep; raises ValueError."""
    with contextlib.suppress(RecursionError):
        value = json.loads(text)
        if _fits(value, MAX_DEPTH):
            return value
    raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels")


def _fits(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels >= 0 and all(_fits(one, levels - 1) for one in inner)


def content(what: str, value: Any) -> bytes:
    """Return the bytes of `{"text": ...}` or `{"base64": ...}`; raises EmulatorError."""
    match value:
        case {"text": str(text)}:
            return text.encode()
        case {"base64": str(text)}:
            try:
                return base64.b64decode(text, validate=True)
            except ValueError:
                raise EmulatorError(f"{what}: base64 cannot be decoded") from None
    raise EmulatorError(f'{what} must be {{"text": ...}} or {{"base64": ...}}')


def epoch(value: Any) -> int | None:
    """Return the epoch seconds of an integer, of epoch text or of ISO 8601 text, else None.

    Text without a zone is UTC; more than 11 digits are milliseconds (I-17).
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value // 1000 if abs(value) >= _MILLISECONDS_FROM else value
    if not isinstance(value, str):
        return None
    text = value.strip()
    if _EPOCH.fullmatch(text):
        return epoch(int(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.year == 1:
        return None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def seconds(what: str, value: Any) -> int:
    """Return the epoch seconds of a time; raises EmulatorError, naming it `what`."""
    found = epoch(value)
    if found is None:
        raise EmulatorError(f"{what} is {value!r}; it must be epoch seconds or ISO 8601")
    return found


def iso(moment: int) -> str:
    """Return the ISO 8601 text of epoch seconds, e.g. `2025-08-15T00:00:00Z`."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
