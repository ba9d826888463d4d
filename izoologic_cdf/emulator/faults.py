"""Faults: what is to go wrong, at which endpoint, at which call, for which case, how often."""

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from izoologic_cdf.emulator.api_errors import EmulatorError, unknown
from izoologic_cdf.emulator.endpoints import ENDPOINTS

REQUIRED = object()

# kind -> its parameters with their defaults; each is told in docs/emulator.md
KINDS: dict[str, dict[str, Any]] = {
    # instead of the answer
    "status": {
        "status": REQUIRED,
        "body": "json",
        "message": "Injected fault",
        "code": "iZOO9000",
        "retry_after": None,
        "retry_after_date_in": None,
    },
    "envelope": {"json": REQUIRED},
    "raw": {"text": None, "base64": None, "status": 200, "content_type": "application/json"},
    "redirect": {"location": REQUIRED, "status": 302},
    # before the answer
    "revoke": {},
    "skew": {"seconds": REQUIRED},
    # a changed answer
    "fields": {"put": {}, "drop": [], "envelope": False},
    "content_type": {"value": "application/json"},
    "bom": {},
    "gzip": {},
    "coding": {"value": REQUIRED, "keep": 1},
    "truncate": {"keep": 0.5},
    # on the way
    "delay": {"seconds": REQUIRED},
    "hang": {"after": None},
    "reset": {"after": None},
    "trickle": {"seconds": 0.1, "bytes": 1},
    "drip": {"seconds": 0.1},
    "length": {"extra": 10},
    "chunked": {"bytes": 1024},
}

_KEYS = {"kind", "endpoint", "case", "nth", "count"}
_ENDPOINTS = {endpoint.name for endpoint in ENDPOINTS}


def _is_whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_base64(value: Any) -> bool:
    try:
        base64.b64decode(value, validate=True)
    except (TypeError, ValueError):
        return False
    return True


_RULES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "status": (lambda value: _is_whole(value, 200) and value < 600, "a status from 200 to 599"),
    "body": (("json", "problem", "html", "empty").__contains__, "json, problem, html or empty"),
    "message": (lambda value: isinstance(value, str), "text"),
    "retry_after": (lambda value: isinstance(value, str | int), "seconds or a date as text"),
    "retry_after_date_in": (lambda value: _is_whole(value, 0), "whole seconds"),
    "text": (lambda value: isinstance(value, str), "text"),
    "base64": (_is_base64, "bytes in base64"),
    "content_type": (lambda value: isinstance(value, str), "text"),
    "location": (lambda value: isinstance(value, str), "a URL"),
    "seconds": (_is_number, "a number of seconds"),
    "put": (lambda value: isinstance(value, dict), "an object of fields"),
    "drop": (lambda value: isinstance(value, list), "a list of names"),
    "envelope": (lambda value: isinstance(value, bool), "true or false"),
    "value": (lambda value: isinstance(value, str), "text"),
    "keep": (lambda value: _is_number(value) and 0 <= value < 1, "a part from 0 to below 1"),
    "after": (lambda value: _is_whole(value, 0), "a number of bytes, or null"),
    "bytes": (lambda value: _is_whole(value, 1), "a number of bytes from 1"),
    "extra": (lambda value: _is_whole(value, 1), "a number of bytes from 1"),
}


@dataclass(slots=True)
class Fault:
    """A fault and how often it has been seen and applied.

    ``endpoint`` and ``case`` select calls (None: any); of these the ``nth``, from 1, is the first
    that goes wrong, and ``count`` of them do (None: all from there on). Raises EmulatorError for
    an unknown kind, endpoint or parameter.
    """

    kind: str
    endpoint: str | None = None
    case: str | None = None
    nth: int = 1
    count: int | None = 1
    parameters: dict[str, Any] = field(default_factory=dict)
    seen: int = 0
    applied: int = 0

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise EmulatorError(unknown("kind of fault", self.kind, KINDS))
        if self.endpoint is not None and self.endpoint not in _ENDPOINTS:
            raise EmulatorError(unknown("endpoint", self.endpoint, _ENDPOINTS))
        for name, value in (("nth", self.nth), ("count", self.count)):
            if not (_is_whole(value, 1) or (name == "count" and value is None)):
                raise EmulatorError(f"fault {self.kind}: {name} is {value!r}; it must be 1 or more")
        defaults = KINDS[self.kind]
        for name in self.parameters:
            if name not in defaults:
                text = unknown("parameter", name, [*defaults, *_KEYS])
                raise EmulatorError(f"fault {self.kind}: {text}")
        self.parameters = {**defaults, **self.parameters}
        for name, value in self.parameters.items():
            self._check(name, value)

    def _check(self, name: str, value: Any) -> None:
        if value is REQUIRED:
            raise EmulatorError(f"fault {self.kind} needs the parameter {name!r}")
        if name in _RULES and value is not KINDS[self.kind][name]:
            allowed, wanted = _RULES[name]
            if not allowed(value):
                raise EmulatorError(f"fault {self.kind}: {name} is {value!r}; it must be {wanted}")

    @classmethod
    def read(cls, document: Any) -> Self:
        """Return the fault of a JSON object: selection and parameters side by side."""
        if not isinstance(document, Mapping) or not isinstance(document.get("kind"), str):
            raise EmulatorError('a fault is an object like {"kind": "status", "status": 503}')
        own = {key: value for key, value in document.items() if key in _KEYS}
        rest = {key: value for key, value in document.items() if key not in _KEYS}
        return cls(**own, parameters=rest)

    def told(self) -> dict[str, Any]:
        """Return the fault as JSON, with its counts."""
        selection = {key: getattr(self, key) for key in ("kind", "endpoint", "case")}
        counts = {key: getattr(self, key) for key in ("nth", "count", "seen", "applied")}
        return {**selection, **counts, **self.parameters}

    def strikes(self, endpoint: str, case: str | None) -> bool:
        """Count one call and tell whether it goes wrong."""
        if self.endpoint not in (None, endpoint) or self.case not in (None, case):
            return False
        self.seen += 1
        due = self.seen >= self.nth and (self.count is None or self.applied < self.count)
        self.applied += due
        return due


class Faults:
    """The faults that are set, in the order in which they were added."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def __iter__(self) -> Iterator[Fault]:
        return iter(list(self._faults))

    def __bool__(self) -> bool:
        return bool(self._faults)

    def add(self, fault: Fault) -> None:
        """Set one more fault."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Set none."""
        self._faults.clear()

    def take(self, endpoint: str, case: str | None) -> list[Fault]:
        """Return the faults of this call; all of them count it."""
        return [fault for fault in self._faults if fault.strikes(endpoint, case)]
